/* SPDX-License-Identifier: BSD-3-Clause */
/* The kernel program that takes payload off before an AF_XDP socket gets a frame (dataplane/xdp).
 * DPDK's driver loads and attaches it; this makes the object it loads, and reads what it counts.
 * The build picks headers_kernel.c, or headers_none.c where BPF is absent. */
#ifndef DATAPLANE_XDP_HEADERS_H
#define DATAPLANE_XDP_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { XDP_HEADERS_PATH = 32 };

/* Frames pass as they are, and are only counted. */
static const uint32_t xdp_headers_whole = UINT32_MAX;

struct xdp_headers_options {
    uint32_t payload_bytes; /* left of each packet's payload */
    bool keep_encapsulated; /* as in struct packet_options: the two must read alike */
};

/* Writes the object with these options to memory; `path` names it while the descriptor that is
 * returned stays open. Returns -ENOTSUP where BPF was not built in, or another -errno where this
 * kernel does not take the program. */
int xdp_headers_make(char path[XDP_HEADERS_PATH], const struct xdp_headers_options *options,
                     struct error *error);

/* What the program has counted since it was attached, over all queues and processors. */
struct xdp_headers_counts {
    uint64_t seen_frames;       /* of which: */
    uint64_t redirected_frames; /* handed over to the sockets: fetched, waiting or lost there */
    uint64_t passed_frames;     /* left to the kernel: nobody listens to their queue */
    uint64_t failed_frames;     /* dropped by the program */
    uint64_t seen_bytes;        /* on the wire, as the next */
    uint64_t redirected_bytes;
};

/* The maps of programs that this process has loaded; descriptors are borrowed from the driver. */
struct xdp_headers {
    int counts; /* -1: there is none */
    int sockets;
};

/* To be called once the driver has loaded the program. */
void xdp_headers_find(struct xdp_headers *headers);

/* Returns whether there is a program that counts. Takes no privilege, one system call. */
bool xdp_headers_read(const struct xdp_headers *headers, struct xdp_headers_counts *counts);

/* From now on the kernel hands nothing over. */
void xdp_headers_stop(const struct xdp_headers *headers);

#endif
