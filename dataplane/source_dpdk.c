/* SPDX-License-Identifier: BSD-3-Clause */
/* Polls DPDK ports' queues, sends frames on where asked to, and keeps count of what it could not
 * hand over. */
#include "dataplane/source_dpdk.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_dyn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "dataplane/interval.h"
#include "dataplane/socket_losses.h"
#include "dataplane/xdp_headers.h"
#include "dpdk_port.h"
#include "headers_shared.h"

enum {
    LINK_TYPE_ETHERNET = 1,
    FRAME_BYTES_MAX = 262144, /* what net_pcap can hold of one record */
    SCRATCH_BYTES = FRAME_BYTES_MAX + 65536,
    QUEUES_MAX = 128,
    LANES_MAX = SOURCE_DPDK_PORTS_MAX * QUEUES_MAX,
    SHED_MOST = 15,     /* bursts in 16 */
    REST_POLLS = 1000,  /* empty ones in a row, after which to rest */
    REST_NS = 50000,    /* a ring of 1024 takes minimum-size frames at 10 Gbit/s for 69 us */
    SEND_TRIES = 64,    /* before a frame that cannot be sent on is given up */
    SPLIT_CHECKS = 64,  /* of frames, before the device is believed */
    DRAIN_NS = 2000000, /* at least: what was on its way into a queue has arrived by then */
};

/* A queue to poll and, where frames are forwarded, the one they leave by. */
struct lane {
    uint16_t port;
    uint16_t queue;
    uint16_t exit_port;
};

/* One source: its lanes in turn. */
struct poller {
    struct source source;
    struct line *line;
    bool has_thread; /* DPDK knows the thread that polls */
    unsigned lane_count;
    unsigned next_lane;
    struct lane lanes[LANES_MAX];
    struct interval interval;
    uint64_t now_ns;
    unsigned split_checks; /* left to do; 0: done, or there is no split */
    unsigned empty_polls;  /* in a row */
    unsigned full_polls;   /* in a row */
    uint64_t fetched_frames;
    uint64_t drained_ns;   /* since when there is only drained; 0: not yet */
    uint64_t drain_frames; /* that are still fetched at most: no queue held more by then */
    struct rte_mbuf *mbufs[FRAME_BURST];
    unsigned received; /* of mbufs */
    unsigned
        released;   /* of those, given back to DPDK; the others are lent, or wait for their turn */
    unsigned taken; /* of those, lent or released */
    size_t scratch_used;
    uint8_t scratch[SCRATCH_BYTES]; /* frames that came in pieces, put together */
};

/* What the sources share. */
struct line {
    struct source_dpdk_options options;
    struct dpdk_port ports[SOURCE_DPDK_PORTS_MAX];
    struct socket_losses sockets;
    struct xdp_headers headers;
    atomic_bool is_torn;     /* flows are, and it was told */
    atomic_bool is_shut;     /* the kernel hands nothing over any more */
    uint32_t waiting_frames; /* that a queue can hold */
    atomic_uint_least64_t not_forwarded;
    unsigned poller_count;
    unsigned open_count; /* pollers not yet closed */
    struct poller pollers[];
};

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

static const char *const first_arguments[] = {"glassbox", "--log-level=*:warning"};

enum {
    ARGUMENTS_MAX = 128,
    FIRST_ARGUMENTS = sizeof first_arguments / sizeof *first_arguments,
};

/* DPDK's while it runs; it is given an array of its own, because it reorders that. */
static char *kept_arguments[ARGUMENTS_MAX];

static int keep_arguments(unsigned count, const char *const *arguments, struct error *error)
{
    if (count > ARGUMENTS_MAX - FIRST_ARGUMENTS)
        return error_set(error, E2BIG, "too many arguments for DPDK: at most %d",
                         ARGUMENTS_MAX - FIRST_ARGUMENTS);
    for (unsigned i = 0; i < FIRST_ARGUMENTS; i++)
        kept_arguments[i] = strdup(first_arguments[i]);
    for (unsigned i = 0; i < count; i++)
        kept_arguments[i + FIRST_ARGUMENTS] = strdup(arguments[i]);
    for (unsigned i = 0; i < count + FIRST_ARGUMENTS; i++) {
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
    if (start_unbound((int)argument_count + FIRST_ARGUMENTS, lent) >= 0)
        return 0;
    return error_set(error, rte_errno ? rte_errno : EINVAL, "DPDK did not start: %s",
                     rte_errno ? rte_strerror(rte_errno) : "see its message above");
}

unsigned source_dpdk_ports(void)
{
    return rte_eth_dev_count_avail();
}

bool source_dpdk_has_link(uint16_t port)
{
    struct rte_eth_link link;
    return rte_eth_link_get_nowait(port, &link) < 0 || link.link_status == RTE_ETH_LINK_UP;
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

static uint64_t time_of(const struct poller *poller, const struct rte_mbuf *mbuf)
{
    const struct dpdk_port *port = &poller->line->ports[0];
    if (!(mbuf->ol_flags & port->time_flag))
        return poller->now_ns;
    return *RTE_MBUF_DYNFIELD(mbuf, port->time_offset, const rte_mbuf_timestamp_t *) *
           port->time_unit_ns;
}

/* The frames stay ours as well: DPDK frees them when both have let go. */
static void forward(struct line *line, const struct lane *lane, struct rte_mbuf **mbufs,
                    uint16_t count)
{
    uint16_t sent = 0;
    for (uint16_t i = 0; i < count; i++)
        rte_pktmbuf_refcnt_update(mbufs[i], 1);
    for (unsigned tries = 0; sent < count && tries < SEND_TRIES; tries++)
        sent += rte_eth_tx_burst(lane->exit_port, lane->queue, mbufs + sent, count - sent);
    if (sent == count)
        return;
    atomic_fetch_add_explicit(&line->not_forwarded, count - sent, memory_order_relaxed);
    rte_pktmbuf_free_bulk(mbufs + sent, count - sent);
}

/* By the clock, intervals begin whether frames come or not. */
static void pass_time(struct poller *poller)
{
    const struct source_dpdk_options *options = &poller->line->options;
    poller->now_ns = read_clock();
    uint64_t start_ns = poller->interval.start_ns;
    if (options->interval_ns) {
        uint64_t due_ns = poller->now_ns - poller->now_ns % options->interval_ns;
        start_ns = RTE_MAX(start_ns, due_ns);
    }
    if (options->cut_ns) {
        uint64_t cut_ns = atomic_load_explicit(options->cut_ns, memory_order_acquire);
        start_ns = cut_ns <= poller->now_ns ? RTE_MAX(start_ns, cut_ns) : start_ns;
    }
    poller->interval.start_ns = start_ns;
}

/* Hashes a device's first packets again: what it said about itself is not always so. */
static void check_split(struct poller *poller, const struct lane *lane, unsigned count)
{
    struct line *line = poller->line;
    const struct complaint *complaint = &line->options.complaint;
    const struct dpdk_split *split = &line->ports[lane->port == line->ports[0].id ? 0 : 1].split;
    for (unsigned i = 0; i < count && poller->split_checks; i++) {
        enum dpdk_split_verdict verdict = dpdk_split_check(split, poller->mbufs[i], lane->queue);
        poller->split_checks -= verdict != DPDK_SPLIT_UNKNOWN;
        if (verdict == DPDK_SPLIT_WRONG && !atomic_exchange(&line->is_torn, true) &&
            complaint->tell)
            complaint->tell(complaint->context, "DPDK",
                            "the device splits frames otherwise than it says, and the two "
                            "directions of flows with it: use --workers 1");
    }
}

static void receive(struct poller *poller)
{
    struct line *line = poller->line;
    const struct lane *lane = &poller->lanes[poller->next_lane];
    poller->next_lane = poller->next_lane + 1 == poller->lane_count ? 0 : poller->next_lane + 1;
    uint16_t count = rte_eth_rx_burst(lane->port, lane->queue, poller->mbufs, FRAME_BURST);
    if (poller->split_checks)
        check_split(poller, lane, count);
    if (count && line->options.forwards)
        forward(line, lane, poller->mbufs, count);
    poller->received = count;
    poller->fetched_frames += count;
    poller->drain_frames -= RTE_MIN(poller->drain_frames, count);
    poller->released = 0;
    poller->taken = 0;
    poller->empty_polls = count ? 0 : poller->empty_polls + 1;
    poller->full_polls = count == FRAME_BURST ? poller->full_polls + 1 : 0;
    if (!line->options.is_capture)
        pass_time(poller);
}

/* Nothing came for long: leaves the processor to others for less than a ring takes to fill. */
static void rest(const struct poller *poller)
{
    const struct timespec pause = {.tv_nsec = REST_NS};
    if (poller->empty_polls >= REST_POLLS && !poller->line->options.end_after_empty_polls)
        nanosleep(&pause, NULL);
}

/* The frame's bytes side by side; null when the scratch has no room left in this burst. */
static const uint8_t *bytes_of(struct poller *poller, const struct rte_mbuf *mbuf, uint32_t bytes)
{
    if (mbuf->data_len >= bytes)
        return rte_pktmbuf_mtod(mbuf, const uint8_t *);
    if (bytes > SCRATCH_BYTES - poller->scratch_used)
        return NULL;
    uint8_t *whole = poller->scratch + poller->scratch_used;
    rte_pktmbuf_read(mbuf, 0, bytes, whole);
    poller->scratch_used += bytes;
    return whole;
}

/* A capture's frame can begin an interval: then it has to be the first of its burst. */
static bool enter_interval(struct poller *poller, uint64_t time_ns, const struct burst *burst)
{
    if (!poller->line->options.is_capture || !interval_is_over(&poller->interval, time_ns))
        return true;
    if (burst->count)
        return false;
    interval_begin(&poller->interval, time_ns);
    return true;
}

/* How long the frame was on the wire. One that was cut has that where its link addresses were. */
static uint32_t wire_bytes_of(const struct poller *poller, const struct rte_mbuf *mbuf)
{
    struct headers_stamp stamp;
    if (!poller->line->options.is_cut || mbuf->data_len < sizeof stamp)
        return mbuf->pkt_len;
    memcpy(&stamp, rte_pktmbuf_mtod(mbuf, const void *), sizeof stamp);
    return stamp.mark == HEADERS_STAMP_MARK ? RTE_MAX(stamp.wire_bytes, mbuf->pkt_len)
                                            : mbuf->pkt_len;
}

/* False when the next frame has to wait for the next burst. */
static bool take_next(struct poller *poller, struct burst *burst)
{
    const struct rte_mbuf *mbuf = poller->mbufs[poller->taken];
    uint64_t time_ns = time_of(poller, mbuf);
    uint32_t captured_bytes = RTE_MIN(mbuf->pkt_len, (uint32_t)FRAME_BYTES_MAX);
    const uint8_t *bytes = bytes_of(poller, mbuf, captured_bytes);
    if (!bytes || !enter_interval(poller, time_ns, burst))
        return false;
    burst->frames[burst->count++] = (struct frame){.bytes = bytes,
                                                   .time_ns = time_ns,
                                                   .captured_bytes = captured_bytes,
                                                   .wire_bytes = wire_bytes_of(poller, mbuf),
                                                   .link_type = LINK_TYPE_ETHERNET,
                                                   .is_cut = poller->line->options.is_cut};
    poller->now_ns = time_ns;
    poller->taken++;
    return true;
}

/* How many rings' worth were fetched without a pause: 0 while what has piled up is worked off. */
static unsigned rings_behind(const struct poller *poller)
{
    const struct line *line = poller->line;
    if (line->options.is_capture || line->options.never_sheds)
        return 0;
    return RTE_MIN(poller->full_polls / (line->waiting_frames / FRAME_BURST), (unsigned)SHED_MOST);
}

/* The longer the ring has not run dry, the more bursts are shed for each that is still looked at.
 */
static bool must_shed(const struct poller *poller)
{
    return poller->received && poller->full_polls % (rings_behind(poller) + 1) != 0;
}

/* What was received is only counted, so that the ring does not run over. */
static void shed(struct poller *poller, struct burst *burst)
{
    burst->shed.frames = poller->received;
    for (unsigned i = 0; i < poller->received; i++)
        burst->shed.bytes += wire_bytes_of(poller, poller->mbufs[i]);
    poller->taken = poller->received;
}

/* The n-th poller's is the n-th of DPDK's processors, where all have one; the main thread's comes
 * last, for it only writes reports. */
static void bind_thread(const struct poller *poller)
{
    const struct line *line = poller->line;
    unsigned index = (unsigned)(poller - line->pollers);
    if (!line->options.binds_threads || line->poller_count > rte_lcore_count())
        return;
    unsigned chosen = rte_get_main_lcore();
    for (unsigned lcore = 0; lcore < RTE_MAX_LCORE; lcore++) {
        bool is_other = rte_lcore_is_enabled(lcore) && lcore != rte_get_main_lcore();
        if (is_other && index-- == 0)
            chosen = lcore;
    }
    rte_cpuset_t processors = rte_lcore_cpuset(chosen);
    pthread_setaffinity_np(pthread_self(), sizeof processors, &processors);
}

/* DPDK's buffer pools have a cache for each thread that it knows. */
static void introduce_thread(struct poller *poller)
{
    if (poller->has_thread)
        return;
    poller->has_thread = true;
    bind_thread(poller);
    rte_thread_register(); /* without it, buffers only cost a little more */
    prctl(PR_SET_TIMERSLACK, 1000);
}

/* A device that cannot be shut goes on receiving: what waited by then is all that is fetched. */
static bool dpdk_drain(struct source *source)
{
    struct poller *poller = (struct poller *)source;
    struct line *line = poller->line;
    if (line->options.is_capture)
        return false;
    if (poller->drained_ns)
        return true;
    if (!atomic_exchange(&line->is_shut, true)) {
        xdp_headers_stop(&line->headers);
        socket_losses_stop(&line->sockets);
    }
    poller->drained_ns = poller->now_ns;
    poller->drain_frames = (uint64_t)line->waiting_frames * poller->lane_count;
    poller->empty_polls = 0;
    return true;
}

static bool is_drained(const struct poller *poller)
{
    return poller->drained_ns && poller->now_ns >= poller->drained_ns + DRAIN_NS &&
           (poller->empty_polls >= poller->lane_count || poller->drain_frames == 0);
}

static bool is_at_end(const struct poller *poller)
{
    unsigned end_polls = poller->line->options.end_after_empty_polls;
    return (end_polls && poller->empty_polls >= end_polls) || is_drained(poller);
}

static void dpdk_burst(struct source *source, struct burst *burst)
{
    struct poller *poller = (struct poller *)source;
    introduce_thread(poller);
    burst->count = 0;
    poller->scratch_used = 0;
    if (poller->taken == poller->received)
        receive(poller);
    if (poller->taken == 0 && must_shed(poller))
        shed(poller, burst);
    while (poller->taken < poller->received && take_next(poller, burst))
        continue;
    rest(poller);
    burst->is_end = is_at_end(poller);
    burst->is_pressed = rings_behind(poller) > 0;
    burst->now_ns = poller->now_ns;
    burst->interval_ns = poller->interval.start_ns;
}

static void dpdk_release(struct source *source, struct burst *burst)
{
    struct poller *poller = (struct poller *)source;
    unsigned count = poller->taken - poller->released;
    if (count)
        rte_pktmbuf_free_bulk(poller->mbufs + poller->released, count);
    poller->released = poller->taken;
    burst->count = 0;
}

/* The sockets know what they had no room for, and the program what it dropped. Once nothing waits
 * any more, what was handed over and never fetched is the same number, or the truer one. */
static uint64_t lost_in_kernel(struct line *line)
{
    const struct poller *poller = line->pollers;
    struct xdp_headers_counts counts;
    uint64_t lost = socket_losses_read(&line->sockets);
    if (!xdp_headers_read(&line->headers, &counts))
        return lost;
    uint64_t missing = counts.redirected_frames - poller->fetched_frames;
    if (poller->drained_ns && counts.redirected_frames > poller->fetched_frames)
        lost = RTE_MAX(lost, missing);
    return lost + counts.failed_frames;
}

static void dpdk_losses(const struct source *source, struct tally_losses *losses)
{
    const struct poller *poller = (const struct poller *)source;
    struct line *line = poller->line;
    *losses = (struct tally_losses){0};
    if (poller != line->pollers)
        return;
    for (unsigned i = 0; i < line->options.port_count; i++)
        dpdk_port_losses(&line->ports[i], losses);
    losses->kernel = lost_in_kernel(line);
    losses->forward = atomic_load_explicit(&line->not_forwarded, memory_order_relaxed);
}

/* Few drivers can tell. */
static int64_t dpdk_waiting(const struct source *source)
{
    const struct poller *poller = (const struct poller *)source;
    int64_t sum = 0;
    for (unsigned i = 0; i < poller->lane_count; i++) {
        int waiting = rte_eth_rx_queue_count(poller->lanes[i].port, poller->lanes[i].queue);
        if (waiting < 0)
            return -1;
        sum += waiting;
    }
    return sum;
}

static bool dpdk_kernel(const struct source *source, struct source_kernel *counts)
{
    const struct line *line = ((const struct poller *)source)->line;
    struct xdp_headers_counts counted;
    if (!xdp_headers_read(&line->headers, &counted))
        return false;
    *counts = (struct source_kernel){
        .seen_frames = counted.seen_frames,
        .seen_bytes = counted.seen_bytes,
        .handed_frames = counted.redirected_frames,
        .left_frames = counted.passed_frames,
        .dropped_frames = counted.failed_frames + socket_losses_of_xdp(&line->sockets),
    };
    return true;
}

static void close_line(struct line *line)
{
    for (unsigned i = 0; i < line->options.port_count; i++)
        dpdk_port_close(&line->ports[i]);
    free(line);
}

static void dpdk_close(struct source *source)
{
    struct poller *poller = (struct poller *)source;
    rte_pktmbuf_free_bulk(poller->mbufs + poller->released, poller->received - poller->released);
    explicit_bzero(poller->scratch, sizeof poller->scratch);
    if (--poller->line->open_count == 0)
        close_line(poller->line);
}

static struct dpdk_port_options port_options(const struct line *line, unsigned index,
                                             unsigned queue_count, bool is_split)
{
    const struct source_dpdk_options *options = &line->options;
    return (struct dpdk_port_options){.id = options->ports[index],
                                      .queue_count = (uint16_t)queue_count,
                                      .sends = options->forwards,
                                      .is_split = is_split,
                                      .mtu = options->mtu,
                                      .frame_bytes = options->frame_bytes};
}

static unsigned least_queues(const struct source_dpdk_options *options)
{
    unsigned least = options->queue_count;
    for (unsigned i = 0; i < options->port_count; i++)
        least = RTE_MAX(least, (unsigned)dpdk_port_least_queues(options->ports[i]));
    return least;
}

/* Ports with a split, one source per queue; or all by a single source, where any of them cannot be
 * shown to keep flows together. */
static int open_ports(struct line *line, unsigned wanted, bool is_split, struct error *error)
{
    const unsigned needed = least_queues(&line->options);
    unsigned count = is_split ? wanted : needed;
    bool keeps_flows = is_split;
    int failure = 0;
    for (unsigned i = 0; !failure && i < line->options.port_count; i++) {
        const struct dpdk_port_options options = port_options(line, i, count, is_split);
        failure = dpdk_port_open(&line->ports[i], &options, error);
        keeps_flows = keeps_flows && line->ports[i].is_split;
    }
    for (unsigned i = 0; !failure && is_split && !keeps_flows && i < line->options.port_count;
         i++) {
        const struct dpdk_port_options options = port_options(line, i, needed, false);
        failure = dpdk_port_join(&line->ports[i], &options, error);
    }
    line->poller_count = keeps_flows ? wanted : 1;
    return failure;
}

static int open_line(struct line *line, unsigned wanted, bool is_split, struct error *error)
{
    int failure = open_ports(line, wanted, is_split, error);
    if (failure)
        return failure;
    if (line->options.is_capture && !line->ports[0].time_flag)
        return error_set(error, EINVAL, "DPDK port %u is no capture file", line->ports[0].id);
    line->waiting_frames =
        line->options.waiting_frames ? line->options.waiting_frames : line->ports[0].ring_frames;
    xdp_headers_find(&line->headers);
    failure = socket_losses_find(&line->sockets);
    return failure ? error_set(error, -failure, "cannot list this process's sockets: %s",
                               strerror(-failure))
                   : 0;
}

/* Queue q of every port is source q's, or one of several that a single source polls. */
static void init_poller(struct line *line, unsigned index)
{
    static const struct source_operations operations = {
        .burst = dpdk_burst,
        .release = dpdk_release,
        .losses = dpdk_losses,
        .drain = dpdk_drain,
        .waiting = dpdk_waiting,
        .kernel = dpdk_kernel,
        .close = dpdk_close,
    };
    struct poller *poller = &line->pollers[index];
    poller->source.operations = &operations;
    const unsigned count = line->poller_count;
    const uint16_t queue_count = line->ports[0].queue_count;
    poller->line = line;
    poller->split_checks = line->ports[0].is_split && count > 1 ? SPLIT_CHECKS : 0;
    poller->interval.length_ns = line->options.interval_ns;
    poller->interval.start_ns = line->options.is_capture ? 0 : line->options.start_ns;
    for (uint16_t queue = (uint16_t)index; queue < queue_count; queue += (uint16_t)count) {
        for (unsigned i = 0; i < line->options.port_count; i++)
            poller->lanes[poller->lane_count++] =
                (struct lane){.port = line->ports[i].id,
                              .queue = queue,
                              .exit_port = line->ports[line->options.port_count - 1 - i].id};
    }
}

static bool can_split(const struct source_dpdk_options *options, unsigned wanted)
{
    bool is_possible = wanted > 1 && (!options->queue_count || options->queue_count == wanted);
    for (unsigned i = 0; is_possible && i < options->port_count; i++)
        is_possible = dpdk_port_can_split(options->ports[i], (uint16_t)wanted);
    return is_possible;
}

int source_dpdk_open(struct source **sources, unsigned wanted, unsigned *count,
                     const struct source_dpdk_options *options, struct error *error)
{
    assert(wanted > 0 && wanted <= QUEUES_MAX && options->queue_count <= QUEUES_MAX);
    assert(options->port_count > 0 && options->port_count <= SOURCE_DPDK_PORTS_MAX);
    struct line *line = calloc(1, sizeof *line + wanted * sizeof *line->pollers);
    if (!line)
        return error_set(error, ENOMEM, "out of memory for %u sources", wanted);
    line->options = *options;
    int failure = open_line(line, wanted, can_split(options, wanted), error);
    if (failure) {
        close_line(line);
        return failure;
    }
    line->open_count = line->poller_count;
    for (unsigned i = 0; i < line->poller_count; i++) {
        init_poller(line, i);
        sources[i] = &line->pollers[i].source;
    }
    *count = line->poller_count;
    return 0;
}
