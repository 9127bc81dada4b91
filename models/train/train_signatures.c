/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train signatures: captures whose flows are known in, one row for each window of each
 * endpoint out. What of a row is learnt from is no address, port or payload, but 24 numbers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kiss_gather.h"
#include "train_command.h"

enum signatures_option {
    OPTION_TRUTH = 256,
    OPTION_ROOT,
    OPTION_ALIASES,
    OPTION_LABEL_COLUMN,
    OPTION_OVERRULE,
    OPTION_HALVES,
};

static const struct option own_options[] = {
    {"truth", required_argument, NULL, OPTION_TRUTH},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"aliases", required_argument, NULL, OPTION_ALIASES},
    {"label-column", required_argument, NULL, OPTION_LABEL_COLUMN},
    {"overrule", required_argument, NULL, OPTION_OVERRULE},
    {"halves", no_argument, NULL, OPTION_HALVES},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Texts are argv's. */
struct request {
    const char *truth; /* null: beside each capture */
    const char *root;
    const char *aliases;
    const char *overrule;
    struct eval_columns columns;
    bool has_halves;
    struct protocols *protocols;
    struct eval_words words;
    unsigned complaints;
};

static int take(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    (void)error;
    switch (option) {
    case OPTION_TRUTH:
        request->truth = value;
        return 0;
    case OPTION_ROOT:
        request->root = value;
        return 0;
    case OPTION_ALIASES:
        request->aliases = value;
        return 0;
    case OPTION_LABEL_COLUMN:
        request->columns.label = value;
        return 0;
    case OPTION_OVERRULE:
        request->overrule = value;
        return 0;
    default:
        request->has_halves = true;
        return 0;
    }
}

static void tell_complaint(void *context, const char *input, const char *text)
{
    struct request *request = context;
    request->complaints++;
    train_complain("%s: %s", input, text);
}

/* The last folder of a path: the site. */
static void name_site(const char *path, char site[64])
{
    const char *slash = strrchr(path, '/');
    const char *begin = slash;
    while (begin && begin > path && begin[-1] != '/')
        begin--;
    int length = slash ? (int)(slash - begin) : 0;
    snprintf(site, 64, "%.*s", length, slash ? begin : "");
}

static void print_windows(const struct request *request, const char *path, enum kiss_half half,
                          const struct kiss_gathered *gathered)
{
    char site[64];
    const char *slash = strrchr(path, '/');
    name_site(path, site);
    for (size_t i = 0; i < gathered->count; i++) {
        const struct kiss_window *window = &gathered->windows[i];
        printf("%s,%s,%s,%s,%u,%s", site, slash ? slash + 1 : path, kiss_half_name(half),
               kiss_transport_name(window->transport), window->endpoint,
               eval_words_class_name(&request->words, window->class));
        for (unsigned k = 0; k < KISS_NIBBLES; k++)
            printf(",%d", window->signature.deviation[k]);
        putchar('\n');
    }
}

static int run_capture(struct request *request, const char *path, const struct eval_row *rows,
                       size_t count)
{
    const struct kiss_gathering gathering = {
        .protocols = request->protocols,
        .words = &request->words,
        .least = EVAL_CONFIDENCE_HIGH,
        .complaint = {.tell = tell_complaint, .context = request},
    };
    unsigned halves = request->has_halves ? KISS_HALVES : 1;
    int outcome = TRAIN_GOOD;
    for (unsigned half = 0; outcome == TRAIN_GOOD && half < halves; half++) {
        struct error error = {0};
        struct kiss_gathered gathered;
        if (kiss_gather(&gathered, &gathering, path, half, rows, count, &error))
            outcome = train_failed(path, &error);
        else
            print_windows(request, path, half, &gathered);
        kiss_gathered_free(&gathered);
    }
    train_progress("%s", path);
    return outcome;
}

/* The file beside it with the truth's ending. */
static bool name_truth(const char *capture, char *truth, size_t size)
{
    const char *dot = strrchr(capture, '.');
    if (!dot || strchr(dot, '/'))
        return false;
    int length = snprintf(truth, size, "%.*s.csv", (int)(dot - capture), capture);
    return length > 0 && (size_t)length < size;
}

/* A capture with its own truth, all of whose rows are about it. */
static int run_alone(struct request *request, const char *path)
{
    char beside[4096];
    struct eval_truth truth;
    struct error error = {0};
    if (!name_truth(path, beside, sizeof beside)) {
        train_complain("%s: name its truth with --truth", path);
        return TRAIN_FAILED;
    }
    int outcome;
    if (eval_truth_read(&truth, beside, &request->columns, &error))
        outcome = train_failed(beside, &error);
    else
        outcome = run_capture(request, path, truth.rows, truth.count);
    eval_truth_free(&truth);
    return outcome;
}

static int run_named(struct request *request)
{
    struct eval_truth truth;
    struct error error = {0};
    int outcome = TRAIN_GOOD;
    if (eval_truth_read(&truth, request->truth, &request->columns, &error))
        outcome = train_failed(request->truth, &error);
    else if (request->overrule && eval_truth_overrule(&truth, request->overrule, &error))
        outcome = train_failed(request->overrule, &error);
    for (size_t i = 0, count; outcome == TRAIN_GOOD && i < truth.count; i += count) {
        char path[4096];
        const struct eval_row *rows = eval_truth_of(&truth, truth.rows[i].capture, &count);
        snprintf(path, sizeof path, "%s/%s", request->root ? request->root : ".",
                 truth.rows[i].capture);
        outcome = run_capture(request, path, rows, count);
    }
    eval_truth_free(&truth);
    return outcome;
}

static int run_all(struct request *request, char **files, int count)
{
    struct error error = {0};
    if (request->aliases && eval_words_read(&request->words, request->aliases, &error))
        return train_failed(request->aliases, &error);
    fputs("site,capture,half,transport,endpoint,label", stdout);
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        printf(",d%u", i);
    putchar('\n');
    if (request->truth)
        return run_named(request);
    int outcome = TRAIN_GOOD;
    for (int i = 0; outcome == TRAIN_GOOD && i < count; i++)
        outcome = run_alone(request, files[i]);
    return outcome;
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct request request = {.truth = NULL};
    struct error error = {0};
    int outcome = train_options_read(command, argc, argv, own_options, take, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (!request.truth == (optind == argc))
        return train_misused(command, "name either captures or a truth that names them");
    if (protocols_new(&request.protocols, &error))
        return train_failed(NULL, &error);
    eval_words_init(&request.words, request.protocols);
    outcome = run_all(&request, argv + optind, argc - optind);
    eval_words_free(&request.words);
    protocols_free(request.protocols);
    if (fflush(stdout) || ferror(stdout)) {
        train_complain("standard output: %s", strerror(errno));
        return TRAIN_FAILED;
    }
    return outcome == TRAIN_GOOD && request.complaints ? TRAIN_FAILED : outcome;
}

const struct train_command train_signatures = {
    .name = "signatures",
    .summary = "what the endpoints of captures look like to the stochastic tier, as rows",
    .usage = "glassbox-train signatures [--truth FLOWS.csv [--root DIR]] [OPTION...] [FILE...]",
    .help =
        "Prints a CSV row for each window of each endpoint whose flows are known: site (the\n"
        "folder the capture lies in), capture, half, transport, endpoint (a number), label and\n"
        "24 deviations. `kiss` learns from such rows, `kiss-test` is tried on them.\n\n"
        "  FILE...            captures with their truth beside them, X.csv for X.pcap\n"
        "  --truth FLOWS.csv  instead: what the flows are, and which captures there are\n"
        "  --root DIR         where those captures lie (default: here)\n"
        "  --aliases FILE     what the truth's words stand for\n"
        "  --overrule FILE    rows whose truth is wrong\n"
        "  --label-column N   the column that names the protocol (default: protocol)\n"
        "  --halves           each capture thrice: whole, and one direction at a time\n",
    .run = run,
};
