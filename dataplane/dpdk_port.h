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
#include "dpdk_split.h"

struct dpdk_port_options {
    uint16_t id;
    uint16_t queue_count; /* to receive on; as many to send on where `sends` */
    bool sends;           /* frames will be sent, too */
    bool is_split;        /* each queue is another worker's: a flow must not spread over two */
    uint16_t mtu;         /* to be set; 0: the driver's own */
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
    bool is_split;         /* each queue has whole flows; `split` says how */
    bool was_selective;    /* had not been promiscuous before */
    struct dpdk_split split;
    bool is_socket; /* af_packet, af_xdp: the kernel's sockets know what was lost */
};

/* How many queues must be read at least: the kernel deals frames to all that a socket driver has.
 */
uint16_t dpdk_port_least_queues(uint16_t id);

/* Could the port deal frames to that many workers so that both directions of a flow meet? */
bool dpdk_port_can_split(uint16_t id, uint16_t queue_count);

/* Where the device cannot be shown to keep flows together, `is_split` is false in the port
 * afterwards though it was asked for. Returns 0, -ENODEV where there is no such port, or another
 * -errno. */
int dpdk_port_open(struct dpdk_port *port, const struct dpdk_port_options *options,
                   struct error *error);

/* An open port goes on without a split, with as many queues as `options` say. Returns 0 or -errno.
 */
int dpdk_port_join(struct dpdk_port *port, const struct dpdk_port_options *options,
                   struct error *error);

/* Stops the port, and leaves it as promiscuous as it was. Null members are fine: after
 * dpdk_port_open failed, too. */
void dpdk_port_close(struct dpdk_port *port);

/* Adds what the port has lost since it was opened. */
void dpdk_port_losses(const struct dpdk_port *port, struct tally_losses *losses);

#endif
