/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 (RFC 791), IPv6 with its extension headers (RFC 8200) and the transport headers above. */
#include "packet_parser.h"

#include <stddef.h>
#include <string.h>

/* Bounds what follows by the IP length. A length of zero is what hosts write that leave
 * segmentation to the card: then the frame says. A length beyond the frame: the capture lost the
 * rest. */
static void bound_by_ip_length(struct parser *parser, uint32_t length)
{
    if (length > parser->wire_left)
        parser->packet->is_truncated = true;
    parser->wire_left = length;
    if (parser->cursor.left > length)
        parser->cursor.left = length;
}

enum step parse_ip(struct parser *parser)
{
    const uint8_t *peek = cursor_peek(&parser->cursor, 1);
    if (!peek)
        return parser_short(parser, 1, PACKET_IP_VERSION);
    switch (peek[0] >> 4) {
    case 4:
        return STEP_IPV4;
    case 6:
        return STEP_IPV6;
    default:
        return parser_end(parser, PACKET_IP_VERSION);
    }
}

/* `offset_bytes` and `has_more` as in the fragment fields of either IP version. */
static bool note_fragment(struct parser *parser, uint32_t offset_bytes, bool has_more, uint32_t id)
{
    struct packet *packet = parser->packet;
    packet->fragment_id = id;
    if (offset_bytes)
        packet->fragment = PACKET_FRAGMENT_LATER;
    else
        packet->fragment = has_more ? PACKET_FRAGMENT_FIRST : PACKET_WHOLE;
    return offset_bytes + parser->wire_left <= 65535;
}

enum step parse_ipv4(struct parser *parser)
{
    const uint8_t *fixed = cursor_peek(&parser->cursor, 20);
    if (!fixed || parser->wire_left < 20)
        return parser_short(parser, 20, PACKET_IPV4_HEADER);
    if (fixed[0] >> 4 != 4)
        return parser_end(parser, PACKET_IP_VERSION);
    uint32_t header_bytes = (fixed[0] & 15u) * 4;
    if (header_bytes < 20)
        return parser_end(parser, PACKET_IPV4_HEADER);
    uint32_t total_bytes = load_be16(fixed + 2);
    if (total_bytes == 0)
        total_bytes = parser->wire_left;
    if (total_bytes < header_bytes)
        return parser_end(parser, PACKET_IP_LENGTH);
    if (!parser_take(parser, header_bytes))
        return parser_short(parser, header_bytes, PACKET_IPV4_HEADER);
    bound_by_ip_length(parser, total_bytes - header_bytes);

    struct packet *packet = parser->packet;
    packet->ip_version = 4;
    memcpy(packet->source, fixed + 12, 4);
    memset(packet->source + 4, 0, 12);
    memcpy(packet->destination, fixed + 16, 4);
    memset(packet->destination + 4, 0, 12);
    packet->fragment = PACKET_WHOLE;
    uint32_t fragment = load_be16(fixed + 6);
    if (fragment & 0x3fff &&
        !note_fragment(parser, (fragment & 0x1fff) * 8, fragment & 0x2000, load_be16(fixed + 4)))
        return parser_end(parser, PACKET_FRAGMENT);
    parser->number = fixed[9];
    return STEP_TRANSPORT;
}

static bool is_extension(uint32_t protocol)
{
    switch (protocol) {
    case IP_HOP_BY_HOP:
    case IP_ROUTING:
    case IP_FRAGMENT:
    case IP_AH:
    case IP_DESTINATION:
    case IP_MOBILITY:
    case IP_HIP:
    case IP_SHIM6:
        return true;
    default:
        return false;
    }
}

/* Some extension headers are the whole message when nothing follows them. */
static bool is_message(uint32_t protocol)
{
    return protocol == IP_MOBILITY || protocol == IP_HIP || protocol == IP_SHIM6;
}

enum extension { EXTENSION_PASSED, EXTENSION_LAST, EXTENSION_BAD };

static enum extension bad_extension(struct parser *parser, uint32_t length)
{
    parser_short(parser, length, PACKET_IPV6_EXTENSION);
    return EXTENSION_BAD;
}

/* Passes the extension header that `number` announces, and sets `number` to what it announces; a
 * bad one sets the outcome. */
static enum extension pass_extension(struct parser *parser)
{
    const uint8_t *header = cursor_peek(&parser->cursor, 8);
    uint32_t kind = parser->number;
    if (!header)
        return bad_extension(parser, 8);
    uint32_t length = (header[1] + 1u) * 8;
    if (kind == IP_AH)
        length = (header[1] + 2u) * 4;
    if (kind == IP_FRAGMENT)
        length = 8;
    if (!parser_take(parser, length))
        return bad_extension(parser, length);
    if (header[0] == IP_NO_NEXT && is_message(kind))
        return EXTENSION_LAST;
    parser->number = header[0];
    if (kind != IP_FRAGMENT)
        return EXTENSION_PASSED;
    uint32_t field = load_be16(header + 2);
    if (!note_fragment(parser, field & 0xfff8, field & 1, load_be32(header + 4))) {
        parser_end(parser, PACKET_FRAGMENT);
        return EXTENSION_BAD;
    }
    return parser->packet->fragment == PACKET_FRAGMENT_LATER ? EXTENSION_LAST : EXTENSION_PASSED;
}

static enum step parse_extensions(struct parser *parser)
{
    enum { EXTENSIONS_MAX = 16 };
    enum extension extension = EXTENSION_PASSED;
    for (unsigned i = 0; extension == EXTENSION_PASSED && is_extension(parser->number); i++) {
        if (i == EXTENSIONS_MAX)
            return parser_end(parser, PACKET_IPV6_EXTENSION);
        extension = pass_extension(parser);
    }
    return extension == EXTENSION_BAD ? STEP_DONE : STEP_TRANSPORT;
}

enum step parse_ipv6(struct parser *parser)
{
    const uint8_t *header = cursor_peek(&parser->cursor, 40);
    if (!header || parser->wire_left < 40)
        return parser_short(parser, 40, PACKET_IPV6_HEADER);
    if (header[0] >> 4 != 6)
        return parser_end(parser, PACKET_IP_VERSION);
    parser_take(parser, 40);
    uint32_t payload_bytes = load_be16(header + 4);
    /* Zero: a jumbogram (RFC 2675) or segmentation left to the card; the frame says. */
    bound_by_ip_length(parser, payload_bytes ? payload_bytes : parser->wire_left);

    struct packet *packet = parser->packet;
    packet->ip_version = 6;
    memcpy(packet->source, header + 8, 16);
    memcpy(packet->destination, header + 24, 16);
    packet->fragment = PACKET_WHOLE;
    parser->number = header[6];
    return parse_extensions(parser);
}

/* What is left is payload; the packet is a flow's. */
static enum step end_flow(struct parser *parser)
{
    struct packet *packet = parser->packet;
    packet->payload_bytes = parser->wire_left;
    packet->payload_captured_bytes = (uint32_t)parser->cursor.left;
    packet->payload = parser->cursor.left ? parser->cursor.at : NULL;
    return parser_end(parser, PACKET_FLOW);
}

/* The transport header is not readable: malformed when the wire had too little of it, else the
 * capture was cut there and the flow keeps its addresses. `header_bytes` is the least it has. */
static enum step end_without_header(struct parser *parser, uint32_t header_bytes,
                                    enum packet_outcome reason)
{
    if (parser->wire_left < header_bytes)
        return parser_end(parser, reason);
    parser->wire_left -= header_bytes;
    parser->cursor.left = 0;
    return end_flow(parser);
}

static void note_ports(struct packet *packet, const uint8_t *header)
{
    packet->source_port = load_be16(header);
    packet->destination_port = load_be16(header + 2);
    packet->has_ports = true;
}

static enum step parse_tcp(struct parser *parser)
{
    const uint8_t *fixed = cursor_peek(&parser->cursor, 20);
    if (!fixed || parser->wire_left < 20)
        return end_without_header(parser, 20, PACKET_TCP_HEADER);
    uint32_t header_bytes = (uint32_t)(fixed[12] >> 4) * 4;
    if (header_bytes < 20 || header_bytes > parser->wire_left)
        return parser_end(parser, PACKET_TCP_HEADER);
    struct packet *packet = parser->packet;
    note_ports(packet, fixed);
    packet->tcp_sequence = load_be32(fixed + 4);
    packet->tcp_acknowledgement = load_be32(fixed + 8);
    packet->tcp_flags = fixed[13] & 0x3f;
    if (!parser_take(parser, header_bytes)) { /* cut among the options */
        parser->wire_left -= header_bytes;
        parser->cursor.left = 0;
    }
    return end_flow(parser);
}

static enum step parse_udp(struct parser *parser)
{
    const uint8_t *header = parser_take(parser, 8);
    if (!header)
        return end_without_header(parser, 8, PACKET_UDP_HEADER);
    uint32_t length = load_be16(header + 4);
    if (length && length < 8)
        return parser_end(parser, PACKET_UDP_HEADER);
    note_ports(parser->packet, header);
    /* Longer than IP allows is normal in a first fragment; shorter leaves padding that is not
     * payload. */
    if (length && length - 8 < parser->wire_left) {
        parser->wire_left = length - 8;
        if (parser->cursor.left > parser->wire_left)
            parser->cursor.left = parser->wire_left;
    }
    enum step tunnel = parse_udp_tunnel(parser);
    return tunnel != STEP_DONE ? tunnel : end_flow(parser);
}

static enum step parse_sctp(struct parser *parser)
{
    const uint8_t *header = parser_take(parser, 12);
    if (!header)
        return end_without_header(parser, 12, PACKET_SCTP_HEADER);
    note_ports(parser->packet, header);
    return end_flow(parser);
}

static enum step parse_icmp(struct parser *parser)
{
    if (!parser_take(parser, 4))
        return end_without_header(parser, 4, PACKET_ICMP_HEADER);
    return end_flow(parser);
}

enum step parse_transport(struct parser *parser)
{
    struct packet *packet = parser->packet;
    packet->protocol = (uint8_t)parser->number;
    packet->has_ports = false;
    packet->source_port = 0;
    packet->destination_port = 0;
    packet->tcp_flags = 0;
    if (packet->fragment == PACKET_FRAGMENT_LATER)
        return end_flow(parser);
    switch (packet->protocol) {
    case IP_TCP:
        return parse_tcp(parser);
    case IP_UDP:
        return parse_udp(parser);
    case IP_SCTP:
        return parse_sctp(parser);
    case IP_ICMP:
    case IP_ICMPV6:
        return parse_icmp(parser);
    default:
        break;
    }
    enum step tunnel = parse_ip_tunnel(parser);
    return tunnel != STEP_DONE ? tunnel : end_flow(parser);
}
