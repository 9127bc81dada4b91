/* SPDX-License-Identifier: BSD-3-Clause */
/* What a report says of the headers tier: its model, whether that fits, and what flows are by it,
 * counted and corrected. For ctl/report*.c only. */
#ifndef REPORT_HEADERS_H
#define REPORT_HEADERS_H

#include "ctl/report.h"
#include "model_fit.h"
#include "model_shares.h"

/* Flows that ended, by the headers tier's verdict alone. */
struct report_share {
    const char *name; /* a protocol, "unknown", "withheld"; of categories the same as `category` */
    const char *category;
    uint64_t flows;     /* counted */
    uint64_t bytes;     /* of these */
    uint64_t corrected; /* flows, estimated */
    uint64_t low, high; /* 95 % interval of that */
    int64_t adjusted;   /* flows: the other estimate */
    uint64_t corrected_bytes;
    uint64_t low_bytes, high_bytes; /* 95 % interval of that */
};

struct report_headers {
    const struct headers_model *model;
    struct model_fit fit;
    uint64_t flows;              /* in all */
    struct report_share *shares; /* by corrected flows, then name; what is nothing is left out */
    unsigned share_count;
    struct report_share *categories; /* likewise */
    unsigned category_count;
};

/* Returns 0 or -ENOMEM. */
int report_headers_new(struct report_headers **headers, const struct report_context *context,
                       const struct tally *tally);

/* Null is fine. */
void report_headers_free(struct report_headers *headers);

#endif
