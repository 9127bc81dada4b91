/* SPDX-License-Identifier: BSD-3-Clause */
/* Forests against a plain walk, what a model's text may say, and what its scores mean. */
#include "classifier/headers_model.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "random.h"
#include "suites.h"

enum { TEXT_MAX = 1 << 16, CLASSES = 4 };

static struct protocols *protocols;

/* The hand-made model's text, without its last line. */
static char *load_small(void)
{
    const char *path = getenv("GLASSBOX_SMALL_MODEL");
    FILE *in = path ? fopen(path, "re") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(in);
    char *text = calloc(1, TEXT_MAX);
    size_t length = fread(text, 1, TEXT_MAX - 1, in);
    fclose(in);
    CU_ASSERT_FATAL(length > 0 && length < TEXT_MAX - 200);
    char *last = strstr(text, "\nsha256 ");
    CU_ASSERT_PTR_NOT_NULL_FATAL(last);
    last[1] = '\0';
    return text;
}

static void seal(char *text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_bytes = 0;
    size_t length = strlen(text);
    EVP_Digest(text, length, sum, &sum_bytes, EVP_sha256(), NULL);
    char *at = text + length + sprintf(text + length, "sha256 ");
    for (unsigned i = 0; i < sum_bytes; i++)
        at += sprintf(at, "%02x", sum[i]);
    strcpy(at, "\n");
}

/* Puts `new` where `old` first stands; both may be of any length. */
static void change(char *text, const char *old, const char *new)
{
    char *at = strstr(text, old);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    memmove(at + strlen(new), at + strlen(old), strlen(at + strlen(old)) + 1);
    memcpy(at, new, strlen(new));
}

static struct headers_model *small_model(void)
{
    char *text = load_small();
    seal(text);
    struct error error = {0};
    struct headers_model *model = NULL;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    int failure = headers_model_read(&model, text, strlen(text), protocols, &error);
    if (failure)
        printf("\n    line %u: %s", error.line, error.text);
    CU_ASSERT_EQUAL_FATAL(failure, 0);
    free(text);
    return model;
}

static void reads_what_it_says(void)
{
    struct headers_model *model = small_model();
    CU_ASSERT_STRING_EQUAL(model->name, "small");
    CU_ASSERT_STRING_EQUAL(model->site, "by-hand");
    CU_ASSERT_EQUAL(model->error_per_mille, 5);
    CU_ASSERT_EQUAL(model->feature_count, 3);
    CU_ASSERT_EQUAL(model->features[1], FEATURE_SIZE_FIRST);
    CU_ASSERT_EQUAL(model->class_count, CLASSES);
    CU_ASSERT_EQUAL(model->classes[0].protocol, protocols_find(protocols, "dns"));
    CU_ASSERT_EQUAL(model->classes[3].protocol, PROTOCOL_UNKNOWN);
    CU_ASSERT_EQUAL(headers_model_class(model, model->classes[2].protocol), 2);
    CU_ASSERT_EQUAL(headers_model_class(model, 4000), -1);
    CU_ASSERT_EQUAL(model->checkpoints[1].accept, 56000);
    CU_ASSERT_EQUAL(forest_trees(model->checkpoints[5].forest), 3);
    CU_ASSERT_EQUAL(forest_depth(model->checkpoints[5].forest), 2);
    CU_ASSERT_EQUAL(headers_model_confusion(model, 3, 2), 20);
    CU_ASSERT_EQUAL(headers_model_confusion(model, 3, CLASSES), 170);
    CU_ASSERT_EQUAL(headers_model_confusion(model, 0, 1), 0);
    CU_ASSERT_EQUAL(headers_model_fit(model, 0, 15), 100000);
    headers_model_free(model);
    protocols_free(protocols);
}

static void looks_at_values(void)
{
    struct headers_model *model = small_model();
    int16_t values[FEATURES];
    for (unsigned i = 0; i < FEATURES; i++)
        values[i] = FEATURE_MISSING;
    values[FEATURE_TRANSPORT] = IP_UDP;
    values[FEATURE_SIZE_FIRST] = 40;
    values[FEATURE_SIZE_FIRST + 1] = -100;
    /* dns 255 + 255 + 130 of 765; knots 0 8000 30000 52000 65535 */
    struct headers_look look = headers_model_look(model, 0, values);
    CU_ASSERT_EQUAL(look.class_index, 0);
    CU_ASSERT_EQUAL(look.score, 640 * 65535 / 765);
    CU_ASSERT_EQUAL(look.confidence, 52000 + (54826 * 4 - 3 * 65535) * 13535 / 65535);
    CU_ASSERT_EQUAL(look.p_value, PER_MILLE); /* all but one in a thousand score so */
    values[FEATURE_TRANSPORT] = IP_TCP;
    values[FEATURE_SIZE_FIRST] = 517;
    /* tls 200 + 0 + 150, background 55 + 255 + 105 */
    look = headers_model_look(model, 0, values);
    CU_ASSERT_EQUAL(look.class_index, 3);
    CU_ASSERT_EQUAL(look.score, 415 * 65535 / 765);
    /* 35551 between 30000, reached by 200 per mille, and 50000, by 300 */
    CU_ASSERT_EQUAL(look.p_value, 200 + 100 * (35551 - 30000) / 20000);
    values[FEATURE_SIZE_FIRST + 1] = FEATURE_MISSING;
    /* what is missing goes low, below -200: tls 200 + 220 + 150 */
    look = headers_model_look(model, 5, values);
    CU_ASSERT_EQUAL(look.class_index, 2);
    CU_ASSERT_EQUAL(look.score, 570 * 65535 / 765);
    headers_model_free(model);
    protocols_free(protocols);
}

static void refuses_with_line_and_reason(void)
{
    static const struct {
        const char *old, *new;
        unsigned line;
        const char *reason;
    } cases[] = {
        {"glassbox-model 1", "glassbox-model 2", 1, "version"},
        {"glassbox-model", "glassbox-modul", 1, "'glassbox-model' is expected"},
        {"kind headers", "kind kiss", 2, "kind 'kiss', not 'headers'"},
        {"name small", "name Small", 3, "other characters"},
        {"name small", "name small too", 3, "more words"},
        {"name small", "name  small", 3, "single blanks"},
        {"name small", "name small ", 3, "single blanks"},
        {"trained by hand", "trained \tby hand", 5, "not plain text"},
        {"error 5", "error 501", 6, "from 0 to 500"},
        {"error 5", "error 05", 6, "whole number"},
        {"error 5", "error", 6, "whole number"},
        {"features 3", "features 2", 10, "'classes' is expected"},
        {"feature size_1", "feature size_9", 9, "no feature 'size_9'"},
        {"feature size_1", "feature size_2", 10, "'size_2' stands here twice"},
        {"class rtp", "class wtp", 13, "no protocol 'wtp'"},
        {"class rtp", "class unknown", 13, "no protocol 'unknown'"},
        {"class rtp", "class dns", 13, "'dns' stands here twice"},
        {"checkpoint 2", "checkpoint 3", 16, "from 2 to 2"},
        {"accept 62000", "accept 65536", 17, "from 0 to 65535"},
        {"calibration 5 0 8000", "calibration 5 9000 8000", 18, "ascending"},
        {"calibration 5 0 8000", "calibration 6 0 8000", 18, "ascending"},
        {"calibration 5 0 8000", "calibration 4 0 8000", 18, "more words"},
        {"conformal rtp", "conformal tls", 20, "line of 'rtp', not of 'tls'"},
        {"50000 50000 54000", "50000 49999 54000", 20, "ascending"},
        {"trees 3 depth 2", "trees 3 depth 1", 23, "deeper than this line says"},
        {"trees 3 depth 2", "trees 4 depth 2", 44, "'tree' is expected"},
        {"trees 3 depth 2", "trees 2 depth 2", 40, "'checkpoint' is expected"},
        {"trees 3 depth 2", "trees 0 depth 2", 23, "from 1 to 1024"},
        {"tree 7", "tree 6", 27, "beyond the tree"},
        {"tree 7", "tree 65536", 24, "from 1 to 65535"},
        {"split 0 6 1 2", "split 3 6 1 2", 25, "from 0 to 2"},
        {"split 0 6 1 2", "split 0 6 0 2", 25, "come behind it"},
        {"split 0 6 1 2", "split 0 6 1 7", 25, "beyond the tree"},
        {"split 0 6 1 2", "split 0 32767 1 2", 25, "32766"},
        {"split 1 100 3 4", "split 1 100 3 1", 26, "come behind it"},
        {"leaf 3:255", "leaf 3:254", 28, "sum to 255"},
        {"leaf 3:255", "leaf", 28, "sum to 255"},
        {"leaf 3:255", "leaf 4:255", 28, "from 0 to 3"},
        {"leaf 3:255", "leaf 3:255 2:0", 28, "1 to 255"},
        {"leaf 3:255", "leaf 3:200 3:55", 28, "names a class twice"},
        {"leaf 3:255", "leaf 3255", 28, "'3255' is no CLASS:WEIGHT"},
        {"leaf 3:255", "loaf 3:255", 28, "'split' is expected"},
        {"confusion rtp dns:5", "confusion rtp ntp:5", 185, "nothing that this model can claim"},
        {"dns:5 rtp:95", "dns:5 dns:95", 185, "stands here twice"},
        {"confusion background dns:10", "confusion background background:10", 187, "can claim"},
        {"fit rtp 100 ", "fit rtp ", 189, "a cell's weight"},
        {"\nfit background", "\nnote\nfit background", 191, "'fit' is expected"},
    };
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = load_small();
        change(text, cases[i].old, cases[i].new);
        seal(text);
        struct error error = {0};
        struct headers_model *model;
        int failure = headers_model_read(&model, text, strlen(text), protocols, &error);
        if (failure != -EINVAL || error.line != cases[i].line ||
            !strstr(error.text, cases[i].reason)) {
            printf("\n    '%s': %d, line %u: %s", cases[i].new, failure, error.line, error.text);
            CU_FAIL("a fault is not told as expected");
        }
        free(text);
    }
    protocols_free(protocols);
}

static void refuses_what_was_changed_or_cut(void)
{
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    char *text = load_small();
    seal(text);
    size_t length = strlen(text);
    struct error error = {0};
    struct headers_model *model;
    CU_ASSERT_EQUAL(headers_model_read(&model, "", 0, protocols, &error), -EINVAL);
    for (size_t cut = 1; cut < length; cut += cut < 200 ? 1 : 331)
        CU_ASSERT_EQUAL(headers_model_read(&model, text, cut, protocols, &error), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "not all of one"));
    change(text, "error 5", "error 6");
    CU_ASSERT_EQUAL(headers_model_read(&model, text, length, protocols, &error), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "was changed"));
    free(text);
    protocols_free(protocols);
}

static void bears_want_of_memory(void)
{
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    char *text = load_small();
    seal(text);
    struct headers_model *model;
    for (unsigned n = 1; n < 30; n++) {
        struct error error = {0};
        allocation_fail_at(n);
        int failure = headers_model_read(&model, text, strlen(text), protocols, &error);
        allocation_fail_at(0);
        CU_ASSERT(failure == 0 || (failure == -ENOMEM && error.text[0]));
        if (!failure)
            headers_model_free(model);
    }
    free(text);
    protocols_free(protocols);
}

static void decides_when_the_evidence_suffices(void)
{
    static const struct {
        const char *what;
        unsigned checkpoint, class_index;
        uint16_t confidence, p_value;
        bool is_end;
        enum headers_outcome outcome;
    } cases[] = {
        {"enough of both", 0, 0, 62000, 5, false, HEADERS_DECIDES},
        {"too little confidence", 0, 0, 61999, 1000, false, HEADERS_WAITS},
        {"unlike its own", 0, 0, 65535, 4, false, HEADERS_WAITS},
        {"the next checkpoint asks for less", 1, 0, 61999, 5, false, HEADERS_DECIDES},
        {"background", 0, 3, 62000, 5, false, HEADERS_REJECTS},
        {"background, perhaps", 0, 3, 61999, 5, false, HEADERS_WAITS},
        {"the end asks for likeness only", 0, 0, 0, 5, true, HEADERS_DECIDES},
        {"the end, unlike its own", 0, 0, 65535, 4, true, HEADERS_REJECTS},
        {"the end, background", 2, 3, 65535, 1000, true, HEADERS_REJECTS},
        {"the last checkpoint is like the end", 5, 1, 0, 5, false, HEADERS_DECIDES},
        {"the last checkpoint, unlike", 5, 1, 65535, 0, false, HEADERS_REJECTS},
    };
    struct headers_model *model = small_model();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct headers_look look = {.class_index = cases[i].class_index,
                                          .confidence = cases[i].confidence,
                                          .p_value = cases[i].p_value};
        if (headers_model_decide(model, cases[i].checkpoint, &look, cases[i].is_end) !=
            cases[i].outcome)
            CU_FAIL(cases[i].what);
    }
    headers_model_free(model);
    protocols_free(protocols);
}

/* A tree of random shape: splits while there is room, then leaves. */
static unsigned random_tree(struct random *random, struct forest_node *nodes,
                            struct forest_weight *weights, unsigned splits)
{
    unsigned count = 1;
    for (unsigned i = 0; i < count; i++) {
        if (i < splits) {
            nodes[i] = (struct forest_node){.feature = (uint8_t)random_below(random, FEATURES),
                                            .threshold = (int16_t)random_below(random, 200),
                                            .low = (uint16_t)count,
                                            .high = (uint16_t)(count + 1)};
            count += 2;
            continue;
        }
        uint8_t weight = (uint8_t)(1 + random_below(random, 254));
        uint8_t first = (uint8_t)random_below(random, CLASSES);
        weights[2 * i] = (struct forest_weight){first, weight};
        weights[2 * i + 1] =
            (struct forest_weight){(uint8_t)((first + 1) % CLASSES), (uint8_t)(255 - weight)};
        nodes[i] =
            (struct forest_node){.is_leaf = true, .weights = &weights[2 * i], .weight_count = 2};
    }
    return count;
}

static const struct forest_node *plain_walk(const struct forest_node *nodes, const int16_t *values)
{
    const struct forest_node *at = nodes;
    while (!at->is_leaf)
        at = &nodes[values[at->feature] <= at->threshold ? at->low : at->high];
    return at;
}

static void scores_as_a_plain_walk_does(void)
{
    enum { TREES = 21, NODES = 201, ROUNDS = 500 };
    struct random random = {5};
    static struct forest_node nodes[TREES][NODES];
    static struct forest_weight weights[TREES][2 * NODES];
    struct forest *forest;
    CU_ASSERT_EQUAL_FATAL(forest_new(&forest, CLASSES, NULL), 0);
    for (unsigned t = 0; t < TREES; t++) {
        unsigned count = random_tree(&random, nodes[t], weights[t], t * 5);
        CU_ASSERT_EQUAL_FATAL(forest_add(forest, nodes[t], count, NULL), 0);
    }
    unsigned differences = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        int16_t values[FEATURES];
        uint16_t scores[CLASSES];
        unsigned sums[CLASSES] = {0};
        for (unsigned i = 0; i < FEATURES; i++)
            values[i] = random_below(&random, 9) ? (int16_t)random_below(&random, 200)
                                                 : (int16_t)FEATURE_MISSING;
        for (unsigned t = 0; t < TREES; t++) {
            const struct forest_node *leaf = plain_walk(nodes[t], values);
            for (unsigned i = 0; i < leaf->weight_count; i++)
                sums[leaf->weights[i].class_index] += leaf->weights[i].weight;
        }
        forest_score(forest, values, scores);
        for (unsigned i = 0; i < CLASSES; i++)
            differences += scores[i] != sums[i] * 65535u / (TREES * 255u);
    }
    CU_ASSERT_EQUAL(differences, 0);
    forest_free(forest);
}

/* 64 splits below each other are a tree, 65 are none. */
static void bounds_depth(void)
{
    enum { LONGEST = 2 * (FOREST_DEPTH_MAX + 1) + 1 };
    static const struct forest_weight all = {0, 255};
    for (unsigned splits = FOREST_DEPTH_MAX; splits <= FOREST_DEPTH_MAX + 1; splits++) {
        struct forest_node nodes[LONGEST];
        for (unsigned i = 0; i < 2 * splits + 1; i++)
            nodes[i] =
                i % 2 || i == 2 * splits
                    ? (struct forest_node){.is_leaf = true, .weights = &all, .weight_count = 1}
                    : (struct forest_node){.low = (uint16_t)(i + 1), .high = (uint16_t)(i + 2)};
        struct forest *forest;
        struct error error = {0};
        CU_ASSERT_EQUAL_FATAL(forest_new(&forest, 1, NULL), 0);
        int failure = forest_add(forest, nodes, 2 * splits + 1, &error);
        CU_ASSERT_EQUAL(failure, splits > FOREST_DEPTH_MAX ? -EINVAL : 0);
        CU_ASSERT_EQUAL(error.line, splits > FOREST_DEPTH_MAX ? 2u * splits - 1 : 0);
        forest_free(forest);
    }
}

/* Scores of a class's own flows fill each cell by its width, also where most of them are equal. */
static void cells_of_own_flows_are_even(void)
{
    enum { FLOWS = 20000 };
    for (unsigned many_equal = 0; many_equal < 2; many_equal++) {
        struct random random = {9};
        struct headers_conformal conformal;
        for (unsigned i = 0; i < HEADERS_LEVELS; i++) {
            unsigned level = headers_levels[i];
            bool is_equal = many_equal && level >= 300;
            conformal.quantile[i] = is_equal ? 60000 : (uint16_t)(level * 60);
        }
        uint64_t cells[HEADERS_LEVELS] = {0};
        for (unsigned i = 0; i < FLOWS; i++) {
            uint16_t score = (uint16_t)random_below(&random, 60000);
            headers_fit_cells(&conformal, many_equal && score > 12000 ? 60000 : score, cells);
        }
        uint64_t sum = 0;
        for (unsigned i = 0; i < HEADERS_LEVELS; i++) {
            double width = headers_levels[i] - (i ? headers_levels[i - 1] : 0);
            double expected = width * FLOWS;
            CU_ASSERT(cells[i] > 0.8 * expected - 30000 && cells[i] < 1.2 * expected + 30000);
            sum += cells[i];
        }
        CU_ASSERT_EQUAL(sum, (uint64_t)FLOWS * PER_MILLE);
    }
}

CU_TestInfo headers_model_tests[] = {
    {"reads what a model says", reads_what_it_says},
    {"looks at values", looks_at_values},
    {"decides when the evidence suffices", decides_when_the_evidence_suffices},
    {"refuses with line and reason", refuses_with_line_and_reason},
    {"refuses what was changed or cut", refuses_what_was_changed_or_cut},
    {"bears want of memory", bears_want_of_memory},
    {"scores as a plain walk does", scores_as_a_plain_walk_does},
    {"bounds the depth of trees", bounds_depth},
    {"cells of a class's own flows are even", cells_of_own_flows_are_even},
    CU_TEST_INFO_NULL,
};
