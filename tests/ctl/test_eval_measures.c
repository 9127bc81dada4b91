/* SPDX-License-Identifier: BSD-3-Clause */
/* What is measured beyond rates, on flows few enough to compute by hand: levels, folds, baselines,
 * calibration, what is held out, packets. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "eval_fixture.h"
#include "eval_result.h"
#include "suites.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static bool is_near(double value, double expected)
{
    return fabs(value - expected) < 0.00005;
}

static void judge(struct eval_result *result, const struct eval_fixture *fixture,
                  enum eval_level level, const char *split_by)
{
    CU_ASSERT_EQUAL_FATAL(
        eval_result_make(result, &fixture->samples, &fixture->words, level, split_by, NULL), 0);
}

/* The method of that name; the last one, as a baseline comes after the tier of its name. */
static const struct eval_result_method *method_of(const struct eval_result *result,
                                                  const char *name)
{
    const struct eval_result_method *found = NULL;
    for (unsigned i = 0; i < result->method_count; i++) {
        if (!strcmp(result->methods[i].name, name))
            found = &result->methods[i];
    }
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

/* imap called smtp is right as mail; mysql called modbus only as infrastructure; a word of the
 * truth's own at no level. */
static void levels_forgive_more_and_more(void)
{
    static const struct eval_case cases[] = {
        {.capture = "a", .label = "imap", .verdict = "imap", .bytes = 10},
        {.capture = "a", .label = "imap", .verdict = "smtp", .bytes = 20},
        {.capture = "a", .label = "mysql", .verdict = "modbus", .bytes = 30},
        {.capture = "a", .label = "pigeon", .verdict = "http", .bytes = 40},
        {.capture = "a", .label = "dns", .verdict = NULL, .bytes = 50},
    };
    static const uint64_t right[EVAL_LEVELS] = {10, 30, 60};
    static const char *const first[EVAL_LEVELS] = {"imap", "mail", "mail"};
    struct eval_fixture fixture;
    eval_fixture_make(&fixture, cases, COUNT(cases), NULL, NULL);
    for (unsigned level = 0; level < EVAL_LEVELS; level++) {
        struct eval_result result;
        judge(&result, &fixture, (enum eval_level)level, NULL);
        const struct eval_result_method *headers = method_of(&result, "headers");
        CU_ASSERT_EQUAL(headers->all.cell.right.bytes, right[level]);
        CU_ASSERT_EQUAL(headers->all.cell.missed.bytes, 50);
        CU_ASSERT_EQUAL(headers->all.cell.truth.bytes, 150);
        CU_ASSERT_STRING_EQUAL(headers->classes[0].name, first[level]);
        eval_result_free(&result);
    }
    eval_fixture_free(&fixture);
}

static void every_category_has_a_group(void)
{
    struct protocols *protocols;
    struct eval_words words;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    eval_words_init(&words, protocols);
    for (unsigned id = 0; id < protocols_count(protocols); id++) {
        unsigned group = eval_level_of(EVAL_BY_GROUP, &words, id);
        const char *name = eval_level_class_name(EVAL_BY_GROUP, &words, group);
        const char *category = category_name(protocols_get(protocols, id)->category);
        bool is_joined = !strcmp(category, "database") || !strcmp(category, "industrial");
        CU_ASSERT_STRING_EQUAL(name, is_joined ? "infrastructure" : category);
    }
    CU_ASSERT_EQUAL(eval_level_find("group"), EVAL_BY_GROUP);
    CU_ASSERT_EQUAL(eval_level_find("groups"), -1);
    eval_words_free(&words);
    protocols_free(protocols);
}

static void folds_are_named(void)
{
    static const struct {
        const char *split_by;
        const char *fold;
        const char *names[3]; /* of the rows' folds */
    } known[] = {
        {NULL, NULL, {"x/a", "y/b", "c"}},
        {"capture", NULL, {"x/a", "y/b", "c"}},
        {"site", NULL, {"x", "y", "(none)"}},
        {"host", NULL, {"192.0.2.1", "192.0.2.1", "192.0.2.1"}},
        {"site", "here", {"here", "here", "here"}},
        {"day", "", {"(none)", "(none)", "(none)"}},
    };
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct eval_fold_choice choice = {.split_by = known[i].split_by};
        const struct eval_case cases[] = {
            {.capture = "x/a", .fold = known[i].fold, .label = "dns", .port = 53},
            {.capture = "y/b", .fold = known[i].fold, .label = "dns", .port = 53},
            {.capture = "c", .fold = known[i].fold, .label = "dns", .port = 53},
        };
        struct eval_fixture fixture;
        eval_fixture_make(&fixture, cases, COUNT(cases), NULL, &choice);
        for (unsigned row = 0; row < COUNT(cases); row++) {
            unsigned fold = fixture.truth.rows[row].fold_id;
            CU_ASSERT_STRING_EQUAL(fixture.folds.names[fold], known[i].names[row]);
        }
        eval_fixture_free(&fixture);
    }
}

static void folds_that_are_not_there(void)
{
    struct eval_row rows[] = {{.capture = "x/a", .label = "dns"}};
    struct eval_truth truth = {.rows = rows, .count = 1};
    const struct eval_fold_choice choices[] = {
        {.split_by = "day"},
        {.split_by = "site", .only = {"y"}, .only_count = 1},
        {.split_by = "site", .without = {"y"}, .without_count = 1},
    };
    for (size_t i = 0; i < COUNT(choices); i++) {
        struct eval_folds folds;
        CU_ASSERT_EQUAL(eval_folds_assign(&folds, &choices[i], &truth, NULL), -EINVAL);
        eval_folds_free(&folds);
    }
}

static const struct eval_case of_two_sites[] = {
    {.capture = "x/a", .label = "dns", .verdict = "dns", .bytes = 1, .port = 53, .first = "q"},
    {.capture = "x/a", .label = "dns", .verdict = "ntp", .bytes = 2, .port = 53, .first = "q"},
    {.capture = "x/a", .label = "http", .verdict = "http", .bytes = 4, .port = 80, .first = "GET "},
    {.capture = "x/b", .label = "http", .verdict = NULL, .bytes = 8, .port = 80, .first = "GET /"},
    {.capture = "y/c",
     .label = "http",
     .verdict = "http",
     .bytes = 16,
     .port = 80,
     .first = "POST"},
    {.capture = "y/c", .label = "dns", .verdict = "dns", .bytes = 32, .port = 80, .first = "GET"},
    {.capture = "y/c", .label = "ntp", .verdict = "ntp", .bytes = 64, .port = 123},
};

static void folds_are_judged_apart(void)
{
    const struct eval_fold_choice choice = {.split_by = "site"};
    struct eval_fixture fixture;
    struct eval_result result;
    eval_fixture_make(&fixture, of_two_sites, COUNT(of_two_sites), NULL, &choice);
    judge(&result, &fixture, EVAL_BY_PROTOCOL, "site");
    const struct eval_result_method *headers = method_of(&result, "headers");
    CU_ASSERT_EQUAL_FATAL(headers->fold_count, 2);
    CU_ASSERT_STRING_EQUAL(headers->folds[0].name, "x");
    CU_ASSERT_EQUAL(headers->folds[0].cell.truth.flows, 4);
    CU_ASSERT_EQUAL(headers->folds[0].cell.right.bytes, 5);
    CU_ASSERT_EQUAL(headers->folds[0].cell.missed.bytes, 8);
    CU_ASSERT_EQUAL(headers->folds[0].cell.claimed.bytes, 2);
    CU_ASSERT_EQUAL(headers->folds[1].cell.right.flows, 3);
    CU_ASSERT_EQUAL(headers->all.cell.right.flows, 5);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

static void only_and_without_choose(void)
{
    const struct eval_fold_choice choices[] = {
        {.split_by = "site", .only = {"y"}, .only_count = 1},
        {.split_by = "site", .without = {"x"}, .without_count = 1},
        {.split_by = "site",
         .only = {"x", "y"},
         .only_count = 2,
         .without = {"x"},
         .without_count = 1},
    };
    for (size_t i = 0; i < COUNT(choices); i++) {
        struct eval_fixture fixture;
        struct eval_result result;
        eval_fixture_make(&fixture, of_two_sites, COUNT(of_two_sites), NULL, &choices[i]);
        CU_ASSERT_EQUAL(fixture.samples.summary.capture_count, 1);
        CU_ASSERT_EQUAL(fixture.samples.summary.scored.bytes, 112);
        CU_ASSERT_EQUAL(fixture.samples.count, 7);
        judge(&result, &fixture, EVAL_BY_PROTOCOL, "site");
        CU_ASSERT_EQUAL(method_of(&result, "headers")->all.cell.truth.flows, 3);
        CU_ASSERT_EQUAL(method_of(&result, "headers")->fold_count, 1);
        /* learned from site x, which is not judged: port 80 is http, "POST" was never seen */
        CU_ASSERT_EQUAL(method_of(&result, "learned-ports")->all.cell.right.bytes, 16);
        CU_ASSERT_EQUAL(method_of(&result, "learned-ports")->all.cell.wrong.bytes, 96);
        CU_ASSERT_EQUAL(method_of(&result, "first-bytes")->all.cell.missed.bytes, 112);
        eval_result_free(&result);
        eval_fixture_free(&fixture);
    }
}

/* A fold is a capture here. */
static void baselines_learn_from_other_folds(void)
{
    struct eval_fixture fixture;
    struct eval_answers answers;
    eval_fixture_make(&fixture, of_two_sites, COUNT(of_two_sites), NULL, NULL);
    int dns = protocols_find(fixture.protocols, "dns");
    int http = protocols_find(fixture.protocols, "http");
    static const struct {
        enum eval_baseline baseline;
        const char *says[COUNT(of_two_sites)]; /* null: nothing */
    } known[] = {
        /* others of a: http 2, dns 1, ntp 1; of b: dns 3, http 2, ntp 1; of c: dns 2, http 2 */
        {EVAL_MAJORITY, {"http", "http", "http", "dns", "tie", "tie", "tie"}},
        /* 53 is in a alone, and so is 50000 then asked: all of b and c, http 2, dns 1, ntp 1.
         * 80: of a: http 2, dns 1; of b: http 2, dns 1; of c: http 2. 123: 50000 in a and b: tie */
        {EVAL_LEARNED_PORTS, {"http", "http", "http", "http", "http", "http", "tie"}},
        /* "GET /" and "GET " are one key; "GET", "POST" and "q" are in one capture each */
        {EVAL_LEARNED_BYTES, {NULL, NULL, "http", "http", NULL, NULL, NULL}},
    };
    int tie = dns < http ? dns : http;
    for (size_t i = 0; i < COUNT(known); i++) {
        CU_ASSERT_EQUAL_FATAL(eval_answers_of_baseline(&answers, &fixture.samples, &fixture.words,
                                                       EVAL_BY_PROTOCOL, known[i].baseline, NULL),
                              0);
        for (size_t flow = 0; flow < answers.count; flow++) {
            const char *says = known[i].says[flow];
            int class = !says                  ? PROTOCOL_UNKNOWN
                        : !strcmp(says, "tie") ? tie
                                               : protocols_find(fixture.protocols, says);
            CU_ASSERT_EQUAL(answers.all[flow].class, (unsigned)class);
            bool is_right =
                says && !strcmp(fixture.samples.all[flow].word->name,
                                protocols_get(fixture.protocols, (unsigned)class)->name);
            CU_ASSERT_EQUAL(answers.all[flow].is_right, is_right);
        }
        eval_answers_free(&answers);
    }
    eval_fixture_free(&fixture);
}

static void baselines_never_learn_what_is_held_out(void)
{
    static const struct eval_case cases[] = {
        {.capture = "a", .label = "tor", .bytes = 1, .first = "onion"},
        {.capture = "b", .label = "tor", .bytes = 1, .first = "onion"},
        {.capture = "c", .label = "dns", .bytes = 1, .first = "query"},
    };
    struct eval_fixture fixture;
    struct eval_answers answers;
    eval_fixture_make(&fixture, cases, COUNT(cases), "tor", NULL);
    CU_ASSERT_EQUAL_FATAL(eval_answers_of_baseline(&answers, &fixture.samples, &fixture.words,
                                                   EVAL_BY_PROTOCOL, EVAL_LEARNED_BYTES, NULL),
                          0);
    CU_ASSERT_EQUAL(answers.all[0].class, PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(answers.all[1].class, PROTOCOL_UNKNOWN);
    eval_answers_free(&answers);
    CU_ASSERT_EQUAL_FATAL(eval_answers_of_baseline(&answers, &fixture.samples, &fixture.words,
                                                   EVAL_BY_PROTOCOL, EVAL_MAJORITY, NULL),
                          0);
    CU_ASSERT_EQUAL(answers.all[0].class, (unsigned)protocols_find(fixture.protocols, "dns"));
    CU_ASSERT(!answers.all[0].is_right);
    CU_ASSERT_EQUAL(answers.all[2].class, PROTOCOL_UNKNOWN);
    eval_answers_free(&answers);
    eval_fixture_free(&fixture);
}

/* Bins: 50-60 % holds two flows, one right: |1/2 - 0.55|. 90-100 % holds three, two right, mean
 * 0.95: |2/3 - 0.95|. The one without verdict and the held out one are in none.
 * (2 * 0.05 + 3 * 0.28333) / 5 = 0.19. */
static void calibrates_by_hand(void)
{
    static const struct eval_case cases[] = {
        {.capture = "a", .label = "dns", .verdict = "dns", .confidence = 52},
        {.capture = "a", .label = "dns", .verdict = "ntp", .confidence = 58},
        {.capture = "a", .label = "dns", .verdict = "dns", .confidence = 91},
        {.capture = "a", .label = "ntp", .verdict = "ntp", .confidence = 94},
        {.capture = "a", .label = "ntp", .verdict = "dns", .confidence = 100},
        {.capture = "a", .label = "ntp", .verdict = NULL, .confidence = 95},
        {.capture = "a", .label = "tor", .verdict = "dns", .confidence = 95},
    };
    struct eval_fixture fixture;
    struct eval_result result;
    eval_fixture_make(&fixture, cases, COUNT(cases), "tor", NULL);
    judge(&result, &fixture, EVAL_BY_PROTOCOL, NULL);
    const struct eval_calibration *calibration = &method_of(&result, "headers")->calibration;
    CU_ASSERT(calibration->is_known);
    CU_ASSERT_EQUAL(calibration->flows, 5);
    CU_ASSERT_EQUAL(calibration->bins[5].flows, 2);
    CU_ASSERT_EQUAL(calibration->bins[5].right, 1);
    CU_ASSERT(is_near(calibration->bins[5].confidence, 0.55));
    CU_ASSERT_EQUAL(calibration->bins[9].flows, 3);
    CU_ASSERT_EQUAL(calibration->bins[9].right, 2);
    CU_ASSERT(is_near(calibration->error, 0.19));
    CU_ASSERT(!method_of(&result, "ports")->calibration.is_known);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

/* Confidence of known flows 90 80 60 40, of held out ones 70 60 10. Pairs won: 90 and 80 all three,
 * 60 beats 10 and ties with 60, 40 beats 10: 3 + 3 + 1.5 + 1 = 8.5 of 12. All four known flows are
 * needed for 95 %: at 40 two of the three held out ones are above, with 70 of 80 bytes. */
static void tells_known_from_unknown_by_hand(void)
{
    static const struct eval_case cases[] = {
        {.capture = "a", .label = "dns", .verdict = "dns", .confidence = 90, .p_value = 1},
        {.capture = "a", .label = "dns", .verdict = "ntp", .confidence = 80, .p_value = 1},
        {.capture = "a", .label = "dns", .verdict = "dns", .confidence = 60, .p_value = 1},
        {.capture = "a", .label = "ntp", .verdict = NULL, .confidence = 40, .p_value = 1},
        {.capture = "a", .label = "tor", .verdict = "dns", .confidence = 70, .bytes = 50},
        {.capture = "a", .label = "tor", .verdict = NULL, .confidence = 60, .bytes = 20},
        {.capture = "a", .label = "tor", .verdict = NULL, .confidence = 10, .bytes = 10},
    };
    struct eval_fixture fixture;
    struct eval_result result;
    eval_fixture_make(&fixture, cases, COUNT(cases), "tor", NULL);
    judge(&result, &fixture, EVAL_BY_PROTOCOL, NULL);
    const struct eval_result_method *headers = method_of(&result, "headers");
    CU_ASSERT_EQUAL(fixture.samples.summary.scored.flows, 4);
    CU_ASSERT_EQUAL(fixture.samples.summary.held_out.flows, 3);
    CU_ASSERT_EQUAL(headers->held_out.all.bytes, 80);
    CU_ASSERT_EQUAL(headers->held_out.given.bytes, 50);
    const struct eval_detection *detection = &headers->held_out.by_confidence;
    CU_ASSERT(is_near(detection->auroc, 8.5 / 12));
    CU_ASSERT(is_near(detection->threshold, 0.4));
    CU_ASSERT(is_near(detection->false_positive_rate, 2.0 / 3));
    CU_ASSERT(is_near(detection->byte_share, 70.0 / 80));
    detection = &headers->held_out.by_p_value;
    CU_ASSERT(is_near(detection->auroc, 1));
    CU_ASSERT(is_near(detection->threshold, 0.001));
    CU_ASSERT(is_near(detection->false_positive_rate, 0));
    /* whoever claims what is held out is wrong about it, though its truth is nobody's */
    CU_ASSERT_EQUAL(headers->all.cell.truth.flows, 4);
    CU_ASSERT_EQUAL(headers->all.cell.claimed.flows, 2);
    CU_ASSERT_EQUAL(headers->confusion_count, 3);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

/* Of 20 known flows 19 are 95 %: the twentieth may lie anywhere. */
static void one_in_twenty_may_lie_below(void)
{
    struct eval_case cases[21];
    for (unsigned i = 0; i < COUNT(cases); i++)
        cases[i] = (struct eval_case){
            .capture = "a", .label = "dns", .confidence = i ? 50 : 10, .bytes = 1};
    cases[20].label = "tor";
    cases[20].confidence = 49;
    struct eval_fixture fixture;
    struct eval_result result;
    eval_fixture_make(&fixture, cases, COUNT(cases), "tor", NULL);
    judge(&result, &fixture, EVAL_BY_PROTOCOL, NULL);
    const struct eval_detection *detection = &method_of(&result, "headers")->held_out.by_confidence;
    CU_ASSERT(is_near(detection->threshold, 0.5));
    CU_ASSERT(is_near(detection->false_positive_rate, 0));
    CU_ASSERT(is_near(detection->auroc, 0.95));
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

static void nothing_held_out_is_nothing_told(void)
{
    static const struct eval_case cases[] = {{.capture = "a", .label = "dns", .verdict = "dns"}};
    struct eval_fixture fixture;
    struct eval_result result;
    eval_fixture_make(&fixture, cases, COUNT(cases), NULL, NULL);
    judge(&result, &fixture, EVAL_BY_PROTOCOL, NULL);
    CU_ASSERT(!method_of(&result, "headers")->held_out.by_confidence.is_known);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

/* Verdicts after 2, 2, 4 and 100 data packets, one of the 2 wrong, and one flow without. */
static void counts_packets_by_hand(void)
{
    static const struct eval_case cases[] = {
        {.capture = "a", .label = "dns", .verdict = "dns", .data_before = 2},
        {.capture = "a", .label = "dns", .verdict = "ntp", .data_before = 2},
        {.capture = "a", .label = "dns", .verdict = "dns", .data_before = 4},
        {.capture = "a", .label = "dns", .verdict = "dns", .data_before = 100},
        {.capture = "a", .label = "dns", .verdict = NULL},
    };
    static const uint64_t decided[EVAL_STEPS] = {0, 2, 3, 3, 3, 3, 3, 4};
    static const uint64_t right[EVAL_STEPS] = {0, 1, 2, 2, 2, 2, 2, 3};
    struct eval_fixture fixture;
    struct eval_result result;
    eval_fixture_make(&fixture, cases, COUNT(cases), NULL, NULL);
    judge(&result, &fixture, EVAL_BY_PROTOCOL, NULL);
    const struct eval_packets *packets = &method_of(&result, "headers")->packets;
    CU_ASSERT_EQUAL(packets->flows, 5);
    CU_ASSERT(!memcmp(packets->decided, decided, sizeof decided));
    CU_ASSERT(!memcmp(packets->right, right, sizeof right));
    CU_ASSERT_EQUAL(packets->median, 2);
    CU_ASSERT_EQUAL(packets->percentile_90, 100);
    eval_result_free(&result);
    eval_fixture_free(&fixture);
}

static void lists_of_words(void)
{
    static const struct {
        const char *list;
        int failure;
    } lists[] = {{"tor", 0}, {" tor , pigeon", 0}, {"", -EINVAL}, {"tor,", -EINVAL}};
    struct protocols *protocols;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    for (size_t i = 0; i < COUNT(lists); i++) {
        struct eval_words words;
        eval_words_init(&words, protocols);
        CU_ASSERT_EQUAL(eval_words_hold_out(&words, lists[i].list, NULL), lists[i].failure);
        CU_ASSERT_EQUAL(eval_words_find(&words, "tor")->is_held_out, *lists[i].list != '\0');
        CU_ASSERT(!eval_words_find(&words, "dns")->is_held_out);
        eval_words_free(&words);
    }
    protocols_free(protocols);
}

CU_TestInfo eval_measures_tests[] = {
    {"levels forgive more and more", levels_forgive_more_and_more},
    {"every category has a group", every_category_has_a_group},
    {"folds are named", folds_are_named},
    {"folds that are not there", folds_that_are_not_there},
    {"folds are judged apart", folds_are_judged_apart},
    {"--only and --without", only_and_without_choose},
    {"baselines learn from other folds", baselines_learn_from_other_folds},
    {"baselines never learn what is held out", baselines_never_learn_what_is_held_out},
    {"calibration error by hand", calibrates_by_hand},
    {"AUROC by hand", tells_known_from_unknown_by_hand},
    {"one in twenty may lie below", one_in_twenty_may_lie_below},
    {"nothing held out", nothing_held_out_is_nothing_told},
    {"packets by hand", counts_packets_by_hand},
    {"lists of words", lists_of_words},
    CU_TEST_INFO_NULL,
};
