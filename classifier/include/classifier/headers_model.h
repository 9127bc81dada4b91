/* SPDX-License-Identifier: BSD-3-Clause */
/* What the headers tier knows: a forest a checkpoint, how far its scores are to be trusted, and how
 * often it was wrong on flows it had not been trained on. The file is docs/model-format.md. Read
 * and proved at start, then shared by all workers. */
#ifndef CLASSIFIER_HEADERS_MODEL_H
#define CLASSIFIER_HEADERS_MODEL_H

#include <stddef.h>

#include "classifier/forest.h"
#include "classifier/protocol.h"
#include "classifier/tally.h"

enum {
    HEADERS_NAME_MAX = 63,
    HEADERS_TRAINED_MAX = 1023,
    HEADERS_KNOTS_MAX = 256,
    HEADERS_LEVELS = TALLY_FIT_CELLS,
    HEADERS_ERROR_MAX = 500,
    PER_MILLE = 1000,
};

struct headers_class {
    char name[PROTOCOL_NAME_MAX + 1];
    uint16_t protocol; /* PROTOCOL_UNKNOWN for `background` */
};

/* A class's own held-out scores: quantile[i] is the score that headers_levels[i] per mille of them
 * do not exceed. Ascending. */
struct headers_conformal {
    uint16_t quantile[HEADERS_LEVELS];
};

extern const uint16_t headers_levels[HEADERS_LEVELS];

struct headers_checkpoint {
    struct forest *forest;
    uint16_t accept; /* confidence from which the tier decides */
    uint16_t knot_count;
    uint16_t knots[HEADERS_KNOTS_MAX]; /* confidence at scores 0 ... FOREST_SCORE_MAX, even steps */
    struct headers_conformal *conformal; /* [class_count] */
};

struct headers_model {
    char name[HEADERS_NAME_MAX + 1];
    char site[HEADERS_NAME_MAX + 1];
    char trained[HEADERS_TRAINED_MAX + 1]; /* how, in the trainer's words */
    char sha256[65];
    unsigned feature_count;
    uint8_t features[FEATURES]; /* enum feature, in the file's order */
    unsigned class_count;
    struct headers_class *classes;
    unsigned error_per_mille;
    struct headers_checkpoint checkpoints[FEATURE_CHECKPOINTS];
    /* Held-out flows by [true class][claimed class]; [..][class_count] claimed nothing. */
    uint64_t *confusion;
    /* Held-out flows' weights by [class that scored highest][cell], see headers_fit_cells. */
    uint64_t *fit;
};

/* Reads a file's bytes. Returns 0; -EINVAL with line and reason; or -ENOMEM. */
int headers_model_read(struct headers_model **model, const char *text, size_t length,
                       const struct protocols *protocols, struct error *error);

/* Null is fine. */
void headers_model_free(struct headers_model *model);

/* The class that stands for the protocol, or -1. */
int headers_model_class(const struct headers_model *model, uint16_t protocol);

uint64_t headers_model_confusion(const struct headers_model *model, unsigned is, unsigned claimed);
uint64_t headers_model_fit(const struct headers_model *model, unsigned class_index, unsigned cell);

/* What the model makes of a flow's values at a checkpoint. */
struct headers_look {
    unsigned class_index; /* with the highest score; of equals the first */
    uint16_t score;
    uint16_t confidence; /* of FOREST_SCORE_MAX: how often such a score is right */
    uint16_t p_value;    /* per mille of the class's own flows that score no higher */
};

/* Hot: cannot fail, whatever the values. */
struct headers_look headers_model_look(const struct headers_model *model, unsigned checkpoint,
                                       const int16_t values[FEATURES]);

enum headers_outcome {
    HEADERS_WAITS,   /* for the next checkpoint */
    HEADERS_DECIDES, /* for the class's protocol */
    HEADERS_REJECTS, /* resembles no class, or is background: unknown for good */
};

/* What the tier does after a look. `is_end`: the flow is over. Hot. */
enum headers_outcome headers_model_decide(const struct headers_model *model, unsigned checkpoint,
                                          const struct headers_look *look, bool is_end);

/* Cells part a class's own scores at its quantiles: cell i lies between levels i - 1 and i. A flow
 * weighs PER_MILLE, which is spread over the cells that its score could belong to when quantiles
 * are equal, by their width: so its own class's flows fill each cell by its width, ties or not.
 * Adds to cells[HEADERS_LEVELS]. */
void headers_fit_cells(const struct headers_conformal *conformal, uint16_t score, uint64_t *cells);

#endif
