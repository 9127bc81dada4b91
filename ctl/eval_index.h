/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the row of truth that a flow's key is about. Whoever made the classifier's secret can make
 * such an index, and nobody else. */
#ifndef EVAL_INDEX_H
#define EVAL_INDEX_H

#include "classifier/flow_key.h"
#include "eval_truth.h"

/* Open addressing over the keys, which are uniform by construction. */
struct eval_index {
    struct flow_key *keys; /* one for each row */
    uint32_t *slots;       /* row + 1, or 0 */
    uint32_t mask;
};

/* Names the rows' tuples. Returns 0 or -ENOMEM; to be freed in either case. */
int eval_index_make(struct eval_index *index, struct keyed_hash *hash, const struct eval_row *rows,
                    size_t count, struct error *error);
void eval_index_free(struct eval_index *index);

/* The row's number, or -1. */
int64_t eval_index_find(const struct eval_index *index, const struct flow_key *key);

#endif
