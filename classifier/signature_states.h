/* SPDX-License-Identifier: BSD-3-Clause */
/* An automaton as one thread walks it: sets of places become states, each made when a payload first
 * leads there, so that a byte costs one step in a table.
 *
 *     state ── symbol ──► state          known: one load
 *                    └──► not made yet   the places that follow are gathered, once
 *
 * There is room for a fixed number of states; when it is used up all are forgotten, and made anew
 * as they are met. No payload can do more than have its own states made. */
#ifndef CLASSIFIER_SIGNATURE_STATES_H
#define CLASSIFIER_SIGNATURE_STATES_H

#include "signature_automaton.h"

struct states;

/* `automaton` is borrowed. Returns 0 or -ENOMEM with `error` filled. */
int states_new(struct states **states, const struct automaton *automaton, struct error *error);

/* Wipes what payloads left. Null is fine. */
void states_free(struct states *states);

/* Calls `found` once for every pattern that matches. Hot: cannot fail. */
void states_scan(struct states *states, const uint8_t *bytes, uint32_t length, pattern_found *found,
                 void *context);

#endif
