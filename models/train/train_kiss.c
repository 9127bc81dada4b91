/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train kiss: signature rows in, a model of the stochastic tier out. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "kiss_learn.h"
#include "kiss_writer.h"
#include "train_command.h"

enum kiss_option {
    OPTION_NAME = 256,
    OPTION_SITE,
    OPTION_TRANSPORT,
    OPTION_SEED,
    OPTION_MOST,
    OPTION_LEAST,
    OPTION_FOLDS,
    OPTION_COST,
    OPTION_GAMMA,
    OPTION_REJECTED,
    OPTION_SLACK,
    OPTION_SAME,
};

static const struct option own_options[] = {
    {"name", required_argument, NULL, OPTION_NAME},
    {"site", required_argument, NULL, OPTION_SITE},
    {"transport", required_argument, NULL, OPTION_TRANSPORT},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"most", required_argument, NULL, OPTION_MOST},
    {"least", required_argument, NULL, OPTION_LEAST},
    {"folds", required_argument, NULL, OPTION_FOLDS},
    {"cost", required_argument, NULL, OPTION_COST},
    {"gamma", required_argument, NULL, OPTION_GAMMA},
    {"rejected", required_argument, NULL, OPTION_REJECTED},
    {"slack", required_argument, NULL, OPTION_SLACK},
    {"same", required_argument, NULL, OPTION_SAME},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

enum { TRANSPORT_ALL = KISS_TRANSPORTS };

struct request {
    struct kiss_learning learning;
    unsigned transport; /* enum kiss_transport, or TRANSPORT_ALL */
    const char *name;
    const char *site;
};

static int take_count(const char *value, const char *what, uint64_t least, uint64_t most,
                      unsigned *count, struct error *error)
{
    uint64_t number = 0;
    int failure = text_read_unsigned(value, what, least, most, &number, error);
    *count = (unsigned)number;
    return failure;
}

static int take_real(const char *value, const char *what, double *real, struct error *error)
{
    char *end;
    *real = strtod(value, &end);
    if (*value && !*end && *real > 0 && *real <= 1e6)
        return 0;
    return error_set(error, EINVAL, "%s: '%s' is not a number above 0 and up to 1000000", what,
                     value);
}

static int take_transport(struct request *request, const char *value, struct error *error)
{
    request->transport = 0;
    while (request->transport < KISS_TRANSPORTS &&
           strcmp(value, kiss_transport_name(request->transport)) != 0)
        request->transport++;
    if (request->transport < KISS_TRANSPORTS || !strcmp(value, "all"))
        return 0;
    return error_set(error, EINVAL, "--transport: '%s' is none of udp, tcp, all", value);
}

/* LABEL=CLASS; the text is argv's and is cut in two. */
static int take_same(struct kiss_learning *learning, char *value, struct error *error)
{
    char *equals = strchr(value, '=');
    if (!equals || equals == value || !equals[1] || learning->same_count == KISS_SAME_MAX)
        return error_set(error, EINVAL, "--same: '%s' is not LABEL=CLASS, or one too many", value);
    *equals = '\0';
    learning->same[learning->same_count].label = value;
    learning->same[learning->same_count++].class = equals + 1;
    return 0;
}

static int take(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    struct kiss_learning *learning = &request->learning;
    switch (option) {
    case OPTION_NAME:
        request->name = value;
        return 0;
    case OPTION_SITE:
        request->site = value;
        return 0;
    case OPTION_TRANSPORT:
        return take_transport(request, value, error);
    case OPTION_SEED:
        return text_read_unsigned(value, "--seed", 0, UINT64_MAX, &learning->seed, error);
    case OPTION_MOST:
        return take_count(value, "--most", 10, 10000, &learning->most, error);
    case OPTION_LEAST:
        return take_count(value, "--least", 2, 10000, &learning->least, error);
    case OPTION_FOLDS:
        return take_count(value, "--folds", 2, 20, &learning->folds, error);
    case OPTION_COST:
        return take_real(value, "--cost", &learning->cost, error);
    case OPTION_GAMMA:
        return take_real(value, "--gamma", &learning->gamma, error);
    case OPTION_REJECTED:
        return take_count(value, "--rejected", 0, 5000, &learning->rejected, error);
    case OPTION_SLACK:
        return take_real(value, "--slack", &learning->slack, error);
    default:
        return take_same(learning, optarg, error);
    }
}

static int learn(struct kiss_model *model, struct request *request, const struct kiss_rows *rows)
{
    const bool is_all = request->transport == TRANSPORT_ALL;
    struct error error = {0};
    unsigned machines = 0;
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        struct kiss_learned learned;
        if (request->transport != i && !is_all)
            continue;
        request->learning.transport = i;
        int failure = kiss_learn(&model->machine[i], &request->learning, rows, &learned, &error);
        if (failure == -ENODATA && is_all)
            continue;
        if (failure)
            return train_failed(kiss_transport_name(i), &error);
        machines++;
        train_progress("%s: C %g, gamma %g, mean recall %.4f, %u support vectors",
                       kiss_transport_name(i), learned.cost, learned.gamma, learned.recall,
                       model->machine[i].support_count);
    }
    return machines ? TRAIN_GOOD : train_failed(NULL, &error);
}

static int make_model(struct request *request, const struct kiss_rows *rows)
{
    struct error error = {0};
    struct kiss_model *model = calloc(1, sizeof *model);
    if (!model) {
        train_complain("out of memory for a model");
        return TRAIN_FAILED;
    }
    snprintf(model->name, sizeof model->name, "%s", request->name);
    snprintf(model->site, sizeof model->site, "%s", request->site);
    snprintf(model->trained, sizeof model->trained,
             "rows %zu, seed %llu, most %u, least %u, folds %u, rejected %u, slack %g", rows->count,
             (unsigned long long)request->learning.seed, request->learning.most,
             request->learning.least, request->learning.folds, request->learning.rejected,
             request->learning.slack);
    int outcome = learn(model, request, rows);
    if (outcome == TRAIN_GOOD &&
        kiss_model_write(model, request->learning.protocols, stdout, &error))
        outcome = train_failed(NULL, &error);
    kiss_model_free(model);
    return outcome;
}

static int read_and_make(struct request *request, char **files, int count)
{
    struct kiss_rows rows = {.row = NULL};
    int outcome = TRAIN_GOOD;
    for (int i = 0; outcome == TRAIN_GOOD && i < count; i++) {
        struct error error = {0};
        if (kiss_rows_read(&rows, files[i], &error))
            outcome = train_failed(files[i], &error);
    }
    if (outcome == TRAIN_GOOD)
        outcome = make_model(request, &rows);
    kiss_rows_free(&rows);
    if (outcome == TRAIN_GOOD && fflush(stdout)) {
        train_complain("standard output: %s", strerror(errno));
        outcome = TRAIN_FAILED;
    }
    return outcome;
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct protocols *protocols;
    struct error error = {0};
    struct request request = {
        .learning = {.seed = 1,
                     .most = 400,
                     .least = 20,
                     .folds = 5,
                     .rejected = 20,
                     .slack = 1.25,
                     .progress = train_progress},
        .transport = KISS_UDP,
        .name = "unnamed",
        .site = "unnamed",
    };
    int outcome = train_options_read(command, argc, argv, own_options, take, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (optind == argc)
        return train_misused(command, "which rows? name files that `signatures` printed");
    if (protocols_new(&protocols, &error))
        return train_failed(NULL, &error);
    request.learning.protocols = protocols;
    outcome = read_and_make(&request, argv + optind, argc - optind);
    protocols_free(protocols);
    return outcome;
}

const struct train_command train_kiss = {
    .name = "kiss",
    .summary = "learn a model of the stochastic tier from signature rows",
    .usage = "glassbox-train kiss [OPTION...] ROWS.csv...",
    .help =
        "Learns support vectors (libsvm, RBF) from the rows that `signatures` printed, and\n"
        "prints a model. Cost and gamma are found on a grid by how well rows are recognised of\n"
        "sites that were not learnt from. The same rows and seed give the same bytes.\n\n"
        "  --name NAME        the model's name, and\n"
        "  --site SITE        where its captures come from, for reports\n"
        "  --transport T      udp, tcp, or all of which there is enough (default: udp)\n"
        "  --seed N           draws the sample (default: 1)\n"
        "  --most N           signatures of a class that are learnt from (default: 400)\n"
        "  --least N          labels with fewer are background (default: 20)\n"
        "  --folds N          to judge by (default: 5)\n"
        "  --cost C --gamma G instead of the grid\n"
        "  --rejected N       per 10,000: right windows that a class's limits may reject\n"
        "                     (default: 20)\n"
        "  --slack X          reach beyond the distances seen, as a factor (default: 1.25)\n"
        "  --same LABEL=CLASS learn LABEL as CLASS, as their first bytes are the same;\n"
        "                     as 'unknown': as background, which is none of the classes\n",
    .run = run,
};
