/* SPDX-License-Identifier: BSD-3-Clause */
/* The written forms of an evaluation. docs/method-eval.md says what the figures mean. */
#ifndef EVAL_FORMS_H
#define EVAL_FORMS_H

#include <stdio.h>

#include "eval_result.h"

/* Each returns 0 or -EIO. */
int eval_write_table(const struct eval_result *result, FILE *out);
int eval_write_json(const struct eval_result *result, FILE *out);
int eval_write_markdown(const struct eval_result *result, FILE *out);

#endif
