/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts nibbles and keeps the sums of squares up. */
#include "classifier/kiss.h"

#include <string.h>

/* (o + 1)^2 - o^2 is 2 o + 1. One nibble after the other: gathering the counts for one vector
 * addition waits for the stores it reads, and took eight times as long. */
static inline void count(struct kiss *kiss, unsigned nibble, unsigned value)
{
    unsigned before = kiss->counts[nibble][value];
    kiss->counts[nibble][value] = (uint8_t)(before + 1);
    kiss->squares[nibble] = (uint16_t)(kiss->squares[nibble] + 2 * before + 1);
}

bool kiss_update(struct kiss *kiss, const uint8_t *payload)
{
    for (unsigned i = 0; i < KISS_BYTES; i++) {
        unsigned byte = payload[i];
        count(kiss, 2 * i, byte >> 4);
        count(kiss, 2 * i + 1, byte & 15);
    }
    return ++kiss->packets == KISS_WINDOW;
}

/* The root of at most KISS_DEVIATION_MOST squared, rounded down. */
static unsigned root_of(unsigned number)
{
    static_assert(KISS_DEVIATION_MOST < 1 << 13, "a root has 13 bits");
    unsigned root = 0;
    for (unsigned bit = 1u << 12; bit; bit >>= 1) {
        if ((root + bit) * (root + bit) <= number)
            root += bit;
    }
    return root;
}

void kiss_read(const struct kiss *kiss, struct kiss_signature *signature)
{
    assert(kiss->packets == KISS_WINDOW);
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        signature->deviation[i] =
            (int16_t)root_of(KISS_DEVIATION_MOST * ((unsigned)kiss->squares[i] - KISS_LEVEL));
}

void kiss_restart(struct kiss *kiss)
{
    memset(kiss, 0, sizeof *kiss);
}
