/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox eval: captures whose flows are known, run through the classifier, and how often it was
 * right. With label the one command that handles single flows, which is what it is for; it reads
 * captures only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ctl/rule_folder.h"
#include "eval_forms.h"
#include "eval_mistakes.h"
#include "run_options.h"

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
    {NULL, 0, NULL, 0},
};

/* What the command line asks for; its texts are argv's. */
struct request {
    struct run_options run;
    struct eval_columns columns;
    enum eval_confidence least;
    const char *truth;
    const char *root; /* null: the working folder */
    const char *aliases;
    const char *overrule;
    const char *mistakes;
    const char *const *files; /* none: all that the truth names */
    unsigned file_count;
    bool is_json;
};

/* An evaluation under way. */
struct evaluation {
    const struct request *request;
    struct eval_truth truth;
    struct eval_words words;
    struct eval_score score;
    struct eval_run run;
    struct rule_folder rules;
    struct eval_mistakes *mistakes; /* null: nobody asked for them */
    unsigned complaints;
};

static int take_confidence(struct request *request, const char *value, struct error *error)
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

static int take_format(struct request *request, const char *value, struct error *error)
{
    request->is_json = !strcmp(value, "json");
    if (request->is_json || !strcmp(value, "table"))
        return 0;
    return error_set(error, EINVAL, "--format: '%s' is none of table, json", value);
}

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
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
    default:
        request->mistakes = value;
        return 0;
    }
}

static void tell_complaint(void *context, const char *input, const char *text)
{
    struct evaluation *evaluation = context;
    evaluation->complaints++;
    command_complain("%s: %s", input, text);
}

static void tell_fault(const char *text)
{
    command_complain("%s", text);
}

/* Puts the file's name, and the line where there is one, in front of what is wrong with it. */
static int blame(const char *path, int failure, struct error *error)
{
    struct error said = *error;
    if (said.line)
        snprintf(error->text, sizeof error->text, "%.100s:%u: %.200s", path, said.line, said.text);
    else
        snprintf(error->text, sizeof error->text, "%.100s: %.200s", path, said.text);
    return failure;
}

static int read_truth(struct evaluation *evaluation, struct error *error)
{
    const struct request *request = evaluation->request;
    int failure = eval_truth_read(&evaluation->truth, request->truth, &request->columns, error);
    if (failure)
        return blame(request->truth, failure, error);
    if (request->overrule)
        failure = eval_truth_overrule(&evaluation->truth, request->overrule, error);
    if (failure)
        return blame(request->overrule, failure, error);
    if (request->aliases)
        failure = eval_words_read(&evaluation->words, request->aliases, error);
    return failure ? blame(request->aliases, failure, error) : 0;
}

static int run_capture(struct evaluation *evaluation, const char *path, const struct eval_row *rows,
                       size_t count, struct error *error)
{
    struct eval_capture capture;
    int failure = eval_capture_run(&capture, &evaluation->run, path, rows, count, error);
    if (failure)
        blame(path, failure, error);
    else
        failure = eval_score_add(&evaluation->score, &evaluation->words, &capture, error);
    if (!failure && evaluation->mistakes)
        failure = eval_mistakes_add(evaluation->mistakes, &evaluation->score, &evaluation->words,
                                    &capture, error);
    eval_capture_free(&capture);
    return failure;
}

static int run_files(struct evaluation *evaluation, struct error *error)
{
    const struct request *request = evaluation->request;
    int failure = 0;
    for (unsigned i = 0; !failure && i < request->file_count; i++) {
        size_t count;
        const struct eval_row *rows = eval_truth_about(
            &evaluation->truth, request->files[i], request->root, request->file_count == 1, &count);
        if (count)
            failure = run_capture(evaluation, request->files[i], rows, count, error);
        else
            tell_complaint(evaluation, request->files[i], "the truth has no row about it");
    }
    return failure;
}

static int run_named(struct evaluation *evaluation, struct error *error)
{
    const struct eval_truth *truth = &evaluation->truth;
    const char *root = evaluation->request->root ? evaluation->request->root : ".";
    char path[4096];
    int failure = 0;
    for (size_t i = 0, count; !failure && i < truth->count; i += count) {
        const char *name = truth->rows[i].capture;
        const struct eval_row *rows = eval_truth_of(truth, name, &count);
        int length = snprintf(path, sizeof path, "%s/%s", root, name);
        if (length < (int)sizeof path)
            failure = run_capture(evaluation, path, rows, count, error);
        else
            tell_complaint(evaluation, name, "its path is too long");
    }
    return failure;
}

static int print(const struct evaluation *evaluation, struct error *error)
{
    struct eval_result result;
    int failure = eval_result_make(&result, &evaluation->score, &evaluation->words, error);
    if (!failure && (evaluation->request->is_json ? eval_write_json(&result, stdout)
                                                  : eval_write_table(&result, stdout)))
        failure = error_set(error, EIO, "the figures could not be written");
    eval_result_free(&result);
    return failure;
}

static int evaluate(struct evaluation *evaluation, struct error *error)
{
    const struct request *request = evaluation->request;
    int failure = 0;
    if (request->mistakes)
        failure = eval_mistakes_open(&evaluation->mistakes, request->mistakes, error);
    if (failure)
        return blame(request->mistakes, failure, error);
    failure = request->file_count ? run_files(evaluation, error) : run_named(evaluation, error);
    if (!failure)
        failure = print(evaluation, error);
    int unwritten = eval_mistakes_close(evaluation->mistakes, failure ? NULL : error);
    return failure || !unwritten ? failure : blame(request->mistakes, unwritten, error);
}

/* The rules come before the words: they may declare protocols. */
static int prepare(struct evaluation *evaluation, struct protocols *protocols, struct error *error)
{
    struct classifier_options *classifier = &evaluation->run.classifier;
    int failure = 0;
    if (classifier->tiers & 1u << TIER_SIGNATURES)
        failure = rule_folder_open(&evaluation->rules, evaluation->request->run.rules_path,
                                   protocols, tell_fault, error);
    classifier->signatures = evaluation->rules.signatures;
    classifier->services = evaluation->rules.services;
    eval_words_init(&evaluation->words, protocols);
    return failure ? failure : read_truth(evaluation, error);
}

static int run_evaluation(struct evaluation *evaluation)
{
    struct error error = {0};
    struct protocols *protocols;
    int failure = protocols_new(&protocols, &error);
    if (!failure) {
        evaluation->run.protocols = protocols;
        failure = prepare(evaluation, protocols, &error);
        if (!failure)
            failure = evaluate(evaluation, &error);
        eval_score_free(&evaluation->score);
        eval_words_free(&evaluation->words);
        eval_truth_free(&evaluation->truth);
        rule_folder_close(&evaluation->rules);
        protocols_free(protocols);
    }
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure || evaluation->complaints ? EXIT_FAILED : EXIT_GOOD);
}

static int run(const struct command *command, int argc, char **argv)
{
    struct request request = {.run = run_options_default(), .least = EVAL_CONFIDENCE_HIGH};
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
    request.files = (const char *const *)argv + optind;
    request.file_count = (unsigned)(argc - optind);
    struct evaluation evaluation = {.request = &request};
    evaluation.run = (struct eval_run){
        .classifier = request.run.dataplane.classifier,
        .complaint = {.tell = tell_complaint, .context = &evaluation},
    };
    eval_score_init(&evaluation.score, evaluation.run.classifier.tiers, request.least);
    return run_evaluation(&evaluation);
}

const struct command command_eval = {
    .name = "eval",
    .summary = "measure how often verdicts are right, on captures whose flows are known",
    .usage = "glassbox eval --truth FLOWS.csv [OPTION...] [FILE...]",
    .help =
        "Runs captures through the classifier that replay uses and compares the verdict on each\n"
        "flow with the truth: precision, recall and F1 per tier and protocol, by flows and by\n"
        "bytes, with 95 % intervals, and what was taken for what. Without FILE it runs every\n"
        "capture that the truth names. It reads capture files only, never a live source.\n\n"
        "  --truth FLOWS.csv  what the flows are, as `glassbox label` writes it; required\n"
        "  --root DIR         where the captures lie that the truth names (default: here)\n"
        "  --min-confidence C score rows of this confidence or more: high, medium or any\n"
        "                     (default: high; all are, in a truth without such a column)\n"
        "  --label-column N   the column that names the protocol (default: protocol)\n"
        "  --confidence-column N  the column that names the confidence (default: confidence)\n"
        "  --aliases FILE     what the truth's words stand for: word | protocols | reason\n"
        "  --overrule FILE    rows whose truth is wrong: CSV with protocol and reason\n"
        "  --mistakes FILE    write the rows of truth that were missed or wrong, as CSV\n"
        "  --format FORMAT    table or json (default: table)\n"
        "  --tiers LIST       evidence to use: ports, signatures (default: ports)\n"
        "  --rules DIR        rules of the signatures tier (default: this program's own)\n"
        "  --flows N          flows that can be open at once (default: 131072)\n"
        "  --no-decap         do not look inside tunnels\n"
        "  --idle-closed, --idle-tcp, --idle-udp, --idle-other S   as replay has them\n\n"
        "A flow without verdict is missed: it lowers recall, and is not held against precision.\n"
        "A 5-tuple that was several flows is scored once, by the one with the most bytes.\n\n"
        "Exit status: 0 when everything was read, 1 when some capture was not or only in part\n"
        "(the rest is scored all the same), 2 when the command was misused.\n",
    .run = run,
};
