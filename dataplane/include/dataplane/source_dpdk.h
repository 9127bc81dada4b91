/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames from a DPDK port: a network device, or a capture file behind net_pcap. The build picks
 * source_dpdk.c, or source_dpdk_none.c where DPDK is absent; no DPDK type is seen here. */
#ifndef DATAPLANE_SOURCE_DPDK_H
#define DATAPLANE_SOURCE_DPDK_H

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

/* After the last source is closed. */
void source_dpdk_stop(void);

struct source_dpdk_options {
    uint16_t port;
    uint16_t queue_count; /* receive queues, one source each */
    uint64_t interval_ns; /* 0: the whole run is one interval */
    /* How many polls in a row may bring nothing before the input is over; 0: it never is. A device
     * does not tell that its capture file has ended. */
    unsigned end_after_empty_polls;
};

/* Configures and starts the port; sources[i] reads its queue i. Frames of net_pcap have the
 * capture's times, all others that of their arrival here. What the port lost is told by queue 0.
 * The port stops when its last source is closed. Returns 0 or -errno. */
int source_dpdk_open(struct source **sources, const struct source_dpdk_options *options,
                     struct error *error);

#endif
