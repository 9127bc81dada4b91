/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples for the evaluation, written down as a table instead of captured. */
#ifndef EVAL_FIXTURE_H
#define EVAL_FIXTURE_H

#include "eval_sample.h"

/* One flow: UDP, port 50000 to `port`. */
struct eval_case {
    const char *capture; /* cases of one capture follow each other */
    const char *fold;    /* null: the capture */
    const char *label;
    const char *verdict; /* the headers tier's; null for none */
    uint64_t bytes;
    uint16_t confidence; /* per cent */
    uint16_t p_value;    /* per mille */
    uint16_t data_before;
    uint16_t port;
    const char *first; /* payload; null for none */
};

struct eval_fixture {
    struct protocols *protocols;
    struct eval_words words;
    struct eval_truth truth;
    struct eval_folds folds;
    struct eval_samples samples; /* of the headers tier */
};

/* `unknown` and `choice` are as on the command line; null for none. Fails the test where it cannot.
 */
void eval_fixture_make(struct eval_fixture *fixture, const struct eval_case *cases, size_t count,
                       const char *unknown, const struct eval_fold_choice *choice);
void eval_fixture_free(struct eval_fixture *fixture);

#endif
