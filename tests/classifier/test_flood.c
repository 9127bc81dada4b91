/* SPDX-License-Identifier: BSD-3-Clause */
/* A flood of SYNs that nobody sent, with connections among them: a small table and a flood of five
 * times its size, as tests/bench/flood.py has it at full size. */
#include <string.h>

#include "classifier/classifier.h"
#include "random.h"
#include "suites.h"

enum {
    CAPACITY = 4096,
    FLOOD = 5 * CAPACITY,
    CONNECTIONS = 100,
    ROUNDS = 4,
    PACKETS = ROUNDS + 1, /* of a connection: one a round, and the answer to the first */
    FLOOD_A_PACKET = FLOOD / (CONNECTIONS * ROUNDS),
    FRAME_BYTES = 60,
    HTTP = 80,
};

struct flood {
    struct classifier *classifier;
    struct tally *tally;
    uint16_t http;
    uint64_t now_ns;
    uint64_t sent;
    unsigned whole; /* connections that ended with all their packets under their verdict */
};

static void put16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint32_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

static void send(struct flood *flood, uint32_t source, uint32_t destination, uint16_t source_port,
                 uint16_t destination_port, uint8_t flags)
{
    uint8_t bytes[FRAME_BYTES] = {[12] = 0x08, [14] = 0x45, [22] = 64, [23] = 6};
    const struct frame frame = {.bytes = bytes,
                                .time_ns = flood->now_ns,
                                .captured_bytes = FRAME_BYTES,
                                .wire_bytes = FRAME_BYTES,
                                .link_type = 1};
    put16(bytes + 16, 40);
    put32(bytes + 26, source);
    put32(bytes + 30, destination);
    put16(bytes + 34, source_port);
    put16(bytes + 36, destination_port);
    bytes[46] = 0x50;
    bytes[47] = flags;
    classifier_burst(flood->classifier, &frame, 1, flood->tally);
    flood->now_ns += 10000;
    flood->sent++;
}

static void hear(void *context, const struct flow_ended *flow)
{
    struct flood *flood = context;
    flood->whole += flow->packets == PACKETS && flow->verdict[TIER_PORTS] == flood->http;
}

/* All connections at once. Between two packets of one, more beginnings pass than the table holds.
 */
static void send_all(struct flood *flood)
{
    const uint32_t server = 0xc0a80001;
    struct random random = {5};
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < CONNECTIONS; i++) {
            const uint32_t client = 0x0a000000 + i;
            send(flood, client, server, 2000, HTTP, round ? TCP_ACK : TCP_SYN);
            if (!round)
                send(flood, server, client, HTTP, 2000, TCP_SYN | TCP_ACK);
            for (unsigned k = 0; k < FLOOD_A_PACKET; k++)
                send(flood, (uint32_t)random_next(&random), server, (uint16_t)random_next(&random),
                     443, TCP_SYN);
        }
    }
}

static void a_flood_of_beginnings_drives_out_itself(void)
{
    const struct keyed_secret secret = {.byte = {9}};
    struct protocols *protocols;
    struct flood flood = {.now_ns = 1000000000};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    flood.http = (uint16_t)protocols_find(protocols, "http");
    const struct classifier_options options = {.tiers = 1u << TIER_PORTS,
                                               .flow_count = CAPACITY,
                                               .timeouts = flow_timeouts_default(),
                                               .observer = {.tell = hear, .context = &flood}};
    CU_ASSERT_EQUAL_FATAL(classifier_new(&flood.classifier, &options, protocols, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&flood.tally, protocols_count(protocols), NULL), 0);
    send_all(&flood);
    classifier_finish(flood.classifier, flood.now_ns, flood.tally);
    CU_ASSERT(flood.whole * 100 >= CONNECTIONS * 99);
    CU_ASSERT(flood.tally->flows.evicted > FLOOD / 2);
    CU_ASSERT_EQUAL(flood.tally->seen.frames, flood.sent);
    const struct tally_balance balance = tally_balance(flood.tally);
    CU_ASSERT_EQUAL(balance.accounted.frames, flood.sent);
    CU_ASSERT_EQUAL(balance.accounted.bytes, flood.sent * FRAME_BYTES);
    tally_free(flood.tally);
    classifier_free(flood.classifier);
    protocols_free(protocols);
}

CU_TestInfo flood_tests[] = {
    {"a flood of beginnings drives out itself", a_flood_of_beginnings_drives_out_itself},
    CU_TEST_INFO_NULL,
};
