/* SPDX-License-Identifier: BSD-3-Clause */
/* The truth: which flow of which capture is what, read from CSV (docs/method-eval.md). The one
 * place of the program where addresses of single flows are read from a file; they are the user's
 * own. */
#ifndef EVAL_TRUTH_H
#define EVAL_TRUTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/packet.h"

enum eval_confidence { EVAL_CONFIDENCE_ANY, EVAL_CONFIDENCE_MEDIUM, EVAL_CONFIDENCE_HIGH };

/* "any", "medium" or "high". */
const char *eval_confidence_name(enum eval_confidence confidence);

struct eval_row {
    const char *capture;
    const char *label;   /* the protocol in the truth's words; "" where it does not say */
    const char *service; /* likewise; "" where there is no such column */
    const char *fold;    /* what the fold's column says; null where there is no such column */
    const char *given;   /* the label before it was overruled; null where it was not */
    struct packet tuple; /* version, protocol, addresses and ports only, in the order of the row */
    uint64_t bytes;      /* of the whole flow; 0 where there is no such column */
    enum eval_confidence confidence;
    unsigned line;
    unsigned fold_id; /* eval_folds_assign gives it */
};

struct eval_truth {
    char *text; /* holds every string of the rows */
    char *overruling;
    size_t count;
    struct eval_row *rows; /* by capture, then as in the file */
};

/* Which columns say what; null means the name in brackets. */
struct eval_columns {
    const char *label;      /* [protocol] */
    const char *confidence; /* [confidence]; where the file has no such column all rows are high.
                               A name given here must be there. */
    const char *fold;       /* [none]; need not be there */
};

/* Reads `path`. The columns capture, l4, a_ip, a_port, b_ip, b_port and the label's must be there,
 * in any order, with others between them; service may be. l4 is tcp, udp, sctp or an IP protocol
 * number. Returns 0, or -errno with `error` and its line filled; to be freed in either case. */
int eval_truth_read(struct eval_truth *truth, const char *path, const struct eval_columns *columns,
                    struct error *error);

/* Replaces labels by those of a second CSV, whose columns are as above with `protocol` and a
 * `reason` that must not be empty; every row of it must be one of the truth's. An empty protocol
 * leaves the flow out. Once for each truth. */
int eval_truth_overrule(struct eval_truth *truth, const char *path, struct error *error);

void eval_truth_free(struct eval_truth *truth);

/* The rows of one capture: `*count` from the one returned on. */
const struct eval_row *eval_truth_of(const struct eval_truth *truth, const char *capture,
                                     size_t *count);

/* The rows about a file: under its path below `root` (null: none), under its name alone, or, for
 * the only file there is, those that name no capture. */
const struct eval_row *eval_truth_about(const struct eval_truth *truth, const char *path,
                                        const char *root, bool is_only, size_t *count);

#endif
