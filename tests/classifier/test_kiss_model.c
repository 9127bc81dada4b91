/* SPDX-License-Identifier: BSD-3-Clause */
/* Models of kind kiss: what is read, what is refused, and what is decided, against floating point.
 */
#include "classifier/kiss_model.h"

#include <errno.h>
#include <math.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "kiss_writer.h"
#include "random.h"
#include "suites.h"

static struct protocols *open_protocols(void)
{
    struct protocols *protocols;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    return protocols;
}

static struct kiss_signature random_signature(struct random *random)
{
    struct kiss_signature signature;
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        signature.deviation[i] = (int16_t)random_below(random, KISS_DEVIATION_MOST + 1);
    return signature;
}

/* A model of `classes` classes with random numbers in all places. */
static struct kiss_model *random_model(const struct protocols *protocols, unsigned classes,
                                       struct random *random)
{
    static const char *const names[] = {"dns", "rtp", "quic", "utp", "unknown"};
    struct kiss_model *model = calloc(1, sizeof *model);
    struct kiss_machine *machine = &model->machine[KISS_UDP];
    strcpy(model->name, "random");
    strcpy(model->site, "none");
    strcpy(model->trained, "by no one");
    machine->class_count = classes;
    for (unsigned i = 0; i < classes; i++) {
        machine->classes[i] = (struct kiss_class){
            .protocol = (uint16_t)protocols_find(protocols, names[i]),
            .signature_count = 100 + i,
            .support_first = machine->support_count,
            .support_count = 10 + (uint32_t)random_below(random, 50),
            .centroid_first = machine->centroid_count,
            .centroid_count = 1 + i,
            .margin = -100 * (int32_t)i,
            .reach = UINT32_MAX - i,
        };
        machine->support_count += machine->classes[i].support_count;
        machine->centroid_count += machine->classes[i].centroid_count;
    }
    machine->gamma = 1 + (uint32_t)random_below(random, 2000000);
    CU_ASSERT_EQUAL_FATAL(kiss_machine_make(machine, NULL), 0);
    for (unsigned i = 0; i < machine->support_count; i++) {
        struct kiss_signature signature = random_signature(random);
        kiss_block_put(machine->supports, i, &signature);
    }
    for (unsigned i = 0; i < machine->centroid_count; i++) {
        struct kiss_signature signature = random_signature(random);
        kiss_block_put(machine->centroids, i, &signature);
    }
    for (unsigned i = 0; i < (classes - 1) * machine->support_count; i++)
        machine->coefficients[i] = (int32_t)random_below(random, 200000) - 100000;
    for (unsigned i = 0; i < classes * (classes - 1) / 2; i++)
        machine->biases[i] = (int32_t)random_below(random, 200000) - 100000;
    return model;
}

/* The model as text; to be freed. */
static char *text_of(const struct kiss_model *model, const struct protocols *protocols)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    CU_ASSERT_EQUAL_FATAL(kiss_model_write(model, protocols, memory, NULL), 0);
    fclose(memory);
    return text;
}

static void reads_what_was_written(void)
{
    struct random random = {1};
    struct protocols *protocols = open_protocols();
    for (unsigned classes = 2; classes <= 5; classes++) {
        struct kiss_model *written = random_model(protocols, classes, &random), *read;
        char *text = text_of(written, protocols);
        struct error error = {0};
        CU_ASSERT_EQUAL_FATAL(kiss_model_read(&read, text, strlen(text), protocols, &error), 0);
        char *again = text_of(read, protocols);
        CU_ASSERT_STRING_EQUAL(text, again);
        CU_ASSERT_STRING_EQUAL(read->site, "none");
        CU_ASSERT_PTR_NOT_NULL(strstr(text, read->sha256));
        CU_ASSERT_EQUAL(read->machine[KISS_TCP].class_count, 0);
        free(text);
        free(again);
        kiss_model_free(written);
        kiss_model_free(read);
    }
    protocols_free(protocols);
}

/* A model of two classes in as few lines as it takes. */
static const char *const small[] = {
    "glassbox-model 1",
    "kind kiss",
    "name small",
    "site none",
    "trained by hand",
    "bytes 12",
    "window 80",
    "segments 5",
    "scale root",
    "machine udp",
    "gamma 1000000",
    "classes 2",
    "supports 2",
    "centroids 2",
    "class dns signatures 9 supports 1 centroids 1 margin 10 reach 99",
    "class rtp signatures 9 supports 1 centroids 1 margin -10 reach 99",
    "bias dns rtp 0",
    "centroid dns 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "centroid rtp 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "support dns 65536 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
    "support rtp -65536 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
};

enum { SMALL_LINES = sizeof small / sizeof *small };

/* The small model with one line replaced, and its digest. */
static void build_small(char text[8192], unsigned line, const char *replacement)
{
    size_t length = 0;
    for (unsigned i = 0; i < SMALL_LINES; i++) {
        const char *row = i + 1 == line ? replacement : small[i];
        if (row)
            length += (size_t)snprintf(text + length, 8192 - length, "%s\n", row);
    }
    unsigned char digest[32];
    EVP_Q_digest(NULL, "SHA256", NULL, text, length, digest, NULL);
    length += (size_t)snprintf(text + length, 8192 - length, "sha256 ");
    for (unsigned i = 0; i < sizeof digest; i++)
        length += (size_t)snprintf(text + length, 8192 - length, "%02x", digest[i]);
    snprintf(text + length, 8192 - length, "\n");
}

static void refuses_each_wrong_line(void)
{
    static const struct {
        unsigned line;
        const char *text, *complaint;
    } rows[] = {
        {1, "glassbox-model 2", "version"},
        {2, "kind headers", "kind 'headers'"},
        {3, "name Small", "other characters"},
        {5, NULL, "'trained' is expected"},
        {6, "bytes 16", "bytes"},
        {7, "window 100", "window"},
        {8, "segments 6", "segments"},
        {9, "scale plain", "'root' is expected"},
        {9, NULL, "'scale' is expected"},
        {10, "machine sctp", "'udp' or 'tcp'"},
        {11, "gamma 0", "gamma"},
        {12, "classes 1", "classes"},
        {12, "classes 65", "classes"},
        {13, "supports 20001", "supports"},
        {13, "supports 02", "supports"},
        {13, "supports 3", "do not add up"},
        {14, "centroids 1", "do not add up"},
        {15, "class nonsense signatures 9 supports 1 centroids 1 margin 10 reach 99",
         "no protocol 'nonsense'"},
        {15, "class dns signatures 9 supports 1 centroids 1 margins 10 reach 99", "'margin'"},
        {15, "class dns signatures 9 supports 1 centroids 1 margin 10 reach -1", "reach"},
        {16, "class dns signatures 9 supports 1 centroids 1 margin 10 reach 99", "already"},
        {17, "bias rtp dns 0", "class 'dns' is expected"},
        {17, "bias dns rtp 0 0", "more words"},
        {17, "bias dns rtp x", "whole number"},
        {18, "centroid dns 0 0 0", "whole number"},
        {19, "centroid rtp 6001 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", "6000"},
        {20, "support rtp 65536 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
         "class 'dns' is expected"},
        {21, NULL, "the file ends"},
        {21, "support rtp -65536  9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0",
         "single blanks"},
        {21, "support rtp -1 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\nmore",
         "only the digest"},
    };
    struct protocols *protocols = open_protocols();
    char text[8192];
    struct kiss_model *model = NULL;
    build_small(text, 0, NULL);
    CU_ASSERT_EQUAL_FATAL(kiss_model_read(&model, text, strlen(text), protocols, NULL), 0);
    kiss_model_free(model);
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct error error = {0};
        build_small(text, rows[i].line, rows[i].text);
        CU_ASSERT_EQUAL_FATAL(kiss_model_read(&model, text, strlen(text), protocols, &error),
                              -EINVAL);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, rows[i].complaint));
        CU_ASSERT(error.line + 1 >= rows[i].line && error.line <= rows[i].line + 4);
    }
    protocols_free(protocols);
}

static void refuses_what_was_changed_or_cut(void)
{
    struct protocols *protocols = open_protocols();
    char text[8192];
    build_small(text, 0, NULL);
    size_t length = strlen(text);
    struct kiss_model *model;
    for (size_t cut = 0; cut < length; cut++)
        CU_ASSERT_EQUAL(kiss_model_read(&model, text, cut, protocols, NULL), -EINVAL);
    text[300] ^= 1;
    CU_ASSERT_EQUAL(kiss_model_read(&model, text, length, protocols, NULL), -EINVAL);
    protocols_free(protocols);
}

/* One support at 6000 in 16 nibbles would do no harm, 2^22 of them at full weight would. */
static void refuses_sums_that_could_run_over(void)
{
    struct protocols *protocols = open_protocols();
    struct random random = {5};
    struct kiss_model *model = random_model(protocols, 2, &random), *read;
    struct kiss_machine *machine = &model->machine[KISS_UDP];
    free(machine->supports);
    free(machine->coefficients);
    machine->support_count = 72;
    machine->classes[0].support_count = 65;
    machine->classes[1].support_first = 65;
    machine->classes[1].support_count = 7;
    machine->supports = calloc(3, sizeof *machine->supports);
    machine->coefficients = calloc(72, sizeof *machine->coefficients);
    for (unsigned i = 0; i < 65; i++)
        machine->coefficients[i] = -INT32_MAX;
    char *text = text_of(model, protocols);
    struct error error = {0};
    CU_ASSERT_EQUAL(kiss_model_read(&read, text, strlen(text), protocols, &error), -EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "2^37"));
    free(text);
    kiss_model_free(model);
    protocols_free(protocols);
}

/* What kiss_values computes, in floating point. */
static double value_of(const struct kiss_machine *machine, const struct kiss_signature *signature,
                       unsigned a, unsigned b, unsigned pair)
{
    double sum = -machine->biases[pair];
    for (unsigned side = 0; side < 2; side++) {
        const struct kiss_class *class = &machine->classes[side ? b : a];
        unsigned row = side ? a : b - 1;
        for (unsigned i = 0; i < class->support_count; i++) {
            unsigned index = class->support_first + i;
            struct kiss_signature support = kiss_block_get(machine->supports, index);
            double exponent =
                ldexp((double)machine->gamma, -48) * (double)kiss_distance(signature, &support);
            sum += machine->coefficients[(size_t)row * machine->support_count + index] *
                   exp2(-exponent);
        }
    }
    return sum;
}

static void agrees_with_floating_point(void)
{
    struct random random = {2};
    struct protocols *protocols = open_protocols();
    double worst = 0;
    for (unsigned round = 0; round < 20; round++) {
        struct kiss_model *model = random_model(protocols, 5, &random);
        const struct kiss_machine *machine = &model->machine[KISS_UDP];
        struct kiss_scratch *scratch;
        CU_ASSERT_EQUAL_FATAL(kiss_scratch_new(&scratch, model, NULL), 0);
        for (unsigned i = 0; i < machine->support_count + 20; i++) {
            int64_t values[10];
            struct kiss_signature signature = i < machine->support_count
                                                  ? kiss_block_get(machine->supports, i)
                                                  : random_signature(&random);
            kiss_values(machine, &signature, scratch, values);
            unsigned pair = 0;
            for (unsigned a = 0; a < 5; a++) {
                for (unsigned b = a + 1; b < 5; b++, pair++) {
                    double exact = value_of(machine, &signature, a, b, pair);
                    double off = fabs(exact - (double)values[pair]);
                    worst = off > worst ? off : worst;
                }
            }
        }
        kiss_scratch_free(scratch);
        kiss_model_free(model);
    }
    /* One unit for the last rounding, and a millionth of the coefficients for the exponents'. */
    CU_ASSERT(worst < 1 + 120 * 100000 * 1e-6);
    protocols_free(protocols);
}

static void rejects_by_margin_and_by_reach(void)
{
    static const struct {
        const char *class;
        int16_t first; /* deviation of the first nibble; the others are 0 */
        enum kiss_method method;
        const char *verdict;
    } rows[] = {
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 9", 2, KISS_VECTORS, "dns"},
        {"class dns signatures 9 supports 1 centroids 1 margin 60000 reach 9", 2, KISS_VECTORS,
         "unknown"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 3", 2, KISS_VECTORS,
         "unknown"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 4", 2, KISS_VECTORS, "dns"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 4", 2, KISS_CENTROIDS,
         "dns"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 3", 2, KISS_CENTROIDS,
         "unknown"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 3", 8, KISS_CENTROIDS,
         "rtp"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 3", 8, KISS_VECTORS, "rtp"},
        {"class dns signatures 9 supports 1 centroids 1 margin 0 reach 3", 5000, KISS_VECTORS,
         "unknown"},
        {"class unknown signatures 9 supports 1 centroids 1 margin 0 reach 9", 2, KISS_VECTORS,
         "unknown"},
    };
    struct protocols *protocols = open_protocols();
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct kiss_model *model;
        struct kiss_scratch *scratch;
        char text[8192];
        build_small(text, 15, rows[i].class);
        if (strstr(rows[i].class, "unknown")) {
            /* Its name stands in three more lines; written again rather than replaced. */
            build_small(text, 0, NULL);
            CU_ASSERT_EQUAL_FATAL(kiss_model_read(&model, text, strlen(text), protocols, NULL), 0);
            model->machine[KISS_UDP].classes[0].protocol = PROTOCOL_UNKNOWN;
        } else {
            CU_ASSERT_EQUAL_FATAL(kiss_model_read(&model, text, strlen(text), protocols, NULL), 0);
        }
        CU_ASSERT_EQUAL_FATAL(kiss_scratch_new(&scratch, model, NULL), 0);
        model->machine[KISS_UDP].gamma = UINT32_MAX; /* so that 9 fifths are told apart */
        struct kiss_signature signature = {.deviation = {rows[i].first}};
        struct kiss_decision decision =
            kiss_decide(&model->machine[KISS_UDP], &signature, rows[i].method, scratch);
        CU_ASSERT_EQUAL(decision.protocol, protocols_find(protocols, rows[i].verdict));
        kiss_scratch_free(scratch);
        kiss_model_free(model);
    }
    protocols_free(protocols);
}

static void says_when_memory_is_out(void)
{
    struct protocols *protocols = open_protocols();
    char text[8192];
    build_small(text, 0, NULL);
    struct kiss_model *model;
    for (unsigned n = 1; n <= 5; n++) {
        struct error error = {0};
        allocation_fail_at(n);
        CU_ASSERT_EQUAL(kiss_model_read(&model, text, strlen(text), protocols, &error), -ENOMEM);
    }
    allocation_fail_at(0);
    CU_ASSERT_EQUAL_FATAL(kiss_model_read(&model, text, strlen(text), protocols, NULL), 0);
    struct kiss_scratch *scratch;
    for (unsigned n = 1; n <= 3; n++) {
        allocation_fail_at(n);
        CU_ASSERT_EQUAL(kiss_scratch_new(&scratch, model, NULL), -ENOMEM);
    }
    allocation_fail_at(0);
    kiss_model_free(model);
    protocols_free(protocols);
}

CU_TestInfo kiss_model_tests[] = {
    {"reads what was written", reads_what_was_written},
    {"refuses each wrong line", refuses_each_wrong_line},
    {"refuses what was changed or cut", refuses_what_was_changed_or_cut},
    {"refuses sums that could run over", refuses_sums_that_could_run_over},
    {"agrees with floating point", agrees_with_floating_point},
    {"rejects by margin and by reach", rejects_by_margin_and_by_reach},
    {"says when memory is out", says_when_memory_is_out},
    CU_TEST_INFO_NULL,
};
