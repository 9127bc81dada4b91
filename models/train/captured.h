/* SPDX-License-Identifier: BSD-3-Clause */
/* A capture whose flows are known, in memory, and copies of it in which the same flows look as they
 * would elsewhere on the way: seen one way only, or cut into other segments. */
#ifndef CAPTURED_H
#define CAPTURED_H

#include "classifier/flow_key.h"
#include "classifier/frame.h"
#include "dataplane/source.h"
#include "eval_truth.h"
#include "rows.h"

enum { CAPTURED_FOREIGN = UINT32_MAX };

struct captured_frame {
    struct frame frame;
    uint32_t unit;  /* row of truth, or CAPTURED_FOREIGN */
    bool is_second; /* against the first packet of the unit */
};

/* A row of truth as the capture shows it. */
struct captured_unit {
    struct flow_key key;
    uint32_t first[2]; /* bytes of payload, as in rows_flow */
    bool has_first[2];
    bool is_seen[2]; /* has a packet, by side */
    bool begins_reversed;
};

struct captured {
    struct keyed_secret secret; /* drawn for this capture: a classifier must use the same */
    size_t unit_count;
    struct captured_unit *units;
    uint32_t *slots; /* open addressing over the keys: unit + 1, or 0 */
    uint32_t mask;
    size_t count, room;
    struct captured_frame *frames;
    size_t byte_count, byte_room;
    uint8_t *bytes;
};

/* Reads `path` and finds the units of `rows` in it. What is wrong with the capture is told to
 * `complaint`, the rest counts. Returns 0 or -errno; to be freed in either case. */
int captured_read(struct captured *captured, const char *path, const struct eval_row *rows,
                  size_t count, struct complaint complaint, struct error *error);
void captured_free(struct captured *captured);

/* The unit of that key, or CAPTURED_FOREIGN. */
uint32_t captured_find(const struct captured *captured, const struct flow_key *key);

/* Makes `copy`, frames only, of what a variation leaves; to be freed with captured_free in either
 * case. Segments: TCP payload of full-size packets over Ethernet flows into segments of
 * `segment_bytes`, each at the time at which its last byte came; what is no full one, or pushed,
 * ends a segment. Returns 0 or -ENOMEM. */
int captured_vary(struct captured *copy, const struct captured *captured, enum variation variation,
                  uint32_t segment_bytes);

#endif
