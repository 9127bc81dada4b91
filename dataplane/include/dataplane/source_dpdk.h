/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from DPDK ports: network devices, or a capture file behind net_pcap. The build picks
 * source_dpdk.c, or source_dpdk_none.c where DPDK is absent; no DPDK type is seen here. */
#ifndef DATAPLANE_SOURCE_DPDK_H
#define DATAPLANE_SOURCE_DPDK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "dataplane/source.h"

/* Starts DPDK's environment with its own arguments (the program's name is added). A process can do
 * so once. It leaves the calling thread's processor affinity as it was. Returns 0 or -errno;
 * -ENOTSUP without DPDK. DPDK explains failures on standard error. */
int source_dpdk_start(unsigned argument_count, const char *const *arguments, struct error *error);

/* Ports that the environment found, numbered from 0. */
unsigned source_dpdk_ports(void);

/* Is the port's cable plugged in, as far as its driver can tell? While the port is open. */
bool source_dpdk_has_link(uint16_t port);

/* After the last source is closed. */
void source_dpdk_stop(void);

enum { SOURCE_DPDK_PORTS_MAX = 2 };

struct source_dpdk_options {
    uint16_t ports[SOURCE_DPDK_PORTS_MAX];
    unsigned port_count;
    /* Two ports: each frame is sent on from the one it came in by to the other, untouched, in order
     * and before it is looked at. Otherwise nothing is ever sent. */
    bool forwards;
    uint16_t queue_count; /* receive queues per port that must be read; 0: as the sources need */
    uint16_t mtu;         /* to be set on the ports; 0: their own */
    uint32_t frame_bytes; /* see dpdk_port.h; 0 for the usual */
    bool binds_threads; /* each polling thread to one of DPDK's processors, where they are enough */
    struct complaint complaint; /* told when flows turn out to be torn apart; may be empty */
    bool is_cut; /* frames come without payload, stamped with their lengths: xdp_headers.h */
    uint64_t interval_ns; /* 0: the whole run is one interval */

    /* A capture file behind net_pcap, read as source_pcap would: frames and intervals have the
     * capture's times. Otherwise they have the clock's, and the first interval begins at
     * `start_ns`. */
    bool is_capture;
    uint64_t start_ns;
    /* By the clock: an interval also begins at this time once it has passed, so that what has been
     * counted until then is reported. Borrowed; null: never. */
    const atomic_uint_least64_t *cut_ns;
    /* By the clock: how many frames can wait in a queue of a port; 0: as many as it was given
     * descriptors. When more than that were fetched and the queue never ran dry, frames arrive
     * faster than they are classified, and some are shed before some are lost: half of them, then
     * more, but never all. */
    uint32_t waiting_frames;
    bool never_sheds; /* every frame that is fetched is handed over, whatever is lost behind it */
    /* How many polls in a row may bring nothing before the input is over; 0: it never is. A device
     * does not tell that its capture file has ended. */
    unsigned end_after_empty_polls;
};

/* Configures and starts the ports and makes sources over their queues: as many as `wanted` where
 * the ports deal frames so that both directions of a flow meet, else one, whose frames are to be
 * dealt out (fanout.h). `sources` has room for `wanted`; *count says how many there are. What was
 * lost is told by the first. The ports stop when the last source is closed. Returns 0 or -errno. */
int source_dpdk_open(struct source **sources, unsigned wanted, unsigned *count,
                     const struct source_dpdk_options *options, struct error *error);

#endif
