/* SPDX-License-Identifier: BSD-3-Clause */
/* Many patterns at once over one block of bytes: the seam behind which shapes, automata and
 * Hyperscan stand (signature_hs.c), or nothing (signature_none.c). */
#ifndef CLASSIFIER_SIGNATURE_PATTERNS_H
#define CLASSIFIER_SIGNATURE_PATTERNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/rules.h"

struct pattern_set;
struct pattern_scratch;

/* Is there anything behind the seam? Returns 0, or -ENOTSUP with `error` filled. */
int pattern_sets_are_built(struct error *error);

/* Parses one pattern: the fewest and most bytes it matches (UINT32_MAX: any number). Returns 0, or
 * -EINVAL with `error` saying what is wrong. */
int pattern_examine(const struct rule_pattern *pattern, uint32_t *least_bytes, uint32_t *most_bytes,
                    struct error *error);

/* Is it found without an automaton? Then to scan for it alone costs next to nothing. */
bool pattern_is_plain(const struct rule_pattern *pattern);

/* Compiles; a match of patterns[i] is told as i. No patterns make an empty set, null. Returns 0, or
 * -errno with `error` filled and `*culprit` the index of the pattern at fault, -1 when it is none
 * alone. */
int pattern_set_new(struct pattern_set **set, const struct rule_pattern *const *patterns,
                    unsigned count, int *culprit, struct error *error);

/* Null is fine. */
void pattern_set_free(struct pattern_set *set);

/* What one thread needs to scan for the set; null where that is nothing. Returns 0 or -errno with
 * `error` filled. */
int pattern_scratch_new(struct pattern_scratch **scratch, const struct pattern_set *set,
                        struct error *error);

/* Null is fine. */
void pattern_scratch_free(struct pattern_scratch *scratch);

typedef void pattern_found(void *context, unsigned index);

/* Calls `found` for every pattern that matches, once each, in no particular order. `scratch` is the
 * set's own. Hot: cannot fail. A null set matches nothing. */
void pattern_set_scan(const struct pattern_set *set, struct pattern_scratch *scratch,
                      const uint8_t *bytes, uint32_t length, pattern_found *found, void *context);

#endif
