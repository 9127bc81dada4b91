/* SPDX-License-Identifier: BSD-3-Clause */
/* The flow table against a plain list, under the same random operations. */
#include "classifier/flow_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "random.h"
#include "suites.h"

enum { KEYS = 3000, CAPACITY = 1000, OPERATIONS = 200000, BURST = 32 };

/* The plain table: for each key whether it is in, and in which slot it was said to be. */
struct naive {
    struct flow_key key;
    bool is_in;
    uint32_t slot;
    uint64_t stamp_ns;
};

static struct flow_key random_key(struct random *random)
{
    return (struct flow_key){{random_next(random), random_next(random)}};
}

static struct naive *naive_new(struct random *random)
{
    struct naive *naive = calloc(KEYS, sizeof *naive);
    for (unsigned i = 0; i < KEYS; i++)
        naive[i].key = random_key(random);
    return naive;
}

static struct naive *naive_at(struct naive *naive, uint32_t slot)
{
    for (unsigned i = 0; i < KEYS; i++) {
        if (naive[i].is_in && naive[i].slot == slot)
            return &naive[i];
    }
    return NULL;
}

static unsigned naive_used(const struct naive *naive)
{
    unsigned used = 0;
    for (unsigned i = 0; i < KEYS; i++)
        used += naive[i].is_in;
    return used;
}

/* Looks a burst up and says whether table and list agree on all of it. */
static bool agrees(const struct flow_table *table, const struct naive *naive, struct random *random)
{
    struct flow_key keys[BURST];
    uint32_t slots[BURST];
    unsigned chosen[BURST];
    for (unsigned i = 0; i < BURST; i++) {
        chosen[i] = (unsigned)random_below(random, KEYS);
        keys[i] = naive[chosen[i]].key;
    }
    flow_table_find(table, keys, slots, BURST);
    for (unsigned i = 0; i < BURST; i++) {
        const struct naive *expected = &naive[chosen[i]];
        if (slots[i] != (expected->is_in ? expected->slot : (uint32_t)FLOW_TABLE_NONE))
            return false;
    }
    return true;
}

static void insert(struct flow_table *table, struct naive *naive, struct naive *one,
                   uint64_t now_ns, unsigned *evictions)
{
    uint32_t slot = flow_table_place(table, &one->key, now_ns);
    if (flow_table_is_used(table, slot)) {
        struct naive *evicted = naive_at(naive, slot);
        CU_ASSERT_PTR_NOT_NULL_FATAL(evicted);
        evicted->is_in = false;
        flow_table_release(table, slot);
        (*evictions)++;
    }
    flow_table_claim(table, slot, &one->key, now_ns);
    *one = (struct naive){.key = one->key, .is_in = true, .slot = slot, .stamp_ns = now_ns};
}

static void behaves_like_a_plain_table(void)
{
    struct random random = {42};
    struct naive *naive = naive_new(&random);
    struct flow_table *table;
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, CAPACITY, NULL), 0);
    unsigned evictions = 0;
    unsigned disagreements = 0;
    for (uint64_t i = 0; i < OPERATIONS; i++) {
        uint64_t now_ns = i * 1000000000;
        struct naive *one = &naive[random_below(&random, KEYS)];
        if (!one->is_in)
            insert(table, naive, one, now_ns, &evictions);
        else if (random_below(&random, 3) == 0) {
            flow_table_release(table, one->slot);
            one->is_in = false;
        } else {
            flow_table_touch(table, one->slot, now_ns);
        }
        CU_ASSERT_EQUAL(flow_table_holds(table, one->slot, &one->key), one->is_in);
        if (i % 16 == 0)
            disagreements += !agrees(table, naive, &random);
    }
    CU_ASSERT_EQUAL(disagreements, 0);
    CU_ASSERT_EQUAL(flow_table_used(table), naive_used(naive));
    CU_ASSERT(evictions > 0);
    flow_table_free(table);
    free(naive);
}

static void holds_what_it_promises_before_evicting(void)
{
    struct random random = {7};
    struct flow_table *table;
    const unsigned capacity = 100000;
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, capacity, NULL), 0);
    unsigned evictions = 0;
    for (unsigned i = 0; i < capacity; i++) {
        struct flow_key key = random_key(&random);
        uint32_t slot = flow_table_place(table, &key, 0);
        if (flow_table_is_used(table, slot)) {
            flow_table_release(table, slot);
            evictions++;
        }
        flow_table_claim(table, slot, &key, 0);
    }
    /* Two choices among buckets of 8 at three quarters full: less than one in ten thousand. */
    CU_ASSERT(evictions < capacity / 10000);
    flow_table_free(table);
}

static void evicts_the_idlest_of_the_neighbourhood(void)
{
    enum { FLOWS = 5 }; /* one bucket, so that all are neighbours */
    struct flow_table *table;
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, FLOWS, NULL), 0);
    const uint64_t second_ns = 1000000000;
    for (uint64_t i = 0; i < FLOWS; i++) {
        struct flow_key key = {{i + 1, i + 1}};
        uint32_t slot = flow_table_place(table, &key, 0);
        CU_ASSERT_FALSE_FATAL(flow_table_is_used(table, slot));
        flow_table_claim(table, slot, &key, (i == 3 ? 1 : 100 + i) * second_ns);
    }
    struct flow_key idlest = {{4, 4}};
    struct flow_key another = {{99, 99}};
    uint32_t slot = flow_table_place(table, &another, 200 * second_ns);
    CU_ASSERT_TRUE(flow_table_holds(table, slot, &idlest));
    flow_table_free(table);
}

/* Whoever had one packet goes before whoever had more, however long ago that was. */
static void evicts_single_packets_first(void)
{
    enum { FLOWS = 5, LASTING = 2 };
    struct flow_table *table;
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, FLOWS, NULL), 0);
    const uint64_t second_ns = 1000000000;
    struct flow_key lasting = {{LASTING + 1, LASTING + 1}};
    for (uint64_t i = 0; i < FLOWS; i++) {
        struct flow_key key = {{i + 1, i + 1}};
        uint32_t slot = flow_table_place(table, &key, 0);
        flow_table_claim(table, slot, &key, (50 + i) * second_ns);
        if (i == LASTING)
            flow_table_touch(table, slot, second_ns);
    }
    for (uint64_t i = 0; i < 1000; i++) {
        struct flow_key single = {{100 + i, 100 + i}};
        uint32_t slot = flow_table_place(table, &single, (60 + i) * second_ns);
        CU_ASSERT_FALSE_FATAL(flow_table_holds(table, slot, &lasting));
        flow_table_release(table, slot);
        flow_table_claim(table, slot, &single, (60 + i) * second_ns);
    }
    flow_table_free(table);
}

/* Keys whose bits name different buckets, so that a full table can meet an empty neighbourhood. */
static void a_full_table_always_makes_room(void)
{
    struct random random = {9};
    struct flow_table *table;
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, 20, NULL), 0);
    for (unsigned i = 0; i < 100000; i++) {
        struct flow_key key = random_key(&random);
        uint32_t slot = flow_table_place(table, &key, i);
        if (flow_table_is_used(table, slot))
            flow_table_release(table, slot);
        flow_table_claim(table, slot, &key, i);
        CU_ASSERT_TRUE_FATAL(flow_table_holds(table, slot, &key));
    }
    CU_ASSERT_EQUAL(flow_table_used(table), 20);
    flow_table_free(table);
}

static void stamps_tell_idleness_roughly(void)
{
    struct flow_table *table;
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, 16, NULL), 0);
    const uint64_t second_ns = 1000000000;
    struct flow_key key = {{1, 2}};
    uint32_t slot = flow_table_place(table, &key, 0);
    CU_ASSERT_FALSE(flow_table_may_be_idle(table, slot, second_ns, 1000 * second_ns));
    flow_table_claim(table, slot, &key, 500 * second_ns);
    flow_table_touch(table, slot, 1000 * second_ns);
    CU_ASSERT_FALSE(flow_table_may_be_idle(table, slot, 10 * second_ns, 1009 * second_ns));
    CU_ASSERT_TRUE(flow_table_may_be_idle(table, slot, 10 * second_ns, 1010 * second_ns));
    flow_table_free(table);
}

static void refuses_impossible_sizes(void)
{
    struct flow_table *table;
    struct error error = {0};
    CU_ASSERT_EQUAL(flow_table_new(&table, 0, &error), -EINVAL);
    CU_ASSERT_EQUAL(flow_table_new(&table, UINT64_MAX / 2, &error), -EINVAL);
    flow_table_free(NULL);
}

static void survives_running_out_of_memory(void)
{
    struct flow_table *table;
    struct error error = {0};
    allocation_fail_at(0);
    CU_ASSERT_EQUAL_FATAL(flow_table_new(&table, 1000, &error), 0);
    unsigned allocations = allocation_count();
    flow_table_free(table);
    CU_ASSERT(allocations >= 5);
    for (unsigned n = 1; n <= allocations; n++) {
        allocation_fail_at(n);
        CU_ASSERT_EQUAL(flow_table_new(&table, 1000, &error), -ENOMEM);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "memory"));
    }
    allocation_fail_at(0);
}

CU_TestInfo flow_table_tests[] = {
    {"behaves like a plain table", behaves_like_a_plain_table},
    {"holds what it promises before evicting", holds_what_it_promises_before_evicting},
    {"evicts the idlest of the neighbourhood", evicts_the_idlest_of_the_neighbourhood},
    {"evicts single packets first", evicts_single_packets_first},
    {"a full table always makes room", a_full_table_always_makes_room},
    {"stamps tell idleness roughly", stamps_tell_idleness_roughly},
    {"refuses impossible sizes", refuses_impossible_sizes},
    {"survives running out of memory", survives_running_out_of_memory},
    CU_TEST_INFO_NULL,
};
