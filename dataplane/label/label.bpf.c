/* SPDX-License-Identifier: BSD-3-Clause */
/* The labeller's kernel side: on every packet a socket sends or receives, counts it under the
 * 5-tuple and the socket's cgroup. It lets every packet pass, reads headers only, and knows no
 * label: names are the command's business. */
#include <linux/bpf.h>

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "label_shared.h"

enum {
    PASS = 1,
    EXTENSIONS_MAX = 8, /* IPv6 extension headers passed before a packet counts as `other` */
    FRAGMENT_OFFSET = 0x1fff,
    JUMBO_BYTES = 8,
};

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 1); /* set by the command before it loads */
    __type(key, struct label_key);
    __type(value, struct label_half);
} halves SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_HASH);
    __uint(max_entries, 16384);
    __type(key, __u64);
    __type(value, __u8);
} announced SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_RINGBUF);
    __uint(max_entries, 65536);
} events SEC(".maps");

__u64 counts[LABEL_KERNEL_COUNTS];

/* One packet's headers, as far as they are needed. */
struct headers {
    __u8 source[16];
    __u8 destination[16];
    __u16 source_port;
    __u16 destination_port;
    __u32 bytes;       /* IP and transport headers together, what segmentation repeats */
    __u32 jumbo_bytes; /* of these, the jumbo option of RFC 2675, which segmentation takes off */
    __u8 ip_version;
    __u8 transport;
    bool is_opening; /* TCP SYN without ACK */
};

static __always_inline void count_add(enum label_kernel_count count)
{
    __sync_fetch_and_add(&counts[count], 1);
}

/* Returns the transport header's offset, or 0 when there is none to read. */
static __always_inline __u32 read_ipv4(struct __sk_buff *skb, struct headers *headers)
{
    struct iphdr ip;
    if (bpf_skb_load_bytes(skb, 0, &ip, sizeof ip) < 0)
        return 0;
    __builtin_memcpy(headers->source, &ip.saddr, sizeof ip.saddr);
    __builtin_memcpy(headers->destination, &ip.daddr, sizeof ip.daddr);
    headers->transport = ip.protocol;
    if (ip.frag_off & bpf_htons(FRAGMENT_OFFSET))
        return 0;
    return ip.ihl * 4u;
}

/* How long an extension header of kind `next` is, and what follows it; 0 when it is none. */
static __always_inline __u32 extension_bytes(__u8 next, const __u8 extension[4])
{
    switch (next) {
    case IPPROTO_HOPOPTS:
    case IPPROTO_ROUTING:
    case IPPROTO_DSTOPTS:
        return (extension[1] + 1u) * 8u;
    case IPPROTO_AH:
        return (extension[1] + 2u) * 4u;
    case IPPROTO_FRAGMENT: /* sockets see whole datagrams: only an atomic one keeps the header */
        return (extension[2] << 8 | extension[3]) & 0xfff8 ? 0 : 8;
    default:
        return 0;
    }
}

/* Returns the transport header's offset, or 0 when there is none to read. */
static __always_inline __u32 read_ipv6(struct __sk_buff *skb, struct headers *headers)
{
    struct ipv6hdr ip;
    if (bpf_skb_load_bytes(skb, 0, &ip, sizeof ip) < 0)
        return 0;
    __builtin_memcpy(headers->source, &ip.saddr, sizeof ip.saddr);
    __builtin_memcpy(headers->destination, &ip.daddr, sizeof ip.daddr);
    if (ip.payload_len == 0 && ip.nexthdr == IPPROTO_HOPOPTS)
        headers->jumbo_bytes = JUMBO_BYTES;
    __u8 next = ip.nexthdr;
    __u32 offset = sizeof ip;
    for (int i = 0; i < EXTENSIONS_MAX && next != IPPROTO_TCP && next != IPPROTO_UDP; i++) {
        __u8 extension[4];
        if (bpf_skb_load_bytes(skb, offset, extension, sizeof extension) < 0)
            return 0;
        __u32 bytes = extension_bytes(next, extension);
        if (bytes == 0)
            return 0;
        offset += bytes;
        next = extension[0];
    }
    headers->transport = next;
    return offset;
}

static __always_inline bool read_transport(struct __sk_buff *skb, __u32 offset,
                                           struct headers *headers)
{
    struct tcphdr tcp;
    struct udphdr udp;
    switch (headers->transport) {
    case IPPROTO_TCP:
        if (bpf_skb_load_bytes(skb, offset, &tcp, sizeof tcp) < 0)
            return false;
        headers->source_port = bpf_ntohs(tcp.source);
        headers->destination_port = bpf_ntohs(tcp.dest);
        headers->bytes = offset + tcp.doff * 4u;
        headers->is_opening = tcp.syn && !tcp.ack;
        return true;
    case IPPROTO_UDP:
        if (bpf_skb_load_bytes(skb, offset, &udp, sizeof udp) < 0)
            return false;
        headers->source_port = bpf_ntohs(udp.source);
        headers->destination_port = bpf_ntohs(udp.dest);
        headers->bytes = offset + sizeof udp;
        return true;
    default:
        return false;
    }
}

static __always_inline bool read_headers(struct __sk_buff *skb, struct headers *headers)
{
    __u8 first;
    if (bpf_skb_load_bytes(skb, 0, &first, sizeof first) < 0)
        return false;
    headers->ip_version = first >> 4;
    __u32 offset = headers->ip_version == 4   ? read_ipv4(skb, headers)
                   : headers->ip_version == 6 ? read_ipv6(skb, headers)
                                              : 0;
    return offset != 0 && read_transport(skb, offset, headers);
}

static __always_inline void key_fill(struct label_key *key, const struct headers *headers,
                                     bool is_egress)
{
    const __u8 *local = is_egress ? headers->source : headers->destination;
    const __u8 *remote = is_egress ? headers->destination : headers->source;
    __builtin_memcpy(key->local_address, local, sizeof key->local_address);
    __builtin_memcpy(key->remote_address, remote, sizeof key->remote_address);
    key->local_port = is_egress ? headers->source_port : headers->destination_port;
    key->remote_port = is_egress ? headers->destination_port : headers->source_port;
    key->ip_version = headers->ip_version;
    key->transport = headers->transport;
}

/* Tells the command of a cgroup once. A lost event leaves the cgroup unannounced, so that its next
 * new flow tries again. */
static __always_inline void cgroup_announce(__u64 cgroup)
{
    if (bpf_map_lookup_elem(&announced, &cgroup))
        return;
    struct label_event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
    if (!event) {
        count_add(LABEL_KERNEL_EVENTS_LOST);
        return;
    }
    event->cgroup = cgroup;
    bpf_ringbuf_submit(event, 0);
    __u8 yes = 1;
    bpf_map_update_elem(&announced, &cgroup, &yes, BPF_ANY);
}

/* Null when the map is full. */
static __always_inline struct label_half *half_find(const struct label_key *key, __u64 now_ns,
                                                    __u64 udp_flag)
{
    struct label_half *half = bpf_map_lookup_elem(&halves, key);
    if (half)
        return half;
    struct label_half fresh = {.first_ns = now_ns};
    fresh.flags = key->transport == IPPROTO_UDP ? udp_flag : 0;
    if (bpf_map_update_elem(&halves, key, &fresh, BPF_NOEXIST) == 0)
        count_add(LABEL_KERNEL_HALVES);
    cgroup_announce(key->cgroup);
    return bpf_map_lookup_elem(&halves, key);
}

/* Packets and bytes on the wire: a packet not yet segmented, or joined again on arrival, stands for
 * several, each with headers of its own. */
static __always_inline struct label_count wire_count(const struct __sk_buff *skb,
                                                     const struct headers *headers)
{
    __u64 bytes = skb->len;
    __u64 segment_bytes = skb->gso_size;
    if (segment_bytes == 0 || bytes <= headers->bytes + segment_bytes)
        return (struct label_count){1, bytes};
    __u64 payload_bytes = bytes - headers->bytes;
    __u64 packets = (payload_bytes + segment_bytes - 1) / segment_bytes;
    __u64 header_bytes = headers->bytes - headers->jumbo_bytes;
    return (struct label_count){packets, payload_bytes + packets * header_bytes};
}

static __always_inline int packet_count(struct __sk_buff *skb, bool is_egress)
{
    struct headers headers = {0};
    struct label_key key = {.cgroup = bpf_skb_cgroup_id(skb)};
    if (key.cgroup == 0) {
        count_add(LABEL_KERNEL_NO_CGROUP);
        return PASS;
    }
    if (!read_headers(skb, &headers)) {
        count_add(LABEL_KERNEL_OTHER);
        return PASS;
    }
    key_fill(&key, &headers, is_egress);

    __u64 now_ns = bpf_ktime_get_ns();
    __u64 flag = is_egress ? LABEL_HALF_CALLED : LABEL_HALF_ANSWERED;
    struct label_half *half = half_find(&key, now_ns, flag);
    if (!half) {
        count_add(LABEL_KERNEL_FULL);
        return PASS;
    }
    struct label_count wire = wire_count(skb, &headers);
    struct label_count *count = is_egress ? &half->sent : &half->arrived;
    __sync_fetch_and_add(&count->packets, wire.packets);
    __sync_fetch_and_add(&count->ip_bytes, wire.ip_bytes);
    half->last_ns = now_ns; /* processors racing here differ by less than a microsecond */
    if (headers.is_opening)
        half->flags |= flag;
    return PASS;
}

SEC("cgroup_skb/egress")
int label_egress(struct __sk_buff *skb)
{
    return packet_count(skb, true);
}

SEC("cgroup_skb/ingress")
int label_ingress(struct __sk_buff *skb)
{
    return packet_count(skb, false);
}

/* No helper used here asks for the GPL. */
char label_license[] SEC("license") = "BSD";
