/* SPDX-License-Identifier: BSD-3-Clause */
/* A line of stated capacity, twice: with one queue for all, and with a box's queues. Fluid, exact
 * up to the split of shares, which is rounded down to a bit times a nanosecond. Private to the
 * policy; docs/box-format.md defines it. */
#ifndef LINK_MODEL_H
#define LINK_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/box.h"

/* All zero but for `last_ns`: empty queues. Backlogs are in tokens (token_bucket.h). */
struct link_model {
    uint64_t last_ns; /* 0: not begun */
    uint64_t single;  /* of the one queue */
    uint64_t backlog[BOX_QUEUES_MAX];
    uint64_t held; /* of all of these together */
};

struct link_fate {
    bool is_lost;
    uint64_t wait_ns;
};

/* Puts one packet into both models. False when the line was idle: nothing waits, nothing is lost.
 */
bool link_model_put(struct link_model *model, const struct box_link *link, uint64_t now_ns,
                    unsigned queue, uint32_t bytes, struct link_fate *single,
                    struct link_fate *queued);

#endif
