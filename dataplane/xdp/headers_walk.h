/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the headers of an Ethernet frame end, by the reading of packet_parse() and step by step as
 * it reads: a frame cut there is the same packet to it. For the XDP program, and for tests that
 * compare the two; includers define headers_load() and headers_wipe().
 *
 *     Ethernet | VLAN | IP | UDP | VXLAN | Ethernet | IP | TCP | payload
 *                                        ^inside_at             ^at, where the frame is cut
 *
 * What is left of a frame:
 *  - a packet of a flow: all headers, with options; of ICMP the first four bytes. No payload.
 *  - anything that looked like a tunnel, but holds nothing that reads as a packet: the headers of
 *    the packet that carries it, and what looked like the tunnel's own header; of Teredo, which has
 *    none, as much as read like the packet inside.
 *  - what is not IP, or malformed: as far as it had to be read to be called that.
 * Link addresses, which nobody reads, are wiped where no payload is to be left.
 */
#ifndef HEADERS_WALK_H
#define HEADERS_WALK_H

#include <linux/types.h>
#include <stdbool.h>

/* Copies bytes of the frame; not 0 when they are not there. */
static int headers_load(void *frame, __u32 offset, void *bytes, __u32 length);

/* Zeroes up to 12 bytes that are there. */
static void headers_wipe(void *frame, __u32 offset, __u32 length);

enum headers_step {
    HEADERS_ETHERNET,
    HEADERS_ETHERTYPE,
    HEADERS_VLAN,
    HEADERS_MPLS, /* one label a step */
    HEADERS_PPPOE,
    HEADERS_PPP,
    HEADERS_LLC,
    HEADERS_IP,
    HEADERS_IPV4,
    HEADERS_IPV6,
    HEADERS_EXTENSION, /* one a step */
    HEADERS_TRANSPORT,
    HEADERS_GTP_EXTENSION, /* one a step */
    HEADERS_TZSP_TAG,      /* one a step */
    HEADERS_FLOW,          /* from here on: done. The payload starts at `at` */
    HEADERS_NON_IP,
    HEADERS_MALFORMED,
};

/* Offsets count from the frame's first byte. */
struct headers_walk {
    void *frame;
    __u32 length;    /* of the frame */
    __u32 at;        /* what is read next */
    __u32 end;       /* of the bytes that are there, bounded by every length field passed */
    __u32 wire_end;  /* of those that should be, by the same fields */
    __u32 seen;      /* end of the furthest that was read */
    __u32 carrier;   /* where the payload of the packet that carries the tunnel starts */
    __u32 inside_at; /* where what the innermost tunnel holds starts; 0: no tunnel was entered */
    __u32 number;    /* Ethernet type, IP protocol or type of the next extension */
    __u32 depth;
    __u32 count; /* of labels, extensions or tags passed */
    __u32 step;
    bool keep_encapsulated;
    bool wipes_addresses;
    bool is_fragment;
    bool is_later_fragment;
    bool is_ended;  /* without a readable transport header */
    bool is_teredo; /* the innermost tunnel is told by the header of what it holds */
};

enum {
    HEADERS_STEPS_MAX = 1024, /* more than any frame takes */
    HEADERS_DEPTH = 8,        /* ENCAPSULATION_DEPTH */
};

static inline __u32 headers_be16(const __u8 *bytes)
{
    return (__u32)bytes[0] << 8 | bytes[1];
}

/* Are `needed` bytes there? Then reads the first `length` of them. */
static inline bool headers_peek(struct headers_walk *walk, __u32 needed, void *bytes, __u32 length)
{
    __u32 reach = walk->at + needed;
    if (reach > walk->end || headers_load(walk->frame, walk->at, bytes, length))
        return false;
    if (reach > walk->seen)
        walk->seen = reach;
    return true;
}

/* Steps over bytes that both the frame and the wire have. */
static inline bool headers_pass(struct headers_walk *walk, __u32 length)
{
    __u32 reach = walk->at + length;
    if (reach > walk->wire_end || reach > walk->end)
        return false;
    walk->at = reach;
    if (reach > walk->seen)
        walk->seen = reach;
    return true;
}

static inline bool headers_take(struct headers_walk *walk, __u32 needed, void *bytes, __u32 length)
{
    return walk->at + needed <= walk->wire_end && headers_peek(walk, needed, bytes, length) &&
           headers_pass(walk, needed);
}

/* Both link addresses, but for the four bytes by which MPLS told that they are some. */
static inline void headers_wipe_addresses(struct headers_walk *walk, __u32 offset, __u32 seen)
{
    if (seen > offset)
        headers_wipe(walk->frame, offset + 4, 8);
    else
        headers_wipe(walk->frame, offset, 12);
}

static inline __u32 headers_ethernet(struct headers_walk *walk)
{
    __u8 header[14];
    __u32 seen = walk->seen;
    if (!headers_take(walk, 14, header, sizeof header))
        return HEADERS_MALFORMED;
    if (walk->wipes_addresses)
        headers_wipe_addresses(walk, walk->at - 14, seen);
    walk->number = headers_be16(header + 12);
    return HEADERS_ETHERTYPE;
}

static inline __u32 headers_step_of(__u32 ethertype)
{
    switch (ethertype) {
    case 0x0800:
        return HEADERS_IPV4;
    case 0x86dd:
        return HEADERS_IPV6;
    case 0x8100: /* 802.1Q, 802.1ad and what came before it */
    case 0x88a8:
    case 0x9100:
    case 0x9200:
        return HEADERS_VLAN;
    case 0x8847:
    case 0x8848:
        return HEADERS_MPLS;
    case 0x8864:
        return HEADERS_PPPOE;
    case 0x6558:
        return HEADERS_ETHERNET;
    default:
        return HEADERS_NON_IP;
    }
}

static inline __u32 headers_ethertype(struct headers_walk *walk)
{
    if (++walk->depth > HEADERS_DEPTH)
        return HEADERS_MALFORMED;
    __u32 step = headers_step_of(walk->number);
    walk->count = 0;
    if (step != HEADERS_NON_IP || walk->number >= 0x600)
        return step;
    return walk->number > 1500 ? HEADERS_MALFORMED : HEADERS_LLC;
}

static inline __u32 headers_vlan(struct headers_walk *walk)
{
    __u8 tag[4];
    if (!headers_take(walk, 4, tag, sizeof tag))
        return HEADERS_MALFORMED;
    walk->number = headers_be16(tag + 2);
    return HEADERS_ETHERTYPE;
}

static inline __u32 headers_mpls(struct headers_walk *walk)
{
    __u8 label[4];
    __u8 payload[4];
    if (!headers_take(walk, 4, label, sizeof label))
        return HEADERS_MALFORMED;
    if (!(label[2] & 1))
        return ++walk->count == 16 ? HEADERS_MALFORMED : HEADERS_MPLS;
    if (!headers_peek(walk, 4, payload, sizeof payload))
        return HEADERS_MALFORMED;
    if (payload[0] >> 4 == 4 || payload[0] >> 4 == 6)
        return HEADERS_IP;
    if (headers_be16(payload) == 0x1000)
        return HEADERS_NON_IP;
    if (headers_be16(payload) == 0)
        headers_pass(walk, 4);
    return HEADERS_ETHERNET;
}

static inline __u32 headers_pppoe(struct headers_walk *walk)
{
    __u8 version;
    if (!headers_take(walk, 6, &version, 1) || version != 0x11)
        return HEADERS_MALFORMED;
    return HEADERS_PPP;
}

static inline __u32 headers_ppp(struct headers_walk *walk)
{
    __u8 byte = 0;
    if (headers_peek(walk, 1, &byte, 1) && byte == 0xff && !headers_pass(walk, 2))
        return HEADERS_MALFORMED;
    if (!headers_take(walk, 1, &byte, 1))
        return HEADERS_MALFORMED;
    __u32 protocol = byte;
    if (!(byte & 1)) {
        if (!headers_take(walk, 1, &byte, 1))
            return HEADERS_MALFORMED;
        protocol = protocol << 8 | byte;
    }
    walk->count = 0;
    if (protocol == 0x0021)
        return HEADERS_IPV4;
    if (protocol == 0x0057)
        return HEADERS_IPV6;
    return protocol == 0x0281 ? HEADERS_MPLS : HEADERS_NON_IP;
}

static inline __u32 headers_llc(struct headers_walk *walk)
{
    __u8 llc[3];
    __u8 snap[5];
    if (!headers_take(walk, 3, llc, sizeof llc))
        return HEADERS_MALFORMED;
    if (llc[0] != 0xaa || llc[1] != 0xaa || llc[2] != 0x03)
        return HEADERS_NON_IP;
    if (!headers_take(walk, 5, snap, sizeof snap))
        return HEADERS_MALFORMED;
    walk->number = headers_be16(snap + 3);
    __u32 organisation = headers_be16(snap) << 8 | snap[2];
    bool is_ethertype = organisation == 0 || organisation == 0x0000f8;
    return is_ethertype && walk->number >= 0x600 ? HEADERS_ETHERTYPE : HEADERS_NON_IP;
}

static inline __u32 headers_ip(struct headers_walk *walk)
{
    __u8 version;
    if (!headers_peek(walk, 1, &version, 1))
        return HEADERS_MALFORMED;
    if (version >> 4 == 4)
        return HEADERS_IPV4;
    return version >> 4 == 6 ? HEADERS_IPV6 : HEADERS_MALFORMED;
}

static inline void headers_bound(struct headers_walk *walk, __u32 length)
{
    walk->wire_end = walk->at + length;
    if (walk->end > walk->wire_end)
        walk->end = walk->wire_end;
}

/* False when the fragment reaches further than a datagram can. */
static inline bool headers_fragment(struct headers_walk *walk, __u32 offset_bytes, bool has_more)
{
    walk->is_later_fragment = offset_bytes != 0;
    walk->is_fragment = offset_bytes || has_more;
    return offset_bytes + walk->wire_end - walk->at <= 65535;
}

static inline __u32 headers_ipv4(struct headers_walk *walk)
{
    __u8 header[20];
    if (walk->at + 20 > walk->wire_end || !headers_peek(walk, 20, header, sizeof header))
        return HEADERS_MALFORMED;
    __u32 header_bytes = (header[0] & 15u) * 4;
    if (header[0] >> 4 != 4 || header_bytes < 20)
        return HEADERS_MALFORMED;
    __u32 total_bytes = headers_be16(header + 2);
    if (total_bytes == 0)
        total_bytes = walk->wire_end - walk->at;
    if (total_bytes < header_bytes || !headers_pass(walk, header_bytes))
        return HEADERS_MALFORMED;
    headers_bound(walk, total_bytes - header_bytes);
    __u32 fragment = headers_be16(header + 6);
    if (!headers_fragment(walk, (fragment & 0x1fff) * 8, fragment & 0x2000) && walk->is_fragment)
        return HEADERS_MALFORMED;
    walk->number = header[9];
    return HEADERS_TRANSPORT;
}

static inline bool headers_is_extension(__u32 protocol)
{
    switch (protocol) {
    case 0:   /* hop by hop */
    case 43:  /* routing */
    case 44:  /* fragment */
    case 51:  /* AH */
    case 60:  /* destination */
    case 135: /* mobility */
    case 139: /* HIP */
    case 140: /* Shim6 */
        return true;
    default:
        return false;
    }
}

static inline __u32 headers_ipv6(struct headers_walk *walk)
{
    __u8 header[8];
    if (!headers_take(walk, 40, header, sizeof header) || header[0] >> 4 != 6)
        return HEADERS_MALFORMED;
    __u32 payload_bytes = headers_be16(header + 4);
    headers_bound(walk, payload_bytes ? payload_bytes : walk->wire_end - walk->at);
    walk->is_fragment = false;
    walk->is_later_fragment = false;
    walk->number = header[6];
    walk->count = 0;
    return HEADERS_EXTENSION;
}

static inline __u32 headers_extension(struct headers_walk *walk)
{
    __u8 header[8];
    __u32 kind = walk->number;
    if (!headers_is_extension(kind))
        return HEADERS_TRANSPORT;
    if (walk->count++ == 16 || !headers_peek(walk, 8, header, sizeof header))
        return HEADERS_MALFORMED;
    __u32 length = (header[1] + 1u) * 8;
    if (kind == 51)
        length = (header[1] + 2u) * 4;
    if (kind == 44)
        length = 8;
    if (!headers_pass(walk, length))
        return HEADERS_MALFORMED;
    if (header[0] == 59 && (kind == 135 || kind == 139 || kind == 140))
        return HEADERS_TRANSPORT; /* a message of its own */
    walk->number = header[0];
    if (kind != 44)
        return HEADERS_EXTENSION;
    __u32 field = headers_be16(header + 2);
    if (!headers_fragment(walk, field & 0xfff8, field & 1))
        return HEADERS_MALFORMED;
    return walk->is_later_fragment ? HEADERS_TRANSPORT : HEADERS_EXTENSION;
}

/* The frame ends within a transport header of that least length. */
static inline __u32 headers_end(struct headers_walk *walk, __u32 header_bytes)
{
    walk->is_ended = true;
    return walk->wire_end - walk->at < header_bytes ? HEADERS_MALFORMED : HEADERS_FLOW;
}

static inline __u32 headers_tcp(struct headers_walk *walk)
{
    __u8 header[20];
    if (walk->at + 20 > walk->wire_end || !headers_peek(walk, 20, header, sizeof header))
        return headers_end(walk, 20);
    __u32 header_bytes = (__u32)(header[12] >> 4) * 4;
    if (header_bytes < 20 || header_bytes > walk->wire_end - walk->at)
        return HEADERS_MALFORMED;
    if (!headers_pass(walk, header_bytes)) {
        walk->at += 20; /* the frame ends among the options */
        walk->is_ended = true;
    }
    return HEADERS_FLOW;
}

/* ---- tunnels ---- */

static inline __u32 headers_enter(struct headers_walk *walk, __u32 next)
{
    walk->inside_at = walk->at;
    walk->is_teredo = false;
    walk->count = 0;
    return ++walk->depth > HEADERS_DEPTH ? HEADERS_MALFORMED : next;
}

/* No tunnel: what carries it has it as payload. */
static inline __u32 headers_stay(struct headers_walk *walk)
{
    walk->at = walk->carrier;
    return HEADERS_FLOW;
}

static inline __u32 headers_vxlan(struct headers_walk *walk)
{
    __u8 header[8];
    if (!headers_take(walk, 8, header, sizeof header) || header[0] != 0x08 || header[7] != 0)
        return headers_stay(walk);
    return headers_enter(walk, HEADERS_ETHERNET);
}

static inline __u32 headers_geneve(struct headers_walk *walk)
{
    __u8 header[8];
    if (!headers_take(walk, 8, header, sizeof header) || header[0] >> 6 != 0 ||
        !headers_pass(walk, (header[0] & 0x3fu) * 4))
        return headers_stay(walk);
    walk->number = headers_be16(header + 2);
    if (headers_step_of(walk->number) == HEADERS_NON_IP)
        return headers_stay(walk);
    return headers_enter(walk, HEADERS_ETHERTYPE);
}

static inline __u32 headers_gtp(struct headers_walk *walk)
{
    __u8 header[8];
    __u8 optional[4];
    if (!headers_take(walk, 8, header, sizeof header) || (header[0] & 0xf0) != 0x30 ||
        header[1] != 255)
        return headers_stay(walk);
    if (!(header[0] & 7))
        return headers_enter(walk, HEADERS_IP);
    if (!headers_take(walk, 4, optional, sizeof optional))
        return headers_stay(walk);
    walk->number = header[0] & 4 ? optional[3] : 0;
    walk->count = 0;
    return HEADERS_GTP_EXTENSION;
}

static inline __u32 headers_gtp_extension(struct headers_walk *walk)
{
    __u8 byte = 0;
    if (walk->number == 0)
        return headers_enter(walk, HEADERS_IP);
    if (!headers_peek(walk, 1, &byte, 1) || !byte || walk->count++ == 8 ||
        !headers_pass(walk, byte * 4u) || headers_load(walk->frame, walk->at - 1, &byte, 1))
        return headers_stay(walk);
    walk->number = byte;
    return HEADERS_GTP_EXTENSION;
}

static inline __u32 headers_tzsp(struct headers_walk *walk)
{
    __u8 header[4];
    if (!headers_take(walk, 4, header, sizeof header) || header[0] != 1 || header[1] > 1 ||
        headers_be16(header + 2) != 1)
        return headers_stay(walk);
    walk->count = 0;
    return HEADERS_TZSP_TAG;
}

static inline __u32 headers_tzsp_tag(struct headers_walk *walk)
{
    __u8 byte;
    if (walk->count++ == 32 || !headers_take(walk, 1, &byte, 1))
        return headers_stay(walk);
    if (byte == 1)
        return headers_enter(walk, HEADERS_ETHERNET);
    if (byte == 0)
        return HEADERS_TZSP_TAG;
    if (!headers_take(walk, 1, &byte, 1) || !headers_pass(walk, byte))
        return headers_stay(walk);
    return HEADERS_TZSP_TAG;
}

static inline __u32 headers_teredo(struct headers_walk *walk)
{
    __u8 header[8];
    if (headers_peek(walk, 4, header, 4) && headers_be16(header) == 1 &&
        !headers_pass(walk, 13u + header[2] + header[3]))
        return headers_stay(walk);
    if (headers_peek(walk, 2, header, 2) && headers_be16(header) == 0 && !headers_pass(walk, 8))
        return headers_stay(walk);
    if (!headers_peek(walk, 40, header, sizeof header) || header[0] >> 4 != 6 ||
        headers_be16(header + 4) + 40 != walk->wire_end - walk->at)
        return headers_stay(walk);
    __u32 step = headers_enter(walk, HEADERS_IPV6);
    walk->is_teredo = true;
    return step;
}

static inline bool headers_may_enter(struct headers_walk *walk)
{
    walk->carrier = walk->at;
    return !walk->keep_encapsulated && !walk->is_fragment;
}

/* By which port a UDP packet may be a tunnel's; 0: by none. */
static inline __u32 headers_tunnel_port(__u32 source, __u32 destination)
{
    if (destination == 4789 || destination == 8472)
        return 4789;
    if (destination == 6081)
        return 6081;
    if (destination == 2152 || source == 2152)
        return 2152;
    if (destination == 37008)
        return 37008;
    return destination == 3544 || source == 3544 ? 3544 : 0;
}

static inline __u32 headers_udp(struct headers_walk *walk)
{
    __u8 header[8];
    if (!headers_take(walk, 8, header, sizeof header))
        return headers_end(walk, 8);
    __u32 source = headers_be16(header);
    __u32 destination = headers_be16(header + 2);
    __u32 length = headers_be16(header + 4);
    if (length && length < 8)
        return HEADERS_MALFORMED;
    if (length && length - 8 < walk->wire_end - walk->at)
        headers_bound(walk, length - 8);
    if (!headers_may_enter(walk))
        return HEADERS_FLOW;
    switch (headers_tunnel_port(source, destination)) {
    case 4789:
        return headers_vxlan(walk);
    case 6081:
        return headers_geneve(walk);
    case 2152:
        return headers_gtp(walk);
    case 37008:
        return headers_tzsp(walk);
    case 3544:
        return headers_teredo(walk);
    default:
        return HEADERS_FLOW;
    }
}

static inline __u32 headers_erspan(struct headers_walk *walk, __u32 flags)
{
    __u8 header[12] = {0};
    if (walk->number == 0x88be) {
        if (!(flags & 0x1000))
            return headers_enter(walk, HEADERS_ETHERNET);
        if (!headers_take(walk, 8, header, 8) || header[0] >> 4 != 1)
            return headers_stay(walk);
        return headers_enter(walk, HEADERS_ETHERNET);
    }
    if (!headers_take(walk, 12, header, 12) || header[0] >> 4 != 2 ||
        (header[11] & 1 && !headers_pass(walk, 8)))
        return headers_stay(walk);
    __u32 frame_type = header[10] >> 2 & 31;
    if (frame_type != 0 && frame_type != 2)
        return headers_stay(walk);
    return headers_enter(walk, frame_type == 2 ? HEADERS_IP : HEADERS_ETHERNET);
}

static inline __u32 headers_gre(struct headers_walk *walk)
{
    enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, ACK = 0x0080 };
    __u8 header[4];
    if (!headers_take(walk, 4, header, sizeof header))
        return headers_stay(walk);
    __u32 flags = headers_be16(header);
    walk->number = headers_be16(header + 2);
    if ((flags & 7) == 1) { /* PPTP's */
        if (walk->number != 0x880b || !(flags & KEY) || !(flags & SEQUENCE) ||
            !headers_pass(walk, flags & ACK ? 12 : 8))
            return headers_stay(walk);
        return headers_enter(walk, HEADERS_PPP);
    }
    __u32 fields = (flags & CHECKSUM ? 4u : 0) + (flags & KEY ? 4u : 0);
    fields += flags & SEQUENCE ? 4u : 0;
    if (flags & 7 || flags & ROUTING || !headers_pass(walk, fields))
        return headers_stay(walk);
    if (walk->number == 0x88be || walk->number == 0x22eb)
        return headers_erspan(walk, flags);
    if (walk->number == 0x6558 && flags & KEY && !(flags & (CHECKSUM | SEQUENCE)))
        return headers_enter(walk, HEADERS_ETHERNET); /* NVGRE */
    if (headers_step_of(walk->number) == HEADERS_NON_IP)
        return headers_stay(walk);
    return headers_enter(walk, HEADERS_ETHERTYPE);
}

static inline __u32 headers_transport(struct headers_walk *walk)
{
    if (walk->is_later_fragment)
        return HEADERS_FLOW;
    switch (walk->number) {
    case 6:
        return headers_tcp(walk);
    case 17:
        return headers_udp(walk);
    case 132:
        return headers_pass(walk, 12) ? HEADERS_FLOW : headers_end(walk, 12);
    case 1:
    case 58:
        return headers_pass(walk, 4) ? HEADERS_FLOW : headers_end(walk, 4);
    default:
        break;
    }
    if (!headers_may_enter(walk))
        return HEADERS_FLOW;
    if (walk->number == 4)
        return headers_enter(walk, HEADERS_IPV4);
    if (walk->number == 41)
        return headers_enter(walk, HEADERS_IPV6);
    return walk->number == 47 ? headers_gre(walk) : HEADERS_FLOW;
}

/* ---- the walk ---- */

static inline __u32 headers_next(struct headers_walk *walk)
{
    switch (walk->step) {
    case HEADERS_ETHERNET:
        return headers_ethernet(walk);
    case HEADERS_ETHERTYPE:
        return headers_ethertype(walk);
    case HEADERS_VLAN:
        return headers_vlan(walk);
    case HEADERS_MPLS:
        return headers_mpls(walk);
    case HEADERS_PPPOE:
        return headers_pppoe(walk);
    case HEADERS_PPP:
        return headers_ppp(walk);
    case HEADERS_LLC:
        return headers_llc(walk);
    case HEADERS_IP:
        return headers_ip(walk);
    case HEADERS_IPV4:
        return headers_ipv4(walk);
    case HEADERS_IPV6:
        return headers_ipv6(walk);
    case HEADERS_EXTENSION:
        return headers_extension(walk);
    case HEADERS_TRANSPORT:
        return headers_transport(walk);
    case HEADERS_GTP_EXTENSION:
        return headers_gtp_extension(walk);
    case HEADERS_TZSP_TAG:
        return headers_tzsp_tag(walk);
    default:
        return walk->step;
    }
}

/* One step; true when that was the last. */
static inline bool headers_advance(struct headers_walk *walk)
{
    walk->step = headers_next(walk);
    return walk->step >= HEADERS_FLOW;
}

/* After the walk: how many bytes of the frame to leave, with that many of payload. A walk that did
 * not end is a malformed frame's. */
static inline __u32 headers_left(const struct headers_walk *walk, __u32 payload_bytes)
{
    if (walk->step == HEADERS_FLOW) {
        __u32 readable = walk->is_ended || walk->end < walk->at ? 0 : walk->end - walk->at;
        return walk->at + (payload_bytes < readable ? payload_bytes : readable);
    }
    if (walk->step == HEADERS_NON_IP || !walk->inside_at)
        return walk->seen;
    if (!payload_bytes)
        return walk->is_teredo ? walk->seen : walk->inside_at;
    __u32 room = walk->length - walk->carrier;
    __u32 left = walk->carrier + (payload_bytes < room ? payload_bytes : room);
    return left > walk->seen ? left : walk->seen;
}

/* ---- most frames ---- */

/* `header` is at offset `at`, with 20 bytes that can be read; the IP packet ends at `end`. */
static inline __u32 headers_plain_transport(const __u8 *header, __u32 protocol, __u32 at, __u32 end,
                                            __u32 payload_bytes)
{
    __u32 left;
    if (protocol == 6) {
        __u32 header_bytes = (__u32)(header[12] >> 4) * 4;
        left = at + header_bytes;
        if (header_bytes < 20 || left > end)
            return 0;
    } else if (protocol == 17) {
        __u32 length = headers_be16(header + 4);
        left = at + 8;
        if ((length && length < 8) || left > end ||
            headers_tunnel_port(headers_be16(header), headers_be16(header + 2)))
            return 0;
        if (length && at + length < end)
            end = at + length;
    } else {
        return 0;
    }
    return left + (payload_bytes < end - left ? payload_bytes : end - left);
}

/* How many bytes to leave of a frame that holds nothing but Ethernet, IP without options or
 * fragments, and TCP or UDP that is no tunnel's: what the walk would say, at once. 0 for any other
 * frame. */
static inline __u32 headers_plain(const __u8 *frame, const __u8 *frame_end, __u32 payload_bytes)
{
    const __u32 at4 = 14 + 20;
    const __u32 at6 = 14 + 40;
    if (frame + at4 + 20 > frame_end)
        return 0;
    __u32 length = (__u32)(frame_end - frame);
    __u32 ethertype = headers_be16(frame + 12);
    if (ethertype == 0x0800 && frame[14] == 0x45) {
        __u32 end = 14 + headers_be16(frame + 16);
        if (end < at4 || end > length || headers_be16(frame + 20) & 0x3fff)
            return 0;
        return headers_plain_transport(frame + at4, frame[23], at4, end, payload_bytes);
    }
    if (ethertype == 0x86dd && frame[14] >> 4 == 6 && frame + at6 + 20 <= frame_end) {
        __u32 end = at6 + headers_be16(frame + 18);
        if (end == at6 || end > length)
            return 0;
        return headers_plain_transport(frame + at6, frame[20], at6, end, payload_bytes);
    }
    return 0;
}

#endif
