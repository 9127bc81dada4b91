/* SPDX-License-Identifier: BSD-3-Clause */
/* A flow's life: begun, updated, decided, reported, finished. Holds no table. */
#include "classifier/flow.h"

static const uint64_t second_ns = 1000000000;

struct flow_timeouts flow_timeouts_default(void)
{
    return (struct flow_timeouts){.tcp_closed_ns = 5 * second_ns,
                                  .tcp_ns = 300 * second_ns,
                                  .udp_ns = 120 * second_ns,
                                  .other_ns = 60 * second_ns};
}

void flow_begin(struct flow *flow, struct flow_detail *detail, const struct packet *packet)
{
    *flow = (struct flow){.key = flow->key,
                          .stamp = flow->stamp,
                          .last_ns = packet->time_ns,
                          .state = flow_key_is_reversed(packet) ? FLOW_STARTED_HIGH : 0,
                          .protocol = packet->protocol};
    *detail = (struct flow_detail){0};
}

static bool is_closed(const struct flow *flow)
{
    const unsigned both = FLOW_FIN_FORWARD | FLOW_FIN_BACKWARD;
    return flow->state & FLOW_RESET || (flow->state & both) == both;
}

bool flow_is_idle(const struct flow *flow, const struct flow_timeouts *timeouts, uint64_t now_ns)
{
    uint64_t limit_ns = timeouts->other_ns;
    if (flow->protocol == IP_TCP)
        limit_ns = is_closed(flow) ? timeouts->tcp_closed_ns : timeouts->tcp_ns;
    else if (flow->protocol == IP_UDP)
        limit_ns = timeouts->udp_ns;
    uint64_t gap_ns = now_ns > flow->last_ns ? now_ns - flow->last_ns : flow->last_ns - now_ns;
    return gap_ns > limit_ns;
}

bool flow_is_reopened(const struct flow *flow, const struct packet *packet)
{
    bool is_opening = (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST)) == TCP_SYN;
    return is_opening && flow->protocol == IP_TCP && is_closed(flow);
}

unsigned flow_direction(const struct flow *flow, const struct packet *packet)
{
    bool started_high = flow->state & FLOW_STARTED_HIGH;
    return flow_key_is_reversed(packet) != started_high;
}

/* The sequence number of the packet's first payload byte: a SYN counts before it (RFC 9293, 3.4).
 */
static uint32_t data_sequence(const struct packet *packet)
{
    return packet->tcp_sequence + !!(packet->tcp_flags & TCP_SYN);
}

uint32_t flow_expected(const struct flow *flow, const struct packet *packet)
{
    unsigned direction = flow_direction(flow, packet);
    uint8_t known = direction ? FLOW_SEQUENCE_BACKWARD : FLOW_SEQUENCE_FORWARD;
    return flow->state & known ? flow->next_sequence[direction] : data_sequence(packet);
}

/* Sequence numbers wrap: `a` is after `b` when the way from b to a is less than half the circle
 * (RFC 9293, section 3.4). */
static bool is_after(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) > 0;
}

/* Retransmissions and keep-alives end at or before what was already sent. */
static bool follow_tcp(struct flow *flow, const struct packet *packet, unsigned direction)
{
    if (packet->tcp_flags & TCP_SYN)
        flow->state |= FLOW_SYN;
    if (packet->tcp_flags & TCP_RST)
        flow->state |= FLOW_RESET;
    if (packet->tcp_flags & TCP_FIN)
        flow->state |= direction ? FLOW_FIN_BACKWARD : FLOW_FIN_FORWARD;
    uint8_t known = direction ? FLOW_SEQUENCE_BACKWARD : FLOW_SEQUENCE_FORWARD;
    bool is_syn = packet->tcp_flags & TCP_SYN;
    uint32_t end = packet->tcp_sequence + packet->payload_bytes + is_syn;
    bool is_new = !(flow->state & known) || is_after(end, flow->next_sequence[direction]);
    if (is_new && (packet->payload_bytes || is_syn)) {
        flow->next_sequence[direction] = end;
        flow->state |= known;
    }
    return is_new && packet->payload_bytes;
}

bool flow_update(struct flow *flow, const struct packet *packet)
{
    flow->last_ns = packet->time_ns;
    flow->unreported_packets++;
    flow->unreported_bytes += packet->wire_bytes;
    unsigned direction = flow_direction(flow, packet);
    if (direction)
        flow->state |= FLOW_SEEN_BACKWARD;
    bool is_data = flow->protocol != IP_TCP || follow_tcp(flow, packet, direction);
    if (is_data && flow->data_packets < UINT16_MAX)
        flow->data_packets++;
    return is_data;
}

int flow_winner(const struct flow *flow)
{
    int tier = TIERS - 1;
    while (tier >= 0 && flow->verdict[tier] == PROTOCOL_UNKNOWN)
        tier--;
    return tier;
}

void flow_decide(struct flow *flow, struct flow_detail *detail, enum tier tier, uint16_t protocol)
{
    if (flow->verdict[tier] == protocol)
        return;
    flow->verdict[tier] = protocol;
    if (flow_winner(flow) != (int)tier)
        return;
    uint64_t packets = detail->reported_packets + flow->unreported_packets;
    detail->packets_before_verdict = packets < UINT32_MAX ? (uint32_t)packets : UINT32_MAX;
    detail->bytes_before_verdict = detail->reported_bytes + flow->unreported_bytes;
}

static struct tally_cell *cell_of(const struct flow *flow, int tier, struct tally *tally)
{
    return &tally->cells[tier < 0 ? PROTOCOL_UNKNOWN : flow->verdict[tier]];
}

static void set_host(uint64_t *hosts, unsigned bit)
{
    hosts[bit / 64] |= (uint64_t)1 << bit % 64;
}

static void report_service(const struct flow *flow, const struct flow_detail *detail,
                           struct tally *tally)
{
    if (detail->service == SERVICE_NONE)
        return;
    struct tally_service *service = &tally->services[detail->service];
    service->packets += flow->unreported_packets;
    service->bytes += flow->unreported_bytes;
    set_host(service->hosts, detail->host_bit);
}

void flow_report(struct flow *flow, struct flow_detail *detail, struct tally *tally)
{
    if (!flow->unreported_packets)
        return;
    int tier = flow_winner(flow);
    struct tally_cell *cell = cell_of(flow, tier, tally);
    cell->packets += flow->unreported_packets;
    cell->bytes += flow->unreported_bytes;
    if (tier >= 0)
        cell->by_tier[tier].bytes += flow->unreported_bytes;
    set_host(cell->hosts, detail->host_bit);
    report_service(flow, detail, tally);
    detail->reported_packets += flow->unreported_packets;
    detail->reported_bytes += flow->unreported_bytes;
    flow->unreported_packets = 0;
    flow->unreported_bytes = 0;
}

/* 1, 2, 3-4, 5-8, 9-16, 17-32, more: the bits of the number before it. */
static unsigned step_of(uint32_t packets)
{
    unsigned step = packets < 2 ? 0 : 32u - (unsigned)__builtin_clz(packets - 1);
    return step < VERDICT_STEPS ? step : VERDICT_STEPS - 1;
}

static void compare_tiers(const struct flow *flow, const struct flow_detail *detail,
                          struct tally *tally)
{
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = weaker + 1; stronger < TIERS; stronger++) {
            if (!flow->verdict[weaker] || !flow->verdict[stronger])
                continue;
            struct tally_agreement *agreement = &tally->agreement[weaker][stronger];
            if (flow->verdict[weaker] == flow->verdict[stronger]) {
                agreement->same_flows++;
                agreement->same_bytes += detail->reported_bytes;
            } else {
                agreement->different_flows++;
                agreement->different_bytes += detail->reported_bytes;
            }
        }
    }
}

void flow_finish(struct flow *flow, struct flow_detail *detail, enum flow_end end,
                 struct tally *tally)
{
    flow_report(flow, detail, tally);
    int tier = flow_winner(flow);
    struct tally_cell *cell = cell_of(flow, tier, tally);
    cell->flows++;
    set_host(cell->hosts, detail->host_bit);
    if (detail->service != SERVICE_NONE)
        tally->services[detail->service].flows++;
    if (tier >= 0) {
        cell->by_tier[tier].flows++;
        cell->packets_before_verdict[step_of(detail->packets_before_verdict)]++;
        cell->bytes_before_verdict += detail->bytes_before_verdict;
    }
    compare_tiers(flow, detail, tally);
    tally->flows.ended++;
    tally->flows.evicted += end == FLOW_EVICTED;
    tally->flows.cut += end == FLOW_CUT;
    tally->flows.one_way += !(flow->state & FLOW_SEEN_BACKWARD);
}
