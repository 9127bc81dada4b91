/* SPDX-License-Identifier: BSD-3-Clause */
/* What needs no classifier, for every figure to stand beside: the largest class, the ports, and the
 * first bytes of payload.
 *
 *     majority       the class with the most flows
 *     ports          the registered owner of a port, as the tier of that name
 *     learned-ports  the class with the most flows on the same transport and lower port; where it
 *                    has none, on the higher port
 *     first-bytes    the class with the most flows on the same transport whose first packet with
 *                    payload, in whichever direction, begins with the same EVAL_FIRST_BYTES bytes
 *                    (with the same ones, if it is shorter)
 *
 * All but `ports` learn, from every sample of other folds, judged or not, but for what is held out,
 * and say nothing where they saw nothing. Of classes with equally many flows the one with the
 * smaller number is taken. Confidence is the class's share of the flows it was learned from. */
#ifndef EVAL_BASELINE_H
#define EVAL_BASELINE_H

#include "eval_answer.h"

enum eval_baseline {
    EVAL_MAJORITY,
    EVAL_REGISTERED_PORTS,
    EVAL_LEARNED_PORTS,
    EVAL_LEARNED_BYTES,
    EVAL_BASELINES,
};

/* Returns 0 or -ENOMEM; to be freed in either case. */
int eval_answers_of_baseline(struct eval_answers *answers, const struct eval_samples *samples,
                             const struct eval_words *words, enum eval_level level,
                             enum eval_baseline baseline, struct error *error);

#endif
