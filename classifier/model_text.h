/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the text of a model word by word (docs/model-format.md): lines end with a line feed, words
 * are parted by single blanks, numbers are decimal without leading zeros. The first fault is noted
 * with its line; from then on every call fails, so that a reader may ask for a whole line and look
 * once. Nothing of it is shared with a worker. */
#ifndef CLASSIFIER_MODEL_TEXT_H
#define CLASSIFIER_MODEL_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { MODEL_DIGEST_TEXT = 64, MODEL_NAME_MAX = 63 };

struct model_text {
    const char *at; /* the next word of the line */
    const char *line_end;
    const char *end; /* of the lines before the digest's */
    unsigned line;
    bool is_bad;
    char sha256[MODEL_DIGEST_TEXT + 1];
    struct error *error;
};

/* Proves the last line, `sha256 HEX` of all bytes before it, and stands before the first one. */
void model_text_open(struct model_text *text, const char *bytes, size_t length,
                     struct error *error);

/* The lines that models of all kinds begin with: format, `kind`, name, site, and how it was
 * trained. `name` and `site` have room for MODEL_NAME_MAX characters and a zero. */
void model_text_head(struct model_text *text, const char *kind, char *name, char *site,
                     char *trained, size_t trained_size);

/* Goes to the next line, which begins with `word`, as the one before it is used up. */
bool model_text_line(struct model_text *text, const char *word);

/* Does the next line begin with `word`? Goes nowhere. */
bool model_text_is_next(const struct model_text *text, const char *word);

/* The next word, copied; `what` is for the complaint. */
bool model_text_word(struct model_text *text, const char *what, char *word, size_t size);

/* All that is left of the line. */
bool model_text_rest(struct model_text *text, const char *what, char *rest, size_t size);

/* The next word, a whole number of that range; `least` where there is none. */
int64_t model_text_number(struct model_text *text, const char *what, int64_t least, int64_t most);

/* Is there another word on the line? */
bool model_text_has_more(const struct model_text *text);

/* Nothing follows the last line. */
bool model_text_close(struct model_text *text);

/* Notes a fault of the line that was read last. Returns false. */
bool model_text_fault(struct model_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Likewise, of another line. */
bool model_text_fault_at(struct model_text *text, unsigned line, const char *reason);

#endif
