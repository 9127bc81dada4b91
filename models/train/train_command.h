/* SPDX-License-Identifier: BSD-3-Clause */
/* The trainer's command table: one row and one file for each sub-command of glassbox-train. */
#ifndef TRAIN_COMMAND_H
#define TRAIN_COMMAND_H

#include <getopt.h>
#include <stdint.h>

#include "base/error.h"

/* Exit codes of every command. */
enum { TRAIN_GOOD = 0, TRAIN_FAILED = 1, TRAIN_USAGE = 2 };

struct train_command {
    const char *name;
    const char *summary; /* one line of `glassbox-train --help` */
    const char *usage;   /* the line shown on wrong use */
    const char *help;    /* what --help adds below the usage line */
    int (*run)(const struct train_command *command, int argc, char **argv);
};

/* Takes one option; returns 0, or -errno with `error` filled. */
typedef int train_take(void *context, int option, const char *value, struct error *error);

/* glassbox-train: TEXT on stderr. */
void train_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line of progress on stderr, where that is a terminal. */
void train_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what was wrong, then the usage line; returns TRAIN_USAGE. */
int train_misused(const struct train_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Complains of `error` as what is wrong with `path` (null: with nothing that has a name); returns
 * TRAIN_FAILED. */
int train_failed(const char *path, const struct error *error);

enum { TRAIN_OPTIONS_READ = -1 };

/* Reads the options of `table` with `take`; optind is then at the first operand. Returns
 * TRAIN_OPTIONS_READ, or the exit code where the command is over: help was asked for, or an option
 * was wrong. */
int train_options_read(const struct train_command *command, int argc, char **argv,
                       const struct option *table, train_take *take, void *context);

#endif
