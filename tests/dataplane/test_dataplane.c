/* SPDX-License-Identifier: BSD-3-Clause */
/* From capture to tally: the same totals however the work is split over threads and intervals. */
#include "dataplane/dataplane.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_writer.h"
#include "dataplane/source_pcap.h"
#include "random.h"
#include "replay_capture.h"
#include "suites.h"

static const uint64_t second_ns = 1000000000;

static struct protocols *protocols;

/* A capture of random talk between a few hosts over 20 seconds; returns its frames and bytes. */
static struct tally_count write_talk(const char *path, uint64_t seed, unsigned packets)
{
    struct random random = {seed};
    struct tally_count written = {0};
    FILE *file = fopen(path, "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    capture_begin(file, false);
    for (unsigned i = 0; i < packets; i++) {
        static const uint16_t ports[] = {80, 443, 53, 25, 6881, 12345};
        static const uint8_t kinds[] = {IP_TCP, IP_UDP, IP_TCP, IP_ICMP};
        bool is_back = random_below(&random, 2);
        uint32_t host = 0x0a000000 + (uint32_t)random_below(&random, 50);
        uint32_t server = 0x0a010000 + (uint32_t)random_below(&random, 20);
        uint16_t port = ports[random_below(&random, 6)];
        struct capture_packet packet = {
            .time_ns = 1000 * second_ns + i * 20 * second_ns / packets,
            .source = is_back ? server : host,
            .destination = is_back ? host : server,
            .source_port = is_back ? port : 40000,
            .destination_port = is_back ? 40000 : port,
            .protocol = kinds[random_below(&random, 4)],
            .tcp_flags = (uint8_t)random_below(&random, 32),
            .tcp_sequence = (uint32_t)random_next(&random),
            .payload_bytes = (uint16_t)random_below(&random, 1000),
            .fragment = random_below(&random, 40) ? 0 : (uint16_t)random_below(&random, 0x3000),
            .fragment_id = (uint16_t)random_below(&random, 3),
        };
        written.bytes += capture_write(file, false, &packet);
        written.frames++;
    }
    fclose(file);
    return written;
}

static char talk_path[] = "/tmp/glassbox-test-XXXXXX";
static struct tally_count talk;

static void prepare(void)
{
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    strcpy(talk_path + strlen(talk_path) - 6, "XXXXXX");
    int file = mkstemp(talk_path);
    CU_ASSERT_FATAL(file >= 0);
    close(file);
    talk = write_talk(talk_path, 11, 20000);
}

static void clean_up(void)
{
    unlink(talk_path);
    protocols_free(protocols);
}

/* Everything but the interval's own bounds. */
static bool same_tally(const struct tally *a, const struct tally *b)
{
    struct tally plain_a = *a;
    struct tally plain_b = *b;
    plain_a.interval_ns = plain_b.interval_ns = 0;
    plain_a.end_ns = plain_b.end_ns = 0;
    plain_a.non_ip = plain_b.non_ip = NULL;
    plain_a.cells = plain_b.cells = NULL;
    plain_a.headers = plain_b.headers = NULL;
    plain_a.services = plain_b.services = NULL;
    return memcmp(&plain_a, &plain_b, sizeof plain_a) == 0 &&
           memcmp(a->non_ip, b->non_ip, a->protocol_count * sizeof *a->non_ip) == 0 &&
           memcmp(a->cells, b->cells, a->protocol_count * sizeof *a->cells) == 0 &&
           memcmp(a->headers, b->headers, a->protocol_count * sizeof *a->headers) == 0 &&
           memcmp(a->services, b->services, SERVICES_MAX * sizeof *a->services) == 0;
}

static void counts_every_frame_once(void)
{
    prepare();
    const char *files[] = {talk_path, talk_path};
    struct replayed replayed;
    struct dataplane_options options = replay_defaults(protocols);
    replay_captures(&replayed, &options, files, 2, 0);
    CU_ASSERT_EQUAL_FATAL(replayed.interval_count, 1);
    CU_ASSERT_EQUAL(replayed.intervals[0]->seen.frames, 2 * talk.frames);
    CU_ASSERT_EQUAL(replayed.intervals[0]->seen.bytes, 2 * talk.bytes);
    CU_ASSERT(replayed.intervals[0]->orphan_fragments.frames > 0);
    CU_ASSERT_TRUE(replayed_balances(&replayed));
    CU_ASSERT_EQUAL(replayed.complaints, 0);
    replayed_free(&replayed);
    clean_up();
}

static void many_workers_count_like_one(void)
{
    prepare();
    const char *files[] = {talk_path};
    for (uint64_t interval_ns = 0; interval_ns <= 3 * second_ns; interval_ns += 3 * second_ns) {
        struct replayed alone;
        struct dataplane_options options = replay_defaults(protocols);
        options.classifier.counts_hosts = false;
        replay_captures(&alone, &options, files, 1, interval_ns);
        for (options.worker_count = 2; options.worker_count <= 5; options.worker_count++) {
            struct replayed together;
            replay_captures(&together, &options, files, 1, interval_ns);
            CU_ASSERT_EQUAL_FATAL(together.interval_count, alone.interval_count);
            for (unsigned i = 0; i < alone.interval_count; i++) {
                CU_ASSERT_EQUAL(together.intervals[i]->interval_ns,
                                alone.intervals[i]->interval_ns);
                CU_ASSERT_TRUE(same_tally(together.intervals[i], alone.intervals[i]));
            }
            replayed_free(&together);
        }
        replayed_free(&alone);
    }
    clean_up();
}

/* Tables that are worked through within an interval, and not; timeouts that end flows in it. */
static void closing_while_traffic_goes_on_changes_nothing(void)
{
    static const struct {
        uint64_t flow_count, interval_ns;
    } cases[] = {{16384, 10000000000}, {65536, 3000000000}};
    prepare();
    const char *files[] = {talk_path};
    for (unsigned i = 0; i < 2; i++) {
        struct replayed at_once;
        struct replayed live;
        struct dataplane_options options = replay_defaults(protocols);
        options.classifier.flow_count = cases[i].flow_count;
        options.classifier.counts_hosts = false;
        options.classifier.timeouts.udp_ns = second_ns / 2;
        options.classifier.timeouts.tcp_ns = second_ns * 4;
        replay_captures(&at_once, &options, files, 1, cases[i].interval_ns);
        options.is_live = true;
        replay_captures(&live, &options, files, 1, cases[i].interval_ns);
        CU_ASSERT_EQUAL_FATAL(live.interval_count, at_once.interval_count);
        CU_ASSERT(live.interval_count > 1);
        for (unsigned k = 0; k < live.interval_count; k++) {
            CU_ASSERT_EQUAL(live.intervals[k]->interval_ns, at_once.intervals[k]->interval_ns);
            CU_ASSERT_EQUAL(live.intervals[k]->flows.evicted, 0);
            CU_ASSERT_TRUE(same_tally(live.intervals[k], at_once.intervals[k]));
        }
        replayed_free(&at_once);
        replayed_free(&live);
    }
    clean_up();
}

static void intervals_add_up_to_the_whole(void)
{
    prepare();
    const char *files[] = {talk_path};
    struct replayed whole;
    struct replayed cut;
    struct dataplane_options options = replay_defaults(protocols);
    replay_captures(&whole, &options, files, 1, 0);
    replay_captures(&cut, &options, files, 1, 3 * second_ns);
    CU_ASSERT_EQUAL(cut.interval_count, 7); /* 999, 1002, … 1017 */
    CU_ASSERT_TRUE(replayed_balances(&cut));
    struct tally *total = replayed_total(&cut);
    total->flows.active = 0; /* of earlier intervals: those flows went on */
    CU_ASSERT_TRUE(same_tally(total, whole.intervals[0]));
    tally_free(total);
    replayed_free(&cut);
    replayed_free(&whole);
    clean_up();
}

static void a_full_table_loses_nothing(void)
{
    prepare();
    const char *files[] = {talk_path};
    struct replayed replayed;
    struct dataplane_options options = replay_defaults(protocols);
    options.classifier.flow_count = 16;
    replay_captures(&replayed, &options, files, 1, 0);
    CU_ASSERT(replayed.intervals[0]->flows.evicted > 1000);
    CU_ASSERT_EQUAL(replayed.intervals[0]->seen.frames, talk.frames);
    CU_ASSERT_TRUE(replayed_balances(&replayed));
    replayed_free(&replayed);
    clean_up();
}

static void distinct_hosts_are_counted_from_below(void)
{
    prepare();
    const char *files[] = {talk_path};
    struct replayed replayed;
    struct dataplane_options options = replay_defaults(protocols);
    options.classifier.counts_hosts = true;
    replay_captures(&replayed, &options, files, 1, 0);
    int dns = protocols_find(protocols, "dns");
    unsigned hosts = tally_cell_hosts(&replayed.intervals[0]->cells[dns]);
    CU_ASSERT(hosts <= 70 && hosts > 35); /* 50 clients and 20 servers can start a flow here */
    replayed_free(&replayed);
    clean_up();
}

static void ignore_complaint(void *context, const char *input, const char *text)
{
    (void)context;
    (void)input;
    (void)text;
}

/* Stopped after its first interval, a run of many workers ends early and still adds up. */
static void a_stopped_run_reports_what_it_has(void)
{
    prepare();
    const char *files[100];
    for (unsigned i = 0; i < 100; i++)
        files[i] = talk_path;
    const struct source_pcap_options pcap = {.files = files,
                                             .file_count = 100,
                                             .interval_ns = second_ns,
                                             .complaint = {.tell = ignore_complaint}};
    struct dataplane_options options = replay_defaults(protocols);
    options.worker_count = 3;
    struct source *source;
    struct dataplane *dataplane;
    struct tally *tally;
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(protocols), NULL), 0);
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &pcap, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(dataplane_start(&dataplane, &options, source, NULL), 0);
    uint64_t frames = 0;
    while (dataplane_next(dataplane, tally)) {
        struct tally_balance balance = tally_balance(tally);
        CU_ASSERT_EQUAL(balance.seen.frames, balance.accounted.frames);
        frames += tally->seen.frames;
        dataplane_stop(dataplane);
    }
    CU_ASSERT(frames > 0 && frames < 100 * talk.frames);
    CU_ASSERT_TRUE(dataplane_was_stopped(dataplane));
    dataplane_free(dataplane);
    tally_free(tally);
    clean_up();
}

CU_TestInfo dataplane_tests[] = {
    {"counts every frame once", counts_every_frame_once},
    {"many workers count like one", many_workers_count_like_one},
    {"closing an interval while traffic goes on changes nothing",
     closing_while_traffic_goes_on_changes_nothing},
    {"intervals add up to the whole", intervals_add_up_to_the_whole},
    {"a full table loses nothing", a_full_table_loses_nothing},
    {"distinct hosts are counted from below", distinct_hosts_are_counted_from_below},
    {"a stopped run reports what it has", a_stopped_run_reports_what_it_has},
    CU_TEST_INFO_NULL,
};
