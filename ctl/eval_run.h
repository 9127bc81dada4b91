/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs one capture through the classifier that replay uses, and finds each row of truth among the
 * flows that end. It draws the classifier's secret itself, and so can name the rows' tuples by the
 * same keyed hash; neither secret nor keys outlive the run. Captures only: there is no way to hand
 * it a live source. */
#ifndef EVAL_RUN_H
#define EVAL_RUN_H

#include "classifier/classifier.h"
#include "dataplane/source.h"
#include "eval_truth.h"

/* The tiers, and what they say together: the strongest one that has a verdict wins. */
enum { EVAL_COMBINED = TIERS, EVAL_TIERS };

enum { EVAL_FIRST_BYTES = 4 }; /* of payload that the baseline of that name reads */

/* A row of truth and what was made of it. One 5-tuple may occur as several flows (a port used
 * again, or an idle time between): the row stands for all of them, its packets and bytes are their
 * sum, and its verdicts are those of the flow with the most bytes; of equals, the first to end. */
struct eval_unit {
    const struct eval_row *row;
    unsigned flows; /* 0: not seen */
    uint64_t packets;
    uint64_t bytes;
    uint64_t largest_bytes; /* of the flow that the verdicts are of */
    uint16_t verdict[EVAL_TIERS];
    uint16_t data_before[EVAL_TIERS]; /* data packets seen when the verdict was reached */
    struct flow_surety headers;
    bool is_certain;
    uint16_t service;
    uint8_t first_count;                   /* of first_bytes; 0: no payload was captured */
    uint8_t first_bytes[EVAL_FIRST_BYTES]; /* of the 5-tuple's first packet that has any */
};

struct eval_capture {
    size_t count;
    struct eval_unit *units; /* one for each row, in their order */
    uint64_t foreign_flows;  /* that no row is about */
    uint64_t foreign_bytes;
    uint64_t evicted; /* flows cut in two because the table was full */
};

struct eval_run {
    struct classifier_options classifier; /* without observer */
    unsigned combined;                    /* tiers that make up EVAL_COMBINED, as 1 << tier */
    const struct protocols *protocols;
    struct complaint complaint; /* told what is wrong with the capture */
};

/* Fills `capture`, to be freed in either case. A capture that cannot be read to its end is
 * complained about, and the rest counts. Returns 0 or -errno; -EDOM when the frames do not add up.
 */
int eval_capture_run(struct eval_capture *capture, const struct eval_run *run, const char *path,
                     const struct eval_row *rows, size_t count, struct error *error);
void eval_capture_free(struct eval_capture *capture);

#endif
