/* SPDX-License-Identifier: BSD-3-Clause */
/* One interval's tally made ready to be read: thresholded, named, sorted; and its five written
 * forms, which all say the same (docs/report-format.md). */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "classifier/protocol.h"
#include "classifier/tally.h"

/* What a report says of the run itself; the strings outlive the report. */
struct report_context {
    const char *source_kind; /* "pcap" or "dpdk" */
    const char *link;        /* "mirror", "inline" or "file" */
    unsigned tiers;          /* set of 1 << enum tier */
    unsigned min_endpoints;  /* cells from fewer initiating addresses are withheld; 0: none */
    uint64_t interval_ns;    /* length; 0 when the run is one interval */
    const struct protocols *protocols;
};

struct report_row {
    const char *name;
    const char *category;
    struct tally_cell cell; /* by value: `withheld` is the sum of others */
};

struct report {
    struct report_context context;
    const struct tally *tally; /* borrowed */
    bool has_time;             /* false when no frame was seen */
    uint64_t start_ns, end_ns; /* the interval's bounds, or the first and last frame's times */
    unsigned cells_withheld;
    unsigned row_count;
    struct report_row *rows; /* by bytes, then name; `unknown` always among them unless withheld */
};

/* Builds a report over `tally`, which must outlive it. Returns 0 or -errno. */
int report_new(struct report **report, const struct report_context *context,
               const struct tally *tally, struct error *error);
void report_free(struct report *report);

enum report_format {
    REPORT_TABLE,
    REPORT_JSON,
    REPORT_NDJSON, /* one line */
    REPORT_CSV,
    REPORT_PROMETHEUS,
    REPORT_FORMATS,
};

/* The format of that name, or -1. */
int report_format_find(const char *name);

struct report_style {
    bool has_colour;  /* terminal escapes in the table */
    unsigned columns; /* width of the terminal, or 0 to take 80 */
    bool is_first;    /* of this run: a CSV header is due; Prometheus totals start */
};

/* Writes one report. Returns 0, or -EIO when `out` failed. */
int report_write(const struct report *report, enum report_format format,
                 const struct report_style *style, FILE *out);

#endif
