/* SPDX-License-Identifier: BSD-3-Clause */
/* Which sub-commands there are: a line to declare each, and its row. For train_main.c alone. */
#ifndef TRAIN_TABLE_H
#define TRAIN_TABLE_H

#include "train_command.h"

extern const struct train_command train_dataset;
extern const struct train_command train_forest;
extern const struct train_command train_calibrate;
extern const struct train_command train_measure;
extern const struct train_command train_signatures;
extern const struct train_command train_kiss;
extern const struct train_command train_kiss_test;
extern const struct train_command train_version;

static const struct train_command *const train_table[] = {
    &train_dataset,    &train_forest, &train_calibrate, &train_measure,
    &train_signatures, &train_kiss,   &train_kiss_test, &train_version,
};

#endif
