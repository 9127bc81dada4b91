/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes what was learned as a model file (docs/model-format.md). */
#ifndef LEARNED_TEXT_H
#define LEARNED_TEXT_H

#include "learner.h"

struct learned_words {
    const char *name;
    const char *site;
    const char *trained;
};

/* The file's bytes, to be freed; `*length` of them, ended with a zero that does not count. Null
 * when memory is out. */
char *learned_text(const struct learned *learned, const struct rows *rows,
                   const struct learned_words *words, size_t *length);

/* The same as the headers tier reads it. Returns 0 or -errno. */
int learned_model(struct headers_model **model, const struct learned *learned,
                  const struct rows *rows, const struct learned_words *words,
                  const struct protocols *protocols, struct error *error);

/* Its parts that say what scores are worth: `calibration` and `conformal` of a checkpoint; and
 * `confusion` and `fit`. */
void learned_text_worth(const struct learned *learned, const struct rows *rows, unsigned checkpoint,
                        FILE *out);
void learned_text_confirmed(const struct learned *learned, const struct rows *rows, FILE *out);

/* Adds the line of the digest to a model's other lines, which are given away. As learned_text. */
char *learned_text_seal(char *text, size_t *length);

#endif
