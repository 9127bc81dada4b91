/* SPDX-License-Identifier: BSD-3-Clause */
/* Gathers the rows to learn from, weighs them, and makes up rows of no class. */
#include "lesson.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { WEIGHT_MOST = 60000 };

bool lesson_includes(const struct learned *learned, const struct rows_flow *flow)
{
    return flow->variation == VARIATION_WHOLE || learned->options.varies;
}

void lesson_free(struct lesson *lesson)
{
    for (unsigned i = 0; i < FEATURES; i++)
        free(lesson->columns[i]);
    free(lesson->classes);
    free(lesson->weights);
}

static int lesson_new(struct lesson *lesson, const struct learned *learned, size_t count)
{
    *lesson = (struct lesson){.classes = calloc(count + 1, sizeof *lesson->classes),
                              .weights = calloc(count + 1, sizeof *lesson->weights)};
    bool is_made = lesson->classes && lesson->weights;
    for (unsigned i = 0; i < learned->feature_count; i++) {
        lesson->columns[i] = calloc(count + 1, sizeof *lesson->columns[i]);
        is_made = is_made && lesson->columns[i];
    }
    return is_made ? 0 : -ENOMEM;
}

/* A class weighs its rows, counting those not drawn, to the power of 1 - balance: 0 leaves them as
 * they are, 1 makes classes equal. The power is rounded to whole weights, so that they are the same
 * everywhere. */
static void weigh(struct lesson *lesson, const uint32_t *counts, unsigned balance)
{
    uint32_t rows[GROWER_CLASSES_MAX] = {0};
    uint32_t weights[GROWER_CLASSES_MAX];
    for (size_t i = 0; i < lesson->count; i++)
        rows[lesson->classes[i]]++;
    for (unsigned i = 0; i < GROWER_CLASSES_MAX; i++) {
        double all = counts[i] > rows[i] ? counts[i] : rows[i];
        double share = rows[i] ? pow(all, 1 - (double)balance / 1000) / rows[i] : 0;
        weights[i] = (uint32_t)lround(WEIGHT_MOST * share);
        weights[i] = weights[i] ? weights[i] : 1;
    }
    for (size_t i = 0; i < lesson->count; i++)
        lesson->weights[i] = weights[lesson->classes[i]];
}

/* Rows of no class: each value is that of a row drawn anew, so that each alone is as usual, and
 * what belongs together is not. */
static void make_background(struct lesson *lesson, const struct learned *learned, size_t count,
                            struct draw *draw)
{
    uint32_t real = (uint32_t)lesson->count;
    for (; count; count--) {
        for (unsigned f = 0; f < learned->feature_count; f++)
            lesson->columns[f][lesson->count] = lesson->columns[f][draw_below(draw, real)];
        lesson->classes[lesson->count++] = (uint8_t)learned->class_count;
    }
}

/* Of classes with more rows than most_rows as many are drawn as that, more or less. */
static void count_rows(uint32_t *counts, const struct learned *learned, const struct rows *rows,
                       const bool *is_used, unsigned checkpoint)
{
    memset(counts, 0, GROWER_CLASSES_MAX * sizeof *counts);
    for (size_t i = 0; i < rows->count; i++) {
        const struct rows_flow *flow = &rows->flows[rows->rows[i].flow];
        int class = learned->class_of_label[flow->label];
        if (rows->rows[i].checkpoint == checkpoint && class >= 0 && is_used[rows->rows[i].flow] &&
            lesson_includes(learned, flow))
            counts[class]++;
    }
}

int lesson_prepare(struct lesson *lesson, const struct learned *learned, const struct rows *rows,
                   const bool *is_used, unsigned checkpoint)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += rows->rows[i].checkpoint == checkpoint;
    if (lesson_new(lesson, learned, count + count * learned->options.background / 1000))
        return -ENOMEM;
    uint32_t counts[GROWER_CLASSES_MAX];
    struct draw draw = draw_from(learned->options.grow.seed, checkpoint);
    count_rows(counts, learned, rows, is_used, checkpoint);
    for (size_t i = 0; i < rows->count; i++) {
        const struct rows_flow *flow = &rows->flows[rows->rows[i].flow];
        int class = learned->class_of_label[flow->label];
        if (rows->rows[i].checkpoint != checkpoint || class < 0 || !is_used[rows->rows[i].flow] ||
            !lesson_includes(learned, flow))
            continue;
        if (draw_below(&draw, counts[class]) >= learned->options.most_rows)
            continue;
        for (unsigned f = 0; f < learned->feature_count; f++)
            lesson->columns[f][lesson->count] = rows->values[i][learned->features[f]];
        lesson->classes[lesson->count++] = (uint8_t) class;
    }
    make_background(lesson, learned, lesson->count * learned->options.background / 1000, &draw);
    weigh(lesson, counts, learned->options.balance);
    return 0;
}
