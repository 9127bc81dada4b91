/* SPDX-License-Identifier: BSD-3-Clause */
/* The headers tier in a run: what it decides, and what it must leave alone. */
#include "classifier/headers_clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/classifier.h"
#include "ctl/model_file.h"
#include "dataplane/source_pcap.h"
#include "replay_capture.h"
#include "suites.h"

enum { FLOWS_MAX = 4096, BOTH = 1 << TIER_PORTS | 1 << TIER_HEADERS };

static struct protocols *protocols;
static struct model_file model;

static void prepare(void)
{
    const char *path = getenv("GLASSBOX_SMALL_MODEL");
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(model_file_open(&model, path, protocols, NULL), 0);
}

static void clean_up(void)
{
    model_file_close(&model);
    protocols_free(protocols);
}

struct heard {
    unsigned count;
    struct flow_ended *flows;
};

static void hear(void *context, const struct flow_ended *flow)
{
    struct heard *heard = context;
    CU_ASSERT_FATAL(heard->count < FLOWS_MAX);
    heard->flows[heard->count++] = *flow;
}

static int compare_flows(const void *a, const void *b)
{
    const struct flow_ended *left = a;
    const struct flow_ended *right = b;
    int order = memcmp(&left->key, &right->key, sizeof left->key);
    return order ? order : (left->packets > right->packets) - (left->packets < right->packets);
}

/* Classifies the sample in bursts of that many frames. Flows by key. */
static void classify(struct heard *heard, struct tally **tally, unsigned tiers, unsigned frames)
{
    const char *file = getenv("GLASSBOX_SAMPLE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    struct keyed_secret secret = {{7}};
    const struct source_pcap_options pcap = {.files = &file, .file_count = 1};
    const struct classifier_options options = {
        .tiers = tiers,
        .flow_count = 100000,
        .timeouts = flow_timeouts_default(),
        .headers_model = tiers & 1u << TIER_HEADERS ? model.headers : NULL,
        .observer = {.tell = hear, .context = heard}};
    struct source *source;
    struct classifier *classifier;
    CU_ASSERT_EQUAL_FATAL(tally_new(tally, protocols_count(protocols), NULL), 0);
    CU_ASSERT_EQUAL_FATAL(classifier_new(&classifier, &options, protocols, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &pcap, NULL), 0);
    *heard = (struct heard){.flows = calloc(FLOWS_MAX, sizeof *heard->flows)};
    struct burst burst;
    do {
        source_burst(source, &burst);
        for (unsigned at = 0; at < burst.count; at += frames)
            classifier_burst(classifier, burst.frames + at,
                             burst.count - at < frames ? burst.count - at : frames, *tally);
        source_release(source, &burst);
    } while (!burst.is_end);
    classifier_finish(classifier, burst.now_ns, *tally);
    source_close(source);
    classifier_free(classifier);
    qsort(heard->flows, heard->count, sizeof *heard->flows, compare_flows);
}

static bool same_counts(const struct tally *a, const struct tally *b)
{
    size_t count = a->protocol_count;
    return !memcmp(a->cells, b->cells, count * sizeof *a->cells) &&
           !memcmp(a->headers, b->headers, count * sizeof *a->headers) &&
           !memcmp(a->agreement, b->agreement, sizeof a->agreement);
}

static void changes_no_other_verdict(void)
{
    struct heard without, with;
    struct tally *tallies[2];
    prepare();
    classify(&without, &tallies[0], 1 << TIER_PORTS, FRAME_BURST);
    classify(&with, &tallies[1], BOTH, FRAME_BURST);
    CU_ASSERT(with.count > 100);
    CU_ASSERT_EQUAL_FATAL(with.count, without.count);
    unsigned decided = 0;
    unsigned differences = 0;
    for (unsigned i = 0; i < with.count; i++) {
        decided += with.flows[i].verdict[TIER_HEADERS] != PROTOCOL_UNKNOWN;
        differences += without.flows[i].verdict[TIER_HEADERS] != PROTOCOL_UNKNOWN;
        differences += with.flows[i].verdict[TIER_PORTS] != without.flows[i].verdict[TIER_PORTS];
        differences += with.flows[i].bytes != without.flows[i].bytes;
    }
    CU_ASSERT(decided > 50);
    CU_ASSERT_EQUAL(differences, 0);
    for (unsigned i = 0; i < 2; i++) {
        struct tally_balance balance = tally_balance(tallies[i]);
        CU_ASSERT_EQUAL(balance.seen.frames, balance.accounted.frames);
        CU_ASSERT_EQUAL(balance.seen.bytes, balance.accounted.bytes);
        tally_free(tallies[i]);
    }
    free(with.flows);
    free(without.flows);
    clean_up();
}

static void does_not_depend_on_bursts(void)
{
    static const unsigned sizes[] = {FRAME_BURST, 1, 7};
    struct tally *tallies[3];
    struct heard heard[3];
    prepare();
    for (unsigned i = 0; i < 3; i++) {
        classify(&heard[i], &tallies[i], BOTH, sizes[i]);
        CU_ASSERT_EQUAL_FATAL(heard[i].count, heard[0].count);
        CU_ASSERT_EQUAL(
            memcmp(heard[i].flows, heard[0].flows, heard[0].count * sizeof *heard[0].flows), 0);
        CU_ASSERT_TRUE(same_counts(tallies[i], tallies[0]));
    }
    for (unsigned i = 0; i < 3; i++) {
        tally_free(tallies[i]);
        free(heard[i].flows);
    }
    clean_up();
}

static void does_not_depend_on_workers(void)
{
    const char *file = getenv("GLASSBOX_SAMPLE");
    prepare();
    struct dataplane_options options = replay_defaults(protocols);
    options.classifier.tiers = BOTH;
    options.classifier.headers_model = model.headers;
    struct replayed alone, shared;
    replay_captures(&alone, &options, &file, 1, 0);
    CU_ASSERT_TRUE(replayed_balances(&alone));
    for (options.worker_count = 2; options.worker_count <= 3; options.worker_count++) {
        replay_captures(&shared, &options, &file, 1, 0);
        CU_ASSERT_TRUE(same_counts(shared.intervals[0], alone.intervals[0]));
        CU_ASSERT_TRUE(replayed_balances(&shared));
        replayed_free(&shared);
    }
    replayed_free(&alone);
    clean_up();
}

/* Flows with data are counted once, under what the tier made of them; so are their looks. */
static void counts_every_flow_with_data_once(void)
{
    struct heard heard;
    struct tally *tally;
    prepare();
    classify(&heard, &tally, BOTH, FRAME_BURST);
    uint64_t flows = 0;
    uint64_t weights = 0;
    uint64_t decided = 0;
    for (unsigned id = 0; id < tally->protocol_count; id++) {
        flows += tally->headers[id].flows;
        decided += id ? tally->headers[id].flows : 0;
        for (unsigned cell = 0; cell < TALLY_FIT_CELLS; cell++)
            weights += tally->headers[id].fit[cell];
    }
    uint64_t verdicts = 0;
    for (unsigned i = 0; i < heard.count; i++)
        verdicts += heard.flows[i].verdict[TIER_HEADERS] != PROTOCOL_UNKNOWN;
    CU_ASSERT_EQUAL(decided, verdicts);
    CU_ASSERT_EQUAL(weights, flows * PER_MILLE);
    CU_ASSERT(flows > decided && flows < heard.count);
    tally_free(tally);
    free(heard.flows);
    clean_up();
}

static struct packet datagram(uint64_t time_ns, bool is_back, uint32_t bytes)
{
    return (struct packet){.time_ns = time_ns,
                           .wire_bytes = 42 + bytes,
                           .ip_version = 4,
                           .protocol = IP_UDP,
                           .payload_bytes = bytes,
                           .source = {10, 0, 0, is_back ? 2 : 1},
                           .destination = {10, 0, 0, is_back ? 1 : 2}};
}

/* A flow of that many datagrams of one size, to and fro. */
static struct flow run_flow(struct headers_clock *clock, struct tally *tally, unsigned packets,
                            uint32_t bytes, bool *is_wanted)
{
    struct flow flow = {.key = {{1, 1}}};
    struct flow_detail detail;
    for (unsigned i = 0; i < packets; i++) {
        struct packet packet = datagram(i * 1000000, i % 2, bytes);
        if (i == 0) {
            flow_begin(&flow, &detail, &packet);
            headers_clock_begin(&flow);
        }
        bool is_data = flow_update(&flow, &packet);
        if (headers_clock_wants(&flow))
            headers_clock_tick(clock, &flow, &detail, &packet, is_data, tally);
    }
    *is_wanted = headers_clock_wants(&flow);
    if (*is_wanted)
        headers_clock_end(clock, &flow, &detail, tally);
    CU_ASSERT_FALSE(headers_clock_wants(&flow));
    return flow;
}

/* Small datagrams are dns from checkpoint 4 on, or when they end; large ones are like no class of
 * the small model, which is known for good at 64. There is room for one tail, so each flow must
 * give it back. */
static void decides_at_checkpoints_and_ends(void)
{
    static const struct {
        uint32_t bytes;
        unsigned last;
        const char *verdict;
    } cases[] = {{40, 4, "dns"}, {1400, 64, "unknown"}};
    struct headers_clock *clock;
    struct tally *tally;
    prepare();
    const struct headers_options options = {.flow_count = 1, .model = model.headers};
    CU_ASSERT_EQUAL_FATAL(headers_clock_new(&clock, &options, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(protocols), NULL), 0);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (unsigned packets = 1; packets <= 70; packets++) {
            bool is_wanted;
            struct flow flow = run_flow(clock, tally, packets, cases[i].bytes, &is_wanted);
            CU_ASSERT_EQUAL(is_wanted, packets < cases[i].last);
            CU_ASSERT_EQUAL(flow.verdict[TIER_HEADERS],
                            protocols_find(protocols, cases[i].verdict));
        }
    }
    headers_clock_free(clock);
    tally_free(tally);
    clean_up();
}

CU_TestInfo headers_clock_tests[] = {
    {"changes no verdict of other tiers", changes_no_other_verdict},
    {"does not depend on the size of bursts", does_not_depend_on_bursts},
    {"does not depend on the number of workers", does_not_depend_on_workers},
    {"counts every flow with data once", counts_every_flow_with_data_once},
    {"decides at checkpoints and at the end", decides_at_checkpoints_and_ends},
    CU_TEST_INFO_NULL,
};
