/* SPDX-License-Identifier: BSD-3-Clause */
/* The labeller's parts one by one: labels and names, halves joined to flows, frames selected, and,
 * where the kernel may be asked, a map that fills and is emptied. What the whole of it says of real
 * traffic is proved by tests/label/. */
#include "dataplane/label.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "label_cgroup.h"
#include "label_flow.h"
#include "label_select.h"
#include "skip.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { TCP = 6, UDP = 17, CALLED = LABEL_HALF_CALLED, ANSWERED = LABEL_HALF_ANSWERED };

static void knows_a_label(void)
{
    static const char *const good[] = {"http",           "http/youtube", "9p",
                                       "bittorrent-dht", "a/b-c",        "x-"};
    static const char *const bad[] = {"",   "/",   "http/", "/youtube", "a/b/c", "-a", "a/-b",
                                      "Ab", "a b", "a,b",   "é",        "a\nb",  "*",  "a_b"};
    for (size_t i = 0; i < COUNT(good); i++)
        CU_ASSERT_TRUE(label_text_check(good[i]));
    for (size_t i = 0; i < COUNT(bad); i++)
        CU_ASSERT_FALSE(label_text_check(bad[i]));
}

static void names_units(void)
{
    static const struct {
        const char *path, *label; /* null: no unit */
    } cases[] = {
        {"system.slice/ssh.service", "ssh"},
        {"system.slice/system-getty.slice/getty@tty1.service", "getty-tty1"},
        {"user.slice/user-1.slice/user@1.service/app.slice/app-Fire\\x2dfox-7.scope",
         "app-fire-fox-7"},
        {"init.scope", "init"},
        {"init.scope/below", "init"},
        {"a.service/b.service/c", "b"},
        {"system.slice/@odd.service", "odd"},
        {"x\\x2.service", "x-x2"},
        {"a\\xff.service", "a-"},
        {"system.slice", NULL},
        {"", NULL},
        {".service", NULL},
        {"@.service", NULL},
        {"a.service.d", NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char label[32];
        bool is_unit = label_cgroup_unit(cases[i].path, label, sizeof label);
        CU_ASSERT_EQUAL(is_unit, cases[i].label != NULL);
        if (is_unit && cases[i].label) {
            CU_ASSERT_STRING_EQUAL(label, cases[i].label);
            CU_ASSERT_TRUE(label_text_check(label));
        }
    }
    char brief[4];
    CU_ASSERT_TRUE(label_cgroup_unit("abc.scope", brief, sizeof brief));
    CU_ASSERT_FALSE(label_cgroup_unit("abcd.scope", brief, sizeof brief));
}

/* A half of a flow between 10.0.0.`local`:`local_port` and 10.0.0.`remote`:`remote_port`. */
static struct label_record half(uint8_t local, uint16_t local_port, uint8_t remote,
                                uint16_t remote_port, const char *label, uint64_t flags)
{
    struct label_record record = {
        .key = {.local_address = {10, 0, 0, local},
                .remote_address = {10, 0, 0, remote},
                .local_port = local_port,
                .remote_port = remote_port,
                .ip_version = 4,
                .transport = TCP},
        .half = {.first_ns = 100, .last_ns = 200, .flags = flags},
        .label = label,
    };
    return record;
}

static struct label_record counted(struct label_record record, uint64_t sent, uint64_t arrived)
{
    record.half.sent = (struct label_count){sent, 100 * sent};
    record.half.arrived = (struct label_count){arrived, 100 * arrived};
    return record;
}

/* The one flow the records make; false when it is left out. */
static bool join(struct label_record *records, size_t count, struct label_flow *flow,
                 struct label_counts *counts)
{
    static const struct label_endpoint endpoint = {4, {10, 0, 0, 53}, 53, "dns"};
    static const struct label_options options = {.endpoints = &endpoint, .endpoint_count = 1};
    struct label_flow flows[4];
    size_t written = label_flow_join(&options, records, count, flows, counts);
    CU_ASSERT_FATAL(written <= 1);
    CU_ASSERT_EQUAL(counts->flows_labelled, written);
    CU_ASSERT_EQUAL(counts->flows_labelled + counts->flows_conflicting + counts->flows_unlabelled,
                    1);
    *flow = flows[0];
    return written == 1;
}

static void joins_both_ends(void)
{
    struct label_record records[] = {
        counted(half(2, 80, 1, 4000, "http", ANSWERED), 10, 4),
        counted(half(1, 4000, 2, 80, "http", CALLED), 5, 11),
    };
    records[1].half.first_ns = 90;
    records[0].half.last_ns = 300;
    struct label_counts counts = {0};
    struct label_flow flow;
    CU_ASSERT_TRUE_FATAL(join(records, 2, &flow, &counts));
    CU_ASSERT_STRING_EQUAL(flow.label, "http");
    CU_ASSERT_EQUAL(flow.ends, LABEL_END_A | LABEL_END_B);
    CU_ASSERT_EQUAL(flow.a_address[3], 1);
    CU_ASSERT_EQUAL(flow.a_port, 4000);
    CU_ASSERT_EQUAL(flow.b_port, 80);
    CU_ASSERT_EQUAL(flow.first_ns, 90);
    CU_ASSERT_EQUAL(flow.last_ns, 300);
    CU_ASSERT_EQUAL(flow.a_to_b.packets, 5); /* one was lost */
    CU_ASSERT_EQUAL(flow.a_to_b_arrived.packets, 4);
    CU_ASSERT_EQUAL(flow.b_to_a.packets, 11); /* one was sent without a socket */
    CU_ASSERT_EQUAL(flow.b_to_a.ip_bytes, 1100);
    CU_ASSERT_EQUAL(flow.b_to_a_arrived.packets, 11);
    CU_ASSERT_EQUAL(counts.labelled.packets, 16);
    CU_ASSERT_EQUAL(counts.labelled.ip_bytes, 1600);
    CU_ASSERT_EQUAL(counts.flows_settled, 0);
}

static void adds_up_one_end_that_came_in_parts(void)
{
    struct label_record records[] = {
        counted(half(9, 9, 1, 9, "ssh", 0), 1, 2),
        counted(half(9, 9, 1, 9, NULL, 0), 0, 1), /* a stray of the kernel's own socket */
        counted(half(9, 9, 1, 9, "ssh", CALLED), 3, 4),
    };
    struct label_counts counts = {0};
    struct label_flow flow;
    CU_ASSERT_TRUE_FATAL(join(records, 3, &flow, &counts));
    CU_ASSERT_STRING_EQUAL(flow.label, "ssh");
    CU_ASSERT_EQUAL(flow.ends, LABEL_END_B);
    CU_ASSERT_EQUAL(flow.a_to_b.packets, 7);
    CU_ASSERT_EQUAL(flow.b_to_a.packets, 4);
    CU_ASSERT_EQUAL(flow.b_to_a_arrived.packets, 0);
}

static void settles_labels(void)
{
    static const struct {
        const char *a, *b;
        uint64_t a_flags, b_flags;
        const char *label; /* null: left out */
        bool is_settled;
    } cases[] = {
        {"http", NULL, CALLED, 0, "http", false},
        {NULL, "http", CALLED, ANSWERED, "http", false},
        {"http", "http", 0, 0, "http", false},
        {"bittorrent", "dns", CALLED, ANSWERED, "dns", true},
        {"bittorrent", "dns", CALLED, 0, "dns", true},
        {"bittorrent", "dns", 0, ANSWERED, "dns", true},
        {"bittorrent", "dns", ANSWERED, CALLED, "bittorrent", true},
        {"http", "http/youtube", CALLED, ANSWERED, "http/youtube", true},
        {"bittorrent", "dns", 0, 0, NULL, false},
        {"bittorrent", "dns", CALLED, CALLED, NULL, false}, /* simultaneous open */
        {"bittorrent", "dns", CALLED | ANSWERED, 0, NULL, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct label_record records[] = {
            half(1, 1, 2, 2, cases[i].a, cases[i].a_flags),
            half(2, 2, 1, 1, cases[i].b, cases[i].b_flags),
        };
        struct label_counts counts = {0};
        struct label_flow flow;
        bool is_labelled = join(records, 2, &flow, &counts);
        CU_ASSERT_EQUAL(is_labelled, cases[i].label != NULL);
        CU_ASSERT_EQUAL(counts.flows_settled, cases[i].is_settled);
        CU_ASSERT_EQUAL(counts.flows_conflicting, !is_labelled);
        if (is_labelled && cases[i].label)
            CU_ASSERT_STRING_EQUAL(flow.label, cases[i].label);
    }
}

static void leaves_out_what_has_no_truth(void)
{
    struct label_record passed_on[] = {
        counted(half(1, 1, 2, 2, "http", CALLED), 1, 1),
        counted(half(1, 1, 2, 2, "ssh", CALLED), 1, 1),
    };
    struct label_record nameless[] = {counted(half(1, 1, 2, 2, NULL, CALLED), 3, 4)};
    nameless[0].is_nameless = true;
    struct label_counts counts = {0};
    struct label_flow flow;
    CU_ASSERT_FALSE(join(passed_on, 2, &flow, &counts));
    CU_ASSERT_EQUAL(counts.flows_conflicting, 1);
    CU_ASSERT_EQUAL(counts.conflicting.packets, 4);
    counts = (struct label_counts){0};
    CU_ASSERT_FALSE(join(nameless, 1, &flow, &counts));
    CU_ASSERT_EQUAL(counts.flows_nameless, 1);
    CU_ASSERT_EQUAL(counts.unlabelled.ip_bytes, 700);
}

static void puts_endpoints_first(void)
{
    struct label_record records[] = {
        half(1, 1, 53, 53, "http", CALLED),
        half(53, 53, 1, 1, "proxy", ANSWERED),
    };
    struct label_record callee_unseen[] = {half(1, 1, 53, 53, NULL, CALLED)};
    struct label_counts counts = {0};
    struct label_flow flow;
    CU_ASSERT_TRUE_FATAL(join(records, 2, &flow, &counts));
    CU_ASSERT_STRING_EQUAL(flow.label, "dns");
    counts = (struct label_counts){0};
    CU_ASSERT_TRUE_FATAL(join(callee_unseen, 1, &flow, &counts));
    CU_ASSERT_STRING_EQUAL(flow.label, "dns");
    CU_ASSERT_EQUAL(flow.ends, LABEL_END_A);
}

static void counts_once_what_arrives_at_a_group(void)
{
    struct label_record sent_here[] = {
        counted(half(1, 5, 2, 5, "mdns", CALLED), 2, 0),
        counted(half(2, 5, 1, 5, "mdns", ANSWERED), 0, 6),
    };
    struct label_record from_elsewhere[] = {
        counted(half(2, 5, 1, 5, "mdns", ANSWERED), 0, 3),
        counted(half(2, 5, 1, 5, NULL, ANSWERED), 0, 2),
    };
    from_elsewhere[1].key.cgroup = 7;
    for (size_t i = 0; i < 2; i++) {
        sent_here[i].key.remote_address[0] = i == 0 ? 224 : 10;
        sent_here[i].key.local_address[0] = i == 0 ? 10 : 224;
        from_elsewhere[i].key.local_address[0] = 224;
    }
    struct label_counts counts = {0};
    struct label_flow flow;
    CU_ASSERT_TRUE_FATAL(join(sent_here, 2, &flow, &counts));
    CU_ASSERT_EQUAL(flow.a_to_b.packets, 2);
    CU_ASSERT_EQUAL(flow.a_to_b_arrived.packets, 6);
    counts = (struct label_counts){0};
    CU_ASSERT_TRUE_FATAL(join(from_elsewhere, 2, &flow, &counts));
    CU_ASSERT_EQUAL(flow.a_to_b.packets, 3);
}

static void sorts_flows(void)
{
    static const struct label_options options = {0};
    struct label_record records[] = {
        half(2, 80, 1, 10000, "e", 0), half(1, 300, 2, 80, "d", 0), half(1, 9, 1, 8, "c", 0),
        half(2, 1, 1, 300, "b", 0),    half(9, 9, 8, 8, "a", 0),
    };
    records[4].key.ip_version = 6;
    records[2].key.transport = UDP;
    static const char *const order[] = {"b", "d", "e", "c", "a"};
    struct label_flow flows[COUNT(records)];
    struct label_counts counts = {0};
    size_t count = label_flow_join(&options, records, COUNT(records), flows, &counts);
    CU_ASSERT_EQUAL_FATAL(count, COUNT(records));
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_STRING_EQUAL(flows[i].label, order[i]);
}

/* A raw IPv4 frame of 10.0.0.1:1111 to 10.0.0.2:2222. */
struct shot {
    uint8_t bytes[40];
};

static struct shot shoot(uint8_t ttl, uint8_t content)
{
    struct shot shot = {{0x45, 0, 0,         40,         0,         1,          0, 0,  ttl,
                         UDP,  0, ttl,       10,         0,         0,          1, 10, 0,
                         0,    2, 1111 >> 8, 1111 & 255, 2222 >> 8, 2222 & 255, 0, 20}};
    shot.bytes[39] = content;
    return shot;
}

static void takes_a_packet_once(void)
{
    static const uint64_t second_ns = 1000000000;
    static const struct {
        uint64_t time_ns;
        unsigned interface;
        uint8_t ttl, content;
        bool is_taken;
    } cases[] = {
        {10, 1, 64, 1, true},
        {11, 2, 63, 1, false}, /* forwarded */
        {12, 3, 63, 1, false},
        {13, 1, 64, 1, true}, /* sent again */
        {14, 2, 63, 1, false},
        {15, 2, 64, 2, true}, /* another packet, first seen elsewhere */
        {16, 1, 64, 2, false},
        {60 * second_ns, 2, 64, 1, true},  /* long after: not the same */
        {99 * second_ns, 2, 64, 1, false}, /* after the end */
    };
    static const struct label_flow flow = {
        .ip_version = 4,
        .transport = UDP,
        .a_address = {10, 0, 0, 1},
        .b_address = {10, 0, 0, 2},
        .a_port = 1111,
        .b_port = 2222,
        .a_to_b = {.packets = 4},
    };
    struct label_select *select = NULL;
    struct label_capture_counts counts;
    CU_ASSERT_EQUAL_FATAL(label_select_new(&select, &flow, 1, 90 * second_ns, NULL), 0);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct shot shot = shoot(cases[i].ttl, cases[i].content);
        const struct frame frame = {shot.bytes, cases[i].time_ns, 40, 40, LINK_TYPE_RAW};
        CU_ASSERT_EQUAL(label_select_frame(select, &frame, cases[i].interface), cases[i].is_taken);
    }
    label_select_finish(select, &counts);
    CU_ASSERT_EQUAL(counts.frames_written, 4);
    CU_ASSERT_EQUAL(counts.bytes_written, 160);
    CU_ASSERT_EQUAL(counts.frames_again, 4);
    CU_ASSERT_EQUAL(counts.frames_late, 1);
    CU_ASSERT_EQUAL(counts.flows_whole, 1);
    label_select_free(select);
}

static void leaves_others_frames(void)
{
    static const struct label_flow flow = {.ip_version = 4,
                                           .transport = UDP,
                                           .a_address = {10, 0, 0, 1},
                                           .b_address = {10, 0, 0, 2},
                                           .a_port = 1111,
                                           .b_port = 2223};
    const struct shot shot = shoot(64, 0);
    const struct frame frame = {shot.bytes, 1, 40, 40, LINK_TYPE_RAW};
    const struct frame cut = {shot.bytes, 1, 19, 40, LINK_TYPE_RAW};
    struct label_select *select = NULL;
    struct label_capture_counts counts;
    CU_ASSERT_EQUAL_FATAL(label_select_new(&select, &flow, 1, UINT64_MAX, NULL), 0);
    CU_ASSERT_FALSE(label_select_frame(select, &frame, 1));
    CU_ASSERT_FALSE(label_select_frame(select, &cut, 1));
    label_select_finish(select, &counts);
    CU_ASSERT_EQUAL(counts.frames_other, 2);
    CU_ASSERT_EQUAL(counts.flows_absent, 1);
    label_select_free(select);
}

/* A bound socket that nobody reads. */
static int sink_open(struct sockaddr_in *address)
{
    socklen_t length = sizeof *address;
    int sink = socket(AF_INET, SOCK_DGRAM, 0);
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    CU_ASSERT_EQUAL_FATAL(bind(sink, (struct sockaddr *)address, length), 0);
    CU_ASSERT_EQUAL_FATAL(getsockname(sink, (struct sockaddr *)address, &length), 0);
    return sink;
}

/* Sends two datagrams from each of `count` sockets, one after the other. */
static void call_often(uint64_t count, const struct sockaddr_in *address)
{
    for (uint64_t i = 0; i < count; i++) {
        int caller = socket(AF_INET, SOCK_DGRAM, 0);
        for (int again = 0; again < 2; again++)
            CU_ASSERT_EQUAL(
                sendto(caller, "x", 1, 0, (const struct sockaddr *)address, sizeof *address), 1);
        close(caller);
    }
}

static uint64_t flows_to(const struct label *label, uint16_t port, uint64_t *packets)
{
    uint64_t flows = 0;
    size_t count;
    const struct label_flow *flow = label_flows(label, &count);
    for (size_t i = 0; i < count; i++, flow++) {
        if (flow->a_port == port || flow->b_port == port) {
            flows++;
            *packets += flow->a_to_b.packets + flow->b_to_a.packets;
        }
    }
    return flows;
}

/* More flows than the map holds lose nothing as long as those gone idle are taken over in time. */
static void empties_a_map_that_fills(void)
{
    enum { PLACES = 8192, ROUNDS = 3 };
    static const uint64_t callers = 2500;
    static const uint64_t minute_ns = 60000000000;
    static const struct label_rule rule = {"/", "all"};
    const struct label_options options = {.rules = &rule, .rule_count = 1, .halves_max = PLACES};
    struct error error = {0};
    struct label *label;
    int sinks[ROUNDS];
    struct sockaddr_in addresses[ROUNDS];
    if (label_open(&label, &options, &error) < 0) {
        test_skip(error.text);
        return;
    }
    for (int round = 0; round < ROUNDS; round++)
        sinks[round] = sink_open(&addresses[round]);
    for (int round = 0; round < ROUNDS; round++) {
        struct timespec now;
        call_often(callers, &addresses[round]);
        clock_gettime(CLOCK_MONOTONIC, &now);
        uint64_t later_ns = (uint64_t)now.tv_sec * 1000000000 + minute_ns;
        CU_ASSERT_EQUAL(label_poll(label, later_ns, &error), 0);
    }
    CU_ASSERT_EQUAL_FATAL(label_stop(label, &error), 0);
    CU_ASSERT_EQUAL(label_counts(label)->full_packets, 0);
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t packets = 0;
        uint64_t flows = flows_to(label, ntohs(addresses[round].sin_port), &packets);
        CU_ASSERT(flows > callers * 9 / 10); /* the kernel may give a port twice */
        CU_ASSERT(flows <= callers);
        CU_ASSERT_EQUAL(packets, 2 * callers);
        close(sinks[round]);
    }
    label_close(label);
}

CU_TestInfo label_tests[] = {
    {"knows a label", knows_a_label},
    {"names systemd units", names_units},
    {"joins both ends of a flow", joins_both_ends},
    {"adds up one end that came in parts", adds_up_one_end_that_came_in_parts},
    {"settles two labels", settles_labels},
    {"leaves out what has no truth", leaves_out_what_has_no_truth},
    {"puts endpoints before cgroups", puts_endpoints_first},
    {"counts once what arrives at a group", counts_once_what_arrives_at_a_group},
    {"sorts flows", sorts_flows},
    {"takes a packet once", takes_a_packet_once},
    {"leaves others' frames", leaves_others_frames},
    {"empties a map that fills", empties_a_map_that_fills},
    CU_TEST_INFO_NULL,
};
