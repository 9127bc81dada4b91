/* SPDX-License-Identifier: BSD-3-Clause */
/* Says anew what the scores of a model of the headers tier are worth, by flows that it has not
 * learned from: calibration, conformal quantiles, confusion and fit. Its trees stay as they are.
 *
 *     model ─► scores of the flows ─► learned_calibrate ─► learned_confirm
 *     text ──► the same lines but for `trained`, `calibration`, `conformal`, `confusion`, `fit`
 *
 * A class of which the flows have none keeps what the model said of it. */
#ifndef RECALIBRATE_H
#define RECALIBRATE_H

#include "learned_text.h"

struct recalibration {
    const struct headers_model *model; /* read from the text */
    const char *text;                  /* of `length` bytes, and a zero */
    size_t length;
    const struct protocols *protocols;
    struct learner_options options; /* evening, varies */
};

/* Makes the renewed file of the model: `*text` is to be freed, `*length` bytes. `rows` are added
 * the names of the model's classes. Returns 0; -EINVAL when no flow is of a class of the model; or
 * -ENOMEM. */
int recalibrate(char **text, size_t *length, const struct recalibration *given, struct rows *rows,
                struct error *error);

#endif
