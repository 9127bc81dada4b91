/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes one field of a CSV (RFC 4180). */
#ifndef CSV_TEXT_H
#define CSV_TEXT_H

#include <stdio.h>

/* In quotes where it needs them. The caller asks `out` for errors. */
void csv_write_text(FILE *out, const char *text);

#endif
