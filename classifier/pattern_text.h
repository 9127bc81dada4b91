/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the words of the part of Hyperscan's syntax that needs no Hyperscan: bytes, classes and how
 * often they stand. What is beyond it is refused, never misread. */
#ifndef CLASSIFIER_PATTERN_TEXT_H
#define CLASSIFIER_PATTERN_TEXT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PATTERN_ANY_NUMBER = UINT16_MAX,
    PATTERN_DEPTH_MAX = 8, /* groups in groups */
};

struct byte_class {
    uint64_t word[4];
};

static const struct byte_class any_byte = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

static inline bool class_has(const struct byte_class *class, uint8_t byte)
{
    return class->word[byte / 64] >> byte % 64 & 1;
}

static inline void class_add(struct byte_class *class, uint8_t byte)
{
    class->word[byte / 64] |= (uint64_t)1 << byte % 64;
}

static inline unsigned class_size(const struct byte_class *class)
{
    unsigned size = 0;
    for (unsigned i = 0; i < 4; i++)
        size += (unsigned)__builtin_popcountll(class->word[i]);
    return size;
}

/* Reads one byte of a class at `*at`: a letter, an escape, `.` or `[...]`, and moves on. False for
 * anything else. */
bool pattern_read_class(const char **at, bool is_caseless, struct byte_class *class);

/* Reads how often what stands before is there: 1, 1 when nothing is said; no end is
 * PATTERN_ANY_NUMBER. False for what is no plain repeat. */
bool pattern_read_repeat(const char **at, uint16_t *least, uint16_t *most);

/* Behind a group's '(', moves on to its content. False for a group that is more than that. */
bool pattern_open_group(const char **at);

#endif
