/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes packet_parse: what it says lies within the frame, it is a pure function of it, and a
 * capture that was merely cut is never called malformed by a reason that the whole is not; cut by
 * the XDP program, it is the same packet without payload. */
#include <string.h>

#include "base/cursor.h"
#include "classifier/packet.h"
#include "headers_cut.h"
#include "require.h"

enum { FRAME_BYTES_MAX = 4096, HEAD_BYTES = 8, IP_BYTES_MAX = 65535, LINK_TYPE_ETHERNET = 1 };

/* A frame in memory of its own length, so that a sanitizer sees one byte too many. */
static enum packet_outcome parse(const struct frame *frame, const struct packet_options *options,
                                 uint32_t captured_bytes, struct packet *packet)
{
    uint8_t *bytes = malloc(captured_bytes ? captured_bytes : 1);
    require(bytes != NULL);
    if (captured_bytes)
        memcpy(bytes, frame->bytes, captured_bytes);
    struct frame cut = *frame;
    cut.bytes = bytes;
    cut.captured_bytes = captured_bytes;
    memset(packet, 0xa5, sizeof *packet);
    enum packet_outcome outcome = packet_parse(&cut, options, packet);
    require(outcome < PACKET_OUTCOMES);
    require(packet->wire_bytes == frame->wire_bytes && packet->time_ns == frame->time_ns);
    require(packet->encapsulations < 1U << ENCAPSULATIONS);
    require(frame->is_cut || packet->is_truncated || captured_bytes == frame->wire_bytes);
    if (outcome == PACKET_FLOW && packet->payload) {
        require(packet->payload >= bytes);
        require(packet->payload + packet->payload_captured_bytes <= bytes + captured_bytes);
        packet->payload = frame->bytes + (packet->payload - bytes);
    }
    free(bytes);
    return outcome;
}

static void check_flow(const struct packet *packet, const struct packet_options *options)
{
    require(packet->ip_version == 4 || packet->ip_version == 6);
    require(packet->payload_captured_bytes <= packet->payload_bytes);
    require((packet->payload != NULL) == (packet->payload_captured_bytes > 0));
    require(packet->payload_bytes <= packet->wire_bytes ||
            (packet->is_truncated && packet->payload_bytes <= IP_BYTES_MAX));
    require(packet->fragment <= PACKET_FRAGMENT_LATER);
    require(!packet->has_ports || packet->fragment != PACKET_FRAGMENT_LATER);
    require(packet->has_ports || (!packet->source_port && !packet->destination_port));
    require(options->scope & PACKET_SCOPE_VLAN || !packet->vlan);
    require(options->scope & PACKET_SCOPE_VNI || !packet->vni);
    require(options->scope & PACKET_SCOPE_TEID || !packet->teid);
}

/* `reason` may be met in any shorter capture only if the whole capture meets it, or enters a tunnel
 * or names something else further in. */
static void check_cut(const struct frame *frame, const struct packet_options *options,
                      uint32_t captured_bytes, enum packet_outcome whole)
{
    struct packet cut;
    enum packet_outcome outcome = parse(frame, options, captured_bytes, &cut);
    if (outcome == PACKET_FLOW)
        check_flow(&cut, options);
    require(outcome <= PACKET_CUT_SHORT || outcome == whole);
    if (outcome == PACKET_NON_IP)
        require(whole == PACKET_NON_IP);
}

static void check_twice(const struct frame *frame, const struct packet_options *options,
                        enum packet_outcome whole, const struct packet *packet)
{
    struct packet second;
    require(parse(frame, options, frame->captured_bytes, &second) == whole);
    require(second.encapsulations == packet->encapsulations && second.link == packet->link);
    require(second.is_truncated == packet->is_truncated);
    if (whole != PACKET_FLOW)
        return;
    require(!memcmp(second.source, packet->source, sizeof second.source));
    require(!memcmp(second.destination, packet->destination, sizeof second.destination));
    require(second.source_port == packet->source_port);
    require(second.destination_port == packet->destination_port);
    require(second.protocol == packet->protocol && second.payload == packet->payload);
    require(second.payload_bytes == packet->payload_bytes);
}

/* A frame whose payload the kernel took off before anybody saw it gives the same packet. */
static void check_headers(const struct frame *frame, const struct packet_options *options,
                          enum packet_outcome whole, const struct packet *packet)
{
    struct frame cut;
    struct packet second;
    headers_cut(&cut, frame, options, 0);
    require(parse(&cut, options, cut.captured_bytes, &second) == whole);
    free((void *)(uintptr_t)cut.bytes);
    require(second.encapsulations == packet->encapsulations && second.link == packet->link);
    if (whole != PACKET_FLOW)
        return;
    require(packet->has_unread_tunnel || second.payload_captured_bytes == 0);
    require(second.payload_bytes == packet->payload_bytes);
    require(second.protocol == packet->protocol && second.fragment == packet->fragment);
    require(second.source_port == packet->source_port);
    require(second.is_truncated == packet->is_truncated);
    require(second.has_unread_tunnel == packet->has_unread_tunnel);
}

/* Input: link type (2), flags, where to cut (2), bytes the capture lacks (2), spare; then the
 * frame. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct cursor input = cursor_over(bytes, length);
    const uint8_t *head = cursor_take(&input, HEAD_BYTES);
    if (!head || input.left > FRAME_BYTES_MAX)
        return 0;
    const uint32_t captured_bytes = (uint32_t)input.left;
    const struct frame frame = {.bytes = input.at,
                                .time_ns = load_be32(head),
                                .captured_bytes = captured_bytes,
                                .wire_bytes = captured_bytes + load_be16(head + 5),
                                .link_type = load_be16(head)};
    const struct packet_options options = {.keep_encapsulated = head[2] & 8, .scope = head[2] & 7U};
    struct packet packet;
    enum packet_outcome outcome = parse(&frame, &options, captured_bytes, &packet);
    if (outcome == PACKET_FLOW)
        check_flow(&packet, &options);
    check_twice(&frame, &options, outcome, &packet);
    check_cut(&frame, &options, load_be16(head + 3) % (captured_bytes + 1), outcome);
    if (frame.link_type == LINK_TYPE_ETHERNET && captured_bytes == frame.wire_bytes)
        check_headers(&frame, &options, outcome, &packet);
    return 0;
}
