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
 * called in training.
 *
 * Bytes are estimated likewise, from the bytes of each claim, as if what a flow of a class is
 * called had nothing to do with how large it is. Their interval draws in each round, too, of which
 * kinds the bytes of a claim are: as many independent draws as there would be flows if all were of
 * one size (squared sum over sum of squares), so that a claim whose bytes are one flow's leaves
 * open whose that flow is.
 *
 * A model without `background` is given a class of flows it does not know,
 * which are never claimed. */
#ifndef MODEL_SHARES_H
#define MODEL_SHARES_H

#include "classifier/headers_model.h"

/* The flows of one claim. */
struct model_claim {
    uint64_t flows;
    uint64_t bytes;
    uint64_t squares; /* as struct tally_headers has them */
};

/* An estimate and its 95 % interval. */
struct model_range {
    double estimate, low, high;
};

struct model_share {
    uint64_t claimed; /* flows */
    double adjusted;  /* flows */
    struct model_range flows;
    struct model_range bytes;
};

struct model_shares;

/* Estimates from the claims of each class and, at [class_count], of none (that of `background`
 * itself is not looked at). Returns 0 or -ENOMEM. */
int model_shares_new(struct model_shares **shares, const struct headers_model *model,
                     const struct model_claim *claims);

/* Null is fine. */
void model_shares_free(struct model_shares *shares);

uint64_t model_shares_flows(const struct model_shares *shares);

/* The sum over the classes for which `group[class]` is `chosen`; [class_count] stands for flows of
 * no class. */
struct model_share model_shares_of(const struct model_shares *shares, const unsigned *group,
                                   unsigned chosen);

#endif
