/* SPDX-License-Identifier: BSD-3-Clause */
/* What nearly every frame is, read in one go: Ethernet, IPv4 without options or IPv6 without
 * extension headers, then TCP or UDP, all there. It says the same as the layers would: whatever is
 * otherwise, or does not add up, is left to them, and `packet` is not written then. */
#include <pcap/dlt.h>
#include <string.h>

#include "packet_parser.h"

enum { ETHERNET_BYTES = 14, IPV4_BYTES = 20, IPV6_BYTES = 40, TCP_BYTES = 20, UDP_BYTES = 8 };

/* What is left behind the headers passed, by their length fields. */
struct rest {
    const uint8_t *at;
    uint32_t wire_bytes;
    uint32_t captured_bytes;
};

static inline uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static inline bool pass_tcp(struct rest *rest)
{
    if (rest->captured_bytes < TCP_BYTES)
        return false;
    uint32_t header_bytes = (uint32_t)(rest->at[12] >> 4) * 4;
    if (header_bytes < TCP_BYTES || header_bytes > rest->captured_bytes)
        return false;
    rest->wire_bytes -= header_bytes;
    rest->captured_bytes -= header_bytes;
    rest->at += header_bytes;
    return true;
}

static inline bool pass_udp(struct rest *rest)
{
    if (rest->captured_bytes < UDP_BYTES || udp_port_is_tunnel(load_be16(rest->at)) ||
        udp_port_is_tunnel(load_be16(rest->at + 2)))
        return false;
    uint32_t length = load_be16(rest->at + 4);
    if (length < UDP_BYTES)
        return false;
    rest->wire_bytes = least(rest->wire_bytes, length) - UDP_BYTES;
    rest->captured_bytes = least(rest->captured_bytes, length) - UDP_BYTES;
    rest->at += UDP_BYTES;
    return true;
}

/* The transport header, and what all of the packet's kind have. In the callers, because it is most
 * of what they do. */
static inline __attribute__((always_inline)) bool end_plain(struct rest rest, uint8_t protocol,
                                                            struct packet *packet)
{
    const uint8_t *header = rest.at;
    if (protocol == IP_TCP ? !pass_tcp(&rest) : protocol != IP_UDP || !pass_udp(&rest))
        return false;
    if (protocol == IP_TCP) {
        packet->tcp_sequence = load_be32(header + 4);
        packet->tcp_acknowledgement = load_be32(header + 8);
        packet->tcp_flags = header[13] & 0x3f;
    }
    packet->protocol = protocol;
    packet->source_port = load_be16(header);
    packet->destination_port = load_be16(header + 2);
    packet->has_ports = true;
    packet->payload_bytes = rest.wire_bytes;
    packet->payload_captured_bytes = rest.captured_bytes;
    packet->payload = rest.captured_bytes ? rest.at : NULL;
    return true;
}

static inline bool parse_plain_ipv4(struct rest rest, struct packet *packet)
{
    const uint8_t *header = rest.at;
    uint32_t total_bytes = load_be16(header + 2);
    bool is_plain = header[0] == 0x45 && !(load_be16(header + 6) & 0x3fff);
    if (!is_plain || total_bytes < IPV4_BYTES)
        return false;
    bool is_truncated = total_bytes > rest.wire_bytes;
    rest = (struct rest){.at = header + IPV4_BYTES,
                         .wire_bytes = total_bytes - IPV4_BYTES,
                         .captured_bytes = least(rest.captured_bytes, total_bytes) - IPV4_BYTES};
    if (!end_plain(rest, header[9], packet))
        return false;
    packet->ip_version = 4;
    packet->is_truncated |= is_truncated;
    memset(packet->source, 0, sizeof packet->source);
    memset(packet->destination, 0, sizeof packet->destination);
    memcpy(packet->source, header + 12, 4);
    memcpy(packet->destination, header + 16, 4);
    return true;
}

static inline bool parse_plain_ipv6(struct rest rest, struct packet *packet)
{
    const uint8_t *header = rest.at;
    uint32_t payload_bytes = load_be16(header + 4);
    if (rest.captured_bytes < IPV6_BYTES || header[0] >> 4 != 6 || !payload_bytes)
        return false;
    bool is_truncated = payload_bytes > rest.wire_bytes - IPV6_BYTES;
    rest = (struct rest){.at = header + IPV6_BYTES,
                         .wire_bytes = payload_bytes,
                         .captured_bytes = least(rest.captured_bytes - IPV6_BYTES, payload_bytes)};
    if (!end_plain(rest, header[6], packet))
        return false;
    packet->ip_version = 6;
    packet->is_truncated |= is_truncated;
    memcpy(packet->source, header + 8, sizeof packet->source);
    memcpy(packet->destination, header + 24, sizeof packet->destination);
    return true;
}

bool packet_parse_plain(const struct frame *frame, struct packet *packet)
{
    if (frame->link_type != DLT_EN10MB || frame->captured_bytes < ETHERNET_BYTES + IPV4_BYTES)
        return false;
    const struct rest rest = {.at = frame->bytes + ETHERNET_BYTES,
                              .wire_bytes = frame->wire_bytes - ETHERNET_BYTES,
                              .captured_bytes = frame->captured_bytes - ETHERNET_BYTES};
    switch (load_be16(frame->bytes + 12)) {
    case ETHERTYPE_IPV4:
        return parse_plain_ipv4(rest, packet);
    case ETHERTYPE_IPV6:
        return parse_plain_ipv6(rest, packet);
    default:
        return false;
    }
}
