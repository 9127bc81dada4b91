/* SPDX-License-Identifier: BSD-3-Clause */
/* A token bucket with a queue before it, exact: tokens are bits times nanoseconds, so that no rate
 * and no gap is ever rounded. Private to the policy.
 *
 *     level  burst ├──────────┤ 0 ├────────────────┤ -debt_max
 *                  tokens left      what waits
 */
#ifndef TOKEN_BUCKET_H
#define TOKEN_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/box.h"

/* One byte at one bit per second takes this long: also what a byte is worth in tokens. */
static const uint64_t tokens_a_byte = 8000000000;

/* A frame this much older than the last one is another recording's: then all begins anew. */
static const uint64_t tokens_late_ns = 300000000000;

struct token_rate {
    uint64_t rate_bits;
    int64_t burst;    /* in tokens, as all below */
    int64_t debt_max; /* rate times queue */
};

/* All zero: not begun. */
struct token_bucket {
    int64_t level;
    uint64_t last_ns; /* of the last refill; 0: not begun */
};

struct token_rate token_rate_of(const struct box_throttle *throttle);

/* One packet. False when it is lost; else `*wait_ns` is how long it waits. */
bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ns,
                       uint32_t bytes, uint64_t *wait_ns);

#endif
