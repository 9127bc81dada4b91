/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads bytes that others wrote: a bounded cursor that turns short and stays short, and
 * loads of either byte order. Not for our own memory. */
#ifndef BASE_CURSOR_H
#define BASE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* After the first request for more than is left, `is_short` is set and every later request
 * returns null: a parser may ask for a whole header and check once. */
struct cursor {
    const uint8_t *at; /* next byte, borrowed */
    size_t left;       /* bytes that may be read from `at` */
    bool is_short;
};

static inline struct cursor cursor_over(const void *bytes, size_t length)
{
    return (struct cursor){.at = bytes, .left = length};
}

/* The next `length` bytes, stepped over; null (and short from then on) when fewer are left. */
static inline const uint8_t *cursor_take(struct cursor *cursor, size_t length)
{
    if (cursor->is_short || length > cursor->left) {
        cursor->is_short = true;
        return NULL;
    }
    const uint8_t *taken = cursor->at;
    cursor->at += length;
    cursor->left -= length;
    return taken;
}

/* The next `length` bytes without stepping over them; null when fewer are left, which does not
 * turn the cursor short. */
static inline const uint8_t *cursor_peek(const struct cursor *cursor, size_t length)
{
    return cursor->is_short || length > cursor->left ? NULL : cursor->at;
}

static inline uint16_t load_be16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t load_be24(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 16 | (uint32_t)bytes[1] << 8 | bytes[2];
}

static inline uint32_t load_be32(const uint8_t *bytes)
{
    return (uint32_t)load_be16(bytes) << 16 | load_be16(bytes + 2);
}

static inline uint64_t load_be64(const uint8_t *bytes)
{
    return (uint64_t)load_be32(bytes) << 32 | load_be32(bytes + 4);
}

static inline uint16_t load_le16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t load_le32(const uint8_t *bytes)
{
    return load_le16(bytes) | (uint32_t)load_le16(bytes + 2) << 16;
}

#endif
