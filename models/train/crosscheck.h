/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns and calibrates in one: parts of the flows are left out in turn, and models learned without
 * them say what scores are worth on flows that were not learned from. */
#ifndef CROSSCHECK_H
#define CROSSCHECK_H

#include "learned_text.h"

struct crosscheck {
    const struct rows *rows;
    const uint8_t *folds; /* of folds_by_capture, with at least CROSSCHECK_PARTS of them */
    size_t heard_flows;   /* the flows before calibrate, those from it on are only learned from */
    const struct protocols *protocols;
    struct learner_options options;
    struct learned_words words;
};

enum { CROSSCHECK_PARTS = 3 };

/* Learns from the flows whose `is_used` is set. `learned` and `model` (the tier's own reading of
 * it; null where it failed) are to be freed in either case. Returns 0 or -errno. */
int crosscheck(struct learned *learned, struct headers_model **model,
               const struct crosscheck *given, const bool *is_used, struct error *error);

#endif
