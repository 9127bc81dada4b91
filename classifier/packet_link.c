/* SPDX-License-Identifier: BSD-3-Clause */
/* Everything below IP: link headers, tags, labels, PPP and 802.2. */
#include "packet_parser.h"

#include <pcap/dlt.h>
#include <stddef.h>

enum ethertype {
    ETHERTYPE_BRIDGE = 0x6558, /* transparent Ethernet bridging */
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_MULTICAST = 0x8848,
    ETHERTYPE_PPPOE_SESSION = 0x8864,
    ETHERTYPE_PROVIDER_VLAN = 0x88a8,
    ETHERTYPE_QINQ_OLD = 0x9100,
    ETHERTYPE_QINQ_OLDER = 0x9200,
    LENGTH_LAST = 1500,
};

/* Linux cooked captures name some things that have no Ethernet type (linux/if_ether.h). */
enum cooked_type { COOKED_8023 = 0x0001, COOKED_8022 = 0x0004 };

enum llc { LLC_SNAP = 0xaa, LLC_NETWARE = 0xe0, LLC_RAW_8023 = 0xff, LLC_UNNUMBERED = 0x03 };

enum ppp_protocol { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057, PPP_MPLS = 0x0281 };

/* 802.11 frame control, read little-endian. */
enum wifi {
    WIFI_TYPE_MASK = 0x000c,
    WIFI_TYPE_CONTROL = 0x0004,
    WIFI_TYPE_DATA = 0x0008,
    WIFI_SUBTYPE_NO_DATA = 0x0040,
    WIFI_SUBTYPE_QOS = 0x0080,
    WIFI_BOTH_DISTRIBUTION = 0x0300,
    WIFI_PROTECTED = 0x4000,
    WIFI_ORDER = 0x8000,
    WIFI_QOS_AGGREGATE = 0x0080,
};

enum step parse_ethernet(struct parser *parser)
{
    const uint8_t *header = parser_take(parser, 14);
    if (!header)
        return parser_short(parser, 14, PACKET_LINK_HEADER);
    parser->number = load_be16(header + 12);
    return parse_ethertype(parser);
}

enum step step_of_ethertype(uint32_t ethertype)
{
    switch (ethertype) {
    case ETHERTYPE_IPV4:
        return STEP_IPV4;
    case ETHERTYPE_IPV6:
        return STEP_IPV6;
    case ETHERTYPE_VLAN:
    case ETHERTYPE_PROVIDER_VLAN:
    case ETHERTYPE_QINQ_OLD:
    case ETHERTYPE_QINQ_OLDER:
        return STEP_VLAN;
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_MULTICAST:
        return STEP_MPLS;
    case ETHERTYPE_PPPOE_SESSION:
        return STEP_PPPOE;
    case ETHERTYPE_BRIDGE:
        return STEP_ETHERNET;
    default:
        return STEP_DONE;
    }
}

enum step parse_ethertype(struct parser *parser)
{
    if (++parser->depth > ENCAPSULATION_DEPTH)
        return STEP_TOO_DEEP;
    enum step step = step_of_ethertype(parser->number);
    if (step != STEP_DONE)
        return step;
    if (parser->number >= ETHERTYPE_FIRST)
        return parser_non_ip(parser, parser->number);
    if (parser->number > LENGTH_LAST)
        return parser_end(parser, PACKET_LINK_HEADER);
    return STEP_LLC;
}

enum step parse_vlan(struct parser *parser)
{
    const uint8_t *tag = parser_take(parser, 4);
    if (!tag)
        return parser_short(parser, 4, PACKET_VLAN_HEADER);
    bool is_outermost =
        !(parser->packet->encapsulations & (1u << ENCAPSULATION_VLAN | 1u << ENCAPSULATION_QINQ));
    if (is_outermost && parser->options->scope & PACKET_SCOPE_VLAN)
        parser->packet->vlan = load_be16(tag) & 0xfff;
    parser_note(parser, parser->number == ETHERTYPE_VLAN ? ENCAPSULATION_VLAN : ENCAPSULATION_QINQ);
    parser->number = load_be16(tag + 2);
    return STEP_ETHERTYPE;
}

/* What follows the stack has no type field. A first nibble of 4 or 6 is IP (RFC 4928). Two bytes of
 * zero are a pseudowire's control word before Ethernet (RFC 4448, section 4.6), 0x1000 the
 * associated channel's (RFC 4385, section 5), which carries no traffic; anything else is Ethernet.
 */
enum step parse_mpls(struct parser *parser)
{
    enum { LABELS_MAX = 16 };
    parser_note(parser, ENCAPSULATION_MPLS);
    for (unsigned i = 0; i < LABELS_MAX; i++) {
        const uint8_t *label = parser_take(parser, 4);
        if (!label)
            return parser_short(parser, 4, PACKET_MPLS_HEADER);
        if (!(label[2] & 1))
            continue;
        const uint8_t *payload = cursor_peek(&parser->cursor, 4);
        if (!payload)
            return parser_short(parser, 4, PACKET_MPLS_HEADER);
        if (payload[0] >> 4 == 4 || payload[0] >> 4 == 6)
            return STEP_IP;
        if (load_be16(payload) == 0x1000)
            return parser_non_ip(parser, ETHERTYPE_MPLS);
        if (load_be16(payload) == 0)
            parser_take(parser, 4);
        return STEP_ETHERNET;
    }
    return parser_end(parser, PACKET_MPLS_HEADER);
}

enum step parse_pppoe(struct parser *parser)
{
    const uint8_t *header = parser_take(parser, 6);
    if (!header)
        return parser_short(parser, 6, PACKET_PPP_HEADER);
    if (header[0] != 0x11)
        return parser_end(parser, PACKET_PPP_HEADER);
    parser_note(parser, ENCAPSULATION_PPPOE);
    return STEP_PPP;
}

/* The protocol field is one odd byte where it was compressed (RFC 1661, section 6.5), and address
 * and control may stand in front of it (RFC 1662): 0xff is no protocol. */
enum step parse_ppp(struct parser *parser)
{
    enum { ADDRESS_ALL = 0xff };
    const uint8_t *peek = cursor_peek(&parser->cursor, 1);
    if (peek && peek[0] == ADDRESS_ALL && !parser_take(parser, 2))
        return parser_short(parser, 2, PACKET_PPP_HEADER);
    const uint8_t *protocol = parser_take(parser, 1);
    if (!protocol)
        return parser_short(parser, 1, PACKET_PPP_HEADER);
    parser->number = protocol[0];
    if (!(protocol[0] & 1)) {
        protocol = parser_take(parser, 1);
        if (!protocol)
            return parser_short(parser, 1, PACKET_PPP_HEADER);
        parser->number = parser->number << 8 | protocol[0];
    }
    switch (parser->number) {
    case PPP_IPV4:
        return STEP_IPV4;
    case PPP_IPV6:
        return STEP_IPV6;
    case PPP_MPLS:
        return STEP_MPLS;
    default:
        return parser_non_ip(parser, parser->number);
    }
}

static enum step parse_snap(struct parser *parser)
{
    enum { OUI_ETHERNET = 0x000000, OUI_BRIDGE_TUNNEL = 0x0000f8, OUI_CISCO = 0x00000c };
    const uint8_t *snap = parser_take(parser, 5);
    if (!snap)
        return parser_short(parser, 5, PACKET_LLC_HEADER);
    parser->number = load_be16(snap + 3);
    uint32_t organisation = load_be24(snap);
    if (organisation == OUI_ETHERNET || organisation == OUI_BRIDGE_TUNNEL)
        return parser->number < ETHERTYPE_FIRST ? parser_non_ip(parser, LLC_SNAP) : STEP_ETHERTYPE;
    return parser_non_ip(parser, organisation == OUI_CISCO ? parser->number : LLC_SNAP);
}

enum step parse_llc(struct parser *parser)
{
    const uint8_t *llc = parser_take(parser, 3);
    if (!llc)
        return parser_short(parser, 3, PACKET_LLC_HEADER);
    if (llc[0] == LLC_SNAP && llc[1] == LLC_SNAP && llc[2] == LLC_UNNUMBERED)
        return parse_snap(parser);
    if (llc[0] == LLC_RAW_8023 && llc[1] == LLC_RAW_8023)
        return parser_non_ip(parser, LLC_NETWARE);
    return parser_non_ip(parser, llc[0] & 0xfeu);
}

static enum step parse_cooked(struct parser *parser, uint32_t header_bytes, uint32_t type_offset)
{
    const uint8_t *header = parser_take(parser, header_bytes);
    if (!header)
        return parser_short(parser, header_bytes, PACKET_LINK_HEADER);
    parser->number = load_be16(header + type_offset);
    if (parser->number == COOKED_8022)
        return STEP_LLC;
    if (parser->number == COOKED_8023)
        return parser_non_ip(parser, LLC_NETWARE);
    /* Below 0x600 only Linux's own numbers are left: not lengths, so not LLC. */
    return parser->number < ETHERTYPE_FIRST ? parser_non_ip(parser, parser->number)
                                            : STEP_ETHERTYPE;
}

/* Four bytes of address family in the byte order of whoever captured. */
static enum step parse_loopback(struct parser *parser)
{
    const uint8_t *header = parser_take(parser, 4);
    if (!header)
        return parser_short(parser, 4, PACKET_LINK_HEADER);
    uint32_t family = load_be32(header);
    if (family > 0xffff)
        family = load_le32(header);
    switch (family) {
    case 2:  /* AF_INET everywhere */
    case 10: /* AF_INET6 of Linux */
    case 23: /* of Windows */
    case 24: /* of NetBSD and OpenBSD */
    case 28: /* of FreeBSD */
    case 30: /* of macOS */
        return STEP_IP;
    default:
        return parser_non_ip(parser, LINK_NUMBER_LINKTYPE + DLT_NULL);
    }
}

static enum step parse_cisco_hdlc(struct parser *parser)
{
    const uint8_t *header = parser_take(parser, 4);
    if (!header)
        return parser_short(parser, 4, PACKET_LINK_HEADER);
    parser->number = load_be16(header + 2);
    return parser->number < ETHERTYPE_FIRST ? parser_non_ip(parser, parser->number)
                                            : STEP_ETHERTYPE;
}

/* Captures of PPP hold Cisco's HDLC too: its address bytes begin no PPP frame. */
static enum step parse_ppp_serial(struct parser *parser)
{
    const uint8_t *peek = cursor_peek(&parser->cursor, 1);
    if (!peek)
        return parser_short(parser, 1, PACKET_LINK_HEADER);
    bool is_cisco = peek[0] == 0x0f || peek[0] == 0x8f;
    return is_cisco ? parse_cisco_hdlc(parser) : STEP_PPP;
}

/* 802.11 data, unencrypted (IEEE 802.11-2016, 9.2). `is_padded`: the header is rounded up to four
 * bytes, as some drivers say in radiotap. */
static enum step parse_wifi(struct parser *parser, bool is_padded)
{
    const uint8_t *peek = cursor_peek(&parser->cursor, 2);
    if (!peek)
        return parser_short(parser, 2, PACKET_LINK_HEADER);
    uint16_t control = load_le16(peek);
    if ((control & WIFI_TYPE_MASK) == WIFI_TYPE_CONTROL)
        return parser_non_ip(parser, LINK_NUMBER_WIFI_CONTROL);
    if ((control & WIFI_TYPE_MASK) != WIFI_TYPE_DATA)
        return parser_non_ip(parser, LINK_NUMBER_WIFI_MANAGEMENT);
    if (control & WIFI_SUBTYPE_NO_DATA)
        return parser_non_ip(parser, LINK_NUMBER_WIFI_NO_DATA);
    if (control & WIFI_PROTECTED)
        return parser_non_ip(parser, LINK_NUMBER_WIFI_PROTECTED);

    uint32_t header_bytes = 24;
    bool has_four_addresses = (control & WIFI_BOTH_DISTRIBUTION) == WIFI_BOTH_DISTRIBUTION;
    bool has_qos = control & WIFI_SUBTYPE_QOS;
    header_bytes += has_four_addresses ? 6 : 0;
    uint32_t qos_offset = header_bytes;
    header_bytes += has_qos ? 2 : 0;
    header_bytes += has_qos && control & WIFI_ORDER ? 4 : 0;
    header_bytes = is_padded ? (header_bytes + 3) & ~3u : header_bytes;
    const uint8_t *header = parser_take(parser, header_bytes);
    if (!header)
        return parser_short(parser, header_bytes, PACKET_LINK_HEADER);
    /* Of an aggregate the first subframe is read: two addresses and a length before its LLC. */
    bool is_aggregate = has_qos && load_le16(header + qos_offset) & WIFI_QOS_AGGREGATE;
    if (is_aggregate && !parser_take(parser, 14))
        return parser_short(parser, 14, PACKET_LINK_HEADER);
    return STEP_LLC;
}

/* The flags field of a radiotap header (radiotap.org), or 0 when it has none. */
static uint8_t radiotap_flags(const uint8_t *header, uint32_t header_bytes)
{
    enum { HAS_TIMESTAMP = 1, HAS_FLAGS = 2 };
    uint32_t offset = 4;
    while (offset + 4 <= header_bytes && load_le32(header + offset) >> 31)
        offset += 4;
    offset += 4;
    uint32_t present = load_le32(header + 4);
    if (present & HAS_TIMESTAMP)
        offset = ((offset + 7) & ~7u) + 8;
    return present & HAS_FLAGS && offset < header_bytes ? header[offset] : 0;
}

static enum step parse_radiotap(struct parser *parser)
{
    enum { FLAG_PADDED = 0x20 };
    const uint8_t *peek = cursor_peek(&parser->cursor, 8);
    if (!peek)
        return parser_short(parser, 8, PACKET_LINK_HEADER);
    uint32_t header_bytes = load_le16(peek + 2);
    if (header_bytes < 8)
        return parser_end(parser, PACKET_LINK_HEADER);
    const uint8_t *header = parser_take(parser, header_bytes);
    if (!header)
        return parser_short(parser, header_bytes, PACKET_LINK_HEADER);
    return parse_wifi(parser, radiotap_flags(header, header_bytes) & FLAG_PADDED);
}

/* Prism and AVS both start with a big- or host-endian magic and a length. */
static enum step parse_prism(struct parser *parser)
{
    enum { AVS_MAGIC = 0x80211 };
    const uint8_t *peek = cursor_peek(&parser->cursor, 8);
    if (!peek)
        return parser_short(parser, 8, PACKET_LINK_HEADER);
    bool is_avs = load_be32(peek) >> 12 == AVS_MAGIC;
    uint32_t header_bytes = is_avs ? load_be32(peek + 4) : load_le32(peek + 4);
    if (header_bytes < 8)
        return parser_end(parser, PACKET_LINK_HEADER);
    if (!parser_take(parser, header_bytes))
        return parser_short(parser, header_bytes, PACKET_LINK_HEADER);
    return parse_wifi(parser, false);
}

static enum step skip_to(struct parser *parser, uint32_t header_bytes, enum step next)
{
    if (!parser_take(parser, header_bytes))
        return parser_short(parser, header_bytes, PACKET_LINK_HEADER);
    return next;
}

enum step parse_link_type(struct parser *parser, uint16_t link_type)
{
    enum {
        RAW_LINKTYPE = 101,
        RAW_OPENBSD = 14,
        ATM_LINKTYPE = 100,
        TOKEN_RING = 14,
        FDDI = 13,
        BSD_ENC = 12
    };
    switch (link_type) {
    case DLT_EN10MB:
        return STEP_ETHERNET;
    case DLT_RAW:
    case RAW_OPENBSD:
    case RAW_LINKTYPE:
        return STEP_IP;
    case DLT_IPV4:
        return STEP_IPV4;
    case DLT_IPV6:
        return STEP_IPV6;
    case DLT_LINUX_SLL:
        return parse_cooked(parser, 16, 14);
    case DLT_LINUX_SLL2:
        return parse_cooked(parser, 20, 0);
    case DLT_NULL:
    case DLT_LOOP:
        return parse_loopback(parser);
    case DLT_ENC:
        return skip_to(parser, BSD_ENC, STEP_IP);
    case DLT_PPP:
    case DLT_PPP_SERIAL:
        return parse_ppp_serial(parser);
    case DLT_PPP_WITH_DIR:
        return skip_to(parser, 1, STEP_PPP);
    case DLT_PPP_ETHER:
        return STEP_PPPOE;
    case DLT_C_HDLC:
        return parse_cisco_hdlc(parser);
    case DLT_MPLS:
        return STEP_MPLS;
    case DLT_ATM_RFC1483:
    case ATM_LINKTYPE:
        return STEP_LLC;
    case DLT_IEEE802:
        return skip_to(parser, TOKEN_RING, STEP_LLC);
    case DLT_FDDI:
        return skip_to(parser, FDDI, STEP_LLC);
    case DLT_IEEE802_11:
        return parse_wifi(parser, false);
    case DLT_IEEE802_11_RADIO:
        return parse_radiotap(parser);
    case DLT_PRISM_HEADER:
    case DLT_IEEE802_11_RADIO_AVS:
        return parse_prism(parser);
    default:
        return parser_non_ip(parser, LINK_NUMBER_LINKTYPE + link_type);
    }
}
