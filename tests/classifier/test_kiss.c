/* SPDX-License-Identifier: BSD-3-Clause */
/* The signature against known values of chi-square and against the paper's formula. */
#include "classifier/kiss.h"

#include <math.h>
#include <string.h>

#include "random.h"
#include "suites.h"

enum { FIFTHS = 5 };

/* The deviation of `fifths` of chi-square. */
static int scaled(int fifths)
{
    return (int)floor(sqrt((double)KISS_DEVIATION_MOST * fifths));
}

/* X of one nibble by the formula, in fifths: sum over values of (O - 5)^2 / 5, times five. */
static int formula(const uint8_t payloads[][KISS_BYTES], unsigned nibble)
{
    int observed[KISS_VALUES] = {0};
    for (unsigned i = 0; i < KISS_WINDOW; i++) {
        uint8_t byte = payloads[i][nibble / 2];
        observed[nibble % 2 ? byte % 16 : byte / 16]++;
    }
    int sum = 0;
    for (unsigned value = 0; value < KISS_VALUES; value++)
        sum += (observed[value] - 5) * (observed[value] - 5);
    return sum;
}

static void fill(struct kiss *kiss, const uint8_t payloads[][KISS_BYTES])
{
    for (unsigned i = 0; i < KISS_WINDOW; i++)
        CU_ASSERT_EQUAL(kiss_update(kiss, payloads[i]), i == KISS_WINDOW - 1);
}

static void agrees_with_the_formula(void)
{
    struct random random = {1};
    static uint8_t payloads[KISS_WINDOW][KISS_BYTES];
    struct kiss kiss = {.packets = 0};
    for (unsigned round = 0; round < 200; round++) {
        /* From one value to all of them, differently at each place. */
        for (unsigned i = 0; i < KISS_WINDOW; i++) {
            for (unsigned k = 0; k < KISS_BYTES; k++)
                payloads[i][k] = (uint8_t)random_below(&random, 1 + (round * 7 + k * 29) % 256);
        }
        fill(&kiss, payloads);
        struct kiss_signature signature;
        kiss_read(&kiss, &signature);
        for (unsigned nibble = 0; nibble < KISS_NIBBLES; nibble++)
            CU_ASSERT_EQUAL(signature.deviation[nibble], scaled(formula(payloads, nibble)));
        kiss_restart(&kiss);
    }
}

static void knows_constants_counters_and_uniform_values(void)
{
    static uint8_t payloads[KISS_WINDOW][KISS_BYTES];
    for (unsigned i = 0; i < KISS_WINDOW; i++) {
        payloads[i][0] = 0x4a;                           /* both nibbles constant */
        payloads[i][1] = (uint8_t)(i % 2 << 4 | i % 4);  /* three and two bits constant */
        payloads[i][2] = (uint8_t)(i % 8 << 4 | i % 16); /* one and none */
        payloads[i][3] = (uint8_t)i;                     /* a counter: five of 16 high nibbles */
    }
    struct kiss kiss = {.packets = 0};
    struct kiss_signature signature;
    fill(&kiss, payloads);
    kiss_read(&kiss, &signature);
    static const int expected[] = {1200, 1200, 560, 240, 80, 0, 176, 0};
    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++)
        CU_ASSERT_EQUAL(signature.deviation[i], scaled(expected[i] * FIFTHS));
    CU_ASSERT_EQUAL(KISS_DEVIATION_MOST, 1200 * FIFTHS);
}

static void finds_random_nibbles_near_fifteen(void)
{
    struct random random = {2};
    struct kiss kiss = {.packets = 0};
    struct kiss_signature signature;
    int sum = 0;
    enum { WINDOWS = 200 };
    for (unsigned window = 0; window < WINDOWS; window++) {
        uint8_t payload[16];
        bool is_full = false;
        while (!is_full) {
            uint64_t words[2] = {random_next(&random), random_next(&random)};
            memcpy(payload, words, sizeof words);
            is_full = kiss_update(&kiss, payload);
        }
        kiss_read(&kiss, &signature);
        kiss_restart(&kiss);
        for (unsigned i = 0; i < KISS_NIBBLES; i++)
            sum += signature.deviation[i] * signature.deviation[i] / KISS_DEVIATION_MOST;
    }
    /* 15 degrees of freedom: mean 15, standard deviation of this mean 5.5 / sqrt(4800) = 0.08. */
    CU_ASSERT(sum > 1460 * FIFTHS * WINDOWS * KISS_NIBBLES / 100);
    CU_ASSERT(sum < 1540 * FIFTHS * WINDOWS * KISS_NIBBLES / 100);
}

static void does_not_mind_order(void)
{
    struct random random = {3};
    struct kiss forward = {.packets = 0}, backward = {.packets = 0};
    uint8_t payloads[KISS_WINDOW][KISS_BYTES];
    for (unsigned i = 0; i < KISS_WINDOW; i++) {
        for (unsigned k = 0; k < KISS_BYTES; k++)
            payloads[i][k] = (uint8_t)random_below(&random, 40);
    }
    for (unsigned i = 0; i < KISS_WINDOW; i++) {
        kiss_update(&forward, payloads[i]);
        kiss_update(&backward, payloads[KISS_WINDOW - 1 - i]);
    }
    CU_ASSERT_EQUAL(memcmp(&forward, &backward, sizeof forward), 0);
}

static void starts_each_window_empty(void)
{
    static const uint8_t first[KISS_BYTES] = {1}, second[KISS_BYTES] = {2};
    struct kiss kiss = {.packets = 0};
    struct kiss_signature signature;
    for (unsigned i = 0; i < KISS_WINDOW; i++)
        kiss_update(&kiss, first);
    kiss_restart(&kiss);
    CU_ASSERT_EQUAL(kiss.packets, 0);
    for (unsigned i = 0; i < KISS_WINDOW; i++)
        CU_ASSERT_EQUAL(kiss_update(&kiss, second), i == KISS_WINDOW - 1);
    kiss_read(&kiss, &signature);
    CU_ASSERT_EQUAL(signature.deviation[1], KISS_DEVIATION_MOST);
}

CU_TestInfo kiss_tests[] = {
    {"agrees with the formula", agrees_with_the_formula},
    {"knows constants, counters and uniform values", knows_constants_counters_and_uniform_values},
    {"finds random nibbles near fifteen", finds_random_nibbles_near_fifteen},
    {"does not mind order", does_not_mind_order},
    {"starts each window empty", starts_each_window_empty},
    CU_TEST_INFO_NULL,
};
