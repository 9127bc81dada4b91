/* SPDX-License-Identifier: BSD-3-Clause */
/* Text inside HTML and XML: whatever it holds, it stays text. */
#ifndef MARKUP_H
#define MARKUP_H

#include <stdio.h>

/* `text` is UTF-8; bytes that are not, and characters that XML forbids, become U+FFFD. Fits between
 * tags and between double quotes. */
void markup_text(FILE *out, const char *text);

#endif
