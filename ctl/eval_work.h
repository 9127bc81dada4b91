/* SPDX-License-Identifier: BSD-3-Clause */
/* An evaluation from its request to what is printed: reads the truth, runs the captures, judges,
 * writes. */
#ifndef EVAL_WORK_H
#define EVAL_WORK_H

#include "eval_fold.h"
#include "eval_level.h"
#include "run_options.h"

enum eval_format { EVAL_TABLE, EVAL_JSON, EVAL_MARKDOWN, EVAL_SVG };

/* What the command line asks for; its texts are argv's. */
struct eval_request {
    struct run_options run;
    struct eval_columns columns;
    struct eval_fold_choice folds;
    enum eval_confidence least;
    enum eval_level level;
    enum eval_format format;
    const char *truth;
    const char *root;    /* null: the working folder */
    const char *unknown; /* words held out, parted by commas; null: none */
    const char *aliases;
    const char *overrule;
    const char *mistakes;
    const char *plots;        /* a folder for them; null: none are asked for */
    const char *const *files; /* none: all that the truth names */
    unsigned file_count;
};

/* Returns the exit code, after what had to be said. */
int eval_work(const struct eval_request *request);

#endif
