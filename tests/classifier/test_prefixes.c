/* SPDX-License-Identifier: BSD-3-Clause */
#include "classifier/prefixes.h"

#include <arpa/inet.h>
#include <string.h>

#include "suites.h"

static bool hold(const struct prefixes *prefixes, const char *text)
{
    uint8_t address[16] = {0};
    bool is_four = strchr(text, '.');
    CU_ASSERT_EQUAL_FATAL(inet_pton(is_four ? AF_INET : AF_INET6, text, address), 1);
    return prefixes_hold(prefixes, is_four ? 4 : 6, address);
}

static void test_holding(void)
{
    struct prefixes prefixes = {0};
    CU_ASSERT_EQUAL_FATAL(
        prefixes_read(&prefixes, "10.0.0.0/8,192.0.2.128/25,203.0.113.7,2001:db8::/33", NULL), 0);
    CU_ASSERT_EQUAL(prefixes.count, 4);
    CU_ASSERT_TRUE(hold(&prefixes, "10.255.255.255"));
    CU_ASSERT_FALSE(hold(&prefixes, "11.0.0.0"));
    CU_ASSERT_TRUE(hold(&prefixes, "192.0.2.200"));
    CU_ASSERT_FALSE(hold(&prefixes, "192.0.2.127"));
    CU_ASSERT_TRUE(hold(&prefixes, "203.0.113.7"));
    CU_ASSERT_FALSE(hold(&prefixes, "203.0.113.6"));
    CU_ASSERT_TRUE(hold(&prefixes, "2001:db8:7fff::1"));
    CU_ASSERT_FALSE(hold(&prefixes, "2001:db8:8000::1"));
    CU_ASSERT_FALSE(hold(&prefixes, "a00::"));
}

static void test_everything(void)
{
    struct prefixes prefixes = {0};
    CU_ASSERT_FALSE(hold(&prefixes, "10.0.0.1"));
    CU_ASSERT_EQUAL(prefixes_read(&prefixes, "0.0.0.0/0", NULL), 0);
    CU_ASSERT_TRUE(hold(&prefixes, "203.0.113.1"));
    CU_ASSERT_FALSE(hold(&prefixes, "::1"));
}

static void test_refusing(void)
{
    static const char *const bad[] = {
        "",         ",",           "10.0.0.0/8,",    "10.0.0.0/33", "10.0.0.1/8",
        "10.0.0/8", "2001::/129",  "2001:db8::1/32", "10.0.0.0/",   "10.0.0.0/08x",
        "host",     "10.0.0.0/-1",
    };
    for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct prefixes prefixes = {0};
        struct error error = {0};
        CU_ASSERT_NOT_EQUAL(prefixes_read(&prefixes, bad[i], &error), 0);
        CU_ASSERT_TRUE(error.text[0]);
    }
}

CU_TestInfo prefixes_tests[] = {
    {"addresses inside and beside", test_holding},
    {"none, and all of one version", test_everything},
    {"what is no prefix is refused", test_refusing},
    CU_TEST_INFO_NULL,
};
