/* SPDX-License-Identifier: BSD-3-Clause */
/* Fills, takes, and says how long the debt lasts. */
#include "token_bucket.h"

struct token_rate token_rate_of(const struct box_throttle *throttle)
{
    return (struct token_rate){
        .rate_bits = throttle->rate_bits,
        .burst = (int64_t)(throttle->burst_bytes * tokens_a_byte),
        .debt_max = (int64_t)(throttle->rate_bits * throttle->queue_ns),
    };
}

static void refill(struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ns)
{
    bool is_anew = !bucket->last_ns || now_ns + tokens_late_ns < bucket->last_ns;
    if (!is_anew && now_ns <= bucket->last_ns)
        return;
    uint64_t room = (uint64_t)(rate->burst - bucket->level);
    uint64_t tokens;
    if (is_anew || __builtin_mul_overflow(now_ns - bucket->last_ns, rate->rate_bits, &tokens) ||
        tokens >= room)
        bucket->level = rate->burst;
    else
        bucket->level += (int64_t)tokens;
    bucket->last_ns = now_ns;
}

bool token_bucket_take(struct token_bucket *bucket, const struct token_rate *rate, uint64_t now_ns,
                       uint32_t bytes, uint64_t *wait_ns)
{
    refill(bucket, rate, now_ns);
    int64_t level = bucket->level - (int64_t)(bytes * tokens_a_byte);
    *wait_ns = 0;
    if (-level > rate->debt_max && level < 0)
        return false;
    if (level < 0)
        *wait_ns = ((uint64_t)-level + rate->rate_bits - 1) / rate->rate_bits;
    bucket->level = level;
    return true;
}
