/* SPDX-License-Identifier: BSD-3-Clause */
/* Which bytes can stand at the first places of a match, read off a pattern's text. Only ever errs
 * by naming more bytes than can. */
#ifndef CLASSIFIER_PATTERN_PREFIX_H
#define CLASSIFIER_PATTERN_PREFIX_H

#include <stdbool.h>
#include <stdint.h>

enum { PREFIX_BYTES = 8 };

struct byte_set {
    uint64_t word[4];
};

static inline bool byte_set_has(const struct byte_set *set, uint8_t byte)
{
    return set->word[byte / 64] >> byte % 64 & 1;
}

static inline unsigned byte_set_count(const struct byte_set *set)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 4; i++)
        count += (unsigned)__builtin_popcountll(set->word[i]);
    return count;
}

struct pattern_prefix {
    struct byte_set at[PREFIX_BYTES]; /* all bytes where nothing is known, or the match has ended */
};

struct pattern_prefix pattern_prefix_of(const char *text, bool is_caseless);

#endif
