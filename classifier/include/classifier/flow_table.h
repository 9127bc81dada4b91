/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table: a fixed number of slots, found by key, allocated at start.
 *
 *     key ──┬─► bucket A  [8 tags | 8 slot numbers]   one line each, few enough to stay
 *           └─► bucket B  [8 tags | 8 slot numbers]   in the outer caches
 *                   │
 *                   └─► slot: flow (one line), flow_detail (one line, elsewhere), stamp
 *
 * A key may stand in either of two buckets of 8. Both are searched by tag alone, so that of the
 * large arrays a packet touches one line: its flow's. Slots are handed out densely: memory in use
 * follows the number of flows, and going through all of them is going through memory in order. A
 * new key stands in the emptier bucket; when both are full, or no slot is left, a flow of its
 * neighbourhood of up to 16 makes room: one that had but a single packet where there is one, and
 * the idlest of these, else the idlest of all. So a flood of beginnings that nobody goes on with
 * drives out itself. Nothing moves once placed, so slots found for a whole burst stay good while it
 * is worked through.
 *
 * The table knows nothing about flows but their keys: beginning, updating and finishing them is the
 * caller's. One writer, no locks. */
#ifndef CLASSIFIER_FLOW_TABLE_H
#define CLASSIFIER_FLOW_TABLE_H

#include "base/error.h"
#include "classifier/flow.h"

enum { FLOW_TABLE_NONE = UINT32_MAX, FLOW_TABLE_NEIGHBOURS = 16 };

struct flow_table;

/* Room for `capacity` flows at once, 1 to 3,000,000,000. Memory is reserved at once, resident once
 * used: 128 bytes a flow and 13 for finding it. Returns 0 or -errno. */
int flow_table_new(struct flow_table **table, uint64_t capacity, struct error *error);

/* Wipes the slots in use. Null is fine. */
void flow_table_free(struct flow_table *table);

/* Slots below this number may be in use, those from it on never were. */
uint32_t flow_table_slots(const struct flow_table *table);

/* How many are in use. */
uint32_t flow_table_used(const struct flow_table *table);

/* Looks up to FRAME_BURST keys up and starts fetching their flows: slots[i] is keys[i]'s slot or
 * FLOW_TABLE_NONE. */
void flow_table_find(const struct flow_table *table, const struct flow_key *keys, uint32_t *slots,
                     unsigned count);

/* Is `slot`, found earlier in this burst, still this key's? */
bool flow_table_holds(const struct flow_table *table, uint32_t slot, const struct flow_key *key);

/* The slot a new key should take. It may be in use: then its flow is the one to do without, and the
 * caller finishes it and releases the slot before claiming it. The key must not be in the table. */
uint32_t flow_table_place(const struct flow_table *table, const struct flow_key *key,
                          uint64_t now_ns);

bool flow_table_is_used(const struct flow_table *table, uint32_t slot);

/* Puts the key into the slot that flow_table_place named, with nothing else placed or released in
 * between but that slot. The flow's other fields are the caller's to set. */
void flow_table_claim(struct flow_table *table, uint32_t slot, const struct flow_key *key,
                      uint64_t now_ns);

/* Forgets the slot's key. */
void flow_table_release(struct flow_table *table, uint32_t slot);

/* The slot's flow had a packet after its first: coarse time for eviction and the sweep. */
void flow_table_touch(struct flow_table *table, uint32_t slot, uint64_t now_ns);

struct flow *flow_table_flow(const struct flow_table *table, uint32_t slot);
struct flow_detail *flow_table_detail(const struct flow_table *table, uint32_t slot);

/* Could the slot have been idle for `idle_ns` by its stamp? Free slots have not. Reads the stamp
 * only; the flow itself has the exact word. */
bool flow_table_may_be_idle(const struct flow_table *table, uint32_t slot, uint64_t idle_ns,
                            uint64_t now_ns);

#endif
