/* SPDX-License-Identifier: BSD-3-Clause */
/* Recognises tunnels and steps into them. A tunnel is entered only when its own header reads as
 * one; when what it holds turns out not to read, packet_parse() returns to the carrying packet. */
#include "packet_parser.h"

#include <stddef.h>

/* Where the carrying packet's payload starts. */
struct position {
    struct cursor cursor;
    uint32_t wire_left;
};

/* Keeps the carrying packet as it would be without decapsulation: what the tunnel's header says is
 * noted only after this. */
static enum step enter(struct parser *parser, const struct position *carrier,
                       enum encapsulation encapsulation, enum step next)
{
    parser->outer = *parser->packet;
    parser->outer.payload_bytes = carrier->wire_left;
    parser->outer.payload_captured_bytes = (uint32_t)carrier->cursor.left;
    parser->outer.payload = carrier->cursor.left ? carrier->cursor.at : NULL;
    parser->has_outer = true;
    if (++parser->depth > ENCAPSULATION_DEPTH)
        return STEP_TOO_DEEP;
    parser_note(parser, encapsulation);
    return next;
}

/* The header did not read: no tunnel, and the cursor back where it was. */
static enum step stay(struct parser *parser, const struct position *carrier)
{
    parser->cursor = carrier->cursor;
    parser->wire_left = carrier->wire_left;
    return STEP_DONE;
}

/* As enter, for tunnels that have a network identifier. */
static enum step enter_network(struct parser *parser, const struct position *carrier,
                               enum encapsulation encapsulation, enum step next, uint32_t vni)
{
    enum step step = enter(parser, carrier, encapsulation, next);
    if (parser->options->scope & PACKET_SCOPE_VNI)
        parser->packet->vni = vni;
    return step;
}

/* RFC 7348, section 5: only the I flag is set. */
static enum step enter_vxlan(struct parser *parser, const struct position *carrier)
{
    const uint8_t *header = parser_take(parser, 8);
    if (!header || header[0] != 0x08 || header[7] != 0)
        return stay(parser, carrier);
    return enter_network(parser, carrier, ENCAPSULATION_VXLAN, STEP_ETHERNET,
                         load_be24(header + 4));
}

/* RFC 8926, section 3.4: version 0, options in words of four bytes, an Ethernet type. */
static enum step enter_geneve(struct parser *parser, const struct position *carrier)
{
    const uint8_t *header = parser_take(parser, 8);
    if (!header || header[0] >> 6 != 0 || !parser_take(parser, (header[0] & 0x3fu) * 4))
        return stay(parser, carrier);
    parser->number = load_be16(header + 2);
    if (step_of_ethertype(parser->number) == STEP_DONE)
        return stay(parser, carrier);
    return enter_network(parser, carrier, ENCAPSULATION_GENEVE, STEP_ETHERTYPE,
                         load_be24(header + 4));
}

/* Passes a chain of GTP-U extension headers (TS 29.281, section 5.2): each starts with its length
 * in words of four bytes and ends with the next one's type. */
static bool pass_gtp_extensions(struct parser *parser, uint8_t type)
{
    enum { EXTENSIONS_MAX = 8 };
    for (unsigned i = 0; type; i++) {
        const uint8_t *peek = cursor_peek(&parser->cursor, 1);
        if (!peek || !peek[0] || i == EXTENSIONS_MAX)
            return false;
        const uint8_t *extension = parser_take(parser, peek[0] * 4u);
        if (!extension)
            return false;
        type = extension[peek[0] * 4u - 1];
    }
    return true;
}

/* TS 29.281, section 5.1: version 1, protocol type GTP, message G-PDU. */
static enum step enter_gtp_u(struct parser *parser, const struct position *carrier)
{
    enum { VERSION_AND_TYPE = 0xf0, OPTIONAL_FIELDS = 0x07, HAS_EXTENSION = 0x04, G_PDU = 255 };
    const uint8_t *header = parser_take(parser, 8);
    if (!header || (header[0] & VERSION_AND_TYPE) != 0x30 || header[1] != G_PDU)
        return stay(parser, carrier);
    if (header[0] & OPTIONAL_FIELDS) {
        const uint8_t *optional = parser_take(parser, 4);
        if (!optional)
            return stay(parser, carrier);
        if (header[0] & HAS_EXTENSION && !pass_gtp_extensions(parser, optional[3]))
            return stay(parser, carrier);
    }
    enum step step = enter(parser, carrier, ENCAPSULATION_GTP_U, STEP_IP);
    if (parser->options->scope & PACKET_SCOPE_TEID)
        parser->packet->teid = load_be32(header + 4);
    return step;
}

/* Version 1, a received or sent frame, Ethernet inside, tagged fields up to an end tag. */
static enum step enter_tzsp(struct parser *parser, const struct position *carrier)
{
    enum { TAG_PADDING = 0, TAG_END = 1, TAGS_MAX = 32, INSIDE_ETHERNET = 1 };
    const uint8_t *header = parser_take(parser, 4);
    if (!header || header[0] != 1 || header[1] > 1 || load_be16(header + 2) != INSIDE_ETHERNET)
        return stay(parser, carrier);
    for (unsigned i = 0; i < TAGS_MAX; i++) {
        const uint8_t *tag = parser_take(parser, 1);
        if (tag && *tag == TAG_END)
            return enter(parser, carrier, ENCAPSULATION_TZSP, STEP_ETHERNET);
        if (tag && *tag == TAG_PADDING)
            continue;
        const uint8_t *length = tag ? parser_take(parser, 1) : NULL;
        if (!length || !parser_take(parser, *length))
            break;
    }
    return stay(parser, carrier);
}

/* RFC 4380, section 5.1.1: optional authentication and origin indications, then IPv6, whose length
 * must be what is left. */
static enum step enter_teredo(struct parser *parser, const struct position *carrier)
{
    enum { INDICATION_ORIGIN = 0x0000, INDICATION_AUTHENTICATION = 0x0001 };
    const uint8_t *peek = cursor_peek(&parser->cursor, 4);
    if (peek && load_be16(peek) == INDICATION_AUTHENTICATION &&
        !parser_take(parser, 13u + peek[2] + peek[3]))
        return stay(parser, carrier);
    peek = cursor_peek(&parser->cursor, 2);
    if (peek && load_be16(peek) == INDICATION_ORIGIN && !parser_take(parser, 8))
        return stay(parser, carrier);
    peek = cursor_peek(&parser->cursor, 40);
    if (!peek || peek[0] >> 4 != 6 || load_be16(peek + 4) + 40u != parser->wire_left)
        return stay(parser, carrier);
    return enter(parser, carrier, ENCAPSULATION_TEREDO, STEP_IPV6);
}

static bool may_enter(const struct parser *parser)
{
    return !parser->options->keep_encapsulated && parser->packet->fragment == PACKET_WHOLE;
}

enum step parse_udp_tunnel(struct parser *parser)
{
    if (!may_enter(parser))
        return STEP_DONE;
    uint16_t source = parser->packet->source_port;
    uint16_t destination = parser->packet->destination_port;
    struct position carrier = {.cursor = parser->cursor, .wire_left = parser->wire_left};
    if (destination == PORT_VXLAN || destination == PORT_VXLAN_LINUX)
        return enter_vxlan(parser, &carrier);
    if (destination == PORT_GENEVE)
        return enter_geneve(parser, &carrier);
    if (destination == PORT_GTP_U || source == PORT_GTP_U)
        return enter_gtp_u(parser, &carrier);
    if (destination == PORT_TZSP)
        return enter_tzsp(parser, &carrier);
    if (destination == PORT_TEREDO || source == PORT_TEREDO)
        return enter_teredo(parser, &carrier);
    return STEP_DONE;
}

enum gre {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACKNOWLEDGEMENT = 0x0080,
    GRE_VERSION = 0x0007,
    GRE_BRIDGE = 0x6558,
    GRE_PPP = 0x880b,
    GRE_ERSPAN = 0x88be,
    GRE_ERSPAN_III = 0x22eb,
};

/* draft-foschiano-erspan: type I has no header of its own, type II eight bytes, type III twelve and
 * eight more when its O flag is set; type III says whether it holds a frame or an IP packet. */
static enum step enter_erspan(struct parser *parser, const struct position *carrier, uint16_t flags)
{
    if (parser->number == GRE_ERSPAN && !(flags & GRE_SEQUENCE))
        return enter(parser, carrier, ENCAPSULATION_ERSPAN_I, STEP_ETHERNET);
    enum { FRAME_TYPE_ETHERNET = 0, FRAME_TYPE_IP = 2 };
    bool is_third = parser->number == GRE_ERSPAN_III;
    const uint8_t *header = parser_take(parser, is_third ? 12 : 8);
    if (!header || header[0] >> 4 != (is_third ? 2 : 1))
        return stay(parser, carrier);
    if (!is_third)
        return enter(parser, carrier, ENCAPSULATION_ERSPAN_II, STEP_ETHERNET);
    if (header[11] & 1 && !parser_take(parser, 8))
        return stay(parser, carrier);
    unsigned frame_type = header[10] >> 2 & 31;
    if (frame_type != FRAME_TYPE_ETHERNET && frame_type != FRAME_TYPE_IP)
        return stay(parser, carrier);
    return enter(parser, carrier, ENCAPSULATION_ERSPAN_III,
                 frame_type == FRAME_TYPE_IP ? STEP_IP : STEP_ETHERNET);
}

/* RFC 2637, section 4.1: version 1, always a key, payload only when a sequence number is there. */
static enum step enter_pptp(struct parser *parser, const struct position *carrier, uint16_t flags)
{
    if (parser->number != GRE_PPP || !(flags & GRE_KEY) || !(flags & GRE_SEQUENCE))
        return stay(parser, carrier);
    if (!parser_take(parser, flags & GRE_ACKNOWLEDGEMENT ? 12 : 8))
        return stay(parser, carrier);
    return enter(parser, carrier, ENCAPSULATION_PPTP, STEP_PPP);
}

/* RFC 2784, RFC 2890; NVGRE (RFC 7637) is a bridge with a key and nothing else. */
static enum step enter_gre(struct parser *parser, const struct position *carrier)
{
    const uint8_t *header = parser_take(parser, 4);
    if (!header)
        return stay(parser, carrier);
    uint16_t flags = load_be16(header);
    parser->number = load_be16(header + 2);
    if ((flags & GRE_VERSION) == 1)
        return enter_pptp(parser, carrier, flags);
    if (flags & GRE_VERSION || flags & GRE_ROUTING)
        return stay(parser, carrier);
    if (flags & GRE_CHECKSUM && !parser_take(parser, 4))
        return stay(parser, carrier);
    const uint8_t *key = flags & GRE_KEY ? parser_take(parser, 4) : NULL;
    if ((flags & GRE_KEY && !key) || (flags & GRE_SEQUENCE && !parser_take(parser, 4)))
        return stay(parser, carrier);
    if (parser->number == GRE_ERSPAN || parser->number == GRE_ERSPAN_III)
        return enter_erspan(parser, carrier, flags);
    if (parser->number == GRE_BRIDGE && key && !(flags & (GRE_CHECKSUM | GRE_SEQUENCE)))
        return enter_network(parser, carrier, ENCAPSULATION_NVGRE, STEP_ETHERNET, load_be24(key));
    if (step_of_ethertype(parser->number) == STEP_DONE) /* keep-alives and the like stay GRE */
        return stay(parser, carrier);
    return enter(parser, carrier, ENCAPSULATION_GRE, STEP_ETHERTYPE);
}

enum step parse_ip_tunnel(struct parser *parser)
{
    if (!may_enter(parser))
        return STEP_DONE;
    struct position carrier = {.cursor = parser->cursor, .wire_left = parser->wire_left};
    bool is_in_ipv6 = parser->packet->ip_version == 6;
    switch (parser->packet->protocol) {
    case IP_IPIP:
        return enter(parser, &carrier, is_in_ipv6 ? ENCAPSULATION_4IN6 : ENCAPSULATION_IPIP,
                     STEP_IPV4);
    case IP_IPV6:
        return enter(parser, &carrier, is_in_ipv6 ? ENCAPSULATION_4IN6 : ENCAPSULATION_6IN4,
                     STEP_IPV6);
    case IP_GRE:
        return enter_gre(parser, &carrier);
    default:
        return STEP_DONE;
    }
}
