/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox rules: proves a folder of rules, or says what it holds. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "ctl/rule_folder.h"
#include "json_writer.h"

struct rules_options {
    bool is_check;
    bool is_json;
    const char *path; /* null: the program's own */
};

static void tell_fault(const char *text)
{
    command_complain("%s", text);
}

static const char *strength_name(enum rule_strength strength)
{
    static const char *const names[] = {
        [RULE_PART] = "part", [RULE_LIKELY] = "likely", [RULE_CERTAIN] = "certain"};
    return names[strength];
}

/* "tcp,udp" */
static void name_transports(const struct rule *rule, char *text, size_t size)
{
    static const char *const names[RULE_TRANSPORTS] = {"tcp", "udp", "sctp", "ip"};
    size_t used = 0;
    text[0] = '\0';
    for (unsigned i = 0; i < RULE_TRANSPORTS; i++) {
        if (rule->transports & 1u << i)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? "," : "", names[i]);
    }
}

static void print_table(const struct rules *rules)
{
    printf("%-40s %-14s %-9s %s\n", "RULE", "TRANSPORT", "STRENGTH", "SOURCE");
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        char transports[32];
        name_transports(rule, transports, sizeof transports);
        printf("%-40s %-14s %-9s %s\n", rule->full_name, transports, strength_name(rule->strength),
               rule->cite);
    }
}

static void print_json(const struct rules *rules)
{
    struct json_writer json;
    json_writer_init(&json, stdout, JSON_LAYOUT_PRETTY);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "sha256", rules->sha256);
    json_write_array_begin(&json, "rules");
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        char transports[32];
        name_transports(rule, transports, sizeof transports);
        json_write_object_begin(&json, NULL);
        json_write_string(&json, "rule", rule->full_name);
        json_write_string(&json, "protocol", rule->protocol_name);
        json_write_string(&json, "transports", transports);
        json_write_string(&json, "strength", strength_name(rule->strength));
        json_write_string(&json, "source", rule->cite);
        json_write_string(&json, "file", rule->file);
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_write_object_end(&json);
    json_writer_finish(&json);
}

static unsigned count_protocols(const struct rules *rules)
{
    unsigned count = 0;
    for (unsigned i = 0; i < rules->count; i++) {
        bool is_first = true;
        for (unsigned k = 0; k < i; k++)
            is_first &= rules->rule[k].protocol != rules->rule[i].protocol;
        count += is_first;
    }
    return count;
}

static int check_folder(struct rule_folder *folder, const struct protocols *protocols,
                        struct error *error)
{
    int failure = rule_folder_compile(folder, protocols, tell_fault, error);
    if (!failure)
        failure = rule_folder_prove(folder, protocols, tell_fault, error);
    if (!failure)
        printf("%s: %u rules for %u protocols are good\n", folder->path, folder->rules->count,
               count_protocols(folder->rules));
    return failure;
}

static int work(const struct rules_options *options, struct protocols *protocols,
                struct error *error)
{
    struct rule_folder folder;
    int failure = rule_folder_read(&folder, options->path, NULL, protocols, tell_fault, error);
    if (!failure && options->is_check)
        failure = check_folder(&folder, protocols, error);
    else if (!failure && options->is_json)
        print_json(folder.rules);
    else if (!failure)
        print_table(folder.rules);
    rule_folder_close(&folder);
    return failure;
}

static int read_options(const struct command *command, int argc, char **argv,
                        struct rules_options *options)
{
    static const struct option known[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", known, NULL)) != -1;) {
        if (option == 'h')
            return command_help(command);
        if (option != 'j')
            return command_misused(command, "unknown option '%s'", argv[optind - 1]);
        options->is_json = true;
    }
    if (optind == argc)
        return command_misused(command, "what to do? check or list");
    options->is_check = !strcmp(argv[optind], "check");
    if (!options->is_check && strcmp(argv[optind], "list") != 0)
        return command_misused(command, "'%s' is neither check nor list", argv[optind]);
    if (options->is_check && options->is_json)
        return command_misused(command, "--json goes with list");
    if (optind + 2 < argc)
        return command_misused(command, "unexpected argument '%s'", argv[optind + 2]);
    options->path = argv[optind + 1];
    return -1;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct rules_options options = {.is_check = false};
    int exit_code = read_options(command, argc, argv, &options);
    if (exit_code >= 0)
        return exit_code;
    struct error error = {0};
    struct protocols *protocols;
    int failure = protocols_new(&protocols, &error);
    if (!failure) {
        failure = work(&options, protocols, &error);
        protocols_free(protocols);
    }
    if (failure)
        command_complain("%s", error.text);
    return command_flush(failure ? EXIT_FAILED : EXIT_GOOD);
}

const struct command command_rules = {
    .name = "rules",
    .summary = "prove or list the rules of the signatures tier",
    .usage = "glassbox rules check|list [--json] [DIR]",
    .help =
        "  check   reads, compiles and runs every rule's samples and near misses; each fault is\n"
        "          told with file, line and reason\n"
        "  list    the rules, with their strength and the specification they are drawn from\n\n"
        "  --json  list: an object with the folder's digest instead of a table\n\n"
        "DIR is a folder of .rules files (docs/rules-format.md); without it, the one that belongs\n"
        "to this program. Exit status: 0 when there was no fault, 1 when there was one.\n",
    .run = run,
};
