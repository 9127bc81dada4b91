/* SPDX-License-Identifier: BSD-3-Clause */
/* Drives the layers over one frame and falls back to the carrying packet when a tunnel's inside
 * does not read. The layers themselves are in packet_link.c, packet_ip.c and packet_tunnel.c. */
#include "packet_parser.h"

#include <stddef.h>
#include <string.h>

static const char *const outcome_names[PACKET_OUTCOMES] = {
    [PACKET_FLOW] = "flow",
    [PACKET_NON_IP] = "non_ip",
    [PACKET_CUT_SHORT] = "cut_short",
    [PACKET_LINK_HEADER] = "link_header",
    [PACKET_VLAN_HEADER] = "vlan_header",
    [PACKET_MPLS_HEADER] = "mpls_header",
    [PACKET_PPP_HEADER] = "ppp_header",
    [PACKET_LLC_HEADER] = "llc_header",
    [PACKET_IP_VERSION] = "ip_version",
    [PACKET_IPV4_HEADER] = "ipv4_header",
    [PACKET_IPV6_HEADER] = "ipv6_header",
    [PACKET_IPV6_EXTENSION] = "ipv6_extension",
    [PACKET_IP_LENGTH] = "ip_length",
    [PACKET_FRAGMENT] = "fragment",
    [PACKET_TCP_HEADER] = "tcp_header",
    [PACKET_UDP_HEADER] = "udp_header",
    [PACKET_SCTP_HEADER] = "sctp_header",
    [PACKET_ICMP_HEADER] = "icmp_header",
    [PACKET_TOO_DEEP] = "too_deep",
};

static const char *const encapsulation_names[ENCAPSULATIONS] = {
    [ENCAPSULATION_VLAN] = "vlan",
    [ENCAPSULATION_QINQ] = "qinq",
    [ENCAPSULATION_MPLS] = "mpls",
    [ENCAPSULATION_PPPOE] = "pppoe",
    [ENCAPSULATION_GRE] = "gre",
    [ENCAPSULATION_NVGRE] = "nvgre",
    [ENCAPSULATION_PPTP] = "pptp",
    [ENCAPSULATION_IPIP] = "ipip",
    [ENCAPSULATION_6IN4] = "6in4",
    [ENCAPSULATION_4IN6] = "4in6",
    [ENCAPSULATION_GTP_U] = "gtp_u",
    [ENCAPSULATION_VXLAN] = "vxlan",
    [ENCAPSULATION_GENEVE] = "geneve",
    [ENCAPSULATION_ERSPAN_I] = "erspan_i",
    [ENCAPSULATION_ERSPAN_II] = "erspan_ii",
    [ENCAPSULATION_ERSPAN_III] = "erspan_iii",
    [ENCAPSULATION_TZSP] = "tzsp",
    [ENCAPSULATION_TEREDO] = "teredo",
};

const char *packet_outcome_name(enum packet_outcome outcome)
{
    return outcome_names[outcome];
}

const char *encapsulation_name(enum encapsulation encapsulation)
{
    return encapsulation_names[encapsulation];
}

static enum step parse_step(struct parser *parser, enum step step)
{
    switch (step) {
    case STEP_ETHERNET:
        return parse_ethernet(parser);
    case STEP_ETHERTYPE:
        return parse_ethertype(parser);
    case STEP_VLAN:
        return parse_vlan(parser);
    case STEP_MPLS:
        return parse_mpls(parser);
    case STEP_PPPOE:
        return parse_pppoe(parser);
    case STEP_PPP:
        return parse_ppp(parser);
    case STEP_LLC:
        return parse_llc(parser);
    case STEP_IP:
        return parse_ip(parser);
    case STEP_IPV4:
        return parse_ipv4(parser);
    case STEP_IPV6:
        return parse_ipv6(parser);
    case STEP_TRANSPORT:
        return parse_transport(parser);
    case STEP_TOO_DEEP:
        return parser_end(parser, PACKET_TOO_DEEP);
    case STEP_DONE:
        break;
    }
    return STEP_DONE;
}

/* The frame stays what its carrying packet is; that a tunnel was there is kept as a count. */
static void restore_outer(struct parser *parser)
{
    *parser->packet = parser->outer;
    parser->packet->has_unread_tunnel = true;
    parser->outcome = PACKET_FLOW;
}

/* All but the addresses, which an IP header always writes whole. Compilers turn each half into a
 * few stores, but the whole into a string instruction that costs as much as the rest of the parser.
 */
static void clear(struct packet *packet)
{
    const size_t behind = offsetof(struct packet, source_port);
    memset(packet, 0, offsetof(struct packet, source));
    memset((uint8_t *)packet + behind, 0, sizeof *packet - behind);
}

/* Apart, so that plain packets do not pay for its registers and its room on the stack. */
static __attribute__((noinline)) enum packet_outcome parse_layers(
    const struct frame *frame, const struct packet_options *options, struct packet *packet)
{
    struct parser parser;
    parser.cursor = cursor_over(frame->bytes, frame->captured_bytes);
    parser.wire_left = frame->wire_bytes;
    parser.depth = 0;
    parser.options = options;
    parser.packet = packet;
    parser.has_outer = false;

    enum step step = parse_link_type(&parser, frame->link_type);
    while (step != STEP_DONE)
        step = parse_step(&parser, step);
    if (parser.has_outer && parser.outcome >= PACKET_MALFORMED_FIRST)
        restore_outer(&parser);
    return parser.outcome;
}

enum packet_outcome packet_parse(const struct frame *frame, const struct packet_options *options,
                                 struct packet *packet)
{
    clear(packet);
    packet->time_ns = frame->time_ns;
    packet->wire_bytes = frame->wire_bytes;
    packet->is_truncated = frame->captured_bytes < frame->wire_bytes;
    if (packet_parse_plain(frame, packet))
        return PACKET_FLOW;
    return parse_layers(frame, options, packet);
}
