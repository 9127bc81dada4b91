/* SPDX-License-Identifier: BSD-3-Clause */
/* The flows to be judged, of all captures together, and what became of those that are not. */
#ifndef EVAL_SAMPLE_H
#define EVAL_SAMPLE_H

#include "eval_fold.h"
#include "eval_run.h"
#include "eval_words.h"

struct eval_count {
    uint64_t flows;
    uint64_t bytes;
};

void eval_count_add(struct eval_count *into, const struct eval_count *from, uint64_t times);

/* A row of truth that was seen and says what it is. */
struct eval_sample {
    struct eval_unit unit;
    const struct eval_word *word;
    unsigned capture; /* in the order of eval_samples_add, of those with judged rows */
    bool is_judged;   /* false: its fold is not; baselines learn from it */
};

/* What became of the rows of judged folds. */
struct eval_summary {
    unsigned capture_count;
    struct eval_count scored;
    struct eval_count held_out;  /* judged, as traffic of no known class; not among the scored */
    struct eval_count overruled; /* of the scored: by a corrected label */
    struct eval_count withdrawn; /* seen, but overruled to be without truth */
    struct eval_count below;     /* seen, but of less confidence */
    struct eval_count silent;    /* seen, but the truth does not say what they are */
    struct eval_count foreign;   /* seen, but no row is about them */
    struct eval_count named;     /* rows seen whose service was known */
    struct eval_count seen;      /* rows seen at all */
    uint64_t unseen;             /* rows that would be scored, had their flow been seen */
    uint64_t split;              /* scored rows whose 5-tuple was several flows */
    uint64_t evicted;
    struct eval_count labelled[EVAL_TIERS]; /* rows of any confidence, with a label or without, that
                                               got a verdict */
};

struct eval_samples {
    unsigned tiers;                 /* set of 1 << tier that are asked for */
    enum eval_confidence least;     /* rows below are no samples */
    const struct eval_folds *folds; /* borrowed; null: all are judged */
    struct eval_summary summary;
    size_t count;
    struct eval_sample *all; /* by capture */
};

void eval_samples_free(struct eval_samples *samples);

/* Adds one capture. Returns 0 or -ENOMEM. */
int eval_samples_add(struct eval_samples *samples, struct eval_words *words,
                     const struct eval_capture *capture, struct error *error);

/* Is any of the rows in a fold that is judged? */
bool eval_samples_judge_any(const struct eval_samples *samples, const struct eval_row *rows,
                            size_t count);

#endif
