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

/* The rules that are tried on one transport's payloads. Both sides share a database, and a rule's
 * direction is looked at once it matched: compiling one for each side as well takes three times as
 * long at start, and spares less than it costs. */
struct group {
    struct pattern_set *set; /* null when no rule has a pattern */
    unsigned pattern_count;
    struct pattern_place *places; /* [pattern_count] */
    unsigned plain_count;         /* rules with checks alone */
    unsigned word_count;
    uint16_t *plain;    /* [plain_count]: their indices */
    uint64_t *admitted; /* [256][word_count]: which of `plain` a first byte leaves possible */
};

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
