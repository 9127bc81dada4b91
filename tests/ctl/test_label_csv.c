/* SPDX-License-Identifier: BSD-3-Clause */
/* The truth CSV, to the letter. */
#include "label_csv.h"

#include <stdlib.h>
#include <string.h>

#include "suites.h"

static const char header[] =
    "capture,l4,a_ip,a_port,b_ip,b_port,protocol,service,first,last,ends,"
    "packets_ab,ip_bytes_ab,packets_ba,ip_bytes_ba,"
    "arrived_packets_ab,arrived_ip_bytes_ab,arrived_packets_ba,arrived_ip_bytes_ba\n";

/* What is written for `count` flows must be the header and `rows`. */
static void check(const char *capture, const struct label_flow *flows, size_t count,
                  uint64_t epoch_ns, const char *rows)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    label_csv_write(out, capture, flows, count, epoch_ns);
    fclose(out);
    CU_ASSERT_FATAL(strncmp(text, header, sizeof header - 1) == 0);
    CU_ASSERT_STRING_EQUAL(text + sizeof header - 1, rows);
    free(text);
}

static void writes_the_header_alone(void)
{
    check("", NULL, 0, 0, "");
}

static void writes_a_flow_of_each_kind(void)
{
    static const struct label_flow flows[] = {
        {
            .ip_version = 4,
            .transport = 6,
            .ends = LABEL_END_A,
            .a_address = {192, 0, 2, 1},
            .a_port = 443,
            .b_address = {198, 51, 100, 7},
            .b_port = 65535,
            .label = "http/youtube",
            .first_ns = 5,
            .last_ns = 2000000000,
            .a_to_b = {1, 40},
            .b_to_a = {2, 3000},
            .b_to_a_arrived = {2, 2999},
        },
        {
            .ip_version = 6,
            .transport = 17,
            .ends = LABEL_END_A | LABEL_END_B,
            .a_address = {0x20, 0x01, 0x0d, 0xb8, [15] = 1},
            .b_address = {0xff, 0x02, [15] = 0xfb},
            .a_port = 0,
            .b_port = 5353,
            .label = "mdns",
            .first_ns = 999999999,
            .last_ns = 1000000000,
            .a_to_b = {18446744073709551615u, 7},
            .a_to_b_arrived = {6, 5},
        },
    };
    check("lab.pcap", flows, 2, 1700000000000000000,
          "lab.pcap,tcp,192.0.2.1,443,198.51.100.7,65535,http,youtube,"
          "1700000000.000000005,1700000002.000000000,a,1,40,2,3000,0,0,2,2999\n"
          "lab.pcap,udp,2001:db8::1,0,ff02::fb,5353,mdns,,"
          "1700000000.999999999,1700000001.000000000,ab,18446744073709551615,7,0,0,6,5,0,0\n");
}

static void quotes_names_that_need_it(void)
{
    static const struct label_flow flow = {
        .ip_version = 4, .transport = 17, .ends = LABEL_END_B, .label = "dns"};
    const char *rest = ",udp,0.0.0.0,0,0.0.0.0,0,dns,,0.000000000,0.000000000,b,"
                       "0,0,0,0,0,0,0,0\n";
    static const struct {
        const char *name, *written;
    } cases[] = {
        {"a b.pcap", "a b.pcap"},
        {"a,b", "\"a,b\""},
        {"say \"a\"", "\"say \"\"a\"\"\""},
        {"two\nlines", "\"two\nlines\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char row[256];
        snprintf(row, sizeof row, "%s%s", cases[i].written, rest);
        check(cases[i].name, &flow, 1, 0, row);
    }
}

CU_TestInfo label_csv_tests[] = {
    {"the header alone", writes_the_header_alone},
    {"a flow of each kind", writes_a_flow_of_each_kind},
    {"names that need quotes", quotes_names_that_need_it},
    CU_TEST_INFO_NULL,
};
