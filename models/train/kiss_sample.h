/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rows are learnt from: classes that have enough, equally many of each, endpoints by turns.
 */
#ifndef KISS_SAMPLE_H
#define KISS_SAMPLE_H

#include "kiss_learn.h"

struct kiss_sample {
    unsigned class_count;
    uint16_t protocols[KISS_CLASSES_MAX]; /* by name */
    bool is_travelled[KISS_CLASSES_MAX];  /* seen at two sites or more */
    size_t count;
    const struct kiss_row **rows; /* by class, then as in the files */
    unsigned *classes;            /* of each */
    unsigned *folds;              /* likewise */
};

/* Returns 0 or -errno; to be freed in either case. The same for the same rows and seed. */
int kiss_sample_draw(struct kiss_sample *sample, const struct kiss_learning *learning,
                     const struct kiss_rows *rows, struct error *error);
void kiss_sample_free(struct kiss_sample *sample);

#endif
