/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers that people write: what is read, and what is refused. */
#include "base/text.h"

#include <errno.h>
#include <string.h>

#include "suites.h"

static void reads_whole_numbers(void)
{
    static const struct {
        const char *text;
        uint64_t least, most, value;
        int outcome;
    } cases[] = {
        {"0", 0, 10, 0, 0},
        {"10", 0, 10, 10, 0},
        {"18446744073709551615", 0, UINT64_MAX, UINT64_MAX, 0},
        {"007", 0, 10, 7, 0},
        {"11", 0, 10, 0, -EINVAL},
        {"8", 0, 7, 0, -EINVAL},
        {"1", 2, 10, 0, -EINVAL},
        {"", 0, 10, 0, -EINVAL},
        {"-1", 0, 10, 0, -EINVAL},
        {"+1", 0, 10, 0, -EINVAL},
        {" 1", 0, 10, 0, -EINVAL},
        {"1 ", 0, 10, 0, -EINVAL},
        {"1k", 0, 10, 0, -EINVAL},
        {"0x1", 0, 10, 0, -EINVAL},
        {"18446744073709551616", 0, UINT64_MAX, 0, -EINVAL},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value;
        struct error error = {0};
        int outcome = text_read_unsigned(cases[i].text, "--count", cases[i].least, cases[i].most,
                                         &value, &error);
        CU_ASSERT_EQUAL(outcome, cases[i].outcome);
        if (outcome == 0) {
            CU_ASSERT_EQUAL(value, cases[i].value);
        } else {
            CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "--count"));
        }
    }
}

static void reads_seconds(void)
{
    static const struct {
        const char *text;
        uint64_t value_ns;
        int outcome;
    } cases[] = {
        {"1", 1000000000, 0},         {"0.5", 500000000, 0},     {"0.000000001", 1, 0},
        {"300", 300000000000, 0},     {"60.25", 60250000000, 0}, {"0", 0, -EINVAL},
        {"0.0000000001", 0, -EINVAL}, {"1.", 0, -EINVAL},        {".5", 0, -EINVAL},
        {"1s", 0, -EINVAL},           {"-1", 0, -EINVAL},        {"1e3", 0, -EINVAL},
        {"316224001", 0, -EINVAL},    {"", 0, -EINVAL},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t value_ns;
        struct error error = {0};
        CU_ASSERT_EQUAL(text_read_seconds(cases[i].text, "--idle", &value_ns, &error),
                        cases[i].outcome);
        if (cases[i].outcome == 0) {
            CU_ASSERT_EQUAL(value_ns, cases[i].value_ns);
        }
    }
}

CU_TestInfo text_tests[] = {
    {"reads whole numbers and refuses the rest", reads_whole_numbers},
    {"reads seconds and refuses the rest", reads_seconds},
    CU_TEST_INFO_NULL,
};
