/* SPDX-License-Identifier: BSD-3-Clause */
/* An evaluation made ready to be written: every method judged, sorted, with intervals. */
#ifndef EVAL_RESULT_H
#define EVAL_RESULT_H

#include "eval_baseline.h"
#include "eval_interval.h"
#include "eval_packets.h"
#include "eval_surety.h"

/* A class, a fold, or all together. */
struct eval_result_row {
    const char *name;
    unsigned id; /* of the class at the level, or of the fold */
    struct eval_cell cell;
    struct eval_interval precision; /* by flows */
    struct eval_interval recall;    /* by flows; over all classes: accuracy */
    struct eval_spread spread;
};

struct eval_result_method {
    const char *name; /* of the tier, "combined", or of the baseline */
    bool is_baseline;
    bool has_labelled;
    struct eval_count labelled;
    unsigned class_count;
    struct eval_result_row *classes; /* that any flow has or was called; most flows first */
    struct eval_result_row all;
    double mean_recall;            /* over classes with flows, by flows; 0 without any */
    unsigned fold_count;           /* 0 unless split */
    struct eval_result_row *folds; /* with any judged flow, by name */
    unsigned confusion_count;
    struct eval_confusion *confusions; /* most flows first */
    struct eval_calibration calibration;
    struct eval_held_out held_out;
    struct eval_packets packets;
};

struct eval_result {
    const struct eval_samples *samples; /* borrowed, as `words` */
    const struct eval_words *words;
    enum eval_level level;
    const char *split_by; /* null: not split */
    unsigned tier_count;  /* "combined" only where there are several tiers */
    unsigned method_count;
    struct eval_result_method methods[EVAL_TIERS + EVAL_BASELINES]; /* tiers, then baselines */
};

/* `split_by` is null where folds are not asked for. Returns 0 or -ENOMEM; to be freed in either
 * case. */
int eval_result_make(struct eval_result *result, const struct eval_samples *samples,
                     const struct eval_words *words, enum eval_level level, const char *split_by,
                     struct error *error);
void eval_result_free(struct eval_result *result);

/* The method's row of the same fold as another method's; null where it has none. */
const struct eval_result_row *eval_result_fold(const struct eval_result_method *method,
                                               const struct eval_result_row *like);

#endif
