/* SPDX-License-Identifier: BSD-3-Clause */
/* A DPDK port: configured, started, its losses told apart. The one place that knows what drivers
 * differ in. Private to the DPDK part of the dataplane. */
#ifndef DPDK_PORT_H
#define DPDK_PORT_H

#include <rte_ethdev.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/tally.h"

struct dpdk_port_options {
    uint16_t id;
    uint16_t queue_count; /* to receive on; as many to send on where `sends` */
    bool sends;           /* frames will be sent, too */
    bool is_split;        /* each queue is another worker's: a flow must not spread over two */
    uint32_t frame_bytes; /* largest frame that has to fit one buffer; 0: the usual 2048 */
};

struct dpdk_port {
    uint16_t id;
    uint16_t queue_count;
    uint16_t ring_frames; /* descriptors per queue */
    struct rte_mempool *pool;
    uint64_t time_flag;    /* of mbufs that carry the capture's time; 0: none does */
    uintptr_t time_offset; /* of that time in an mbuf */
    uint64_t time_unit_ns; /* it counts in */
    bool is_paired;        /* has queues to send on: it sends, or its driver insists on them */
    bool reads_file;       /* net_pcap: no buffer left means a frame lost */
    bool is_socket;        /* af_packet, af_xdp: the kernel's sockets know what was lost */
};

/* Could the port deal frames to that many workers so that both directions of a flow meet? */
bool dpdk_port_can_split(uint16_t id, uint16_t queue_count);

/* Returns 0, -ENODEV where there is no such port, or another -errno. */
int dpdk_port_open(struct dpdk_port *port, const struct dpdk_port_options *options,
                   struct error *error);

/* Stops the port. Null members are fine: after dpdk_port_open failed, too. */
void dpdk_port_close(struct dpdk_port *port);

/* Adds what the port has lost since it was opened. */
void dpdk_port_losses(const struct dpdk_port *port, struct tally_losses *losses);

#endif
