/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds up answers. */
#include "eval_score.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void eval_cell_add(struct eval_cell *into, const struct eval_cell *from, uint64_t times)
{
    eval_count_add(&into->truth, &from->truth, times);
    eval_count_add(&into->right, &from->right, times);
    eval_count_add(&into->wrong, &from->wrong, times);
    eval_count_add(&into->missed, &from->missed, times);
    eval_count_add(&into->claimed, &from->claimed, times);
}

void eval_score_free(struct eval_score *score)
{
    free(score->parts);
    free(score->confusions);
    *score = (struct eval_score){.parts = NULL};
}

/* Room for one more; arrays grow whenever their count is a power of two. */
static void *grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    return realloc(array, (count ? count * 2 : 1) * size);
}

static struct eval_cell *cell_of(struct eval_score *score, unsigned capture, unsigned class)
{
    if (score->part_count && score->parts[score->part_count - 1].capture != capture)
        score->capture_begin = score->part_count;
    for (size_t i = score->capture_begin; i < score->part_count; i++) {
        if (score->parts[i].class == class)
            return &score->parts[i].cell;
    }
    struct eval_part *wider = grow(score->parts, score->part_count, sizeof *wider);
    if (!wider)
        return NULL;
    score->parts = wider;
    struct eval_part *part = &wider[score->part_count++];
    *part = (struct eval_part){.capture = capture, .class = class};
    return &part->cell;
}

static int confuse(struct eval_score *score, const struct eval_confusion *confusion)
{
    for (size_t i = 0; i < score->confusion_count; i++) {
        struct eval_confusion *known = &score->confusions[i];
        if (known->class == confusion->class && known->verdict == confusion->verdict &&
            known->is_held_out == confusion->is_held_out) {
            eval_count_add(&known->count, &confusion->count, 1);
            return 0;
        }
    }
    struct eval_confusion *wider = grow(score->confusions, score->confusion_count, sizeof *wider);
    if (!wider)
        return -ENOMEM;
    score->confusions = wider;
    wider[score->confusion_count++] = *confusion;
    return 0;
}

static int claim(struct eval_score *score, const struct eval_sample *sample, unsigned class)
{
    const struct eval_count count = {1, sample->unit.bytes};
    struct eval_cell *cell = cell_of(score, sample->capture, class);
    if (!cell)
        return -ENOMEM;
    eval_count_add(&cell->claimed, &count, 1);
    return 0;
}

/* Where the flow belongs. */
static int place(struct eval_score *score, const struct eval_sample *sample, unsigned class,
                 const struct eval_answer *answer)
{
    const struct eval_count count = {1, sample->unit.bytes};
    struct eval_cell *cell = cell_of(score, sample->capture, class);
    if (!cell)
        return -ENOMEM;
    bool is_missed = answer->class == PROTOCOL_UNKNOWN;
    struct eval_count *wrong = is_missed ? &cell->missed : &cell->wrong;
    eval_count_add(&cell->truth, &count, 1);
    eval_count_add(answer->is_right ? &cell->right : wrong, &count, 1);
    return 0;
}

/* What is held out belongs to no class; only who claims it gets anything. */
static int score_class(struct eval_score *score, const struct eval_sample *sample, unsigned class,
                       const struct eval_answer *answer)
{
    bool is_held_out = sample->word->is_held_out;
    const struct eval_confusion confusion = {
        .class = class,
        .verdict = answer->class,
        .is_held_out = is_held_out,
        .count = {1, sample->unit.bytes},
    };
    int failure = is_held_out ? 0 : place(score, sample, class, answer);
    if (answer->is_right || (is_held_out && answer->class == PROTOCOL_UNKNOWN))
        return failure;
    if (!failure && answer->class != PROTOCOL_UNKNOWN)
        failure = claim(score, sample, answer->class);
    return failure ? failure : confuse(score, &confusion);
}

static int score_fold(struct eval_score *score, const struct eval_sample *sample,
                      const struct eval_answer *answer)
{
    unsigned fold = sample->unit.row->fold_id;
    int failure = sample->word->is_held_out ? 0 : place(score, sample, fold, answer);
    if (!failure && !answer->is_right && answer->class != PROTOCOL_UNKNOWN)
        failure = claim(score, sample, fold);
    return failure;
}

int eval_score_classes(struct eval_score *score, const struct eval_samples *samples,
                       const struct eval_words *words, enum eval_level level,
                       const struct eval_answers *answers, struct error *error)
{
    *score = (struct eval_score){.parts = NULL};
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_sample *sample = &samples->all[i];
        unsigned class = eval_answer_truth(sample, words, level);
        if (sample->is_judged && score_class(score, sample, class, &answers->all[i]))
            return error_set(error, ENOMEM, "out of memory for the scores");
    }
    return 0;
}

int eval_score_folds(struct eval_score *score, const struct eval_samples *samples,
                     const struct eval_answers *answers, struct error *error)
{
    *score = (struct eval_score){.parts = NULL};
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_sample *sample = &samples->all[i];
        if (sample->is_judged && score_fold(score, sample, &answers->all[i]))
            return error_set(error, ENOMEM, "out of memory for the scores");
    }
    return 0;
}

void eval_score_sum(const struct eval_score *score, unsigned class_count, struct eval_cell *cells)
{
    struct eval_cell *all = &cells[class_count];
    memset(cells, 0, (class_count + 1) * sizeof *cells);
    for (size_t i = 0; i < score->part_count; i++) {
        eval_cell_add(&cells[score->parts[i].class], &score->parts[i].cell, 1);
        eval_cell_add(all, &score->parts[i].cell, 1);
    }
}
