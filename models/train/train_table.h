/* SPDX-License-Identifier: BSD-3-Clause */
/* Which sub-commands there are: a line to declare each, and its row. For train_main.c alone. */
#ifndef TRAIN_TABLE_H
#define TRAIN_TABLE_H

#include "train_command.h"

extern const struct train_command train_dataset;
extern const struct train_command train_measure;
extern const struct train_command train_version;

static const struct train_command *const train_table[] = {
    &train_dataset,
    &train_measure,
    &train_version,
};

#endif
