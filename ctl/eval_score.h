/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts what was right, wrong and missed, per tier, class and capture; prints nothing. */
#ifndef EVAL_SCORE_H
#define EVAL_SCORE_H

#include "eval_run.h"
#include "eval_words.h"

struct eval_count {
    uint64_t flows;
    uint64_t bytes;
};

/* Of one class: truth = right + wrong + missed. `claimed` are flows of other classes that were
 * called this one. */
struct eval_cell {
    struct eval_count truth;
    struct eval_count right;
    struct eval_count wrong;  /* another protocol's verdict */
    struct eval_count missed; /* no verdict */
    struct eval_count claimed;
};

void eval_cell_add(struct eval_cell *into, const struct eval_cell *from, uint64_t times);

/* A class within one capture. */
struct eval_part {
    unsigned capture; /* in the order of eval_score_add */
    unsigned class;
    struct eval_cell cell;
};

struct eval_confusion {
    unsigned class;
    uint16_t verdict; /* one that the truth does not accept; PROTOCOL_UNKNOWN for missed */
    struct eval_count count;
};

struct eval_tier_score {
    size_t part_count;
    struct eval_part *parts; /* by capture */
    size_t capture_begin;    /* first part of the capture being added */
    size_t confusion_count;
    struct eval_confusion *confusions;
    struct eval_count labelled; /* rows of any confidence, with a label or without, that got a
                                   verdict */
};

struct eval_score {
    unsigned tiers;             /* set of 1 << tier, EVAL_COMBINED among them */
    enum eval_confidence least; /* rows below are not scored */
    unsigned capture_count;
    struct eval_count scored;
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
    struct eval_tier_score tier[EVAL_TIERS];
};

void eval_score_init(struct eval_score *score, unsigned tiers, enum eval_confidence least);
void eval_score_free(struct eval_score *score);

/* Is the row one to be scored, if it was seen? */
bool eval_score_wants(const struct eval_score *score, const struct eval_row *row);

/* Adds one capture. Returns 0 or -ENOMEM. */
int eval_score_add(struct eval_score *score, struct eval_words *words,
                   const struct eval_capture *capture, struct error *error);

/* Sums the parts: cells[class], and in cells[class_count] all classes, whose `claimed` is what was
 * wrong. */
void eval_score_sum(const struct eval_tier_score *tier, unsigned class_count,
                    struct eval_cell *cells);

#endif
