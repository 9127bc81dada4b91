/* SPDX-License-Identifier: BSD-3-Clause */
/* What signature.c makes of rules and signature_clock.c runs; nobody else's business. */
#ifndef CLASSIFIER_SIGNATURE_COMPILED_H
#define CLASSIFIER_SIGNATURE_COMPILED_H

#include "classifier/rules.h"
#include "classifier/signature.h"
#include "signature_patterns.h"

/* Whose pattern it is: the rule, and the pattern's bit among the rule's. */
struct pattern_place {
    uint16_t rule;
    uint8_t bit;
};

/* Patterns that are scanned for together. */
struct bucket {
    struct pattern_set *set; /* null when there are none */
    unsigned pattern_count;
    struct pattern_place *places; /* [pattern_count] */
};

/* Where patterns are that say little about a payload's first bytes. */
enum shared_bucket { BUCKET_ANY, BUCKET_TEXT, SHARED_BUCKETS };

enum { GROUP_PLACES = 4 }; /* bytes of a payload that candidates are chosen by */

/* The rules that are tried on one transport's payloads. Nearly all fix some of a payload's first
 * four bytes, so the candidates are found by bit sets, and only their patterns are scanned for:
 *
 *     candidates = admitted[0][payload[0]] & ... & admitted[3][payload[3]]
 *     of those   checks alone ► hold?   patterns ► checks hold? ► own[candidate] matches?
 *     the rest   shared[BUCKET_ANY], and shared[BUCKET_TEXT] where the payload begins as text
 *
 * One database of all patterns instead takes Hyperscan three times as long to compile and to scan.
 */
struct group {
    unsigned rule_count;
    unsigned word_count;
    uint16_t *rules;    /* [rule_count]: their indices */
    uint64_t *admitted; /* [GROUP_PLACES][256][word_count]: bit i: rules[i] is possible; never set
                           for rules of shared buckets */
    struct bucket *own; /* [rule_count]: of rules with patterns that are not in shared buckets */
    struct bucket shared[SHARED_BUCKETS];
};

/* Bytes that text is made of: printable ASCII, white space, escape. */
static inline bool signature_is_text(uint8_t byte)
{
    return (byte >= ' ' && byte <= '~') || (byte >= '\t' && byte <= '\r') || byte == 0x1b;
}

struct rule_facts {
    uint32_t rank; /* of two rules that match at once, the higher wins; no two are equal */
    uint8_t all_patterns;
    bool is_tracked; /* rule_is_tracked */
};

struct signatures {
    const struct rules *rules;
    struct rule_facts *facts; /* [rules.count] */
    uint8_t *refined_packets; /* [protocol]: how many packets a side refining rules look at; 0: none
                                 refines it */
    bool *announces;          /* [protocol] */
    bool uses_last;           /* some check asks for peer. or prev. */
    struct group groups[RULE_TRANSPORTS];
};

#endif
