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
    KEY_BYTES_MAX = 64,
};

/* By addresses alone: fragments have no ports, and must stay with their flow. */
static const uint64_t split_fields = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 |
                                     RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 |
                                     RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER;

static int fail(struct error *error, int code, const char *what, uint16_t id)
{
    return error_set(error, code, "DPDK port %u: %s: %s", id, what, rte_strerror(code));
}

/* A key that repeats every 16 bits makes the Toeplitz hash the same for a packet and its answer
 * (Woo and Park, Scalable TCP Session Monitoring with Symmetric Receive-side Scaling, 2012). */
static void make_key(uint8_t *key)
{
    for (unsigned i = 0; i < KEY_BYTES_MAX; i += 2) {
        key[i] = 0x6d;
        key[i + 1] = 0x5a;
    }
}

bool dpdk_port_can_split(uint16_t id, uint16_t queue_count)
{
    const uint64_t both_families = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;
    struct rte_eth_dev_info device;
    return rte_eth_dev_info_get(id, &device) == 0 && device.max_rx_queues >= queue_count &&
           device.hash_key_size <= KEY_BYTES_MAX &&
           (device.flow_type_rss_offloads & both_families) == both_families;
}

/* The device must have taken the key and no field beyond addresses: asked, not trusted. */
static int check_split(uint16_t id, const struct rte_eth_dev_info *device, struct error *error)
{
    uint8_t wanted[KEY_BYTES_MAX];
    uint8_t key[KEY_BYTES_MAX] = {0};
    struct rte_eth_rss_conf set = {.rss_key = key, .rss_key_len = device->hash_key_size};
    make_key(wanted);
    int failure = rte_eth_dev_rss_hash_conf_get(id, &set);
    if (failure)
        return fail(error, -failure, "does not tell how it splits traffic, use --workers 1", id);
    if (memcmp(key, wanted, device->hash_key_size) != 0 || set.rss_hf & ~split_fields)
        return error_set(error, ENOTSUP,
                         "DPDK port %u: splits the two directions of flows, use --workers 1", id);
    return 0;
}

static uint16_t ring_frames(const struct dpdk_port *port)
{
    return port->is_socket ? SOCKET_RING_FRAMES : RING_FRAMES;
}

static int make_pool(struct dpdk_port *port, const struct dpdk_port_options *options,
                     struct error *error)
{
    char name[RTE_MEMPOOL_NAMESIZE];
    uint32_t room =
        RTE_MAX(options->frame_bytes, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM) + RTE_PKTMBUF_HEADROOM;
    if (room > UINT16_MAX)
        return error_set(error, EINVAL, "DPDK port %u: frames of %u bytes fit no buffer", port->id,
                         options->frame_bytes);
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
    uint8_t key[KEY_BYTES_MAX];
    struct rte_eth_conf configuration = {
        .rxmode = {.offloads = device->rx_offload_capa & wanted},
        .txmode = {.offloads = device->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS},
    };
    make_key(key);
    if (options->is_split) {
        configuration.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
        configuration.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
            .rss_key = key,
            .rss_key_len = device->hash_key_size,
            .rss_hf = device->flow_type_rss_offloads & split_fields,
        };
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
static void listen_to_all(const struct dpdk_port *port)
{
    if (!port->is_socket)
        rte_eth_promiscuous_enable(port->id);
}

static int start(struct dpdk_port *port, const struct dpdk_port_options *options,
                 const struct rte_eth_dev_info *device, struct error *error)
{
    int failure = make_pool(port, options, error);
    if (failure)
        return failure;
    failure = configure(port, options, device);
    if (!failure)
        failure = setup_queues(port);
    if (!failure)
        failure = rte_eth_dev_start(port->id);
    if (failure)
        return fail(error, -failure, "cannot be started", port->id);
    return options->is_split ? check_split(port->id, device, error) : 0;
}

int dpdk_port_open(struct dpdk_port *port, const struct dpdk_port_options *options,
                   struct error *error)
{
    struct rte_eth_dev_info device;
    *port = (struct dpdk_port){.id = options->id, .queue_count = options->queue_count};
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
    port->is_paired = options->sends || strcmp(device.driver_name, "net_af_xdp") == 0;
    port->is_socket = strncmp(device.driver_name, "net_af_", 7) == 0;
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
