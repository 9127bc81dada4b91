/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns of a plain shape, found without Hyperscan. A shape is a row of byte classes, each so
 * many times, that can be walked from one fixed byte on without ever going back:
 *
 *     "USER [\x20-\x7e]+\r?\n"      U S E R _ [\x20-\x7e]{1,} \r \n
 *                                   U S E R _ [\x20-\x7e]{1,} \n
 *
 * Compiling hundreds of anchored patterns into Hyperscan's automata takes seconds; as shapes they
 * take milliseconds. What is not plain (a run whose end its follower does not tell, too many
 * variants, a place that is not one byte) is left to others. */
#ifndef CLASSIFIER_SIGNATURE_SHAPES_H
#define CLASSIFIER_SIGNATURE_SHAPES_H

#include "signature_patterns.h"

struct shape_set;

/* Is the pattern plain? False when out of memory. */
bool shape_is_plain(const struct rule_pattern *pattern);

/* Takes the patterns that are plain: `is_taken` [count] says which. All of them must be good
 * (pattern_examine). A match of patterns[i] is told as i. None plain make null. Returns 0 or
 * -ENOMEM with `error` filled. */
int shape_set_new(struct shape_set **set, const struct rule_pattern *const *patterns,
                  unsigned count, bool *is_taken, struct error *error);

/* Null is fine. */
void shape_set_free(struct shape_set *set);

/* Calls `found` once for every pattern that matches. Hot: cannot fail. */
void shape_set_scan(const struct shape_set *set, const uint8_t *bytes, uint32_t length,
                    pattern_found *found, void *context);

#endif
