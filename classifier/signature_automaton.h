/* SPDX-License-Identifier: BSD-3-Clause */
/* Anchored patterns that are no plain shapes, as one automaton of places (Glushkov, "The abstract
 * theory of automata", 1961): a place is a byte of a pattern's text, and knows which may come next.
 *
 *     "a(b|c)*d"      begin ► a      a ► b c d      b ► b c d      c ► b c d      d: found
 *
 * To write it down takes microseconds, where a compiler of automata takes milliseconds to tens of
 * them: it is walked by signature_states.h, which makes of it only what payloads ask for. What its
 * text reader does not know, what may begin anywhere (there Hyperscan's search for literals is
 * unmatched) and what has too many places is left to Hyperscan. */
#ifndef CLASSIFIER_SIGNATURE_AUTOMATON_H
#define CLASSIFIER_SIGNATURE_AUTOMATON_H

#include "pattern_text.h"
#include "signature_patterns.h"

enum {
    AUTOMATON_BEGIN = 0, /* the place before all patterns' first ones */
    SYMBOLS_MAX = 256,
};

struct place {
    uint16_t pattern;
    uint16_t class;
    bool is_last; /* reached: the pattern is found */
    bool is_end;  /* stands for the payload's end instead of a byte */
    uint16_t follow_count;
    uint32_t follow_start;
};

/* Bytes that no pattern tells apart are one symbol. */
struct automaton {
    unsigned pattern_count; /* patterns have indices below */
    unsigned place_count;   /* 1 when there is nothing to find */
    struct place *place;
    uint32_t follow_count;
    uint16_t *follow; /* places */
    unsigned class_count;
    struct byte_class *class;  /* of bytes */
    struct byte_class *admits; /* [class_count]: the same, of symbols */
    unsigned symbol_count;
    uint8_t symbol[SYMBOLS_MAX]; /* by byte */
    bool has_ends;               /* some place stands for the payload's end */
};

/* Can the pattern's text be read here? Then the fewest and most bytes that it matches
 * (UINT32_MAX: any number) are known. False when out of memory, too. */
bool automaton_reads(const struct rule_pattern *pattern, uint32_t *least_bytes,
                     uint32_t *most_bytes);

/* Takes those of the patterns with `is_taken` [count] false that it can, and sets it. None taken
 * make null. Returns 0 or -ENOMEM with `error` filled. */
int automaton_new(struct automaton **automaton, const struct rule_pattern *const *patterns,
                  unsigned count, bool *is_taken, struct error *error);

/* Null is fine. */
void automaton_free(struct automaton *automaton);

#endif
