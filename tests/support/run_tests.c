/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the suites named as arguments, or all; fails when a test fails or none ran. */
#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skip.h"
#include "suites.h"

static CU_SuiteInfo all_suites[] = {
    {"text", NULL, NULL, NULL, NULL, text_tests},
    {"keyed_hash", NULL, NULL, NULL, NULL, keyed_hash_tests},
    {"quantity", NULL, NULL, NULL, NULL, quantity_tests},
    {"mask", NULL, NULL, NULL, NULL, mask_tests},
    {"policy", NULL, NULL, NULL, NULL, policy_tests},
    {"prefixes", NULL, NULL, NULL, NULL, prefixes_tests},
    {"protocol", NULL, NULL, NULL, NULL, protocol_tests},
    {"feature", NULL, NULL, NULL, NULL, feature_tests},
    {"headers_clock", NULL, NULL, NULL, NULL, headers_clock_tests},
    {"headers_model", NULL, NULL, NULL, NULL, headers_model_tests},
    {"model_stats", NULL, NULL, NULL, NULL, model_stats_tests},
    {"flow", NULL, NULL, NULL, NULL, flow_tests},
    {"flow_key", NULL, NULL, NULL, NULL, flow_key_tests},
    {"flow_table", NULL, NULL, NULL, NULL, flow_table_tests},
    {"flood", NULL, NULL, NULL, NULL, flood_tests},
    {"rules", NULL, NULL, NULL, NULL, rules_tests},
    {"signature", NULL, NULL, NULL, NULL, signature_tests},
    {"signature_patterns", NULL, NULL, NULL, NULL, signature_patterns_tests},
    {"json_writer", NULL, NULL, NULL, NULL, json_writer_tests},
    {"report_headers", NULL, NULL, NULL, NULL, report_headers_tests},
    {"report", NULL, NULL, NULL, NULL, report_tests},
    {"dataplane", NULL, NULL, NULL, NULL, dataplane_tests},
    {"source_pcap", NULL, NULL, NULL, NULL, source_pcap_tests},
    {"fanout", NULL, NULL, NULL, NULL, fanout_tests},
    {"headers_walk", NULL, NULL, NULL, NULL, headers_walk_tests},
    {"tiers", NULL, NULL, NULL, NULL, tiers_tests},
    {"tls", NULL, NULL, NULL, NULL, tls_tests},
    {"quic", NULL, NULL, NULL, NULL, quic_tests},
    {"http_host", NULL, NULL, NULL, NULL, http_host_tests},
    {"services", NULL, NULL, NULL, NULL, services_tests},
    {"name", NULL, NULL, NULL, NULL, name_tests},
    {"source_dpdk", NULL, NULL, NULL, NULL, source_dpdk_tests},
    {"packet", NULL, NULL, NULL, NULL, packet_tests},
    {"label", NULL, NULL, NULL, NULL, label_tests},
    {"label_csv", NULL, NULL, NULL, NULL, label_csv_tests},
    {"box_reader", NULL, NULL, NULL, NULL, box_reader_tests},
    {"eval", NULL, NULL, NULL, NULL, eval_tests},
    {"eval_forms", NULL, NULL, NULL, NULL, eval_forms_tests},
    {"eval_measures", NULL, NULL, NULL, NULL, eval_measures_tests},
    {"kiss", NULL, NULL, NULL, NULL, kiss_tests},
    {"stochastic", NULL, NULL, NULL, NULL, stochastic_tests},
    {"kiss_model", NULL, NULL, NULL, NULL, kiss_model_tests},
    {"kiss_svm", NULL, NULL, NULL, NULL, kiss_svm_tests},
    {"endpoint_table", NULL, NULL, NULL, NULL, endpoint_table_tests},
    {"eval_measures", NULL, NULL, NULL, NULL, eval_measures_tests},
    {"grower", NULL, NULL, NULL, NULL, grower_tests},
    {"rows", NULL, NULL, NULL, NULL, rows_tests},
};

enum { SUITES = sizeof all_suites / sizeof *all_suites };

static unsigned skipped;

void test_skip(const char *reason)
{
    skipped++;
    printf("skipped: %s ... ", reason);
}

static CU_SuiteInfo *find_suite(const char *name)
{
    for (unsigned i = 0; i < SUITES; i++) {
        if (!strcmp(all_suites[i].pName, name))
            return &all_suites[i];
    }
    fprintf(stderr, "run_tests: there is no suite '%s'\n", name);
    exit(2);
}

static void register_suite(const CU_SuiteInfo *suite)
{
    CU_SuiteInfo ended[] = {*suite, CU_SUITE_INFO_NULL};
    if (CU_register_suites(ended) != CUE_SUCCESS) {
        fprintf(stderr, "run_tests: %s\n", CU_get_error_msg());
        exit(2);
    }
}

int main(int argc, char **argv)
{
    if (CU_initialize_registry() != CUE_SUCCESS)
        return 2;
    for (int i = 1; i < argc; i++)
        register_suite(find_suite(argv[i]));
    for (unsigned i = 0; argc < 2 && i < SUITES; i++)
        register_suite(&all_suites[i]);
    CU_basic_set_mode(CU_BRM_VERBOSE);
    CU_basic_run_tests();
    unsigned run = CU_get_number_of_tests_run();
    unsigned failed = CU_get_number_of_tests_failed();
    CU_cleanup_registry();
    printf("\ntotals: %u passed, %u failed, %u skipped\n", run - failed - skipped, failed, skipped);
    return failed || !run ? EXIT_FAILURE : EXIT_SUCCESS;
}
