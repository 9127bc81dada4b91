/* SPDX-License-Identifier: BSD-3-Clause */
/* How far a method's confidence can be believed: calibration, and whether it tells traffic it knows
 * from traffic of no known class.
 *
 * Reliability: EVAL_BINS bins of equal width over confidence, of the judged flows of known classes
 * that got an answer, right by protocol whatever the level. Expected calibration error (Naeini,
 * Cooper, Hauskrecht, AAAI 2015): the mean over flows of |share right - mean confidence| of their
 * bin.
 *
 * Held out: a flow of a known class should get more confidence than one of none. AUROC is the
 * chance that of one each, drawn at random, it does, ties counted half (Hanley, McNeil 1982). At
 * 95 % true positives: with the highest threshold that at least 95 % of the known flows reach, how
 * much of what is held out reaches it, too. */
#ifndef EVAL_SURETY_H
#define EVAL_SURETY_H

#include "eval_answer.h"

enum { EVAL_BINS = 10 };

struct eval_bin {
    uint64_t flows;
    uint64_t right;
    double confidence; /* mean, 0 to 1 */
};

struct eval_calibration {
    bool is_known; /* false: no answer came with confidence */
    uint64_t flows;
    double error; /* expected calibration error */
    struct eval_bin bins[EVAL_BINS];
};

void eval_calibrate(struct eval_calibration *calibration, const struct eval_samples *samples,
                    const struct eval_answers *answers);

/* How well one number (confidence or p-value) parts known flows from held out ones. */
struct eval_detection {
    bool is_known; /* false: no such number, or none of either kind */
    double auroc;
    double threshold;           /* of 0 to 1, that 95 % of known flows reach */
    double false_positive_rate; /* held out flows that reach it */
    double byte_share;          /* of what is held out, likewise */
};

struct eval_held_out {
    struct eval_count all;   /* held out */
    struct eval_count given; /* of these: called any known class */
    struct eval_detection by_confidence;
    struct eval_detection by_p_value;
};

/* Returns 0 or -ENOMEM. */
int eval_detect(struct eval_held_out *held_out, const struct eval_samples *samples,
                const struct eval_answers *answers, struct error *error);

#endif
