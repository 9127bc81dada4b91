/* SPDX-License-Identifier: BSD-3-Clause */
/* Shares with their 95 % intervals. Floating point is for what is printed only. */
#ifndef AUDIT_SHARE_H
#define AUDIT_SHARE_H

#include "ctl/audit.h"

/* Bytes of a part of the flows, the sum over flows of (bytes / 16)^2, and how many there were. */
struct audit_part {
    uint64_t bytes;
    uint64_t squares;
    uint64_t flows;
};

/* part / (part + rest), with Wilson's interval. */
struct audit_share audit_share_of_flows(uint64_t part, uint64_t rest);

/* The same of bytes: a ratio of sums over flows, whose variance is that of its linearisation,
 * sum of (x_i - p y_i)^2 over (sum of y_i)^2, with x_i = y_i in the part and 0 in the rest. */
struct audit_share audit_share_of_bytes(const struct audit_part *part,
                                        const struct audit_part *rest);

#endif
