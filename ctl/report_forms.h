/* SPDX-License-Identifier: BSD-3-Clause */
/* What the written forms of a report share; for ctl/report*.c only. The forms leave errors to the
 * stream, where report_write asks for them once. */
#ifndef CTL_REPORT_FORMS_H
#define CTL_REPORT_FORMS_H

#include "ctl/report.h"

void report_table_write(const struct report *report, const struct report_style *style, FILE *out);
void report_json_write(const struct report *report, bool is_pretty, FILE *out);
void report_csv_write(const struct report *report, bool has_header, FILE *out);
void report_prometheus_write(const struct report *report, FILE *out);

static inline bool report_has_tier(const struct report *report, unsigned tier)
{
    return report->context.tiers >> tier & 1;
}

/* By when a verdict came, as the forms name it: enough packets for "1", "2", … "32", "more". */
extern const char *const report_step_names[VERDICT_STEPS];

/* What the signatures tier says of itself, as the forms name it. */
enum { REPORT_SIGNATURE_COUNTS = 6 };
extern const char *const report_signature_names[REPORT_SIGNATURE_COUNTS];
uint64_t report_signature_count(const struct tally_signatures *counts, unsigned which);

/* Likewise the stochastic tier. */
enum { REPORT_STOCHASTIC_COUNTS = 4 };
extern const char *const report_stochastic_names[REPORT_STOCHASTIC_COUNTS];
uint64_t report_stochastic_count(const struct tally_stochastic *counts, unsigned which);

enum { REPORT_TEXT = 48 }; /* fits every text below, NUL included */

/* RFC 3339 in UTC, with as many fractional digits as it takes: "2024-05-01T12:00:00.25Z". */
void report_text_time(char text[REPORT_TEXT], uint64_t time_ns);

/* A decimal number of seconds with at least one decimal: "60.0". */
void report_text_seconds(char text[REPORT_TEXT], uint64_t span_ns);

/* For people: exact below 10,000 ("9,999"), then SI prefixes ("12 k"); `unit` ("B") or "". */
void report_text_amount(char text[REPORT_TEXT], uint64_t amount, const char *unit);

/* For people: "61.2%"; what is neither nothing nor all never rounds to it ("<0.1%", ">99.9%"). */
void report_text_share(char text[REPORT_TEXT], uint64_t part, uint64_t whole);

/* part * scale / whole, rounded to nearest, never more than scale; 0 when whole is. */
uint64_t report_scale(uint64_t part, uint64_t whole, unsigned scale);

#endif
