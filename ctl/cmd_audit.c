/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox audit: captures and boxes in, what the boxes would have done out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audit_run.h"
#include "audit_setup.h"
#include "cmd_audit_diff.h"
#include "command.h"
#include "eval_truth.h"
#include "file_digest.h"
#include "run_knowledge.h"

enum audit_option {
    OPTION_BOX = OPTION_OWN,
    OPTION_SUBSCRIBERS,
    OPTION_NO_LADDER,
    OPTION_TRUTH,
    OPTION_ROOT,
    OPTION_MIN_CONFIDENCE,
    OPTION_LABEL_COLUMN,
    OPTION_CONFIDENCE_COLUMN,
    OPTION_ALIASES,
    OPTION_AUDIT_FORMAT,
    OPTION_OVERRULE,
    OPTION_MASK,
};

static const struct option own_options[] = {
    {"box", required_argument, NULL, OPTION_BOX},
    {"subscribers", required_argument, NULL, OPTION_SUBSCRIBERS},
    {"no-ladder", no_argument, NULL, OPTION_NO_LADDER},
    {"truth", required_argument, NULL, OPTION_TRUTH},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"min-confidence", required_argument, NULL, OPTION_MIN_CONFIDENCE},
    {"label-column", required_argument, NULL, OPTION_LABEL_COLUMN},
    {"confidence-column", required_argument, NULL, OPTION_CONFIDENCE_COLUMN},
    {"aliases", required_argument, NULL, OPTION_ALIASES},
    {"overrule", required_argument, NULL, OPTION_OVERRULE},
    {"format", required_argument, NULL, OPTION_AUDIT_FORMAT},
    {"mask", required_argument, NULL, OPTION_MASK},
    {NULL, 0, NULL, 0},
};

/* What the command line asks for, and what becomes of it. */
struct auditing {
    struct run_options run;
    struct audit_setup setup;
    enum audit_format format;
    struct eval_columns columns;
    enum eval_confidence least;
    const char *truth_path; /* null: none */
    const char *root;
    const char *aliases;
    const char *overrule;
    unsigned mask_count;
    enum mask masks[MASKS];
    struct run_knowledge knowledge;
    struct eval_truth truth;
    struct eval_words words;
    char truth_sha256[65];
    const char *const *files;
    unsigned file_count;
    unsigned complaints;
};

static atomic_bool is_stopped;

static void stop_on_signal(int number)
{
    (void)number;
    atomic_store(&is_stopped, true);
}

static int take_confidence(struct auditing *auditing, const char *value, struct error *error)
{
    static const enum eval_confidence all[] = {EVAL_CONFIDENCE_HIGH, EVAL_CONFIDENCE_MEDIUM,
                                               EVAL_CONFIDENCE_ANY};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        auditing->least = all[i];
        if (!strcmp(value, eval_confidence_name(all[i])))
            return 0;
    }
    return error_set(error, EINVAL, "--min-confidence: '%s' is none of high, medium, any", value);
}

static int take_format(struct auditing *auditing, const char *value, struct error *error)
{
    int format = audit_format_find(value);
    if (format < 0)
        return error_set(error, EINVAL,
                         "--format: '%s' is none of table, json, ndjson, markdown, html", value);
    auditing->format = (enum audit_format)format;
    return 0;
}

static int take_mask(struct auditing *auditing, const char *name, struct error *error)
{
    enum mask mask = mask_find(name);
    if (mask == MASK_NONE)
        return error_set(error, EINVAL,
                         "--mask: '%s' is none of ports, sizes, timing, payload, order", name);
    for (unsigned i = 0; i < auditing->mask_count; i++) {
        if (auditing->masks[i] == mask)
            return error_set(error, EINVAL, "--mask: '%s' a second time", name);
    }
    auditing->masks[auditing->mask_count++] = mask;
    return 0;
}

/* One name, or several with commas between. */
static int take_masks(struct auditing *auditing, const char *value, struct error *error)
{
    char name[16];
    for (const char *at = value;; at++) {
        size_t length = strcspn(at, ",");
        snprintf(name, sizeof name, "%.*s", (int)(length < sizeof name ? length : sizeof name - 1),
                 at);
        int failure = take_mask(auditing, name, error);
        at += length;
        if (failure || !*at)
            return failure;
    }
}

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct auditing *auditing = context;
    switch (option) {
    case OPTION_BOX:
        return audit_setup_add(&auditing->setup, value, error);
    case OPTION_SUBSCRIBERS:
        return prefixes_read(&auditing->setup.subscribers, value, error);
    case OPTION_MIN_CONFIDENCE:
        return take_confidence(auditing, value, error);
    case OPTION_AUDIT_FORMAT:
        return take_format(auditing, value, error);
    case OPTION_MASK:
        auditing->setup.keeps_tiers = true;
        return take_masks(auditing, value, error);
    case OPTION_NO_LADDER:
        auditing->setup.has_ladder = false;
        return 0;
    case OPTION_TRUTH:
        auditing->truth_path = value;
        auditing->setup.has_truth = true;
        return 0;
    case OPTION_ROOT:
        auditing->root = value;
        return 0;
    case OPTION_LABEL_COLUMN:
        auditing->columns.label = value;
        return 0;
    case OPTION_CONFIDENCE_COLUMN:
        auditing->columns.confidence = value;
        return 0;
    case OPTION_ALIASES:
        auditing->aliases = value;
        return 0;
    default:
        auditing->overrule = value;
        return 0;
    }
}

static void tell_complaint(void *context, const char *input, const char *text)
{
    struct auditing *auditing = context;
    auditing->complaints++;
    command_complain("%s: %s", strcmp(input, "-") ? input : "standard input", text);
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

static int read_truth(struct auditing *auditing, struct error *error)
{
    eval_words_init(&auditing->words, auditing->knowledge.protocols);
    if (!auditing->truth_path)
        return 0;
    int failure =
        eval_truth_read(&auditing->truth, auditing->truth_path, &auditing->columns, error);
    if (!failure)
        failure = file_digest(auditing->truth_path, auditing->truth_sha256, error);
    if (failure)
        return blame(auditing->truth_path, failure, error);
    auditing->setup.context.truth_sha256 = auditing->truth_sha256;
    if (auditing->overrule)
        failure = eval_truth_overrule(&auditing->truth, auditing->overrule, error);
    if (failure)
        return blame(auditing->overrule, failure, error);
    if (auditing->aliases)
        failure = eval_words_read(&auditing->words, auditing->aliases, error);
    return failure ? blame(auditing->aliases, failure, error) : 0;
}

static int start_masks(const struct auditing *auditing, struct audit_mask_tally **masks,
                       struct error *error)
{
    *masks = NULL;
    if (!auditing->mask_count)
        return 0;
    *masks = calloc(auditing->mask_count, sizeof **masks);
    if (!*masks)
        return error_set(error, ENOMEM, "out of memory for masks");
    for (unsigned i = 0; i < auditing->mask_count; i++)
        (*masks)[i].mask = auditing->masks[i];
    return 0;
}

static int run_and_write(struct auditing *auditing, struct audit_run *run, struct tally *tally,
                         struct error *error)
{
    struct audit_setup *setup = &auditing->setup;
    int failure = start_masks(auditing, &run->masks, error);
    run->mask_count = auditing->mask_count;
    setup->context.mask_count = auditing->mask_count;
    setup->context.masks = run->masks;
    if (!failure)
        failure = tally_add_policy(tally, setup->policy.views, setup->policy.view_count, error);
    if (!failure)
        failure = audit_run_captures(run, auditing->files, auditing->file_count, tally, error);
    if (!failure)
        failure = audit_setup_write(setup, tally, auditing->format, stdout, error);
    free(run->masks);
    return failure;
}

static int audit_captures(struct auditing *auditing, struct error *error)
{
    struct audit_run run = {
        .classifier = auditing->run.dataplane.classifier,
        .protocols = auditing->knowledge.protocols,
        .services = auditing->knowledge.rules.services,
        .complaint = {.tell = tell_complaint, .context = auditing},
        .truth = auditing->truth_path ? &auditing->truth : NULL,
        .words = &auditing->words,
        .least = auditing->least,
        .root = auditing->root,
        .stop = &is_stopped,
    };
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(run.protocols), error);
    if (failure)
        return failure;
    failure = run_and_write(auditing, &run, tally, error);
    tally_free(tally);
    if (!failure && atomic_load(&is_stopped))
        failure = error_set(error, EINTR, "interrupted: the audit covers what was read until then");
    return failure;
}

static int audit_with_knowledge(struct auditing *auditing)
{
    struct error error = {0};
    auditing->setup.context.source_kind = "pcap";
    auditing->setup.context.link = "file";
    int failure = run_knowledge_open(&auditing->knowledge, &auditing->run, NULL, &error);
    if (!failure)
        failure = audit_setup_open(&auditing->setup, &auditing->run, &auditing->knowledge, &error);
    if (!failure)
        failure = read_truth(auditing, &error);
    if (!failure)
        failure = audit_captures(auditing, &error);
    audit_setup_close(&auditing->setup);
    eval_words_free(&auditing->words);
    eval_truth_free(&auditing->truth);
    run_knowledge_close(&auditing->knowledge);
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure || auditing->complaints ? EXIT_FAILED : EXIT_GOOD);
}

/* Boxes may stand among the captures, told by their names: then a shell's pattern will do. */
static int sort_operands(struct auditing *auditing, int count, char **operands, const char **files,
                         struct error *error)
{
    for (int i = 0; i < count; i++) {
        const char *dot = strrchr(operands[i], '.');
        bool is_box = dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml"));
        if (!is_box)
            files[auditing->file_count++] = operands[i];
        else if (audit_setup_add(&auditing->setup, operands[i], error))
            return -EINVAL;
    }
    auditing->files = files;
    return 0;
}

static int check_use(const struct command *command, const struct auditing *auditing)
{
    const struct run_options *run = &auditing->run;
    if (!auditing->setup.path_count)
        return command_misused(command, "which box? name at least one file with --box");
    if (!auditing->file_count)
        return command_misused(command,
                               "which capture? name at least one file, or - for standard input");
    if (run->interval_ns)
        return command_misused(command, "--interval: an audit of captures is one interval");
    if (run->dataplane.worker_count != 1)
        return command_misused(command, "--workers: boxes see all traffic, which takes one worker");
    if (auditing->truth_path && run->dataplane.classifier.packet.scope)
        return command_misused(command, "--scope: the truth names flows without it");
    return EXIT_GOOD;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct auditing auditing = {.run = run_options_default(), .least = EVAL_CONFIDENCE_HIGH};
    const struct run_options_own own = {
        .table = own_options, .take = take_option, .context = &auditing};
    struct error error = {0};
    if (argc > 1 && !strcmp(argv[1], "diff"))
        return audit_diff_run(argc - 1, argv + 1);
    const struct sigaction stop = {.sa_handler = stop_on_signal, .sa_flags = (int)SA_RESETHAND};
    auditing.run.dataplane.classifier.tiers = run_options_tiers_built();
    auditing.setup.has_ladder = true;
    int outcome = run_options_read(&auditing.run, command, argc, argv, &own);
    if (outcome != RUN_OPTIONS_GOOD)
        return outcome;
    const char **files = calloc((size_t)argc, sizeof *files);
    if (!files || sort_operands(&auditing, argc - optind, argv + optind, files, &error)) {
        free(files);
        return command_misused(command, "%s", files ? error.text : "out of memory");
    }
    outcome = check_use(command, &auditing);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGTERM, &stop, NULL);
    if (outcome == EXIT_GOOD)
        outcome = audit_with_knowledge(&auditing);
    free(files);
    return outcome;
}

const struct command command_audit = {
    .name = "audit",
    .summary = "say what boxes would have done to captured traffic, and what by mistake",
    .usage = "glassbox audit FILE... --box BOX.yaml... [OPTION...]",
    .help =
        "Works out what each box (docs/box-format.md) would have blocked, slowed, favoured or not\n"
        "billed in these captures, how soon, and how much of it by mistake. It does none of it,\n"
        "and says what a box could do, not what any provider did.\n\n"
        "  --box BOX.yaml     a box; may be given several times. Operands that end in .yaml or\n"
        "                     .yml are boxes, too\n"
        "  --subscribers LIST prefixes of subscribers, as 192.0.2.0/24,2001:db8::/32: they say\n"
        "                     what is up and what is down\n"
        "  --no-ladder        leave out what the same rules would do seeing more or less\n"
        "  --mask LIST        classify again with evidence destroyed, and say what of verdicts "
        "and\n"
        "                     actions changes: ports, sizes, timing, payload, order; each by\n"
        "                     itself\n"
        "  --truth FLOWS.csv  hold boxes against this truth (docs/truth-format.md) instead of the\n"
        "                     signatures tier; each capture then stands alone\n"
        "  --root DIR, --min-confidence C, --label-column N, --confidence-column N,\n"
        "  --aliases FILE, --overrule FILE   about the truth, as eval has them\n"
        "  --format FORMAT    table, json, ndjson, markdown or html (default: table)\n"
        "  --tiers LIST       evidence there is (default: all that is built in; payload is read "
        "where\n"
        "                     a box names a tier that reads it, and by the reference)\n"
        "  --rules DIR        rules of the signatures tier (default: this program's own)\n"
        "  --flows N          flows that can be open at once (default: 1048576)\n"
        "  --min-endpoints N  withhold what concerns fewer than N initiating addresses\n"
        "  --no-decap, --scope, --idle-closed, --idle-tcp, --idle-udp, --idle-other\n"
        "                     as replay has them\n\n"
        "`glassbox audit diff FIRST.json SECOND.json` compares two audits.\n\n"
        "Exit status: 0 when everything was read, 1 when some file was not or only in part (the\n"
        "rest is audited all the same), 2 when the command was misused.\n",
    .run = run,
};
