/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes digits. */
#include "eval_text.h"

#include <inttypes.h>
#include <stdio.h>

struct eval_text eval_text_count(uint64_t number)
{
    char digits[24];
    struct eval_text made;
    unsigned count = (unsigned)snprintf(digits, sizeof digits, "%" PRIu64, number);
    unsigned at = 0;
    for (unsigned i = 0; i < count; i++) {
        made.text[at++] = digits[i];
        if ((count - i) % 3 == 1 && i + 1 < count)
            made.text[at++] = ',';
    }
    made.text[at] = '\0';
    return made;
}

struct eval_text eval_text_percent(double share, unsigned decimals)
{
    static const double units[] = {1, 0.1, 0.01, 0.001};
    struct eval_text made;
    double percent = share * 100;
    double unit = units[decimals];
    if (percent <= 0 || percent >= 100)
        snprintf(made.text, sizeof made.text, percent <= 0 ? "0" : "100");
    else if (percent < unit / 2)
        snprintf(made.text, sizeof made.text, "<%g", unit);
    else if (percent >= 100 - unit / 2)
        snprintf(made.text, sizeof made.text, ">%.*f", (int)decimals, 100 - unit);
    else
        snprintf(made.text, sizeof made.text, "%.*f", (int)decimals, percent);
    return made;
}
