/* SPDX-License-Identifier: BSD-3-Clause */
/* Which of eight 32-bit words equal a ninth: in a few instructions where the processor has vectors,
 * by comparing each where not. */
#ifndef TAG_MATCH_H
#define TAG_MATCH_H

#include <stdint.h>

/* Bit i of the answer is for words[i], which begin at a multiple of 16 bytes. */
#ifdef __SSE2__
#include <emmintrin.h>

static inline unsigned tag_match(const uint32_t *words, uint32_t wanted)
{
    const __m128i tag = _mm_set1_epi32((int)wanted);
    const __m128i low = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)words), tag);
    const __m128i high = _mm_cmpeq_epi32(_mm_load_si128((const __m128i *)words + 1), tag);
    const __m128i both = _mm_packs_epi32(low, high);
    return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(both, _mm_setzero_si128()));
}

#else

static inline unsigned tag_match(const uint32_t *words, uint32_t wanted)
{
    unsigned found = 0;
    for (unsigned i = 0; i < 8; i++)
        found |= (unsigned)(words[i] == wanted) << i;
    return found;
}

#endif
#endif
