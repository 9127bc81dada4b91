/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs captures through one classifier with boxes beside it, with a truth to hold them against or
 * without, and through one more for each mask. Captures only: with a truth it asks about single
 * flows, as eval does, and with masks compares them; it draws the classifiers' secret itself for
 * that. */
#ifndef AUDIT_RUN_H
#define AUDIT_RUN_H

#include <stdatomic.h>

#include "classifier/classifier.h"
#include "ctl/audit_mask.h"
#include "dataplane/source.h"
#include "eval_truth.h"
#include "eval_words.h"

struct audit_run {
    struct classifier_options classifier; /* with its policy, without oracle */
    const struct protocols *protocols;
    const struct services *services; /* null: the truth's services mean nothing */
    struct complaint complaint;
    const struct eval_truth *truth; /* null: the signatures tier is the reference */
    struct eval_words *words;       /* with a truth */
    enum eval_confidence least;     /* rows below count as not known */
    const char *root;               /* null: none */
    unsigned mask_count;
    struct audit_mask_tally *masks;   /* [mask_count], each with its mask; added to */
    const volatile atomic_bool *stop; /* set: end as if the input had */
};

/* Adds to `tally` what the captures hold, one after the other; with a truth each stands alone, and
 * one it has no row about is complained of and left out. Returns 0 or -errno. */
int audit_run_captures(const struct audit_run *run, const char *const *files, unsigned count,
                       struct tally *tally, struct error *error);

#endif
