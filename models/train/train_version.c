/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train version: what made a model. */
#include <stdio.h>

#include "build_info.h"
#include "train_command.h"

static int run(const struct train_command *command, int argc, char **argv)
{
    static const struct option none[] = {{NULL, 0, NULL, 0}};
    int outcome = train_options_read(command, argc, argv, none, NULL, NULL);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    printf("glassbox-train %s\n", BUILD_VERSION);
    return fflush(stdout) ? TRAIN_FAILED : TRAIN_GOOD;
}

const struct train_command train_version = {
    .name = "version",
    .summary = "say which version this is",
    .usage = "glassbox-train version",
    .help = "Prints the version of the project.\n",
    .run = run,
};
