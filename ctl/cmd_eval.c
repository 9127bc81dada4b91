/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox eval: captures whose flows are known, run through the classifier, and how often it was
 * right. With label the one command that handles single flows, which is what it is for; it reads
 * captures only. */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "eval_work.h"

enum eval_option {
    OPTION_TRUTH = OPTION_OWN,
    OPTION_ROOT,
    OPTION_MIN_CONFIDENCE,
    OPTION_EVAL_FORMAT,
    OPTION_LABEL_COLUMN,
    OPTION_CONFIDENCE_COLUMN,
    OPTION_ALIASES,
    OPTION_OVERRULE,
    OPTION_MISTAKES,
    OPTION_BY,
    OPTION_SPLIT_BY,
    OPTION_ONLY,
    OPTION_WITHOUT,
    OPTION_UNKNOWN,
    OPTION_OUTPUT_DIR,
};

static const struct option own_options[] = {
    {"truth", required_argument, NULL, OPTION_TRUTH},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"min-confidence", required_argument, NULL, OPTION_MIN_CONFIDENCE},
    {"format", required_argument, NULL, OPTION_EVAL_FORMAT},
    {"label-column", required_argument, NULL, OPTION_LABEL_COLUMN},
    {"confidence-column", required_argument, NULL, OPTION_CONFIDENCE_COLUMN},
    {"aliases", required_argument, NULL, OPTION_ALIASES},
    {"overrule", required_argument, NULL, OPTION_OVERRULE},
    {"mistakes", required_argument, NULL, OPTION_MISTAKES},
    {"by", required_argument, NULL, OPTION_BY},
    {"split-by", required_argument, NULL, OPTION_SPLIT_BY},
    {"only", required_argument, NULL, OPTION_ONLY},
    {"without", required_argument, NULL, OPTION_WITHOUT},
    {"unknown", required_argument, NULL, OPTION_UNKNOWN},
    {"output-dir", required_argument, NULL, OPTION_OUTPUT_DIR},
    {NULL, 0, NULL, 0},
};

static int take_confidence(struct eval_request *request, const char *value, struct error *error)
{
    static const enum eval_confidence all[] = {EVAL_CONFIDENCE_HIGH, EVAL_CONFIDENCE_MEDIUM,
                                               EVAL_CONFIDENCE_ANY};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        request->least = all[i];
        if (!strcmp(value, eval_confidence_name(all[i])))
            return 0;
    }
    return error_set(error, EINVAL, "--min-confidence: '%s' is none of high, medium, any", value);
}

static int take_format(struct eval_request *request, const char *value, struct error *error)
{
    static const char *const names[] = {[EVAL_TABLE] = "table",
                                        [EVAL_JSON] = "json",
                                        [EVAL_MARKDOWN] = "markdown",
                                        [EVAL_SVG] = "svg"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        request->format = (enum eval_format)i;
        if (!strcmp(value, names[i]))
            return 0;
    }
    return error_set(error, EINVAL, "--format: '%s' is none of table, json, markdown, svg", value);
}

static int take_level(struct eval_request *request, const char *value, struct error *error)
{
    int level = eval_level_find(value);
    if (level < 0)
        return error_set(error, EINVAL, "--by: '%s' is none of protocol, category, group", value);
    request->level = (enum eval_level)level;
    return 0;
}

static int take_fold(const char **names, unsigned *count, const char *option, const char *value,
                     struct error *error)
{
    if (*count == EVAL_FOLD_CHOICES_MAX)
        return error_set(error, EINVAL, "%s: more than %d times", option, EVAL_FOLD_CHOICES_MAX);
    names[(*count)++] = value;
    return 0;
}

/* What to judge, and how. */
static int take_judging(struct eval_request *request, int option, const char *value,
                        struct error *error)
{
    struct eval_fold_choice *folds = &request->folds;
    switch (option) {
    case OPTION_BY:
        return take_level(request, value, error);
    case OPTION_SPLIT_BY:
        folds->split_by = value;
        request->columns.fold = value;
        return 0;
    case OPTION_ONLY:
        return take_fold(folds->only, &folds->only_count, "--only", value, error);
    case OPTION_WITHOUT:
        return take_fold(folds->without, &folds->without_count, "--without", value, error);
    default:
        request->unknown = value;
        return 0;
    }
}

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct eval_request *request = context;
    switch (option) {
    case OPTION_MIN_CONFIDENCE:
        return take_confidence(request, value, error);
    case OPTION_EVAL_FORMAT:
        return take_format(request, value, error);
    case OPTION_TRUTH:
        request->truth = value;
        return 0;
    case OPTION_ROOT:
        request->root = value;
        return 0;
    case OPTION_LABEL_COLUMN:
        request->columns.label = value;
        return 0;
    case OPTION_CONFIDENCE_COLUMN:
        request->columns.confidence = value;
        return 0;
    case OPTION_ALIASES:
        request->aliases = value;
        return 0;
    case OPTION_OVERRULE:
        request->overrule = value;
        return 0;
    case OPTION_OUTPUT_DIR:
        request->plots = value;
        return 0;
    case OPTION_MISTAKES:
        request->mistakes = value;
        return 0;
    default:
        return take_judging(request, option, value, error);
    }
}

static int run(const struct command *command, int argc, char **argv)
{
    struct eval_request request = {.run = run_options_default(), .least = EVAL_CONFIDENCE_HIGH};
    const struct run_options_own own = {
        .table = own_options, .take = take_option, .context = &request};
    request.run.dataplane.classifier.flow_count = 1 << 17;
    int outcome = run_options_read(&request.run, command, argc, argv, &own);
    if (outcome != RUN_OPTIONS_GOOD)
        return outcome;
    if (!request.truth)
        return command_misused(command, "what is true? name a CSV with --truth");
    if (request.run.interval_ns || request.run.min_endpoints ||
        request.run.dataplane.worker_count != 1)
        return command_misused(
            command, "--interval, --workers and --min-endpoints are for reports, not for eval");
    if (request.run.dataplane.classifier.packet.scope)
        return command_misused(command, "--scope: the truth names flows without it");
    if (!request.folds.split_by && (request.folds.only_count || request.folds.without_count))
        return command_misused(command, "--only and --without: of what? say it with --split-by");
    if (request.format == EVAL_SVG && !request.plots)
        return command_misused(command, "--format svg: where to? say it with --output-dir");
    request.files = (const char *const *)argv + optind;
    request.file_count = (unsigned)(argc - optind);
    return eval_work(&request);
}

const struct command command_eval = {
    .name = "eval",
    .summary = "measure how often verdicts are right, on captures whose flows are known",
    .usage = "glassbox eval --truth FLOWS.csv [OPTION...] [FILE...]",
    .help =
        "Runs captures through the classifier that replay uses and compares the verdict on each\n"
        "flow with the truth: accuracy, precision, recall and F1 per tier and class, by flows and\n"
        "by bytes, with 95 % intervals, by data packets seen, and what was taken for what; beside\n"
        "it what the largest class, the ports and the first four bytes would have said. Without\n"
        "FILE it runs every capture that the truth names. It reads capture files only, never a\n"
        "live source.\n\n"
        "  --truth FLOWS.csv  what the flows are, as `glassbox label` writes it; required\n"
        "  --root DIR         where the captures lie that the truth names (default: here)\n"
        "  --by LEVEL         judge by protocol, category or group (default: protocol)\n"
        "  --split-by COLUMN  judge each fold apart: those that a column of the truth names, or,\n"
        "                     without such a column, by site (first folder of the capture), host\n"
        "                     or capture; baselines learn from other folds (default: captures)\n"
        "  --only VALUE       judge this fold alone; may be given several times\n"
        "  --without VALUE    do not judge this fold; may be given several times\n"
        "  --unknown WORDS    the truth's words, parted by commas, for traffic of no known class:\n"
        "                     silence is right there, and confidence should be low\n"
        "  --min-confidence C score rows of this confidence or more: high, medium or any\n"
        "                     (default: high; all are, in a truth without such a column)\n"
        "  --label-column N   the column that names the protocol (default: protocol)\n"
        "  --confidence-column N  the column that names the confidence (default: confidence)\n"
        "  --aliases FILE     what the truth's words stand for: word | protocols | reason\n"
        "  --overrule FILE    rows whose truth is wrong: CSV with protocol and reason\n"
        "  --mistakes FILE    write the rows of truth that were missed or wrong, as CSV\n"
        "  --format FORMAT    table, json, markdown, or svg for plots alone (default: table)\n"
        "  --output-dir DIR   write confusion.svg, reliability.svg and packets.svg into DIR\n"
        "  --tiers LIST       evidence to use: ports, headers, stochastic, signatures\n"
        "                     (default: ports,headers)\n"
        "  --model FILE       model of the headers or stochastic tier, once for each (default:\n"
        "                     this program's own)\n"
        "  --rules DIR        rules of the signatures tier (default: this program's own)\n"
        "  --flows N          flows that can be open at once (default: 131072)\n"
        "  --no-decap         do not look inside tunnels\n"
        "  --idle-closed, --idle-tcp, --idle-udp, --idle-other S   as replay has them\n\n"
        "A flow without verdict is missed: it lowers accuracy and recall, and is not held against\n"
        "precision. A 5-tuple that was several flows is scored once, by the one with the most\n"
        "bytes.\n\n"
        "Exit status: 0 when everything was read, 1 when some capture was not or only in part\n"
        "(the rest is scored all the same), 2 when the command was misused.\n",
    .run = run,
};
