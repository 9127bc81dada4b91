/* SPDX-License-Identifier: BSD-3-Clause */
/* The command table: one row and one file for each subcommand. */
#ifndef COMMAND_H
#define COMMAND_H

#include <getopt.h>

#include "base/error.h"

/* Exit codes of every command. */
enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct command {
    const char *name;
    const char *summary; /* one line of `glassbox --help` */
    const char *usage;   /* the line shown on wrong use */
    const char *help;    /* what --help adds below the usage line */
    int (*run)(const struct command *command, int argc, char **argv);
};

extern const struct command command_replay;
extern const struct command command_audit;
extern const struct command command_eval;
extern const struct command command_live;
extern const struct command command_model;
extern const struct command command_protocols;
extern const struct command command_rules;
extern const struct command command_label;
extern const struct command command_version;

/* glassbox: TEXT on stderr. */
void command_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what was wrong, then the usage line; returns EXIT_USAGE. */
int command_misused(const struct command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints the full help on stdout; returns EXIT_GOOD. */
int command_help(const struct command *command);

/* Ends a command that wrote to stdout: EXIT_FAILED with a complaint when not all could be written.
 */
int command_flush(int exit_code);

#endif
