/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train: finds the sub-command in the table and runs it. */
#include <stdio.h>
#include <string.h>

#include "train_table.h"

enum { TRAIN_COMMANDS = sizeof train_table / sizeof *train_table };

static void print_overview(FILE *out)
{
    fputs("usage: glassbox-train COMMAND [OPTION...]\n\n"
          "Makes the models of glassbox from captures whose flows are known.\n\n",
          out);
    for (unsigned i = 0; i < TRAIN_COMMANDS; i++)
        fprintf(out, "  %-10s %s\n", train_table[i]->name, train_table[i]->summary);
    fputs("\nglassbox-train COMMAND --help says more.\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_overview(stderr);
        return TRAIN_USAGE;
    }
    if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") || !strcmp(argv[1], "help")) {
        print_overview(stdout);
        return fflush(stdout) ? TRAIN_FAILED : TRAIN_GOOD;
    }
    for (unsigned i = 0; i < TRAIN_COMMANDS; i++) {
        if (!strcmp(argv[1], train_table[i]->name))
            return train_table[i]->run(train_table[i], argc - 1, argv + 1);
    }
    train_complain("there is no command '%s'", argv[1]);
    print_overview(stderr);
    return TRAIN_USAGE;
}
