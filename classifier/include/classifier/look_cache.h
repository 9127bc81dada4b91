/* SPDX-License-Identifier: BSD-3-Clause */
/* Remembers what a model made of values seen lately. Short flows are many and alike: a scan, a
 * flood or a busy resolver asks the same question again and again, and a forest's answer to the
 * same values is the same. Answers are exact: all values that the model uses are compared. One
 * worker's own. */
#ifndef CLASSIFIER_LOOK_CACHE_H
#define CLASSIFIER_LOOK_CACHE_H

#include "classifier/headers_model.h"

struct look_cache;

/* `model` is borrowed. Returns 0 or -ENOMEM. */
int look_cache_new(struct look_cache **cache, const struct headers_model *model,
                   struct error *error);

/* Wipes what it remembers. Null is fine. */
void look_cache_free(struct look_cache *cache);

/* What headers_model_look says. Hot: cannot fail. */
struct headers_look look_cache_look(struct look_cache *cache, unsigned checkpoint,
                                    const int16_t values[FEATURES]);

#endif
