/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox label in a binary built without BPF: says so. */
#include "command.h"

static int run(const struct command *command, int argc, char **argv)
{
    (void)argc;
    (void)argv;
    command_complain("%s: this binary was built without BPF: install libbpf-dev, clang and "
                     "bpftool, and build with -Dbpf=enabled",
                     command->name);
    return EXIT_FAILED;
}

const struct command command_label = {
    .name = "label",
    .summary = "tell flows' protocols from the programs that own them (not built in)",
    .usage = "glassbox label",
    .help = "",
    .run = run,
};
