/* SPDX-License-Identifier: BSD-3-Clause */
/* Two audits, read back from their JSON form, side by side: what changed for which box, and whether
 * the change is more than the figures' own uncertainty. Compares; judges nothing. */
#ifndef AUDIT_DIFF_H
#define AUDIT_DIFF_H

#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"

enum audit_side { AUDIT_BEFORE, AUDIT_AFTER, AUDIT_SIDES };

/* A share that both audits, one of them or neither can state. */
struct audit_diff_figure {
    const char *name; /* "acted", "mistaken", "found", "unsure" */
    bool is_known[AUDIT_SIDES];
    double value[AUDIT_SIDES]; /* 0 to 1 */
    bool has_interval[AUDIT_SIDES];
    double low[AUDIT_SIDES], high[AUDIT_SIDES];
};

enum { AUDIT_DIFF_FIGURES = 4 };

struct audit_diff_box {
    char *name;
    bool is_in[AUDIT_SIDES];
    bool is_same_file; /* by its digest; false unless it is in both */
    bool is_same_view; /* sees the same tiers in both */
    struct audit_diff_figure figures[AUDIT_DIFF_FIGURES];
};

struct audit_diff {
    const char *paths[AUDIT_SIDES]; /* borrowed */
    bool has_same_rules;            /* digests of the rules, null beside null included */
    bool has_same_reference;        /* the same kind, and the same truth where it is truth */
    unsigned box_count;
    struct audit_diff_box
        *boxes; /* in the order of the first file, then what only the second has */
};

/* Reads both. Returns 0 or -errno with `error` filled: a file that cannot be read, is not JSON (its
 * line is named) or not an audit of version 1. */
int audit_diff_read(struct audit_diff *diff, const char *before, const char *after,
                    struct error *error);
void audit_diff_free(struct audit_diff *diff);

/* Do both have an interval, and the intervals nothing in common? */
bool audit_diff_is_apart(const struct audit_diff_figure *figure);

/* Return 0 or -EIO. */
int audit_diff_write_table(const struct audit_diff *diff, FILE *out);
int audit_diff_write_json(const struct audit_diff *diff, FILE *out);

#endif
