/* SPDX-License-Identifier: BSD-3-Clause */
/* The endpoint table against a plain list, and what it does when it is full. */
#include "classifier/endpoint_table.h"

#include <errno.h>
#include <stdlib.h>

#include "allocation.h"
#include "random.h"
#include "suites.h"

static const uint64_t second_ns = 1000000000;

static struct flow_key random_key(struct random *random)
{
    return (struct flow_key){{random_next(random), random_next(random)}};
}

static void finds_what_it_holds(void)
{
    enum { KEYS = 2000, CAPACITY = 4000 };
    struct random random = {1};
    struct flow_key *keys = calloc(KEYS, sizeof *keys);
    struct endpoint_table *table;
    CU_ASSERT_EQUAL_FATAL(endpoint_table_new(&table, CAPACITY, NULL), 0);
    for (unsigned i = 0; i < KEYS; i++) {
        uint32_t slot;
        keys[i] = random_key(&random);
        CU_ASSERT_EQUAL(endpoint_table_take(table, &keys[i], second_ns, &slot), ENDPOINT_BEGUN);
        CU_ASSERT_EQUAL(endpoint_table_at(table, slot)->verdict, 0);
        endpoint_table_at(table, slot)->rest = (uint16_t)i;
    }
    for (unsigned i = 0; i < KEYS; i++) {
        uint32_t slot;
        CU_ASSERT_EQUAL(endpoint_table_take(table, &keys[i], second_ns, &slot), ENDPOINT_FOUND);
        CU_ASSERT_EQUAL(endpoint_table_at(table, slot)->rest, i);
        CU_ASSERT_PTR_EQUAL(endpoint_table_touch(table, slot, endpoint_check(&keys[i]), second_ns),
                            endpoint_table_at(table, slot));
        CU_ASSERT_PTR_NULL(
            endpoint_table_touch(table, slot, endpoint_check(&keys[i]) + 1, second_ns));
    }
    CU_ASSERT_EQUAL(endpoint_table_used(table), KEYS);
    endpoint_table_free(table);
    free(keys);
}

/* Those in use all along stay; the ones that pass by make room for each other. */
static void evicts_the_idle_first(void)
{
    enum { CAPACITY = 1000, BUSY = 100, PASSING = 20000 };
    struct random random = {2};
    struct flow_key busy[BUSY];
    struct endpoint_table *table;
    CU_ASSERT_EQUAL_FATAL(endpoint_table_new(&table, CAPACITY, NULL), 0);
    unsigned evictions = 0, lost = 0;
    uint32_t slot;
    for (unsigned i = 0; i < BUSY; i++) {
        busy[i] = random_key(&random);
        endpoint_table_take(table, &busy[i], 0, &slot);
    }
    for (unsigned i = 0; i < PASSING; i++) {
        uint64_t now_ns = i * second_ns / 8;
        struct flow_key passing = random_key(&random);
        evictions += endpoint_table_take(table, &passing, now_ns, &slot) == ENDPOINT_EVICTED;
        lost += endpoint_table_take(table, &busy[i % BUSY], now_ns, &slot) != ENDPOINT_FOUND;
    }
    CU_ASSERT_EQUAL(endpoint_table_used(table), CAPACITY);
    CU_ASSERT(evictions > PASSING - CAPACITY && evictions <= PASSING);
    CU_ASSERT_EQUAL(lost, 0);
    endpoint_table_free(table);
}

static void begins_anew_after_idleness(void)
{
    struct random random = {3};
    struct flow_key key = random_key(&random);
    struct endpoint_table *table;
    uint32_t slot;
    CU_ASSERT_EQUAL_FATAL(endpoint_table_new(&table, 16, NULL), 0);
    endpoint_table_take(table, &key, 0, &slot);
    endpoint_table_at(table, slot)->verdict = 7;
    uint64_t now_ns = ENDPOINT_IDLE_NS - 2 * second_ns;
    CU_ASSERT_EQUAL(endpoint_table_take(table, &key, now_ns, &slot), ENDPOINT_FOUND);
    CU_ASSERT_EQUAL(endpoint_table_at(table, slot)->verdict, 7);
    now_ns += ENDPOINT_IDLE_NS + 2 * second_ns;
    CU_ASSERT_PTR_NULL(endpoint_table_touch(table, slot, endpoint_check(&key), now_ns));
    CU_ASSERT_EQUAL(endpoint_table_take(table, &key, now_ns, &slot), ENDPOINT_BEGUN);
    CU_ASSERT_EQUAL(endpoint_table_at(table, slot)->verdict, 0);
    CU_ASSERT_EQUAL(endpoint_table_used(table), 1);
    CU_ASSERT_PTR_NOT_NULL(
        endpoint_table_touch(table, slot, endpoint_check(&key), now_ns - second_ns));
    CU_ASSERT_PTR_NULL(endpoint_table_touch(table, slot, endpoint_check(&key), second_ns));
    CU_ASSERT_PTR_NOT_NULL(endpoint_table_peek(table, slot, endpoint_check(&key)));
    endpoint_table_free(table);
}

/* 16 endpoints in 3 buckets: whatever the key, one of them makes room. */
static void lives_on_in_the_smallest_table(void)
{
    struct random random = {4};
    struct endpoint_table *table;
    CU_ASSERT_EQUAL_FATAL(endpoint_table_new(&table, 16, NULL), 0);
    for (unsigned i = 0; i < 5000; i++) {
        struct flow_key key = random_key(&random);
        uint32_t slot, again;
        CU_ASSERT_NOT_EQUAL(endpoint_table_take(table, &key, i * second_ns, &slot), ENDPOINT_FOUND);
        CU_ASSERT_EQUAL(endpoint_table_take(table, &key, i * second_ns, &again), ENDPOINT_FOUND);
        CU_ASSERT_EQUAL(slot, again);
    }
    CU_ASSERT_EQUAL(endpoint_table_used(table), 16);
    endpoint_table_free(table);
}

static void refuses_what_it_cannot_hold(void)
{
    struct endpoint_table *table;
    struct error error = {0};
    CU_ASSERT_EQUAL(endpoint_table_new(&table, 15, &error), -EINVAL);
    CU_ASSERT_EQUAL(endpoint_table_new(&table, 100000001, &error), -EINVAL);
    for (unsigned n = 1; n <= 4; n++) {
        allocation_fail_at(n);
        CU_ASSERT_EQUAL(endpoint_table_new(&table, 16, &error), -ENOMEM);
    }
    allocation_fail_at(0);
}

CU_TestInfo endpoint_table_tests[] = {
    {"finds what it holds", finds_what_it_holds},
    {"evicts the idle first", evicts_the_idle_first},
    {"begins anew after idleness", begins_anew_after_idleness},
    {"lives on in the smallest table", lives_on_in_the_smallest_table},
    {"refuses what it cannot hold", refuses_what_it_cannot_hold},
    CU_TEST_INFO_NULL,
};
