/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts nibbles and keeps the sums of squares up. */
#include "classifier/kiss.h"

#include <string.h>

bool kiss_update(struct kiss *kiss, const uint8_t *payload)
{
    uint8_t before[KISS_NIBBLES];
    for (unsigned i = 0; i < KISS_BYTES; i++) {
        before[2 * i] = kiss->counts[2 * i][payload[i] >> 4]++;
        before[2 * i + 1] = kiss->counts[2 * i + 1][payload[i] & 15]++;
    }
    /* (o + 1)^2 - o^2; apart from the counting, so that it is a few vector instructions. */
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        kiss->squares[i] = (uint16_t)(kiss->squares[i] + 2 * before[i] + 1);
    return ++kiss->packets == KISS_WINDOW;
}

void kiss_read(const struct kiss *kiss, struct kiss_signature *signature)
{
    assert(kiss->packets == KISS_WINDOW);
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        signature->deviation[i] = (int16_t)(kiss->squares[i] - KISS_LEVEL);
}

void kiss_restart(struct kiss *kiss)
{
    memset(kiss, 0, sizeof *kiss);
}
