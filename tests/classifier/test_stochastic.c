/* SPDX-License-Identifier: BSD-3-Clause */
/* The stochastic tier on packets: who is called what, when, and what it costs in room. The model
 * knows two protocols: `rtp`, whose payloads never change, and `dns`, whose are random. */
#include "classifier/stochastic_clock.h"

#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "random.h"
#include "suites.h"

struct bench {
    struct protocols *protocols;
    struct kiss_model *model;
    struct keyed_hash *hash;
    struct stochastic_clock *clock;
    struct tally *tally;
    struct random random;
    uint64_t time_ns;
    unsigned windows_heard;
};

struct conversation {
    struct bench *bench;
    struct flow flow;
    struct flow_detail detail;
    uint32_t slot;
    uint8_t protocol;
    uint16_t ports[2]; /* of 192.0.2.1 and 192.0.2.2 */
    bool has_begun;
};

static uint16_t protocol_of(const struct bench *bench, const char *name)
{
    return (uint16_t)protocols_find(bench->protocols, name);
}

static void make_model(struct bench *bench)
{
    static const char *const names[] = {"dns", "rtp"};
    bench->model = calloc(1, sizeof *bench->model);
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        struct kiss_machine *machine = &bench->model->machine[i];
        *machine = (struct kiss_machine){
            .class_count = 2, .support_count = 2, .centroid_count = 2, .gamma = 1000000};
        CU_ASSERT_EQUAL_FATAL(kiss_machine_make(machine, NULL), 0);
        for (unsigned class = 0; class < 2; class ++) {
            struct kiss_signature signature;
            for (unsigned k = 0; k < KISS_NIBBLES; k++)
                signature.deviation[k] = class ? KISS_DEVIATION_MOST : 670;
            machine->classes[class] =
                (struct kiss_class){.protocol = protocol_of(bench, names[class]),
                                    .support_first = class,
                                    .support_count = 1,
                                    .centroid_first = class,
                                    .centroid_count = 1,
                                    .reach = 1000 * 1000};
            machine->coefficients[class] = class ? -65536 : 65536;
            kiss_block_put(machine->supports, class, &signature);
            kiss_block_put(machine->centroids, class, &signature);
        }
    }
}

static void hear(void *context, const struct window_filled *window)
{
    struct bench *bench = context;
    bench->windows_heard++;
    CU_ASSERT_EQUAL(window->transport, KISS_UDP);
}

static void open_bench(struct bench *bench, uint64_t endpoints, bool is_observed)
{
    static const struct keyed_secret secret = {{1, 2, 3}};
    *bench = (struct bench){.random = {7}, .time_ns = 1000000000};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&bench->protocols, NULL), 0);
    make_model(bench);
    struct stochastic_options options = {
        .model = bench->model, .endpoint_count = endpoints, .flow_count = 1000};
    if (is_observed)
        options.observer = (struct window_observer){.tell = hear, .context = bench};
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&bench->hash, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(stochastic_clock_new(&bench->clock, &options, bench->hash, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&bench->tally, protocols_count(bench->protocols), NULL), 0);
}

static void close_bench(struct bench *bench)
{
    stochastic_clock_free(bench->clock);
    kiss_model_free(bench->model);
    keyed_hash_free(bench->hash);
    tally_free(bench->tally);
    protocols_free(bench->protocols);
}

static struct packet packet_of(const struct conversation *talk, bool is_back,
                               const uint8_t *payload, uint32_t length)
{
    struct packet packet = {.time_ns = talk->bench->time_ns,
                            .wire_bytes = 42 + length,
                            .ip_version = 4,
                            .protocol = talk->protocol,
                            .has_ports = true,
                            .source = {192, 0, 2, is_back ? 2 : 1},
                            .destination = {192, 0, 2, is_back ? 1 : 2},
                            .source_port = talk->ports[is_back],
                            .destination_port = talk->ports[!is_back],
                            .payload_bytes = length,
                            .payload_captured_bytes = length,
                            .payload = payload};
    return packet;
}

/* As the classifier does it. */
static uint16_t take(struct conversation *talk, const struct packet *packet)
{
    struct bench *bench = talk->bench;
    if (!talk->has_begun)
        flow_begin(&talk->flow, &talk->detail, packet);
    bool is_data = flow_update(&talk->flow, packet);
    if (!talk->has_begun)
        stochastic_clock_begin(bench->clock, talk->slot, &talk->flow, &talk->detail, packet,
                               bench->tally);
    talk->has_begun = true;
    if (stochastic_clock_wants(&talk->flow, packet, is_data))
        stochastic_clock_tick(bench->clock, talk->slot, &talk->flow, &talk->detail, packet,
                              bench->tally);
    bench->time_ns += 1000000;
    return talk->flow.verdict[TIER_STOCHASTIC];
}

enum content { CONSTANT, RANDOM, MIXED };

/* One datagram, or a segment that goes on where the last one ended. */
static uint16_t send_bytes(struct conversation *talk, bool is_back, enum content content,
                           uint32_t length)
{
    uint8_t payload[64];
    memset(payload, 0x5a, sizeof payload);
    for (unsigned i = 0; content != CONSTANT && i < sizeof payload; i++) {
        if (content == RANDOM || i % 2)
            payload[i] = (uint8_t)random_next(&talk->bench->random);
    }
    struct packet packet = packet_of(talk, is_back, payload, length);
    packet.tcp_sequence = talk->flow.next_sequence[is_back];
    return take(talk, &packet);
}

static void open_connection(struct conversation *talk)
{
    struct packet packet = packet_of(talk, false, NULL, 0);
    packet.tcp_flags = TCP_SYN;
    take(talk, &packet);
}

static struct conversation talk_between(struct bench *bench, uint8_t protocol, uint16_t client,
                                        uint16_t server)
{
    return (struct conversation){
        .bench = bench, .slot = client % 1000, .protocol = protocol, .ports = {client, server}};
}

static void calls_an_endpoint_with_its_eightieth_packet(void)
{
    for (unsigned content = CONSTANT; content <= RANDOM; content++) {
        struct bench bench;
        open_bench(&bench, 100, false);
        uint16_t expected = protocol_of(&bench, content == CONSTANT ? "rtp" : "dns");
        struct conversation talk = talk_between(&bench, IP_UDP, 40000, 5004);
        for (unsigned i = 1; i <= KISS_WINDOW; i++)
            CU_ASSERT_EQUAL(send_bytes(&talk, i % 3 == 0, content, 20),
                            i < KISS_WINDOW ? PROTOCOL_UNKNOWN : expected);
        CU_ASSERT_EQUAL(bench.tally->stochastic.endpoints, 2);
        CU_ASSERT_EQUAL(bench.tally->stochastic.windows, 2);
        CU_ASSERT_EQUAL(bench.tally->stochastic.rejected, 0);
        struct conversation next = talk_between(&bench, IP_UDP, 40001, 5004);
        CU_ASSERT_EQUAL(send_bytes(&next, false, content, 20), expected);
        struct conversation other = talk_between(&bench, IP_UDP, 40001, 5006);
        CU_ASSERT_EQUAL(send_bytes(&other, false, content, 20), PROTOCOL_UNKNOWN);
        close_bench(&bench);
    }
}

static void needs_one_direction_only(void)
{
    for (unsigned is_back = 0; is_back < 2; is_back++) {
        struct bench bench;
        open_bench(&bench, 100, false);
        struct conversation talk = talk_between(&bench, IP_UDP, 40000, 5004);
        uint16_t verdict = PROTOCOL_UNKNOWN;
        for (unsigned i = 0; i < KISS_WINDOW; i++)
            verdict = send_bytes(&talk, is_back, CONSTANT, 20);
        CU_ASSERT_EQUAL(verdict, protocol_of(&bench, "rtp"));
        close_bench(&bench);
    }
}

static void pools_the_flows_of_an_endpoint(void)
{
    struct bench bench;
    open_bench(&bench, 1000, false);
    struct conversation first = talk_between(&bench, IP_UDP, 40000, 53);
    for (unsigned i = 0; i < KISS_WINDOW; i++) {
        struct conversation talk = talk_between(&bench, IP_UDP, (uint16_t)(40000 + i), 53);
        uint16_t verdict = send_bytes(i ? &talk : &first, false, RANDOM, 30);
        CU_ASSERT_EQUAL(verdict,
                        i + 1 < KISS_WINDOW ? PROTOCOL_UNKNOWN : protocol_of(&bench, "dns"));
    }
    /* The first flow was over before anything was known, and is told when it ends. */
    CU_ASSERT_EQUAL(first.flow.verdict[TIER_STOCHASTIC], PROTOCOL_UNKNOWN);
    stochastic_clock_end(bench.clock, first.slot, &first.flow, &first.detail);
    CU_ASSERT_EQUAL(first.flow.verdict[TIER_STOCHASTIC], protocol_of(&bench, "dns"));
    CU_ASSERT_EQUAL(bench.tally->stochastic.windows, 1);
    close_bench(&bench);
}

static void leaves_out_what_has_not_all_bytes(void)
{
    struct bench bench;
    open_bench(&bench, 100, false);
    struct conversation talk = talk_between(&bench, IP_UDP, 40000, 5004);
    static const uint8_t payload[20];
    for (unsigned i = 0; i < 3 * KISS_WINDOW; i++) {
        struct packet later = packet_of(&talk, false, payload, sizeof payload);
        struct packet cut = later;
        later.fragment = PACKET_FRAGMENT_LATER;
        cut.payload_captured_bytes = KISS_BYTES - 1;
        send_bytes(&talk, false, CONSTANT, KISS_BYTES - 1);
        take(&talk, &cut);
        take(&talk, &later);
    }
    CU_ASSERT_EQUAL(bench.tally->stochastic.windows, 0);
    for (unsigned i = 0; i < KISS_WINDOW; i++)
        send_bytes(&talk, false, CONSTANT, KISS_BYTES);
    CU_ASSERT_EQUAL(bench.tally->stochastic.windows, 2);
    close_bench(&bench);
}

static void counts_the_first_segments_of_connections(void)
{
    struct bench bench;
    open_bench(&bench, 100, false);
    uint16_t verdict = PROTOCOL_UNKNOWN;
    for (unsigned i = 0; i < KISS_WINDOW / KISS_SEGMENTS; i++) {
        struct conversation talk = talk_between(&bench, IP_TCP, (uint16_t)(40000 + i), 80);
        CU_ASSERT_EQUAL(verdict, PROTOCOL_UNKNOWN);
        open_connection(&talk);
        for (unsigned k = 0; k < 3 * KISS_SEGMENTS; k++)
            verdict = send_bytes(&talk, k % 2, CONSTANT, 40);
    }
    CU_ASSERT_EQUAL(verdict, protocol_of(&bench, "rtp"));
    CU_ASSERT_EQUAL(bench.tally->stochastic.windows, 1);
    CU_ASSERT_EQUAL(bench.tally->stochastic.endpoints, 1);
    struct conversation next = talk_between(&bench, IP_TCP, 50000, 80);
    open_connection(&next);
    CU_ASSERT_EQUAL(next.flow.verdict[TIER_STOCHASTIC], protocol_of(&bench, "rtp"));
    struct conversation midstream = talk_between(&bench, IP_TCP, 50001, 81);
    for (unsigned i = 0; i < 2 * KISS_WINDOW; i++)
        send_bytes(&midstream, false, CONSTANT, 40);
    CU_ASSERT_EQUAL(bench.tally->stochastic.endpoints, 1);
    close_bench(&bench);
}

static void rejects_what_is_like_no_class(void)
{
    struct bench bench;
    open_bench(&bench, 100, false);
    struct conversation talk = talk_between(&bench, IP_UDP, 40000, 5004);
    for (unsigned i = 0; i < KISS_WINDOW; i++)
        CU_ASSERT_EQUAL(send_bytes(&talk, false, MIXED, 20), PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(bench.tally->stochastic.rejected, 2);
    CU_ASSERT_EQUAL(bench.tally->stochastic.windows, 2);
    close_bench(&bench);
}

/* Windows end at packets 80, 160, then after rests of 80, 240 and 560 packets. */
static void asks_less_often_what_it_knows(void)
{
    static const unsigned ends[] = {80, 160, 320, 640, 1280};
    for (unsigned is_observed = 0; is_observed < 2; is_observed++) {
        struct bench bench;
        open_bench(&bench, 100, is_observed);
        struct conversation talk = talk_between(&bench, IP_UDP, 40000, 5004);
        unsigned packets = 0;
        for (unsigned i = 0; i < sizeof ends / sizeof *ends; i++) {
            while (packets < ends[i] - 1) {
                send_bytes(&talk, false, CONSTANT, 20);
                packets++;
            }
            const uint64_t before = bench.tally->stochastic.windows;
            send_bytes(&talk, false, CONSTANT, 20);
            packets++;
            CU_ASSERT_EQUAL(bench.tally->stochastic.windows, before + 2);
            if (!is_observed)
                CU_ASSERT_EQUAL(before, (uint64_t)2 * i);
        }
        CU_ASSERT_EQUAL(bench.windows_heard, is_observed ? 2 * 1280 / KISS_WINDOW : 0);
        close_bench(&bench);
    }
}

static void changes_its_mind(void)
{
    static const struct {
        uint16_t word, verdict;
        uint8_t strength;
    } rows[] = {{5, 5, 1}, {5, 5, 2}, {5, 5, 3}, {6, 5, 2}, {0, 5, 1}, {6, 6, 1},
                {6, 6, 2}, {0, 6, 1}, {0, 0, 1}, {0, 0, 2}, {6, 0, 1}, {6, 6, 1}};
    struct endpoint endpoint = {.strength = 0};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        stochastic_note_word(&endpoint, rows[i].word);
        CU_ASSERT_EQUAL(endpoint.verdict, rows[i].verdict);
        CU_ASSERT_EQUAL(endpoint.strength, rows[i].strength);
    }
    for (unsigned i = 0; i < 50; i++)
        stochastic_note_word(&endpoint, 6);
    CU_ASSERT_EQUAL(endpoint.strength, 7);
}

/* 16 places, 200 endpoints: the flow that was evicted from finds its endpoint again. */
static void counts_what_had_to_go(void)
{
    struct bench bench;
    open_bench(&bench, 16, false);
    struct conversation talk = talk_between(&bench, IP_UDP, 40000, 5004);
    send_bytes(&talk, false, CONSTANT, 20);
    for (uint16_t i = 1; i <= 100; i++) {
        struct conversation other =
            talk_between(&bench, IP_UDP, (uint16_t)(41000 + i), (uint16_t)(6000 + i));
        bench.time_ns += 2000000000;
        send_bytes(&other, false, CONSTANT, 20);
    }
    CU_ASSERT_EQUAL(bench.tally->stochastic.endpoints, 202);
    CU_ASSERT(bench.tally->stochastic.evicted >= 202 - 16);
    uint16_t verdict = PROTOCOL_UNKNOWN;
    for (unsigned i = 0; i < KISS_WINDOW; i++)
        verdict = send_bytes(&talk, false, CONSTANT, 20);
    CU_ASSERT_EQUAL(verdict, protocol_of(&bench, "rtp"));
    CU_ASSERT_EQUAL(bench.tally->stochastic.endpoints, 204);
    close_bench(&bench);
}

static void says_when_memory_is_out(void)
{
    struct bench bench;
    open_bench(&bench, 16, false);
    const struct stochastic_options options = {
        .model = bench.model, .endpoint_count = 16, .flow_count = 16};
    struct stochastic_clock *clock;
    for (unsigned n = 1; n <= 9; n++) {
        allocation_fail_at(n);
        CU_ASSERT(stochastic_clock_new(&clock, &options, bench.hash, NULL) < 0);
    }
    allocation_fail_at(0);
    CU_ASSERT_EQUAL(stochastic_clock_new(&clock, &options, bench.hash, NULL), 0);
    stochastic_clock_free(clock);
    close_bench(&bench);
}

CU_TestInfo stochastic_tests[] = {
    {"calls an endpoint with its eightieth packet", calls_an_endpoint_with_its_eightieth_packet},
    {"needs one direction only", needs_one_direction_only},
    {"pools the flows of an endpoint", pools_the_flows_of_an_endpoint},
    {"leaves out what has not all bytes", leaves_out_what_has_not_all_bytes},
    {"counts the first segments of connections", counts_the_first_segments_of_connections},
    {"rejects what is like no class", rejects_what_is_like_no_class},
    {"asks less often what it knows", asks_less_often_what_it_knows},
    {"changes its mind", changes_its_mind},
    {"counts what had to go", counts_what_had_to_go},
    {"says when memory is out", says_when_memory_is_out},
    CU_TEST_INFO_NULL,
};
