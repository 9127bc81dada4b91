/* SPDX-License-Identifier: BSD-3-Clause */
/* How a forest is to be learned, as options of the commands that learn one. */
#ifndef LEARNER_OPTIONS_H
#define LEARNER_OPTIONS_H

#include "learner.h"

enum {
    LEARNER_OPTION_TREES = 300,
    LEARNER_OPTION_DEPTH,
    LEARNER_OPTION_LEAF,
    LEARNER_OPTION_CANDIDATES,
    LEARNER_OPTION_SEED,
    LEARNER_OPTION_KIND,
    LEARNER_OPTION_WITHOUT,
    LEARNER_OPTION_BALANCE,
    LEARNER_OPTION_ACCEPT,
    LEARNER_OPTION_ERROR,
    LEARNER_OPTION_EVENING,
    LEARNER_OPTION_BACKGROUND,
    LEARNER_OPTION_PLAIN,
    LEARNER_OPTION_END,
};

/* Rows of a table of struct option. */
#define LEARNER_OPTIONS                                                                            \
    {"trees", required_argument, NULL, LEARNER_OPTION_TREES},                                      \
        {"depth", required_argument, NULL, LEARNER_OPTION_DEPTH},                                  \
        {"leaf", required_argument, NULL, LEARNER_OPTION_LEAF},                                    \
        {"candidates", required_argument, NULL, LEARNER_OPTION_CANDIDATES},                        \
        {"seed", required_argument, NULL, LEARNER_OPTION_SEED},                                    \
        {"kind", required_argument, NULL, LEARNER_OPTION_KIND},                                    \
        {"without", required_argument, NULL, LEARNER_OPTION_WITHOUT},                              \
        {"balance", required_argument, NULL, LEARNER_OPTION_BALANCE},                              \
        {"accept", required_argument, NULL, LEARNER_OPTION_ACCEPT},                                \
        {"evening", required_argument, NULL, LEARNER_OPTION_EVENING},                              \
        {"background", required_argument, NULL, LEARNER_OPTION_BACKGROUND},                        \
        {"error", required_argument, NULL, LEARNER_OPTION_ERROR},                                  \
    {                                                                                              \
        "plain", no_argument, NULL, LEARNER_OPTION_PLAIN                                           \
    }

/* Their part of a command's help. */
extern const char learner_options_help[];

/* Takes one of them. Returns 0 or -EINVAL. */
int learner_option_take(struct learner_options *options, int option, const char *value,
                        struct error *error);

#endif
