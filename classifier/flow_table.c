/* SPDX-License-Identifier: BSD-3-Clause */
/* Two buckets of 16 tags a key, flows beside them. */
#include "classifier/flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    BUCKET_SLOTS = FLOW_TABLE_BUCKET_SLOTS,
    STAMP_SHIFT = 28, /* a stamp is packet time in units of 2^28 ns, about a quarter second */
};

/* A tag is 16 bits of the key, 0 where the slot is free. */
struct bucket {
    _Alignas(64) uint16_t tag[BUCKET_SLOTS];
    uint16_t stamp[BUCKET_SLOTS];
};

static_assert(sizeof(struct bucket) == 64, "a bucket is one cache line");

/* Records are spaced by cache lines, whatever the structures need of them. */
enum { LINE_BYTES = 64 };

struct flow_table {
    struct bucket *buckets;
    uint8_t *flows;   /* LINE_BYTES each */
    uint8_t *details; /* likewise */
    uint32_t bucket_count;
    uint32_t used;
};

/* Huge pages where the kernel has them to give; never part of a core dump. */
static void *reserve(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    madvise(memory, bytes, MADV_HUGEPAGE);
    madvise(memory, bytes, MADV_DONTDUMP);
    return memory;
}

static void give_back(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}

static size_t lines_size(const struct flow_table *table)
{
    return (size_t)table->bucket_count * BUCKET_SLOTS * LINE_BYTES;
}

int flow_table_new(struct flow_table **table, uint64_t capacity, struct error *error)
{
    uint64_t bucket_count = (capacity + capacity / 8 + BUCKET_SLOTS - 1) / BUCKET_SLOTS;
    if (capacity == 0 || bucket_count > UINT32_MAX / BUCKET_SLOTS)
        return error_set(error, EINVAL, "a flow table holds from 1 to 3,800,000,000 flows");
    struct flow_table *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the flow table");
    made->bucket_count = (uint32_t)bucket_count;
    made->buckets = reserve(bucket_count * sizeof *made->buckets);
    made->flows = reserve(lines_size(made));
    made->details = reserve(lines_size(made));
    if (!made->buckets || !made->flows || !made->details) {
        flow_table_free(made);
        return error_set(error, ENOMEM, "out of memory for %llu flows: ask for fewer with --flows",
                         (unsigned long long)capacity);
    }
    *table = made;
    return 0;
}

static void wipe(struct flow_table *table)
{
    for (uint32_t slot = 0; slot < flow_table_slots(table); slot++) {
        if (!flow_table_is_used(table, slot))
            continue;
        explicit_bzero(flow_table_flow(table, slot), LINE_BYTES);
        explicit_bzero(flow_table_detail(table, slot), LINE_BYTES);
    }
}

void flow_table_free(struct flow_table *table)
{
    if (!table)
        return;
    if (table->buckets && table->flows && table->details)
        wipe(table);
    give_back(table->buckets, table->bucket_count * sizeof *table->buckets);
    give_back(table->flows, lines_size(table));
    give_back(table->details, lines_size(table));
    free(table);
}

uint32_t flow_table_slots(const struct flow_table *table)
{
    return table->bucket_count * BUCKET_SLOTS;
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

static struct bucket *bucket_of(const struct flow_table *table, uint32_t slot)
{
    return &table->buckets[slot / BUCKET_SLOTS];
}

/* Both buckets and the tag come from bits of the key that the others do not use. */
static uint32_t first_bucket(const struct flow_table *table, const struct flow_key *key)
{
    return (uint32_t)((key->word[0] >> 32) * table->bucket_count >> 32);
}

static uint32_t second_bucket(const struct flow_table *table, const struct flow_key *key)
{
    return (uint32_t)((key->word[1] >> 32) * table->bucket_count >> 32);
}

static uint16_t tag_of(const struct flow_key *key)
{
    uint16_t tag = (uint16_t)key->word[0];
    return tag ? tag : 1;
}

static uint16_t stamp_of(uint64_t time_ns)
{
    return (uint16_t)(time_ns >> STAMP_SHIFT);
}

/* Which of a bucket's tags equal `tag`: bit i for slot i. Four tags at a time, exact in every lane:
 * the sum carries into a lane's top bit unless its low bits are zero, and never beyond. */
static unsigned matches(const struct bucket *bucket, uint16_t tag)
{
    const uint64_t ones = 0x0001000100010001;
    const uint64_t low = 0x7fff7fff7fff7fff;
    unsigned found = 0;
    for (unsigned i = 0; i < BUCKET_SLOTS / 4; i++) {
        uint64_t lanes;
        memcpy(&lanes, &bucket->tag[i * 4], sizeof lanes);
        lanes ^= ones * tag;
        uint64_t is_zero = ~(((lanes & low) + low) | lanes | low);
        /* Gathers the four top bits: each product term lands in bits 48 to 51. */
        found |= (unsigned)((is_zero >> 15) * 0x0001000200040008 >> 48 & 15) << i * 4;
    }
    return found;
}

static uint32_t find_in(const struct flow_table *table, uint32_t bucket, const struct flow_key *key)
{
    unsigned candidates = matches(&table->buckets[bucket], tag_of(key));
    while (candidates) {
        uint32_t slot = bucket * BUCKET_SLOTS + (unsigned)__builtin_ctz(candidates);
        if (flow_key_equals(&flow_table_flow(table, slot)->key, key))
            return slot;
        candidates &= candidates - 1;
    }
    return FLOW_TABLE_NONE;
}

static void prefetch_candidates(const struct flow_table *table, uint32_t bucket, uint16_t tag)
{
    unsigned candidates = matches(&table->buckets[bucket], tag);
    while (candidates) {
        uint32_t slot = bucket * BUCKET_SLOTS + (unsigned)__builtin_ctz(candidates);
        __builtin_prefetch(flow_table_flow(table, slot), 1);
        candidates &= candidates - 1;
    }
}

void flow_table_find(const struct flow_table *table, const struct flow_key *keys, uint32_t *slots,
                     unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        __builtin_prefetch(&table->buckets[first_bucket(table, &keys[i])], 1);
        __builtin_prefetch(&table->buckets[second_bucket(table, &keys[i])], 1);
    }
    for (unsigned i = 0; i < count; i++) {
        prefetch_candidates(table, first_bucket(table, &keys[i]), tag_of(&keys[i]));
        prefetch_candidates(table, second_bucket(table, &keys[i]), tag_of(&keys[i]));
    }
    for (unsigned i = 0; i < count; i++) {
        slots[i] = find_in(table, first_bucket(table, &keys[i]), &keys[i]);
        if (slots[i] == FLOW_TABLE_NONE)
            slots[i] = find_in(table, second_bucket(table, &keys[i]), &keys[i]);
    }
}

bool flow_table_holds(const struct flow_table *table, uint32_t slot, const struct flow_key *key)
{
    return slot != FLOW_TABLE_NONE && flow_table_is_used(table, slot) &&
           flow_key_equals(&flow_table_flow(table, slot)->key, key);
}

static uint16_t age_of(const struct flow_table *table, uint32_t slot, uint64_t now_ns)
{
    return (uint16_t)(stamp_of(now_ns) - bucket_of(table, slot)->stamp[slot % BUCKET_SLOTS]);
}

static uint32_t idlest_of(const struct flow_table *table, const uint32_t *buckets, uint64_t now_ns)
{
    uint32_t idlest = buckets[0] * BUCKET_SLOTS;
    for (unsigned i = 0; i < 2 * BUCKET_SLOTS; i++) {
        uint32_t slot = buckets[i / BUCKET_SLOTS] * BUCKET_SLOTS + i % BUCKET_SLOTS;
        if (age_of(table, slot, now_ns) > age_of(table, idlest, now_ns))
            idlest = slot;
    }
    return idlest;
}

uint32_t flow_table_place(const struct flow_table *table, const struct flow_key *key,
                          uint64_t now_ns)
{
    uint32_t buckets[2] = {first_bucket(table, key), second_bucket(table, key)};
    unsigned free_slots[2] = {matches(&table->buckets[buckets[0]], 0),
                              matches(&table->buckets[buckets[1]], 0)};
    if (!free_slots[0] && !free_slots[1])
        return idlest_of(table, buckets, now_ns);
    unsigned emptier = __builtin_popcount(free_slots[1]) > __builtin_popcount(free_slots[0]);
    return buckets[emptier] * BUCKET_SLOTS + (unsigned)__builtin_ctz(free_slots[emptier]);
}

bool flow_table_is_used(const struct flow_table *table, uint32_t slot)
{
    return bucket_of(table, slot)->tag[slot % BUCKET_SLOTS] != 0;
}

void flow_table_claim(struct flow_table *table, uint32_t slot, const struct flow_key *key)
{
    assert(!flow_table_is_used(table, slot));
    bucket_of(table, slot)->tag[slot % BUCKET_SLOTS] = tag_of(key);
    flow_table_flow(table, slot)->key = *key;
    table->used++;
}

void flow_table_release(struct flow_table *table, uint32_t slot)
{
    assert(flow_table_is_used(table, slot));
    bucket_of(table, slot)->tag[slot % BUCKET_SLOTS] = 0;
    flow_table_flow(table, slot)->key = (struct flow_key){{0, 0}};
    table->used--;
}

void flow_table_touch(struct flow_table *table, uint32_t slot, uint64_t now_ns)
{
    bucket_of(table, slot)->stamp[slot % BUCKET_SLOTS] = stamp_of(now_ns);
}

bool flow_table_may_be_idle(const struct flow_table *table, uint32_t slot, uint64_t idle_ns,
                            uint64_t now_ns)
{
    if (!flow_table_is_used(table, slot))
        return false;
    uint64_t idle_units = idle_ns >> STAMP_SHIFT;
    return age_of(table, slot, now_ns) >= (idle_units < UINT16_MAX ? idle_units : UINT16_MAX);
}
