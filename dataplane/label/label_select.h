/* SPDX-License-Identifier: BSD-3-Clause */
/* Which captured frames belong to labelled flows, each packet once. Works on frames one by one and
 * opens no file. */
#ifndef DATAPLANE_LABEL_SELECT_H
#define DATAPLANE_LABEL_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classifier/frame.h"
#include "dataplane/label.h"
#include "dataplane/label_capture.h"

enum {
    LINK_TYPE_RAW = 101, /* tcpdump.org/linktypes.html */
    LINK_TYPE_COOKED_2 = 276,
};

/* In front of each frame in a spool. */
struct spool_record {
    uint64_t time_ns; /* CLOCK_REALTIME */
    uint32_t captured_bytes;
    uint32_t wire_bytes;
};

struct label_select;

/* `flows` is sorted as label_flows gives them and outlives `select`. Returns 0 or -errno. */
int label_select_new(struct label_select **select, const struct label_flow *flows,
                     size_t flow_count, uint64_t until_ns, struct error *error);
void label_select_free(struct label_select *select);

/* Whether `frame`, next in time, is to be written; counts it either way. `interface` is the index
 * of the interface it was seen on, 0 when the frame's own cooked header tells. */
bool label_select_frame(struct label_select *select, const struct frame *frame, unsigned interface);

/* What became of the frames; `counts` is set but for what was dropped. */
void label_select_finish(const struct label_select *select, struct label_capture_counts *counts);

#endif
