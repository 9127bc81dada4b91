/* SPDX-License-Identifier: BSD-3-Clause */
/* Folds: sets of flows that are judged apart, and that nothing may be learned across. */
#ifndef EVAL_FOLD_H
#define EVAL_FOLD_H

#include "eval_truth.h"

enum { EVAL_FOLD_CHOICES_MAX = 64 };

/* Which folds are judged: those of `only`, where there are any, but for those of `without`. */
struct eval_fold_choice {
    const char *split_by; /* a column of the truth; null: capture */
    const char *only[EVAL_FOLD_CHOICES_MAX];
    const char *without[EVAL_FOLD_CHOICES_MAX];
    unsigned only_count;
    unsigned without_count;
};

struct eval_folds {
    unsigned count;
    char **names;    /* in the order of their bytes */
    bool *is_judged; /* by fold */
};

/* Gives every row of the truth its fold: what the column `split_by` says, "(none)" where that is
 * empty. Where the truth has no such column, three are known all the same:
 *
 *     capture  the capture
 *     site     the first folder of the capture's path; "(none)" where there is none
 *     host     the end with the higher port, where the one who asks usually is; a_ip of equal ones
 *
 * Returns 0, -EINVAL when there is no such column or a chosen fold has no row, or -ENOMEM; to be
 * freed in either case. */
int eval_folds_assign(struct eval_folds *folds, const struct eval_fold_choice *choice,
                      struct eval_truth *truth, struct error *error);
void eval_folds_free(struct eval_folds *folds);

#endif
