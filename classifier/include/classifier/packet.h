/* SPDX-License-Identifier: BSD-3-Clause */
/* A packet: one frame's innermost headers, read once, all numbers in host order. Parsing is a pure
 * function of the frame and the options; it keeps nothing and allocates nothing. */
#ifndef CLASSIFIER_PACKET_H
#define CLASSIFIER_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/frame.h"

/* What became of a frame. Exactly one holds, and each has its own counter. */
enum packet_outcome {
    PACKET_FLOW,   /* has addresses: belongs to a flow */
    PACKET_NON_IP, /* known to be something else than IP: `link` says what */
    /* From here on: malformed, by reason. */
    PACKET_CUT_SHORT, /* the capture ends before addresses and protocol do; the frame may be fine */
    PACKET_LINK_HEADER,    /* link header shorter than its type demands, or of unknown shape */
    PACKET_VLAN_HEADER,    /* 802.1Q, 802.1ad */
    PACKET_MPLS_HEADER,    /* label stack without bottom, or nothing below it */
    PACKET_PPP_HEADER,     /* PPP or PPPoE */
    PACKET_LLC_HEADER,     /* 802.2 LLC or SNAP */
    PACKET_IP_VERSION,     /* version nibble differs from what the layer below announced */
    PACKET_IPV4_HEADER,    /* header length under 20 or beyond the packet */
    PACKET_IPV6_HEADER,    /* fewer than 40 bytes */
    PACKET_IPV6_EXTENSION, /* extension header beyond the packet, or more than 16 of them */
    PACKET_IP_LENGTH,      /* total length shorter than the header */
    PACKET_FRAGMENT,       /* fragment reaching beyond 65,535 bytes */
    PACKET_TCP_HEADER,
    PACKET_UDP_HEADER,
    PACKET_SCTP_HEADER,
    PACKET_ICMP_HEADER,
    PACKET_TOO_DEEP, /* more headers inside each other than ENCAPSULATION_DEPTH */
    PACKET_OUTCOMES,
    PACKET_MALFORMED_FIRST = PACKET_CUT_SHORT,
};

/* The counter's name in reports ("tcp_header"). */
const char *packet_outcome_name(enum packet_outcome outcome);

/* Encapsulations a frame can pass through, each counted once per frame that shows it. */
enum encapsulation {
    ENCAPSULATION_VLAN,       /* IEEE 802.1Q */
    ENCAPSULATION_QINQ,       /* IEEE 802.1ad and its forerunners 0x9100, 0x9200 */
    ENCAPSULATION_MPLS,       /* RFC 3032, RFC 4385 control word */
    ENCAPSULATION_PPPOE,      /* RFC 2516 */
    ENCAPSULATION_GRE,        /* RFC 2784, RFC 2890 */
    ENCAPSULATION_NVGRE,      /* RFC 7637 */
    ENCAPSULATION_PPTP,       /* RFC 2637, enhanced GRE */
    ENCAPSULATION_IPIP,       /* RFC 2003 */
    ENCAPSULATION_6IN4,       /* RFC 4213 */
    ENCAPSULATION_4IN6,       /* RFC 2473, and IPv6 in IPv6 */
    ENCAPSULATION_GTP_U,      /* 3GPP TS 29.281 */
    ENCAPSULATION_VXLAN,      /* RFC 7348 */
    ENCAPSULATION_GENEVE,     /* RFC 8926 */
    ENCAPSULATION_ERSPAN_I,   /* draft-foschiano-erspan, GRE without sequence number */
    ENCAPSULATION_ERSPAN_II,  /* same, protocol 0x88be with sequence number */
    ENCAPSULATION_ERSPAN_III, /* same, protocol 0x22eb */
    ENCAPSULATION_TZSP,       /* TaZmen Sniffer Protocol */
    ENCAPSULATION_TEREDO,     /* RFC 4380 */
    ENCAPSULATIONS,
};

const char *encapsulation_name(enum encapsulation encapsulation);

enum { ENCAPSULATION_DEPTH = 8 }; /* headers entered per frame before it is called too deep */

/* Which tunnel identities are part of a flow's identity. */
enum packet_scope { PACKET_SCOPE_VLAN = 1, PACKET_SCOPE_VNI = 2, PACKET_SCOPE_TEID = 4 };

struct packet_options {
    bool keep_encapsulated; /* do not enter tunnels: the outermost IP header is the packet's */
    unsigned scope;         /* set of enum packet_scope */
};

/* IP protocol numbers the parser knows by name (IANA protocol-numbers). */
enum ip_protocol {
    IP_HOP_BY_HOP = 0,
    IP_ICMP = 1,
    IP_IPIP = 4,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_IPV6 = 41,
    IP_ROUTING = 43,
    IP_FRAGMENT = 44,
    IP_GRE = 47,
    IP_AH = 51,
    IP_ICMPV6 = 58,
    IP_NO_NEXT = 59,
    IP_DESTINATION = 60,
    IP_SCTP = 132,
    IP_MOBILITY = 135,
    IP_UDP_LITE = 136,
    IP_HIP = 139,
    IP_SHIM6 = 140,
};

enum tcp_flag { TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_PSH = 8, TCP_ACK = 16, TCP_URG = 32 };

enum packet_fragment {
    PACKET_WHOLE,
    PACKET_FRAGMENT_FIRST, /* carries the transport header */
    PACKET_FRAGMENT_LATER, /* ports unknown until its first fragment is found */
};

/* Ethernet types and LLC service access points share one number space, as they do on the wire:
 * values below 0x600 are LLC DSAPs; PPP protocol numbers do not collide with either where it
 * matters (RFC 1661: control protocols from 0x8021 on, odd low byte). Above 0xffff: 0x10000 +
 * LINKTYPE for captures of something that is not a network of frames we read, and the 802.11 kinds
 * below. */
enum link_number {
    LINK_NUMBER_LINKTYPE = 0x10000,
    LINK_NUMBER_WIFI_MANAGEMENT = 0x20000,
    LINK_NUMBER_WIFI_CONTROL = 0x20001,
    LINK_NUMBER_WIFI_PROTECTED = 0x20002,
    LINK_NUMBER_WIFI_NO_DATA = 0x20003,
};

/* Valid by outcome: PACKET_NON_IP fills time, lengths, encapsulations and `link`; PACKET_FLOW fills
 * all but `link`; a malformed one only time, lengths and encapsulations. */
struct packet {
    uint64_t time_ns;
    uint32_t wire_bytes;     /* of the whole frame */
    uint32_t encapsulations; /* set of 1 << enum encapsulation */
    uint32_t link;           /* Ethernet type, LLC DSAP, PPP protocol or enum link_number */

    uint8_t ip_version;     /* 4 or 6, of the innermost IP header read */
    uint8_t protocol;       /* the IP protocol number above it, extension headers passed */
    uint8_t tcp_flags;      /* set of enum tcp_flag */
    uint8_t fragment;       /* enum packet_fragment */
    bool is_truncated;      /* captured bytes end before the wire's or the IP length's do */
    bool has_unread_tunnel; /* looked like a tunnel, but what it held did not read as one */
    bool has_ports;         /* false where the capture ends before them, and for later fragments */

    uint8_t source[16]; /* IPv4: the first four bytes, the rest zero */
    uint8_t destination[16];
    uint16_t source_port; /* 0 where the transport has none */
    uint16_t destination_port;
    uint32_t fragment_id;
    uint32_t tcp_sequence;
    uint32_t tcp_acknowledgement;

    uint16_t vlan; /* outermost VLAN identifier when it is part of the scope, else 0 */
    uint32_t vni;  /* VXLAN, Geneve or NVGRE network identifier, likewise */
    uint32_t teid; /* GTP-U tunnel endpoint identifier, likewise */

    /* Above the transport header, by the IP length: more than the frame had where it was cut
     * before it was captured (a mirror that truncates), which is_truncated tells. */
    uint32_t payload_bytes;
    uint32_t payload_captured_bytes; /* of these, readable at `payload` */
    const uint8_t *payload;          /* borrowed from the frame; null when none is readable */
};

/* Reads `frame` into `packet`. Never reads beyond captured_bytes. Hot: cannot fail. */
enum packet_outcome packet_parse(const struct frame *frame, const struct packet_options *options,
                                 struct packet *packet);

#endif
