/* SPDX-License-Identifier: BSD-3-Clause */
/* Two buckets a key, slots handed out densely, stamps beside them. */
#include "classifier/flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/frame.h"
#include "reserved.h"
#include "tag_match.h"

enum {
    BUCKET_PLACES = FLOW_TABLE_NEIGHBOURS / 2,
    LINE_BYTES = 64,     /* records are spaced by lines, whatever the structures need of them */
    STAMP_SHIFT = 29,    /* stamps count packet time in units of 2^29 ns, about half a second */
    STAMP_MASK = 0x7fff, /* and wrap after 4.9 hours */
    STAMP_LASTING = 1,   /* lowest bit of a stamp: the flow has had more than one packet */
};

static const uint64_t capacity_max = 3000000000;

/* A tag is 32 bits of the key, 0 where the place is free. */
struct bucket {
    _Alignas(LINE_BYTES) uint32_t tag[BUCKET_PLACES];
    uint32_t slot[BUCKET_PLACES];
};

static_assert(sizeof(struct bucket) == LINE_BYTES, "a bucket is one cache line");
static_assert(BUCKET_PLACES == 8, "as many tags as tag_match compares");

struct flow_table {
    struct bucket *buckets;
    uint8_t *flows;   /* LINE_BYTES each */
    uint8_t *details; /* likewise */
    uint16_t *stamps; /* by slot, of the flow in it; 0 where there is none */
    uint32_t bucket_count;
    uint32_t capacity;
    uint32_t fresh;     /* slots from this on were never used */
    uint32_t free_slot; /* released ones, chained by their flow's key; FLOW_TABLE_NONE ends it */
    uint32_t used;
};

static size_t lines_size(const struct flow_table *table)
{
    return (size_t)table->capacity * LINE_BYTES;
}

static size_t stamps_size(const struct flow_table *table)
{
    return table->capacity * sizeof *table->stamps;
}

static size_t buckets_size(const struct flow_table *table)
{
    return table->bucket_count * sizeof *table->buckets;
}

int flow_table_new(struct flow_table **table, uint64_t capacity, struct error *error)
{
    if (capacity == 0 || capacity > capacity_max)
        return error_set(error, EINVAL, "a flow table holds from 1 to %llu flows",
                         (unsigned long long)capacity_max);
    struct flow_table *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the flow table");
    /* Three quarters full at most: then both buckets of a key are hardly ever full before. */
    made->bucket_count = (uint32_t)(capacity / 6 + 1);
    made->capacity = (uint32_t)capacity;
    made->free_slot = FLOW_TABLE_NONE;
    made->buckets = reserved_new(buckets_size(made), true);
    made->flows = reserved_new(lines_size(made), true);
    made->details = reserved_new(lines_size(made), true);
    made->stamps = reserved_new(stamps_size(made), true);
    if (!made->buckets || !made->flows || !made->details || !made->stamps) {
        flow_table_free(made);
        return error_set(error, ENOMEM, "out of memory for %llu flows: ask for fewer with --flows",
                         (unsigned long long)capacity);
    }
    *table = made;
    return 0;
}

void flow_table_free(struct flow_table *table)
{
    if (!table)
        return;
    if (table->fresh) {
        explicit_bzero(table->flows, (size_t)table->fresh * LINE_BYTES);
        explicit_bzero(table->details, (size_t)table->fresh * LINE_BYTES);
    }
    reserved_free(table->buckets, buckets_size(table));
    reserved_free(table->flows, lines_size(table));
    reserved_free(table->details, lines_size(table));
    reserved_free(table->stamps, stamps_size(table));
    free(table);
}

uint32_t flow_table_slots(const struct flow_table *table)
{
    return table->fresh;
}

uint32_t flow_table_used(const struct flow_table *table)
{
    return table->used;
}

struct flow *flow_table_flow(const struct flow_table *table, uint32_t slot)
{
    return (struct flow *)(table->flows + (size_t)slot * LINE_BYTES);
}

struct flow_detail *flow_table_detail(const struct flow_table *table, uint32_t slot)
{
    return (struct flow_detail *)(table->details + (size_t)slot * LINE_BYTES);
}

/* Both buckets and the tag come from bits of the key that the others do not use. */
static struct bucket *bucket_of(const struct flow_table *table, const struct flow_key *key,
                                unsigned which)
{
    return &table->buckets[(key->word[which] >> 32) * table->bucket_count >> 32];
}

static uint32_t tag_of(const struct flow_key *key)
{
    uint32_t tag = (uint32_t)key->word[0];
    return tag ? tag : 1;
}

/* Never the 0 of a free slot: the unit before has to do where it would be. */
static uint16_t stamp_of(uint64_t time_ns, bool is_lasting)
{
    uint16_t stamp = (uint16_t)((time_ns >> STAMP_SHIFT & STAMP_MASK) << 1 | is_lasting);
    return stamp ? stamp : (uint16_t)(STAMP_MASK << 1);
}

/* Which of a bucket's places have this tag: bit i for place i. */
static unsigned matches(const struct bucket *bucket, uint32_t tag)
{
    return tag_match(bucket->tag, tag);
}

/* The slot of exactly this key. */
static uint32_t search(const struct flow_table *table, const struct flow_key *key)
{
    uint32_t tag = tag_of(key);
    for (unsigned which = 0; which < 2; which++) {
        const struct bucket *bucket = bucket_of(table, key, which);
        for (unsigned found = matches(bucket, tag); found; found &= found - 1) {
            uint32_t slot = bucket->slot[__builtin_ctz(found)];
            if (flow_key_equals(&flow_table_flow(table, slot)->key, key))
                return slot;
        }
    }
    return FLOW_TABLE_NONE;
}

/* The first slot with the key's tag, key unseen; FLOW_TABLE_NONE when there is none. Which of the
 * buckets holds a flow nobody can foresee: no branch is taken on it. */
static uint32_t candidate_of(struct bucket *const *buckets, uint32_t tag)
{
    unsigned found = matches(buckets[0], tag) | matches(buckets[1], tag) << BUCKET_PLACES;
    if (!found)
        return FLOW_TABLE_NONE;
    unsigned place = (unsigned)__builtin_ctz(found);
    return buckets[place / BUCKET_PLACES]->slot[place % BUCKET_PLACES];
}

void flow_table_find(const struct flow_table *table, const struct flow_key *keys, uint32_t *slots,
                     unsigned count)
{
    struct bucket *buckets[FRAME_BURST][2];
    for (unsigned i = 0; i < count; i++) {
        buckets[i][0] = bucket_of(table, &keys[i], 0);
        buckets[i][1] = bucket_of(table, &keys[i], 1);
        __builtin_prefetch(buckets[i][0]);
        __builtin_prefetch(buckets[i][1]);
    }
    for (unsigned i = 0; i < count; i++) {
        slots[i] = candidate_of(buckets[i], tag_of(&keys[i]));
        if (slots[i] != FLOW_TABLE_NONE)
            __builtin_prefetch(flow_table_flow(table, slots[i]), 1);
    }
    for (unsigned i = 0; i < count; i++) {
        if (slots[i] != FLOW_TABLE_NONE &&
            !flow_key_equals(&flow_table_flow(table, slots[i])->key, &keys[i]))
            slots[i] = search(table, &keys[i]);
    }
}

bool flow_table_is_used(const struct flow_table *table, uint32_t slot)
{
    return slot < table->fresh && table->stamps[slot];
}

bool flow_table_holds(const struct flow_table *table, uint32_t slot, const struct flow_key *key)
{
    return slot != FLOW_TABLE_NONE && flow_key_equals(&flow_table_flow(table, slot)->key, key);
}

/* In units of stamps. */
static unsigned age_of(const struct flow_table *table, uint32_t slot, uint64_t now_ns)
{
    unsigned then = table->stamps[slot] >> 1;
    return ((unsigned)(now_ns >> STAMP_SHIFT) - then) & STAMP_MASK;
}

/* The higher, the sooner a flow has to go: those of a single packet before all others, since a
 * flood of them must not drive out whoever talks; then by age. */
static unsigned dispensability_of(const struct flow_table *table, uint32_t slot, uint64_t now_ns)
{
    bool is_single = !(table->stamps[slot] & STAMP_LASTING);
    return (is_single ? STAMP_MASK + 1u : 0) + age_of(table, slot, now_ns);
}

/* The used slot of either bucket to do without; FLOW_TABLE_NONE when both are empty. */
static uint32_t idlest_of(const struct flow_table *table, const struct flow_key *key,
                          uint64_t now_ns)
{
    uint32_t idlest = FLOW_TABLE_NONE;
    unsigned most = 0;
    for (unsigned i = 0; i < FLOW_TABLE_NEIGHBOURS; i++) {
        const struct bucket *bucket = bucket_of(table, key, i / BUCKET_PLACES);
        if (!bucket->tag[i % BUCKET_PLACES])
            continue;
        uint32_t slot = bucket->slot[i % BUCKET_PLACES];
        unsigned dispensability = dispensability_of(table, slot, now_ns);
        if (idlest != FLOW_TABLE_NONE && dispensability <= most)
            continue;
        idlest = slot;
        most = dispensability;
    }
    return idlest;
}

static bool has_free_place(const struct flow_table *table, const struct flow_key *key)
{
    return matches(bucket_of(table, key, 0), 0) || matches(bucket_of(table, key, 1), 0);
}

uint32_t flow_table_place(const struct flow_table *table, const struct flow_key *key,
                          uint64_t now_ns)
{
    bool has_slot = table->free_slot != FLOW_TABLE_NONE || table->fresh < table->capacity;
    if (has_slot && has_free_place(table, key))
        return table->free_slot != FLOW_TABLE_NONE ? table->free_slot : table->fresh;
    uint32_t idlest = idlest_of(table, key, now_ns);
    /* All slots used, yet none by the neighbourhood: any other has to go. */
    return idlest != FLOW_TABLE_NONE ? idlest : (uint32_t)(key->word[1] % table->capacity);
}

static uint32_t take_slot(struct flow_table *table)
{
    uint32_t slot = table->free_slot;
    if (slot == FLOW_TABLE_NONE)
        return table->fresh++;
    table->free_slot = (uint32_t)flow_table_flow(table, slot)->key.word[1];
    return slot;
}

/* The flow has a copy in its line, so that most packets leave the table's alone. */
static void stamp(struct flow_table *table, uint32_t slot, uint16_t stamp)
{
    flow_table_flow(table, slot)->stamp = stamp;
    table->stamps[slot] = stamp;
}

void flow_table_claim(struct flow_table *table, uint32_t slot, const struct flow_key *key,
                      uint64_t now_ns)
{
    struct bucket *buckets[2] = {bucket_of(table, key, 0), bucket_of(table, key, 1)};
    unsigned places[2] = {matches(buckets[0], 0), matches(buckets[1], 0)};
    unsigned emptier = __builtin_popcount(places[1]) > __builtin_popcount(places[0]);
    uint32_t taken = take_slot(table);
    assert(taken == slot && places[emptier]);
    (void)taken;
    unsigned place = (unsigned)__builtin_ctz(places[emptier]);
    buckets[emptier]->tag[place] = tag_of(key);
    buckets[emptier]->slot[place] = slot;
    stamp(table, slot, stamp_of(now_ns, false));
    flow_table_flow(table, slot)->key = *key;
    table->used++;
}

static void forget_place(struct flow_table *table, uint32_t slot)
{
    const struct flow_key *key = &flow_table_flow(table, slot)->key;
    for (unsigned which = 0; which < 2; which++) {
        struct bucket *bucket = bucket_of(table, key, which);
        for (unsigned found = matches(bucket, tag_of(key)); found; found &= found - 1) {
            unsigned place = (unsigned)__builtin_ctz(found);
            if (bucket->slot[place] != slot)
                continue;
            bucket->tag[place] = 0;
            return;
        }
    }
}

void flow_table_release(struct flow_table *table, uint32_t slot)
{
    assert(flow_table_is_used(table, slot));
    forget_place(table, slot);
    table->stamps[slot] = 0;
    flow_table_flow(table, slot)->key = (struct flow_key){{0, table->free_slot}};
    table->free_slot = slot;
    table->used--;
}

void flow_table_touch(struct flow_table *table, uint32_t slot, uint64_t now_ns)
{
    uint16_t now = stamp_of(now_ns, true);
    if (flow_table_flow(table, slot)->stamp != now)
        stamp(table, slot, now);
}

bool flow_table_may_be_idle(const struct flow_table *table, uint32_t slot, uint64_t idle_ns,
                            uint64_t now_ns)
{
    const uint64_t idle_most_ns = (uint64_t)STAMP_MASK << STAMP_SHIFT;
    if (!flow_table_is_used(table, slot))
        return false;
    uint64_t age_most_ns = (age_of(table, slot, now_ns) + (uint64_t)1) << STAMP_SHIFT;
    return age_most_ns > (idle_ns < idle_most_ns ? idle_ns : idle_most_ns);
}
