/* SPDX-License-Identifier: BSD-3-Clause */
/* The functions that checks can call: what a field and arithmetic cannot say. Pure functions of a
 * payload. */
#ifndef CLASSIFIER_RULE_FUNCTION_H
#define CLASSIFIER_RULE_FUNCTION_H

#include "classifier/rule_expression.h"

enum { RULE_FUNCTION_ARGUMENTS = 3 };

/* `call` returns false when the payload is too short for the answer; `argument` holds as many
 * numbers as `argument_count` says. */
struct rule_function {
    const char *name;
    unsigned argument_count;
    bool (*call)(const struct rule_view *view, const int64_t *argument, int64_t *value);
};

/* The function of that name, null when there is none. */
const struct rule_function *rule_function_find(const char *name, unsigned name_bytes);

#endif
