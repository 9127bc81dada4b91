/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox audit diff: two audits side by side. */
#include "cmd_audit_diff.h"

#include <string.h>

#include "audit_diff.h"
#include "command.h"

static const struct command diff_command = {
    .name = "audit diff",
    .usage = "glassbox audit diff [--format table|json] FIRST.json SECOND.json",
    .help =
        "Compares two audits that `glassbox audit --format json` wrote: for each box how much of\n"
        "the traffic it acts on, how much of that by mistake, and how much of what its rules are\n"
        "about it finds, in both and as a change in points; and whether the change is more than\n"
        "the figures' own uncertainty.\n\n"
        "  --format FORMAT  table or json (default: table)\n\n"
        "Exit status: 0 when both could be read, 1 when not, 2 when the command was misused.\n",
};

static int read_options(int argc, char **argv, bool *is_json)
{
    static const struct option known[] = {{"format", required_argument, NULL, 'f'},
                                          {"help", no_argument, NULL, 'h'},
                                          {NULL, 0, NULL, 0}};
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", known, NULL)) != -1;) {
        if (option == 'h')
            return command_help(&diff_command);
        if (option == ':')
            return command_misused(&diff_command, "--format needs a value");
        if (option != 'f')
            return command_misused(&diff_command, "unknown option '%s'", argv[optind - 1]);
        *is_json = !strcmp(optarg, "json");
        if (!*is_json && strcmp(optarg, "table") != 0)
            return command_misused(&diff_command, "--format: '%s' is none of table, json", optarg);
    }
    if (argc - optind != 2)
        return command_misused(&diff_command, "which audits? name two JSON files");
    return -1;
}

int audit_diff_run(int argc, char **argv)
{
    struct audit_diff diff;
    struct error error = {0};
    bool is_json = false;
    int exit_code = read_options(argc, argv, &is_json);
    if (exit_code >= 0)
        return exit_code;
    if (audit_diff_read(&diff, argv[optind], argv[optind + 1], &error)) {
        command_complain("%s", error.text);
        return EXIT_FAILED;
    }
    int failure =
        is_json ? audit_diff_write_json(&diff, stdout) : audit_diff_write_table(&diff, stdout);
    audit_diff_free(&diff);
    return command_flush(failure ? EXIT_FAILED : EXIT_GOOD);
}
