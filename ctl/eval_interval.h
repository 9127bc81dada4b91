/* SPDX-License-Identifier: BSD-3-Clause */
/* Rates and how sure they are: precision, recall, F1, and 95 % intervals.
 *
 * Precision and recall by flows: Wilson's score interval (JASA 22, 1927), as for independent flows.
 * F1, and everything by bytes: percentiles 2.5 and 97.5 (nearest rank) of EVAL_RESAMPLES bootstrap
 * samples of whole captures (Efron 1979; by clusters, as flows and bytes of one capture hang
 * together). The drawing is our own and seeded with a constant: the same counts give the same
 * intervals everywhere. */
#ifndef EVAL_INTERVAL_H
#define EVAL_INTERVAL_H

#include "eval_score.h"

enum { EVAL_RESAMPLES = 1000, EVAL_CLUSTERS_MIN = 5 };

struct eval_interval {
    double low;
    double high;
    bool is_known; /* false without cases; for the bootstrap also with fewer than EVAL_CLUSTERS_MIN
                      captures that hold any */
};

enum eval_rate { EVAL_PRECISION, EVAL_RECALL, EVAL_F1, EVAL_RATES };

/* right / (right + claimed), right / truth, 2 right / (truth + right + claimed). False when the
 * denominator is 0: there is no rate then. */
bool eval_rate_of(const struct eval_cell *cell, enum eval_rate rate, bool is_by_bytes,
                  double *value);

struct eval_interval eval_wilson(uint64_t hits, uint64_t cases);

/* What the bootstrap says of one class. */
struct eval_spread {
    struct eval_interval flows_f1;
    struct eval_interval bytes[EVAL_RATES];
};

/* Fills spreads[class_count + 1], the last for all classes together; `capture_count` is that of the
 * score. Returns 0 or -ENOMEM. */
int eval_bootstrap(const struct eval_score *score, unsigned class_count, unsigned capture_count,
                   struct eval_spread *spreads, struct error *error);

#endif
