/* SPDX-License-Identifier: BSD-3-Clause */
/* Polls a DPDK port's queues. The one place that knows how drivers tell time. */
#include "dataplane/source_dpdk.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/interval.h"

enum {
    LINK_TYPE_ETHERNET = 1,
    RING_FRAMES = 1024,       /* asked for per receive queue; the driver adjusts it */
    POOL_FRAMES = 4096,       /* per queue: its ring, bursts under way and the pool's cache */
    POOL_CACHE_FRAMES = 256,  /* per thread */
    FRAME_BYTES_MAX = 262144, /* what net_pcap can hold of one record */
    SCRATCH_BYTES = FRAME_BYTES_MAX + 65536,
};

struct port;

struct queue {
    struct source source;
    struct port *port;
    uint16_t index;
    struct interval interval;
    uint64_t now_ns;
    unsigned empty_polls; /* in a row */
    struct rte_mbuf *mbufs[FRAME_BURST];
    unsigned received; /* of mbufs */
    unsigned
        released;   /* of those, given back to DPDK; the others are lent, or wait for their turn */
    unsigned taken; /* of those, lent or released */
    size_t scratch_used;
    uint8_t scratch[SCRATCH_BYTES]; /* frames that came in pieces, put together */
};

struct port {
    uint16_t id;
    uint16_t queue_count;
    uint16_t open_count; /* queues not yet closed */
    unsigned end_after_empty_polls;
    struct rte_mempool *pool;
    uint64_t time_flag;    /* of mbufs that carry a time; 0 when the clock is read instead */
    uintptr_t time_offset; /* of that time in an mbuf */
    uint64_t time_unit_ns; /* it counts in */
    struct queue queues[];
};

static int fail(struct error *error, int code, const char *what, const struct port *port)
{
    return error_set(error, code, "DPDK port %u: %s: %s", port->id, what, rte_strerror(code));
}

/* DPDK binds the thread to one processor, and every thread started later would inherit that. */
static int start_unbound(int count, char **arguments)
{
    cpu_set_t before;
    int unknown = pthread_getaffinity_np(pthread_self(), sizeof before, &before);
    int outcome = rte_eal_init(count, arguments);
    if (!unknown)
        pthread_setaffinity_np(pthread_self(), sizeof before, &before);
    return outcome;
}

enum { ARGUMENTS_MAX = 128 };

/* DPDK's while it runs; it is given an array of its own, because it reorders that. */
static char *kept_arguments[ARGUMENTS_MAX];

static int keep_arguments(unsigned count, const char *const *arguments, struct error *error)
{
    if (count > ARGUMENTS_MAX - 2)
        return error_set(error, E2BIG, "too many arguments for DPDK: at most %d",
                         ARGUMENTS_MAX - 2);
    kept_arguments[0] = strdup("glassbox");
    kept_arguments[1] = strdup("--log-level=*:warning");
    for (unsigned i = 0; i < count; i++)
        kept_arguments[i + 2] = strdup(arguments[i]);
    for (unsigned i = 0; i < count + 2; i++) {
        if (!kept_arguments[i])
            return error_set(error, ENOMEM, "out of memory for DPDK's arguments");
    }
    return 0;
}

int source_dpdk_start(unsigned argument_count, const char *const *arguments, struct error *error)
{
    char *lent[ARGUMENTS_MAX + 1] = {NULL};
    int failure = keep_arguments(argument_count, arguments, error);
    if (failure)
        return failure;
    memcpy(lent, kept_arguments, sizeof kept_arguments);
    if (start_unbound((int)argument_count + 2, lent) >= 0)
        return 0;
    return error_set(error, rte_errno ? rte_errno : EINVAL, "DPDK did not start: %s",
                     rte_errno ? rte_strerror(rte_errno) : "see its message above");
}

unsigned source_dpdk_ports(void)
{
    return rte_eth_dev_count_avail();
}

void source_dpdk_stop(void)
{
    rte_eal_cleanup();
    for (unsigned i = 0; i < ARGUMENTS_MAX; i++) {
        free(kept_arguments[i]);
        kept_arguments[i] = NULL;
    }
}

static uint64_t read_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t time_of(const struct queue *queue, const struct rte_mbuf *mbuf)
{
    const struct port *port = queue->port;
    if (!(mbuf->ol_flags & port->time_flag))
        return queue->now_ns;
    return *RTE_MBUF_DYNFIELD(mbuf, port->time_offset, const rte_mbuf_timestamp_t *) *
           port->time_unit_ns;
}

static void receive(struct queue *queue)
{
    const struct port *port = queue->port;
    queue->released = 0;
    queue->taken = 0;
    queue->received = rte_eth_rx_burst(port->id, queue->index, queue->mbufs, FRAME_BURST);
    queue->empty_polls = queue->received ? 0 : queue->empty_polls + 1;
    if (!port->time_flag)
        queue->now_ns = read_clock();
}

/* The frame's bytes side by side; null when the scratch has no room left in this burst. */
static const uint8_t *bytes_of(struct queue *queue, const struct rte_mbuf *mbuf, uint32_t bytes)
{
    if (mbuf->data_len >= bytes)
        return rte_pktmbuf_mtod(mbuf, const uint8_t *);
    if (bytes > SCRATCH_BYTES - queue->scratch_used)
        return NULL;
    uint8_t *whole = queue->scratch + queue->scratch_used;
    rte_pktmbuf_read(mbuf, 0, bytes, whole);
    queue->scratch_used += bytes;
    return whole;
}

/* False when the next frame has to wait for the next burst. */
static bool take_next(struct queue *queue, struct burst *burst)
{
    const struct rte_mbuf *mbuf = queue->mbufs[queue->taken];
    uint64_t time_ns = time_of(queue, mbuf);
    bool is_over = interval_is_over(&queue->interval, time_ns);
    if (is_over && burst->count)
        return false;
    uint32_t captured_bytes = RTE_MIN(mbuf->pkt_len, (uint32_t)FRAME_BYTES_MAX);
    const uint8_t *bytes = bytes_of(queue, mbuf, captured_bytes);
    if (!bytes)
        return false;
    if (is_over)
        interval_begin(&queue->interval, time_ns);
    burst->frames[burst->count++] = (struct frame){.bytes = bytes,
                                                   .time_ns = time_ns,
                                                   .captured_bytes = captured_bytes,
                                                   .wire_bytes = mbuf->pkt_len,
                                                   .link_type = LINK_TYPE_ETHERNET};
    queue->now_ns = time_ns;
    queue->taken++;
    return true;
}

/* Where time passes without frames, so do intervals. */
static void pass_time(struct queue *queue)
{
    if (!queue->port->time_flag && interval_is_over(&queue->interval, queue->now_ns))
        interval_begin(&queue->interval, queue->now_ns);
}

static void dpdk_burst(struct source *source, struct burst *burst)
{
    struct queue *queue = (struct queue *)source;
    unsigned limit = queue->port->end_after_empty_polls;
    burst->count = 0;
    queue->scratch_used = 0;
    if (queue->taken == queue->received)
        receive(queue);
    if (!queue->received)
        pass_time(queue);
    while (queue->taken < queue->received && take_next(queue, burst))
        continue;
    burst->is_end = limit && queue->empty_polls >= limit;
    burst->now_ns = queue->now_ns;
    burst->interval_ns = queue->interval.start_ns;
}

static void dpdk_release(struct source *source, struct burst *burst)
{
    struct queue *queue = (struct queue *)source;
    unsigned count = queue->taken - queue->released;
    if (count)
        rte_pktmbuf_free_bulk(queue->mbufs + queue->released, count);
    queue->released = queue->taken;
    burst->count = 0;
}

/* Counters are the port's: one queue tells them for all. */
static void dpdk_losses(const struct source *source, struct tally_losses *losses)
{
    const struct queue *queue = (const struct queue *)source;
    struct rte_eth_stats stats;
    *losses = (struct tally_losses){0};
    if (queue->index || rte_eth_stats_get(queue->port->id, &stats))
        return;
    losses->nic = stats.imissed + stats.ierrors;
    losses->source = stats.rx_nombuf;
}

static void close_port(struct port *port)
{
    rte_eth_dev_stop(port->id);
    rte_eth_dev_close(port->id);
    rte_mempool_free(port->pool);
    free(port);
}

static void dpdk_close(struct source *source)
{
    struct queue *queue = (struct queue *)source;
    rte_pktmbuf_free_bulk(queue->mbufs + queue->released, queue->received - queue->released);
    explicit_bzero(queue->scratch, sizeof queue->scratch);
    if (--queue->port->open_count == 0)
        close_port(queue->port);
}

static int make_pool(struct port *port, struct error *error)
{
    char name[RTE_MEMPOOL_NAMESIZE];
    snprintf(name, sizeof name, "frames_%u", port->id);
    port->pool =
        rte_pktmbuf_pool_create(name, POOL_FRAMES * port->queue_count, POOL_CACHE_FRAMES, 0,
                                RTE_MBUF_DEFAULT_BUF_SIZE, rte_eth_dev_socket_id(port->id));
    return port->pool ? 0 : fail(error, rte_errno, "no memory for frames, give DPDK more", port);
}

static int configure(const struct port *port, const struct rte_eth_dev_info *device,
                     struct error *error)
{
    const uint64_t wanted = RTE_ETH_RX_OFFLOAD_SCATTER | RTE_ETH_RX_OFFLOAD_TIMESTAMP;
    const struct rte_eth_conf configuration = {
        .rxmode = {.offloads = device->rx_offload_capa & wanted}};
    uint16_t receive_frames = RING_FRAMES;
    uint16_t send_frames = RING_FRAMES;
    int failure = rte_eth_dev_configure(port->id, port->queue_count, 0, &configuration);
    if (!failure)
        failure = rte_eth_dev_adjust_nb_rx_tx_desc(port->id, &receive_frames, &send_frames);
    for (uint16_t i = 0; !failure && i < port->queue_count; i++)
        failure =
            rte_eth_rx_queue_setup(port->id, i, receive_frames,
                                   (unsigned)rte_eth_dev_socket_id(port->id), NULL, port->pool);
    if (!failure)
        failure = rte_eth_dev_start(port->id);
    return failure ? fail(error, -failure, "cannot be started", port) : 0;
}

/* net_pcap's times count in microseconds, and in nanoseconds since it offers them as an offload;
 * other drivers' count in ticks of a clock of their own, which is of no use here. */
static void learn_time(struct port *port, const struct rte_eth_dev_info *device)
{
    if (strcmp(device->driver_name, "net_pcap") != 0)
        return;
    int flag = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
    int offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
    if (flag < 0 || offset < 0)
        return;
    port->time_offset = (uintptr_t)offset;
    port->time_flag = RTE_BIT64(flag);
    port->time_unit_ns = device->rx_offload_capa & RTE_ETH_RX_OFFLOAD_TIMESTAMP ? 1 : 1000;
}

static int start_port(struct port *port, struct error *error)
{
    struct rte_eth_dev_info device;
    int failure = rte_eth_dev_info_get(port->id, &device);
    if (failure)
        return fail(error, -failure, "does not tell what it is", port);
    if (port->queue_count > device.max_rx_queues)
        return error_set(error, EINVAL, "DPDK port %u: %u receive queues asked for, it has %u",
                         port->id, port->queue_count, device.max_rx_queues);
    failure = make_pool(port, error);
    if (!failure)
        failure = configure(port, &device, error);
    if (failure)
        return failure;
    learn_time(port, &device);
    rte_eth_promiscuous_enable(port->id); /* a device that cannot has nobody else's frames */
    return 0;
}

static void init_queue(struct port *port, uint16_t index, const struct source_dpdk_options *options)
{
    static const struct source_operations operations = {
        .burst = dpdk_burst,
        .release = dpdk_release,
        .losses = dpdk_losses,
        .close = dpdk_close,
    };
    struct queue *queue = &port->queues[index];
    queue->source.operations = &operations;
    queue->port = port;
    queue->index = index;
    queue->interval.length_ns = options->interval_ns;
}

int source_dpdk_open(struct source **sources, const struct source_dpdk_options *options,
                     struct error *error)
{
    assert(options->queue_count > 0);
    if (!rte_eth_dev_is_valid_port(options->port))
        return error_set(error, ENODEV, "DPDK has no port %u: it found %u", options->port,
                         rte_eth_dev_count_avail());
    struct port *port = calloc(1, sizeof *port + options->queue_count * sizeof *port->queues);
    if (!port)
        return error_set(error, ENOMEM, "out of memory for port %u", options->port);
    port->id = options->port;
    port->queue_count = options->queue_count;
    port->open_count = options->queue_count;
    port->end_after_empty_polls = options->end_after_empty_polls;
    int failure = start_port(port, error);
    if (failure) {
        rte_mempool_free(port->pool);
        free(port);
        return failure;
    }
    for (uint16_t i = 0; i < port->queue_count; i++) {
        init_queue(port, i, options);
        sources[i] = &port->queues[i].source;
    }
    return 0;
}
