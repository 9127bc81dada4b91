/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint table: a fixed number of endpoints, found by key, with the window each is filling.
 *
 *     key ──┬─► bucket A  [8 tags | 8 slot numbers]
 *           └─► bucket B  [8 tags | 8 slot numbers]
 *                   │
 *                   └─► slot: endpoint (448 bytes), stamp
 *
 * As the flow table: two buckets a key, slots handed out densely so that memory in use follows the
 * endpoints there are, and the idlest of up to 16 neighbours making room in a full table. No
 * address is kept: the key is a keyed hash (flow_key.h), of which 96 bits are compared. One writer.
 */
#ifndef CLASSIFIER_ENDPOINT_TABLE_H
#define CLASSIFIER_ENDPOINT_TABLE_H

#include "base/error.h"
#include "classifier/flow_key.h"
#include "classifier/kiss.h"

/* One endpoint: 448 bytes.
 *
 *     0    counts    24 nibbles x 16 values, one byte each
 *     384  squares   24 x 2 bytes
 *     432  packets   of the window under way
 *     434  verdict   protocol; PROTOCOL_UNKNOWN while there is none
 *     436  rest      packets to pass over before the next window begins
 *     438  strength  how many windows speak for the verdict more than against it
 *     439  (free)
 *     440  key       64 bits of the keyed hash */
struct endpoint {
    struct kiss kiss;
    uint16_t verdict;
    uint16_t rest;
    uint8_t strength;
    uint64_t key;
};

static_assert(sizeof(struct endpoint) == 448, "DESIGN: 448 bytes an endpoint");

enum { ENDPOINT_TABLE_NEIGHBOURS = 16 };

/* What became of a request for an endpoint. */
enum endpoint_outcome {
    ENDPOINT_FOUND,
    ENDPOINT_BEGUN,   /* empty, but for its key */
    ENDPOINT_EVICTED, /* likewise, and another one had to go for it */
};

struct endpoint_table;

/* Room for `capacity` endpoints, 16 to 100,000,000. Memory is reserved at once, resident once used:
 * 448 bytes an endpoint and 13 for finding it. Returns 0 or -errno. */
int endpoint_table_new(struct endpoint_table **table, uint64_t capacity, struct error *error);

/* Wipes the slots in use. Null is fine. */
void endpoint_table_free(struct endpoint_table *table);

/* The key's endpoint, made now if need be; `*slot` is where it is. One that was idle for 300 s of
 * packet time or more (ENDPOINT_IDLE_NS) is another program's by then, and begins anew. Hot. */
enum endpoint_outcome endpoint_table_take(struct endpoint_table *table, const struct flow_key *key,
                                          uint64_t now_ns, uint32_t *slot);

static const uint64_t ENDPOINT_IDLE_NS = 300ull * 1000000000;

/* Is the endpoint of this key still in `slot`? `check` is endpoint_check() of it; 32 bits suffice
 * for a slot that was this endpoint's a moment ago. Notes that it was used. */
struct endpoint *endpoint_table_touch(struct endpoint_table *table, uint32_t slot, uint32_t check,
                                      uint64_t now_ns);

/* Likewise, however long ago it was used, and without noting it. */
struct endpoint *endpoint_table_peek(const struct endpoint_table *table, uint32_t slot,
                                     uint32_t check);

static inline uint32_t endpoint_check(const struct flow_key *key)
{
    return (uint32_t)key->word[1];
}

struct endpoint *endpoint_table_at(const struct endpoint_table *table, uint32_t slot);

/* How many are in use. */
uint32_t endpoint_table_used(const struct endpoint_table *table);

#endif
