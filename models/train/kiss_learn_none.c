/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in where libsvm was not there when this was built. */
#include <errno.h>

#include "kiss_learn.h"

int kiss_learn(struct kiss_machine *machine, const struct kiss_learning *learning,
               const struct kiss_rows *rows, struct kiss_learned *learned, struct error *error)
{
    (void)machine;
    (void)learning;
    (void)rows;
    (void)learned;
    return error_set(error, ENOTSUP, "libsvm was not there when this program was built");
}
