/* SPDX-License-Identifier: BSD-3-Clause */
/* What a box file may say, and where it is refused. */
#include "ctl/box_reader.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static struct protocols *protocols;

static int read_text(struct box **box, const char *text, struct error *error)
{
    const struct box_words words = {.protocols = protocols};
    *box = NULL;
    return box_read(box, text, strlen(text), &words, error);
}

static void open_words(void)
{
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
}

/* Five lines, then what a test adds. */
#define HEAD                 \
    "box: b\n"               \
    "title: a title\n"       \
    "about: some words\n"    \
    "sources: [somewhere]\n" \
    "tiers: [ports, signatures]\n"

static void reads_all_there_is(void)
{
    struct box *box;
    struct error error = {0};
    open_words();
    int failure = read_text(
        &box,
        HEAD "bounds: {packets_inspected: 10, flows_held: 1000}\n"
             "clock: -03:30\n"
             "link: {capacity: 10Mbit/s, queue: 100ms, schedule: strict, others: {level: 4}}\n"
             "policy:\n"
             "  - rule: one\n"
             "    match:\n"
             "      protocol: [bittorrent, unknown]\n"
             "      category: [p2p]\n"
             "      service: [youtube]\n"
             "      service_category: [video, music]\n"
             "      transport: udp\n"
             "      direction: down\n"
             "      one_way: up\n"
             "      answered: false\n"
             "      age: {from: 10s}\n"
             "      bytes: {from: 1kB, below: 1MiB}\n"
             "      flows_above: 7\n"
             "      hours: [\"18:00-00:30\", \"06:00-24:00\"]\n"
             "    action: {throttle: {rate: 1.5Mbit/s, burst: 64KiB, queue: 250ms, per: flow}}\n"
             "  - rule: two\n"
             "    action: {prioritise: {level: 6}}\n"
             "  - rule: three\n"
             "    action: {prioritise: {level: 1}}\n"
             "  - rule: four\n"
             "    action: {quota: {volume: 2GB, per: endpoint, every: 1d, then: block}}\n",
        &error);
    CU_ASSERT_EQUAL_FATAL(failure, 0);
    const struct box_rule *one = &box->rules[0];
    CU_ASSERT_EQUAL(box->rule_count, 4);
    CU_ASSERT_EQUAL(box->tiers, 1u << TIER_PORTS | 1u << TIER_SIGNATURES);
    CU_ASSERT_EQUAL(box->clock_offset_s, -12600);
    CU_ASSERT_EQUAL(box->packets_inspected, 10);
    CU_ASSERT_EQUAL(box->flows_held, 1000);
    CU_ASSERT_EQUAL(one->protocol_count, 2);
    CU_ASSERT_EQUAL(one->protocols[1], PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(one->service_categories,
                    1u << SERVICE_CATEGORY_VIDEO | 1u << SERVICE_CATEGORY_MUSIC);
    CU_ASSERT_EQUAL(one->way, BOX_DOWN);
    CU_ASSERT_EQUAL(one->one_way, BOX_UP);
    CU_ASSERT_EQUAL(one->answer, BOX_UNANSWERED);
    CU_ASSERT_EQUAL(one->age_from_ns, UINT64_C(10000000000));
    CU_ASSERT_EQUAL(one->bytes_below, 1 << 20);
    CU_ASSERT_EQUAL(one->hours[0].end_minute, 30);
    CU_ASSERT_EQUAL(one->hours[1].end_minute, 1440);
    CU_ASSERT_EQUAL(one->action.throttle.rate_bits, 1500000);
    CU_ASSERT_EQUAL(one->action.throttle.scope, BOX_PER_FLOW);
    CU_ASSERT_EQUAL(one->line, 10);
    /* levels 1, 4 and 6 are queues 0, 1 and 2 in whatever order they were named */
    CU_ASSERT_EQUAL(box->link.queue_count, 3);
    CU_ASSERT_EQUAL(box->link.others, 1);
    CU_ASSERT_EQUAL(box->rules[1].action.queue, 2);
    CU_ASSERT_EQUAL(box->rules[2].action.queue, 0);
    CU_ASSERT_EQUAL(strlen(box->sha256), 64);
    box_free(box);
    protocols_free(protocols);
}

static const struct {
    const char *text;
    unsigned line;
    const char *says;
} refused[] = {
    {"", 1, "nothing"},
    {"# only a comment\n", 1, "nothing"},
    {"- a list\n", 1, "expected a mapping"},
    {"box: b\n", 1, "'title' is missing"},
    {HEAD, 1, "'policy' is missing"},
    {HEAD "policy: []\n", 6, "expected a list of rules"},
    {HEAD "policy: block\n", 6, "policy: expected a list, found a word"},
    {HEAD "policy:\n  - block\n", 7, "expected a mapping"},
    {HEAD "policy:\n  - {rule: r, action: block}\nextra: 1\n", 8, "'extra' is not known here"},
    {HEAD "policy:\n  - {rule: r, action: block, colour: red}\n", 7, "'colour' is not known"},
    {HEAD "policy:\n  - {rule: r, action: block}\n  - {rule: r, action: none}\n", 8, "second time"},
    {HEAD "tiers: [ports]\n", 6, "'tiers' a second time: first in line 5"},
    {HEAD "policy:\n  - {rule: R, action: block}\n", 7, "is not a name"},
    {HEAD "policy:\n  - {rule: r}\n", 7, "'action' is missing"},
    {HEAD "policy:\n  - {rule: r, action: blocks}\n", 7, "action: expected none, block"},
    {HEAD "policy:\n  - {rule: r, action: {block: {}}}\n", 7, "action: expected none, block"},
    {HEAD "policy:\n  - {rule: r, action: throttle}\n", 7, "action: expected none, block"},
    {HEAD "policy:\n  - {rule: r, match: {protocol: [nosuch]}, action: block}\n", 7,
     "there is no 'nosuch'"},
    {HEAD "policy:\n  - {rule: r, match: {protocol: []}, action: block}\n", 7, "list of 1 to 64"},
    {HEAD "policy:\n  - {rule: r, match: {protocol: dns}, action: block}\n", 7, "expected a list"},
    {HEAD "policy:\n  - {rule: r, match: {category: [videos]}, action: block}\n", 7, "'videos'"},
    {HEAD "policy:\n  - {rule: r, match: {direction: left}, action: block}\n", 7,
     "'left' is none of up, down"},
    {HEAD "policy:\n  - {rule: r, match: {answered: yes}, action: block}\n", 7,
     "none of true, false"},
    {HEAD "policy:\n  - {rule: r, match: {age: {from: 10}}, action: block}\n", 7,
     "from: '10' is not a duration"},
    {HEAD "policy:\n  - {rule: r, match: {age: {from: 10s, below: 5s}}, action: block}\n", 7,
     "less than below"},
    {HEAD "policy:\n  - {rule: r, match: {bytes: {}}, action: block}\n", 7, "expected from"},
    {HEAD "policy:\n  - {rule: r, match: {flows_above: 010}, action: block}\n", 7, "zero in front"},
    {HEAD "policy:\n  - {rule: r, match: {flows_above: 10x}, action: block}\n", 7,
     "'10x' is not a whole number"},
    {HEAD "policy:\n  - {rule: r, match: {hours: ['8-9']}, action: block}\n", 7, "18:00-23:30"},
    {HEAD "policy:\n  - {rule: r, match: {hours: ['08:00-08:00']}, action: block}\n", 7, "hours"},
    {HEAD "policy:\n  - {rule: r, match: {hours: ['25:00-26:00']}, action: block}\n", 7, "hours"},
    {HEAD "policy:\n  - {rule: r, match: {transport: udp}, action: reset}\n", 7, "none but in tcp"},
    {HEAD "policy:\n  - {rule: r, action: {throttle: {rate: 10s, burst: 1kB, per: flow}}}\n", 7,
     "rate: '10s' is not a rate"},
    {HEAD "policy:\n  - {rule: r, action: {throttle: {rate: 1Mbit/s, burst: 1kb, per: flow}}}\n", 7,
     "burst: '1kb' is not a size"},
    {HEAD "policy:\n  - {rule: r, action: {throttle: {rate: 1Mbit/s, burst: 0B, per: flow}}}\n", 7,
     "more than 0B"},
    {HEAD "policy:\n  - {rule: r, action: {throttle: {rate: 1Mbit/s, burst: 257MiB, per: flow}}}\n",
     7, "burst"},
    {HEAD "policy:\n  - {rule: r, action: {throttle: {rate: 1Mbit/s, burst: 1kB}}}\n", 7,
     "'per' is missing"},
    {HEAD "policy:\n  - rule: r\n    action: {throttle: {rate: 1Gbit/s, burst: 1kB, queue: 10s, "
          "per: flow}}\n",
     8, "256MiB may wait"},
    {HEAD "policy:\n  - {rule: r, action: {prioritise: {level: 1}}}\n", 7, "has no link"},
    {HEAD "policy:\n  - {rule: r, action: {quota: {volume: 1GB, per: flow}}}\n", 7,
     "'then' is missing"},
    {HEAD "policy:\n  - {rule: r, action: {quota: {volume: 1GB, per: flow, then: none}}}\n", 7,
     "then: expected block"},
    {HEAD "link: {capacity: 1Mbit/s, queue: 0s, schedule: strict, others: {level: 1}}\n", 6,
     "more than 0s"},
    {HEAD "link: {capacity: 1Mbit/s, queue: 1s, schedule: strict, others: {level: 8}}\n", 6,
     "from 0 to 7"},
    {HEAD "link: {capacity: 1Mbit/s, queue: 1s, schedule: fair, others: {level: 1}}\n", 6,
     "none of strict, weighted"},
    {HEAD "link: {capacity: 1Mbit/s, queue: 1s, schedule: weighted, others: {level: 1}}\n", 6,
     "'weight' is missing"},
    {HEAD "bounds: {packets: 1}\n", 6, "'packets' is not known here"},
    {HEAD "clock: 1h\n", 6, "is not an offset"},
    {HEAD "clock: +15:00\n", 6, "is not an offset"},
    {HEAD "bounds: &a {packets_inspected: 1}\n", 6, "anchors and tags"},
    {HEAD "bounds: {packets_inspected: !!int 1}\n", 6, "anchors and tags"},
    {HEAD "bounds: *a\n", 6, "aliases"},
    {HEAD "---\nbox: c\n", 6, "second document"},
    {"%YAML 1.1\n---\nbox: c\n", 1, "directives"},
    {HEAD "[a, b]: c\n", 6, "a key must be a word"},
    {HEAD "bounds: {packets_inspected: 1\n", 7, "not YAML"},
    {"box: b\ntitle: t\nabout: a\nsources: []\n", 4, "list of 1 to 8"},
    {"box: b\ntitle: \"two\\nlines\"\n", 2, "one line"},
    {"box: b\ntitle: t\nabout: a\nsources: [s]\ntiers: [port]\n", 5, "'port' is none of ports"},
    {"box: b\ntitle: t\nabout: a\nsources: [s]\ntiers: [ports, ports]\n", 5, "second time"},
    {"box: b\ntitle: t\nabout: a\nsources: [s]\ntiers: []\n"
     "policy:\n  - {rule: r, match: {category: [p2p]}, action: block}\n",
     7, "nothing to tell classes by"},
    {"box: b\ntitle: t\nabout: a\nsources: [s]\ntiers: [ports]\n"
     "policy:\n  - {rule: r, match: {service: [youtube]}, action: block}\n",
     7, "this box does not see it"},
};

static void refuses_by_line(void)
{
    open_words();
    for (unsigned i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct box *box;
        struct error error = {0};
        int failure = read_text(&box, refused[i].text, &error);
        bool is_good =
            failure && error.line == refused[i].line && strstr(error.text, refused[i].says);
        if (!is_good)
            printf("\ncase %u: line %u: %s\n%s", i, error.line, error.text, refused[i].text);
        CU_ASSERT_TRUE(is_good);
        if (!failure)
            box_free(box);
    }
    protocols_free(protocols);
}

static void services_are_looked_up(void)
{
    static const char list[] = "service youtube category video\nsuffix youtube.com\n";
    struct services *services;
    struct box *box = NULL;
    struct error error = {0};
    open_words();
    CU_ASSERT_EQUAL_FATAL(services_new(&services, NULL), 0);
    CU_ASSERT_EQUAL(services_read(services, list, strlen(list), NULL, NULL), 0);
    const struct box_words words = {.protocols = protocols, .services = services};
    static const char good[] =
        HEAD "policy:\n  - {rule: r, match: {service: [youtube]}, action: block}\n";
    static const char bad[] =
        HEAD "policy:\n  - {rule: r, match: {service: [youtub]}, action: block}\n";
    CU_ASSERT_EQUAL(box_read(&box, good, strlen(good), &words, &error), 0);
    box_free(box);
    CU_ASSERT_NOT_EQUAL(box_read(&box, bad, strlen(bad), &words, &error), 0);
    CU_ASSERT_EQUAL(error.line, 7);
    services_free(services);
    protocols_free(protocols);
}

/* Every shipped box reads, is named as its file, and cites. */
static void shipped_boxes_are_good(void)
{
    const char *folder = getenv("GLASSBOX_BOXES");
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    DIR *listing = opendir(folder);
    CU_ASSERT_PTR_NOT_NULL_FATAL(listing);
    unsigned count = 0;
    open_words();
    for (const struct dirent *entry; (entry = readdir(listing));) {
        char path[4096];
        struct box *box = NULL;
        struct error error = {0};
        const struct box_words words = {.protocols = protocols};
        const char *dot = strstr(entry->d_name, ".yaml");
        if (!dot)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        CU_ASSERT_EQUAL_FATAL(box_read_file(&box, path, &words, &error), 0);
        CU_ASSERT_EQUAL(strlen(box->name), (size_t)(dot - entry->d_name));
        CU_ASSERT_EQUAL(strncmp(box->name, entry->d_name, strlen(box->name)), 0);
        CU_ASSERT_TRUE(box->source_count >= 1);
        box_free(box);
        count++;
    }
    closedir(listing);
    protocols_free(protocols);
    CU_ASSERT_EQUAL(count, 8);
}

CU_TestInfo box_reader_tests[] = {
    {"all that a box can say", reads_all_there_is},
    {"faults are refused with their line", refuses_by_line},
    {"services are looked up", services_are_looked_up},
    {"the shipped boxes", shipped_boxes_are_good},
    CU_TEST_INFO_NULL,
};
