/* SPDX-License-Identifier: BSD-3-Clause */
/* Times, spans, amounts and shares as text. Integers only: the same digits on every machine. */
#include "report_forms.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum { NS_DIGITS = 9 };
static const uint64_t ns_per_second = 1000000000;

const char *const report_step_names[VERDICT_STEPS] = {"1", "2", "4", "8", "16", "32", "more"};

const char *const report_signature_names[REPORT_SIGNATURE_COUNTS] = {
    "payloads",        "payload_bytes",  "watches_lost",
    "endpoints_named", "endpoints_lost", "related_flows",
};

uint64_t report_signature_count(const struct tally_signatures *counts, unsigned which)
{
    const uint64_t numbers[REPORT_SIGNATURE_COUNTS] = {
        counts->payloads, counts->bytes,      counts->watches_lost,
        counts->named,    counts->named_lost, counts->related_flows,
    };
    return numbers[which];
}

const char *const report_stochastic_names[REPORT_STOCHASTIC_COUNTS] = {"endpoints", "evicted",
                                                                       "windows", "rejected"};

uint64_t report_stochastic_count(const struct tally_stochastic *counts, unsigned which)
{
    const uint64_t numbers[REPORT_STOCHASTIC_COUNTS] = {counts->endpoints, counts->evicted,
                                                        counts->windows, counts->rejected};
    return numbers[which];
}

/* Appends ".fraction" without trailing zeros, but with at least `digits_min` digits. */
static void append_fraction(char text[REPORT_TEXT], uint64_t fraction_ns, size_t digits_min)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%09" PRIu64, fraction_ns);
    size_t length = NS_DIGITS;
    while (length > digits_min && digits[length - 1] == '0')
        length--;
    if (length == 0)
        return;
    const size_t used = strlen(text);
    snprintf(text + used, REPORT_TEXT - used, ".%.*s", (int)length, digits);
}

void report_text_time(char text[REPORT_TEXT], uint64_t time_ns)
{
    const time_t seconds = (time_t)(time_ns / ns_per_second);
    struct tm parts;
    gmtime_r(&seconds, &parts);
    strftime(text, REPORT_TEXT, "%Y-%m-%dT%H:%M:%S", &parts);
    append_fraction(text, time_ns % ns_per_second, 0);
    const size_t used = strlen(text);
    snprintf(text + used, REPORT_TEXT - used, "Z");
}

void report_text_seconds(char text[REPORT_TEXT], uint64_t span_ns)
{
    snprintf(text, REPORT_TEXT, "%" PRIu64, span_ns / ns_per_second);
    append_fraction(text, span_ns % ns_per_second, 1);
}

/* Rounds half up; written without `number + divisor / 2`, which could overflow. */
static uint64_t divide_rounded(uint64_t number, uint64_t divisor)
{
    const uint64_t rest = number % divisor;
    return number / divisor + (rest >= divisor - rest);
}

void report_text_amount(char text[REPORT_TEXT], uint64_t amount, const char *unit)
{
    const char *space = *unit ? " " : "";
    if (amount < 1000) {
        snprintf(text, REPORT_TEXT, "%" PRIu64 "%s%s", amount, space, unit);
        return;
    }
    if (amount < 10000) {
        snprintf(text, REPORT_TEXT, "%" PRIu64 ",%03" PRIu64 "%s%s", amount / 1000, amount % 1000,
                 space, unit);
        return;
    }
    static const char prefixes[] = "kMGTPE";
    unsigned prefix = 0;
    uint64_t divisor = 1000;
    while (prefixes[prefix + 1] && divide_rounded(amount, divisor) >= 1000) {
        divisor *= 1000;
        prefix++;
    }
    const uint64_t tenths = divide_rounded(amount, divisor / 10);
    if (tenths < 100)
        snprintf(text, REPORT_TEXT, "%" PRIu64 ".%" PRIu64 " %c%s", tenths / 10, tenths % 10,
                 prefixes[prefix], unit);
    else
        snprintf(text, REPORT_TEXT, "%" PRIu64 " %c%s", divide_rounded(amount, divisor),
                 prefixes[prefix], unit);
}

uint64_t report_scale(uint64_t part, uint64_t whole, unsigned scale)
{
    if (part >= whole)
        return whole ? scale : 0;
    while (whole > UINT64_MAX / scale) {
        part >>= 1;
        whole >>= 1;
    }
    return divide_rounded(part * scale, whole);
}

void report_text_share(char text[REPORT_TEXT], uint64_t part, uint64_t whole)
{
    const uint64_t permille = report_scale(part, whole, 1000);
    if (part > 0 && permille == 0)
        snprintf(text, REPORT_TEXT, "<0.1%%");
    else if (part < whole && permille == 1000)
        snprintf(text, REPORT_TEXT, ">99.9%%");
    else
        snprintf(text, REPORT_TEXT, "%" PRIu64 ".%" PRIu64 "%%", permille / 10, permille % 10);
}
