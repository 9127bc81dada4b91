/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs what was asked for, step by step. */
#include "eval_work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl/model_file.h"
#include "ctl/rule_folder.h"
#include "eval_forms.h"
#include "eval_mistakes.h"
#include "eval_plot.h"

/* An evaluation under way. */
struct evaluation {
    const struct eval_request *request;
    struct eval_truth truth;
    struct eval_words words;
    struct eval_folds folds;
    struct eval_samples samples;
    struct eval_run run;      /* for captures with flows to judge */
    struct eval_run learning; /* for those that baselines learn from */
    struct rule_folder rules;
    struct model_files models;
    struct eval_mistakes *mistakes; /* null: nobody asked for them */
    unsigned complaints;
};

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

/* A word that no row says would hold nothing out, and look as if it had. */
static int find_unknown(const struct evaluation *evaluation, struct error *error)
{
    const struct eval_truth *truth = &evaluation->truth;
    for (const struct eval_word *word = evaluation->words.first; word; word = word->next) {
        size_t row = 0;
        while (row < truth->count && strcmp(truth->rows[row].label, word->name) != 0)
            row++;
        if (word->is_held_out && row == truth->count)
            return error_set(error, EINVAL, "--unknown: no row of the truth says '%.100s'",
                             word->name);
    }
    return 0;
}

static int read_truth(struct evaluation *evaluation, struct error *error)
{
    const struct eval_request *request = evaluation->request;
    int failure = eval_truth_read(&evaluation->truth, request->truth, &request->columns, error);
    if (failure)
        return blame(request->truth, failure, error);
    if (request->overrule)
        failure = eval_truth_overrule(&evaluation->truth, request->overrule, error);
    if (failure)
        return blame(request->overrule, failure, error);
    if (request->aliases)
        failure = eval_words_read(&evaluation->words, request->aliases, error);
    if (failure)
        return blame(request->aliases, failure, error);
    if (request->unknown)
        failure = eval_words_hold_out(&evaluation->words, request->unknown, error);
    if (!failure)
        failure = find_unknown(evaluation, error);
    if (!failure)
        failure = eval_folds_assign(&evaluation->folds, &request->folds, &evaluation->truth, error);
    return failure;
}

static int run_capture(struct evaluation *evaluation, const char *path, const struct eval_row *rows,
                       size_t count, struct error *error)
{
    struct eval_capture capture;
    bool is_judged = eval_samples_judge_any(&evaluation->samples, rows, count);
    const struct eval_run *run = is_judged ? &evaluation->run : &evaluation->learning;
    int failure = eval_capture_run(&capture, run, path, rows, count, error);
    if (failure)
        blame(path, failure, error);
    else
        failure = eval_samples_add(&evaluation->samples, &evaluation->words, &capture, error);
    eval_capture_free(&capture);
    return failure;
}

static int run_files(struct evaluation *evaluation, struct error *error)
{
    const struct eval_request *request = evaluation->request;
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

static int write_result(const struct eval_request *request, const struct eval_result *result,
                        struct error *error)
{
    static int (*const writers[])(const struct eval_result *result, FILE *out) = {
        [EVAL_TABLE] = eval_write_table,
        [EVAL_JSON] = eval_write_json,
        [EVAL_MARKDOWN] = eval_write_markdown,
        [EVAL_SVG] = NULL,
    };
    if (writers[request->format] && writers[request->format](result, stdout))
        return error_set(error, EIO, "the figures could not be written");
    return request->plots ? eval_plots_write(result, request->plots, error) : 0;
}

static int print(const struct evaluation *evaluation, struct error *error)
{
    const struct eval_request *request = evaluation->request;
    struct eval_result result;
    int failure = eval_result_make(&result, &evaluation->samples, &evaluation->words,
                                   request->level, request->folds.split_by, error);
    if (!failure)
        failure = write_result(request, &result, error);
    eval_result_free(&result);
    return failure;
}

static int evaluate(struct evaluation *evaluation, struct error *error)
{
    const struct eval_request *request = evaluation->request;
    int failure = 0;
    if (request->mistakes)
        failure = eval_mistakes_open(&evaluation->mistakes, request->mistakes, error);
    if (failure)
        return blame(request->mistakes, failure, error);
    failure = request->file_count ? run_files(evaluation, error) : run_named(evaluation, error);
    if (!failure)
        failure = print(evaluation, error);
    if (!failure && request->mistakes)
        eval_mistakes_write(evaluation->mistakes, &evaluation->samples, &evaluation->words);
    int unwritten = eval_mistakes_close(evaluation->mistakes, failure ? NULL : error);
    return failure || !unwritten ? failure : blame(request->mistakes, unwritten, error);
}

/* The rules come before the words: they may declare protocols. */
static int prepare(struct evaluation *evaluation, struct protocols *protocols, struct error *error)
{
    struct classifier_options *classifier = &evaluation->run.classifier;
    int failure = 0;
    if (classifier->tiers & 1u << TIER_SIGNATURES)
        failure = rule_folder_open(&evaluation->rules, evaluation->request->run.rules_path, NULL,
                                   protocols, tell_fault, error);
    classifier->signatures = evaluation->rules.signatures;
    classifier->services = evaluation->rules.services;
    if (!failure)
        failure = model_files_open(&evaluation->models, classifier->tiers,
                                   evaluation->request->run.model_paths,
                                   evaluation->request->run.model_count, protocols, error);
    classifier->headers_model = evaluation->models.headers.headers;
    classifier->kiss_model = evaluation->models.kiss.kiss;
    evaluation->run.protocols = protocols;
    evaluation->learning.protocols = protocols;
    eval_words_init(&evaluation->words, protocols);
    return failure ? failure : read_truth(evaluation, error);
}

static struct evaluation begin(const struct eval_request *request)
{
    struct evaluation evaluation = {.request = request};
    const struct classifier_options *asked = &request->run.dataplane.classifier;
    evaluation.run = (struct eval_run){.classifier = *asked, .combined = asked->tiers};
    evaluation.learning = evaluation.run;
    evaluation.learning.classifier.tiers = 0;
    evaluation.run.classifier.tiers |= 1u << TIER_PORTS; /* a baseline, if nothing else */
    evaluation.samples = (struct eval_samples){.tiers = asked->tiers, .least = request->least};
    return evaluation;
}

static int work(struct evaluation *evaluation, struct error *error)
{
    struct protocols *protocols;
    int failure = protocols_new(&protocols, error);
    if (failure)
        return failure;
    failure = prepare(evaluation, protocols, error);
    evaluation->samples.folds = &evaluation->folds;
    if (!failure)
        failure = evaluate(evaluation, error);
    eval_samples_free(&evaluation->samples);
    eval_folds_free(&evaluation->folds);
    eval_words_free(&evaluation->words);
    eval_truth_free(&evaluation->truth);
    model_files_close(&evaluation->models);
    rule_folder_close(&evaluation->rules);
    protocols_free(protocols);
    return failure;
}

int eval_work(const struct eval_request *request)
{
    struct error error = {0};
    struct evaluation evaluation = begin(request);
    const struct complaint complaint = {.tell = tell_complaint, .context = &evaluation};
    evaluation.run.complaint = complaint;
    evaluation.learning.complaint = complaint;
    int failure = work(&evaluation, &error);
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure || evaluation.complaints ? EXIT_FAILED : EXIT_GOOD);
}
