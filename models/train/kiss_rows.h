/* SPDX-License-Identifier: BSD-3-Clause */
/* Rows of signatures as `glassbox-train signatures` prints them, read back. */
#ifndef KISS_ROWS_H
#define KISS_ROWS_H

#include <stddef.h>

#include "base/error.h"
#include "classifier/kiss_model.h"

/* Strings are the table's. */
struct kiss_row {
    const char *site;
    const char *capture;
    const char *half;
    const char *label;
    enum kiss_transport transport;
    uint32_t endpoint; /* number within capture and half */
    struct kiss_signature signature;
};

enum { KISS_FILES_MAX = 64 };

struct kiss_rows {
    size_t count;
    struct kiss_row *row; /* in the order of the files */
    unsigned file_count;
    char *texts[KISS_FILES_MAX];
};

/* Adds the rows of one file. Returns 0, or -errno with `error` and its line filled. */
int kiss_rows_read(struct kiss_rows *rows, const char *path, struct error *error);

void kiss_rows_free(struct kiss_rows *rows);

#endif
