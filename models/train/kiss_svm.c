/* SPDX-License-Identifier: BSD-3-Clause */
/* Scales and rounds. */
#include "kiss_svm.h"

#include <math.h>

void kiss_svm_nodes(struct svm_node *nodes, const struct kiss_signature *signature)
{
    for (int i = 0; i < KISS_NIBBLES; i++)
        nodes[i] = (struct svm_node){i + 1, signature->deviation[i] / (double)KISS_DEVIATION_MOST};
    nodes[KISS_NIBBLES].index = -1;
}

/* Squared distances of deviations are KISS_DEVIATION_MOST^2 times libsvm's; exponents are of two.
 */
uint32_t kiss_svm_gamma(double gamma)
{
    const double most = KISS_DEVIATION_MOST;
    return (uint32_t)llround(ldexp(gamma / log(2) / (most * most), 48));
}

void kiss_svm_put(struct kiss_machine *machine, const struct svm_model *model,
                  const struct kiss_signature *const *signatures)
{
    const double unit = 1 << KISS_COEFFICIENT_BITS;
    for (unsigned i = 0; i < machine->support_count; i++) {
        kiss_block_put(machine->supports, i, signatures[model->sv_indices[i] - 1]);
        for (unsigned row = 0; row + 1 < machine->class_count; row++)
            machine->coefficients[(size_t)row * machine->support_count + i] =
                (int32_t)lround(model->sv_coef[row][i] * unit);
    }
    for (unsigned pair = 0; pair < machine->class_count * (machine->class_count - 1) / 2; pair++)
        machine->biases[pair] = (int32_t)lround(model->rho[pair] * unit);
}
