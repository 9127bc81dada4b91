/* SPDX-License-Identifier: BSD-3-Clause */
/* One interval's tally made ready to be read: thresholded, named, sorted; and its five written
 * forms, which all say the same (docs/report-format.md). */
#ifndef CTL_REPORT_H
#define CTL_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "classifier/headers_model.h"
#include "classifier/protocol.h"
#include "classifier/tally.h"

/* What a report says of the run itself; the strings outlive the report. */
struct report_context {
    const char *source_kind; /* "pcap" or "dpdk" */
    const char *link;        /* "mirror", "inline" or "file" */
    unsigned tiers;          /* set of 1 << enum tier */
    unsigned min_endpoints;  /* cells from fewer initiating addresses are withheld; 0: none. At most
                                TALLY_HOST_BITS, beyond which a tally cannot count */
    uint64_t interval_ns;    /* length; 0 when the run is one interval */
    const struct services *services;           /* null when no tier reads names */
    const struct headers_model *headers_model; /* null when no tier uses one */
    const char *rules_sha256;                  /* null when no tier uses rules */
    const struct protocols *protocols;         /* those the tally was made for */
};

struct report_row {
    const char *name; /* borrowed from the protocols, or "withheld" */
    const char *category;
    struct tally_cell cell; /* by value: `withheld` is the sum of others */
};

/* Frames that are not IP, by their own name. They have no addresses and are never withheld. */
struct report_non_ip {
    const char *name;
    struct tally_count count;
};

/* The conservation law in the numbers this report shows: where `unknown` is withheld, it counts
 * among the protocols here, too, so that nothing withheld can be read off the difference. */
struct report_conservation {
    struct tally_count seen;
    struct tally_count carried_over;
    struct tally_count protocols; /* all rows but unknown */
    struct tally_count unknown;
    struct tally_count non_ip;
    struct tally_count malformed;
    struct tally_count orphan_fragments;
    struct tally_count shed;
    struct tally_count unreported;
    int64_t balance_frames; /* seen + carried_over - all others; 0, or the numbers are wrong */
    int64_t balance_bytes;
};

struct report_headers; /* report_headers.h */

struct report {
    struct report_context context;
    const struct tally *tally; /* borrowed */
    bool has_time; /* false when neither a frame nor the interval's start says when this was */
    uint64_t start_ns, end_ns; /* the interval's bounds, or the first and last frame's times */
    struct report_conservation conservation;
    unsigned cells_withheld;
    unsigned row_count;
    unsigned non_ip_count;
    struct report_row *rows; /* by bytes, then name; `unknown` always among them unless withheld */
    struct report_headers *headers; /* null without that tier */
    struct report_non_ip *non_ip;   /* seen ones only; by bytes, then name */
};

/* Builds a report over `tally`, which must outlive it. Returns 0 or -errno: -EINVAL for a threshold
 * above TALLY_HOST_BITS, or a tally made for another number of protocols. */
int report_new(struct report **report, const struct report_context *context,
               const struct tally *tally, struct error *error);
void report_free(struct report *report);

/* Whether the law holds in frames and in bytes. */
bool report_is_conserved(const struct report *report);

enum report_format {
    REPORT_TABLE,
    REPORT_JSON,
    REPORT_NDJSON, /* one line */
    REPORT_CSV,
    REPORT_PROMETHEUS, /* one exposition per output: see report_write */
    REPORT_FORMATS,
};

/* The name in options ("ndjson"). */
const char *report_format_name(enum report_format format);

/* The format of that name, or -1. */
int report_format_find(const char *name);

struct report_style {
    bool has_colour;  /* terminal escapes in the table */
    bool has_unicode; /* block elements in the table, else ASCII */
    unsigned columns; /* width of the terminal, or 0 to take 80 */
    bool is_first;    /* of this run: a CSV header is due */
};

/* What `out` can show: colour and width if it is a terminal (NO_COLOR and TERM=dumb respected),
 * Unicode if the user's locale is UTF-8. `is_first` is set. */
struct report_style report_style_detect(FILE *out);

/* Writes one report and flushes `out`. Returns 0, or -EIO when `out` failed.
 *
 * Prometheus counters only ever grow, so for that form the caller gives a report over the tally of
 * the whole run so far (intervals merged, `flows.active` as of now), and writes it once per output:
 * a scrape, or a file to be replaced. */
int report_write(const struct report *report, enum report_format format,
                 const struct report_style *style, FILE *out);

#endif
