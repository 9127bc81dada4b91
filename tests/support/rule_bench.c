/* SPDX-License-Identifier: BSD-3-Clause */
/* Plays packets without frames. */
#include "rule_bench.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <string.h>

#include "skip.h"

static int compile(struct rule_bench *bench, const char *text, struct error *error)
{
    int failure = protocols_new(&bench->protocols, error);
    if (!failure)
        failure = rules_new(&bench->rules);
    if (!failure)
        failure = rules_read_text(bench->rules, "bench.rules", text, strlen(text), &bench->faults);
    if (!failure)
        failure = rules_resolve(bench->rules, bench->protocols, &bench->faults);
    if (!failure)
        failure = signatures_new(&bench->signatures, bench->rules,
                                 protocols_count(bench->protocols), &bench->faults, error);
    return failure;
}

bool rule_bench_open(struct rule_bench *bench, const char *text, uint32_t watch_count)
{
    const struct keyed_secret secret = {{1}};
    struct error error = {0};
    *bench = (struct rule_bench){.time_ns = 1000000000};
    int failure = compile(bench, text, &error);
    if (failure == -ENOTSUP) {
        test_skip("built without Hyperscan");
        return false;
    }
    for (unsigned i = 0; i < bench->faults.count; i++)
        printf("line %u: %s\n", bench->faults.fault[i].line, bench->faults.fault[i].text);
    CU_ASSERT_EQUAL_FATAL(failure, 0);
    CU_ASSERT_EQUAL_FATAL(bench->faults.count, 0);
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&bench->hash, &secret, &error), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&bench->tally, protocols_count(bench->protocols), &error), 0);
    const struct signature_options options = {
        .signatures = bench->signatures, .protocols = bench->protocols, .watch_count = watch_count};
    CU_ASSERT_EQUAL_FATAL(signature_clock_new(&bench->clock, &options, bench->hash, &error), 0);
    return true;
}

void rule_bench_close(struct rule_bench *bench)
{
    signature_clock_free(bench->clock);
    tally_free(bench->tally);
    keyed_hash_free(bench->hash);
    signatures_free(bench->signatures);
    rules_free(bench->rules);
    protocols_free(bench->protocols);
    rule_faults_free(&bench->faults);
}

uint16_t rule_bench_protocol(const struct rule_bench *bench, const char *name)
{
    int id = protocols_find(bench->protocols, name);
    CU_ASSERT_FATAL(id > 0);
    return (uint16_t)id;
}

static struct packet make_packet(const struct rule_bench_flow *flow, bool is_server)
{
    static const uint8_t addresses[2][16] = {{192, 0, 2, 1}, {192, 0, 2, 2}};
    struct packet packet = {.time_ns = flow->bench->time_ns += 1000,
                            .ip_version = 4,
                            .protocol = flow->protocol,
                            .has_ports = true,
                            .source_port = is_server ? flow->server_port : 50000,
                            .destination_port = is_server ? 50000 : flow->server_port};
    memcpy(packet.source, addresses[is_server], 16);
    memcpy(packet.destination, addresses[!is_server], 16);
    return packet;
}

static void begin_with(struct rule_bench_flow *flow, const struct packet *packet)
{
    struct rule_bench *bench = flow->bench;
    flow->flow = (struct flow){.key = {{bench->time_ns, 7}}};
    flow_begin(&flow->flow, &flow->detail, packet);
    signature_clock_begin(bench->clock, &flow->flow, &flow->detail, packet, bench->tally);
}

static void take(struct rule_bench_flow *flow, const struct packet *packet)
{
    struct signature_step step = {.expected_sequence = flow_expected(&flow->flow, packet)};
    step.is_data = flow_update(&flow->flow, packet);
    if (signature_is_watched(&flow->flow, flow_direction(&flow->flow, packet)) &&
        packet->payload_bytes)
        signature_clock_tick(flow->bench->clock, &flow->flow, &flow->detail, packet, &step,
                             flow->bench->tally);
}

void rule_bench_begin(struct rule_bench_flow *flow, struct rule_bench *bench, uint8_t protocol,
                      uint16_t server_port, bool is_midstream)
{
    *flow =
        (struct rule_bench_flow){.bench = bench, .protocol = protocol, .server_port = server_port};
    struct packet packet = make_packet(flow, false);
    bool has_handshake = protocol == IP_TCP && !is_midstream;
    packet.tcp_sequence = UINT32_MAX - 100; /* streams pass the point where numbers wrap */
    packet.tcp_flags = has_handshake ? TCP_SYN : 0;
    begin_with(flow, &packet);
    if (!has_handshake)
        return;
    take(flow, &packet);
    packet = make_packet(flow, true);
    packet.tcp_sequence = UINT32_MAX - 100;
    packet.tcp_flags = TCP_SYN | TCP_ACK;
    take(flow, &packet);
}

uint16_t rule_bench_send(struct rule_bench_flow *flow, bool is_server, uint32_t offset,
                         const void *payload, uint32_t length)
{
    struct packet packet = make_packet(flow, is_server);
    packet.tcp_flags = TCP_ACK;
    packet.tcp_sequence = UINT32_MAX - 99 + offset;
    packet.payload = payload;
    packet.payload_bytes = length;
    packet.payload_captured_bytes = length;
    take(flow, &packet);
    return flow->flow.verdict[TIER_SIGNATURES];
}

void rule_bench_end(struct rule_bench_flow *flow)
{
    signature_clock_end(flow->bench->clock, &flow->flow, &flow->detail);
}
