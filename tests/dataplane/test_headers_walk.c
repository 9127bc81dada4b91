/* SPDX-License-Identifier: BSD-3-Clause */
/* The XDP program's walk against packet_parse: a frame cut where it says is the same packet, and
 * holds no payload. Over every row of packet_cases.c, whole, short on the wire at every byte, and
 * spoiled at every byte; over the sample; and over the corpus of the packet fuzzer there. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "headers_cut.h"
#include "packet_cases.h"
#include "suites.h"

enum { ETHERNET = 1, PAYLOAD_OF_STOCHASTIC = 12 };

static void expect(bool is_true, const char *name, uint32_t at, const char *what)
{
    if (!is_true)
        printf("\n    %s, byte %u: %s ", name, at, what);
    CU_assertImplementation(is_true, __LINE__, what, __FILE__, name, CU_FALSE);
}

/* All that a report can tell of a frame that is no flow's. */
static bool is_same_frame(const struct packet *a, const struct packet *b)
{
    return a->wire_bytes == b->wire_bytes && a->encapsulations == b->encapsulations &&
           a->link == b->link && a->is_truncated == b->is_truncated;
}

/* And of a packet. */
static bool is_same_packet(const struct packet *a, const struct packet *b)
{
    return a->ip_version == b->ip_version && a->protocol == b->protocol &&
           a->tcp_flags == b->tcp_flags && a->fragment == b->fragment &&
           a->has_unread_tunnel == b->has_unread_tunnel && a->has_ports == b->has_ports &&
           !memcmp(a->source, b->source, 16) && !memcmp(a->destination, b->destination, 16) &&
           a->source_port == b->source_port && a->destination_port == b->destination_port &&
           a->fragment_id == b->fragment_id && a->tcp_sequence == b->tcp_sequence &&
           a->tcp_acknowledgement == b->tcp_acknowledgement && a->vlan == b->vlan &&
           a->vni == b->vni && a->teid == b->teid && a->payload_bytes == b->payload_bytes;
}

static enum packet_outcome parse(const struct frame *frame, const struct packet_options *options,
                                 struct packet *packet)
{
    memset(packet, 0, sizeof *packet);
    return packet_parse(frame, options, packet);
}

/* `at` is only for a message. */
static void compare(const struct frame *frame, const struct packet_options *options,
                    uint32_t payload_bytes, const char *name, uint32_t at)
{
    struct packet whole;
    struct packet packet;
    struct frame cut;
    headers_cut(&cut, frame, options, payload_bytes);
    uint32_t left = cut.captured_bytes;
    enum packet_outcome outcome = parse(frame, options, &whole);
    expect(parse(&cut, options, &packet) == outcome, name, at, packet_outcome_name(outcome));
    expect(is_same_frame(&packet, &whole), name, at, "the frame is the same");
    expect(outcome != PACKET_FLOW || is_same_packet(&packet, &whole), name, at,
           "the packet is the same");
    if (outcome == PACKET_FLOW && !whole.has_unread_tunnel) {
        uint32_t wanted = payload_bytes < whole.payload_captured_bytes
                              ? payload_bytes
                              : whole.payload_captured_bytes;
        expect(packet.payload_captured_bytes == wanted, name, at, "payload left");
        expect(!whole.payload || left == whole.payload - frame->bytes + wanted, name, at,
               "nothing is left behind it");
    }
    free((void *)(uintptr_t)cut.bytes);
}

static void compare_all(const struct frame *frame, const struct packet_options *options,
                        const char *name, uint32_t at)
{
    const struct packet_options outermost = {.keep_encapsulated = true, .scope = options->scope};
    compare(frame, options, 0, name, at);
    compare(frame, options, PAYLOAD_OF_STOCHASTIC, name, at);
    compare(frame, &outermost, 0, name, at);
}

/* The program sees whole frames of Ethernet only. */
static bool build(const struct packet_case *row, struct frame_builder *builder, struct frame *frame)
{
    packet_case_build(row, builder);
    *frame = frame_builder_frame(builder, ETHERNET);
    frame->wire_bytes = frame->captured_bytes;
    return row->link_type == ETHERNET;
}

static void cuts_the_same_packet(void)
{
    unsigned compared = 0;
    for (unsigned i = 0; i < packet_case_count; i++) {
        struct frame_builder builder;
        struct frame frame;
        const struct packet_case *row = &packet_cases[i];
        if (!build(row, &builder, &frame))
            continue;
        uint32_t length = frame.captured_bytes;
        for (uint32_t wire_bytes = 0; wire_bytes <= length; wire_bytes++) {
            frame.captured_bytes = wire_bytes;
            frame.wire_bytes = wire_bytes;
            compare_all(&frame, &row->options, row->name, wire_bytes);
        }
        compared++;
    }
    CU_ASSERT(compared > 100);
}

static void cuts_the_same_packet_of_any_bytes(void)
{
    static const uint8_t values[] = {0x00, 0x01, 0x04, 0x06, 0x11, 0x2c, 0x2f,
                                     0x3f, 0x40, 0x7f, 0x80, 0xf0, 0xff};
    for (unsigned i = 0; i < packet_case_count; i++) {
        struct frame_builder builder;
        struct frame frame;
        const struct packet_case *row = &packet_cases[i];
        if (!build(row, &builder, &frame))
            continue;
        for (uint32_t at = 12; at < frame.captured_bytes; at++) {
            uint8_t kept = builder.bytes[at];
            for (unsigned v = 0; v < sizeof values; v++) {
                builder.bytes[at] = values[v];
                compare_all(&frame, &row->options, row->name, at);
            }
            builder.bytes[at] = kept;
        }
    }
}

static void cuts_the_sample(void)
{
    char fault[PCAP_ERRBUF_SIZE];
    const struct packet_options options = {.keep_encapsulated = false};
    const char *sample = getenv("GLASSBOX_SAMPLE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(sample);
    pcap_t *capture = pcap_open_offline(sample, fault);
    CU_ASSERT_PTR_NOT_NULL_FATAL(capture);
    CU_ASSERT_EQUAL(pcap_datalink(capture), ETHERNET);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    uint32_t number = 0;
    for (; pcap_next_ex(capture, &header, &bytes) == 1; number++) {
        const struct frame frame = {.bytes = bytes,
                                    .captured_bytes = header->caplen,
                                    .wire_bytes = header->caplen,
                                    .link_type = ETHERNET};
        compare_all(&frame, &options, "sample", number);
    }
    CU_ASSERT(number > 1000);
    pcap_close(capture);
}

CU_TestInfo headers_walk_tests[] = {
    {"cuts the same packet", cuts_the_same_packet},
    {"cuts the same packet of any bytes", cuts_the_same_packet_of_any_bytes},
    {"cuts the sample", cuts_the_sample},
    CU_TEST_INFO_NULL,
};
