/* SPDX-License-Identifier: BSD-3-Clause */
/* Digits, perhaps decimals, then a unit out of a table. */
#include "base/quantity.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t worth;
};

/* The number in thousandths; null when there is none, when it has a zero too many in front, more
 * than three decimals, or is too large. */
static const char *read_thousandths(const char *text, bool has_decimals, uint64_t *thousandths)
{
    const uint64_t whole_max = UINT64_C(1000000000000000);
    const char *at = text;
    uint64_t whole = 0;
    for (; *at >= '0' && *at <= '9' && whole < whole_max; at++)
        whole = whole * 10 + (uint64_t)(*at - '0');
    if (at == text || (*text == '0' && at > text + 1) || whole >= whole_max)
        return NULL;
    *thousandths = whole * 1000;
    if (*at != '.' || !has_decimals)
        return at;
    const char *decimals = ++at;
    for (uint64_t worth = 100; *at >= '0' && *at <= '9'; at++, worth /= 10) {
        if (!worth)
            return NULL;
        *thousandths += (uint64_t)(*at - '0') * worth;
    }
    return at == decimals ? NULL : at;
}

/* Thousandths times the unit's worth, when it is a whole number from `least` to `most`. */
static bool read(const char *text, const struct unit *units, bool has_decimals, uint64_t most,
                 uint64_t *value)
{
    uint64_t thousandths;
    const char *end = read_thousandths(text, has_decimals, &thousandths);
    if (!end)
        return false;
    for (; units->name; units++) {
        if (strcmp(end, units->name) != 0)
            continue;
        uint64_t whole = thousandths / 1000;
        uint64_t rest = thousandths % 1000 * units->worth;
        if (rest % 1000 || __builtin_mul_overflow(whole, units->worth, value) ||
            __builtin_add_overflow(*value, rest / 1000, value))
            return false;
        return *value <= most;
    }
    return false;
}

int quantity_read_rate(const char *text, uint64_t *bits_per_second, struct error *error)
{
    static const struct unit units[] = {
        {"bit/s", 1}, {"kbit/s", 1000}, {"Mbit/s", 1000000}, {"Gbit/s", 1000000000}, {NULL, 0}};
    if (read(text, units, true, UINT64_C(1000000000000), bits_per_second) && *bits_per_second)
        return 0;
    return error_set(error, EINVAL,
                     "'%.40s' is not a rate such as 1.5Mbit/s: bit/s, kbit/s, Mbit/s or Gbit/s, "
                     "from 1bit/s to 1000Gbit/s",
                     text);
}

int quantity_read_size(const char *text, uint64_t most, uint64_t *bytes, struct error *error)
{
    static const struct unit units[] = {
        {"B", 1},
        {"kB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", UINT64_C(1000000000000)},
        {"KiB", UINT64_C(1) << 10},
        {"MiB", UINT64_C(1) << 20},
        {"GiB", UINT64_C(1) << 30},
        {"TiB", UINT64_C(1) << 40},
        {NULL, 0},
    };
    if (read(text, units, false, most, bytes))
        return 0;
    return error_set(error, EINVAL,
                     "'%.40s' is not a size such as 64KiB: B, kB, MB, GB, TB, KiB, MiB, GiB or "
                     "TiB, at most %lluB",
                     text, (unsigned long long)most);
}

int quantity_read_duration(const char *text, uint64_t *ns, struct error *error)
{
    static const struct unit units[] = {
        {"ms", 1000000},
        {"s", 1000000000},
        {"min", UINT64_C(60000000000)},
        {"h", UINT64_C(3600000000000)},
        {"d", UINT64_C(86400000000000)},
        {NULL, 0},
    };
    if (read(text, units, false, UINT64_C(400) * 86400000000000, ns))
        return 0;
    return error_set(error, EINVAL,
                     "'%.40s' is not a duration such as 250ms: ms, s, min, h or d, at most 400d",
                     text);
}
