/* SPDX-License-Identifier: BSD-3-Clause */
/* XGBoost (Chen, Guestrin, KDD 2016), as the yardstick: a booster for each checkpoint on the rows
 * that the forest learns from; the last one that a flow comes to has the word. */
#include "baseline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <xgboost/c_api.h>

#include "lesson.h"

struct boosted {
    struct learned classes; /* without forests */
    BoosterHandle boosters[FEATURE_CHECKPOINTS];
};

static const char *const parameters[][2] = {
    {"objective", "multi:softprob"},
    {"tree_method", "hist"},
    {"nthread", "1"},
    {"max_depth", "6"},
    {"eta", "0.2"},
    {"seed", "1"},
    {"verbosity", "0"},
};

enum { ROUNDS = 25 };

static float float_of(int16_t value)
{
    return value == FEATURE_MISSING ? NAN : (float)value;
}

/* Fills row by row what the lesson has by column. */
static int make_matrix(DMatrixHandle *matrix, const struct lesson *lesson, unsigned features)
{
    float *values = calloc(lesson->count * features + 1, sizeof *values);
    float *extra = calloc(lesson->count + 1, sizeof *extra);
    int failure = values && extra ? 0 : -ENOMEM;
    for (size_t i = 0; !failure && i < lesson->count; i++) {
        for (unsigned f = 0; f < features; f++)
            values[i * features + f] = float_of(lesson->columns[f][i]);
    }
    if (!failure)
        failure = XGDMatrixCreateFromMat(values, lesson->count, features, NAN, matrix);
    for (size_t i = 0; !failure && i < lesson->count; i++)
        extra[i] = lesson->classes[i];
    if (!failure)
        failure = XGDMatrixSetFloatInfo(*matrix, "label", extra, lesson->count);
    double sum = 0;
    for (size_t i = 0; i < lesson->count; i++)
        sum += lesson->weights[i];
    /* a row weighs 1 on the average: the least weight of a child is told in such rows */
    for (size_t i = 0; !failure && i < lesson->count; i++)
        extra[i] = (float)(lesson->weights[i] * (double)lesson->count / sum);
    if (!failure)
        failure = XGDMatrixSetFloatInfo(*matrix, "weight", extra, lesson->count);
    free(values);
    free(extra);
    return failure;
}

static int boost(BoosterHandle *booster, DMatrixHandle matrix, unsigned classes)
{
    char number[16];
    snprintf(number, sizeof number, "%u", classes);
    int failure = XGBoosterCreate(&matrix, 1, booster);
    for (unsigned i = 0; !failure && i < sizeof parameters / sizeof *parameters; i++)
        failure = XGBoosterSetParam(*booster, parameters[i][0], parameters[i][1]);
    if (!failure)
        failure = XGBoosterSetParam(*booster, "num_class", number);
    for (int round = 0; !failure && round < ROUNDS; round++)
        failure = XGBoosterUpdateOneIter(*booster, round, matrix);
    return failure;
}

static int learn_boosted(void **model, const struct rows *rows, const bool *is_used,
                         const struct learner_options *options, struct error *error)
{
    struct boosted *boosted = calloc(1, sizeof *boosted);
    *model = boosted;
    if (!boosted)
        return error_set(error, ENOMEM, "out of memory for boosters");
    struct learner_options plain = *options;
    plain.background = 0;
    int failure = learned_begin(&boosted->classes, rows, is_used, &plain, error);
    for (unsigned i = 0; !failure && i < FEATURE_CHECKPOINTS; i++) {
        struct lesson lesson;
        DMatrixHandle matrix = NULL;
        failure = lesson_prepare(&lesson, &boosted->classes, rows, is_used, i);
        if (!failure)
            failure = make_matrix(&matrix, &lesson, boosted->classes.feature_count);
        if (!failure)
            failure = boost(&boosted->boosters[i], matrix, boosted->classes.class_count);
        if (failure)
            error_set(error, EINVAL, "XGBoost: %.200s", XGBGetLastError());
        if (matrix)
            XGDMatrixFree(matrix);
        lesson_free(&lesson);
    }
    return failure;
}

static int decide_boosted(const void *model, const struct rows *rows, const struct rows_flow *flow)
{
    const struct boosted *boosted = model;
    uint32_t last = flow->row + flow->row_count - 1;
    float values[FEATURES];
    for (unsigned f = 0; f < boosted->classes.feature_count; f++)
        values[f] = float_of(rows->values[last][boosted->classes.features[f]]);
    DMatrixHandle matrix = NULL;
    bst_ulong count = 0;
    const float *scores = NULL;
    int best = 0;
    if (!XGDMatrixCreateFromMat(values, 1, boosted->classes.feature_count, NAN, &matrix) &&
        !XGBoosterPredict(boosted->boosters[rows->rows[last].checkpoint], matrix, 0, 0, 0, &count,
                          &scores)) {
        for (unsigned i = 1; i < count; i++)
            best = scores[i] > scores[best] ? (int)i : best;
    }
    XGDMatrixFree(matrix);
    return count ? (int)boosted->classes.classes[best] : -1;
}

static void free_boosted(void *model)
{
    struct boosted *boosted = model;
    if (!boosted)
        return;
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        if (boosted->boosters[i])
            XGBoosterFree(boosted->boosters[i]);
    }
    learned_free(&boosted->classes);
    free(boosted);
}

const struct baseline baseline_xgboost = {"xgboost", learn_boosted, decide_boosted, free_boosted};
