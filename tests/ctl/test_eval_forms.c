/* SPDX-License-Identifier: BSD-3-Clause */
/* The written forms of an evaluation against files that were looked at: tests/golden/eval.*. With
 * GOLDEN=update they are written instead, to be looked at again. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "eval_fixture.h"
#include "eval_forms.h"
#include "eval_plot.h"
#include "eval_text.h"
#include "suites.h"
#include "svg.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* So many flows of a kind in every capture. */
static const struct kind {
    unsigned flows;
    struct eval_case one;
} kinds[] = {
    {9, {.label = "dns", .verdict = "dns", .confidence = 98, .p_value = 500, .data_before = 2}},
    {1, {.label = "dns", .verdict = "ntp", .confidence = 71, .p_value = 90, .data_before = 2}},
    {5, {.label = "http", .verdict = "http", .confidence = 93, .p_value = 400, .data_before = 4}},
    {1, {.label = "http", .verdict = "dns", .confidence = 55, .p_value = 20, .data_before = 8}},
    {1, {.label = "http", .verdict = NULL, .confidence = 34, .p_value = 4, .data_before = 0}},
    {3, {.label = "imap", .verdict = "smtp", .confidence = 82, .p_value = 300, .data_before = 16}},
    {1, {.label = "imap", .verdict = "imap", .confidence = 88, .p_value = 310, .data_before = 64}},
    {2, {.label = "a|b<c>&d", .verdict = "http", .confidence = 61, .p_value = 9, .data_before = 4}},
    {2, {.label = "tor", .verdict = NULL, .confidence = 21, .p_value = 2, .data_before = 0}},
    {1, {.label = "tor", .verdict = "http", .confidence = 57, .p_value = 30, .data_before = 8}},
};

enum { CASES_MAX = 256 };

/* Six captures of two sites; the second site has less confidence in what it says. */
static size_t make_cases(struct eval_case *cases)
{
    static const char *const captures[] = {"east/a", "east/b", "east/c",
                                           "west/d", "west/e", "west/f"};
    static const char *const first[] = {"one", "two", "three", "four", "five"};
    size_t count = 0;
    for (size_t capture = 0; capture < COUNT(captures); capture++) {
        for (size_t kind = 0; kind < COUNT(kinds); kind++) {
            for (unsigned flow = 0; flow < kinds[kind].flows; flow++) {
                struct eval_case *one = &cases[count++];
                *one = kinds[kind].one;
                one->capture = captures[capture];
                one->bytes = 100 * (kind + 1) * (flow + 1) + capture;
                one->port = (uint16_t)(kind % 7 + 50);
                one->first = first[(kind + flow) % COUNT(first)];
                one->confidence = (uint16_t)(one->confidence - (capture > 2 ? 4 : 0));
            }
        }
    }
    CU_ASSERT_FATAL(count <= CASES_MAX);
    return count;
}

static void begin(struct eval_fixture *fixture, struct eval_result *result)
{
    static struct eval_case cases[CASES_MAX];
    const struct eval_fold_choice choice = {.split_by = "site"};
    size_t count = make_cases(cases);
    eval_fixture_make(fixture, cases, count, "tor", &choice);
    CU_ASSERT_EQUAL_FATAL(eval_result_make(result, &fixture->samples, &fixture->words,
                                           EVAL_BY_GROUP, choice.split_by, NULL),
                          0);
}

static char *load(const char *path)
{
    char *text = NULL;
    size_t length = 0;
    FILE *in = fopen(path, "r");
    if (in && getdelim(&text, &length, '\0', in) < 0) {
        free(text);
        text = NULL;
    }
    if (in)
        fclose(in);
    return text;
}

static void save(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    fputs(text, out);
    CU_ASSERT_EQUAL(fclose(out), 0);
}

static void compare(const char *name, const char *text)
{
    const char *folder = getenv("GLASSBOX_GOLDEN");
    const char *golden = getenv("GOLDEN");
    char path[4096];
    CU_ASSERT_PTR_NOT_NULL_FATAL(folder);
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (golden && !strcmp(golden, "update"))
        save(path, text);
    char *expected = load(path);
    CU_ASSERT(text && expected && !strcmp(text, expected));
    free(expected);
}

static void forms_are_as_they_were(void)
{
    static const struct {
        const char *name;
        int (*write)(const struct eval_result *result, FILE *out);
    } forms[] = {{"eval.txt", eval_write_table},
                 {"eval.json", eval_write_json},
                 {"eval.md", eval_write_markdown}};
    struct eval_fixture fixture;
    struct eval_result result;
    begin(&fixture, &result);
    for (size_t i = 0; i < COUNT(forms); i++) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        CU_ASSERT_EQUAL(forms[i].write(&result, out), 0);
        fclose(out);
        compare(forms[i].name, text);
        free(text);
    }
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

static void plots_are_as_they_were(void)
{
    static const char *const names[][2] = {{"confusion.svg", "eval.confusion.svg"},
                                           {"reliability.svg", "eval.reliability.svg"},
                                           {"packets.svg", "eval.packets.svg"}};
    char folder[] = "/tmp/test-eval-plots-XXXXXX";
    char plots[64];
    char path[128];
    struct eval_fixture fixture;
    struct eval_result result;
    begin(&fixture, &result);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    snprintf(plots, sizeof plots, "%s/plots", folder);
    CU_ASSERT_EQUAL_FATAL(eval_plots_write(&result, plots, NULL), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        snprintf(path, sizeof path, "%s/%s", plots, names[i][0]);
        char *text = load(path);
        CU_ASSERT_PTR_NOT_NULL_FATAL(text);
        compare(names[i][1], text);
        free(text);
        unlink(path);
    }
    rmdir(plots);
    rmdir(folder);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

static void plots_need_a_folder(void)
{
    struct eval_fixture fixture;
    struct eval_result result;
    begin(&fixture, &result);
    CU_ASSERT_EQUAL(eval_plots_write(&result, "/nowhere/at/all", NULL), -ENOENT);
    CU_ASSERT_EQUAL(eval_plots_write(&result, "/dev/null", NULL), -ENOTDIR);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

static void numbers_for_people(void)
{
    static const struct {
        uint64_t number;
        const char *text;
    } counts[] = {{0, "0"},
                  {999, "999"},
                  {1000, "1,000"},
                  {65157927, "65,157,927"},
                  {100000, "100,000"},
                  {UINT64_MAX, "18,446,744,073,709,551,615"}};
    static const struct {
        double share;
        unsigned decimals;
        const char *text;
    } shares[] = {{0, 2, "0"},           {1, 2, "100"},          {0.5, 0, "50"},
                  {0.97244, 2, "97.24"}, {0.00001, 2, "<0.01"},  {0.99999, 2, ">99.99"},
                  {0.004, 0, "<1"},      {0.996, 0, ">99"},      {0.9995, 1, ">99.9"},
                  {0.0005, 1, "0.1"},    {0.123456, 3, "12.346"}};
    for (size_t i = 0; i < COUNT(counts); i++)
        CU_ASSERT_STRING_EQUAL(eval_text_count(counts[i].number).text, counts[i].text);
    for (size_t i = 0; i < COUNT(shares); i++)
        CU_ASSERT_STRING_EQUAL(eval_text_percent(shares[i].share, shares[i].decimals).text,
                               shares[i].text);
}

/* What XML must not hold never gets there. */
static void svg_escapes(void)
{
    static const struct {
        const char *text;
        const char *written;
    } texts[] = {
        {"a<b>&\"c\"", ">a&lt;b&gt;&amp;&quot;c&quot;<"},
        {"\xc3\xa4", ">\xc3\xa4<"},
        {"\xff\x01", ">\xef\xbf\xbd\xef\xbf\xbd<"},
        {"\xef\xbf\xbe", ">\xef\xbf\xbd<"},
    };
    for (size_t i = 0; i < COUNT(texts); i++) {
        char *text = NULL;
        size_t length;
        FILE *out = open_memstream(&text, &length);
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        svg_text(out, 1, 2, (struct svg_face){.size = 0}, texts[i].text);
        fclose(out);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, texts[i].written));
        free(text);
    }
}

CU_TestInfo eval_forms_tests[] = {
    {"table, JSON and Markdown", forms_are_as_they_were},
    {"plots", plots_are_as_they_were},
    {"plots need a folder", plots_need_a_folder},
    {"numbers for people", numbers_for_people},
    {"SVG escapes", svg_escapes},
    CU_TEST_INFO_NULL,
};
