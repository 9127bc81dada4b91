/* SPDX-License-Identifier: BSD-3-Clause */
/* Quotes what must be quoted. */
#include "csv_text.h"

#include <string.h>

void csv_write_text(FILE *out, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}
