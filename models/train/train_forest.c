/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train forest: learns the model of the headers tier from rows, calibrates it on parts
 * that were left out, and writes it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crosscheck.h"
#include "folds.h"
#include "learner_options.h"
#include "train_command.h"

enum { OPTION_ROWS = LEARNER_OPTION_END, OPTION_NAME, OPTION_SITE, OPTION_OUTPUT };

static const struct option options[] = {
    LEARNER_OPTIONS,
    {"rows", required_argument, NULL, OPTION_ROWS},
    {"name", required_argument, NULL, OPTION_NAME},
    {"site", required_argument, NULL, OPTION_SITE},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {NULL, 0, NULL, 0},
};

enum { ROWS_MAX = 8, FOLDS = 240 };

struct request {
    struct learner_options learner;
    const char *rows[ROWS_MAX];
    unsigned rows_count;
    const char *name;
    const char *site;
    const char *output;
};

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    switch (option) {
    case OPTION_ROWS:
        if (request->rows_count == ROWS_MAX)
            return error_set(error, EINVAL, "--rows: more than %d files", ROWS_MAX);
        request->rows[request->rows_count++] = value;
        return 0;
    case OPTION_NAME:
        request->name = value;
        return 0;
    case OPTION_SITE:
        request->site = value;
        return 0;
    case OPTION_OUTPUT:
        request->output = value;
        return 0;
    default:
        return learner_option_take(&request->learner, option, value, error);
    }
}

/* How it was learned, for the model's own line. */
static void describe(const struct request *request, const struct rows *rows, char *text,
                     size_t room)
{
    const struct learner_options *learner = &request->learner;
    size_t whole = 0;
    for (size_t i = 0; i < rows->flow_count; i++)
        whole += rows->flows[i].variation == VARIATION_WHOLE;
    snprintf(text, room,
             "%s, %u trees, depth %u, leaf %u, candidates %u, seed %llu, balance %u, most %u, "
             "evening %u, background %u, accept %u; %zu flows of %u captures of %u sites%s",
             learner->grow.is_extra ? "extra-trees" : "random forest", learner->grow.trees,
             learner->grow.depth, learner->grow.least_rows, learner->grow.candidates,
             (unsigned long long)learner->grow.seed, learner->balance, learner->most_rows,
             learner->evening, learner->background, learner->accept, whole, rows->captures.count,
             rows->sites.count, learner->varies ? ", with variations" : "");
}

static int write_model(const struct request *request, const struct learned *learned,
                       const struct crosscheck *given, struct error *error)
{
    size_t length;
    char *text = learned_text(learned, given->rows, &given->words, &length);
    if (!text)
        return error_set(error, ENOMEM, "out of memory for the model's text");
    FILE *out = fopen(request->output, "we");
    bool is_bad = !out || fwrite(text, 1, length, out) != length;
    if (out)
        is_bad |= fclose(out) != 0;
    free(text);
    if (is_bad)
        return error_set(error, EIO, "%s: %s", request->output, strerror(errno));
    printf("%u classes, %zu bytes\n", learned->class_count, length);
    return 0;
}

static int make_model(const struct request *request, struct crosscheck *given, struct error *error)
{
    const struct rows *rows = given->rows;
    uint8_t *folds = calloc(rows->flow_count + 1, sizeof *folds);
    bool *is_used = calloc(rows->flow_count + 1, sizeof *is_used);
    struct learned learned = {.class_count = 0};
    struct headers_model *model = NULL;
    unsigned split;
    int failure = 0;
    if (!folds || !is_used || folds_by_capture(folds, rows, FOLDS, &split))
        failure = error_set(error, ENOMEM, "out of memory for %zu flows", rows->flow_count);
    for (size_t i = 0; is_used && i < rows->flow_count; i++)
        is_used[i] = true;
    given->folds = folds;
    if (!failure)
        failure = crosscheck(&learned, &model, given, is_used, error);
    if (!failure)
        failure = write_model(request, &learned, given, error);
    headers_model_free(model);
    learned_free(&learned);
    free(folds);
    free(is_used);
    return failure;
}

static int learn_rows(const struct request *request, struct rows *rows)
{
    struct error error = {0};
    struct protocols *protocols;
    char trained[HEADERS_TRAINED_MAX + 1];
    for (unsigned i = 0; i < request->rows_count; i++) {
        if (rows_read(rows, request->rows[i], &error))
            return train_failed(request->rows[i], &error);
    }
    if (protocols_new(&protocols, &error))
        return train_failed(NULL, &error);
    describe(request, rows, trained, sizeof trained);
    struct crosscheck given = {.rows = rows,
                               .heard_flows = rows->flow_count,
                               .protocols = protocols,
                               .options = request->learner,
                               .words = {request->name, request->site, trained}};
    int failure = make_model(request, &given, &error);
    protocols_free(protocols);
    return failure ? train_failed(NULL, &error) : TRAIN_GOOD;
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct request request = {
        .learner = learner_options_default(), .name = "unnamed", .site = "unnamed"};
    int outcome = train_options_read(command, argc, argv, options, take_option, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (!request.rows_count || !request.output)
        return train_misused(command, "name --rows and --output");
    struct rows rows = {.count = 0};
    int exit_code = learn_rows(&request, &rows);
    rows_free(&rows);
    return exit_code || fflush(stdout) ? TRAIN_FAILED : TRAIN_GOOD;
}

const struct train_command train_forest = {
    .name = "forest",
    .summary = "learn the model of the headers tier from rows",
    .usage = "glassbox-train forest --rows ROWS... --output MODEL [OPTION...]",
    .help =
        "Grows a forest for each checkpoint, calibrates it with forests that did not see parts\n"
        "of the captures, and writes the model (docs/model-format.md). The same rows, options\n"
        "and seed give the same bytes.\n\n"
        "  --rows ROWS          what `dataset` wrote; may be given several times\n"
        "  --output MODEL       what to write\n"
        "  --name NAME          of the model, as reports call it\n"
        "  --site SITE          where the captures come from\n",
    .more = learner_options_help,
    .run = run,
};
