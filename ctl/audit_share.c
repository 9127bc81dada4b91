/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic on sums. */
#include "audit_share.h"

#include <math.h>

#include "eval_interval.h"

enum { FLOWS_MIN = 5, SQUARE_UNIT_BYTES = 16 };

static const double normal_975 = 1.959963984540054; /* quantile of the standard normal */

struct audit_share audit_share_of_flows(uint64_t part, uint64_t rest)
{
    uint64_t whole = part + rest;
    if (!whole)
        return (struct audit_share){.is_known = false};
    struct eval_interval interval = eval_wilson(part, whole);
    return (struct audit_share){.is_known = true,
                                .value = (double)part / (double)whole,
                                .has_interval = interval.is_known,
                                .low = interval.low,
                                .high = interval.high};
}

struct audit_share audit_share_of_bytes(const struct audit_part *part,
                                        const struct audit_part *rest)
{
    double whole = (double)part->bytes + (double)rest->bytes;
    if (whole <= 0)
        return (struct audit_share){.is_known = false};
    double value = (double)part->bytes / whole;
    struct audit_share share = {.is_known = true, .value = value};
    bool is_full = part->squares == UINT64_MAX || rest->squares == UINT64_MAX;
    if (is_full || part->flows < FLOWS_MIN || rest->flows < FLOWS_MIN)
        return share;
    double unit = (double)SQUARE_UNIT_BYTES * SQUARE_UNIT_BYTES;
    double deviations = (1 - value) * (1 - value) * (double)part->squares * unit +
                        value * value * (double)rest->squares * unit;
    double half = normal_975 * sqrt(deviations) / whole;
    share.has_interval = true;
    share.low = value > half ? value - half : 0;
    share.high = value + half < 1 ? value + half : 1;
    return share;
}
