/* SPDX-License-Identifier: BSD-3-Clause */
/* Two buckets a key, slots handed out densely, the idlest neighbour gives way. */
#include "classifier/endpoint_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reserved.h"

enum {
    BUCKET_PLACES = ENDPOINT_TABLE_NEIGHBOURS / 2,
    LINE_BYTES = 64,
    STAMP_SHIFT = 30, /* a stamp is packet time in units of 2^30 ns, about a second */
    CAPACITY_LEAST = 16,
    CAPACITY_MOST = 100000000,
};

/* A tag is 32 bits of the key, 0 where the place is free. */
struct bucket {
    _Alignas(LINE_BYTES) uint32_t tag[BUCKET_PLACES];
    uint32_t slot[BUCKET_PLACES];
};

static_assert(sizeof(struct bucket) == LINE_BYTES, "a bucket is one cache line");

struct endpoint_table {
    struct bucket *buckets;
    struct endpoint *endpoints;
    uint16_t *stamps;
    uint32_t bucket_count;
    uint32_t capacity;
    uint32_t used; /* slots are handed out in order and never given back, only passed on */
};

static size_t buckets_size(const struct endpoint_table *table)
{
    return table->bucket_count * sizeof *table->buckets;
}

static size_t endpoints_size(const struct endpoint_table *table)
{
    return table->capacity * sizeof *table->endpoints;
}

static size_t stamps_size(const struct endpoint_table *table)
{
    return table->capacity * sizeof *table->stamps;
}

int endpoint_table_new(struct endpoint_table **table, uint64_t capacity, struct error *error)
{
    if (capacity < CAPACITY_LEAST || capacity > CAPACITY_MOST)
        return error_set(error, EINVAL, "an endpoint table holds from %d to %d endpoints",
                         CAPACITY_LEAST, CAPACITY_MOST);
    struct endpoint_table *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the endpoint table");
    /* Three quarters full at most: then both buckets of a key are hardly ever full before. */
    made->bucket_count = (uint32_t)(capacity / 6 + 1);
    made->capacity = (uint32_t)capacity;
    made->buckets = reserved_new(buckets_size(made), false);
    made->endpoints = reserved_new(endpoints_size(made), false);
    made->stamps = reserved_new(stamps_size(made), false);
    if (!made->buckets || !made->endpoints || !made->stamps) {
        endpoint_table_free(made);
        return error_set(error, ENOMEM, "out of memory for %llu endpoints",
                         (unsigned long long)capacity);
    }
    *table = made;
    return 0;
}

void endpoint_table_free(struct endpoint_table *table)
{
    if (!table)
        return;
    if (table->used)
        explicit_bzero(table->endpoints, table->used * sizeof *table->endpoints);
    reserved_free(table->buckets, buckets_size(table));
    reserved_free(table->endpoints, endpoints_size(table));
    reserved_free(table->stamps, stamps_size(table));
    free(table);
}

uint32_t endpoint_table_used(const struct endpoint_table *table)
{
    return table->used;
}

struct endpoint *endpoint_table_at(const struct endpoint_table *table, uint32_t slot)
{
    return &table->endpoints[slot];
}

/* Both come from the half of the key that the endpoint keeps, so that its places can be found again
 * when it has to go; the tag is of the other half. */
static struct bucket *bucket_of(const struct endpoint_table *table, uint64_t kept, unsigned which)
{
    uint64_t half = which ? kept & UINT32_MAX : kept >> 32;
    return &table->buckets[half * table->bucket_count >> 32];
}

static uint32_t tag_of(const struct flow_key *key)
{
    uint32_t tag = (uint32_t)key->word[0];
    return tag ? tag : 1;
}

static uint16_t stamp_of(uint64_t time_ns)
{
    return (uint16_t)(time_ns >> STAMP_SHIFT);
}

static uint16_t age_of(const struct endpoint_table *table, uint32_t slot, uint64_t now_ns)
{
    return (uint16_t)(stamp_of(now_ns) - table->stamps[slot]);
}

/* Time that ran backwards by that much is another recording's. */
static bool is_idle(const struct endpoint_table *table, uint32_t slot, uint64_t now_ns)
{
    int age = (int16_t)age_of(table, slot, now_ns);
    return (uint64_t)abs(age) >= ENDPOINT_IDLE_NS >> STAMP_SHIFT;
}

struct place {
    struct bucket *bucket;
    unsigned index;
};

/* Where the key stands; false when it does not. */
static bool find(const struct endpoint_table *table, const struct flow_key *key,
                 struct place *place)
{
    uint32_t tag = tag_of(key);
    for (unsigned i = 0; i < ENDPOINT_TABLE_NEIGHBOURS; i++) {
        *place =
            (struct place){bucket_of(table, key->word[1], i / BUCKET_PLACES), i % BUCKET_PLACES};
        if (place->bucket->tag[place->index] == tag &&
            table->endpoints[place->bucket->slot[place->index]].key == key->word[1])
            return true;
    }
    return false;
}

/* A free place in the emptier of the key's buckets; false when there is none. */
static bool find_free(const struct endpoint_table *table, uint64_t kept, struct place *place)
{
    unsigned most = 0;
    for (unsigned which = 0; which < 2; which++) {
        struct bucket *bucket = bucket_of(table, kept, which);
        unsigned free_count = 0, last = 0;
        for (unsigned i = 0; i < BUCKET_PLACES; i++) {
            if (!bucket->tag[i]) {
                free_count++;
                last = i;
            }
        }
        if (free_count > most) {
            *place = (struct place){bucket, last};
            most = free_count;
        }
    }
    return most;
}

/* The used place of the neighbourhood that was idle for longest; false when none is used. */
static bool find_idlest(const struct endpoint_table *table, uint64_t kept, uint64_t now_ns,
                        struct place *place)
{
    int oldest = -1;
    for (unsigned i = 0; i < ENDPOINT_TABLE_NEIGHBOURS; i++) {
        struct bucket *bucket = bucket_of(table, kept, i / BUCKET_PLACES);
        unsigned index = i % BUCKET_PLACES;
        if (!bucket->tag[index])
            continue;
        int age = age_of(table, bucket->slot[index], now_ns);
        if (age > oldest) {
            oldest = age;
            *place = (struct place){bucket, index};
        }
    }
    return oldest >= 0;
}

/* Where the endpoint of a used slot stands. */
static struct place place_of_slot(const struct endpoint_table *table, uint32_t slot)
{
    for (unsigned i = 0; i < ENDPOINT_TABLE_NEIGHBOURS; i++) {
        struct bucket *bucket = bucket_of(table, table->endpoints[slot].key, i / BUCKET_PLACES);
        if (bucket->tag[i % BUCKET_PLACES] && bucket->slot[i % BUCKET_PLACES] == slot)
            return (struct place){bucket, i % BUCKET_PLACES};
    }
    assert(false);
    return (struct place){NULL, 0};
}

/* Frees one slot and, where the key has no free place, one of its places. */
static uint32_t evict(struct endpoint_table *table, const struct flow_key *key, uint64_t now_ns)
{
    struct place place;
    /* All slots used, yet none by the neighbourhood: any other has to go. */
    if (!find_idlest(table, key->word[1], now_ns, &place))
        place = place_of_slot(table, (uint32_t)(key->word[0] >> 32) % table->capacity);
    place.bucket->tag[place.index] = 0;
    return place.bucket->slot[place.index];
}

static void begin(struct endpoint_table *table, uint32_t slot, uint64_t kept, uint64_t now_ns)
{
    table->endpoints[slot] = (struct endpoint){.key = kept};
    table->stamps[slot] = stamp_of(now_ns);
}

enum endpoint_outcome endpoint_table_take(struct endpoint_table *table, const struct flow_key *key,
                                          uint64_t now_ns, uint32_t *slot)
{
    struct place place;
    if (find(table, key, &place)) {
        *slot = place.bucket->slot[place.index];
        bool was_idle = is_idle(table, *slot, now_ns);
        if (was_idle)
            begin(table, *slot, key->word[1], now_ns);
        table->stamps[*slot] = stamp_of(now_ns);
        return was_idle ? ENDPOINT_BEGUN : ENDPOINT_FOUND;
    }
    enum endpoint_outcome outcome = ENDPOINT_BEGUN;
    if (table->used < table->capacity && find_free(table, key->word[1], &place)) {
        *slot = table->used++;
    } else {
        *slot = evict(table, key, now_ns);
        outcome = ENDPOINT_EVICTED;
        find_free(table, key->word[1], &place);
    }
    place.bucket->tag[place.index] = tag_of(key);
    place.bucket->slot[place.index] = *slot;
    begin(table, *slot, key->word[1], now_ns);
    return outcome;
}

struct endpoint *endpoint_table_peek(const struct endpoint_table *table, uint32_t slot,
                                     uint32_t check)
{
    bool is_there = slot < table->used && (uint32_t)table->endpoints[slot].key == check;
    return is_there ? &table->endpoints[slot] : NULL;
}

struct endpoint *endpoint_table_touch(struct endpoint_table *table, uint32_t slot, uint32_t check,
                                      uint64_t now_ns)
{
    struct endpoint *endpoint = endpoint_table_peek(table, slot, check);
    if (!endpoint || is_idle(table, slot, now_ns))
        return NULL;
    table->stamps[slot] = stamp_of(now_ns);
    return endpoint;
}
