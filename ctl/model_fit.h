/* SPDX-License-Identifier: BSD-3-Clause */
/* Does a model fit the traffic it is used on? Told without any ground truth: flows that resemble a
 * class as its own flows did where the model comes from have scores that lie among that class's
 * quantiles as theirs did (conformal p-values; Vovk, Gammerman, Shafer 2005). The classes' mix may
 * differ: each is compared with its own reference, so that none hides another. Only scores that are
 * too low tell of strange traffic: those of a finished model are higher than the reference, which
 * was made by models that had learned from a part of its flows. */
#ifndef MODEL_FIT_H
#define MODEL_FIT_H

#include "classifier/headers_model.h"
#include "classifier/tally.h"

enum model_fit_verdict {
    MODEL_FIT_UNTOLD, /* not enough flows: the margin is above FIT_DRIFT */
    MODEL_FIT_GOOD,
    MODEL_FIT_DRIFT, /* the distance exceeds FIT_DRIFT by more than its margin */
    MODEL_FIT_BAD,   /* likewise FIT_BAD */
    MODEL_FIT_VERDICTS,
};

/* Per mille of flows that would have to lie elsewhere. */
enum { FIT_DRIFT = 50, FIT_BAD = 250 };

struct model_fit {
    enum model_fit_verdict verdict;
    uint64_t flows; /* that the tier decided or gave up */
    /* Per mille of all flows: for each class, by how many more score below some quantile than the
     * reference gives (Smirnov, one-sided), less what chance makes of that on the average. */
    unsigned distance;
    unsigned margin; /* likewise: what chance explains in 99 of 100 cases */
};

/* The word in reports: "not enough flows", "fits", "drifting", "does not fit". */
const char *model_fit_name(enum model_fit_verdict verdict);

struct model_fit model_fit_of(const struct headers_model *model, const struct tally *tally);

#endif
