/* SPDX-License-Identifier: BSD-3-Clause */
/* From libsvm's floating point to the integers that models are made of. */
#ifndef KISS_SVM_H
#define KISS_SVM_H

#include <libsvm/svm.h>

#include "classifier/kiss_model.h"

/* libsvm's view of a signature, deviations from 0 to 1, in KISS_NIBBLES + 1 nodes. */
void kiss_svm_nodes(struct svm_node *nodes, const struct kiss_signature *signature);

/* libsvm's gamma as machines have it. */
uint32_t kiss_svm_gamma(double gamma);

/* Fills supports, coefficients and biases of a machine that has room for all of the model's.
 * `signatures` are those the model was learnt from, in that order. */
void kiss_svm_put(struct kiss_machine *machine, const struct svm_model *model,
                  const struct kiss_signature *const *signatures);

#endif
