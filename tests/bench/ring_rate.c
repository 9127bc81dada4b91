/* SPDX-License-Identifier: BSD-3-Clause */
/* ring_rate FRAMES_A_SECOND SECONDS FLOWS [OPTION...]: feeds a worker through a DPDK ring port
 * (net_ring), which is a device without a device: polling, buffers and classification are those of
 * a real port, and there is no kernel, no file and no wire in between. Minimum-size frames, evenly,
 * as fast as they can be copied when the rate is 0. A frame that the full ring does not take is
 * lost, as a device would lose it. JSON on stdout. Options are those of glassbox's commands
 * (--tiers LIST --model FILE --rules DIR); root is not needed. */
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../ctl/run_knowledge.h"
#include "dataplane/dataplane.h"
#include "dataplane/source_dpdk.h"
#include "traffic.h"

enum {
    FRAME_BYTES = 60,
    PACKETS = 1 << 20,
    POOL_FRAMES = 8191,
    POOL_CACHE = 256,
    RING_FRAMES = 1024
};

static const uint64_t second_ns = 1000000000;

struct feeder {
    uint64_t rate; /* frames a second; 0: as many as it can */
    uint64_t length_ns;
    struct run_options run;
    struct run_knowledge knowledge;
    struct traffic traffic;
    struct rte_mempool *pool;
    struct rte_ring *ring;
    uint64_t sent; /* taken by the ring or lost there */
    uint64_t lost;
    uint64_t taken_ns;
};

static void give_up(const char *text)
{
    fprintf(stderr, "ring_rate: %s\n", text);
    exit(1);
}

static void must(int failure, const struct error *error)
{
    if (failure)
        give_up(error->text);
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

/* One processor for DPDK, and so one ring; threads are bound to none. */
static void start_dpdk(void)
{
    static const char *const arguments[] = {
        "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",   "-m",
        "256",       "-l",       "0",           "--vdev=net_ring0", "--file-prefix=ring_rate"};
    struct error error;
    must(source_dpdk_start(sizeof arguments / sizeof *arguments, arguments, &error), &error);
}

static struct source *open_source(void)
{
    const struct source_dpdk_options options = {
        .port_count = 1, .start_ns = read_clock(CLOCK_REALTIME), .waiting_frames = RING_FRAMES};
    struct source *source;
    struct error error;
    unsigned count;
    must(source_dpdk_open(&source, 1, &count, &options, &error), &error);
    return source;
}

/* The driver reads the ring that its sending side would fill. */
static void find_ring(struct feeder *feeder)
{
    feeder->ring = rte_ring_lookup("ETH_RXTX0_net_ring0");
    feeder->pool = rte_pktmbuf_pool_create("fed", POOL_FRAMES, POOL_CACHE, 0,
                                           RTE_MBUF_DEFAULT_BUF_SIZE, (int)rte_socket_id());
    if (!feeder->ring || !feeder->pool)
        give_up("the port has no ring, or there is no memory for frames");
}

static void feed_burst(struct feeder *feeder, unsigned count)
{
    struct rte_mbuf *mbufs[FRAME_BURST];
    if (rte_pktmbuf_alloc_bulk(feeder->pool, mbufs, count))
        return; /* the worker still has them all: they are due again in a moment */
    for (unsigned i = 0; i < count; i++) {
        const struct traffic *traffic = &feeder->traffic;
        const struct frame *frame = &traffic->frames[(feeder->sent + i) % traffic->packets];
        memcpy(rte_pktmbuf_append(mbufs[i], FRAME_BYTES), frame->bytes, FRAME_BYTES);
    }
    unsigned taken = rte_ring_enqueue_burst(feeder->ring, (void **)mbufs, count, NULL);
    rte_pktmbuf_free_bulk(mbufs + taken, count - taken);
    feeder->sent += count;
    feeder->lost += count - taken;
}

static unsigned due_frames(const struct feeder *feeder, uint64_t passed_ns)
{
    if (!feeder->rate)
        return FRAME_BURST;
    uint64_t due = (uint64_t)((double)passed_ns * (double)feeder->rate / 1e9);
    uint64_t missing = due > feeder->sent ? due - feeder->sent : 0;
    return missing < FRAME_BURST ? (unsigned)missing : FRAME_BURST;
}

static void feed(struct feeder *feeder)
{
    const uint64_t start_ns = read_clock(CLOCK_MONOTONIC);
    while (feeder->taken_ns < feeder->length_ns) {
        unsigned count = due_frames(feeder, feeder->taken_ns);
        if (count)
            feed_burst(feeder, count);
        feeder->taken_ns = read_clock(CLOCK_MONOTONIC) - start_ns;
    }
}

/* What the worker has seen once it ended, and shed of that. */
static struct tally *collect(const struct feeder *feeder, struct dataplane *dataplane)
{
    const struct protocols *protocols = feeder->run.dataplane.protocols;
    struct tally *tally;
    struct error error;
    must(tally_new(&tally, protocols_count(protocols), &error), &error);
    dataplane_stop(dataplane);
    if (!dataplane_next(dataplane, tally))
        give_up("the worker ended without a word");
    return tally;
}

static void run(struct feeder *feeder)
{
    struct dataplane *dataplane;
    struct error error;
    start_dpdk();
    struct source *source = open_source();
    find_ring(feeder);
    must(dataplane_start(&dataplane, &feeder->run.dataplane, source, &error), &error);
    feed(feeder);
    struct tally *tally = collect(feeder, dataplane);
    printf("{\"sent\": %llu, \"seconds\": %.3f, \"seen\": %llu, \"shed\": %llu, \"lost\": %llu}\n",
           (unsigned long long)feeder->sent, (double)feeder->taken_ns / 1e9,
           (unsigned long long)tally->seen.frames, (unsigned long long)tally->shed.frames,
           (unsigned long long)feeder->lost);
    tally_free(tally);
    dataplane_free(dataplane);
    rte_mempool_free(feeder->pool);
    source_dpdk_stop();
}

static const struct command usage = {
    .name = "ring_rate",
    .usage = "ring_rate FRAMES_A_SECOND SECONDS FLOWS [OPTION...]",
    .help = "",
};

/* Options follow the three numbers. */
static void read_options(struct feeder *feeder, int argc, char **argv)
{
    struct error error;
    feeder->run = run_options_default();
    feeder->run.dataplane.is_live = true;
    int outcome = run_options_read(&feeder->run, &usage, argc - 3, argv + 3, NULL);
    if (outcome != RUN_OPTIONS_GOOD)
        exit(outcome);
    must(run_knowledge_open(&feeder->knowledge, &feeder->run, NULL, &error), &error);
}

int main(int argc, char **argv)
{
    static struct feeder feeder;
    if (argc < 4)
        return command_misused(&usage, "too few words");
    feeder.rate = strtoull(argv[1], NULL, 10);
    feeder.length_ns = (uint64_t)(strtod(argv[2], NULL) * 1e9);
    const struct traffic_options traffic = {.flows = (uint32_t)strtoul(argv[3], NULL, 10),
                                            .packets = PACKETS,
                                            .spread = TRAFFIC_UNIFORM,
                                            .size = TRAFFIC_MINIMUM};
    if (!traffic.flows || !feeder.length_ns)
        return command_misused(&usage, "a number is 0");
    read_options(&feeder, argc, argv);
    traffic_init(&feeder.traffic, &traffic);
    run(&feeder);
    traffic_clear(&feeder.traffic);
    run_knowledge_close(&feeder.knowledge);
    return 0;
}
