/* SPDX-License-Identifier: BSD-3-Clause */
/* Escapes; knows no tags. */
#include "markup.h"

#include <stdbool.h>

#include "utf8.h"

static const char replacement[] = "\xef\xbf\xbd";

/* Neither of the two code points that XML forbids at the end of the plane. */
static bool is_character(const unsigned char *at, size_t length)
{
    if (length == 0 || *at < 0x20 || *at == 0x7f)
        return false;
    return !(length == 3 && at[0] == 0xef && at[1] == 0xbf && at[2] >= 0xbe);
}

void markup_text(FILE *out, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    for (size_t length; *at; at += length ? length : 1) {
        length = utf8_sequence(at);
        if (!is_character(at, length))
            fputs(replacement, out);
        else if (*at == '&')
            fputs("&amp;", out);
        else if (*at == '<')
            fputs("&lt;", out);
        else if (*at == '>')
            fputs("&gt;", out);
        else if (*at == '"')
            fputs("&quot;", out);
        else
            fwrite(at, 1, length, out);
    }
}
