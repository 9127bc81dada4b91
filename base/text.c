/* SPDX-License-Identifier: BSD-3-Clause */
/* Digits to integers, without floating point and without forgiving anything. */
#include "base/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* Reads digits; null when there is none or the number is more than `most`. */
static const char *read_digits(const char *text, uint64_t most, uint64_t *value)
{
    const char *at = text;
    *value = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (digit > most || *value > (most - digit) / 10)
            return NULL;
        *value = *value * 10 + digit;
    }
    return at == text ? NULL : at;
}

int text_read_unsigned(const char *text, const char *what, uint64_t least, uint64_t most,
                       uint64_t *value, struct error *error)
{
    const char *end = read_digits(text, most, value);
    if (!end || *end || *value < least)
        return error_set(error, EINVAL, "%s: '%s' is not a whole number from %llu to %llu", what,
                         text, (unsigned long long)least, (unsigned long long)most);
    return 0;
}

int text_read_seconds(const char *text, const char *what, uint64_t *value_ns, struct error *error)
{
    const uint64_t seconds_max = UINT64_C(10) * 366 * 86400;
    uint64_t seconds = 0;
    uint64_t fraction_ns = 0;
    const char *end = read_digits(text, seconds_max, &seconds);
    bool is_good = end;
    if (is_good && *end == '.') {
        uint64_t unit_ns = 100000000;
        for (end++; *end >= '0' && *end <= '9' && unit_ns; end++, unit_ns /= 10)
            fraction_ns += (uint64_t)(*end - '0') * unit_ns;
        is_good = end[-1] != '.';
    }
    *value_ns = seconds * 1000000000 + fraction_ns;
    if (!is_good || *end || *value_ns == 0)
        return error_set(error, EINVAL, "%s: '%s' is not a number of seconds such as 60 or 0.5",
                         what, text);
    return 0;
}
