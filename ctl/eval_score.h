/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts what was right, wrong and missed, per class (or fold) and capture; prints nothing. */
#ifndef EVAL_SCORE_H
#define EVAL_SCORE_H

#include "eval_answer.h"

/* Of one class: truth = right + wrong + missed. `claimed` are flows of other classes, or held out,
 * that were called this one. */
struct eval_cell {
    struct eval_count truth;
    struct eval_count right;
    struct eval_count wrong;  /* another class's name */
    struct eval_count missed; /* none */
    struct eval_count claimed;
};

void eval_cell_add(struct eval_cell *into, const struct eval_cell *from, uint64_t times);

/* A class within one capture. */
struct eval_part {
    unsigned capture;
    unsigned class; /* of a level; or a fold */
    struct eval_cell cell;
};

struct eval_confusion {
    unsigned class;
    unsigned verdict; /* one that is not right; PROTOCOL_UNKNOWN for missed */
    bool is_held_out; /* flows of no known class, of which any verdict is wrong */
    struct eval_count count;
};

struct eval_score {
    size_t part_count;
    struct eval_part *parts; /* by capture */
    size_t capture_begin;    /* first part of the capture being added */
    size_t confusion_count;
    struct eval_confusion *confusions; /* none when counted by fold */
};

/* Counts the judged samples by their class at the level, or by fold (where what was claimed is the
 * fold's that claimed it). Returns 0 or -ENOMEM; to be freed in either case. */
int eval_score_classes(struct eval_score *score, const struct eval_samples *samples,
                       const struct eval_words *words, enum eval_level level,
                       const struct eval_answers *answers, struct error *error);
int eval_score_folds(struct eval_score *score, const struct eval_samples *samples,
                     const struct eval_answers *answers, struct error *error);
void eval_score_free(struct eval_score *score);

/* Sums the parts: cells[class], and in cells[class_count] all classes, whose `claimed` is what was
 * wrong, and what was held out and called anything. */
void eval_score_sum(const struct eval_score *score, unsigned class_count, struct eval_cell *cells);

#endif
