/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts of a data set that do not know of each other: no flow, no pair of hosts within a capture
 * and no capture is in two of them. */
#ifndef FOLDS_H
#define FOLDS_H

#include "rows.h"

/* folds[flow] = 0 to count - 1, by capture; captures of one name at different sites go to different
 * folds as far as there are. A label of which all flows are of a single capture could not be
 * learned and tested at once: its flows go by pair of hosts, `*split_labels` of that many labels.
 * Returns 0 or -ENOMEM. */
int folds_by_capture(uint8_t *folds, const struct rows *rows, unsigned count,
                     unsigned *split_labels);

#endif
