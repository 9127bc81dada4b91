/* SPDX-License-Identifier: BSD-3-Clause */
/* The model of the headers tier as it is learned: a forest for each checkpoint, what its scores are
 * worth, and how flows are decided with it. docs/model-format.md says what each part means.
 *
 *     rows ─► learn ─► forests ─► scores of flows not learned from ─► calibrate ─► decide
 */
#ifndef LEARNER_H
#define LEARNER_H

#include "classifier/headers_model.h"
#include "grower.h"
#include "rows.h"

enum { LEARNER_KNOTS = 33, LEARNER_FULL = 65535, LEARNER_NONE = -1 };

struct learner_options {
    struct grow_options grow;
    bool uses[FEATURES];
    unsigned least_flows; /* that a class must have, else it is none */
    unsigned balance;     /* per mille: classes weigh their rows to the power of 1 - balance */
    unsigned error;       /* conformal, per mille */
    unsigned accept;      /* confidence, per mille, from which a checkpoint decides */
    unsigned most_rows;   /* of a class at a checkpoint that are learned from, drawn */
    unsigned evening;     /* per mille: as balance, for the flows that calibrate */
    unsigned background;  /* per mille of the rows are added that are made up, and of no class */
    bool varies;          /* learns from variations, too */
};

struct learner_options learner_options_default(void);

struct learned_checkpoint {
    struct grown_forest forest;
    uint16_t accept;
    uint16_t calibration[LEARNER_KNOTS];
    struct headers_conformal *conformal; /* of each class, and the background */
};

struct learned {
    struct learner_options options;
    unsigned class_count; /* without the background, which is the class behind them */
    uint32_t *classes;    /* label of each class, by name */
    int *class_of_label;  /* LEARNER_NONE for labels that are no class */
    unsigned feature_count;
    unsigned features[FEATURES]; /* index in the forests to feature */
    struct learned_checkpoint checkpoints[FEATURE_CHECKPOINTS];
    uint64_t
        *confusion; /* [class][claimed], with the background and `unknown` behind the classes */
    uint64_t *fit;  /* [class][HEADERS_LEVELS] */
};

/* Classes of the model's file: with the background where there is one. */
unsigned learned_written_classes(const struct learned *learned);

/* Finds the classes and features, and no forest. Returns 0 or -errno; to be freed in either case.
 */
int learned_begin(struct learned *learned, const struct rows *rows, const bool *is_used,
                  const struct learner_options *options, struct error *error);

/* Learns from the flows whose `is_used` is set; calibration is the identity, and nothing is
 * rejected. Returns 0 or -errno; to be freed in either case. */
int learn(struct learned *learned, const struct rows *rows, const bool *is_used,
          const struct learner_options *options, struct error *error);
void learned_free(struct learned *learned);

/* Scores of flows that a model did not learn from, gathered over models of the same classes. */
struct evidence {
    size_t count, room;
    struct witness {
        uint32_t flow;
        uint8_t checkpoint;
        uint8_t class; /* the highest */
        uint8_t truth;
        bool is_varied;
        uint16_t score;
    } * witnesses;
};

/* Adds the whole flows whose `is_heard` is set and whose label is a class. Classes are those of
 * `whole`, which is calibrated later; `part` learned without those flows. 0 or -ENOMEM. */
int evidence_gather(struct evidence *evidence, const struct learned *whole,
                    const struct learned *part, const struct rows *rows, const bool *is_heard);
/* Adds one. 0 or -ENOMEM. */
int evidence_add(struct evidence *evidence, const struct witness *witness);
void evidence_free(struct evidence *evidence);

/* Fits calibration and conformal quantiles to the evidence. 0 or -errno. */
int learned_calibrate(struct learned *learned, const struct evidence *evidence,
                      struct error *error);

/* Notes what the tier, deciding as it does with `model`, which is `learned` as it was written,
 * calls the flows of the evidence: confusion and fit. */
void learned_confirm(struct learned *learned, const struct headers_model *model,
                     const struct evidence *evidence);

#endif
