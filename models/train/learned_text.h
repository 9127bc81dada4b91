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

#endif
