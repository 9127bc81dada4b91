/* SPDX-License-Identifier: BSD-3-Clause */
/* Cuts packet time into intervals aligned to whole multiples of their length since 1970. */
#ifndef DATAPLANE_INTERVAL_H
#define DATAPLANE_INTERVAL_H

#include <stdbool.h>
#include <stdint.h>

/* A frame up to this much older than the interval counts as late and belongs to it; beyond, it is
 * another recording's. */
static const uint64_t interval_late_ns = 300000000000;

struct interval {
    uint64_t length_ns; /* 0: the whole run is one */
    uint64_t start_ns;
    bool has_begun;
};

/* Would a frame of this time begin another interval? The first frame does not: it sets the first.
 */
static inline bool interval_is_over(struct interval *interval, uint64_t time_ns)
{
    if (interval->length_ns == 0)
        return false;
    uint64_t start_ns = time_ns - time_ns % interval->length_ns;
    if (!interval->has_begun) {
        interval->has_begun = true;
        interval->start_ns = start_ns;
    }
    return start_ns > interval->start_ns || time_ns + interval_late_ns < interval->start_ns;
}

static inline void interval_begin(struct interval *interval, uint64_t time_ns)
{
    interval->start_ns = time_ns - time_ns % interval->length_ns;
}

#endif
