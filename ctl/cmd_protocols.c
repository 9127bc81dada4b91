/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox protocols: the protocol table, for people and for programs. */
#include <stdio.h>
#include <string.h>

#include "classifier/protocol.h"
#include "command.h"
#include "json_writer.h"

static void print_table(const struct protocols *protocols)
{
    printf("%-24s %-15s %-28s %s\n", "PROTOCOL", "CATEGORY", "NUMBERS", "DESCRIPTION");
    for (unsigned id = 0; id < protocols_count(protocols); id++) {
        const struct protocol *protocol = protocols_get(protocols, id);
        printf("%-24s %-15s %-28s %s [%s]\n", protocol->name, category_name(protocol->category),
               *protocol->numbers ? protocol->numbers : "-", protocol->description,
               protocol->specification);
    }
}

static void print_json(const struct protocols *protocols)
{
    struct json_writer json;
    json_writer_init(&json, stdout, JSON_LAYOUT_PRETTY);
    json_write_array_begin(&json, NULL);
    for (unsigned id = 0; id < protocols_count(protocols); id++) {
        const struct protocol *protocol = protocols_get(protocols, id);
        json_write_object_begin(&json, NULL);
        json_write_string(&json, "protocol", protocol->name);
        json_write_string(&json, "category", category_name(protocol->category));
        json_write_string(&json, "numbers", protocol->numbers);
        json_write_string(&json, "description", protocol->description);
        json_write_string(&json, "specification", protocol->specification);
        json_write_object_end(&json);
    }
    json_write_array_end(&json);
    json_writer_finish(&json);
}

static int run(const struct command *command, int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool is_json = false;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
        if (option == 'h')
            return command_help(command);
        if (option != 'j')
            return command_misused(command, "unknown option '%s'", argv[optind - 1]);
        is_json = true;
    }
    if (optind < argc)
        return command_misused(command, "unexpected argument '%s'", argv[optind]);

    struct protocols *protocols;
    struct error error = {0};
    if (protocols_new(&protocols, &error)) {
        command_complain("%s", error.text);
        return EXIT_FAILED;
    }
    if (is_json)
        print_json(protocols);
    else
        print_table(protocols);
    protocols_free(protocols);
    return command_flush(EXIT_GOOD);
}

const struct command command_protocols = {
    .name = "protocols",
    .summary = "list every protocol that reports can name",
    .usage = "glassbox protocols [--json]",
    .help =
        "Lists name, category, the ports and numbers the ports tier knows it by, a description\n"
        "and the specification.\n\n"
        "  --json   an array of objects instead of a table\n",
    .run = run,
};
