/* SPDX-License-Identifier: BSD-3-Clause */
/* What the counts of a tier would be without its own errors. A model's file says how often held-out
 * flows of each class were called what; from that and the claims counted, the true mix is
 * estimated, with an interval: "quantification".
 *
 * The estimate is the mix under which the claims are most likely, found by expectation and
 * maximisation (Saerens, Latinne, Decaestecker 2002, on counts); beside it stands the one that
 * solves the confusion matrix for the claims ("adjusted counts": Forman 2008; it can be negative).
 * The interval is a bootstrap of both the claims and the confusion matrix, seeded, so that the same
 * counts give the same report. It holds as far as flows of a class are called here what they were
 * called in training. A model without `background` is given a class of flows it does not know,
 * which are never claimed. */
#ifndef MODEL_SHARES_H
#define MODEL_SHARES_H

#include "classifier/headers_model.h"

struct model_share {
    uint64_t claimed; /* flows */
    double corrected; /* flows */
    double adjusted;
    double low, high; /* of `corrected`: 95 % interval */
};

struct model_shares;

/* Estimates from the claims of each class and, at [class_count], of none (that of `background`
 * itself is not looked at). Returns 0 or -ENOMEM. */
int model_shares_new(struct model_shares **shares, const struct headers_model *model,
                     const uint64_t *claims);

/* Null is fine. */
void model_shares_free(struct model_shares *shares);

uint64_t model_shares_flows(const struct model_shares *shares);

/* The sum over the classes for which `group[class]` is `chosen`; [class_count] stands for flows of
 * no class. */
struct model_share model_shares_of(const struct model_shares *shares, const unsigned *group,
                                   unsigned chosen);

#endif
