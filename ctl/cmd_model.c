/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox model: says what a model knows and how good it is by its own word, or proves its file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "ctl/model_file.h"
#include "json_writer.h"

/* A class by the model's confusion matrix. */
struct accuracy {
    uint64_t flows;   /* held out */
    uint64_t right;   /* of these; of background: called nothing */
    uint64_t unknown; /* called nothing */
    uint64_t claimed; /* flows of other classes called so */
};

static struct accuracy accuracy_of(const struct headers_model *model, unsigned class_index)
{
    struct accuracy accuracy = {.flows = 0};
    bool is_background = model->classes[class_index].protocol == PROTOCOL_UNKNOWN;
    for (unsigned claim = 0; claim <= model->class_count; claim++)
        accuracy.flows += headers_model_confusion(model, class_index, claim);
    accuracy.unknown = headers_model_confusion(model, class_index, model->class_count);
    accuracy.right =
        is_background ? accuracy.unknown : headers_model_confusion(model, class_index, class_index);
    for (unsigned is = 0; is < model->class_count; is++) {
        if (is != class_index)
            accuracy.claimed += headers_model_confusion(
                model, is, is_background ? model->class_count : class_index);
    }
    return accuracy;
}

/* "97.3%", or "-" of nothing. */
static void text_rate(char text[16], uint64_t part, uint64_t rest)
{
    uint64_t whole = part + rest;
    if (whole)
        snprintf(text, 16, "%.1f%%", 100.0 * (double)part / (double)whole);
    else
        snprintf(text, 16, "-");
}

static void print_header(const struct headers_model *model, const char *path)
{
    printf("file     %s\nkind     headers\nname     %s\nsite     %s\ntrained  %s\nsha256   %s\n",
           path, model->name, model->site, model->trained, model->sha256);
    printf("error    %u in 1000 flows of a class are rejected as unlike it\n",
           model->error_per_mille);
    printf("features %u:", model->feature_count);
    for (unsigned i = 0; i < model->feature_count; i++)
        printf(" %s", feature_get(model->features[i])->name);
    printf("\n\nCHECKPOINT  TREES  DEPTH  MEMORY    DECIDES FROM\n");
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        const struct headers_checkpoint *at = &model->checkpoints[i];
        printf("%10u  %5u  %5u  %4" PRIu64 " KiB  %.1f%% confidence\n",
               feature_checkpoint_packets(i), forest_trees(at->forest), forest_depth(at->forest),
               (forest_bytes(at->forest) + 1023) / 1024, 100.0 * at->accept / FOREST_SCORE_MAX);
    }
}

static void print_accuracy(const struct headers_model *model)
{
    printf("\n%-31s %10s %9s %9s %9s\n", "HELD-OUT FLOWS", "FLOWS", "PRECISION", "RECALL",
           "UNKNOWN");
    uint64_t flows = 0;
    uint64_t right = 0;
    for (unsigned i = 0; i < model->class_count; i++) {
        struct accuracy accuracy = accuracy_of(model, i);
        char precision[16];
        char recall[16];
        char unknown[16];
        text_rate(precision, accuracy.right, accuracy.claimed);
        text_rate(recall, accuracy.right, accuracy.flows - accuracy.right);
        text_rate(unknown, accuracy.unknown, accuracy.flows - accuracy.unknown);
        printf("%-31s %10" PRIu64 " %9s %9s %9s\n", model->classes[i].name, accuracy.flows,
               precision, recall, unknown);
        flows += accuracy.flows;
        right += accuracy.right;
    }
    char all[16];
    text_rate(all, right, flows - right);
    printf("%-31s %10" PRIu64 " %9s %9s\n", "all", flows, "", all);
}

/* The card lies beside the model, with .md for .model; without one nothing is printed. */
static void print_card(const char *path)
{
    char card[MODEL_PATH + 8];
    static const char end[] = ".model";
    size_t length = strlen(path);
    if (length >= sizeof end && !strcmp(path + length - (sizeof end - 1), end))
        length -= sizeof end - 1;
    snprintf(card, sizeof card, "%.*s.md", (int)length, path);
    FILE *in = fopen(card, "re");
    if (!in)
        return;
    putchar('\n');
    char line[4096];
    while (fgets(line, sizeof line, in))
        fputs(line, stdout);
    fclose(in);
}

static void write_class(struct json_writer *json, const struct headers_model *model,
                        unsigned class_index)
{
    struct accuracy accuracy = accuracy_of(model, class_index);
    json_write_object_begin(json, NULL);
    json_write_string(json, "class", model->classes[class_index].name);
    json_write_unsigned(json, "flows", accuracy.flows);
    json_write_unsigned(json, "right", accuracy.right);
    json_write_unsigned(json, "unknown", accuracy.unknown);
    json_write_unsigned(json, "wrongly_claimed", accuracy.claimed);
    json_write_object_end(json);
}

static void print_json(const struct headers_model *model)
{
    struct json_writer json;
    json_writer_init(&json, stdout, JSON_LAYOUT_PRETTY);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "kind", "headers");
    json_write_string(&json, "name", model->name);
    json_write_string(&json, "site", model->site);
    json_write_string(&json, "trained", model->trained);
    json_write_string(&json, "sha256", model->sha256);
    json_write_unsigned(&json, "error_per_mille", model->error_per_mille);
    json_write_array_begin(&json, "features");
    for (unsigned i = 0; i < model->feature_count; i++)
        json_write_string(&json, NULL, feature_get(model->features[i])->name);
    json_write_array_end(&json);
    json_write_array_begin(&json, "checkpoints");
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        const struct headers_checkpoint *at = &model->checkpoints[i];
        json_write_object_begin(&json, NULL);
        json_write_unsigned(&json, "packets", feature_checkpoint_packets(i));
        json_write_unsigned(&json, "trees", forest_trees(at->forest));
        json_write_unsigned(&json, "depth", forest_depth(at->forest));
        json_write_unsigned(&json, "bytes", forest_bytes(at->forest));
        json_write_unsigned(&json, "accept", at->accept);
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_write_array_begin(&json, "held_out");
    for (unsigned i = 0; i < model->class_count; i++)
        write_class(&json, model, i);
    json_write_array_end(&json);
    json_write_object_end(&json);
    json_writer_finish(&json);
}

/* The rows of docs/model-format.md. */
static void print_features(void)
{
    printf("| feature | unit | definition |\n|---|---|---|\n");
    for (unsigned i = 0; i < FEATURES; i++) {
        const struct feature_info *info = feature_get((enum feature)i);
        printf("| `%s` | %s | %s |\n", info->name, info->unit, info->definition);
    }
}

struct model_request {
    bool is_check;
    bool is_json;
    const char *path; /* null: the program's own */
};

static int work(const struct model_request *request, const struct protocols *protocols,
                struct error *error)
{
    struct model_file file;
    int failure = request->path ? model_file_open(&file, request->path, protocols, error)
                                : model_file_open_own(&file, protocols, error);
    if (!failure && request->is_check) {
        printf("%s: a good model of %u classes\n", file.path, file.headers->class_count);
    } else if (!failure && request->is_json) {
        print_json(file.headers);
    } else if (!failure) {
        print_header(file.headers, file.path);
        print_accuracy(file.headers);
        print_card(file.path);
    }
    model_file_close(&file);
    return failure;
}

static int read_request(const struct command *command, int argc, char **argv,
                        struct model_request *request)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        if (option == 'h')
            return command_help(command);
        if (option != 'j')
            return command_misused(command, "unknown option '%s'", argv[optind - 1]);
        request->is_json = true;
    }
    if (optind == argc)
        return command_misused(command, "what to do? show, check or features");
    if (!strcmp(argv[optind], "features") && optind + 1 == argc && !request->is_json) {
        print_features();
        return command_flush(EXIT_GOOD);
    }
    request->is_check = !strcmp(argv[optind], "check");
    if (!request->is_check && strcmp(argv[optind], "show") != 0)
        return command_misused(command, "'%s' is none of show, check, features", argv[optind]);
    if (request->is_check && request->is_json)
        return command_misused(command, "--json goes with show");
    if (optind + 2 < argc)
        return command_misused(command, "unexpected argument '%s'", argv[optind + 2]);
    request->path = argv[optind + 1];
    return -1;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct model_request request = {.path = NULL};
    int exit_code = read_request(command, argc, argv, &request);
    if (exit_code >= 0)
        return exit_code;
    struct error error = {0};
    struct protocols *protocols;
    int failure = protocols_new(&protocols, &error);
    if (!failure) {
        failure = work(&request, protocols, &error);
        protocols_free(protocols);
    }
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure ? EXIT_FAILED : EXIT_GOOD);
}

const struct command command_model = {
    .name = "model",
    .summary = "show or prove a model of the headers tier",
    .usage = "glassbox model show|check|features [--json] [FILE]",
    .help =
        "  show      where the model comes from, what it uses, how often it was right on flows\n"
        "            it was not trained on, and the card that lies beside it (FILE with .md for\n"
        "            .model)\n"
        "  check     reads and proves it; a fault is told with its line\n"
        "  features  what models can use, as a table: takes no FILE\n\n"
        "  --json    show: an object instead of text, without the card\n\n"
        "FILE is a model (docs/model-format.md); without it, the one that belongs to this\n"
        "program. Exit status: 0 when the model is good, 1 when it is not.\n",
    .run = run,
};
