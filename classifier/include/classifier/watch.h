/* SPDX-License-Identifier: BSD-3-Clause */
/* The first payload bytes of flows that signatures have not decided yet, in a pool of fixed size.
 * The one place where payload outlives its packet: a slot is held while its flow is undecided, and
 * what it held is wiped when it is given back.
 *
 *     flow_detail.watch_slot ──► watch: owner | what was seen | client bytes | server bytes
 *
 * When no slot is free the one that was taken longest ago changes hands; its flow notices by the
 * owner, and stays with the verdict it has. One writer, no locks. */
#ifndef CLASSIFIER_WATCH_H
#define CLASSIFIER_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/flow_key.h"
#include "classifier/name.h"
#include "classifier/rules.h"

enum {
    WATCH_PIECES = 4, /* stretches a direction kept beyond a gap of its stream */
    WATCH_HITS = 12,  /* rules remembered a flow */
    WATCH_LAST_BYTES = 128,
};

/* Bytes first..end-1 of a stream. */
struct watch_piece {
    uint16_t first, end;
};

/* How far reading the flow's name has come. */
enum watch_naming { WATCH_NAMING_CLIENT, WATCH_NAMING_SERVER, WATCH_NAMED };

/* Payloads in which a rule matched, by direction. */
struct watch_hit {
    uint16_t rule;
    uint8_t count[2];
};

struct watch {
    struct flow_key owner;     /* zero: free */
    uint32_t base_sequence[2]; /* TCP: of the stream's first byte */
    bool has_base[2];
    uint8_t packets[2];            /* payload packets that brought something new; saturates */
    uint16_t sizes[2][RULE_SIZES]; /* their bytes on the wire */
    uint16_t filled[2];            /* TCP: bytes in order; else: bytes kept of the last payload */
    uint32_t last_length[2];       /* not TCP: bytes on the wire of the last payload */
    uint8_t piece_count[2];
    struct watch_piece pieces[2][WATCH_PIECES]; /* ordered, apart from each other */
    uint8_t hit_count;
    struct watch_hit hits[WATCH_HITS];
    uint32_t next;      /* of the free slots */
    uint8_t naming;     /* enum watch_naming */
    bool is_name_state; /* `names` is in use, `bytes` is not */
    union {
        uint8_t bytes[2][RULE_STREAM_BYTES];
        union name_state names; /* of a datagram flow whose protocol is certain */
    };
};

struct watch_pool;

/* Room for `count` flows at once. Returns 0 or -errno with `error` filled. */
int watch_pool_new(struct watch_pool **pool, uint32_t count, struct error *error);

/* Wipes what is held. Null is fine. */
void watch_pool_free(struct watch_pool *pool);

/* An empty watch for this flow, and its slot. `*was_taken` says that another flow lost it. */
struct watch *watch_take(struct watch_pool *pool, const struct flow_key *owner, uint32_t *slot,
                         bool *was_taken);

/* The flow's watch in that slot; null when it was lost. */
struct watch *watch_find(struct watch_pool *pool, uint32_t slot, const struct flow_key *owner);

/* Wipes and gives back. */
void watch_release(struct watch_pool *pool, uint32_t slot);

/* Places stream bytes that begin at `sequence`; bytes that are there already stay as they are.
 * Returns whether the part in order has grown. */
bool watch_place(struct watch *watch, unsigned direction, uint32_t sequence, const uint8_t *bytes,
                 uint32_t length);

/* Notes a payload packet of that many bytes on the wire. */
void watch_count(struct watch *watch, unsigned direction, uint32_t packet_bytes);

/* Keeps the beginning of a datagram, for the next one to be compared with. */
void watch_keep_last(struct watch *watch, unsigned direction, const uint8_t *bytes,
                     uint32_t captured_bytes, uint32_t length);

/* From now on the watch holds name state, copied from `state`, and no payload. */
void watch_keep_names(struct watch *watch, const union name_state *state);

/* The rule's record, made now if there is room; null when there is none. */
struct watch_hit *watch_hit_of(struct watch *watch, uint16_t rule);

#endif
