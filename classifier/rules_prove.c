/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow made of a sample's payloads, packet by packet, without frames. */
#include "classifier/rules_prove.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_PORT = 50000, SERVER_PORT = 50001 };

struct prover {
    const struct signatures *signatures;
    const struct protocols *protocols;
    struct keyed_hash *hash;
    struct signature_clock *clock;
    struct tally *tally;
    uint64_t time_ns;
};

static void prover_close(struct prover *prover)
{
    signature_clock_free(prover->clock);
    keyed_hash_free(prover->hash);
    tally_free(prover->tally);
}

static int prover_open(struct prover *prover, const struct signatures *signatures,
                       const struct protocols *protocols, struct error *error)
{
    enum { WATCHES = 4 };
    const struct keyed_secret secret = {{0}}; /* no traffic is hashed */
    const struct signature_options options = {
        .signatures = signatures, .protocols = protocols, .watch_count = WATCHES};
    *prover = (struct prover){.signatures = signatures, .protocols = protocols};
    int failure = keyed_hash_new(&prover->hash, &secret, error);
    if (!failure)
        failure = tally_new(&prover->tally, protocols_count(protocols), error);
    if (!failure)
        failure = signature_clock_new(&prover->clock, &options, prover->hash, error);
    if (failure)
        prover_close(prover);
    return failure;
}

static uint8_t number_of(const struct rule *rule, unsigned transport)
{
    static const uint8_t numbers[RULE_IP] = {IP_TCP, IP_UDP, IP_SCTP};
    return transport == RULE_IP ? rule->ip_number[0] : numbers[transport];
}

/* A packet of the made-up flow; its payload and sequence number are the caller's to set. */
static struct packet make_packet(struct prover *prover, const struct rule *rule, unsigned transport,
                                 bool is_server)
{
    static const uint8_t client[16] = {192, 0, 2, 1};
    static const uint8_t server[16] = {192, 0, 2, 2};
    uint16_t server_port = rule->port_range_count ? rule->ports[0].first : SERVER_PORT;
    struct packet packet = {.time_ns = prover->time_ns,
                            .ip_version = 4,
                            .protocol = number_of(rule, transport),
                            .has_ports = transport != RULE_IP};
    prover->time_ns += 1000000;
    memcpy(packet.source, is_server ? server : client, sizeof packet.source);
    memcpy(packet.destination, is_server ? client : server, sizeof packet.destination);
    if (packet.has_ports) {
        packet.source_port = is_server ? server_port : CLIENT_PORT;
        packet.destination_port = is_server ? CLIENT_PORT : server_port;
    }
    return packet;
}

static void play_packet(struct prover *prover, struct flow *flow, struct flow_detail *detail,
                        const struct packet *packet)
{
    struct signature_step step = {.expected_sequence = flow_expected(flow, packet)};
    step.is_data = flow_update(flow, packet);
    if (signature_is_watched(flow, flow_direction(flow, packet)) && packet->payload_bytes)
        signature_clock_tick(prover->clock, flow, detail, packet, &step, prover->tally);
}

/* TCP: the SYNs say who is who. */
static void play_opening(struct prover *prover, struct flow *flow, struct flow_detail *detail,
                         const struct rule *rule)
{
    for (unsigned is_server = 0; is_server < 2; is_server++) {
        struct packet packet = make_packet(prover, rule, RULE_TCP, is_server);
        packet.tcp_flags = is_server ? TCP_SYN | TCP_ACK : TCP_SYN;
        if (!is_server) {
            flow_begin(flow, detail, &packet);
            signature_clock_begin(prover->clock, flow, detail, &packet, prover->tally);
        }
        play_packet(prover, flow, detail, &packet);
    }
}

/* The side that began the flow is the client's even where the server's payload comes first: over
 * UDP an empty datagram begins it, as it were. */
static uint16_t play(struct prover *prover, const struct rule *rule,
                     const struct rule_sample *sample, unsigned transport)
{
    struct flow flow = {.key = {{1, prover->time_ns + 1}}};
    struct flow_detail detail = {0};
    uint32_t sequence[2] = {1, 1};
    signature_clock_record(prover->clock);
    if (transport == RULE_TCP) {
        play_opening(prover, &flow, &detail, rule);
    } else {
        struct packet packet = make_packet(prover, rule, transport, false);
        flow_begin(&flow, &detail, &packet);
        signature_clock_begin(prover->clock, &flow, &detail, &packet, prover->tally);
    }
    for (unsigned i = 0; i < sample->payload_count; i++) {
        const struct rule_payload *payload = &sample->payloads[i];
        struct packet packet = make_packet(prover, rule, transport, payload->is_server);
        packet.payload = payload->bytes;
        packet.payload_bytes = payload->length;
        packet.payload_captured_bytes = payload->length;
        packet.tcp_sequence = sequence[payload->is_server];
        sequence[payload->is_server] += payload->length;
        play_packet(prover, &flow, &detail, &packet);
    }
    signature_clock_end(prover->clock, &flow, &detail);
    prover->time_ns += 3600 * (uint64_t)1000000000;
    return flow.verdict[TIER_SIGNATURES];
}

/* Which rule gave the flow a verdict that its sample did not want. */
static const char *culprit_of(const struct prover *prover, uint16_t verdict)
{
    const struct rules *rules = signatures_rules(prover->signatures);
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        if (rule->protocol == verdict && rule->strength != RULE_PART &&
            signature_clock_recorded(prover->clock, i))
            return rule->full_name;
    }
    return "nothing";
}

static void judge_sample(struct prover *prover, unsigned index, const struct rule_sample *sample,
                         unsigned transport, struct rule_faults *faults)
{
    const struct rule *rule = &signatures_rules(prover->signatures)->rule[index];
    uint16_t verdict = play(prover, rule, sample, transport);
    bool has_matched = signature_clock_recorded(prover->clock, index);
    static const char *const names[] = {"tcp", "udp", "sctp", "ip"};
    const char *over = names[transport];
    if (sample->is_near && has_matched)
        rule_faults_add(faults, rule->file, sample->line, "%s matches this near miss (%s)",
                        rule->full_name, over);
    else if (!sample->is_near && !has_matched)
        rule_faults_add(faults, rule->file, sample->line, "%s does not match this sample (%s)",
                        rule->full_name, over);
    else if (!sample->is_near && rule->strength != RULE_PART && verdict != rule->protocol)
        rule_faults_add(faults, rule->file, sample->line,
                        "the flow of this sample (%s) is called '%s', not '%s', because of %s",
                        over, protocols_get(prover->protocols, verdict)->name, rule->protocol_name,
                        culprit_of(prover, verdict));
}

static void prove_rule(struct prover *prover, unsigned index, struct rule_faults *faults)
{
    const struct rule *rule = &signatures_rules(prover->signatures)->rule[index];
    for (unsigned i = 0; i < rule->sample_count; i++) {
        for (unsigned transport = 0; transport < RULE_TRANSPORTS; transport++) {
            if (rule->transports & 1u << transport)
                judge_sample(prover, index, &rule->samples[i], transport, faults);
        }
    }
}

int rules_prove(const struct signatures *signatures, const struct protocols *protocols,
                struct rule_faults *faults, struct error *error)
{
    struct prover prover;
    unsigned before = faults->count;
    int failure = prover_open(&prover, signatures, protocols, error);
    if (failure)
        return failure;
    for (unsigned i = 0; i < signatures_rules(signatures)->count; i++)
        prove_rule(&prover, i, faults);
    prover_close(&prover);
    rule_faults_sort(faults);
    return faults->count > before ? -EINVAL : 0;
}

int rules_classify_sample(const struct signatures *signatures, const struct protocols *protocols,
                          const struct rule *rule, const struct rule_sample *sample,
                          unsigned transport, struct error *error)
{
    struct prover prover;
    int failure = prover_open(&prover, signatures, protocols, error);
    if (failure)
        return failure;
    uint16_t verdict = play(&prover, rule, sample, transport);
    prover_close(&prover);
    return verdict;
}
