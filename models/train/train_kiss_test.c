/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train kiss-test: signature rows and a model in, what each endpoint would be called out.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/stochastic_clock.h"
#include "eval_csv.h"
#include "kiss_rows.h"
#include "train_command.h"

enum kiss_test_option { OPTION_MODEL = 256, OPTION_METHOD, OPTION_WINDOWS };

static const struct option own_options[] = {
    {"model", required_argument, NULL, OPTION_MODEL},
    {"method", required_argument, NULL, OPTION_METHOD},
    {"windows", no_argument, NULL, OPTION_WINDOWS},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

struct request {
    const char *model_path;
    enum kiss_method method;
    bool has_windows;
    struct protocols *protocols;
    struct kiss_model *model;
    struct kiss_scratch *scratch;
};

static int take(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    if (option == OPTION_MODEL) {
        request->model_path = value;
    } else if (option == OPTION_WINDOWS) {
        request->has_windows = true;
    } else {
        request->method = strcmp(value, "centroids") ? KISS_VECTORS : KISS_CENTROIDS;
        if (request->method == KISS_VECTORS && strcmp(value, "vectors") != 0)
            return error_set(error, EINVAL, "--method: '%s' is none of vectors, centroids", value);
    }
    return 0;
}

static bool is_same_endpoint(const struct kiss_row *a, const struct kiss_row *b)
{
    return a->endpoint == b->endpoint && a->transport == b->transport &&
           !strcmp(a->site, b->site) && !strcmp(a->capture, b->capture) &&
           !strcmp(a->half, b->half);
}

static int compare_rows(const void *first, const void *second)
{
    const struct kiss_row *const *a = first, *const *b = second;
    int order = strcmp((*a)->site, (*b)->site);
    if (!order)
        order = strcmp((*a)->capture, (*b)->capture);
    if (!order)
        order = strcmp((*a)->half, (*b)->half);
    if (!order)
        order = ((*a)->endpoint > (*b)->endpoint) - ((*a)->endpoint < (*b)->endpoint);
    return order ? order : (*a > *b) - (*a < *b);
}

static void print_word(const struct request *request, const struct kiss_row *row, size_t windows,
                       uint16_t word)
{
    printf("%s,%s,%s,%s,%u,%s,%zu,%s", row->site, row->capture, row->half,
           kiss_transport_name(row->transport), row->endpoint, row->label, windows,
           protocols_get(request->protocols, word)->name);
}

/* One endpoint's windows in the order they were filled: the verdict after the last of them. */
static void test_endpoint(struct request *request, const struct kiss_row *const *rows, size_t count)
{
    struct endpoint endpoint = {.strength = 0};
    const struct kiss_machine *machine = &request->model->machine[rows[0]->transport];
    if (!machine->class_count)
        return;
    for (size_t i = 0; i < count; i++) {
        struct kiss_decision decision =
            kiss_decide(machine, &rows[i]->signature, request->method, request->scratch);
        stochastic_note_word(&endpoint, decision.protocol);
        if (!request->has_windows)
            continue;
        print_word(request, rows[i], i + 1, decision.protocol);
        printf(",%s,%lld,%u\n",
               protocols_get(request->protocols, machine->classes[decision.winner].protocol)->name,
               (long long)decision.margin, decision.distance);
    }
    if (!request->has_windows) {
        print_word(request, rows[0], count, endpoint.verdict);
        putchar('\n');
    }
}

static int test_rows(struct request *request, const struct kiss_rows *rows)
{
    const struct kiss_row **sorted = calloc(rows->count + 1, sizeof *sorted);
    if (!sorted) {
        train_complain("out of memory for %zu rows", rows->count);
        return TRAIN_FAILED;
    }
    for (size_t i = 0; i < rows->count; i++)
        sorted[i] = &rows->row[i];
    qsort((void *)sorted, rows->count, sizeof *sorted, compare_rows);
    printf("site,capture,half,transport,endpoint,label,%s\n",
           request->has_windows ? "window,verdict,winner,margin,distance" : "windows,verdict");
    for (size_t i = 0, end; i < rows->count; i = end) {
        end = i + 1;
        while (end < rows->count && is_same_endpoint(sorted[i], sorted[end]))
            end++;
        test_endpoint(request, sorted + i, end - i);
    }
    free((void *)sorted);
    return TRAIN_GOOD;
}

static int open_model(struct request *request)
{
    struct error error = {0};
    size_t length;
    if (protocols_new(&request->protocols, &error))
        return train_failed(NULL, &error);
    char *text = eval_file_load(request->model_path, &length, &error);
    if (!text)
        return train_failed(request->model_path, &error);
    int failure = kiss_model_read(&request->model, text, length, request->protocols, &error);
    free(text);
    if (!failure)
        failure = kiss_scratch_new(&request->scratch, request->model, &error);
    return failure ? train_failed(request->model_path, &error) : TRAIN_GOOD;
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct request request = {.method = KISS_VECTORS};
    int outcome = train_options_read(command, argc, argv, own_options, take, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (!request.model_path || optind == argc)
        return train_misused(command, "name a model and files that `signatures` printed");
    struct kiss_rows rows = {.row = NULL};
    outcome = open_model(&request);
    for (int i = optind; outcome == TRAIN_GOOD && i < argc; i++) {
        struct error error = {0};
        if (kiss_rows_read(&rows, argv[i], &error))
            outcome = train_failed(argv[i], &error);
    }
    if (outcome == TRAIN_GOOD)
        outcome = test_rows(&request, &rows);
    kiss_rows_free(&rows);
    kiss_scratch_free(request.scratch);
    kiss_model_free(request.model);
    protocols_free(request.protocols);
    return fflush(stdout) ? TRAIN_FAILED : outcome;
}

const struct train_command train_kiss_test = {
    .name = "kiss-test",
    .summary = "what a model of the stochastic tier makes of signature rows",
    .usage = "glassbox-train kiss-test --model FILE [OPTION...] ROWS.csv...",
    .help = "Prints for each endpoint of the rows what the model calls it after its last window.\n"
            "\n"
            "  --model FILE       a model of kind kiss; required\n"
            "  --method METHOD    vectors or centroids (default: vectors)\n"
            "  --windows          a row for each window instead, with the class that won, its\n"
            "                     margin (65536ths) and the squared distance to it\n",
    .run = run,
};
