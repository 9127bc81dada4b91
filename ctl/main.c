/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox: finds the subcommand in the table and runs it. */
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "command.h"

static const struct command *const commands[] = {
    &command_replay, &command_live,  &command_audit,     &command_rules,
    &command_eval,   &command_label, &command_protocols, &command_version,
    &command_replay, &command_live,  &command_rules,     &command_eval,
    &command_label,  &command_model, &command_protocols, &command_version,
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_overview(FILE *out)
{
    fputs("usage: glassbox COMMAND [OPTION...]\n\n"
          "Shows what an internet provider's traffic classifier would see, as counts per "
          "protocol.\n\n",
          out);
    for (unsigned i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    fputs("\nglassbox COMMAND --help says more.\n", out);
}

/* What a core dump or a debugger would find is traffic. */
static void forbid_dumps(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0);
}

int main(int argc, char **argv)
{
    forbid_dumps();
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_overview(stdout);
        return command_flush(EXIT_GOOD);
    }
    const char *name = strcmp(argv[1], "--version") ? argv[1] : command_version.name;
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (!strcmp(name, commands[i]->name))
            return commands[i]->run(commands[i], argc - 1, argv + 1);
    }
    command_complain("there is no command '%s'", name);
    print_overview(stderr);
    return EXIT_USAGE;
}
