/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train measure: learns from some flows, decides others, and writes down each decision.
 * What to make of them is for whoever reads (tests/accuracy/accuracy.py). */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "baseline.h"
#include "crosscheck.h"
#include "folds.h"
#include "learner_options.h"
#include "train_command.h"

enum {
    OPTION_ROWS = LEARNER_OPTION_END,
    OPTION_ALSO,
    OPTION_SPLIT,
    OPTION_OUTPUT,
    OPTION_FOLDS,
    OPTION_LAST,
    OPTION_SHARE,
    OPTION_METHOD,
};

static const struct option options[] = {
    LEARNER_OPTIONS,
    {"rows", required_argument, NULL, OPTION_ROWS},
    {"also", required_argument, NULL, OPTION_ALSO},
    {"split", required_argument, NULL, OPTION_SPLIT},
    {"folds", required_argument, NULL, OPTION_FOLDS},
    {"share", required_argument, NULL, OPTION_SHARE},
    {"method", required_argument, NULL, OPTION_METHOD},
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
    const struct baseline *baseline; /* null: the forest */
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
    struct protocols *protocols;
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
    case OPTION_METHOD:
        request->baseline = baseline_find(value);
        if (!request->baseline && strcmp(value, "forest") != 0)
            return error_set(error, EINVAL, "--method: '%s' is not among those built in", value);
        return 0;
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

/* What became of one flow. */
struct decision {
    const char *verdict;
    const char *best; /* whether accepted or not */
    unsigned checkpoint;
    unsigned packets;
    struct headers_look look;
};

static struct decision decide_flow(const struct headers_model *model, const struct rows *rows,
                                   const struct rows_flow *flow)
{
    struct decision decision = {.verdict = "unknown"};
    for (uint32_t i = flow->row; i < flow->row + flow->row_count; i++) {
        const struct row *row = &rows->rows[i];
        decision.look = headers_model_look(model, row->checkpoint, rows->values[i]);
        decision.best = model->classes[decision.look.class_index].name;
        decision.checkpoint = row->checkpoint;
        decision.packets = row->packets;
        enum headers_outcome outcome = headers_model_decide(model, row->checkpoint, &decision.look,
                                                            i + 1 == flow->row + flow->row_count);
        if (outcome == HEADERS_DECIDES)
            decision.verdict = decision.best;
        if (outcome != HEADERS_WAITS)
            break;
    }
    return decision;
}

static const char *group_of(const struct measuring *measuring, const char *verdict)
{
    int id = protocols_find(measuring->protocols, verdict);
    return id <= PROTOCOL_UNKNOWN
               ? "-"
               : category_name(protocols_get(measuring->protocols, (unsigned)id)->category);
}

static void write_decision(const struct measuring *measuring, const struct rows_flow *flow,
                           bool is_learned, const struct decision *decision)
{
    const struct rows *rows = &measuring->rows;
    fprintf(measuring->out,
            "%s\t%s\t%08" PRIx32 "\t%s\t%s\t%" PRIu64 "\t%d\t%s\t%s\t%s\t%u\t%u\t%u\t%u\t%u\n",
            rows->sites.texts[flow->site], rows->captures.texts[flow->capture], flow->hosts,
            rows->labels.texts[flow->label], rows->groups.texts[flow->group], flow->bytes,
            is_learned, decision->verdict, group_of(measuring, decision->verdict), decision->best,
            feature_checkpoint_packets(decision->checkpoint), decision->packets,
            decision->look.score, decision->look.confidence, decision->look.p_value);
}

/* Without calibration: the last forest that a flow comes to has the word. */
static int learn_plainly(struct measuring *measuring, struct learned *learned,
                         struct headers_model **model, const struct crosscheck *given,
                         struct error *error)
{
    *model = NULL;
    int failure = learn(learned, &measuring->rows, measuring->is_used, &given->options, error);
    for (unsigned i = 0; !failure && i < FEATURE_CHECKPOINTS; i++)
        learned->checkpoints[i].accept = LEARNER_FULL;
    if (failure)
        return failure;
    return learned_model(model, learned, given->rows, &given->words, given->protocols, error);
}

static int measure_baseline(struct measuring *measuring, struct error *error)
{
    const struct baseline *baseline = measuring->request->baseline;
    const struct rows *rows = &measuring->rows;
    struct learned classes;
    void *model = NULL;
    int failure =
        learned_begin(&classes, rows, measuring->is_used, &measuring->request->learner, error);
    if (!failure)
        failure =
            baseline->learn(&model, rows, measuring->is_used, &measuring->request->learner, error);
    for (size_t i = 0; !failure && i < rows->flow_count; i++) {
        if (!measuring->is_tested[i])
            continue;
        const struct rows_flow *flow = &rows->flows[i];
        int label = baseline->decide(model, rows, flow);
        const char *name = label < 0 ? "unknown" : rows->labels.texts[label];
        const struct decision decision = {.verdict = name, .best = name};
        write_decision(measuring, flow, classes.class_of_label[flow->label] >= 0, &decision);
    }
    baseline->free(model);
    learned_free(&classes);
    return failure;
}

static int measure_forest(struct measuring *measuring, struct error *error)
{
    const struct crosscheck given = {.rows = &measuring->rows,
                                     .folds = measuring->folds,
                                     .heard_flows = measuring->own_flows,
                                     .protocols = measuring->protocols,
                                     .options = measuring->request->learner,
                                     .words = {"measured", "measured", "for measuring"}};
    struct learned learned;
    struct headers_model *model;
    int failure = measuring->request->is_last
                      ? learn_plainly(measuring, &learned, &model, &given, error)
                      : crosscheck(&learned, &model, &given, measuring->is_used, error);
    for (size_t i = 0; !failure && i < measuring->rows.flow_count; i++) {
        if (!measuring->is_tested[i])
            continue;
        const struct rows_flow *flow = &measuring->rows.flows[i];
        struct decision decision = decide_flow(model, &measuring->rows, flow);
        write_decision(measuring, flow, learned.class_of_label[flow->label] >= 0, &decision);
    }
    headers_model_free(model);
    learned_free(&learned);
    return failure;
}

static int measure_fold(struct measuring *measuring, unsigned fold, struct error *error)
{
    part_flows(measuring, fold);
    train_progress("fold %u", fold + 1);
    return measuring->request->baseline ? measure_baseline(measuring, error)
                                        : measure_forest(measuring, error);
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
    if (!measuring->folds || !measuring->is_used || !measuring->is_tested ||
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
    if (protocols_new(&measuring->protocols, &error))
        return train_failed(NULL, &error);
    measuring->out = fopen(request->output, "we");
    if (!measuring->out) {
        error_set(&error, errno, "%s", strerror(errno));
        return train_failed(request->output, &error);
    }
    fputs("site\tcapture\thosts\tlabel\tgroup\tbytes\tlearned\tverdict\tverdict_"
          "group\tbest\tcheckpoint\tpackets"
          "\tscore\tconfidence\tp\n",
          measuring->out);
    unsigned folds =
        request->split == SPLIT_SITES ? measuring->rows.sites.count : (unsigned)request->folds;
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
    protocols_free(measuring.protocols);
    return exit_code;
}

const struct train_command train_measure = {
    .name = "measure",
    .summary = "learn from some flows, decide others, write the decisions",
    .usage = "glassbox-train measure --rows ROWS --split WHAT --output DECISIONS [OPTION...]",
    .help =
        "Holds flows back, learns from the others, decides those held back by the code of the\n"
        "headers tier, and writes a line for each (tab-separated; tests/accuracy/accuracy.py "
        "reads\n"
        "them). Nothing of a capture is on both sides; a protocol of which there is but one\n"
        "capture is parted by pairs of hosts.\n\n"
        "  --rows ROWS          what is learned from and decided, as `dataset` wrote it\n"
        "  --also ROWS          what is learned from besides\n"
        "  --split WHAT         captures: each fold holds some of them; sites: each one site;\n"
        "                       classes: as captures, and some protocols are left out of learning\n"
        "  --folds N            of captures and classes (default: 5)\n"
        "  --share N            learn from about N per cent of the captures only\n"
        "  --method M           forest, or a baseline: majority, ports, first-four, tree, bayes,\n"
        "                       xgboost (default: forest)\n"
        "  --last               neither calibrate nor reject: the last checkpoint has the word\n"
        "  --output DECISIONS   what to write\n",
    .more = learner_options_help,
    .run = run,
};
