/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow's life: what ends it, what counts as data, and what its report says. */
#include "classifier/flow.h"

#include <string.h>

#include "suites.h"

static const uint64_t second_ns = 1000000000;

enum { PROTOCOLS = 4, WEB = 1, MAIL = 2 };

/* A packet between 10.0.0.1:1000 (low) and 10.0.0.2:80; `is_back` turns it round. */
static struct packet packet_of(uint8_t protocol, bool is_back, uint64_t time_ns)
{
    struct packet packet = {.time_ns = time_ns,
                            .wire_bytes = 100,
                            .ip_version = 4,
                            .protocol = protocol,
                            .has_ports = true,
                            .source = {10, 0, 0, 1},
                            .destination = {10, 0, 0, 2},
                            .source_port = 1000,
                            .destination_port = 80};
    if (is_back) {
        packet.source[3] = 2;
        packet.destination[3] = 1;
        packet.source_port = 80;
        packet.destination_port = 1000;
    }
    return packet;
}

static struct packet tcp(bool is_back, uint8_t flags, uint32_t sequence, uint32_t payload_bytes)
{
    struct packet packet = packet_of(IP_TCP, is_back, second_ns);
    packet.tcp_flags = flags;
    packet.tcp_sequence = sequence;
    packet.payload_bytes = payload_bytes;
    return packet;
}

struct life {
    struct flow flow;
    struct flow_detail detail;
};

static struct life begin(const struct packet *packet)
{
    struct life life;
    memset(&life, 0xee, sizeof life);
    life.flow.key = (struct flow_key){{1, 2}};
    flow_begin(&life.flow, &life.detail, packet);
    CU_ASSERT_EQUAL(life.flow.key.word[1], 2);
    return life;
}

static void is_over_when_idle(void)
{
    struct flow_timeouts timeouts = flow_timeouts_default();
    static const struct {
        uint8_t protocol;
        uint64_t limit_s;
    } cases[] = {{IP_TCP, 300}, {IP_UDP, 120}, {IP_ICMP, 60}, {IP_SCTP, 60}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct packet first = packet_of(cases[i].protocol, false, 1000 * second_ns);
        struct life life = begin(&first);
        flow_update(&life.flow, &first);
        uint64_t end_ns = first.time_ns + cases[i].limit_s * second_ns;
        CU_ASSERT_FALSE(flow_is_idle(&life.flow, &timeouts, end_ns));
        CU_ASSERT_TRUE(flow_is_idle(&life.flow, &timeouts, end_ns + 1));
        CU_ASSERT_FALSE(flow_is_idle(&life.flow, &timeouts, first.time_ns - second_ns));
        CU_ASSERT_TRUE(flow_is_idle(&life.flow, &timeouts, 0));
    }
}

static void closes_by_fin_and_reset(void)
{
    struct flow_timeouts timeouts = flow_timeouts_default();
    struct packet first = tcp(false, TCP_SYN, 100, 0);
    struct life life = begin(&first);
    flow_update(&life.flow, &first);
    struct packet fin = tcp(false, TCP_FIN | TCP_ACK, 101, 0);
    flow_update(&life.flow, &fin);
    CU_ASSERT_FALSE(flow_is_idle(&life.flow, &timeouts, 7 * second_ns));
    struct packet syn = tcp(false, TCP_SYN, 900, 0);
    CU_ASSERT_FALSE(flow_is_reopened(&life.flow, &syn));
    struct packet other_fin = tcp(true, TCP_FIN | TCP_ACK, 500, 0);
    flow_update(&life.flow, &other_fin);
    CU_ASSERT_TRUE(flow_is_idle(&life.flow, &timeouts, 7 * second_ns));
    CU_ASSERT_TRUE(flow_is_reopened(&life.flow, &syn));
    struct packet syn_ack = tcp(true, TCP_SYN | TCP_ACK, 900, 0);
    CU_ASSERT_FALSE(flow_is_reopened(&life.flow, &syn_ack));

    struct life reset = begin(&first);
    struct packet rst = tcp(true, TCP_RST, 0, 0);
    flow_update(&reset.flow, &rst);
    CU_ASSERT_TRUE(flow_is_reopened(&reset.flow, &syn));
}

static void repeats_are_not_data(void)
{
    static const struct {
        const char *what;
        struct {
            bool is_back;
            uint8_t flags;
            uint32_t sequence, payload_bytes;
        } packet;
        bool is_data;
    } cases[] = {
        {"handshake", {false, TCP_SYN, 0xffffff00, 0}, false},
        {"answer", {true, TCP_SYN | TCP_ACK, 5000, 0}, false},
        {"bare acknowledgement", {false, TCP_ACK, 0xffffff01, 0}, false},
        {"first data", {false, TCP_ACK, 0xffffff01, 200}, true},
        {"the same again", {false, TCP_ACK, 0xffffff01, 200}, false},
        {"part of it again", {false, TCP_ACK, 0xffffff01, 100}, false},
        {"keep-alive: the last byte", {false, TCP_ACK, 0xffffffc8, 1}, false},
        {"data across the wrap", {false, TCP_ACK, 0xffffffc9, 300}, true},
        {"behind the wrap, again", {false, TCP_ACK, 0x10, 20}, false},
        {"old and new together", {false, TCP_ACK, 0x10, 1000}, true},
        {"the other side's first", {true, TCP_ACK, 5001, 10}, true},
        {"the other side's again", {true, TCP_ACK, 5001, 10}, false},
    };
    struct packet first = tcp(false, TCP_SYN, 0xffffff00, 0);
    struct life life = begin(&first);
    unsigned data_packets = 0;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct packet packet = tcp(cases[i].packet.is_back, cases[i].packet.flags,
                                   cases[i].packet.sequence, cases[i].packet.payload_bytes);
        bool is_data = flow_update(&life.flow, &packet);
        if (is_data != cases[i].is_data)
            CU_FAIL(cases[i].what);
        data_packets += is_data;
    }
    CU_ASSERT_EQUAL(life.flow.data_packets, data_packets);
    CU_ASSERT_EQUAL(life.flow.unreported_packets, sizeof cases / sizeof *cases);
}

static void data_in_the_middle_of_a_connection_counts(void)
{
    struct packet first = tcp(false, TCP_ACK, 77, 10);
    struct life life = begin(&first);
    CU_ASSERT_TRUE(flow_update(&life.flow, &first));
    CU_ASSERT_FALSE(flow_update(&life.flow, &first));
}

static void reports_under_the_verdict_it_has(void)
{
    struct tally *tally;
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, PROTOCOLS, NULL), 0);
    struct packet packet = packet_of(IP_UDP, false, second_ns);
    struct life life = begin(&packet);
    life.detail.host_bit = 65;
    flow_update(&life.flow, &packet);
    flow_report(&life.flow, &life.detail, tally);
    CU_ASSERT_EQUAL(tally->cells[PROTOCOL_UNKNOWN].packets, 1);
    CU_ASSERT_EQUAL(tally->cells[PROTOCOL_UNKNOWN].flows, 0);
    CU_ASSERT_EQUAL(tally->cells[PROTOCOL_UNKNOWN].hosts[1], 2);

    flow_decide(&life.flow, &life.detail, TIER_PORTS, MAIL);
    flow_update(&life.flow, &packet);
    flow_update(&life.flow, &packet);
    flow_decide(&life.flow, &life.detail, TIER_SIGNATURES, WEB);
    flow_finish(&life.flow, &life.detail, FLOW_ENDED, tally);
    const struct tally_cell *web = &tally->cells[WEB];
    CU_ASSERT_EQUAL(web->packets, 2);
    CU_ASSERT_EQUAL(web->bytes, 200);
    CU_ASSERT_EQUAL(web->flows, 1);
    CU_ASSERT_EQUAL(web->by_tier[TIER_SIGNATURES].bytes, 200);
    CU_ASSERT_EQUAL(web->by_tier[TIER_SIGNATURES].flows, 1);
    CU_ASSERT_EQUAL(web->packets_before_verdict[2], 1);
    CU_ASSERT_EQUAL(web->bytes_before_verdict, 300);
    CU_ASSERT_EQUAL(tally->cells[MAIL].packets, 0);
    CU_ASSERT_EQUAL(tally->agreement[TIER_PORTS][TIER_SIGNATURES].different_flows, 1);
    CU_ASSERT_EQUAL(tally->agreement[TIER_PORTS][TIER_SIGNATURES].different_bytes, 300);
    CU_ASSERT_EQUAL(tally->agreement[TIER_PORTS][TIER_SIGNATURES].same_flows, 0);
    CU_ASSERT_EQUAL(tally->flows.ended, 1);
    CU_ASSERT_EQUAL(tally->flows.one_way, 1);
    tally_free(tally);
}

static void steps_are_powers_of_two(void)
{
    static const struct {
        unsigned packets, step;
    } cases[] = {{1, 0}, {2, 1},  {3, 2},  {4, 2},  {5, 3},  {8, 3},
                 {9, 4}, {16, 4}, {17, 5}, {32, 5}, {33, 6}, {1000, 6}};
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tally *tally;
        CU_ASSERT_EQUAL_FATAL(tally_new(&tally, PROTOCOLS, NULL), 0);
        struct packet packet = packet_of(IP_UDP, i % 2, second_ns);
        struct life life = begin(&packet);
        for (unsigned n = 0; n < cases[i].packets; n++)
            flow_update(&life.flow, &packet);
        flow_decide(&life.flow, &life.detail, TIER_HEADERS, WEB);
        flow_update(&life.flow, &packet);
        flow_finish(&life.flow, &life.detail, FLOW_CUT, tally);
        CU_ASSERT_EQUAL(tally->cells[WEB].packets_before_verdict[cases[i].step], 1);
        CU_ASSERT_EQUAL(tally->cells[WEB].bytes_before_verdict, cases[i].packets * 100);
        CU_ASSERT_EQUAL(tally->flows.cut, 1);
        tally_free(tally);
    }
}

CU_TestInfo flow_tests[] = {
    {"is over when idle, and when time ran back", is_over_when_idle},
    {"closes by FIN from both sides and by RST", closes_by_fin_and_reset},
    {"retransmissions and keep-alives are not data", repeats_are_not_data},
    {"data in the middle of a connection counts", data_in_the_middle_of_a_connection_counts},
    {"reports under the verdict it has", reports_under_the_verdict_it_has},
    {"verdict steps are powers of two", steps_are_powers_of_two},
    CU_TEST_INFO_NULL,
};
