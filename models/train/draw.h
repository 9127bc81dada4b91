/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that are the same everywhere for the same seed: SplitMix64 (Steele, Lea, Flood,
 * "Fast splittable pseudorandom number generators", OOPSLA 2014). */
#ifndef DRAW_H
#define DRAW_H

#include <stdint.h>

struct draw {
    uint64_t state;
};

/* A stream of its own for each (seed, stream). */
static inline struct draw draw_from(uint64_t seed, uint64_t stream)
{
    return (struct draw){seed * 0x9e3779b97f4a7c15u + (stream + 1) * 0xd1342543de82ef95u};
}

static inline uint64_t draw_next(struct draw *draw)
{
    uint64_t z = draw->state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* 0 to bound - 1; the bias is below bound / 2^32. */
static inline uint32_t draw_below(struct draw *draw, uint32_t bound)
{
    return (uint32_t)((draw_next(draw) >> 32) * bound >> 32);
}

#endif
