/* SPDX-License-Identifier: BSD-3-Clause */
/* The test suites, one per source file of the same name, each ended by CU_TEST_INFO_NULL. */
#ifndef SUITES_H
#define SUITES_H

#include <CUnit/CUnit.h>

extern CU_TestInfo text_tests[];
extern CU_TestInfo keyed_hash_tests[];
extern CU_TestInfo quantity_tests[];
extern CU_TestInfo mask_tests[];
extern CU_TestInfo policy_tests[];
extern CU_TestInfo prefixes_tests[];
extern CU_TestInfo protocol_tests[];
extern CU_TestInfo feature_tests[];
extern CU_TestInfo flow_tests[];
extern CU_TestInfo headers_clock_tests[];
extern CU_TestInfo headers_model_tests[];
extern CU_TestInfo model_stats_tests[];
extern CU_TestInfo flow_key_tests[];
extern CU_TestInfo flow_table_tests[];
extern CU_TestInfo flood_tests[];
extern CU_TestInfo rules_tests[];
extern CU_TestInfo signature_tests[];
extern CU_TestInfo signature_patterns_tests[];
extern CU_TestInfo json_writer_tests[];
extern CU_TestInfo report_tests[];
extern CU_TestInfo report_headers_tests[];
extern CU_TestInfo dataplane_tests[];
extern CU_TestInfo source_pcap_tests[];
extern CU_TestInfo fanout_tests[];
extern CU_TestInfo headers_walk_tests[];
extern CU_TestInfo tiers_tests[];
extern CU_TestInfo tls_tests[];
extern CU_TestInfo quic_tests[];
extern CU_TestInfo http_host_tests[];
extern CU_TestInfo services_tests[];
extern CU_TestInfo name_tests[];
extern CU_TestInfo source_dpdk_tests[];
extern CU_TestInfo packet_tests[];
extern CU_TestInfo label_tests[];
extern CU_TestInfo label_csv_tests[];
extern CU_TestInfo box_reader_tests[];
extern CU_TestInfo eval_tests[];
extern CU_TestInfo eval_forms_tests[];
extern CU_TestInfo eval_measures_tests[];
extern CU_TestInfo kiss_tests[];
extern CU_TestInfo kiss_model_tests[];
extern CU_TestInfo kiss_svm_tests[];
extern CU_TestInfo stochastic_tests[];
extern CU_TestInfo endpoint_table_tests[];
extern CU_TestInfo eval_measures_tests[];
extern CU_TestInfo grower_tests[];
extern CU_TestInfo rows_tests[];

#endif
