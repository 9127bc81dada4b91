/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds out what a stream can show. The only part of reports that looks at the environment. */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/report.h"

/* Asks for the user's locale by itself, so that the program need not change its own. */
static bool locale_is_utf8(void)
{
    const locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (locale == (locale_t)0)
        return false;
    const bool is_utf8 = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return is_utf8;
}

static bool wants_colour(void)
{
    const char *no_colour = getenv("NO_COLOR"); /* no-color.org: set and not empty */
    const char *terminal = getenv("TERM");
    return !(no_colour && *no_colour) && terminal && strcmp(terminal, "dumb") != 0;
}

struct report_style report_style_detect(FILE *out)
{
    struct report_style style = {.has_unicode = locale_is_utf8(), .is_first = true};
    const int descriptor = fileno(out);
    if (descriptor < 0 || !isatty(descriptor))
        return style;
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) == 0)
        style.columns = size.ws_col;
    style.has_colour = wants_colour();
    return style;
}
