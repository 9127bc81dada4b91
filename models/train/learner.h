/* SPDX-License-Identifier: BSD-3-Clause */
/* The model of the headers tier as it is learned: a forest for each checkpoint, what its scores are
 * worth, and how flows are decided with it. docs/model-format.md says what each part means.
 *
 *     rows ─► learn ─► forests ─► scores of flows not learned from ─► calibrate ─► decide
 */
#ifndef LEARNER_H
#define LEARNER_H

#include "grower.h"
#include "rows.h"

enum { LEARNER_KNOTS = 33, LEARNER_QUANTILES = 16, LEARNER_FULL = 65535, LEARNER_NONE = -1 };

struct learner_options {
    struct grow_options grow;
    bool uses[FEATURES];
    unsigned least_flows; /* that a class must have, else it is none */
    unsigned balance;     /* per mille: classes weigh their rows to the power of 1 - balance */
    unsigned error;       /* conformal, per mille */
    unsigned accept;      /* confidence, per mille, from which a checkpoint decides */
    unsigned evening;     /* per mille: as balance, for the flows that calibrate */
    unsigned background;  /* per mille of the rows are added that are made up, and of no class */
    bool varies;          /* learns from variations, too */
};

struct learner_options learner_options_default(void);

struct learned_checkpoint {
    struct grown_forest forest;
    uint16_t accept;
    uint16_t calibration[LEARNER_KNOTS];
    uint16_t (*conformal)[LEARNER_QUANTILES]; /* of each class */
};

struct learned {
    struct learner_options options;
    unsigned class_count; /* without the background, which is the class behind them */
    uint32_t *classes;   /* label of each class, by name */
    int *class_of_label; /* LEARNER_NONE for labels that are no class */
    unsigned feature_count;
    unsigned features[FEATURES]; /* index in the forests to feature */
    struct learned_checkpoint checkpoints[FEATURE_CHECKPOINTS];
};

/* What became of one flow. */
struct decision {
    int class; /* LEARNER_NONE: unknown */
    int best;  /* the class at the end of evidence, whether accepted or not */
    uint8_t checkpoint;
    uint16_t packets;
    uint16_t score;      /* of best */
    uint16_t second;     /* of the next best class */
    uint16_t confidence; /* calibrated */
    uint16_t p_value;    /* conformal, of LEARNER_FULL */
};

/* Learns from the flows whose `is_used` is set; calibration is the identity, and nothing is
 * rejected. Returns 0 or -errno; to be freed in either case. */
int learn(struct learned *learned, const struct rows *rows, const bool *is_used,
          const struct learner_options *options, struct error *error);
void learned_free(struct learned *learned);

/* The highest score of a row by its checkpoint's forest. */
struct scored {
    int class;
    uint16_t score;
    uint16_t second;
};
struct scored learned_score(const struct learned *learned, const struct row *row,
                            const int16_t *values);

/* Scores of flows that a model did not learn from, gathered over models of the same classes. */
struct evidence {
    size_t count, room;
    struct witness {
        uint8_t checkpoint;
        uint8_t class; /* the highest */
        uint8_t truth;
        bool is_varied;
        uint16_t score;
        uint16_t own; /* score of the truth */
    } * witnesses;
};

/* Adds the whole flows whose `is_heard` is set and whose label is a class. Classes are those of
 * `whole`, which is calibrated later; `part` learned without those flows. 0 or -ENOMEM. */
int evidence_gather(struct evidence *evidence, const struct learned *whole,
                    const struct learned *part, const struct rows *rows, const bool *is_heard);
void evidence_free(struct evidence *evidence);

/* Fits calibration and conformal quantiles to the evidence. */
int learned_calibrate(struct learned *learned, const struct evidence *evidence,
                      struct error *error);

/* Decides a flow as the headers tier does: at the first checkpoint at which confidence suffices and
 * the class's own scores do not contradict, else at the end, unless they do. */
struct decision learned_decide(const struct learned *learned, const struct rows *rows,
                               const struct rows_flow *flow);

#endif
