/* SPDX-License-Identifier: BSD-3-Clause */
/* Each mask destroys its own evidence and nothing else: flows, counts and what other tiers see stay
 * as they were. */
#include "classifier/mask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/classifier.h"
#include "dataplane/source_pcap.h"
#include "random.h"
#include "suites.h"

enum { FLOWS_MAX = 4096, LOOKS_MAX = 8192, WINDOWS_MAX = 256 };

/* What the headers tier was shown of a flow at one of its checkpoints. */
struct look {
    struct flow_key key;
    uint16_t data_packets;
    int16_t values[FEATURES];
};

/* All that a run of the sample lets be heard, in order. */
struct heard {
    unsigned flow_count, look_count, window_count;
    struct flow_ended flows[FLOWS_MAX];
    struct look looks[LOOKS_MAX];
    struct window_filled windows[WINDOWS_MAX];
};

static void hear_flow(void *context, const struct flow_ended *flow)
{
    struct heard *heard = context;
    CU_ASSERT_FATAL(heard->flow_count < FLOWS_MAX);
    heard->flows[heard->flow_count++] = *flow;
}

static void hear_look(void *context, const struct flow_measured *flow)
{
    struct heard *heard = context;
    CU_ASSERT_FATAL(heard->look_count < LOOKS_MAX);
    struct look *look = &heard->looks[heard->look_count++];
    look->key = flow->key;
    look->data_packets = flow->data_packets;
    memcpy(look->values, flow->values, sizeof look->values);
}

static void hear_window(void *context, const struct window_filled *window)
{
    struct heard *heard = context;
    if (heard->window_count < WINDOWS_MAX)
        heard->windows[heard->window_count++] = *window;
}

static struct heard *classify(enum mask mask)
{
    const char *file = getenv("GLASSBOX_SAMPLE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    struct heard *heard = calloc(1, sizeof *heard);
    CU_ASSERT_PTR_NOT_NULL_FATAL(heard);
    const struct keyed_secret secret = {{7}};
    const struct source_pcap_options pcap = {.files = &file, .file_count = 1};
    const struct classifier_options options = {
        .tiers = 1u << TIER_PORTS | 1u << TIER_STOCHASTIC,
        .flow_count = 100000,
        .endpoint_count = 4096,
        .timeouts = flow_timeouts_default(),
        .mask = mask,
        .observer = {.tell = hear_flow, .measure = hear_look, .context = heard},
        .window_observer = {.tell = hear_window, .context = heard}};
    struct protocols *protocols;
    struct tally *tally;
    struct source *source;
    struct classifier *classifier;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(protocols), NULL), 0);
    CU_ASSERT_EQUAL_FATAL(classifier_new(&classifier, &options, protocols, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &pcap, NULL), 0);
    struct burst burst;
    do {
        source_burst(source, &burst);
        classifier_burst(classifier, burst.frames, burst.count, tally);
        source_release(source, &burst);
    } while (!burst.is_end);
    classifier_finish(classifier, burst.now_ns, tally);
    source_close(source);
    classifier_free(classifier);
    tally_free(tally);
    protocols_free(protocols);
    return heard;
}

static bool is_same_flow(const struct flow_ended *a, const struct flow_ended *b)
{
    return flow_key_equals(&a->key, &b->key) && a->packets == b->packets && a->bytes == b->bytes &&
           a->data_packets == b->data_packets;
}

/* And ports decide as before, but where ports are masked. */
static void flows_stay_what_they_are(void)
{
    struct heard *plain = classify(MASK_NONE);
    CU_ASSERT(plain->flow_count > 100);
    for (unsigned mask = MASK_NONE + 1; mask < MASKS; mask++) {
        struct heard *masked = classify((enum mask)mask);
        unsigned strangers = 0;
        unsigned named_otherwise = 0;
        CU_ASSERT_EQUAL_FATAL(masked->flow_count, plain->flow_count);
        for (unsigned i = 0; i < plain->flow_count; i++) {
            strangers += !is_same_flow(&plain->flows[i], &masked->flows[i]);
            named_otherwise +=
                plain->flows[i].verdict[TIER_PORTS] != masked->flows[i].verdict[TIER_PORTS];
        }
        CU_ASSERT_EQUAL(strangers, 0);
        CU_ASSERT(mask == MASK_PORTS ? named_otherwise > 50 : named_otherwise == 0);
        free(masked);
    }
    free(plain);
}

static int size_of(const struct look *look, unsigned i)
{
    return look->values[FEATURE_SIZE_FIRST + i];
}

static unsigned kept(const struct look *look)
{
    return look->data_packets < FEATURE_HEAD_PACKETS ? look->data_packets : FEATURE_HEAD_PACKETS;
}

static bool has_same_values(const struct look *a, const struct look *b, unsigned first,
                            unsigned count)
{
    return !memcmp(&a->values[first], &b->values[first], count * sizeof *a->values);
}

static bool has_same_sizes(const struct look *a, const struct look *b)
{
    return has_same_values(a, b, FEATURE_SIZE_FIRST, FEATURE_HEAD_PACKETS) &&
           has_same_values(a, b, FEATURE_RUN_FIRST, FEATURE_RUNS) &&
           has_same_values(a, b, FEATURE_FORWARD_PACKETS, FEATURE_TURNS - FEATURE_FORWARD_PACKETS);
}

static bool has_same_gaps(const struct look *a, const struct look *b)
{
    return has_same_values(a, b, FEATURE_GAP_FIRST, FEATURE_HEAD_PACKETS - 1);
}

/* As a payload of MASK_PAYLOAD_BYTES, from the side it came from. */
static bool is_padded(const struct look *plain, const struct look *masked)
{
    bool is_good = true;
    for (unsigned i = 0; i < kept(plain); i++) {
        int size = size_of(plain, i);
        int expected = size < 0 ? -MASK_PAYLOAD_BYTES : size > 0 ? MASK_PAYLOAD_BYTES : 0;
        is_good = is_good && size_of(masked, i) == expected;
    }
    return is_good;
}

static bool has_even_gaps(const struct look *look)
{
    const int ten_ms = 53; /* floor of 4 log2 of 10,000 microseconds */
    bool is_even = true;
    for (unsigned i = 1; i < kept(look); i++) {
        int gap = look->values[FEATURE_GAP_FIRST + i - 1];
        is_even = is_even && gap == ten_ms;
    }
    return is_even;
}

static int compare_numbers(const void *a, const void *b)
{
    return *(const int16_t *)a - *(const int16_t *)b;
}

/* The same sizes and sides, wherever they stand. */
static bool has_same_packets(const struct look *a, const struct look *b)
{
    int16_t sizes[2][FEATURE_HEAD_PACKETS];
    memcpy(sizes[0], &a->values[FEATURE_SIZE_FIRST], sizeof sizes[0]);
    memcpy(sizes[1], &b->values[FEATURE_SIZE_FIRST], sizeof sizes[1]);
    for (unsigned i = 0; i < 2; i++)
        qsort(sizes[i], kept(a), sizeof *sizes[i], compare_numbers);
    return !memcmp(sizes[0], sizes[1], kept(a) * sizeof *sizes[0]) &&
           has_same_values(a, b, FEATURE_FORWARD_PACKETS,
                           FEATURE_FORWARD_SHARE - FEATURE_FORWARD_PACKETS + 1);
}

/* Looks at which a property does not hold. */
static unsigned count_wrong(const struct heard *plain, const struct heard *masked,
                            bool (*holds)(const struct look *, const struct look *))
{
    unsigned wrong = 0;
    CU_ASSERT_EQUAL_FATAL(masked->look_count, plain->look_count);
    for (unsigned i = 0; i < plain->look_count; i++) {
        const struct look *look = &plain->looks[i];
        CU_ASSERT(flow_key_equals(&look->key, &masked->looks[i].key));
        CU_ASSERT_EQUAL(look->data_packets, masked->looks[i].data_packets);
        wrong += !holds(look, &masked->looks[i]);
    }
    return wrong;
}

static bool has_same_look(const struct look *a, const struct look *b)
{
    return has_same_values(a, b, 0, FEATURES);
}

static void the_headers_tier_sees_what_is_left(void)
{
    struct heard *plain = classify(MASK_NONE);
    CU_ASSERT(plain->look_count > 200);
    struct heard *masked = classify(MASK_PORTS);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, has_same_look), 0);
    free(masked);
    masked = classify(MASK_PAYLOAD);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, has_same_look), 0);
    free(masked);
    masked = classify(MASK_SIZES);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, is_padded), 0);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, has_same_gaps), 0);
    CU_ASSERT(count_wrong(plain, masked, has_same_sizes) > 100);
    free(masked);
    masked = classify(MASK_TIMING);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, has_same_sizes), 0);
    CU_ASSERT(count_wrong(plain, masked, has_same_gaps) > 100);
    for (unsigned i = 0; i < masked->look_count; i++)
        CU_ASSERT(has_even_gaps(&masked->looks[i]));
    free(masked);
    masked = classify(MASK_ORDER);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, has_same_packets), 0);
    CU_ASSERT_EQUAL(count_wrong(plain, masked, has_same_gaps), 0);
    CU_ASSERT(count_wrong(plain, masked, has_same_sizes) > 50);
    free(masked);
    free(plain);
}

/* Which value a nibble has is not what is counted, only how often each occurs. */
static void inversion_leaves_statistics_as_they_were(void)
{
    struct heard *plain = classify(MASK_NONE);
    struct heard *masked = classify(MASK_PAYLOAD);
    CU_ASSERT(plain->window_count > 0);
    CU_ASSERT_EQUAL_FATAL(masked->window_count, plain->window_count);
    for (unsigned i = 0; i < plain->window_count; i++)
        CU_ASSERT(!memcmp(&plain->windows[i].signature, &masked->windows[i].signature,
                          sizeof plain->windows[i].signature));
    free(masked);
    free(plain);
}

static struct masker *masker_of(enum mask mask, struct keyed_hash **hash)
{
    const struct keyed_secret secret = {{3}};
    struct masker *masker;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(hash, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(masker_new(&masker, mask, 16, *hash, NULL), 0);
    return masker;
}

static struct packet packet_between(uint8_t source, uint16_t source_port, uint8_t destination,
                                    uint16_t destination_port)
{
    return (struct packet){.ip_version = 4,
                           .protocol = IP_TCP,
                           .has_ports = true,
                           .source = {192, 0, 2, source},
                           .destination = {192, 0, 2, destination},
                           .source_port = source_port,
                           .destination_port = destination_port};
}

/* The same end has the same port in both directions and towards everybody; no port is one that has
 * a meaning; and the direction, which between ports of one address they tell, stays. */
static void an_end_keeps_one_port(void)
{
    struct keyed_hash *hash;
    struct masker *masker = masker_of(MASK_PORTS, &hash);
    struct random random = {1};
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t server = (uint8_t)(1 + random_below(&random, 3));
        uint8_t client = (uint8_t)(1 + random_below(&random, 3));
        uint16_t port = (uint16_t)(1 + random_below(&random, 65535));
        const struct packet there = packet_between(client, port, server, 443);
        const struct packet back = packet_between(server, 443, client, port);
        const struct packet sent = *masker_show(masker, &there);
        const struct packet answer = *masker_show(masker, &back);
        CU_ASSERT_EQUAL(sent.source_port, answer.destination_port);
        CU_ASSERT_EQUAL(sent.destination_port, answer.source_port);
        CU_ASSERT(sent.source_port >= MASK_PORT_FIRST && answer.source_port >= MASK_PORT_FIRST);
        CU_ASSERT_EQUAL(flow_key_is_reversed(&there), flow_key_is_reversed(&sent));
        CU_ASSERT_EQUAL(flow_key_is_reversed(&back), flow_key_is_reversed(&answer));
    }
    const struct packet ping = {.ip_version = 4, .protocol = IP_ICMP};
    CU_ASSERT_EQUAL(masker_show(masker, &ping)->source_port, 0);
    masker_free(masker);
    keyed_hash_free(hash);
}

static void payload_is_inverted_in_a_copy(void)
{
    struct keyed_hash *hash;
    struct masker *masker = masker_of(MASK_PAYLOAD, &hash);
    static const uint8_t bytes[] = {0x00, 0xff, 0x47, 0x45};
    struct packet packet = packet_between(1, 1000, 2, 80);
    packet.payload = bytes;
    packet.payload_bytes = 100;
    packet.payload_captured_bytes = sizeof bytes;
    const struct packet *shown = masker_show(masker, &packet);
    CU_ASSERT(!memcmp(shown->payload, "\xff\x00\xb8\xba", sizeof bytes));
    CU_ASSERT_EQUAL(shown->payload_bytes, 100);
    CU_ASSERT_EQUAL(bytes[1], 0xff);
    const uint8_t *copy = shown->payload;
    masker_forget(masker);
    CU_ASSERT(!memcmp(copy, "\0\0\0\0", sizeof bytes));
    packet.payload = NULL;
    packet.payload_captured_bytes = 0;
    CU_ASSERT_PTR_NULL(masker_show(masker, &packet)->payload);
    masker_free(masker);
    keyed_hash_free(hash);
}

static void masks_have_names(void)
{
    for (unsigned mask = MASK_NONE + 1; mask < MASKS; mask++)
        CU_ASSERT_EQUAL(mask_find(mask_name((enum mask)mask)), mask);
    CU_ASSERT_EQUAL(mask_find("port"), MASK_NONE);
    CU_ASSERT_EQUAL(mask_find(""), MASK_NONE);
}

CU_TestInfo mask_tests[] = {
    {"flows stay what they are", flows_stay_what_they_are},
    {"the headers tier sees what is left", the_headers_tier_sees_what_is_left},
    {"inversion leaves statistics as they were", inversion_leaves_statistics_as_they_were},
    {"an end keeps one port", an_end_keeps_one_port},
    {"payload is inverted in a copy", payload_is_inverted_in_a_copy},
    {"masks have names", masks_have_names},
    CU_TEST_INFO_NULL,
};
