/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the classifier over a capture in memory and keeps what the headers tier measures of each
 * unit of truth: what it sees here is what it will see on a line. */
#ifndef OBSERVE_H
#define OBSERVE_H

#include "captured.h"
#include "classifier/classifier.h"

/* What was seen of one unit: of its flows the one with the most bytes. */
struct observed {
    unsigned flows; /* 0: none */
    uint64_t bytes;
    uint16_t ports_verdict;
    unsigned row_count;
    struct row rows[FEATURE_CHECKPOINTS + 1];
    int16_t values[FEATURE_CHECKPOINTS + 1][FEATURES];
};

/* observed[captured->unit_count] of the frames of `copy`, which is `captured` or a variation of it.
 * Returns 0 or -errno. */
int observe(struct observed *observed, const struct captured *captured, const struct captured *copy,
            const struct protocols *protocols, struct error *error);

#endif
