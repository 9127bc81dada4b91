/* SPDX-License-Identifier: BSD-3-Clause */
/* Data sets: what is written is read, what is no data set is refused, and parts share no capture.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "folds.h"
#include "rows.h"
#include "suites.h"

/* A flow of a capture, with one row whose values follow from `seed`. */
static void add(struct rows *rows, const char *site, const char *capture, const char *label,
                uint32_t hosts, int16_t seed)
{
    struct rows_flow flow = {.site = (uint32_t)names_note(&rows->sites, site),
                             .capture = (uint32_t)names_note(&rows->captures, capture),
                             .label = (uint32_t)names_note(&rows->labels, label),
                             .ports = (uint32_t)names_note(&rows->labels, "unknown"),
                             .group = (uint32_t)names_note(&rows->groups, "web"),
                             .hosts = hosts,
                             .bytes = 1234567890123u,
                             .first = {0x16030100, 0},
                             .has_first = {true, false},
                             .port = {443, 50000},
                             .protocol = 6,
                             .variation = VARIATION_BACKWARD};
    const struct row row = {.packets = 3, .checkpoint = 1, .is_end = true};
    int16_t values[FEATURES];
    for (int i = 0; i < FEATURES; i++)
        values[i] = (int16_t)(i % 3 ? seed - 7 * i : FEATURE_MISSING);
    CU_ASSERT_EQUAL_FATAL(rows_add_flow(rows, &flow), 0);
    CU_ASSERT_EQUAL_FATAL(rows_add(rows, &row, values), 0);
}

static int read_text(struct rows *rows, const char *text, struct error *error)
{
    char path[] = "/tmp/glassbox-rows-XXXXXX";
    int file = mkstemp(path);
    CU_ASSERT_FATAL(file >= 0);
    CU_ASSERT_EQUAL(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    int failure = rows_read(rows, path, error);
    unlink(path);
    return failure;
}

static char *text_of(const struct rows *rows)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    CU_ASSERT_EQUAL(rows_write(rows, out), 0);
    fclose(out);
    return text;
}

static void what_is_written_is_read(void)
{
    struct rows rows = {.count = 0};
    struct rows again = {.count = 0};
    struct error error = {0};
    add(&rows, "fibre", "fibre/a.pcap", "tls", 0xdeadbeef, 1500);
    add(&rows, "4g", "4g/a.pcap", "http", 7, -1500);
    char *text = text_of(&rows);
    CU_ASSERT_EQUAL_FATAL(read_text(&again, text, &error), 0);
    CU_ASSERT_EQUAL(again.flow_count, 2);
    CU_ASSERT_EQUAL(again.flows[0].hosts, 0xdeadbeef);
    CU_ASSERT_EQUAL(again.flows[0].bytes, 1234567890123u);
    CU_ASSERT_EQUAL(again.flows[1].row, 1);
    CU_ASSERT(again.rows[1].is_end && again.rows[1].packets == 3);
    CU_ASSERT(!memcmp(again.values, rows.values, 2 * sizeof *rows.values));
    char *written = text_of(&again);
    CU_ASSERT_STRING_EQUAL(written, text);
    free(text);
    free(written);
    rows_free(&rows);
    rows_free(&again);
}

#define HEAD "glassbox-rows 1\nfeatures 2 size_1 transport\n"
#define FLOW "flow s s/c 00000007 tls web 10 6 443 50000 tls - - whole\n"

static void what_is_no_data_set_is_refused_by_its_line(void)
{
    static const struct {
        const char *text;
        unsigned line;
    } cases[] = {
        {"", 0},
        {"glassbox-rows 2\n", 1},
        {"glassbox-rows 1\nfeatures 1 colour\n", 2},
        {"glassbox-rows 1\nfeatures 0\n", 2},
        {HEAD "at 2 2 0 1 6\n", 3},                                  /* of no flow */
        {HEAD "flow s s/c 7 tls web 10 6 443\n", 3},                 /* too short */
        {HEAD "flow s s/c x tls web 10 6 443 1 tls - - whole\n", 3}, /* hosts */
        {HEAD "flow s s/c 7 tls web 10 6 443 65536 tls - - whole\n", 3},
        {HEAD "flow s s/c 7 tls web 10 6 443 1 tls - - sideways\n", 3},
        {HEAD FLOW "at 2 2 0 1\n", 4}, /* a value is missing */
        {HEAD FLOW "at 2 2 2 1 6\n", 4},
        {HEAD FLOW "at 2 2 0 40000 6\n", 4},
        {HEAD FLOW "at 2 2 0 -32768 6\n", 4}, /* what is missing is a dot */
        {HEAD FLOW "then\n", 4},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rows rows = {.count = 0};
        struct error error = {0};
        CU_ASSERT(read_text(&rows, cases[i].text, &error) < 0);
        CU_ASSERT_EQUAL(error.line, cases[i].line);
        rows_free(&rows);
    }
}

static void features_that_a_file_lacks_are_missing(void)
{
    struct rows rows = {.count = 0};
    CU_ASSERT_EQUAL_FATAL(read_text(&rows, HEAD FLOW "at 2 2 0 -40 6\n", NULL), 0);
    CU_ASSERT_EQUAL(rows.values[0][FEATURE_SIZE_FIRST], -40);
    CU_ASSERT_EQUAL(rows.values[0][FEATURE_TRANSPORT], 6);
    CU_ASSERT_EQUAL(rows.values[0][FEATURE_SIZE_FIRST + 1], FEATURE_MISSING);
    rows_free(&rows);
}

/* Folds of captures; `web` is everywhere, `rare` in one capture. */
static void parts_share_no_capture_but_for_single_ones(void)
{
    enum { FOLDS = 3, SITES = 4, FLOWS = 8 };
    struct rows rows = {.count = 0};
    uint8_t folds[SITES * FLOWS + FLOWS];
    unsigned split;
    for (unsigned i = 0; i < SITES * FLOWS; i++) {
        const char *const captures[SITES] = {"a/x", "b/x", "c/x", "d/x"};
        const char *const sites[SITES] = {"a", "b", "c", "d"};
        add(&rows, sites[i % SITES], captures[i % SITES], "tls", i, 1);
    }
    for (unsigned i = 0; i < FLOWS; i++)
        add(&rows, "a", "a/y", "rare", i % 4, 1);
    CU_ASSERT_EQUAL_FATAL(folds_by_capture(folds, &rows, FOLDS, &split), 0);
    CU_ASSERT_EQUAL(split, 1);
    for (unsigned i = SITES; i < SITES * FLOWS; i++)
        CU_ASSERT_EQUAL(folds[i], folds[i % SITES]);
    CU_ASSERT(folds[0] != folds[1] && folds[1] != folds[2]); /* one scenario, other sites */
    bool is_parted = false;
    for (unsigned i = 0; i < FLOWS; i++) {
        unsigned at = SITES * FLOWS + i;
        CU_ASSERT_EQUAL(folds[at], folds[SITES * FLOWS + i % 4]); /* by pair of hosts */
        is_parted = is_parted || folds[at] != folds[SITES * FLOWS];
    }
    CU_ASSERT(is_parted);
    rows_free(&rows);
}

CU_TestInfo rows_tests[] = {
    {"what is written is read", what_is_written_is_read},
    {"what is no data set is refused by its line", what_is_no_data_set_is_refused_by_its_line},
    {"features that a file lacks are missing", features_that_a_file_lacks_are_missing},
    {"parts share no capture", parts_share_no_capture_but_for_single_ones},
    CU_TEST_INFO_NULL,
};
