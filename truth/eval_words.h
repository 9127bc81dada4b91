/* SPDX-License-Identifier: BSD-3-Clause */
/* The truth's words for protocols, and which of ours each of them stands for. */
#ifndef EVAL_WORDS_H
#define EVAL_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/protocol.h"

enum { EVAL_ACCEPTED_MAX = 16 };

/* A class is what flows are counted under: a protocol's id, or a number from protocols_count() on
 * for a word that stands for none of ours, so that it is always missed. */
struct eval_word {
    char *name;
    unsigned class;
    uint16_t accepted[EVAL_ACCEPTED_MAX]; /* verdicts that are right; the first is the class */
    unsigned accepted_count;
    bool is_held_out; /* traffic of no class that is known: no verdict is right about it */
    struct eval_word *next;
};

struct eval_words {
    const struct protocols *protocols; /* borrowed */
    struct eval_word *first;           /* the latest */
    unsigned class_count;
};

void eval_words_init(struct eval_words *words, const struct protocols *protocols);
void eval_words_free(struct eval_words *words);

/* Reads aliases, one a line, '#' begins a comment line:
 *
 *     dce_rpc | dcerpc | the same protocol by another name
 *     word    | protocols of ours that are right, the first being the class | the reason
 *
 * Returns 0 or -errno with `error` and its line filled. */
int eval_words_read(struct eval_words *words, const char *path, struct error *error);

/* The word as an alias or as one of our names, noted for the first time where it is neither. Good
 * until eval_words_free. Null only when memory is out. */
const struct eval_word *eval_words_find(struct eval_words *words, const char *name);

/* Holds out the words of `list`, parted by commas. Once, before eval_words_find hands any out to
 * whoever asks about it. Returns 0, -EINVAL for an empty word, or -ENOMEM. */
int eval_words_hold_out(struct eval_words *words, const char *list, struct error *error);

bool eval_word_accepts(const struct eval_word *word, uint16_t verdict);

/* Our protocol's name, or the truth's word. */
const char *eval_words_class_name(const struct eval_words *words, unsigned class);

#endif
