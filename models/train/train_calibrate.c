/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train calibrate: a model of the headers tier and rows that it has not learned from in,
 * the same model with its scores' worth said anew out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "eval_csv.h"
#include "recalibrate.h"
#include "train_command.h"

enum { OPTION_ROWS = 256, OPTION_MODEL, OPTION_OUTPUT, OPTION_EVENING, OPTION_PLAIN };

static const struct option options[] = {
    {"rows", required_argument, NULL, OPTION_ROWS},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"evening", required_argument, NULL, OPTION_EVENING},
    {"plain", no_argument, NULL, OPTION_PLAIN},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

enum { ROWS_MAX = 8 };

struct request {
    struct learner_options learner;
    const char *rows[ROWS_MAX];
    unsigned rows_count;
    const char *model;
    const char *output;
};

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    uint64_t number = 0;
    int failure = 0;
    switch (option) {
    case OPTION_ROWS:
        if (request->rows_count == ROWS_MAX)
            return error_set(error, EINVAL, "--rows: more than %d files", ROWS_MAX);
        request->rows[request->rows_count++] = value;
        return 0;
    case OPTION_MODEL:
        request->model = value;
        return 0;
    case OPTION_OUTPUT:
        request->output = value;
        return 0;
    case OPTION_EVENING:
        failure = text_read_unsigned(value, "--evening", 0, PER_MILLE, &number, error);
        request->learner.evening = (unsigned)number;
        return failure;
    default:
        request->learner.varies = false;
        return 0;
    }
}

static int write_file(const char *path, const char *text, size_t length, struct error *error)
{
    FILE *out = fopen(path, "we");
    bool is_bad = !out || fwrite(text, 1, length, out) != length;
    if (out)
        is_bad |= fclose(out) != 0;
    return is_bad ? error_set(error, EIO, "%s", strerror(errno)) : 0;
}

static int calibrate(const struct request *request, struct recalibration *given, struct rows *rows)
{
    struct error error = {0};
    struct headers_model *model;
    char *text = NULL;
    size_t length = 0;
    if (headers_model_read(&model, given->text, given->length, given->protocols, &error))
        return train_failed(request->model, &error);
    given->model = model;
    int outcome = TRAIN_GOOD;
    for (unsigned i = 0; outcome == TRAIN_GOOD && i < request->rows_count; i++) {
        if (rows_read(rows, request->rows[i], &error))
            outcome = train_failed(request->rows[i], &error);
    }
    if (outcome == TRAIN_GOOD && recalibrate(&text, &length, given, rows, &error))
        outcome = train_failed(NULL, &error);
    if (outcome == TRAIN_GOOD && write_file(request->output, text, length, &error))
        outcome = train_failed(request->output, &error);
    free(text);
    headers_model_free(model);
    return outcome;
}

static int read_and_calibrate(const struct request *request)
{
    struct error error = {0};
    struct protocols *protocols;
    struct rows rows = {.count = 0};
    size_t length;
    char *text = eval_file_load(request->model, &length, &error);
    if (!text)
        return train_failed(request->model, &error);
    int outcome = TRAIN_GOOD;
    if (protocols_new(&protocols, &error)) {
        outcome = train_failed(NULL, &error);
    } else {
        struct recalibration given = {
            .text = text, .length = length, .protocols = protocols, .options = request->learner};
        outcome = calibrate(request, &given, &rows);
        protocols_free(protocols);
    }
    rows_free(&rows);
    free(text);
    return outcome;
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct request request = {.learner = learner_options_default()};
    int outcome = train_options_read(command, argc, argv, options, take_option, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (!request.model || !request.rows_count || !request.output || optind != argc)
        return train_misused(command, "name --model, --rows and --output");
    return read_and_calibrate(&request);
}

const struct train_command train_calibrate = {
    .name = "calibrate",
    .summary = "say anew what a headers model's scores are worth, by rows it did not learn from",
    .usage = "glassbox-train calibrate --model MODEL --rows ROWS... --output MODEL [OPTION...]",
    .help =
        "Decides the rows' flows by the model and renews its calibration, conformal quantiles,\n"
        "confusion and fit (docs/model-format.md) as `forest` makes them. Its trees stay. Rows\n"
        "that it learned from make it too sure of itself. Classes without rows stay as they\n"
        "were. The same model and rows give the same bytes.\n\n"
        "  --model MODEL        of kind headers\n"
        "  --rows ROWS          what `dataset` wrote; may be given several times\n"
        "  --output MODEL       what to write\n"
        "  --evening N          per mille: how far classes count alike (default: 250)\n"
        "  --plain              by whole flows only, not their variations\n",
    .run = run,
};
