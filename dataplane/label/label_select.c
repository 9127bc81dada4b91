/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds each frame's flow, drops the second sight of a packet, and compares frames with counts. */
#include "label_select.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "classifier/packet.h"
#include "label_flow.h"

enum {
    SIGHTS = 65536, /* packets remembered to know them again on another interface */
    FRAGMENTS = 4096,
    MTUS = 64,
    PAYLOAD_HASHED = 64,
    LINK_BYTES_MAX = 22, /* beyond the MTU a frame holds: Ethernet with two tags, or SLL2 */
    NO_FLOW = -1,
};

/* A packet crosses this machine in less, also when it waits for a neighbour to be found. */
static const uint64_t sight_ns = 5000000000U;

/* One packet as first seen, in the slot of its hash. */
struct sight {
    uint64_t hash;
    uint64_t time_ns;
    unsigned interface;
};

/* The flow of a fragmented datagram, in the slot of its identity's hash. */
struct fragmented {
    uint64_t hash;
    ptrdiff_t flow;
};

/* An answer of the kernel's, kept. */
struct mtu {
    unsigned interface;
    unsigned bytes; /* 0: the interface is gone */
};

struct frames_seen {
    uint64_t a_to_b, b_to_a;
};

struct label_select {
    const struct label_flow *flows;
    size_t flow_count;
    uint64_t until_ns;
    struct frames_seen *seen; /* one per flow */
    struct sight *sights;
    struct fragmented *fragments;
    struct mtu mtus[MTUS]; /* in the slot of the interface's index */
    struct label_capture_counts counts;
};

int label_select_new(struct label_select **select, const struct label_flow *flows,
                     size_t flow_count, uint64_t until_ns, struct error *error)
{
    struct label_select *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory");
    made->flows = flows;
    made->flow_count = flow_count;
    made->until_ns = until_ns;
    made->seen = calloc(flow_count + 1, sizeof *made->seen);
    made->sights = calloc(SIGHTS, sizeof *made->sights);
    made->fragments = calloc(FRAGMENTS, sizeof *made->fragments);
    if (!made->seen || !made->sights || !made->fragments) {
        label_select_free(made);
        return error_set(error, ENOMEM, "out of memory");
    }
    *select = made;
    return 0;
}

void label_select_free(struct label_select *select)
{
    if (!select)
        return;
    free(select->seen);
    free(select->sights);
    free(select->fragments);
    free(select);
}

/* FNV-1a, for tables an outsider gains nothing by filling. */
static uint64_t hash_add(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ at[i]) * 0x100000001b3U;
    return hash;
}

static uint64_t hash_datagram(const struct packet *packet)
{
    uint64_t hash = 0xcbf29ce484222325U;
    hash = hash_add(hash, packet->source, sizeof packet->source);
    hash = hash_add(hash, packet->destination, sizeof packet->destination);
    hash = hash_add(hash, &packet->protocol, sizeof packet->protocol);
    return hash_add(hash, &packet->fragment_id, sizeof packet->fragment_id);
}

/* Of what stays the same from interface to interface: no link header, hop limit or checksum. */
static uint64_t hash_packet(const struct packet *packet)
{
    uint64_t hash = hash_datagram(packet);
    hash = hash_add(hash, &packet->source_port, sizeof packet->source_port);
    hash = hash_add(hash, &packet->destination_port, sizeof packet->destination_port);
    hash = hash_add(hash, &packet->tcp_flags, sizeof packet->tcp_flags);
    hash = hash_add(hash, &packet->tcp_sequence, sizeof packet->tcp_sequence);
    hash = hash_add(hash, &packet->tcp_acknowledgement, sizeof packet->tcp_acknowledgement);
    hash = hash_add(hash, &packet->payload_bytes, sizeof packet->payload_bytes);
    uint32_t length = packet->payload_captured_bytes;
    return hash_add(hash, packet->payload, length < PAYLOAD_HASHED ? length : PAYLOAD_HASHED);
}

/* Whether the packet was seen on another interface a moment ago. Twice on one interface it was sent
 * twice. */
static bool is_seen_elsewhere(struct label_select *select, const struct packet *packet,
                              unsigned interface)
{
    uint64_t hash = hash_packet(packet);
    struct sight *sight = &select->sights[hash % SIGHTS];
    if (sight->hash == hash && sight->interface != interface &&
        packet->time_ns < sight->time_ns + sight_ns)
        return true;
    *sight = (struct sight){hash, packet->time_ns, interface};
    return false;
}

static int flow_compare(const void *left, const void *right)
{
    return label_flow_compare(left, right);
}

static ptrdiff_t flow_find(const struct label_select *select, const struct packet *packet)
{
    struct label_flow wanted = {.ip_version = packet->ip_version, .transport = packet->protocol};
    bool is_a_source = label_end_compare(packet->source, packet->source_port, packet->destination,
                                         packet->destination_port) <= 0;
    memcpy(wanted.a_address, is_a_source ? packet->source : packet->destination, 16);
    memcpy(wanted.b_address, is_a_source ? packet->destination : packet->source, 16);
    wanted.a_port = is_a_source ? packet->source_port : packet->destination_port;
    wanted.b_port = is_a_source ? packet->destination_port : packet->source_port;
    const struct label_flow *flow =
        bsearch(&wanted, select->flows, select->flow_count, sizeof wanted, flow_compare);
    return flow ? flow - select->flows : NO_FLOW;
}

/* Later fragments have no ports: their first one tells. */
static ptrdiff_t packet_flow(struct label_select *select, const struct packet *packet)
{
    if (packet->protocol != IP_TCP && packet->protocol != IP_UDP)
        return NO_FLOW;
    if (packet->fragment == PACKET_WHOLE)
        return packet->has_ports ? flow_find(select, packet) : NO_FLOW;
    uint64_t hash = hash_datagram(packet);
    struct fragmented *fragmented = &select->fragments[hash % FRAGMENTS];
    if (packet->fragment == PACKET_FRAGMENT_LATER)
        return fragmented->hash == hash ? fragmented->flow : NO_FLOW;
    *fragmented = (struct fragmented){hash, flow_find(select, packet)};
    return fragmented->flow;
}

static struct mtu mtu_ask(unsigned interface)
{
    struct ifreq request = {0};
    struct mtu mtu = {.interface = interface};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return mtu;
    if (if_indextoname(interface, request.ifr_name) && ioctl(fd, SIOCGIFMTU, &request) == 0)
        mtu.bytes = (unsigned)request.ifr_mtu;
    (void)close(fd);
    return mtu;
}

static bool is_joined(struct label_select *select, const struct frame *frame, unsigned interface)
{
    struct mtu *mtu = &select->mtus[interface % MTUS];
    if (mtu->interface != interface)
        *mtu = mtu_ask(interface);
    return mtu->bytes != 0 && frame->wire_bytes > mtu->bytes + LINK_BYTES_MAX;
}

static void frame_count(struct label_select *select, const struct packet *packet, ptrdiff_t flow)
{
    struct frames_seen *seen = &select->seen[flow];
    const struct label_flow *labelled = &select->flows[flow];
    if (packet->fragment == PACKET_FRAGMENT_LATER)
        return; /* the kernel counted the datagram */
    if (label_end_compare(packet->source, packet->source_port, labelled->a_address,
                          labelled->a_port) == 0)
        seen->a_to_b++;
    else
        seen->b_to_a++;
}

bool label_select_frame(struct label_select *select, const struct frame *frame, unsigned interface)
{
    static const struct packet_options options = {.keep_encapsulated = true};
    struct label_capture_counts *counts = &select->counts;
    struct packet packet;
    if (frame->time_ns > select->until_ns) {
        counts->frames_late++;
        return false;
    }
    ptrdiff_t flow = packet_parse(frame, &options, &packet) == PACKET_FLOW
                         ? packet_flow(select, &packet)
                         : NO_FLOW;
    if (flow == NO_FLOW) {
        counts->frames_other++;
        return false;
    }
    if (interface == 0 && frame->link_type == LINK_TYPE_COOKED_2 && frame->captured_bytes >= 8)
        interface = load_be32(frame->bytes + 4);
    if (is_seen_elsewhere(select, &packet, interface)) {
        counts->frames_again++;
        return false;
    }
    counts->frames_joined += is_joined(select, frame, interface);
    counts->frames_written++;
    counts->bytes_written += frame->wire_bytes;
    frame_count(select, &packet, flow);
    return true;
}

void label_select_finish(const struct label_select *select, struct label_capture_counts *counts)
{
    *counts = select->counts;
    for (size_t i = 0; i < select->flow_count; i++) {
        const struct label_flow *flow = &select->flows[i];
        const struct frames_seen *seen = &select->seen[i];
        if (seen->a_to_b + seen->b_to_a == 0)
            counts->flows_absent++;
        else if (seen->a_to_b == flow->a_to_b.packets && seen->b_to_a == flow->b_to_a.packets)
            counts->flows_whole++;
        else
            counts->flows_partly++;
    }
}
