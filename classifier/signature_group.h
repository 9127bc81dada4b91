/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules that are tried on one transport's payloads, sorted by what can be seen of a payload at
 * a glance. Nearly all rules ask for something in the first bytes, for some length, a side or a
 * payload before; so a few bit sets leave a handful of candidates of hundreds:
 *
 *     candidates = by_byte[0][payload[0]] & ... & by_byte[7][payload[7]]
 * *     of those     checks hold? ► their bucket, scanned once a payload ► all patterns found?
 *
 * One bucket for all patterns would have each payload walk through those of every rule; one for
 * each rule would be scanned for dozens of rules on every HTTP message. So a rule shares the bucket
 * of its anchored patterns with those that are candidates for much the same payloads. Patterns that
 * begin anywhere are searched for at once, and only when the rule's others were found. */
#ifndef CLASSIFIER_SIGNATURE_GROUP_H
#define CLASSIFIER_SIGNATURE_GROUP_H

#include "classifier/rules.h"
#include "signature_patterns.h"

enum {
    GROUP_PLACES = 8, /* bytes of a payload that candidates are chosen by */
    GROUP_SHORT_BYTES =
        128, /* lengths below have a class each, the others by their top four bits */
    GROUP_LENGTHS = GROUP_SHORT_BYTES + 9 * 8 + 1,
    GROUP_NUMBERS = 5, /* payloads from this number on are alike */
    GROUP_SITUATIONS = 3 * GROUP_NUMBERS * 4,
    GROUP_NO_BUCKET = UINT16_MAX,
};

/* Whose pattern it is: the rule, and the pattern's bit among the rule's. */
struct pattern_place {
    uint16_t rule;
    uint8_t bit;
};

/* Patterns that are scanned for together. */
struct bucket {
    struct pattern_set *set;
    unsigned pattern_count;
    struct pattern_place *places; /* [pattern_count] */
};

struct group {
    unsigned rule_count;
    unsigned word_count;
    uint16_t *rules; /* [rule_count]: their indices */
    /* Bit i: rules[i] is possible. */
    uint64_t *by_byte;      /* [GROUP_PLACES][256][word_count] */
    uint64_t *by_length;    /* [GROUP_LENGTHS][word_count] */
    uint64_t *by_situation; /* [GROUP_SITUATIONS][word_count] */
    uint64_t *by_stage;     /* [GROUP_STAGES][word_count] */
    uint64_t *by_refined;   /* [1 + protocols that some rule refines][word_count]; row 0 is empty */
    uint16_t *refined_row;  /* [protocol]: its row */
    uint16_t *bucket_of;    /* [rule_count]: GROUP_NO_BUCKET: it has no anchored patterns */
    uint16_t search_bucket; /* all patterns that begin anywhere; GROUP_NO_BUCKET: there are none */
    unsigned bucket_count;
    struct bucket *buckets;
};

/* Rules that refine a protocol are not tried before that is the flow's verdict, but for those that
 * are remembered for later payloads. */
enum group_stage {
    GROUP_UNDECIDED,
    GROUP_CERTAIN, /* plain rules change nothing any more, but some refining rules ask for them */
    GROUP_STAGES,
};

enum group_side { GROUP_CLIENT, GROUP_SERVER, GROUP_ANY_SIDE };

/* `number`: of the payload in its direction, from 1. */
static inline unsigned group_situation(enum group_side side, unsigned number, bool has_peer,
                                       bool has_prev)
{
    unsigned alike = number < GROUP_NUMBERS ? number : GROUP_NUMBERS;
    return ((unsigned)side * GROUP_NUMBERS + alike - 1) * 4 + has_peer * 2u + has_prev;
}

static inline unsigned group_length(uint32_t length)
{
    if (length < GROUP_SHORT_BYTES)
        return length;
    if (length > UINT16_MAX)
        return GROUP_LENGTHS - 1;
    unsigned top = 31u - (unsigned)__builtin_clz(length);
    return GROUP_SHORT_BYTES + (top - 7) * 8 + (length >> (top - 3) & 7);
}

struct signatures;

/* Builds the transport's group of all rules. A failed group is to be closed as well. Returns 0 or
 * -errno with `error` filled; what is wrong with patterns is added to `faults`. */
int group_build(struct group *group, const struct signatures *signatures,
                enum rule_transport transport, unsigned protocol_count, struct rule_faults *faults,
                struct error *error);

void group_close(struct group *group);

#endif
