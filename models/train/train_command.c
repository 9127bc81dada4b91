/* SPDX-License-Identifier: BSD-3-Clause */
/* What all sub-commands of glassbox-train say and read in the same way. */
#include "train_command.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static void say(const char *format, va_list arguments)
{
    flockfile(stderr);
    fputs("glassbox-train: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void train_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

void train_progress(const char *format, ...)
{
    if (!isatty(STDERR_FILENO))
        return;
    va_list arguments;
    va_start(arguments, format);
    say(format, arguments);
    va_end(arguments);
}

int train_misused(const struct train_command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "glassbox-train: %s: ", command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nusage: %s\n", command->usage);
    va_end(arguments);
    return TRAIN_USAGE;
}

int train_failed(const char *path, const struct error *error)
{
    if (!path)
        train_complain("%s", error->text);
    else if (error->line)
        train_complain("%s:%u: %s", path, error->line, error->text);
    else
        train_complain("%s: %s", path, error->text);
    return TRAIN_FAILED;
}

int train_options_read(const struct train_command *command, int argc, char **argv,
                       const struct option *table, train_take *take, void *context)
{
    optind = 1;
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, ":h", table, NULL)) != -1;) {
        struct error error = {0};
        if (option == 'h') {
            printf("usage: %s\n\n%s", command->usage, command->help);
            return fflush(stdout) ? TRAIN_FAILED : TRAIN_GOOD;
        }
        if (option == '?')
            return train_misused(command, "there is no option '%s'", argv[optind - 1]);
        if (option == ':')
            return train_misused(command, "%s needs a value", argv[optind - 1]);
        if (take(context, option, optarg, &error))
            return train_misused(command, "%s", error.text);
    }
    return TRAIN_OPTIONS_READ;
}
