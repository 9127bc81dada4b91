/* SPDX-License-Identifier: BSD-3-Clause */
/* What signature.c makes of rules and signature_clock.c runs; nobody else's business. */
#ifndef CLASSIFIER_SIGNATURE_COMPILED_H
#define CLASSIFIER_SIGNATURE_COMPILED_H

#include "classifier/rules.h"
#include "classifier/signature.h"
#include "signature_group.h"

struct rule_facts {
    uint32_t rank;        /* of two rules that match at once, the higher wins; no two are equal */
    uint32_t least_bytes; /* a shorter payload cannot match its patterns */
    uint8_t all_patterns;
    uint8_t anchored_patterns; /* those of them that do not begin anywhere */
    bool is_tracked;           /* rule_is_tracked */
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
