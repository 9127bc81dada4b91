/* SPDX-License-Identifier: BSD-3-Clause */
/* The ladder of tiers: one more of them never changes what those below it say of a flow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/classifier.h"
#include "ctl/model_file.h"
#include "ctl/rule_folder.h"
#include "dataplane/source_pcap.h"
#include "random.h"
#include "suites.h"

enum { FLOWS_MAX = 8192, FRAME_BYTES = 1514, RANDOM_FLOWS = 40, RANDOM_FRAMES = 6000 };

struct heard {
    unsigned count;
    struct flow_ended flows[FLOWS_MAX];
};

struct bench {
    struct protocols *protocols;
    struct model_file headers;
    struct model_file kiss;
    struct rule_folder rules;
    unsigned tiers; /* that there is everything for */
    struct heard *heard[TIERS];
};

static void complain(const char *text)
{
    printf("%s\n", text);
    CU_FAIL("a rule is wrong");
}

static const char *path_of(const char *name)
{
    const char *path = getenv(name);
    CU_ASSERT_PTR_NOT_NULL_FATAL(path);
    return path;
}

static void open_bench(struct bench *bench)
{
    *bench = (struct bench){.tiers = TIERS};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&bench->protocols, NULL), 0);
    const char *rules = path_of("GLASSBOX_TEST_RULES");
    if (signatures_are_built()) {
        int failure =
            rule_folder_open(&bench->rules, rules, NULL, bench->protocols, complain, NULL);
        CU_ASSERT_EQUAL_FATAL(failure, 0);
    } else {
        bench->tiers--;
    }
    CU_ASSERT_EQUAL_FATAL(
        model_file_open(&bench->headers, path_of("GLASSBOX_SMALL_MODEL"), bench->protocols, NULL),
        0);
    CU_ASSERT_EQUAL_FATAL(
        model_file_open(&bench->kiss, path_of("GLASSBOX_KISS_MODEL"), bench->protocols, NULL), 0);
    for (unsigned rung = 0; rung < bench->tiers; rung++) {
        bench->heard[rung] = calloc(1, sizeof *bench->heard[rung]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(bench->heard[rung]);
    }
}

static void close_bench(struct bench *bench)
{
    for (unsigned rung = 0; rung < bench->tiers; rung++)
        free(bench->heard[rung]);
    model_file_close(&bench->headers);
    model_file_close(&bench->kiss);
    rule_folder_close(&bench->rules);
    protocols_free(bench->protocols);
}

static void hear(void *context, const struct flow_ended *flow)
{
    struct heard *heard = context;
    CU_ASSERT_FATAL(heard->count < FLOWS_MAX);
    heard->flows[heard->count++] = *flow;
}

/* A classifier with this tier and all below it. */
static struct classifier *start(const struct bench *bench, unsigned rung)
{
    const struct keyed_secret secret = {{9}};
    const struct classifier_options options = {
        .tiers = (2u << rung) - 1,
        .flow_count = 1024, /* so that some are evicted */
        .endpoint_count = 4096,
        .timeouts = flow_timeouts_default(),
        .headers_model = rung >= TIER_HEADERS ? bench->headers.headers : NULL,
        .kiss_model = rung >= TIER_STOCHASTIC ? bench->kiss.kiss : NULL,
        .signatures = rung >= TIER_SIGNATURES ? bench->rules.signatures : NULL,
        .services = rung >= TIER_SIGNATURES ? bench->rules.services : NULL,
        .observer = {.tell = hear, .context = bench->heard[rung]}};
    struct classifier *classifier;
    CU_ASSERT_EQUAL_FATAL(classifier_new(&classifier, &options, bench->protocols, &secret, NULL),
                          0);
    return classifier;
}

/* Rungs hear of the same flows in the same order; compares each with the one below it. Returns how
 * many flows the highest tier named at all. */
static unsigned compare_rungs(const struct bench *bench)
{
    unsigned changed = 0;
    unsigned named = 0;
    for (unsigned rung = 1; rung < bench->tiers; rung++) {
        const struct heard *lower = bench->heard[rung - 1];
        const struct heard *higher = bench->heard[rung];
        CU_ASSERT_EQUAL_FATAL(lower->count, higher->count);
        for (unsigned i = 0; i < lower->count; i++) {
            CU_ASSERT(flow_key_equals(&lower->flows[i].key, &higher->flows[i].key));
            changed += memcmp(lower->flows[i].verdict, higher->flows[i].verdict,
                              rung * sizeof *lower->flows[i].verdict) != 0;
            named += higher->flows[i].verdict[rung] != PROTOCOL_UNKNOWN;
        }
    }
    CU_ASSERT_EQUAL(changed, 0);
    return named;
}

static void of_the_sample(void)
{
    struct bench bench;
    const char *file = path_of("GLASSBOX_SAMPLE");
    const struct source_pcap_options pcap = {.files = &file, .file_count = 1};
    open_bench(&bench);
    for (unsigned rung = 0; rung < bench.tiers; rung++) {
        struct classifier *classifier = start(&bench, rung);
        struct tally *tally;
        struct source *source;
        struct burst burst;
        CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(bench.protocols), NULL), 0);
        CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &pcap, NULL), 0);
        do {
            source_burst(source, &burst);
            classifier_burst(classifier, burst.frames, burst.count, tally);
            source_release(source, &burst);
        } while (!burst.is_end);
        classifier_finish(classifier, burst.now_ns, tally);
        source_close(source);
        classifier_free(classifier);
        tally_free(tally);
    }
    CU_ASSERT(compare_rungs(&bench) > 50);
    close_bench(&bench);
}

static void put16(uint8_t *bytes, unsigned number)
{
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

/* A payload that some rule may know, or one that none does. */
static unsigned fill_payload(struct random *random, uint8_t *payload)
{
    static const char *const openings[] = {"SSH-2.0-OpenSSH_9.2p1\r\n", "GET / HTTP/1.1\r\n",
                                           ("\x13"
                                            "BitTorrent protocol"),
                                           "INVITE sip:a@b SIP/2.0\r\n", ""};
    const char *opening = openings[random_below(random, sizeof openings / sizeof *openings)];
    unsigned used = (unsigned)strlen(opening);
    unsigned length = used + (unsigned)random_below(random, 600);
    memcpy(payload, opening, used);
    for (unsigned i = used; i < length; i++)
        payload[i] = (uint8_t)random_next(random);
    return length;
}

/* A datagram or a segment between one of few clients and one of few servers. */
static struct frame make_frame(struct random *random, uint8_t *bytes, uint64_t *time_ns)
{
    static const uint16_t ports[] = {22, 53, 80, 443, 5060, 6881, 40000};
    unsigned flow = (unsigned)random_below(random, RANDOM_FLOWS);
    unsigned is_back = (unsigned)random_below(random, 2);
    bool is_tcp = flow % 3;
    unsigned head = is_tcp ? 54 : 42;
    unsigned payload = fill_payload(random, bytes + head);
    memset(bytes, 0, head);
    put16(bytes + 12, 0x0800);
    bytes[14] = 0x45;
    put16(bytes + 16, head - 14 + payload);
    bytes[23] = is_tcp ? IP_TCP : IP_UDP;
    put16(bytes + 26 + 4 * is_back, 0x0a00); /* 10.0.0.x */
    bytes[29 + 4 * is_back] = (uint8_t)(1 + flow / 5);
    put16(bytes + 30 - 4 * is_back, 0xc000); /* 192.0.2.y */
    put16(bytes + 32 - 4 * is_back, 0x0200 + 1 + flow % 5);
    put16(bytes + 34 + 2 * is_back, 40000 + flow);
    put16(bytes + 36 - 2 * is_back, ports[flow % (sizeof ports / sizeof *ports)]);
    if (is_tcp) {
        put16(bytes + 40, (unsigned)random_below(random, 4000)); /* sequence: some overlap */
        bytes[46] = 5 << 4;
        bytes[47] = random_below(random, 50) ? TCP_ACK : TCP_SYN;
    } else {
        put16(bytes + 38, 8 + payload);
    }
    *time_ns += random_below(random, 100) ? random_below(random, 50000000) : 200000000000;
    return (struct frame){.bytes = bytes,
                          .time_ns = *time_ns,
                          .captured_bytes = head + payload,
                          .wire_bytes = head + payload,
                          .link_type = 1};
}

static void run_random(const struct bench *bench, unsigned rung, uint64_t seed)
{
    static uint8_t bytes[FRAME_BURST][FRAME_BYTES];
    struct random random = {seed};
    uint64_t time_ns = 1000000000;
    struct classifier *classifier = start(bench, rung);
    struct tally *tally;
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(bench->protocols), NULL), 0);
    for (unsigned sent = 0; sent < RANDOM_FRAMES; sent += FRAME_BURST) {
        struct frame frames[FRAME_BURST];
        for (unsigned i = 0; i < FRAME_BURST; i++)
            frames[i] = make_frame(&random, bytes[i], &time_ns);
        classifier_burst(classifier, frames, FRAME_BURST, tally);
    }
    classifier_finish(classifier, time_ns, tally);
    classifier_free(classifier);
    tally_free(tally);
}

static void of_random_traffic(void)
{
    struct bench bench;
    open_bench(&bench);
    unsigned named = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        for (unsigned rung = 0; rung < bench.tiers; rung++) {
            bench.heard[rung]->count = 0;
            run_random(&bench, rung, seed);
        }
        CU_ASSERT(bench.heard[0]->count > RANDOM_FLOWS);
        named += compare_rungs(&bench);
    }
    CU_ASSERT(named > 50);
    close_bench(&bench);
}

CU_TestInfo tiers_tests[] = {
    {"one more never changes those below: of the sample", of_the_sample},
    {"one more never changes those below: of random traffic", of_random_traffic},
    CU_TEST_INFO_NULL,
};
