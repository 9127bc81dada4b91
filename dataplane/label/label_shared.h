/* SPDX-License-Identifier: BSD-3-Clause */
/* What the labeller's kernel programs and the command share: the map's key and value, the event,
 * the counters. Included by both sides, so it names kernel types only. */
#ifndef DATAPLANE_LABEL_SHARED_H
#define DATAPLANE_LABEL_SHARED_H

#include <linux/types.h>

/* A half: one flow as the sockets of one cgroup see it from their end. A flow with both ends on
 * this machine has two. The key has no gaps: the kernel hashes every byte of it. */
struct label_key {
    __u64 cgroup;           /* kernel's identifier of the cgroup the local socket was made in */
    __u8 local_address[16]; /* IPv4: the first four bytes, the rest zero */
    __u8 remote_address[16];
    __u16 local_port; /* host order */
    __u16 remote_port;
    __u8 ip_version; /* 4 or 6 */
    __u8 transport;  /* IPPROTO_TCP or IPPROTO_UDP */
    __u8 zero[2];
};

/* Packets as on the wire, after segmentation; bytes from the IP header on, without link header. */
struct label_count {
    __u64 packets;
    __u64 ip_bytes;
};

enum label_half_flag {
    LABEL_HALF_CALLED = 1,   /* the local end began: sent a SYN, or UDP's first packet seen */
    LABEL_HALF_ANSWERED = 2, /* the remote end began, by the same evidence */
};

struct label_half {
    __u64 first_ns; /* CLOCK_MONOTONIC */
    __u64 last_ns;
    struct label_count sent;    /* by the local end */
    struct label_count arrived; /* at the local end */
    __u64 flags;                /* set of enum label_half_flag */
};

/* Sent once for a cgroup, when its first packet is seen: time enough to read its name. */
struct label_event {
    __u64 cgroup;
};

/* Indices of the counters the programs keep. */
enum label_kernel_count {
    LABEL_KERNEL_HALVES,      /* entries ever made in the map */
    LABEL_KERNEL_FULL,        /* packets of flows the full map had no place for */
    LABEL_KERNEL_EVENTS_LOST, /* events the full ring had no place for; each is sent again */
    LABEL_KERNEL_OTHER,       /* packets neither TCP nor UDP, or without ports */
    LABEL_KERNEL_NO_CGROUP,   /* packets whose socket the kernel ties to no cgroup */
    LABEL_KERNEL_COUNTS,
};

#endif
