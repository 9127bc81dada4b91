/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds frames layer by layer, outermost first. A layer's header is a template; as the next one is
 * added, the field that names it (Ethernet type, IP protocol, PPP protocol, UDP port, address
 * family) is written, and at the end every length. Not a parser: what it knows of the formats is
 * written apart from classifier/packet*.c, so that each proves the other. */
#ifndef FRAME_BUILDER_H
#define FRAME_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/frame.h"

enum layer {
    LAYER_END, /* ends a list */

    /* What a capture's link type starts with. */
    LAYER_ETHERNET,
    LAYER_COOKED,         /* SLL */
    LAYER_COOKED_2,       /* SLL2 */
    LAYER_COOKED_LLC,     /* SLL naming 802.2 */
    LAYER_FAMILY_LITTLE,  /* NULL, as a little-endian machine captures it */
    LAYER_FAMILY_BIG,     /* LOOP, and NULL from a big-endian machine */
    LAYER_ENC,            /* OpenBSD IPsec */
    LAYER_PPP,            /* protocol field alone */
    LAYER_PPP_COMPRESSED, /* of one byte */
    LAYER_PPP_FRAMED,     /* behind address and control */
    LAYER_PPP_DIRECTION,  /* one byte of direction before it */
    LAYER_HDLC,           /* Cisco's */
    LAYER_TOKEN_RING,
    LAYER_FDDI,
    LAYER_RADIOTAP,
    LAYER_RADIOTAP_LONG,   /* two words of presence, timestamp and flags */
    LAYER_RADIOTAP_PADDED, /* flags: the 802.11 header is padded to four bytes */
    LAYER_PRISM,
    LAYER_AVS,
    LAYER_WIFI,
    LAYER_WIFI_QOS,
    LAYER_WIFI_QOS_PADDED,
    LAYER_WIFI_QOS_ORDER,     /* with HT control */
    LAYER_WIFI_QOS_AGGREGATE, /* A-MSDU and its first subframe's header */
    LAYER_WIFI_BRIDGE,        /* four addresses */
    LAYER_WIFI_BEACON,
    LAYER_WIFI_ACK,
    LAYER_WIFI_NO_DATA,
    LAYER_WIFI_PROTECTED,

    /* Between link and IP. */
    LAYER_VLAN,
    LAYER_PROVIDER_VLAN,
    LAYER_QINQ_OLD,
    LAYER_QINQ_OLDER,
    LAYER_MPLS,        /* a label with more to come */
    LAYER_MPLS_BOTTOM, /* the last label */
    LAYER_CONTROL_WORD,
    LAYER_PPPOE,
    LAYER_SNAP,
    LAYER_SNAP_BRIDGE, /* RFC 1042's sibling 00-00-f8 */
    LAYER_SNAP_CISCO,
    LAYER_LLC_STP,
    LAYER_NETWARE, /* raw 802.3 */
    LAYER_ARP,

    /* IP. The n-th of a frame goes from 10.0.n.1 to 10.0.n.2, or fd00::n:1 to fd00::n:2. */
    LAYER_IPV4,
    LAYER_IPV4_OPTIONS,
    LAYER_IPV4_FIRST, /* fragments of identification 0x1234 */
    LAYER_IPV4_LATER, /* 1480 bytes on, more to come */
    LAYER_IPV6,
    LAYER_HOP_BY_HOP,
    LAYER_ROUTING,
    LAYER_DESTINATION,
    LAYER_FRAGMENT_FIRST, /* of identification 0x12345678 */
    LAYER_FRAGMENT_LATER,
    LAYER_FRAGMENT_ATOMIC,
    LAYER_AH,
    LAYER_MOBILITY,
    LAYER_HIP,
    LAYER_SHIM6,
    LAYER_NO_NEXT,
    LAYER_ESP,

    /* Transport. */
    LAYER_TCP,         /* 50001 to 443, SYN and ACK */
    LAYER_TCP_OPTIONS, /* the same with 12 bytes of options */
    LAYER_UDP,         /* 50002 to 53, or to the port that the next layer is known by */
    LAYER_SCTP,        /* 50003 to 2905 */
    LAYER_ICMP,
    LAYER_ICMPV6,

    /* Tunnels. */
    LAYER_GRE,
    LAYER_GRE_CHECKSUM,
    LAYER_GRE_KEY,
    LAYER_GRE_SEQUENCE,
    LAYER_GRE_ALL, /* checksum, key and sequence number */
    LAYER_GRE_PPTP,
    LAYER_GRE_PPTP_ACKNOWLEDGED,
    LAYER_ERSPAN_I, /* nothing but its number in GRE */
    LAYER_ERSPAN_II,
    LAYER_ERSPAN_III,
    LAYER_ERSPAN_III_SUBHEADER,
    LAYER_GTP_U, /* endpoint 0x01020304 */
    LAYER_GTP_U_SEQUENCE,
    LAYER_GTP_U_EXTENSION, /* PDU session container, then another */
    LAYER_VXLAN,           /* network 0x010203, as all below */
    LAYER_GENEVE,
    LAYER_GENEVE_OPTIONS,
    LAYER_NVGRE,
    LAYER_TZSP,
    LAYER_TZSP_TAGS,
    LAYER_TEREDO, /* nothing but its port */
    LAYER_TEREDO_ORIGIN,
    LAYER_TEREDO_AUTHENTICATION, /* and an origin behind it */

    LAYER_PAYLOAD, /* 16 bytes of text */
    LAYER_PADDING, /* 6 bytes that no length counts */
    LAYERS,
};

enum { FRAME_BUILDER_BYTES = 2048, FRAME_BUILDER_LAYERS = 32 };

/* Start zeroed. */
struct frame_builder {
    uint8_t bytes[FRAME_BUILDER_BYTES];
    uint32_t length;
    uint32_t counted_bytes; /* without padding */
    unsigned layer_count;
    unsigned ip_count;
    enum layer layers[FRAME_BUILDER_LAYERS];
    uint32_t offsets[FRAME_BUILDER_LAYERS]; /* where each starts in `bytes` */
};

void frame_builder_add(struct frame_builder *builder, enum layer layer);

/* Writes the lengths; what is changed afterwards stays changed. */
void frame_builder_finish(struct frame_builder *builder);

/* Adds each of a list ended by LAYER_END, and finishes. */
void frame_builder_build(struct frame_builder *builder, const enum layer *layers);

/* The frame, borrowed, seen by link type `link_type` at one second past the epoch. */
struct frame frame_builder_frame(const struct frame_builder *builder, uint16_t link_type);

/* Addresses as struct packet has them, of the n-th IP layer, counted from 1. */
void frame_builder_addresses(const struct frame_builder *builder, unsigned n, uint8_t source[16],
                             uint8_t destination[16]);

#endif
