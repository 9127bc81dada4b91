/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets: every row of packet_cases.c read whole, cut short by the capture at every byte, cut
 * short on the wire at every byte, and spoiled at every byte, always against a page nobody may
 * touch. */
#include "classifier/packet.h"

#include <stdio.h>
#include <string.h>

#include "guarded.h"
#include "packet_cases.h"
#include "suites.h"

/* Kept until the program ends. */
static const uint8_t *place(const uint8_t *bytes, uint32_t length)
{
    static struct guarded memory;
    if (!memory.pages)
        memory = guarded_new(FRAME_BUILDER_BYTES);
    return guarded_place(&memory, bytes, length);
}

/* Says which row and which length a failed assertion is about. */
static void expect(bool is_true, const struct packet_case *row, uint32_t captured_bytes,
                   uint32_t wire_bytes, const char *what)
{
    if (!is_true)
        printf("\n    %s: %u of %u bytes: %s ", row->name, captured_bytes, wire_bytes, what);
    CU_assertImplementation(is_true, __LINE__, what, __FILE__, row->name, CU_FALSE);
}

/* Parses the first bytes of the frame as captured, against the guard page. */
static enum packet_outcome parse(const struct packet_case *row, const struct frame_builder *builder,
                                 uint32_t captured_bytes, uint32_t wire_bytes,
                                 struct packet *packet)
{
    struct frame frame = frame_builder_frame(builder, (uint16_t)row->link_type);
    frame.captured_bytes = captured_bytes;
    frame.wire_bytes = wire_bytes;
    frame.bytes = place(builder->bytes, captured_bytes);
    memset(packet, 0xee, sizeof *packet); /* nothing of it may be left */
    enum packet_outcome outcome = packet_parse(&frame, &row->options, packet);
    bool is_within =
        outcome != PACKET_FLOW || !packet->payload ||
        (packet->payload >= frame.bytes &&
         packet->payload + packet->payload_captured_bytes <= frame.bytes + captured_bytes);
    expect(is_within, row, captured_bytes, wire_bytes, "the payload lies within the frame");
    if (outcome == PACKET_FLOW && packet->payload)
        packet->payload = builder->bytes + (packet->payload - frame.bytes);
    return outcome;
}

static bool has_addresses(const struct packet *packet, const struct frame_builder *builder,
                          unsigned ip)
{
    uint8_t source[16];
    uint8_t destination[16];
    frame_builder_addresses(builder, ip, source, destination);
    return !memcmp(packet->source, source, sizeof source) &&
           !memcmp(packet->destination, destination, sizeof destination);
}

static uint32_t offset_of_payload(const struct packet_case *row,
                                  const struct frame_builder *builder)
{
    unsigned layer = row->payload - 1;
    if (!row->payload) {
        layer = 0;
        while (builder->layers[layer] != LAYER_PAYLOAD)
            layer++;
    }
    bool is_last = layer >= builder->layer_count || builder->layers[layer] == LAYER_PADDING;
    return is_last ? builder->counted_bytes : builder->offsets[layer];
}

static void expect_payload(const struct packet_case *row, const struct frame_builder *builder,
                           const struct packet *packet)
{
    uint32_t whole = builder->length;
    uint32_t offset = offset_of_payload(row, builder);
    uint32_t bytes = builder->counted_bytes - offset;
    expect(packet->payload_bytes == bytes + row->missing_bytes, row, whole, whole, "payload bytes");
    expect(packet->payload_captured_bytes == bytes, row, whole, whole, "captured payload bytes");
    expect(packet->payload == (bytes ? builder->bytes + offset : NULL), row, whole, whole,
           "where the payload starts");
}

static void expect_flow(const struct packet_case *row, const struct frame_builder *builder,
                        const struct packet *packet)
{
    uint32_t whole = builder->length;
    unsigned ip = row->ip ? row->ip : builder->ip_count;
    bool has_ports = row->source_port != 0;
    expect(has_addresses(packet, builder, ip), row, whole, whole, "addresses");
    expect(packet->protocol == row->protocol, row, whole, whole, "protocol");
    expect(packet->has_ports == has_ports, row, whole, whole, "has ports");
    expect(packet->source_port == row->source_port, row, whole, whole, "source port");
    expect(packet->destination_port == row->destination_port, row, whole, whole,
           "destination port");
    expect(packet->fragment == row->fragment, row, whole, whole, "fragment");
    expect(packet->fragment_id == row->fragment_id, row, whole, whole, "fragment identification");
    expect(packet->vlan == row->vlan, row, whole, whole, "vlan");
    expect(packet->vni == row->vni, row, whole, whole, "vni");
    expect(packet->teid == row->teid, row, whole, whole, "teid");
    bool is_tcp = row->protocol == IP_TCP && has_ports;
    expect(packet->tcp_flags == (is_tcp ? TCP_SYN | TCP_ACK : 0), row, whole, whole, "tcp flags");
    expect(packet->tcp_sequence == (is_tcp ? 0x01020304 : 0), row, whole, whole, "tcp sequence");
    expect(packet->tcp_acknowledgement == (is_tcp ? 0x05060708 : 0), row, whole, whole,
           "tcp acknowledgement");
    expect_payload(row, builder, packet);
}

static void reads_whole_frames(void)
{
    for (unsigned i = 0; i < packet_case_count; i++) {
        const struct packet_case *row = &packet_cases[i];
        struct frame_builder builder;
        struct packet packet;
        packet_case_build(row, &builder);
        uint32_t whole = builder.length;
        enum packet_outcome outcome = parse(row, &builder, whole, whole, &packet);
        expect(outcome == row->outcome, row, whole, whole, packet_outcome_name(outcome));
        expect(packet.time_ns == 1000000000, row, whole, whole, "time");
        expect(packet.wire_bytes == whole, row, whole, whole, "wire bytes");
        expect(packet.is_truncated == row->is_truncated, row, whole, whole, "is truncated");
        expect(packet.has_unread_tunnel == row->has_unread_tunnel, row, whole, whole,
               "has unread tunnel");
        expect(packet.encapsulations == row->encapsulations, row, whole, whole, "encapsulations");
        if (outcome == PACKET_NON_IP)
            expect(packet.link == row->link, row, whole, whole, "link");
        if (outcome == PACKET_FLOW && row->outcome == PACKET_FLOW)
            expect_flow(row, &builder, &packet);
    }
}

static void reaches_every_reason_and_encapsulation(void)
{
    uint32_t outcomes = 0;
    uint32_t encapsulations = 0;
    for (unsigned i = 0; i < packet_case_count; i++) {
        outcomes |= 1U << packet_cases[i].outcome;
        if (packet_cases[i].outcome == PACKET_FLOW)
            encapsulations |= packet_cases[i].encapsulations;
    }
    CU_ASSERT_EQUAL(outcomes, (1U << PACKET_OUTCOMES) - 1);
    CU_ASSERT_EQUAL(encapsulations, (1U << ENCAPSULATIONS) - 1);
}

/* The packet is the one the whole frame gives, as far as a flow is told by it. */
static bool is_same_flow(const struct packet *a, const struct packet *b)
{
    return a->protocol == b->protocol && a->has_ports == b->has_ports &&
           a->source_port == b->source_port && a->destination_port == b->destination_port &&
           !memcmp(a->source, b->source, sizeof a->source) &&
           !memcmp(a->destination, b->destination, sizeof a->destination);
}

/* A tunnel cut in its inner headers leaves a packet that carries it; a transport header cut leaves
 * the addresses, and a length that is the payload's but for options. */
static bool is_lesser_flow(const struct packet *cut, const struct packet *whole,
                           const struct frame_builder *builder)
{
    enum { OPTIONS_MAX = 40 };
    for (unsigned ip = 1; ip < builder->ip_count; ip++) {
        if (has_addresses(cut, builder, ip))
            return true;
    }
    return !cut->has_ports && has_addresses(cut, builder, builder->ip_count) &&
           cut->payload_bytes >= whole->payload_bytes &&
           cut->payload_bytes <= whole->payload_bytes + OPTIONS_MAX &&
           cut->payload_captured_bytes == 0;
}

static void expect_cut(const struct packet_case *row, const struct frame_builder *builder,
                       uint32_t captured_bytes, const struct packet *whole)
{
    struct packet cut;
    enum packet_outcome outcome = parse(row, builder, captured_bytes, builder->length, &cut);
    uint32_t wire_bytes = builder->length;
    expect(cut.is_truncated, row, captured_bytes, wire_bytes, "is truncated");
    bool has_headers = row->outcome == PACKET_FLOW &&
                       captured_bytes >= offset_of_payload(row, builder) && !row->has_unread_tunnel;
    expect(!has_headers || (outcome == PACKET_FLOW && is_same_flow(&cut, whole)), row,
           captured_bytes, wire_bytes, "is the whole flow where all headers are there");
    if (outcome == PACKET_CUT_SHORT)
        return;
    if (outcome == PACKET_NON_IP) {
        expect(row->outcome == PACKET_NON_IP && cut.link == row->link, row, captured_bytes,
               wire_bytes, "is named as the whole is");
        return;
    }
    if (outcome != PACKET_FLOW) {
        expect(outcome == row->outcome, row, captured_bytes, wire_bytes,
               packet_outcome_name(outcome));
        return;
    }
    if (row->outcome == PACKET_FLOW && is_same_flow(&cut, whole)) {
        expect(cut.payload_bytes == whole->payload_bytes ||
                   (!cut.has_ports && is_lesser_flow(&cut, whole, builder)),
               row, captured_bytes, wire_bytes, "the payload is as long as the whole one's");
        expect(cut.payload_captured_bytes <= whole->payload_captured_bytes, row, captured_bytes,
               wire_bytes, "no more payload than in the whole");
        return;
    }
    expect(row->outcome != PACKET_FLOW || is_lesser_flow(&cut, whole, builder), row, captured_bytes,
           wire_bytes, "is the flow, or what carries it");
}

static void reads_captures_cut_at_every_byte(void)
{
    for (unsigned i = 0; i < packet_case_count; i++) {
        struct frame_builder builder;
        struct packet whole;
        packet_case_build(&packet_cases[i], &builder);
        parse(&packet_cases[i], &builder, builder.length, builder.length, &whole);
        for (uint32_t captured = 0; captured < builder.length; captured++)
            expect_cut(&packet_cases[i], &builder, captured, &whole);
    }
}

/* Why a frame is malformed that ends within this layer. */
static enum packet_outcome reason_of(enum layer layer)
{
    if (layer == LAYER_PPPOE || (layer >= LAYER_PPP && layer <= LAYER_PPP_FRAMED))
        return PACKET_PPP_HEADER;
    if (layer < LAYER_VLAN)
        return PACKET_LINK_HEADER;
    if (layer < LAYER_MPLS)
        return PACKET_VLAN_HEADER;
    if (layer <= LAYER_CONTROL_WORD)
        return PACKET_MPLS_HEADER;
    if (layer < LAYER_ARP)
        return PACKET_LLC_HEADER;
    if (layer >= LAYER_IPV4 && layer <= LAYER_IPV4_LATER)
        return PACKET_IPV4_HEADER;
    if (layer == LAYER_IPV6)
        return PACKET_IPV6_HEADER;
    if (layer == LAYER_TCP || layer == LAYER_TCP_OPTIONS)
        return PACKET_TCP_HEADER;
    return PACKET_CUT_SHORT;
}

/* Whether a frame of `wire_bytes` may be malformed by `outcome`: by the reason of the layer it ends
 * in, or of the one before where that looks ahead. Behind an IP header it is cut short: the IP
 * length tells of more. */
static bool is_right_reason(const struct packet_case *row, const struct frame_builder *builder,
                            uint32_t wire_bytes, enum packet_outcome outcome)
{
    unsigned layer = 0;
    while (layer + 1 < builder->layer_count && builder->offsets[layer + 1] <= wire_bytes)
        layer++;
    bool is_at_start = wire_bytes == builder->offsets[layer];
    bool is_behind_ip = builder->ip_count && wire_bytes > builder->offsets[0] &&
                        builder->layers[layer] > LAYER_IPV6;
    if (outcome == row->outcome || outcome == reason_of(builder->layers[layer]))
        return true;
    if (outcome == PACKET_IPV4_HEADER || outcome == PACKET_IPV6_HEADER) /* as announced */
        return row->outcome == PACKET_IP_VERSION;
    if (outcome == PACKET_CUT_SHORT)
        return is_behind_ip;
    if (outcome == PACKET_IP_VERSION)
        return is_at_start;
    if (wire_bytes == 0)
        return outcome == PACKET_LINK_HEADER;
    return layer && outcome == reason_of(builder->layers[layer - 1]) &&
           wire_bytes < builder->offsets[layer] + 4;
}

static void expect_lost(const struct packet_case *row, const struct frame_builder *builder,
                        uint32_t wire_bytes, const struct packet *whole)
{
    struct packet lost;
    enum packet_outcome outcome = parse(row, builder, wire_bytes, wire_bytes, &lost);
    if (outcome >= PACKET_MALFORMED_FIRST) {
        expect(is_right_reason(row, builder, wire_bytes, outcome), row, wire_bytes, wire_bytes,
               packet_outcome_name(outcome));
        return;
    }
    if (outcome == PACKET_NON_IP) {
        expect(row->outcome == PACKET_NON_IP && lost.link == row->link, row, wire_bytes, wire_bytes,
               "is named as the whole is");
        return;
    }
    if (row->outcome != PACKET_FLOW)
        return;
    bool is_same = is_same_flow(&lost, whole);
    expect(is_same || is_lesser_flow(&lost, whole, builder), row, wire_bytes, wire_bytes,
           "is the flow, or what carries it");
    expect(!is_same || lost.payload_captured_bytes <= whole->payload_captured_bytes, row,
           wire_bytes, wire_bytes, "no more payload than in the whole");
    expect(lost.is_truncated || lost.payload_bytes == lost.payload_captured_bytes, row, wire_bytes,
           wire_bytes, "what is missing is told");
}

static void reads_frames_cut_on_the_wire_at_every_byte(void)
{
    for (unsigned i = 0; i < packet_case_count; i++) {
        struct frame_builder builder;
        struct packet whole;
        packet_case_build(&packet_cases[i], &builder);
        parse(&packet_cases[i], &builder, builder.length, builder.length, &whole);
        for (uint32_t wire_bytes = 0; wire_bytes < builder.length; wire_bytes++)
            expect_lost(&packet_cases[i], &builder, wire_bytes, &whole);
    }
}

/* Whatever stands in any byte, nothing is read beyond the frame, and the same bytes give the same
 * packet. */
static void reads_any_byte_anywhere(void)
{
    static const uint8_t values[] = {0x00, 0x01, 0x0f, 0x3f, 0x40, 0x7f, 0x80, 0xf0, 0xfe, 0xff};
    for (unsigned i = 0; i < packet_case_count; i++) {
        struct frame_builder builder;
        packet_case_build(&packet_cases[i], &builder);
        for (uint32_t at = 0; at < builder.length; at++) {
            uint8_t kept = builder.bytes[at];
            for (unsigned v = 0; v < sizeof values; v++) {
                struct packet first;
                struct packet second;
                builder.bytes[at] = values[v];
                enum packet_outcome outcome =
                    parse(&packet_cases[i], &builder, builder.length, builder.length, &first);
                expect(outcome < PACKET_OUTCOMES, &packet_cases[i], at, builder.length, "outcome");
                expect(outcome == parse(&packet_cases[i], &builder, builder.length, builder.length,
                                        &second),
                       &packet_cases[i], at, builder.length, "the same twice");
            }
            builder.bytes[at] = kept;
        }
    }
}

/* The same IP packet without its Ethernet header: only the layers read that. */
static bool parse_without_ethernet(const struct packet_case *row,
                                   const struct frame_builder *builder, uint32_t captured_bytes,
                                   struct packet *packet)
{
    enum { ETHERNET_BYTES = 14, RAW_IP = 101 };
    struct frame frame = frame_builder_frame(builder, RAW_IP);
    frame.captured_bytes = captured_bytes - ETHERNET_BYTES;
    frame.wire_bytes = builder->length - ETHERNET_BYTES;
    frame.bytes = place(builder->bytes + ETHERNET_BYTES, frame.captured_bytes);
    memset(packet, 0xee, sizeof *packet);
    enum packet_outcome outcome = packet_parse(&frame, &row->options, packet);
    if (outcome == PACKET_FLOW && packet->payload)
        packet->payload = builder->bytes + ETHERNET_BYTES + (packet->payload - frame.bytes);
    packet->wire_bytes = builder->length;
    return outcome == PACKET_FLOW && !packet->encapsulations;
}

/* Ethernet and IP, as the frame's own words have it. */
static bool carries_ip(const struct packet_case *row, const struct frame_builder *builder)
{
    uint32_t type = (uint32_t)builder->bytes[12] << 8 | builder->bytes[13];
    unsigned version = builder->bytes[14] >> 4;
    return row->link_type == 1 &&
           ((type == 0x0800 && version == 4) || (type == 0x86dd && version == 6));
}

static unsigned compare_ways(const struct packet_case *row, const struct frame_builder *builder,
                             uint32_t captured_bytes)
{
    struct packet layered;
    struct packet packet;
    if (captured_bytes < 34 || !carries_ip(row, builder) ||
        !parse_without_ethernet(row, builder, captured_bytes, &layered))
        return 0;
    enum packet_outcome outcome = parse(row, builder, captured_bytes, builder->length, &packet);
    expect(outcome == PACKET_FLOW && !memcmp(&packet, &layered, sizeof packet), row, captured_bytes,
           builder->length, "the same as without Ethernet");
    return 1;
}

/* What is read in one go is what the layers would read, whatever stands in any byte and wherever
 * the capture ends. */
static void plain_packets_read_like_all_others(void)
{
    unsigned compared = 0;
    for (unsigned i = 0; i < packet_case_count; i++) {
        struct frame_builder builder;
        packet_case_build(&packet_cases[i], &builder);
        for (uint32_t end = 0; end <= builder.length; end++)
            compared += compare_ways(&packet_cases[i], &builder, end);
        for (uint32_t at = 12; at < builder.length; at++) {
            uint8_t kept = builder.bytes[at];
            for (unsigned value = 0; value < 256; value += 5) {
                builder.bytes[at] = (uint8_t)value;
                compared += compare_ways(&packet_cases[i], &builder, builder.length);
            }
            builder.bytes[at] = kept;
        }
    }
    CU_ASSERT(compared > 100000);
}

static void names_every_outcome_and_encapsulation(void)
{
    for (unsigned i = 0; i < PACKET_OUTCOMES; i++)
        CU_ASSERT_PTR_NOT_NULL(packet_outcome_name(i));
    for (unsigned i = 0; i < ENCAPSULATIONS; i++)
        CU_ASSERT_PTR_NOT_NULL(encapsulation_name(i));
    CU_ASSERT_STRING_EQUAL(packet_outcome_name(PACKET_TCP_HEADER), "tcp_header");
    CU_ASSERT_STRING_EQUAL(encapsulation_name(ENCAPSULATION_6IN4), "6in4");
}

CU_TestInfo packet_tests[] = {
    {"reads whole frames", reads_whole_frames},
    {"reaches every reason and encapsulation", reaches_every_reason_and_encapsulation},
    {"reads captures cut at every byte", reads_captures_cut_at_every_byte},
    {"reads frames cut on the wire at every byte", reads_frames_cut_on_the_wire_at_every_byte},
    {"reads any byte anywhere", reads_any_byte_anywhere},
    {"plain packets read like all others", plain_packets_read_like_all_others},
    {"names every outcome and encapsulation", names_every_outcome_and_encapsulation},
    CU_TEST_INFO_NULL,
};
