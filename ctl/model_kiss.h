/* SPDX-License-Identifier: BSD-3-Clause */
/* What `glassbox model` says of models of kind kiss. */
#ifndef MODEL_KISS_H
#define MODEL_KISS_H

#include <stdbool.h>

#include "ctl/model_file.h"

/* Prints the file's model: that it is good, or what is in it, as text or JSON. */
void model_kiss_show(const struct model_file *file, const struct protocols *protocols,
                     bool is_check, bool is_json);

#endif
