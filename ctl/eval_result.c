/* SPDX-License-Identifier: BSD-3-Clause */
/* Judges each method, and turns counts into rows that can be written. */
#include "eval_result.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int compare_classes(const void *a, const void *b)
{
    const struct eval_result_row *left = a;
    const struct eval_result_row *right = b;
    if (left->cell.truth.flows != right->cell.truth.flows)
        return left->cell.truth.flows < right->cell.truth.flows ? 1 : -1;
    return strcmp(left->name, right->name);
}

static int compare_confusions(const void *a, const void *b)
{
    const struct eval_confusion *left = a;
    const struct eval_confusion *right = b;
    if (left->count.flows != right->count.flows)
        return left->count.flows < right->count.flows ? 1 : -1;
    if (left->is_held_out != right->is_held_out)
        return left->is_held_out - right->is_held_out;
    if (left->class != right->class)
        return left->class < right->class ? -1 : 1;
    return (left->verdict > right->verdict) - (left->verdict < right->verdict);
}

static struct eval_result_row make_row(const char *name, unsigned id, const struct eval_cell *cell,
                                       const struct eval_spread *spread)
{
    uint64_t right = cell->right.flows;
    return (struct eval_result_row){
        .name = name,
        .id = id,
        .cell = *cell,
        .precision = eval_wilson(right, right + cell->claimed.flows),
        .recall = eval_wilson(right, cell->truth.flows),
        .spread = *spread,
    };
}

/* Names of what a score counts by: classes of the level, or folds. */
static const char *name_of(const struct eval_result *result, bool is_by_fold, unsigned id)
{
    return is_by_fold ? result->samples->folds->names[id]
                      : eval_level_class_name(result->level, result->words, id);
}

/* The rows of a score that has `count` classes or folds, and their sum. */
static int make_rows(const struct eval_result *result, const struct eval_score *score,
                     bool is_by_fold, unsigned count, struct eval_result_row **rows,
                     unsigned *row_count, struct eval_result_row *all, struct error *error)
{
    struct eval_cell *cells = calloc(count + 1, sizeof *cells);
    struct eval_spread *spreads = calloc(count + 1, sizeof *spreads);
    *rows = calloc(count + 1, sizeof **rows);
    int failure =
        cells && spreads && *rows
            ? eval_bootstrap(score, count, result->samples->summary.capture_count, spreads, error)
            : error_set(error, ENOMEM, "out of memory for the figures");
    if (!failure) {
        eval_score_sum(score, count, cells);
        for (unsigned id = 0; id < count; id++) {
            if (cells[id].truth.flows || cells[id].claimed.flows)
                (*rows)[(*row_count)++] =
                    make_row(name_of(result, is_by_fold, id), id, &cells[id], &spreads[id]);
        }
        *all = make_row("all", count, &cells[count], &spreads[count]);
    }
    free(cells);
    free(spreads);
    return failure;
}

/* Large classes count no more than small ones here. */
static double mean_recall(const struct eval_result_row *rows, unsigned count)
{
    double sum = 0;
    unsigned classes = 0;
    for (unsigned i = 0; i < count; i++) {
        double value;
        if (!eval_rate_of(&rows[i].cell, EVAL_RECALL, false, &value))
            continue;
        sum += value;
        classes++;
    }
    return classes ? sum / classes : 0;
}

static int make_classes(const struct eval_result *result, struct eval_result_method *method,
                        const struct eval_answers *answers, struct error *error)
{
    struct eval_score score;
    int failure =
        eval_score_classes(&score, result->samples, result->words, result->level, answers, error);
    if (!failure)
        failure = make_rows(result, &score, false, eval_level_classes(result->level, result->words),
                            &method->classes, &method->class_count, &method->all, error);
    if (method->class_count)
        qsort(method->classes, method->class_count, sizeof *method->classes, compare_classes);
    if (score.confusion_count)
        qsort(score.confusions, score.confusion_count, sizeof *score.confusions,
              compare_confusions);
    method->mean_recall = mean_recall(method->classes, method->class_count);
    method->confusions = score.confusions;
    method->confusion_count = (unsigned)score.confusion_count;
    score.confusions = NULL;
    eval_score_free(&score);
    return failure;
}

static int make_folds(const struct eval_result *result, struct eval_result_method *method,
                      const struct eval_answers *answers, struct error *error)
{
    struct eval_score score;
    struct eval_result_row all;
    int failure = eval_score_folds(&score, result->samples, answers, error);
    if (!failure)
        failure = make_rows(result, &score, true, result->samples->folds->count, &method->folds,
                            &method->fold_count, &all, error);
    eval_score_free(&score);
    return failure;
}

static int judge(const struct eval_result *result, struct eval_result_method *method,
                 const struct eval_answers *answers, struct error *error)
{
    method->name = answers->name;
    method->is_baseline = answers->is_baseline;
    method->has_labelled = answers->labelled;
    if (answers->labelled)
        method->labelled = *answers->labelled;
    eval_calibrate(&method->calibration, result->samples, answers);
    int failure = make_classes(result, method, answers, error);
    if (!failure && result->split_by)
        failure = make_folds(result, method, answers, error);
    if (!failure)
        failure = eval_detect(&method->held_out, result->samples, answers, error);
    if (!failure)
        failure = eval_packets_count(&method->packets, result->samples, answers, error);
    return failure;
}

static int add_tier(struct eval_result *result, unsigned tier, struct error *error)
{
    struct eval_answers answers;
    int failure =
        eval_answers_of_tier(&answers, result->samples, result->words, result->level, tier, error);
    if (!failure)
        failure = judge(result, &result->methods[result->method_count++], &answers, error);
    eval_answers_free(&answers);
    return failure;
}

static int add_baseline(struct eval_result *result, enum eval_baseline baseline,
                        struct error *error)
{
    struct eval_answers answers;
    int failure = eval_answers_of_baseline(&answers, result->samples, result->words, result->level,
                                           baseline, error);
    if (!failure)
        failure = judge(result, &result->methods[result->method_count++], &answers, error);
    eval_answers_free(&answers);
    return failure;
}

int eval_result_make(struct eval_result *result, const struct eval_samples *samples,
                     const struct eval_words *words, enum eval_level level, const char *split_by,
                     struct error *error)
{
    *result = (struct eval_result){
        .samples = samples, .words = words, .level = level, .split_by = split_by};
    bool is_single = !(samples->tiers & (samples->tiers - 1));
    int failure = 0;
    for (unsigned tier = 0; !failure && tier < EVAL_TIERS; tier++) {
        if (tier == EVAL_COMBINED ? !is_single : samples->tiers & 1u << tier)
            failure = add_tier(result, tier, error);
    }
    result->tier_count = result->method_count;
    for (unsigned i = 0; !failure && i < EVAL_BASELINES; i++)
        failure = add_baseline(result, (enum eval_baseline)i, error);
    return failure;
}

const struct eval_result_row *eval_result_fold(const struct eval_result_method *method,
                                               const struct eval_result_row *like)
{
    for (unsigned i = 0; i < method->fold_count; i++) {
        if (method->folds[i].id == like->id)
            return &method->folds[i];
    }
    return NULL;
}

void eval_result_free(struct eval_result *result)
{
    for (unsigned i = 0; i < result->method_count; i++) {
        free(result->methods[i].classes);
        free(result->methods[i].folds);
        free(result->methods[i].confusions);
    }
}
