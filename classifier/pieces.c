/* SPDX-License-Identifier: BSD-3-Clause */
/* A bit for every byte: no list of ranges to bound, merge or run out of. */
#include "classifier/pieces.h"

#include <string.h>

static void mark_present(struct pieces *pieces, size_t from, size_t to)
{
    while (from < to) {
        const size_t bit = from % 64;
        const size_t count = to - from < 64 - bit ? to - from : 64 - bit;
        const uint64_t ones = count == 64 ? UINT64_MAX : (UINT64_C(1) << count) - 1;
        pieces->present[from / 64] |= ones << bit;
        from += count;
    }
}

bool pieces_add(struct pieces *pieces, uint64_t offset, const uint8_t *bytes, size_t length)
{
    if (offset > PIECES_BYTES || length > PIECES_BYTES - offset)
        return false;
    if (length > 0)
        memcpy(pieces->byte + offset, bytes, length);
    mark_present(pieces, (size_t)offset, (size_t)offset + length);
    return true;
}

size_t pieces_ready(const struct pieces *pieces)
{
    const size_t words = PIECES_BYTES / 64;
    size_t word = 0;
    while (word < words && pieces->present[word] == UINT64_MAX)
        word++;
    if (word == words)
        return PIECES_BYTES;
    return word * 64 + (size_t)__builtin_ctzll(~pieces->present[word]);
}
