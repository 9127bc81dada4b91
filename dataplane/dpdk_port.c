/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets ports up. */
#include "dpdk_port.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <string.h>

enum {
    RING_FRAMES = 4096,        /* asked for per queue; the driver adjusts it */
    SOCKET_RING_FRAMES = 2048, /* af_xdp never has more than that to be filled */
    POOL_RINGS = 3,            /* buffers per place in a ring: filled, to be filled, under way */
    POOL_CACHE_FRAMES = 256,   /* per thread */
    LINK_BYTES = 14 + 2 * 4,   /* around the MTU: Ethernet, two VLAN tags */
};

static int fail(struct error *error, int code, const char *what, uint16_t id)
{
    return error_set(error, code, "DPDK port %u: %s: %s", id, what, rte_strerror(code));
}

static bool is_socket_driver(const char *driver)
{
    return strncmp(driver, "net_af_", 7) == 0;
}

uint16_t dpdk_port_least_queues(uint16_t id)
{
    struct rte_eth_dev_info device;
    bool is_socket = rte_eth_dev_info_get(id, &device) == 0 && is_socket_driver(device.driver_name);
    return is_socket ? device.max_rx_queues : 1;
}

bool dpdk_port_can_split(uint16_t id, uint16_t queue_count)
{
    struct rte_eth_dev_info device;
    return rte_eth_dev_info_get(id, &device) == 0 && dpdk_split_is_offered(&device, queue_count);
}

static uint16_t ring_frames(const struct dpdk_port *port)
{
    return port->is_socket ? SOCKET_RING_FRAMES : RING_FRAMES;
}

/* A frame comes in pieces where the device can do that; else it must fit one buffer. */
static uint32_t room_for_frame(const struct dpdk_port *port,
                               const struct dpdk_port_options *options,
                               const struct rte_eth_dev_info *device)
{
    uint32_t room = RTE_MAX(options->frame_bytes, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM);
    uint16_t mtu = options->mtu;
    bool is_known = mtu || rte_eth_dev_get_mtu(port->id, &mtu) == 0;
    if (is_known && !(device->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER))
        room = RTE_MAX(room, (uint32_t)mtu + LINK_BYTES);
    return room + RTE_PKTMBUF_HEADROOM;
}

static int make_pool(struct dpdk_port *port, const struct dpdk_port_options *options,
                     const struct rte_eth_dev_info *device, struct error *error)
{
    char name[RTE_MEMPOOL_NAMESIZE];
    uint32_t room = room_for_frame(port, options, device);
    if (room > UINT16_MAX)
        return error_set(error, EINVAL, "DPDK port %u: frames of %u bytes fit no buffer", port->id,
                         room);
    unsigned frames = (unsigned)POOL_RINGS * ring_frames(port) * port->queue_count;
    snprintf(name, sizeof name, "frames_%u", port->id);
    port->pool = rte_pktmbuf_pool_create(name, frames, POOL_CACHE_FRAMES, 0, (uint16_t)room,
                                         rte_eth_dev_socket_id(port->id));
    return port->pool ? 0
                      : fail(error, rte_errno, "no memory for frames, give DPDK more", port->id);
}

static int setup_queues(struct dpdk_port *port)
{
    unsigned socket = (unsigned)rte_eth_dev_socket_id(port->id);
    uint16_t receive_frames = ring_frames(port);
    uint16_t send_frames = receive_frames;
    int failure = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &receive_frames, &send_frames);
    port->ring_frames = receive_frames;
    for (uint16_t i = 0; !failure && i < port->queue_count; i++) {
        failure = rte_eth_rx_queue_setup(port->id, i, receive_frames, socket, NULL, port->pool);
        if (!failure && port->is_paired)
            failure = rte_eth_tx_queue_setup(port->id, i, send_frames, socket, NULL);
    }
    return failure;
}

static int configure(const struct dpdk_port *port, const struct dpdk_port_options *options,
                     const struct rte_eth_dev_info *device)
{
    const uint64_t wanted = RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TIMESTAMP;
    uint8_t key[DPDK_SPLIT_KEY_BYTES];
    struct rte_eth_conf configuration = {
        .rxmode = {.mtu = options->mtu, .offloads = device->rx_offload_capa & wanted},
        .txmode = {.offloads = device->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
    };
    if (port->is_split) {
        dpdk_split_ask(&configuration, device, key);
        configuration.rxmode.offloads |= device->rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
    }
    uint16_t send_queues = port->is_paired ? port->queue_count : 0;
    return rte_eth_dev_configure(port->id, port->queue_count, send_queues, &configuration);
}

/* net_pcap's times count in microseconds, and in nanoseconds since it offers them as an offload;
 * other drivers' count in ticks of a clock of their own, which is of no use here. */
static void learn_time(struct dpdk_port *port, const struct rte_eth_dev_info *device)
{
    int flag = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
    int offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
    if (!port->reads_file || flag < 0 || offset < 0)
        return;
    port->time_flag = RTE_BIT64(flag);
    port->time_offset = (uintptr_t)offset;
    port->time_unit_ns = device->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP ? 1 : 1000;
}

/* The af_ drivers would leave the interface promiscuous behind them: for them that is done where it
 * ends with the process. A device that cannot do it has nobody else's frames. */
static void listen_to_all(struct dpdk_port *port)
{
    if (port->is_socket || rte_eth_promiscuous_get(port->id) == 1)
        return;
    port->was_selective = rte_eth_promiscuous_enable(port->id) == 0;
}

static int bring_up(struct dpdk_port *port, const struct dpdk_port_options *options,
                    const struct rte_eth_dev_info *device, struct error *error)
{
    int failure = configure(port, options, device);
    if (!failure)
        failure = setup_queues(port);
    if (!failure)
        failure = rte_eth_dev_start(port->id);
    return failure ? fail(error, -failure, "cannot be started", port->id) : 0;
}

static int start(struct dpdk_port *port, const struct dpdk_port_options *options,
                 const struct rte_eth_dev_info *device, struct error *error)
{
    int failure = make_pool(port, options, device, error);
    if (failure)
        return failure;
    failure = bring_up(port, options, device, error);
    if (!port->is_split)
        return failure;
    /* what does not start with a split may start without */
    port->is_split =
        !failure && dpdk_split_learn(&port->split, port->id, device, port->queue_count) == 0;
    return 0;
}

int dpdk_port_join(struct dpdk_port *port, const struct dpdk_port_options *options,
                   struct error *error)
{
    struct rte_eth_dev_info device;
    int failure = rte_eth_dev_info_get(port->id, &device);
    if (!failure)
        failure = rte_eth_dev_stop(port->id);
    if (failure)
        return fail(error, -failure, "cannot be set up anew", port->id);
    port->is_split = false;
    port->queue_count = options->queue_count;
    failure = bring_up(port, options, &device, error);
    if (!failure)
        listen_to_all(port);
    return failure;
}

/* Drivers that want a queue to send on for each one to receive on, used or not. */
static bool insists_on_sending(const char *driver)
{
    return strcmp(driver, "net_af_xdp") == 0 || strcmp(driver, "net_tap") == 0;
}

int dpdk_port_open(struct dpdk_port *port, const struct dpdk_port_options *options,
                   struct error *error)
{
    struct rte_eth_dev_info device;
    *port = (struct dpdk_port){
        .id = options->id, .queue_count = options->queue_count, .is_split = options->is_split};
    if (!rte_eth_dev_is_valid_port(port->id))
        return error_set(error, ENODEV, "DPDK has no port %u: it found %u", port->id,
                         rte_eth_dev_count_avail());
    int failure = rte_eth_dev_info_get(port->id, &device);
    if (failure)
        return fail(error, -failure, "does not tell what it is", port->id);
    if (port->queue_count > device.max_rx_queues)
        return error_set(error, EINVAL, "DPDK port %u: %u receive queues asked for, it has %u",
                         port->id, port->queue_count, device.max_rx_queues);
    port->reads_file = strcmp(device.driver_name, "net_pcap") == 0;
    port->is_paired = options->sends || insists_on_sending(device.driver_name);
    port->is_socket = is_socket_driver(device.driver_name);
    failure = start(port, options, &device, error);
    if (failure) {
        dpdk_port_close(port);
        return failure;
    }
    learn_time(port, &device);
    listen_to_all(port);
    return 0;
}

void dpdk_port_close(struct dpdk_port *port)
{
    if (!port->pool)
        return;
    if (port->was_selective)
        rte_eth_promiscuous_disable(port->id);
    rte_eth_dev_stop(port->id);
    rte_eth_dev_close(port->id);
    rte_mempool_free(port->pool);
    port->pool = NULL;
}

/* A socket's buffers are the kernel's: what lacks a buffer here is read again. */
void dpdk_port_losses(const struct dpdk_port *port, struct tally_losses *losses)
{
    struct rte_eth_stats stats;
    if (port->is_socket || rte_eth_stats_get(port->id, &stats))
        return;
    losses->nic += stats.imissed + stats.ierrors;
    if (port->reads_file)
        losses->source += stats.rx_nombuf;
}
