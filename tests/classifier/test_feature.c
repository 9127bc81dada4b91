/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of flows computed by hand, and what must not change them. */
#include "classifier/feature.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/classifier.h"
#include "dataplane/source_pcap.h"
#include "suites.h"

enum { ROWS_MAX = 20000, PACKETS_MAX = 200, FRAME_BYTES_MAX = 65536 };

/* One packet of a flow between two hosts. */
struct step {
    uint32_t at_us;
    bool is_back;
    uint8_t flags;
    uint32_t bytes;
    uint32_t sequence; /* 0: goes on where its direction is */
};

struct row {
    uint32_t checkpoint, is_end, data_packets;
    int16_t values[FEATURES];
};

struct rows {
    unsigned count;
    struct row *row;
};

static struct rows rows_new(void)
{
    return (struct rows){.row = calloc(ROWS_MAX, sizeof(struct row))};
}

static void note_row(void *context, const struct flow_measured *flow)
{
    struct rows *rows = context;
    CU_ASSERT_FATAL(rows->count < ROWS_MAX);
    struct row *row = &rows->row[rows->count++];
    row->checkpoint = flow->checkpoint;
    row->is_end = flow->is_end;
    row->data_packets = flow->data_packets;
    memcpy(row->values, flow->values, sizeof row->values);
}

static struct packet packet_of(uint8_t protocol, const struct step *step, uint32_t *sequences)
{
    struct packet packet = {.time_ns = 1700000000000000000 + 1000ull * step->at_us,
                            .wire_bytes = 54 + step->bytes,
                            .ip_version = 4,
                            .protocol = protocol,
                            .has_ports = true,
                            .payload_bytes = step->bytes,
                            .source = {10, 0, 0, step->is_back ? 2 : 1},
                            .destination = {10, 0, 0, step->is_back ? 1 : 2}};
    packet.source_port = step->is_back ? 80 : 1000;
    packet.destination_port = step->is_back ? 1000 : 80;
    if (protocol != IP_TCP)
        return packet;
    packet.tcp_flags = step->flags;
    packet.tcp_sequence = step->sequence ? step->sequence : sequences[step->is_back];
    if (!step->sequence)
        sequences[step->is_back] += step->bytes + !!(step->flags & TCP_SYN);
    return packet;
}

/* Runs the flow and ends it; each direction's sequence numbers start with 1000. */
static void run_flow(struct rows *rows, uint8_t protocol, const struct step *steps, unsigned count)
{
    struct headers_clock *clock;
    const struct headers_options options = {.flow_count = 1, .measure = note_row, .context = rows};
    CU_ASSERT_EQUAL_FATAL(headers_clock_new(&clock, &options, NULL), 0);
    uint32_t sequences[2] = {1000, 1000};
    struct flow flow;
    struct flow_detail detail;
    for (unsigned i = 0; i < count; i++) {
        struct packet packet = packet_of(protocol, &steps[i], sequences);
        if (i == 0) {
            flow_begin(&flow, &detail, &packet);
            headers_clock_begin(&flow);
        }
        bool is_data = flow_update(&flow, &packet);
        if (headers_clock_wants(&flow))
            headers_clock_tick(clock, &flow, &detail, &packet, is_data, NULL);
    }
    if (headers_clock_wants(&flow))
        headers_clock_end(clock, &flow, &detail, NULL);
    headers_clock_free(clock);
}

static int value(const struct row *row, const char *name)
{
    int feature = feature_find(name);
    CU_ASSERT_FATAL(feature >= 0);
    return row->values[feature];
}

struct expectation {
    const char *name;
    int value;
};

static void expect(const struct row *row, const struct expectation *expected)
{
    for (; expected->name; expected++) {
        int found = value(row, expected->name);
        if (found != expected->value) {
            printf("\n    %s is %d, not %d", expected->name, found, expected->value);
            CU_FAIL("a value differs");
        }
    }
}

/* A web-like exchange over a round trip of 40 ms: 4 log2(40000) = 61.15. */
static const struct step web[] = {
    {0, false, TCP_SYN, 0, 0},         {30000, true, TCP_SYN | TCP_ACK, 0, 0},
    {40000, false, TCP_ACK, 0, 0},     {40100, false, TCP_ACK, 300, 0},
    {80100, true, TCP_ACK, 0, 0},      {80200, true, TCP_ACK, 1448, 0},
    {80201, true, TCP_ACK, 1448, 0},   {80301, true, TCP_ACK, 512, 0},
    {1080301, false, TCP_ACK, 300, 0},
};

static void measures_a_connection(void)
{
    struct rows rows = rows_new();
    run_flow(&rows, IP_TCP, web, sizeof web / sizeof *web);
    CU_ASSERT_EQUAL_FATAL(rows.count, 3);
    expect(&rows.row[0], (struct expectation[]){{"packets", 2},
                                                {"size_1", 300},
                                                {"size_2", -1448},
                                                {"size_3", FEATURE_MISSING},
                                                {"gap_1", 61},
                                                {"pace_1", 0},
                                                {"gap_2", FEATURE_MISSING},
                                                {"turns", 1000},
                                                {NULL, 0}});
    CU_ASSERT_EQUAL(rows.row[1].checkpoint, 1);
    CU_ASSERT_EQUAL(rows.row[1].is_end, false);
    CU_ASSERT_EQUAL(rows.row[2].checkpoint, 2);
    CU_ASSERT_EQUAL(rows.row[2].is_end, true);
    CU_ASSERT_EQUAL(rows.row[2].data_packets, 5);
    /* gaps: 40100 us, 1 us, 100 us, 1 s: 61, 0, 26, 79 */
    expect(&rows.row[2], (struct expectation[]){{"transport", 6},
                                                {"packets", 5},
                                                {"size_4", -512},
                                                {"size_5", 300},
                                                {"gap_2", 0},
                                                {"gap_3", 26},
                                                {"gap_4", 79},
                                                {"pace_3", -35},
                                                {"pace_4", 18},
                                                {"pace_5", FEATURE_MISSING},
                                                {"run_1", 300},
                                                {"run_2", -3408},
                                                {"run_3", 300},
                                                {"run_4", FEATURE_MISSING},
                                                {"forward_packets", 2},
                                                {"forward_mean", 300},
                                                {"forward_spread", 0},
                                                {"backward_packets", 3},
                                                {"backward_mean", 1136},
                                                {"backward_spread", 441},
                                                {"backward_least", 512},
                                                {"backward_most", 1448},
                                                {"forward_share", 149},
                                                {"turns", 500},
                                                {"mean_gap", 166},
                                                {"mean_pace", -78},
                                                {"gap_spread", 122},
                                                {"longest_gap", 79},
                                                {"longest_pace", 18},
                                                {"run_gap", 52},
                                                {"turn_gap", 280},
                                                {"turn_pace", 36},
                                                {"repeats", 400},
                                                {"residues", 400},
                                                {"multiples_of_8", 600},
                                                {"multiples_of_16", 200},
                                                {"full", 400},
                                                {NULL, 0}});
    free(rows.row);
}

/* Each half of an asymmetric connection keeps its side; both know the round trip. */
static void measures_halves_on_their_sides(void)
{
    for (unsigned is_back = 0; is_back < 2; is_back++) {
        struct step half[sizeof web / sizeof *web];
        unsigned count = 0;
        for (unsigned i = 0; i < sizeof web / sizeof *web; i++) {
            if (web[i].is_back == is_back)
                half[count++] = web[i];
        }
        struct rows rows = rows_new();
        run_flow(&rows, IP_TCP, half, count);
        const struct row *last = &rows.row[rows.count - 1];
        static const struct expectation client[] = {{"size_1", 300},
                                                    {"size_2", 300},
                                                    {"forward_packets", 2},
                                                    {"pace_1", 18},
                                                    {"backward_packets", 0},
                                                    {"backward_mean", FEATURE_MISSING},
                                                    {"forward_share", 1000},
                                                    {"turn_gap", FEATURE_MISSING},
                                                    {NULL, 0}};
        /* the answer's SYN at 30000 us, its acknowledgement of data at 80100 us: 62 */
        static const struct expectation server[] = {
            {"size_1", -1448}, {"size_3", -512}, {"backward_packets", 3}, {"forward_packets", 0},
            {"run_1", -3408},  {"pace_1", -62},  {"forward_share", 0},    {NULL, 0}};
        expect(last, is_back ? server : client);
        free(rows.row);
    }
}

static void leaves_repetition_out(void)
{
    static const struct step noisy[] = {
        {0, false, TCP_SYN, 0, 0},          {30000, true, TCP_SYN | TCP_ACK, 0, 0},
        {40000, false, TCP_ACK, 0, 0},      {40100, false, TCP_ACK, 300, 0},
        {60000, false, TCP_ACK, 300, 1001}, /* again */
        {80100, true, TCP_ACK, 0, 0},       {80200, true, TCP_ACK, 1448, 0},
        {80201, true, TCP_ACK, 1448, 0},    {80250, true, TCP_ACK, 1448, 1001}, /* again */
        {80301, true, TCP_ACK, 512, 0},     {900000, false, TCP_ACK, 1, 1300},  /* keep-alive */
        {1080301, false, TCP_ACK, 300, 0},
    };
    struct rows plain = rows_new();
    struct rows rows = rows_new();
    run_flow(&plain, IP_TCP, web, sizeof web / sizeof *web);
    run_flow(&rows, IP_TCP, noisy, sizeof noisy / sizeof *noisy);
    CU_ASSERT_EQUAL_FATAL(rows.count, plain.count);
    CU_ASSERT_EQUAL(memcmp(rows.row, plain.row, rows.count * sizeof *rows.row), 0);
    free(rows.row);
    free(plain.row);
}

static void tells_round_trips(void)
{
    static const struct {
        const char *what;
        uint8_t protocol;
        int pace; /* of the gap before the last packet: 79 less the round trip */
        unsigned count;
        struct step steps[8];
    } cases[] = {
        {"UDP: to the first answer",
         IP_UDP,
         79 - 39,
         3,
         {{0, false, 0, 10, 0}, {1000, true, 0, 10, 0}, {1001000, false, 0, 10, 0}}},
        {"UDP: the other side first, and then an answer",
         IP_UDP,
         79 - 26,
         4,
         {{0, false, 0, 10, 0},
          {5, false, 0, 10, 0},
          {105, true, 0, 10, 0},
          {1000105, true, 0, 10, 0}}},
        {"UDP: one way, none",
         IP_UDP,
         FEATURE_MISSING,
         2,
         {{0, false, 0, 10, 0}, {1000000, false, 0, 10, 0}}},
        {"the last SYN counts",
         IP_TCP,
         79 - 53,
         6,
         {{0, false, TCP_SYN, 0, 1000},
          {3000000, false, TCP_SYN, 0, 1000},
          {3005000, true, TCP_SYN | TCP_ACK, 0, 500},
          {3010000, false, TCP_ACK, 0, 1001},
          {3010001, false, TCP_ACK, 5, 1001},
          {4010001, true, TCP_ACK, 5, 501}}},
        {"data ends the handshake, too",
         IP_TCP,
         79 - 53,
         4,
         {{0, false, TCP_SYN, 0, 1000},
          {5000, true, TCP_SYN | TCP_ACK, 0, 500},
          {10000, false, TCP_ACK, 5, 1001},
          {1010000, true, TCP_ACK, 5, 501}}},
        {"what ends it was lost: the first answer's",
         IP_TCP,
         79 - 39,
         5,
         {{0, false, TCP_SYN, 0, 1000},
          {5000, true, TCP_ACK, 7, 501},
          {10000, false, TCP_ACK, 5, 1001},
          {11000, true, TCP_ACK, 5, 508},
          {1011000, false, TCP_ACK, 9, 1006}}},
        {"under a microsecond is one",
         IP_UDP,
         79 - 1,
         3,
         {{7, false, 0, 10, 0}, {7, true, 0, 10, 0}, {1000007, false, 0, 10, 0}}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rows rows = rows_new();
        run_flow(&rows, cases[i].protocol, cases[i].steps, cases[i].count);
        const struct row *last = &rows.row[rows.count - 1];
        int found = last->values[FEATURE_PACE_FIRST + value(last, "packets") - 2];
        if (found != cases[i].pace) {
            printf("\n    %s: %d, not %d", cases[i].what, found, cases[i].pace);
            CU_FAIL("a round trip differs");
        }
        free(rows.row);
    }
}

/* Time that runs backwards, or 40 minutes on, leaves a gap of 0; time wraps after 71 minutes. */
static void bears_time_of_any_kind(void)
{
    static const struct step steps[] = {
        {5000000, false, 0, 10, 0},    {4000000, false, 0, 10, 0}, /* backwards */
        {4000000, false, 0, 10, 0},                                /* at once */
        {2404000000, false, 0, 10, 0},                             /* 40 minutes */
        {4294967290, false, 0, 10, 0},                             /* 31 minutes */
        {6, false, 0, 10, 0}, /* back to the start, which looks like 12 us */
    };
    struct rows rows = rows_new();
    run_flow(&rows, IP_UDP, steps, sizeof steps / sizeof *steps);
    expect(&rows.row[rows.count - 1], (struct expectation[]){{"gap_1", 0},
                                                             {"gap_2", 0},
                                                             {"gap_3", 0},
                                                             {"gap_4", 123},
                                                             {"longest_gap", 123},
                                                             {NULL, 0}});
    free(rows.row);
}

static void saturates_and_stops(void)
{
    struct step *steps = calloc(PACKETS_MAX, sizeof *steps);
    for (unsigned i = 0; i < PACKETS_MAX; i++)
        steps[i] = (struct step){1000000 * i, i % 2, 0, 65507, 0};
    struct rows rows = rows_new();
    run_flow(&rows, IP_UDP, steps, PACKETS_MAX);
    CU_ASSERT_EQUAL_FATAL(rows.count, FEATURE_CHECKPOINTS);
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        CU_ASSERT_EQUAL(rows.row[i].checkpoint, i);
        CU_ASSERT_EQUAL(rows.row[i].data_packets, feature_checkpoint_packets(i));
    }
    /* one second's round trip, 79 quarters */
    expect(&rows.row[5], (struct expectation[]){{"packets", 64},
                                                {"size_8", -2047},
                                                {"run_4", -16382},
                                                {"forward_packets", 32},
                                                {"forward_mean", 2047},
                                                {"forward_spread", 0},
                                                {"backward_most", 2047},
                                                {"forward_share", 500},
                                                {"turns", 1000},
                                                {"mean_gap", 316},
                                                {"gap_spread", 0},
                                                {"mean_pace", 0},
                                                {"run_gap", FEATURE_MISSING},
                                                {"turn_gap", 316},
                                                {"repeats", 968},
                                                {"full", 1000},
                                                {NULL, 0}});
    rows.count = 0;
    for (unsigned i = 0; i < PACKETS_MAX; i++)
        steps[i].is_back = false;
    run_flow(&rows, IP_UDP, steps, 8);
    expect(&rows.row[2], (struct expectation[]){{"run_1", 32767}, {NULL, 0}});
    free(rows.row);
    free(steps);
}

/* The values of 16 packets, counted in a tail, are those of a head that could hold them. */
static void tails_go_on_where_heads_end(void)
{
    struct step steps[16];
    for (unsigned i = 0; i < 16; i++)
        steps[i] = (struct step){i * i * 1000, i % 3 == 0, 0, 16 * i, 0};
    struct rows rows = rows_new();
    run_flow(&rows, IP_UDP, steps, 16);
    /* backward at 0, 3, 6 ... 15: the first packet gives the forward side its name */
    expect(&rows.row[3], (struct expectation[]){{"packets", 16},
                                                {"forward_packets", 6},
                                                {"forward_mean", 120},
                                                {"forward_spread", 81},
                                                {"backward_packets", 10},
                                                {"backward_mean", 120},
                                                {"backward_least", 16},
                                                {"backward_most", 224},
                                                {"turns", 666},
                                                {"multiples_of_16", 1000},
                                                {"repeats", 0},
                                                {"residues", 875},
                                                {"full", 62},
                                                {NULL, 0}});
    free(rows.row);
}

static void names_find_their_features(void)
{
    for (int i = 0; i < FEATURES; i++) {
        const struct feature_info *info = feature_get((enum feature)i);
        CU_ASSERT_PTR_NOT_NULL_FATAL(info->name);
        CU_ASSERT_EQUAL(feature_find(info->name), i);
        CU_ASSERT(info->unit[0] && info->definition[0]);
    }
    CU_ASSERT_EQUAL(feature_find("size_9"), -1);
    CU_ASSERT_EQUAL(feature_find(""), -1);
    static const unsigned firsts[] = {1, 3, 5, 9, 17, 33, 65};
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        for (unsigned packets = firsts[i]; packets < firsts[i + 1]; packets++)
            CU_ASSERT_EQUAL(feature_checkpoint_of(packets), i);
    }
}

/* Addresses, ports, TTLs, sequence numbers and the start of time are changed in the frame. */
static void renumber(uint8_t *bytes, struct frame *frame)
{
    CU_ASSERT_FATAL(frame->captured_bytes <= FRAME_BYTES_MAX);
    memcpy(bytes, frame->bytes, frame->captured_bytes);
    frame->bytes = bytes;
    frame->time_ns += 86461000003000;
    bool is_ipv4 = bytes[12] == 0x08 && bytes[13] == 0x00;
    bool is_ipv6 = bytes[12] == 0x86 && bytes[13] == 0xdd;
    if (frame->captured_bytes < (is_ipv4 ? 42u : 62u) || !(is_ipv4 || is_ipv6))
        return;
    uint8_t *ip = bytes + 14;
    ip[is_ipv4 ? 8 : 7] ^= 0x35;
    for (unsigned i = is_ipv4 ? 12 : 8; i < (is_ipv4 ? 20u : 40u); i++)
        ip[i] ^= i % 4 == 0 ? 0x81 : 0x5a;
    uint8_t protocol = ip[is_ipv4 ? 9 : 6];
    bool is_later = is_ipv4 && ((ip[6] & 0x1f) || ip[7]);
    if ((protocol != IP_TCP && protocol != IP_UDP) || is_later)
        return;
    uint8_t *ports = ip + (is_ipv4 ? 4 * (ip[0] & 15) : 40);
    for (unsigned i = 0; i < 4; i++)
        ports[i] ^= 0xc3;
    if (protocol == IP_TCP)
        ports[4] ^= 0x80; /* half the circle further */
}

static void measure_capture(struct rows *rows, const char *file, bool is_renumbered)
{
    struct protocols *protocols;
    struct source *source;
    struct classifier *classifier;
    struct tally *tally;
    struct keyed_secret secret = {{1}};
    const struct source_pcap_options pcap = {.files = &file, .file_count = 1};
    const struct classifier_options options = {.flow_count = 100000,
                                               .timeouts = flow_timeouts_default(),
                                               .packet = {.keep_encapsulated = true},
                                               .observer = {.measure = note_row, .context = rows}};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(protocols), NULL), 0);
    CU_ASSERT_EQUAL_FATAL(classifier_new(&classifier, &options, protocols, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &pcap, NULL), 0);
    static uint8_t copies[FRAME_BURST][FRAME_BYTES_MAX];
    struct burst burst;
    do {
        source_burst(source, &burst);
        for (unsigned i = 0; is_renumbered && i < burst.count; i++)
            renumber(copies[i], &burst.frames[i]);
        classifier_burst(classifier, burst.frames, burst.count, tally);
        source_release(source, &burst);
    } while (!burst.is_end);
    source_close(source);
    classifier_free(classifier);
    tally_free(tally);
    protocols_free(protocols);
}

static int compare_rows(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct row));
}

static void does_not_know_who_where_and_when(void)
{
    const char *file = getenv("GLASSBOX_SAMPLE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    struct rows plain = rows_new();
    struct rows renumbered = rows_new();
    measure_capture(&plain, file, false);
    measure_capture(&renumbered, file, true);
    CU_ASSERT(plain.count > 100);
    CU_ASSERT_EQUAL_FATAL(plain.count, renumbered.count);
    qsort(plain.row, plain.count, sizeof *plain.row, compare_rows);
    qsort(renumbered.row, plain.count, sizeof *plain.row, compare_rows);
    CU_ASSERT_EQUAL(memcmp(plain.row, renumbered.row, plain.count * sizeof *plain.row), 0);
    free(plain.row);
    free(renumbered.row);
}

CU_TestInfo feature_tests[] = {
    {"a connection, computed by hand", measures_a_connection},
    {"halves of a connection keep their side", measures_halves_on_their_sides},
    {"retransmissions and keep-alives change nothing", leaves_repetition_out},
    {"round trips from handshakes and answers", tells_round_trips},
    {"time backwards, still and wrapped", bears_time_of_any_kind},
    {"saturates, and stops at the last checkpoint", saturates_and_stops},
    {"tails go on where heads end", tails_go_on_where_heads_end},
    {"names, and which checkpoint is next", names_find_their_features},
    {"addresses, ports, TTLs and start time do not matter", does_not_know_who_where_and_when},
    CU_TEST_INFO_NULL,
};
