/* SPDX-License-Identifier: BSD-3-Clause */
/* What reports say of the headers tier: everything is in some row, and what is withheld in none. */
#include "report_headers.h"

#include <stdlib.h>
#include <string.h>

#include "ctl/model_file.h"
#include "suites.h"

static struct protocols *protocols;
static struct model_file model;
static struct tally *tally;

static struct tally_headers *counts_of(const char *protocol)
{
    int id = protocols_find(protocols, protocol);
    CU_ASSERT_FATAL(id >= 0);
    return &tally->headers[id];
}

/* 700 dns from 3 hosts, 90 rtp from 1, 10 tls from 2, 200 unknown from 4. */
static void prepare(void)
{
    static const struct {
        const char *protocol;
        uint64_t flows, hosts;
    } counts[] = {{"dns", 700, 7}, {"rtp", 90, 1}, {"tls", 10, 3}, {"unknown", 200, 15}};
    const char *path = getenv("GLASSBOX_SMALL_MODEL");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(model_file_open(&model, path, protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(protocols), NULL), 0);
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        struct tally_headers *headers = counts_of(counts[i].protocol);
        headers->flows = counts[i].flows;
        headers->bytes = 1000 * counts[i].flows;
        headers->squares = 256 * counts[i].flows;
        headers->hosts[3] = counts[i].hosts;
        headers->fit[0] = PER_MILLE * counts[i].flows;
    }
}

static void clean_up(void)
{
    tally_free(tally);
    model_file_close(&model);
    protocols_free(protocols);
}

static struct report_headers *report_with(unsigned min_endpoints)
{
    const struct report_context context = {
        .min_endpoints = min_endpoints, .headers_model = model.headers, .protocols = protocols};
    struct report_headers *headers;
    CU_ASSERT_EQUAL_FATAL(report_headers_new(&headers, &context, tally), 0);
    return headers;
}

static const struct report_share *find(const struct report_share *shares, unsigned count,
                                       const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (!strcmp(shares[i].name, name))
            return &shares[i];
    }
    return NULL;
}

/* Flows, bytes and corrected flows of all rows are those of all flows. */
static void expect_sums(const struct report_share *shares, unsigned count)
{
    uint64_t flows = 0, bytes = 0, corrected = 0, corrected_bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        const struct report_share *share = &shares[i];
        CU_ASSERT(share->low <= share->corrected && share->corrected <= share->high);
        CU_ASSERT(share->low_bytes <= share->corrected_bytes);
        CU_ASSERT(share->corrected_bytes <= share->high_bytes);
        CU_ASSERT(i == 0 || share->corrected <= shares[i - 1].corrected);
        flows += share->flows;
        bytes += share->bytes;
        corrected += share->corrected;
        corrected_bytes += share->corrected_bytes;
    }
    CU_ASSERT_EQUAL(flows, 1000);
    CU_ASSERT_EQUAL(bytes, 1000000);
    CU_ASSERT(corrected >= 998 && corrected <= 1002);
    CU_ASSERT(corrected_bytes >= 999990 && corrected_bytes <= 1000010);
}

static void puts_every_flow_into_a_row(void)
{
    prepare();
    struct report_headers *headers = report_with(0);
    CU_ASSERT_EQUAL(headers->flows, 1000);
    CU_ASSERT_EQUAL(headers->fit.flows, 1000);
    CU_ASSERT_EQUAL(headers->fit.verdict, MODEL_FIT_BAD); /* all score as the lowest did */
    CU_ASSERT_EQUAL(headers->share_count, 4);
    expect_sums(headers->shares, headers->share_count);
    expect_sums(headers->categories, headers->category_count);
    const struct report_share *dns = find(headers->shares, headers->share_count, "dns");
    CU_ASSERT_PTR_NOT_NULL_FATAL(dns);
    CU_ASSERT_EQUAL(dns->flows, 700);
    CU_ASSERT_EQUAL(dns->bytes, 700000);
    CU_ASSERT_STRING_EQUAL(dns->category, "dns");
    CU_ASSERT_PTR_NOT_NULL(find(headers->categories, headers->category_count, "calls"));
    report_headers_free(headers);
    clean_up();
}

static void withholds_what_few_hosts_did(void)
{
    prepare();
    struct report_headers *headers = report_with(3);
    expect_sums(headers->shares, headers->share_count);
    expect_sums(headers->categories, headers->category_count);
    CU_ASSERT_PTR_NOT_NULL(find(headers->shares, headers->share_count, "dns"));
    CU_ASSERT_PTR_NULL(find(headers->shares, headers->share_count, "rtp"));
    CU_ASSERT_PTR_NULL(find(headers->shares, headers->share_count, "tls"));
    CU_ASSERT_PTR_NULL(find(headers->categories, headers->category_count, "calls"));
    CU_ASSERT_PTR_NULL(find(headers->categories, headers->category_count, "web"));
    const struct report_share *rows[] = {
        find(headers->shares, headers->share_count, "withheld"),
        find(headers->categories, headers->category_count, "withheld")};
    for (unsigned i = 0; i < 2; i++) {
        CU_ASSERT_PTR_NOT_NULL_FATAL(rows[i]);
        CU_ASSERT_EQUAL(rows[i]->flows, 100);
        CU_ASSERT_EQUAL(rows[i]->bytes, 100000);
    }
    report_headers_free(headers);
    clean_up();
}

static void says_nothing_of_nothing(void)
{
    prepare();
    tally_clear(tally);
    struct report_headers *headers = report_with(5);
    CU_ASSERT_EQUAL(headers->flows, 0);
    CU_ASSERT_EQUAL(headers->share_count, 0);
    CU_ASSERT_EQUAL(headers->category_count, 0);
    CU_ASSERT_EQUAL(headers->fit.verdict, MODEL_FIT_UNTOLD);
    report_headers_free(headers);
    clean_up();
}

CU_TestInfo report_headers_tests[] = {
    {"every flow is in a row", puts_every_flow_into_a_row},
    {"withholds what few hosts did", withholds_what_few_hosts_did},
    {"says nothing of nothing", says_nothing_of_nothing},
    CU_TEST_INFO_NULL,
};
