/* SPDX-License-Identifier: BSD-3-Clause */
/* What a forest must be better than, on the same flows: the most frequent class, ports, the first
 * four bytes of payload, and the two methods of Pietrzyk, Costeux, Urvoy-Keller and En-Najjary
 * (IMC 2009) on ports and the sizes of the first four data packets; and what it should come close
 * to: XGBoost on the forest's own rows. */
#ifndef BASELINE_H
#define BASELINE_H

#include "learner.h"

struct baseline {
    const char *name;
    /* Learns from the flows whose `is_used` is set. Returns 0 or -errno; `*model` is to be freed
     * in either case. */
    int (*learn)(void **model, const struct rows *rows, const bool *is_used,
                 const struct learner_options *options, struct error *error);
    /* The label, or -1 for none. */
    int (*decide)(const void *model, const struct rows *rows, const struct rows_flow *flow);
    void (*free)(void *model);
};

/* The baseline of that name: majority, ports, first-four, tree, bayes, xgboost. Null for others,
 * and for xgboost where the program was built without. */
const struct baseline *baseline_find(const char *name);

/* Pietrzyk's features: ports and the signed sizes of the first four data packets. */
enum { PIETRZYK_FEATURES = 6 };
void baseline_features(const struct rows *rows, const struct rows_flow *flow,
                       int16_t values[PIETRZYK_FEATURES]);

extern const struct baseline baseline_tree;
extern const struct baseline baseline_bayes;
extern const struct baseline baseline_xgboost;

#endif
