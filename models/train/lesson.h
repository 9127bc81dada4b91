/* SPDX-License-Identifier: BSD-3-Clause */
/* What there is to learn at one checkpoint: the rows of a model's classes, by column. */
#ifndef LESSON_H
#define LESSON_H

#include "learner.h"

struct lesson {
    size_t count;
    int16_t *columns[FEATURES]; /* as many as the model has features, in their order */
    uint8_t *classes;           /* the background is the class behind the last */
    uint32_t *weights;
};

/* Is the flow one that the model may learn from: variations may be left out. */
bool lesson_includes(const struct learned *learned, const struct rows_flow *flow);

/* The rows of flows whose `is_used` is set, for a model whose classes are found. Returns 0 or
 * -ENOMEM; to be freed in either case. */
int lesson_prepare(struct lesson *lesson, const struct learned *learned, const struct rows *rows,
                   const bool *is_used, unsigned checkpoint);
void lesson_free(struct lesson *lesson);

#endif
