/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's net_pcap against libpcap: the same capture must give the same report, byte for byte. */
#include "dataplane/source_dpdk.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl/report_stream.h"
#include "dataplane/dataplane.h"
#include "dataplane/source_pcap.h"
#include "skip.h"
#include "suites.h"

enum { END_POLLS = 8 };

static const uint64_t second_ns = 1000000000;

/* A DPDK port reads its file once: one port per report. */
enum port {
    PORT_SAMPLE,
    PORT_SAMPLE_INTERVALS,
    PORT_SAMPLE_WORKERS,
    PORT_MADE,
    PORT_MADE_INTERVALS,
    PORTS,
};

static char made_capture[] = "/tmp/glassbox-test-XXXXXX";

/* ---- a capture with what the sample lacks: frames larger than one mbuf, breaks, odd ends ---- */

enum { HEADERS_BYTES = 42 };

static const uint8_t udp_headers[HEADERS_BYTES] = {
    2,    0, 0, 0, 0,   1, 2, 0, 0,    0,    0, 2,  0x08, 0x00, /* Ethernet */
    0x45, 0, 0, 0, 0,   0, 0, 0, 64,   17,   0, 0,              /* IPv4 */
    192,  0, 2, 1, 192, 0, 2, 2, 0xc0, 0x00, 0, 53, 0,    0,
    0,    0}; /* addresses, UDP to port 53 */

static void write_frame(pcap_dumper_t *dump, uint64_t time_us, uint32_t bytes)
{
    static uint8_t frame[70000];
    memset(frame, 0x5a, sizeof frame);
    memcpy(frame, udp_headers, sizeof udp_headers);
    uint32_t ip_bytes = bytes > 14 ? bytes - 14 : 0;
    frame[16] = (uint8_t)(ip_bytes >> 8);
    frame[17] = (uint8_t)ip_bytes;
    frame[34] = (uint8_t)(0xc0 + time_us % 7);
    frame[38] = (uint8_t)((ip_bytes - 20) >> 8);
    frame[39] = (uint8_t)(ip_bytes - 20);
    struct pcap_pkthdr header = {.caplen = bytes, .len = bytes};
    header.ts.tv_sec = (time_t)(time_us / 1000000);
    header.ts.tv_usec = (suseconds_t)(time_us % 1000000);
    pcap_dump((u_char *)dump, &header, frame);
}

/* Sizes around an mbuf's room (2048) and up to the largest IP packet; times that jump intervals,
 * stand still and run backwards. */
static void make_capture(void)
{
    static const uint32_t sizes[] = {60,   14,   1,    1514, 2047,  2048,  2049, 2176,
                                     2177, 4096, 4352, 9018, 30000, 65549, 60,   100};
    enum { SIZES = sizeof sizes / sizeof *sizes, FRAMES = 500 };
    int file = mkstemp(made_capture);
    CU_ASSERT_FATAL(file >= 0);
    close(file);
    pcap_t *dead = pcap_open_dead(DLT_EN10MB, 262144);
    pcap_dumper_t *dump = pcap_dump_open(dead, made_capture);
    CU_ASSERT_PTR_NOT_NULL_FATAL(dump);
    uint64_t time_us = 1600000000999000;
    for (unsigned i = 0; i < FRAMES; i++) {
        write_frame(dump, time_us, sizes[i % SIZES]);
        time_us += i % 50 == 49 ? 7300001 : i % 3 * 1009;
        time_us -= i % 31 == 30 ? 800000 : 0;
    }
    pcap_dump_close(dump);
    pcap_close(dead);
}

static void clean_up(void)
{
    source_dpdk_stop();
    unlink(made_capture);
}

/* ---- DPDK, once in this process ---- */

/* False, after saying so, where the test cannot run. */
static bool dpdk_runs(void)
{
    static char devices[PORTS][512];
    static int outcome = 1;
    const char *sample = getenv("GLASSBOX_SAMPLE");
    CU_ASSERT_PTR_NOT_NULL_FATAL(sample);
    if (outcome > 0) {
        const char *arguments[6 + PORTS] = {"--no-huge",      "--no-pci", "--no-shconf",
                                            "--no-telemetry", "-m",       "128"};
        make_capture();
        atexit(clean_up);
        for (unsigned i = 0; i < PORTS; i++) {
            snprintf(devices[i], sizeof devices[i], "--vdev=net_pcap%u,rx_pcap=%s", i,
                     i < PORT_MADE ? sample : made_capture);
            arguments[6 + i] = devices[i];
        }
        outcome = source_dpdk_start(6 + PORTS, arguments, NULL);
    }
    if (outcome == -ENOTSUP)
        test_skip("built without DPDK");
    else
        CU_ASSERT_EQUAL_FATAL(outcome, 0);
    return outcome == 0;
}

/* ---- reports ---- */

struct run {
    uint64_t interval_ns;
    unsigned worker_count;
};

static void fail_on_complaint(void *context, const char *input, const char *text)
{
    (void)context;
    fprintf(stderr, "%s: %s\n", input, text);
    CU_FAIL("the capture is complained about");
}

static struct source *open_pcap(const char *file, const struct run *run)
{
    static const char *files[1];
    files[0] = file;
    const struct source_pcap_options options = {
        .files = files,
        .file_count = 1,
        .interval_ns = run->interval_ns,
        .complaint = {.tell = fail_on_complaint},
    };
    struct source *source;
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &options, NULL), 0);
    return source;
}

static struct source *open_dpdk(enum port port, const struct run *run)
{
    const struct source_dpdk_options options = {.port = (uint16_t)port,
                                                .queue_count = 1,
                                                .interval_ns = run->interval_ns,
                                                .end_after_empty_polls = END_POLLS};
    struct source *source;
    CU_ASSERT_EQUAL_FATAL(source_dpdk_open(&source, &options, NULL), 0);
    return source;
}

/* Every report of the run, one JSON object each; to be freed. */
static char *report_of(struct source *source, const struct run *run)
{
    char *text = NULL;
    size_t length;
    struct protocols *protocols;
    struct tally *tally;
    struct dataplane *dataplane;
    struct report_stream *stream;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&tally, protocols_count(protocols), NULL), 0);
    const struct dataplane_options options = {.classifier = {.tiers = 1u << TIER_PORTS,
                                                             .flow_count = 4096,
                                                             .timeouts = flow_timeouts_default()},
                                              .worker_count = run->worker_count,
                                              .protocols = protocols};
    const struct report_context context = {.source_kind = "any",
                                           .link = "file",
                                           .tiers = options.classifier.tiers,
                                           .interval_ns = run->interval_ns,
                                           .protocols = protocols};
    FILE *out = open_memstream(&text, &length);
    CU_ASSERT_EQUAL_FATAL(dataplane_start(&dataplane, &options, source, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(report_stream_new(&stream, &context, REPORT_JSON, out, NULL), 0);
    while (dataplane_next(dataplane, tally))
        CU_ASSERT_EQUAL(report_stream_write(stream, tally, NULL), 0);
    fclose(out);
    report_stream_free(stream);
    dataplane_free(dataplane);
    tally_free(tally);
    protocols_free(protocols);
    return text;
}

static unsigned lines_of(const char *text)
{
    unsigned lines = 0;
    for (; *text; text++)
        lines += *text == '\n';
    return lines;
}

static void compare(enum port port, const char *file, const struct run *run, unsigned least_lines)
{
    char *by_pcap = report_of(open_pcap(file, run), run);
    char *by_dpdk = report_of(open_dpdk(port, run), run);
    CU_ASSERT_STRING_EQUAL(by_dpdk, by_pcap);
    CU_ASSERT(lines_of(by_pcap) >= least_lines);
    CU_ASSERT_PTR_NOT_NULL(strstr(by_pcap, "\"dns\""));
    free(by_pcap);
    free(by_dpdk);
}

static void reports_the_sample(void)
{
    if (!dpdk_runs())
        return;
    const char *sample = getenv("GLASSBOX_SAMPLE");
    compare(PORT_SAMPLE, sample, &(struct run){.worker_count = 1}, 1);
    compare(PORT_SAMPLE_INTERVALS, sample,
            &(struct run){.worker_count = 1, .interval_ns = 5 * second_ns}, 5);
    compare(PORT_SAMPLE_WORKERS, sample,
            &(struct run){.worker_count = 2, .interval_ns = 5 * second_ns}, 5);
}

static void reports_large_frames_and_odd_times(void)
{
    if (!dpdk_runs())
        return;
    compare(PORT_MADE, made_capture, &(struct run){.worker_count = 1}, 1);
    compare(PORT_MADE_INTERVALS, made_capture,
            &(struct run){.worker_count = 1, .interval_ns = second_ns}, 10);
}

static void refuses_what_is_not_there(void)
{
    if (!dpdk_runs())
        return;
    struct source *sources[2];
    struct error error = {0};
    CU_ASSERT_EQUAL(source_dpdk_ports(), 0);
    CU_ASSERT_EQUAL(source_dpdk_open(sources,
                                     &(struct source_dpdk_options){.port = 99, .queue_count = 1},
                                     &error),
                    -ENODEV);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "99"));
}

CU_TestInfo source_dpdk_tests[] = {
    {"reports the sample as libpcap does", reports_the_sample},
    {"reports large frames and odd times as libpcap does", reports_large_frames_and_odd_times},
    {"refuses a port that is not there", refuses_what_is_not_there},
    CU_TEST_INFO_NULL,
};
