/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes models of kind kiss and writes them as kiss_model_read reads them. */
#ifndef KISS_WRITER_H
#define KISS_WRITER_H

#include <stdio.h>

#include "classifier/kiss_model.h"

/* Room for the counts that `machine` has: class_count, support_count, centroid_count. Returns 0 or
 * -ENOMEM; freed by kiss_model_free of the model it is part of. */
int kiss_machine_make(struct kiss_machine *machine, struct error *error);

/* Puts a signature into place `index` of supports or centroids. */
void kiss_block_put(struct kiss_block *blocks, unsigned index,
                    const struct kiss_signature *signature);
struct kiss_signature kiss_block_get(const struct kiss_block *blocks, unsigned index);

/* Writes the model with its digest, which need not be filled. Returns 0, or -errno when memory was
 * out or `out` failed. */
int kiss_model_write(const struct kiss_model *model, const struct protocols *protocols, FILE *out,
                     struct error *error);

#endif
