/* SPDX-License-Identifier: BSD-3-Clause */
/* The evaluation: truth read strictly, rates and intervals as computed by hand, and a small capture
 * whose every figure is known. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_writer.h"
#include "dataplane/dataplane.h"
#include "eval_csv.h"
#include "eval_forms.h"
#include "suites.h"

#define HEADER "capture,l4,a_ip,a_port,b_ip,b_port,protocol"
#define ROW    "x.pcap,udp,192.0.2.1,1000,192.0.2.2,53,dns"

/* A file of that text; its name is good until the next call. */
static const char *file_of(const char *text)
{
    static char path[] = "/tmp/test-eval-XXXXXX";
    strcpy(path + sizeof path - 7, "XXXXXX");
    int file = mkstemp(path);
    CU_ASSERT_FATAL(file >= 0);
    CU_ASSERT_EQUAL_FATAL(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    return path;
}

static int read_text(struct eval_truth *truth, const char *text, const struct eval_columns *columns,
                     struct error *error)
{
    const char *path = file_of(text);
    int failure = eval_truth_read(truth, path, columns, error);
    unlink(path);
    return failure;
}

static void reads_quotes_and_line_ends(void)
{
    char text[] = "a,\"b \"\"c\"\", d\",\r\n\"two\nlines\",e,f\n\n,,";
    static const struct {
        int count;
        unsigned line;
        const char *fields[3];
    } records[] = {
        {3, 1, {"a", "b \"c\", d", ""}},
        {3, 2, {"two\nlines", "e", "f"}},
        {1, 4, {""}},
        {3, 5, {"", "", ""}},
    };
    struct eval_csv csv = eval_csv_over(text, sizeof text - 1);
    char *fields[EVAL_CSV_FIELDS_MAX];
    for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
        CU_ASSERT_EQUAL_FATAL(eval_csv_read(&csv, fields, NULL), records[i].count);
        CU_ASSERT_EQUAL(csv.line, records[i].line);
        for (int field = 0; field < records[i].count; field++)
            CU_ASSERT_STRING_EQUAL(fields[field], records[i].fields[field]);
    }
    CU_ASSERT_EQUAL(eval_csv_read(&csv, fields, NULL), 0);
}

static void refuses_what_is_no_csv(void)
{
    static const struct {
        const char *text;
        size_t length;
        unsigned line;
    } cases[] = {
        {"a\n\"b", 4, 2}, {"a\nb\"c\n", 6, 2}, {"\"a\"b\n", 5, 1},
        {"a\rb\n", 4, 1}, {"a\nb\0c\n", 6, 2}, {"\"a\nb\"\nc\"d\n", 10, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        memcpy(text, cases[i].text, cases[i].length + 1);
        struct eval_csv csv = eval_csv_over(text, cases[i].length);
        char *fields[EVAL_CSV_FIELDS_MAX];
        struct error error = {0};
        int count;
        while ((count = eval_csv_read(&csv, fields, &error)) > 0)
            continue;
        CU_ASSERT_EQUAL(count, -EINVAL);
        CU_ASSERT_EQUAL(error.line, cases[i].line);
    }
}

static void reads_rows_by_column_name(void)
{
    struct eval_truth truth;
    const struct eval_columns columns = {.label = "word", .confidence = "sure"};
    CU_ASSERT_EQUAL_FATAL(read_text(&truth,
                                    "sure,word,b_port,b_ip,a_port,a_ip,l4,capture,more,service\n"
                                    "medium,dns,53,2001:db8::2,1000,2001:db8::1,udp,b,x,\n"
                                    "high,http,80,192.0.2.2,1000,192.0.2.1,tcp,a,y,wikipedia\n"
                                    ",,0,192.0.2.2,0,192.0.2.1,89,a,z,\n",
                                    &columns, NULL),
                          0);
    CU_ASSERT_EQUAL_FATAL(truth.count, 3);
    size_t count;
    const struct eval_row *rows = eval_truth_of(&truth, "a", &count);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_STRING_EQUAL(rows[0].label, "http");
    CU_ASSERT_STRING_EQUAL(rows[0].service, "wikipedia");
    CU_ASSERT_EQUAL(rows[0].confidence, EVAL_CONFIDENCE_HIGH);
    CU_ASSERT_EQUAL(rows[0].tuple.protocol, IP_TCP);
    CU_ASSERT_EQUAL(rows[0].tuple.source_port, 1000);
    CU_ASSERT_EQUAL(rows[0].tuple.destination[3], 2);
    CU_ASSERT_EQUAL(rows[1].tuple.protocol, 89);
    CU_ASSERT_EQUAL(rows[1].confidence, EVAL_CONFIDENCE_ANY);
    rows = eval_truth_of(&truth, "b", &count);
    CU_ASSERT_EQUAL_FATAL(count, 1);
    CU_ASSERT_EQUAL(rows[0].tuple.ip_version, 6);
    CU_ASSERT_EQUAL(rows[0].confidence, EVAL_CONFIDENCE_MEDIUM);
    eval_truth_of(&truth, "c", &count);
    CU_ASSERT_EQUAL(count, 0);
    eval_truth_free(&truth);
}

static void tells_the_line_of_a_bad_row(void)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *says;
    } cases[] = {
        {"", 1, "no column 'capture'"},
        {"capture,l4,a_ip,a_port,b_ip,b_port\n", 1, "no column 'protocol'"},
        {HEADER ",l4\n", 1, "two columns"},
        {HEADER "\n" ROW "\nx,udp\n", 3, "2 fields where the header has 7"},
        {HEADER "\nx,ip,192.0.2.1,1,192.0.2.2,2,dns\n", 2, "l4"},
        {HEADER "\nx,256,192.0.2.1,1,192.0.2.2,2,dns\n", 2, "l4"},
        {HEADER "\nx,udp,192.0.2.256,1,192.0.2.2,2,dns\n", 2, "a_ip"},
        {HEADER "\nx,udp,192.0.2.1,1,,2,dns\n", 2, "b_ip"},
        {HEADER "\nx,udp,192.0.2.1,1,2001:db8::1,2,dns\n", 2, "IP version"},
        {HEADER "\nx,udp,192.0.2.1,65536,192.0.2.2,2,dns\n", 2, "a_port"},
        {HEADER "\nx,udp,192.0.2.1,1,192.0.2.2,-2,dns\n", 2, "b_port"},
        {HEADER "\n" ROW "\nx.pcap,udp,192.0.2.2,53,192.0.2.1,1000,ntp\n", 3, "of line 2"},
        {HEADER ",confidence\n" ROW ",sure\n", 2, "confidence"},
    };
    const struct eval_columns columns = {.label = NULL};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct eval_truth truth;
        struct error error = {0};
        CU_ASSERT_EQUAL(read_text(&truth, cases[i].text, &columns, &error), -EINVAL);
        CU_ASSERT_EQUAL(error.line, cases[i].line);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, cases[i].says));
        eval_truth_free(&truth);
    }
}

static void wants_a_confidence_it_was_told_of(void)
{
    struct eval_truth truth;
    const struct eval_columns columns = {.confidence = "sure"};
    CU_ASSERT_EQUAL(read_text(&truth, HEADER "\n" ROW "\n", &columns, NULL), -EINVAL);
    eval_truth_free(&truth);
}

static int overrule(struct eval_truth *truth, const char *text, struct error *error)
{
    const char *path = file_of(text);
    int failure = eval_truth_overrule(truth, path, error);
    unlink(path);
    return failure;
}

static void overrules_with_reason_only(void)
{
    static const struct {
        const char *text;
        int failure;
        unsigned line;
    } cases[] = {
        {HEADER ",reason\nx.pcap,udp,192.0.2.2,53,192.0.2.1,1000,mdns,because\n", 0, 0},
        {HEADER ",reason\n" ROW ",\n", -EINVAL, 2},
        {HEADER "\n" ROW "\n", -EINVAL, 1},
        {HEADER ",reason\nx.pcap,tcp,192.0.2.1,1000,192.0.2.2,53,mdns,because\n", -EINVAL, 2},
    };
    const struct eval_columns columns = {.label = NULL};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct eval_truth truth;
        struct error error = {0};
        CU_ASSERT_EQUAL_FATAL(read_text(&truth, HEADER "\n" ROW "\n", &columns, NULL), 0);
        CU_ASSERT_EQUAL(overrule(&truth, cases[i].text, &error), cases[i].failure);
        CU_ASSERT_EQUAL(error.line, cases[i].line);
        CU_ASSERT_STRING_EQUAL(truth.rows[0].label, cases[i].failure ? "dns" : "mdns");
        CU_ASSERT_EQUAL(truth.rows[0].given == NULL, cases[i].failure != 0);
        eval_truth_free(&truth);
    }
}

static int read_words(struct eval_words *words, const char *text, struct error *error)
{
    const char *path = file_of(text);
    int failure = eval_words_read(words, path, error);
    unlink(path);
    return failure;
}

static void reads_aliases(void)
{
    struct protocols *protocols;
    struct eval_words words;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    eval_words_init(&words, protocols);
    CU_ASSERT_EQUAL_FATAL(
        read_words(&words, "# words\n\n name | dns , mdns | one and the other\n", NULL), 0);
    int dns = protocols_find(protocols, "dns");
    int mdns = protocols_find(protocols, "mdns");
    const struct eval_word *word = eval_words_find(&words, "name");
    CU_ASSERT_EQUAL(word->class, (unsigned)dns);
    CU_ASSERT(eval_word_accepts(word, (uint16_t)mdns));
    CU_ASSERT(!eval_word_accepts(word, PROTOCOL_UNKNOWN));
    word = eval_words_find(&words, "mdns");
    CU_ASSERT_EQUAL(word->class, (unsigned)mdns);
    CU_ASSERT(!eval_word_accepts(word, (uint16_t)dns));
    word = eval_words_find(&words, "pigeon");
    CU_ASSERT_EQUAL(word->class, protocols_count(protocols));
    CU_ASSERT_PTR_EQUAL(word, eval_words_find(&words, "pigeon"));
    CU_ASSERT_STRING_EQUAL(eval_words_class_name(&words, word->class), "pigeon");
    word = eval_words_find(&words, "unknown");
    CU_ASSERT(!eval_word_accepts(word, PROTOCOL_UNKNOWN));
    eval_words_free(&words);
    protocols_free(protocols);
}

static void refuses_bad_aliases(void)
{
    static const struct {
        const char *text;
        unsigned line;
    } cases[] = {
        {"a | dns\n", 1},           {"# fine\na | dns |\n", 2},
        {"a | | why\n", 1},         {" | dns | why\n", 1},
        {"a | pigeon | why\n", 1},  {"a | dns, | why\n", 1},
        {"a | dns | b | why\n", 1}, {"a | dns | why\n\na | ntp | why", 3},
    };
    struct protocols *protocols;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct eval_words words;
        struct error error = {0};
        eval_words_init(&words, protocols);
        CU_ASSERT_EQUAL(read_words(&words, cases[i].text, &error), -EINVAL);
        CU_ASSERT_EQUAL(error.line, cases[i].line);
        eval_words_free(&words);
    }
    protocols_free(protocols);
}

static bool is_near(double value, double expected)
{
    return fabs(value - expected) < 0.00005;
}

/* Newcombe, Statistics in Medicine 17 (1998), table I, method 3, to four decimals. */
static void knows_published_intervals(void)
{
    static const struct {
        uint64_t hits, cases;
        double low, high;
    } known[] = {
        {81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0.0000, 0.1611},
        {1, 29, 0.0061, 0.1718},   {20, 20, 0.8389, 1.0000},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct eval_interval interval = eval_wilson(known[i].hits, known[i].cases);
        CU_ASSERT(interval.is_known);
        CU_ASSERT(is_near(interval.low, known[i].low));
        CU_ASSERT(is_near(interval.high, known[i].high));
    }
    CU_ASSERT(!eval_wilson(0, 0).is_known);
}

static void rates_follow_their_definitions(void)
{
    const struct eval_cell cell = {.truth = {10, 1000},
                                   .right = {6, 900},
                                   .wrong = {1, 50},
                                   .missed = {3, 50},
                                   .claimed = {2, 300}};
    const struct eval_cell empty = {.truth = {0, 0}};
    static const double flows[EVAL_RATES] = {6.0 / 8, 6.0 / 10, 12.0 / 18};
    static const double bytes[EVAL_RATES] = {900.0 / 1200, 900.0 / 1000, 1800.0 / 2200};
    for (unsigned rate = 0; rate < EVAL_RATES; rate++) {
        double value;
        CU_ASSERT(eval_rate_of(&cell, (enum eval_rate)rate, false, &value));
        CU_ASSERT(is_near(value, flows[rate]));
        CU_ASSERT(eval_rate_of(&cell, (enum eval_rate)rate, true, &value));
        CU_ASSERT(is_near(value, bytes[rate]));
        CU_ASSERT(!eval_rate_of(&empty, (enum eval_rate)rate, false, &value));
    }
}

/* Of ten captures five are all right and five all wrong: drawn whole, the share right is a binomial
 * of ten; its 2.5 and 97.5 percentiles are 2/10 and 8/10. */
static void draws_whole_captures(void)
{
    struct eval_part parts[10];
    for (unsigned i = 0; i < 10; i++) {
        parts[i] = (struct eval_part){.capture = i, .class = 1, .cell = {.truth = {100, 1000}}};
        *(i % 2 ? &parts[i].cell.right : &parts[i].cell.missed) = parts[i].cell.truth;
    }
    const struct eval_score score = {.part_count = 10, .parts = parts};
    struct eval_spread spreads[3];
    CU_ASSERT_EQUAL_FATAL(eval_bootstrap(&score, 2, 10, spreads, NULL), 0);
    CU_ASSERT(!spreads[0].bytes[EVAL_RECALL].is_known);
    for (unsigned class = 1; class <= 2; class ++) {
        CU_ASSERT(spreads[class].bytes[EVAL_RECALL].is_known);
        CU_ASSERT(is_near(spreads[class].bytes[EVAL_RECALL].low, 0.2));
        CU_ASSERT(is_near(spreads[class].bytes[EVAL_RECALL].high, 0.8));
    }
    struct eval_spread again[3];
    CU_ASSERT_EQUAL_FATAL(eval_bootstrap(&score, 2, 10, again, NULL), 0);
    CU_ASSERT_EQUAL(spreads[1].flows_f1.low, again[1].flows_f1.low);
}

static void gives_no_interval_from_few_captures(void)
{
    struct eval_part parts[EVAL_CLUSTERS_MIN - 1];
    for (unsigned i = 0; i < EVAL_CLUSTERS_MIN - 1; i++)
        parts[i] = (struct eval_part){
            .capture = i, .class = 0, .cell = {.truth = {1, 1}, .right = {1, 1}}};
    const struct eval_score score = {.part_count = EVAL_CLUSTERS_MIN - 1, .parts = parts};
    struct eval_spread spreads[2];
    CU_ASSERT_EQUAL_FATAL(eval_bootstrap(&score, 1, EVAL_CLUSTERS_MIN - 1, spreads, NULL), 0);
    CU_ASSERT(!spreads[0].bytes[EVAL_PRECISION].is_known);
    CU_ASSERT(!spreads[1].flows_f1.is_known);
}

enum { HOST_A = 0xc0000201, HOST_B = 0xc0000202 }; /* 192.0.2.1, 192.0.2.2 */

/* Five flows, told by their ports: dns twice (one port used again after a long silence, the second
 * time with more), ntp, one on a port of nobody's, and one that no row is about. */
static const char *write_small_capture(uint64_t *bytes)
{
    static char path[] = "/tmp/test-eval-capture-XXXXXX";
    static const struct {
        uint64_t second;
        uint16_t port, payload;
        unsigned row;
    } packets[] = {
        {1, 53, 20, 0}, {2, 123, 48, 1}, {3, 40000, 10, 2}, {4, 69, 5, 3}, {999, 53, 90, 0}};
    strcpy(path + sizeof path - 7, "XXXXXX");
    FILE *out = fdopen(mkstemp(path), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    capture_begin(out, false);
    memset(bytes, 0, 4 * sizeof *bytes);
    for (size_t i = 0; i < sizeof packets / sizeof *packets; i++) {
        const struct capture_packet packet = {.time_ns = packets[i].second * 1000000000,
                                              .source = HOST_A,
                                              .destination = HOST_B,
                                              .source_port = 50000,
                                              .destination_port = packets[i].port,
                                              .protocol = IP_UDP,
                                              .payload_bytes = packets[i].payload};
        bytes[packets[i].row] += capture_write(out, false, &packet);
    }
    fclose(out);
    return path;
}

static const char small_truth[] = HEADER "\n"
                                         "c,udp,192.0.2.2,53,192.0.2.1,50000,dns\n"
                                         "c,udp,192.0.2.1,50000,192.0.2.2,123,sntp\n"
                                         "c,udp,192.0.2.1,50000,192.0.2.2,40000,dns\n"
                                         "c,udp,192.0.2.1,50000,192.0.2.2,9999,dns\n";

static void note_complaint(void *context, const char *input, const char *text)
{
    (void)input;
    (void)text;
    ++*(unsigned *)context;
}

/* The small capture's units, by its truth. */
static void run_small(struct eval_capture *capture, struct eval_truth *truth,
                      const struct protocols *protocols, uint64_t *bytes)
{
    unsigned complaints = 0;
    const struct eval_run run = {
        .classifier = {.tiers = 1u << TIER_PORTS,
                       .flow_count = 1000,
                       .timeouts = flow_timeouts_default()},
        .protocols = protocols,
        .combined = 1u << TIER_PORTS,
        .complaint = {.tell = note_complaint, .context = &complaints},
    };
    const struct eval_columns columns = {.label = NULL};
    CU_ASSERT_EQUAL_FATAL(read_text(truth, small_truth, &columns, NULL), 0);
    const char *path = write_small_capture(bytes);
    CU_ASSERT_EQUAL_FATAL(eval_capture_run(capture, &run, path, truth->rows, truth->count, NULL),
                          0);
    CU_ASSERT_EQUAL(complaints, 0);
    unlink(path);
}

static void matches_flows_with_rows(void)
{
    struct protocols *protocols;
    struct eval_truth truth;
    struct eval_capture capture;
    uint64_t bytes[4];
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    run_small(&capture, &truth, protocols, bytes);
    CU_ASSERT_EQUAL_FATAL(capture.count, 4);
    const struct eval_unit *units = capture.units;
    CU_ASSERT_EQUAL(units[0].flows, 2);
    CU_ASSERT_EQUAL(units[0].packets, 2);
    CU_ASSERT_EQUAL(units[0].bytes, bytes[0]);
    CU_ASSERT_EQUAL(units[0].verdict[TIER_PORTS], protocols_find(protocols, "dns"));
    CU_ASSERT_EQUAL(units[0].data_before[TIER_PORTS], 1);
    CU_ASSERT_EQUAL(units[0].first_count, EVAL_FIRST_BYTES);
    CU_ASSERT_EQUAL(units[1].verdict[EVAL_COMBINED], protocols_find(protocols, "ntp"));
    CU_ASSERT_EQUAL(units[1].data_before[EVAL_COMBINED], 1);
    CU_ASSERT_EQUAL(units[2].flows, 1);
    CU_ASSERT_EQUAL(units[2].verdict[TIER_PORTS], PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(units[3].flows, 0);
    CU_ASSERT_EQUAL(units[3].first_count, 0);
    CU_ASSERT_EQUAL(capture.foreign_flows, 1);
    CU_ASSERT_EQUAL(capture.foreign_bytes, bytes[3]);
    CU_ASSERT_EQUAL(capture.evicted, 0);
    eval_capture_free(&capture);
    eval_truth_free(&truth);
    protocols_free(protocols);
}

/* dns: right once, missed once; `sntp` is a word of the truth's own, so that ntp is wrong. */
static void counts_by_hand(void)
{
    struct protocols *protocols;
    struct eval_truth truth;
    struct eval_capture capture;
    struct eval_words words;
    struct eval_samples samples = {.tiers = 1u << TIER_PORTS, .least = EVAL_CONFIDENCE_HIGH};
    struct eval_result result;
    uint64_t bytes[4];
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    run_small(&capture, &truth, protocols, bytes);
    eval_words_init(&words, protocols);
    CU_ASSERT_EQUAL_FATAL(eval_samples_add(&samples, &words, &capture, NULL), 0);
    CU_ASSERT_EQUAL(samples.summary.scored.flows, 3);
    CU_ASSERT_EQUAL(samples.summary.scored.bytes, bytes[0] + bytes[1] + bytes[2]);
    CU_ASSERT_EQUAL(samples.summary.unseen, 1);
    CU_ASSERT_EQUAL(samples.summary.split, 1);
    CU_ASSERT_EQUAL(samples.summary.foreign.flows, 1);
    CU_ASSERT_EQUAL_FATAL(eval_result_make(&result, &samples, &words, EVAL_BY_PROTOCOL, NULL, NULL),
                          0);
    CU_ASSERT_EQUAL_FATAL(result.tier_count, 1);
    const struct eval_result_method *tier = &result.methods[0];
    CU_ASSERT_EQUAL_FATAL(tier->class_count, 3);
    const struct eval_result_row *dns = &tier->classes[0];
    CU_ASSERT_STRING_EQUAL(dns->name, "dns");
    CU_ASSERT_EQUAL(dns->cell.truth.flows, 2);
    CU_ASSERT_EQUAL(dns->cell.right.bytes, bytes[0]);
    CU_ASSERT_EQUAL(dns->cell.missed.bytes, bytes[2]);
    CU_ASSERT_EQUAL(dns->cell.claimed.flows, 0);
    CU_ASSERT_STRING_EQUAL(tier->classes[1].name, "sntp");
    CU_ASSERT_EQUAL(tier->classes[1].cell.wrong.flows, 1);
    CU_ASSERT_STRING_EQUAL(tier->classes[2].name, "ntp");
    CU_ASSERT_EQUAL(tier->classes[2].cell.claimed.bytes, bytes[1]);
    double value;
    CU_ASSERT(eval_rate_of(&tier->all.cell, EVAL_PRECISION, false, &value) && is_near(value, 0.5));
    CU_ASSERT(eval_rate_of(&tier->all.cell, EVAL_RECALL, false, &value) && is_near(value, 1 / 3.0));
    CU_ASSERT(eval_rate_of(&tier->all.cell, EVAL_F1, false, &value) && is_near(value, 0.4));
    CU_ASSERT(is_near(tier->mean_recall, 0.25));
    CU_ASSERT_EQUAL(tier->confusion_count, 2);
    eval_result_free(&result);
    eval_samples_free(&samples);
    eval_words_free(&words);
    eval_capture_free(&capture);
    eval_truth_free(&truth);
    protocols_free(protocols);
}

static void hear_nothing(void *context, const struct flow_ended *flow)
{
    (void)context;
    (void)flow;
}

static unsigned closed;

static void measure_nothing(void *context, const struct flow_measured *flow)
{
    (void)context;
    (void)flow;
}

static void note_close(struct source *source)
{
    (void)source;
    closed++;
}

static void dataplanes_refuse_observers(void)
{
    static const struct source_operations operations = {.close = note_close};
    struct source sources[] = {{&operations}, {&operations}};
    struct source *both[] = {&sources[0], &sources[1]};
    struct dataplane *dataplane;
    struct dataplane_options options = {.classifier = {.observer = {.tell = hear_nothing}},
                                        .worker_count = 1};
    closed = 0;
    CU_ASSERT_EQUAL(dataplane_start(&dataplane, &options, sources, NULL), -EPERM);
    options.worker_count = 2;
    CU_ASSERT_EQUAL(dataplane_start(&dataplane, &options, sources, NULL), -EPERM);
    CU_ASSERT_EQUAL(dataplane_start_each(&dataplane, &options, both, NULL), -EPERM);
    CU_ASSERT_EQUAL(closed, 4);
    options.classifier.observer = (struct flow_observer){.measure = measure_nothing};
    CU_ASSERT_EQUAL(dataplane_start_each(&dataplane, &options, both, NULL), -EPERM);
    CU_ASSERT_EQUAL(closed, 6);
}

CU_TestInfo eval_tests[] = {
    {"CSV: quotes and line ends", reads_quotes_and_line_ends},
    {"CSV: what is none", refuses_what_is_no_csv},
    {"truth: columns by name", reads_rows_by_column_name},
    {"truth: the line of a bad row", tells_the_line_of_a_bad_row},
    {"truth: a column that was named", wants_a_confidence_it_was_told_of},
    {"truth: overruled with reason only", overrules_with_reason_only},
    {"aliases", reads_aliases},
    {"bad aliases", refuses_bad_aliases},
    {"Wilson's intervals as published", knows_published_intervals},
    {"rates by their definitions", rates_follow_their_definitions},
    {"bootstrap of whole captures", draws_whole_captures},
    {"no interval from few captures", gives_no_interval_from_few_captures},
    {"flows find their rows", matches_flows_with_rows},
    {"a small capture's figures", counts_by_hand},
    {"dataplanes refuse observers", dataplanes_refuse_observers},
    CU_TEST_INFO_NULL,
};
