/* SPDX-License-Identifier: BSD-3-Clause */
/* An evaluation made ready to be read, and its two written forms. */
#ifndef EVAL_FORMS_H
#define EVAL_FORMS_H

#include <stdio.h>

#include "eval_interval.h"

struct eval_result_class {
    const char *name;
    struct eval_cell cell;
    struct eval_interval precision; /* by flows */
    struct eval_interval recall;    /* by flows */
    struct eval_spread spread;
};

struct eval_result_tier {
    const char *name; /* of the tier, or "combined" */
    const struct eval_tier_score *score;
    unsigned class_count;
    struct eval_result_class *classes; /* that any flow has or was called; most flows first */
    struct eval_result_class all;
    unsigned confusion_count;
    struct eval_confusion *confusions; /* most flows first */
};

struct eval_result {
    const struct eval_score *score; /* borrowed, as `words` */
    const struct eval_words *words;
    unsigned tier_count; /* "combined" only where there are several tiers */
    struct eval_result_tier tiers[EVAL_TIERS];
};

/* Returns 0 or -ENOMEM; to be freed in either case. */
int eval_result_make(struct eval_result *result, const struct eval_score *score,
                     const struct eval_words *words, struct error *error);
void eval_result_free(struct eval_result *result);

/* "high", "medium" or "any". */
const char *eval_confidence_name(enum eval_confidence confidence);

/* Returns 0 or -EIO. */
int eval_write_table(const struct eval_result *result, FILE *out);
int eval_write_json(const struct eval_result *result, FILE *out);

#endif
