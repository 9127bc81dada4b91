/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser's inside: layers hand a cursor and a number to each other until one has an outcome. */
#ifndef PACKET_PARSER_H
#define PACKET_PARSER_H

#include "base/cursor.h"
#include "classifier/packet.h"

/* What comes next. A layer reads its header, sets what the next one needs in struct parser, and
 * names it; STEP_DONE means that `outcome` is set. */
enum step {
    STEP_DONE,
    STEP_ETHERNET,
    STEP_ETHERTYPE, /* `number` is an Ethernet type or an 802.3 length */
    STEP_VLAN,      /* `number` is the tag's Ethernet type */
    STEP_MPLS,
    STEP_PPPOE,
    STEP_PPP,
    STEP_LLC,
    STEP_IP, /* version by its first nibble */
    STEP_IPV4,
    STEP_IPV6,
    STEP_TRANSPORT, /* `number` is an IP protocol */
    STEP_TOO_DEEP,
};

/* Ethernet types start at ETHERTYPE_FIRST; below, an 802.3 length. */
enum { ETHERTYPE_FIRST = 0x600, ETHERTYPE_IPV4 = 0x0800, ETHERTYPE_IPV6 = 0x86dd };

/* Ports by which tunnels over UDP are known. */
enum tunnel_port {
    PORT_GTP_U = 2152,
    PORT_TEREDO = 3544,
    PORT_VXLAN = 4789,
    PORT_GENEVE = 6081,
    PORT_VXLAN_LINUX = 8472, /* Linux before the port was assigned */
    PORT_TZSP = 37008,
};

/* One of 64 classes of ports. */
#define PORT_CLASS(port) ((uint64_t)1 << (((port) ^ (port) >> 6) & 63))

/* Nine ports in ten are told to be none by their class alone. */
static inline bool udp_port_is_tunnel(uint32_t port)
{
    const uint64_t classes = PORT_CLASS(PORT_GTP_U) | PORT_CLASS(PORT_TEREDO) |
                             PORT_CLASS(PORT_VXLAN) | PORT_CLASS(PORT_GENEVE) |
                             PORT_CLASS(PORT_VXLAN_LINUX) | PORT_CLASS(PORT_TZSP);
    return classes & PORT_CLASS(port) &&
           (port == PORT_GTP_U || port == PORT_TEREDO || port == PORT_VXLAN ||
            port == PORT_GENEVE || port == PORT_VXLAN_LINUX || port == PORT_TZSP);
}

struct parser {
    struct cursor cursor; /* over captured bytes, bounded by every length field passed */
    uint32_t wire_left;   /* bytes the wire had from the cursor on, by the same length fields */
    uint32_t number;
    unsigned depth;
    const struct packet_options *options;
    struct packet *packet;
    enum packet_outcome outcome;
    bool has_outer;      /* a tunnel was entered: `outer` is the packet that carries it */
    struct packet outer; /* what the frame is if the tunnel does not hold what it promised */
};

/* Steps over `length` bytes of header; null when the capture or the wire has fewer. */
static inline const uint8_t *parser_take(struct parser *parser, uint32_t length)
{
    if (length > parser->wire_left)
        return NULL;
    const uint8_t *header = cursor_take(&parser->cursor, length);
    if (header)
        parser->wire_left -= length;
    return header;
}

static inline enum step parser_end(struct parser *parser, enum packet_outcome outcome)
{
    parser->outcome = outcome;
    return STEP_DONE;
}

/* A header of `length` bytes was not to be had: the fault of the capture if the wire had it. */
static inline enum step parser_short(struct parser *parser, uint32_t length,
                                     enum packet_outcome reason)
{
    return parser_end(parser, length <= parser->wire_left ? PACKET_CUT_SHORT : reason);
}

/* Names what is not IP. */
static inline enum step parser_non_ip(struct parser *parser, uint32_t link)
{
    parser->packet->link = link;
    return parser_end(parser, PACKET_NON_IP);
}

static inline void parser_note(struct parser *parser, enum encapsulation encapsulation)
{
    parser->packet->encapsulations |= 1u << encapsulation;
}

/* packet_plain.c: true when the frame is one of the plain ones and `packet`, cleared, is filled. */
bool packet_parse_plain(const struct frame *frame, struct packet *packet);

/* packet_link.c */
enum step parse_link_type(struct parser *parser, uint16_t link_type);
enum step parse_ethernet(struct parser *parser);
enum step parse_ethertype(struct parser *parser);
/* What an Ethernet type announces on the way to IP; STEP_DONE when it is something else. */
enum step step_of_ethertype(uint32_t ethertype);
enum step parse_vlan(struct parser *parser);
enum step parse_mpls(struct parser *parser);
enum step parse_pppoe(struct parser *parser);
enum step parse_ppp(struct parser *parser);
enum step parse_llc(struct parser *parser);

/* packet_ip.c */
enum step parse_ip(struct parser *parser);
enum step parse_ipv4(struct parser *parser);
enum step parse_ipv6(struct parser *parser);
enum step parse_transport(struct parser *parser);

/* packet_tunnel.c: the step into a tunnel, or STEP_DONE with `outcome` untouched where the packet
 * is none. Called with the cursor behind the transport header (UDP) or the IP header (the others).
 */
enum step parse_udp_tunnel(struct parser *parser);
enum step parse_ip_tunnel(struct parser *parser);

#endif
