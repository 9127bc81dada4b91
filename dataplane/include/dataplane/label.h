/* SPDX-License-Identifier: BSD-3-Clause */
/* The labeller: asks the kernel which program owns each flow, by the control group its sockets were
 * made in, and counts the flow's packets and bytes. It is the ground truth others are measured by;
 * it never looks at payload, and never runs beside a live source.
 *
 *     socket ── egress ──┐                        ┌── rule PATH=LABEL ──┐
 *                        ├── half, by cgroup ─────┤                     ├── flow, both halves
 * joined socket ── ingress ─┘   (in the kernel)      └── systemd unit ─────┘
 *
 * A half is a flow as one end's sockets see it. Where both ends are on this machine, in whatever
 * network namespaces, a flow has two halves; where the other end is elsewhere, it has one.
 *
 * What is counted. A packet counts once as sent, where its socket hands it to the network layer
 * (after NAT on the way out, before fragmentation), and once as arrived, where its socket takes it
 * (after reassembly and NAT, before the socket's own filter). Forwarded packets belong to no socket
 * here and do not count, so a namespace that routes adds nothing. Packets are packets on the wire:
 * one that the stack hands over in bulk (TSO, GSO, GRO) counts as the segments it stands for.
 * Bytes are IP bytes: a captured frame holds them plus its link header and padding.
 *
 * Direction a to b is then what b's sockets saw arrive or a's sockets sent, whichever is more:
 *  - packets lost on the way count (retransmissions too): they were sent, and a capture near the
 *    sender has them. What arrived is told beside it, so a capture anywhere between lies between.
 *  - the kernel ties no socket to a connection in TIME_WAIT, so the closing end misses its last ACK
 *    and the FIN it answers; the other end sees both. Where the other end is not on this machine,
 *    those two packets, and resets for connections already gone, are missing from the count.
 *  - a datagram larger than the link's MTU counts as one packet: its further fragments' headers
 *    (20 bytes each, IPv6: 48) are in a capture but not in the count.
 *
 * Limits. A socket belongs to the cgroup of the process that made it: an accepted one to its
 * listener's, one passed on by systemd to systemd's, one that its process carried to another cgroup
 * to the first. Flows the kernel itself keeps (WireGuard, VXLAN, NFS) belong to no program. A
 * program's own name lookups carry its label unless the resolver has one, by its cgroup or as an
 * endpoint. Loopback flows of several namespaces with equal ports are one flow.
 *
 * Two labels. Where the ends' labels differ, the answering end's holds (the one that got the SYN,
 * or UDP's first packet seen): who serves speaks what he serves, who calls also looks up names.
 * Where nothing tells who called, or one end had several labels, the flow has no truth and is left
 * out. */
#ifndef DATAPLANE_LABEL_H
#define DATAPLANE_LABEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Cgroups at and below `cgroup` carry `label`; of several rules the deepest holds. */
struct label_rule {
    const char *cgroup; /* below the cgroup v2 mount ("system.slice/x.service"), or with the mount
                           in front, or as in /proc/PID/cgroup; "/" is every cgroup */
    const char *label;  /* "protocol" or "protocol/service", checked with label_text_check; or
                           LABEL_BY_NAME: the cgroups right below are named after their labels */
};

#define LABEL_BY_NAME "*"

/* Whoever talks to this address and port, over TCP or UDP, speaks `label`, whatever its cgroup's
 * label is: a resolver, or a service of the kernel's, that no labelled cgroup holds. */
struct label_endpoint {
    uint8_t ip_version;  /* 4 or 6 */
    uint8_t address[16]; /* IPv4: the first four bytes, the rest zero */
    uint16_t port;       /* host order */
    const char *label;
};

struct label_options {
    const struct label_rule *rules;
    size_t rule_count;
    const struct label_endpoint *endpoints;
    size_t endpoint_count;
    bool by_unit; /* cgroups under no rule carry their systemd unit's name, written as a label */
    unsigned halves_max; /* places in the kernel's map, about 200 bytes each */
};

enum { LABEL_HALVES_DEFAULT = 262144 };

/* Packets as on the wire; bytes from the IP header on. */
struct label_total {
    uint64_t packets;
    uint64_t ip_bytes;
};

enum label_end { LABEL_END_A = 1, LABEL_END_B = 2 };

/* One labelled flow. End a is the numerically lower (address, port); nothing else tells the ends
 * apart. */
struct label_flow {
    uint8_t ip_version; /* 4 or 6 */
    uint8_t transport;  /* 6 TCP, 17 UDP */
    uint8_t ends;       /* set of enum label_end whose sockets are on this machine */
    uint16_t a_port;    /* host order */
    uint16_t b_port;
    uint8_t a_address[16]; /* IPv4: the first four bytes, the rest zero */
    uint8_t b_address[16];
    const char *label; /* "protocol" or "protocol/service"; lives as long as the labeller */
    uint64_t first_ns; /* CLOCK_MONOTONIC, at the first and last packet seen at either end */
    uint64_t last_ns;
    struct label_total a_to_b, b_to_a;                 /* on the wire */
    struct label_total a_to_b_arrived, b_to_a_arrived; /* at b's and at a's sockets */
};

/* What became of everything seen, so that nothing is missing without a number. */
struct label_counts {
    uint64_t flows_labelled;
    uint64_t
        flows_settled; /* of these: the ends' labels differ and the answering end's was taken */
    uint64_t flows_conflicting; /* left out: labels differ and nothing tells which is right */
    uint64_t flows_unlabelled;  /* left out: no end in a labelled cgroup */
    uint64_t flows_nameless;    /* of these: a cgroup was gone before its name was read */
    struct label_total labelled, conflicting, unlabelled;
    uint64_t full_packets;   /* of flows the map had no place for: not in any flow */
    uint64_t events_lost;    /* announcements of cgroups that had to be sent again */
    uint64_t other_packets;  /* neither TCP nor UDP */
    uint64_t orphan_packets; /* whose socket has no cgroup */
};

struct label;

/* Whether `text` is a label: lower-case letters, digits and '-', at most once parted by '/'. */
bool label_text_check(const char *text);

/* Begins labelling: loads the programs and attaches them to the root of the cgroup v2 mount. What
 * `options` points to is borrowed until label_close. Returns 0 or -errno with `error` saying what
 * is missing. */
int label_open(struct label **label, const struct label_options *options, struct error *error);

/* A descriptor that turns readable when label_poll has work; owned by the labeller. */
int label_fd(const struct label *label);

/* Reads the names of cgroups newly seen, and makes place in a map that fills by taking flows over
 * that have been idle. To be called when label_fd is readable and at least once a second; `now_ns`
 * is CLOCK_MONOTONIC. Returns 0 or -errno. */
int label_poll(struct label *label, uint64_t now_ns, struct error *error);

/* Detaches the programs and joins what they counted. To be called once, before the readers below.
 * Returns 0 or -errno. */
int label_stop(struct label *label, struct error *error);

/* The labelled flows, sorted by IP version, transport, a and b; borrowed until label_close. */
const struct label_flow *label_flows(const struct label *label, size_t *count);

const struct label_counts *label_counts(const struct label *label);

/* Detaches if need be, and frees. Null is fine. */
void label_close(struct label *label);

#endif
