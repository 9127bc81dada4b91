/* SPDX-License-Identifier: BSD-3-Clause */
/* What all subcommands say in the same way. */
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void command_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    flockfile(stderr);
    fputs("glassbox: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    funlockfile(stderr);
    va_end(arguments);
}

int command_misused(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "glassbox: %s: ", command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nusage: %s\n", command->usage);
    va_end(arguments);
    return EXIT_USAGE;
}

int command_help(const struct command *command)
{
    printf("usage: %s\n\n%s", command->usage, command->help);
    return command_flush(EXIT_GOOD);
}

int command_flush(int exit_code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return exit_code;
    command_complain("standard output: %s", strerror(errno));
    return EXIT_FAILED;
}
