/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes models of kind kiss as kiss_model_read reads them. */
#ifndef KISS_WRITER_H
#define KISS_WRITER_H

#include <stdio.h>

#include "classifier/kiss_model.h"

/* Writes the model with its digest, which need not be filled. Returns 0, or -errno when memory was
 * out or `out` failed. */
int kiss_model_write(const struct kiss_model *model, const struct protocols *protocols, FILE *out,
                     struct error *error);

#endif
