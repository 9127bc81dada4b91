/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train measure: learns from some flows, decides others, and writes down each decision. What
 * to make of them is for whoever reads (tests/accuracy/accuracy.py). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "folds.h"
#include "learner.h"
#include "learner_options.h"
#include "train_command.h"

enum { OPTION_ROWS = LEARNER_OPTION_END, OPTION_ALSO, OPTION_SPLIT, OPTION_OUTPUT, OPTION_FOLDS,
       OPTION_LAST, OPTION_SHARE };

static const struct option options[] = {
    LEARNER_OPTIONS,
    {"rows", required_argument, NULL, OPTION_ROWS},
    {"also", required_argument, NULL, OPTION_ALSO},
    {"split", required_argument, NULL, OPTION_SPLIT},
    {"folds", required_argument, NULL, OPTION_FOLDS},
    {"share", required_argument, NULL, OPTION_SHARE},
    {"last", no_argument, NULL, OPTION_LAST},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {NULL, 0, NULL, 0},
};

enum split { SPLIT_CAPTURES, SPLIT_SITES, SPLIT_CLASSES };

struct request {
    struct learner_options learner;
    const char *rows;
    const char *also;
    const char *output;
    enum split split;
    uint64_t folds;
    uint64_t share; /* of the flows to learn from, per cent */
    bool is_last;
};

struct measuring {
    const struct request *request;
    struct rows rows;
    size_t own_flows; /* those before are tested, the others only learned from */
    uint8_t *folds;   /* by capture */
    bool *is_used;
    bool *is_tested;
    bool *is_part;
    bool *is_heard;
    FILE *out;
};

static int take_split(struct request *request, const char *value, struct error *error)
{
    static const char *const names[] = {"captures", "sites", "classes"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        request->split = i;
        if (!strcmp(value, names[i]))
            return 0;
    }
    return error_set(error, EINVAL, "--split: '%s' is none of captures, sites, classes", value);
}

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    switch (option) {
    case OPTION_ROWS:
        request->rows = value;
        return 0;
    case OPTION_ALSO:
        request->also = value;
        return 0;
    case OPTION_OUTPUT:
        request->output = value;
        return 0;
    case OPTION_LAST:
        request->is_last = true;
        return 0;
    case OPTION_FOLDS:
        return text_read_unsigned(value, "--folds", 2, 100, &request->folds, error);
    case OPTION_SHARE:
        return text_read_unsigned(value, "--share", 1, 100, &request->share, error);
    case OPTION_SPLIT:
        return take_split(request, value, error);
    default:
        return learner_option_take(&request->learner, option, value, error);
    }
}

/* The held-out classes of a fold: every so many of the labels, in the order in which they occur. */
static bool is_class_out(const struct measuring *measuring, const struct rows_flow *flow,
                         unsigned fold)
{
    return measuring->request->split == SPLIT_CLASSES &&
           flow->label % measuring->request->folds == fold;
}

/* Which part of the flows to learn from is left by --share: whole captures. */
static bool is_in_share(const struct measuring *measuring, const struct rows_flow *flow)
{
    return flow->capture * 2654435761u % 100 < measuring->request->share;
}

static bool is_in_fold(const struct measuring *measuring, size_t flow, unsigned fold)
{
    if (measuring->request->split == SPLIT_SITES)
        return measuring->rows.flows[flow].site == fold;
    return measuring->folds[flow] % measuring->request->folds == fold;
}

static void part_flows(struct measuring *measuring, unsigned fold)
{
    for (size_t i = 0; i < measuring->rows.flow_count; i++) {
        const struct rows_flow *flow = &measuring->rows.flows[i];
        bool is_own = i < measuring->own_flows;
        bool is_out = is_class_out(measuring, flow, fold);
        bool is_held = is_own && is_in_fold(measuring, i, fold);
        measuring->is_used[i] = !is_held && !is_out && is_in_share(measuring, flow);
        measuring->is_tested[i] =
            is_own && flow->variation == VARIATION_WHOLE && (is_held || is_out);
    }
}

static const char *class_name(const struct measuring *measuring, const struct learned *learned,
                              int class)
{
    return class < 0 ? "unknown" : measuring->rows.labels.texts[learned->classes[class]];
}

static void write_decision(const struct measuring *measuring, const struct learned *learned,
                           const struct rows_flow *flow, const struct decision *decision)
{
    const struct rows *rows = &measuring->rows;
    fprintf(measuring->out,
            "%s\t%s\t%08" PRIx32 "\t%s\t%s\t%" PRIu64 "\t%d\t%s\t%s\t%u\t%u\t%u\t%u\t%u\t%u\n",
            rows->sites.texts[flow->site], rows->captures.texts[flow->capture], flow->hosts,
            rows->labels.texts[flow->label], rows->groups.texts[flow->group], flow->bytes,
            learned->class_of_label[flow->label] >= 0,
            class_name(measuring, learned, decision->class),
            class_name(measuring, learned, decision->best),
            feature_checkpoint_packets(decision->checkpoint), decision->packets, decision->score,
            decision->second, decision->confidence, decision->p_value);
}

/* Fits the model's calibration by models that learned without each inner part in turn. */
static int calibrate(struct measuring *measuring, struct learned *learned, struct error *error)
{
    enum { PARTS = 4 };
    struct evidence evidence = {.count = 0};
    int failure = 0;
    for (unsigned part = 0; !failure && part < PARTS; part++) {
        struct learned without;
        for (size_t i = 0; i < measuring->rows.flow_count; i++) {
            bool is_out = measuring->folds[i] % PARTS == part;
            measuring->is_part[i] = measuring->is_used[i] && !is_out;
            measuring->is_heard[i] =
                measuring->is_used[i] && is_out && i < measuring->own_flows;
        }
        failure = learn(&without, &measuring->rows, measuring->is_part, &learned->options, error);
        if (!failure && evidence_gather(&evidence, learned, &without, &measuring->rows,
                                        measuring->is_heard))
            failure = error_set(error, ENOMEM, "out of memory for scores");
        learned_free(&without);
    }
    if (!failure)
        failure = learned_calibrate(learned, &evidence, error);
    evidence_free(&evidence);
    return failure;
}

static int measure_fold(struct measuring *measuring, unsigned fold, struct error *error)
{
    struct learned learned;
    part_flows(measuring, fold);
    train_progress("fold %u", fold + 1);
    int failure =
        learn(&learned, &measuring->rows, measuring->is_used, &measuring->request->learner, error);
    if (!failure && !measuring->request->is_last)
        failure = calibrate(measuring, &learned, error);
    for (unsigned i = 0; measuring->request->is_last && i < FEATURE_CHECKPOINTS; i++)
        learned.checkpoints[i].accept = LEARNER_FULL;
    for (size_t i = 0; !failure && i < measuring->rows.flow_count; i++) {
        if (!measuring->is_tested[i])
            continue;
        struct decision decision =
            learned_decide(&learned, &measuring->rows, &measuring->rows.flows[i]);
        write_decision(measuring, &learned, &measuring->rows.flows[i], &decision);
    }
    learned_free(&learned);
    return failure;
}

static int read_rows(struct measuring *measuring, struct error *error)
{
    const struct request *request = measuring->request;
    if (rows_read(&measuring->rows, request->rows, error))
        return train_failed(request->rows, error);
    measuring->own_flows = measuring->rows.flow_count;
    if (request->also && rows_read(&measuring->rows, request->also, error))
        return train_failed(request->also, error);
    size_t count = measuring->rows.flow_count + 1;
    unsigned split;
    measuring->folds = calloc(count, 1);
    measuring->is_used = calloc(count, sizeof(bool));
    measuring->is_tested = calloc(count, sizeof(bool));
    measuring->is_part = calloc(count, sizeof(bool));
    measuring->is_heard = calloc(count, sizeof(bool));
    if (!measuring->folds || !measuring->is_used || !measuring->is_tested || !measuring->is_part ||
        !measuring->is_heard ||
        folds_by_capture(measuring->folds, &measuring->rows, 240, &split)) {
        error_set(error, ENOMEM, "out of memory for %zu flows", count);
        return train_failed(NULL, error);
    }
    return 0;
}

static int measure(struct measuring *measuring)
{
    const struct request *request = measuring->request;
    struct error error = {0};
    if (read_rows(measuring, &error))
        return TRAIN_FAILED;
    measuring->out = fopen(request->output, "we");
    if (!measuring->out) {
        error_set(&error, errno, "%s", strerror(errno));
        return train_failed(request->output, &error);
    }
    fputs("site\tcapture\thosts\tlabel\tgroup\tbytes\tlearned\tverdict\tbest\tcheckpoint\tpackets"
          "\tscore\tsecond\tconfidence\tp\n",
          measuring->out);
    unsigned folds = request->split == SPLIT_SITES ? measuring->rows.sites.count
                                                   : (unsigned)request->folds;
    int failure = 0;
    for (unsigned fold = 0; !failure && fold < folds; fold++)
        failure = measure_fold(measuring, fold, &error);
    if (fclose(measuring->out) && !failure)
        failure = error_set(&error, EIO, "%s: could not be written", request->output);
    return failure ? train_failed(NULL, &error) : TRAIN_GOOD;
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct request request = {.learner = learner_options_default(), .folds = 5, .share = 100};
    int outcome = train_options_read(command, argc, argv, options, take_option, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (!request.rows || !request.output)
        return train_misused(command, "name --rows and --output");
    struct measuring measuring = {.request = &request};
    int exit_code = measure(&measuring);
    rows_free(&measuring.rows);
    free(measuring.folds);
    free(measuring.is_used);
    free(measuring.is_tested);
    free(measuring.is_part);
    free(measuring.is_heard);
    return exit_code;
}

const struct train_command train_measure = {
    .name = "measure",
    .summary = "learn from some flows, decide others, write the decisions",
    .usage = "glassbox-train measure --rows ROWS --split WHAT --output DECISIONS [OPTION...]",
    .help = "x",
    .run = run,
};
