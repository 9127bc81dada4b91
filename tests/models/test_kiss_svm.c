/* SPDX-License-Identifier: BSD-3-Clause */
/* Our integers against libsvm's own predictions, and models learnt from the same rows. */
#include "kiss_svm.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kiss_learn.h"
#include "kiss_writer.h"
#include "random.h"
#include "suites.h"

enum { CLASSES = 5, EACH = 60, ROWS = CLASSES * EACH, POINTS = 2000 };

static const char *const names[CLASSES] = {"dns", "quic", "rtp", "utp", "wireguard"};

static void be_quiet(const char *text)
{
    (void)text;
}

static int16_t bounded(int value)
{
    return (int16_t)(value < 0 ? 0 : value > KISS_DEVIATION_MOST ? KISS_DEVIATION_MOST : value);
}

/* Classes that overlap somewhat: each nibble at one of two levels, and wide noise. */
static void draw_rows(struct kiss_signature rows[ROWS], struct random *random)
{
    for (unsigned i = 0; i < ROWS; i++) {
        unsigned class = i / EACH;
        for (unsigned k = 0; k < KISS_NIBBLES; k++) {
            int level = (class + 1) * 0x9e3779b9u >> (k + 4) & 1 ? 75 : 2800;
            rows[i].deviation[k] = bounded(level + (int)random_below(random, 3000) - 1500);
        }
    }
}

struct learnt {
    struct svm_model *svm;
    struct kiss_model *model;
    struct kiss_scratch *scratch;
    struct svm_node nodes[ROWS][KISS_NIBBLES + 1];
    struct svm_node *starts[ROWS];
    double labels[ROWS];
};

static void convert(struct learnt *learnt, const struct kiss_signature *rows, double gamma)
{
    const struct kiss_signature *signatures[ROWS];
    for (unsigned i = 0; i < ROWS; i++)
        signatures[i] = &rows[i];
    learnt->model = calloc(1, sizeof *learnt->model);
    struct kiss_machine *machine = &learnt->model->machine[KISS_UDP];
    machine->class_count = CLASSES;
    machine->support_count = (unsigned)learnt->svm->l;
    machine->centroid_count = CLASSES;
    machine->gamma = kiss_svm_gamma(gamma);
    unsigned first = 0;
    for (unsigned i = 0; i < CLASSES; i++) {
        machine->classes[i] = (struct kiss_class){.protocol = (uint16_t)(i + 1),
                                                  .support_first = first,
                                                  .support_count = (uint32_t)learnt->svm->nSV[i],
                                                  .centroid_first = i,
                                                  .centroid_count = 1,
                                                  .margin = -INT32_MAX,
                                                  .reach = UINT32_MAX};
        first += machine->classes[i].support_count;
    }
    CU_ASSERT_EQUAL_FATAL(kiss_machine_make(machine, NULL), 0);
    kiss_svm_put(machine, learnt->svm, signatures);
    CU_ASSERT_EQUAL_FATAL(kiss_scratch_new(&learnt->scratch, learnt->model, NULL), 0);
}

static struct learnt *learn(const struct kiss_signature *rows, double cost, double gamma)
{
    struct learnt *learnt = calloc(1, sizeof *learnt);
    for (unsigned i = 0; i < ROWS; i++) {
        kiss_svm_nodes(learnt->nodes[i], &rows[i]);
        learnt->starts[i] = learnt->nodes[i];
        learnt->labels[i] = i / EACH;
    }
    const struct svm_problem problem = {.l = ROWS, .y = learnt->labels, .x = learnt->starts};
    const struct svm_parameter parameter = {.svm_type = C_SVC,
                                            .kernel_type = RBF,
                                            .gamma = gamma,
                                            .C = cost,
                                            .cache_size = 20,
                                            .eps = 0.001,
                                            .shrinking = 1};
    svm_set_print_string_function(be_quiet);
    learnt->svm = svm_train(&problem, &parameter);
    convert(learnt, rows, gamma);
    return learnt;
}

static void free_learnt(struct learnt *learnt)
{
    svm_free_and_destroy_model(&learnt->svm);
    kiss_scratch_free(learnt->scratch);
    kiss_model_free(learnt->model);
    free(learnt);
}

/* Values agree to `most`; the class does wherever no value of its own is that close to zero. */
static void compare(struct learnt *learnt, const struct kiss_signature *signature, double most,
                    unsigned *close)
{
    struct svm_node nodes[KISS_NIBBLES + 1];
    double exact[CLASSES * (CLASSES - 1) / 2];
    int64_t values[CLASSES * (CLASSES - 1) / 2];
    const struct kiss_machine *machine = &learnt->model->machine[KISS_UDP];
    kiss_svm_nodes(nodes, signature);
    double label = svm_predict_values(learnt->svm, nodes, exact);
    kiss_values(machine, signature, learnt->scratch, values);
    bool is_close = false;
    unsigned pair = 0;
    for (unsigned a = 0; a < CLASSES; a++) {
        for (unsigned b = a + 1; b < CLASSES; b++, pair++) {
            double ours = (double)values[pair] / (1 << KISS_COEFFICIENT_BITS);
            bool is_winners = a == (unsigned)label || b == (unsigned)label;
            CU_ASSERT(fabs(ours - exact[pair]) < most);
            is_close = is_close || (is_winners && fabs(exact[pair]) < most);
        }
    }
    struct kiss_decision decision = kiss_decide(machine, signature, KISS_VECTORS, learnt->scratch);
    *close += is_close;
    if (!is_close)
        CU_ASSERT_EQUAL(decision.winner, (unsigned)label);
}

static void predicts_as_libsvm_does(void)
{
    static const struct {
        double cost, gamma;
    } grid[] = {{1, 0.25}, {16, 1}, {256, 4}, {64, 8}};
    struct random random = {1};
    struct kiss_signature rows[ROWS];
    draw_rows(rows, &random);
    for (unsigned g = 0; g < sizeof grid / sizeof *grid; g++) {
        struct learnt *learnt = learn(rows, grid[g].cost, grid[g].gamma);
        unsigned close = 0;
        for (unsigned i = 0; i < learnt->model->machine[KISS_UDP].support_count; i++) {
            struct kiss_signature support =
                kiss_block_get(learnt->model->machine[KISS_UDP].supports, i);
            compare(learnt, &support, 0.002, &close);
        }
        for (unsigned i = 0; i < POINTS; i++) {
            struct kiss_signature point;
            for (unsigned k = 0; k < KISS_NIBBLES; k++)
                point.deviation[k] =
                    bounded(rows[i % ROWS].deviation[k] + (int)random_below(&random, 2000) - 1000);
            compare(learnt, &point, 0.002, &close);
        }
        CU_ASSERT(close < POINTS / 10);
        free_learnt(learnt);
    }
}

static void say_nothing(const char *format, ...)
{
    (void)format;
}

/* Rows of two sites; the learner's classes are the labels but for "srtp", which is "rtp". */
static void fill_table(struct kiss_rows *table, const struct kiss_signature *rows)
{
    table->row = calloc(ROWS, sizeof *table->row);
    table->count = ROWS;
    for (unsigned i = 0; i < ROWS; i++) {
        bool is_rtp = !strcmp(names[i / EACH], "rtp");
        table->row[i] = (struct kiss_row){.site = i % 2 ? "here" : "there",
                                          .capture = "a",
                                          .half = "both",
                                          .label = is_rtp && i % 3 == 0 ? "srtp" : names[i / EACH],
                                          .endpoint = i % 7,
                                          .signature = rows[i]};
    }
}

static char *learn_text(const struct kiss_rows *table, struct kiss_learning *learning)
{
    struct kiss_model *model = calloc(1, sizeof *model);
    struct kiss_learned learned;
    char *text = NULL;
    size_t length = 0;
    strcpy(model->name, "test");
    strcpy(model->site, "test");
    strcpy(model->trained, "test");
    CU_ASSERT_EQUAL_FATAL(kiss_learn(&model->machine[KISS_UDP], learning, table, &learned, NULL),
                          0);
    CU_ASSERT(learned.recall > 0.9);
    FILE *memory = open_memstream(&text, &length);
    CU_ASSERT_EQUAL(kiss_model_write(model, learning->protocols, memory, NULL), 0);
    fclose(memory);
    kiss_model_free(model);
    return text;
}

static void learns_the_same_from_the_same(void)
{
    struct random random = {3};
    struct kiss_signature rows[ROWS];
    struct kiss_rows table = {.row = NULL};
    struct protocols *protocols;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    draw_rows(rows, &random);
    fill_table(&table, rows);
    struct kiss_learning learning = {.protocols = protocols,
                                     .seed = 1,
                                     .most = 40,
                                     .least = 30,
                                     .folds = 3,
                                     .cost = 16,
                                     .gamma = 1,
                                     .rejected = 20,
                                     .slack = 1.25,
                                     .same = {{"srtp", "rtp"}},
                                     .same_count = 1,
                                     .progress = say_nothing};
    char *first = learn_text(&table, &learning), *second = learn_text(&table, &learning);
    CU_ASSERT_STRING_EQUAL(first, second);
    CU_ASSERT_PTR_NOT_NULL(strstr(first, "class rtp signatures 40 "));
    CU_ASSERT_PTR_NULL(strstr(first, "class srtp"));
    learning.seed = 2;
    char *other = learn_text(&table, &learning);
    CU_ASSERT_STRING_NOT_EQUAL(first, other);
    struct kiss_model *model;
    struct error error = {0};
    CU_ASSERT_EQUAL(kiss_model_read(&model, first, strlen(first), protocols, &error), 0);
    kiss_model_free(model);
    learning.least = 1000;
    struct kiss_machine machine = {0};
    struct kiss_learned learned;
    CU_ASSERT(kiss_learn(&machine, &learning, &table, &learned, &error) < 0);
    free(first);
    free(second);
    free(other);
    kiss_rows_free(&table);
    protocols_free(protocols);
}

/* Labels that are no protocol's name, or have too few rows, are one class that is nobody's. */
static void learns_the_rest_as_background(void)
{
    struct random random = {5};
    struct kiss_signature rows[ROWS];
    struct kiss_rows table = {.row = NULL};
    struct kiss_learning learning = {.transport = KISS_TCP,
                                     .most = 60,
                                     .least = EACH,
                                     .folds = 2,
                                     .cost = 16,
                                     .gamma = 1,
                                     .slack = 2,
                                     .progress = say_nothing};
    struct kiss_model *model = calloc(1, sizeof *model);
    struct kiss_machine *machine = &model->machine[KISS_TCP];
    struct kiss_scratch *scratch;
    struct kiss_learned learned;
    struct protocols *protocols;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    learning.protocols = protocols;
    draw_rows(rows, &random);
    fill_table(&table, rows);
    for (unsigned i = 0; i < ROWS; i++) {
        table.row[i].transport = KISS_TCP;
        if (i / EACH == 0)
            table.row[i].label = "no-protocol";
        else if (i / EACH == 1)
            table.row[i].label = i % 2 ? "dns" : "quic"; /* half of what a class needs */
    }
    learning.same[learning.same_count].label = "srtp";
    learning.same[learning.same_count++].class = "rtp";
    CU_ASSERT_EQUAL_FATAL(kiss_learn(machine, &learning, &table, &learned, NULL), 0);
    CU_ASSERT_EQUAL(machine->class_count, 4);
    CU_ASSERT_EQUAL_FATAL(kiss_scratch_new(&scratch, model, NULL), 0);
    unsigned right = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        int expected = i / EACH < 2 ? PROTOCOL_UNKNOWN : protocols_find(protocols, names[i / EACH]);
        struct kiss_decision decision = kiss_decide(machine, &rows[i], KISS_VECTORS, scratch);
        right += machine->classes[decision.winner].protocol == expected;
        if (i / EACH < 2)
            CU_ASSERT(decision.protocol == PROTOCOL_UNKNOWN ||
                      machine->classes[decision.winner].protocol != PROTOCOL_UNKNOWN);
    }
    CU_ASSERT(right > ROWS * 9 / 10);
    learning.transport = KISS_UDP; /* of which there are no rows */
    CU_ASSERT_EQUAL(kiss_learn(&model->machine[KISS_UDP], &learning, &table, &learned, NULL),
                    -ENODATA);
    CU_ASSERT_EQUAL(model->machine[KISS_UDP].class_count, 0);
    kiss_scratch_free(scratch);
    kiss_model_free(model);
    kiss_rows_free(&table);
    protocols_free(protocols);
}

CU_TestInfo kiss_svm_tests[] = {
    {"predicts as libsvm does", predicts_as_libsvm_does},
    {"learns the same from the same", learns_the_same_from_the_same},
    {"learns the rest as background", learns_the_rest_as_background},
    CU_TEST_INFO_NULL,
};
