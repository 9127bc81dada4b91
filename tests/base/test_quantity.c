/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/quantity.h"

#include "suites.h"

static const uint64_t size_max = UINT64_C(1000000000000000);

static void test_rates(void)
{
    static const struct {
        const char *text;
        uint64_t bits; /* 0: refused */
    } cases[] = {
        {"1bit/s", 1},
        {"1.5Mbit/s", 1500000},
        {"0.5kbit/s", 500},
        {"1000Gbit/s", UINT64_C(1000000000000)},
        {"10.125Gbit/s", UINT64_C(10125000000)},
        {"1001Gbit/s", 0},
        {"0bit/s", 0},
        {"0.5bit/s", 0},
        {"1.5mbit/s", 0},
        {"1.5 Mbit/s", 0},
        {"1.5Mbit/sx", 0},
        {"1.5", 0},
        {"", 0},
        {"Mbit/s", 0},
        {"01Mbit/s", 0},
        {"1.Mbit/s", 0},
        {".5Mbit/s", 0},
        {"1.2345Mbit/s", 0},
        {"-1Mbit/s", 0},
        {"1e3bit/s", 0},
        {"99999999999999999999Gbit/s", 0},
        {"0Mbit/s", 0},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t bits = 0;
        struct error error = {0};
        int failure = quantity_read_rate(cases[i].text, &bits, &error);
        CU_ASSERT_EQUAL(!failure, cases[i].bits != 0);
        if (cases[i].bits)
            CU_ASSERT_EQUAL(bits, cases[i].bits);
    }
}

static void test_sizes(void)
{
    uint64_t bytes = 0;
    CU_ASSERT_EQUAL(quantity_read_size("64KiB", size_max, &bytes, NULL), 0);
    CU_ASSERT_EQUAL(bytes, 65536);
    CU_ASSERT_EQUAL(quantity_read_size("64kB", size_max, &bytes, NULL), 0);
    CU_ASSERT_EQUAL(bytes, 64000);
    CU_ASSERT_EQUAL(quantity_read_size("1000TB", size_max, &bytes, NULL), 0);
    CU_ASSERT_EQUAL(bytes, size_max);
    CU_ASSERT_EQUAL(quantity_read_size("0B", size_max, &bytes, NULL), 0);
    CU_ASSERT_EQUAL(bytes, 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_size("1001TB", size_max, &bytes, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_size("1.5MB", size_max, &bytes, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_size("10", size_max, &bytes, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_size("10b", size_max, &bytes, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_size("11B", 10, &bytes, NULL), 0);
}

static void test_durations(void)
{
    uint64_t ns = 0;
    CU_ASSERT_EQUAL(quantity_read_duration("250ms", &ns, NULL), 0);
    CU_ASSERT_EQUAL(ns, 250000000);
    CU_ASSERT_EQUAL(quantity_read_duration("2min", &ns, NULL), 0);
    CU_ASSERT_EQUAL(ns, UINT64_C(120000000000));
    CU_ASSERT_EQUAL(quantity_read_duration("400d", &ns, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_duration("401d", &ns, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_duration("10", &ns, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_duration("10sec", &ns, NULL), 0);
    CU_ASSERT_NOT_EQUAL(quantity_read_duration("010s", &ns, NULL), 0);
}

CU_TestInfo quantity_tests[] = {
    {"rates have a unit and nothing else", test_rates},
    {"sizes of 1000 and of 1024", test_sizes},
    {"durations", test_durations},
    CU_TEST_INFO_NULL,
};
