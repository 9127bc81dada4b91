/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns the name of an ordinary network interface into the arguments DPDK wants for it, after
 * looking whether everything is there that opening it takes. Opens no port. */
#ifndef LIVE_DEVICE_H
#define LIVE_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { LIVE_DEVICE_ARGUMENTS = 128, LIVE_DEVICE_PORTS = 2 };

struct live_device {
    unsigned argument_count;
    const char *arguments[LIVE_DEVICE_ARGUMENTS]; /* for DPDK; borrowed or in `text` */
    unsigned port_count;
    uint16_t ports[LIVE_DEVICE_PORTS];
    char names[LIVE_DEVICE_PORTS][32]; /* of interfaces, or of ports for a person */
    uint16_t queue_count;    /* receive queues that must all be read; 0: as many as wanted */
    uint32_t waiting_frames; /* places in the kernel's ring; 0: DPDK's own count */
    uint32_t frame_bytes;    /* the largest that the interfaces can receive; 0: as usual */
    bool needs_network;      /* taking the device away again needs privileges */
    bool binds_threads;      /* the user named processors for them */
    bool is_cut;             /* the kernel takes payload off: see xdp_headers.h */
    int program;             /* what does it, for DPDK to load; -1: none */
    int listener;            /* keeps the interfaces promiscuous while it is open; -1: none */
    char text[LIVE_DEVICE_PORTS + 2][320];
};

struct live_device_options {
    const char *source;     /* "dpdk", "af_packet:IFACE", "af_xdp:IFACE"; no IFACE with `forward` */
    uint16_t mtu;           /* to be set on a port of DPDK's; 0: leave it */
    uint32_t payload_bytes; /* that are asked for; more need not be received. UINT32_MAX: all */
    bool keep_encapsulated; /* as in struct packet_options */
    bool wants_whole;       /* frames are to come whole, whatever is asked for */
    const char *forward;    /* "A:B": interfaces, or port numbers with "dpdk"; null to mirror */
    unsigned argument_count;
    const char *const *arguments; /* the user's own for DPDK, passed on; borrowed */
};

/* Returns 0, or -errno with what is missing and how to get it. Must be closed either way. */
int live_device_open(struct live_device *device, const struct live_device_options *options,
                     struct error *error);

/* Does frames' coming and going depend on nothing but the other side? While the device is open. */
bool live_device_is_up(const struct live_device *device, unsigned port);

void live_device_close(struct live_device *device);

#endif
