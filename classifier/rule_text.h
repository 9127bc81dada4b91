/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of a rules file, cut into statements and words. Knows quotes, comments and continued
 * lines, and no statement. */
#ifndef CLASSIFIER_RULE_TEXT_H
#define CLASSIFIER_RULE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { RULE_LINE_BYTES = 4096, RULE_STATEMENT_BYTES = 16384 };

struct rule_text {
    const char *at;  /* rest of the file, borrowed */
    const char *end; /* likewise */
    unsigned next_line;
    unsigned line; /* where the present statement begins, from 1 */
    char statement[RULE_STATEMENT_BYTES];
};

void rule_text_init(struct rule_text *text, const char *bytes, size_t length);

/* Puts the next statement, without comment, into `statement`: 1, 0 when there is none left, or
 * -EINVAL with `error` filled; the next call goes on with the line after it. */
int rule_text_next(struct rule_text *text, struct error *error);

enum rule_word_kind {
    RULE_WORD_END,
    RULE_WORD_PLAIN,
    RULE_WORD_STRING, /* between quotes */
    RULE_WORD_STAR,
    RULE_WORD_BROKEN, /* a quote that is not closed, or a character that no statement has */
};

struct rule_word {
    enum rule_word_kind kind;
    const char *at; /* in the statement, without quotes */
    size_t length;
};

/* Takes the next word off `*at`. */
struct rule_word rule_word_next(const char **at);

bool rule_word_is(const struct rule_word *word, const char *text);

/* Replaces the escapes of a sample's string; `out` has room for the word's length. Returns the
 * bytes written, or -EINVAL with `error` filled. */
int rule_word_unescape(const struct rule_word *word, uint8_t *out, struct error *error);

/* Reads "7", "0x1f" or "A..B". Returns 0 or -EINVAL with `error` filled. */
int rule_word_range(const struct rule_word *word, unsigned most, unsigned *first, unsigned *last,
                    struct error *error);

#endif
