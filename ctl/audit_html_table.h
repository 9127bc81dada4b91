/* SPDX-License-Identifier: BSD-3-Clause */
/* Pieces of the audit's page that its parts share; for ctl/audit_*html*.c only. Errors are left to
 * the stream. */
#ifndef AUDIT_HTML_TABLE_H
#define AUDIT_HTML_TABLE_H

#include <stdio.h>

#include "ctl/audit.h"

/* <tag>text</tag>; whatever the text holds, it stays text. */
void html_tagged(FILE *out, const char *tag, const char *text);

/* Begins a table; `heads` ends with null, `words` is the set of columns that hold words, not
 * figures. */
void html_table_begin(FILE *out, const char *caption, const char *const *heads, unsigned words);
void html_table_end(FILE *out);

/* Begins a row; its end is the caller's. */
void html_row_name(FILE *out, const char *name);

/* Cells; a share with its interval where there is one. */
void html_bytes(FILE *out, uint64_t bytes);
void html_number(FILE *out, uint64_t number);
void html_share(FILE *out, const struct audit_share *share);

#endif
