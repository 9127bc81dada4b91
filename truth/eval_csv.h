/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads CSV (RFC 4180, lines may also end with LF alone) strictly and in place; knows nothing of
 * what the columns mean. */
#ifndef EVAL_CSV_H
#define EVAL_CSV_H

#include <stddef.h>

#include "base/error.h"

enum { EVAL_CSV_FIELDS_MAX = 64 };

/* A text with records, read from the front. */
struct eval_csv {
    char *at;      /* what is left; changed in place: quotes go, separators become zeros */
    char *end;     /* one past the last byte, where a zero stands */
    unsigned line; /* of the record read last, 1-based; `next_line` is that of the one to come */
    unsigned next_line;
};

struct eval_csv eval_csv_over(char *text, size_t length);

/* Reads the next record into `fields`, which then point into the text. Returns how many there are,
 * 0 when no record is left, or -EINVAL with `error` (and its line) filled: a quote where none may
 * be or one that is not closed, a zero byte, more than EVAL_CSV_FIELDS_MAX fields. */
int eval_csv_read(struct eval_csv *csv, char **fields, struct error *error);

/* Loads a whole text file, ended with a zero; to be freed. Null with `error` filled when that
 * failed. */
char *eval_file_load(const char *path, size_t *length, struct error *error);

#endif
