/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker: one source, one classifier, one mailbox, one thread, run to completion. */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <stdatomic.h>

#include "classifier/classifier.h"
#include "dataplane/mailbox.h"
#include "dataplane/source.h"

/* All borrowed. */
struct worker {
    struct source *source;
    struct classifier *classifier;
    struct mailbox *mailbox;
    const atomic_bool *stop; /* set by anyone: finish as if the source ended here */
    bool is_live;            /* the last interval ends by the clock */
    uint32_t settle_slots;   /* of the flow table, worked through per burst after an interval */
};

/* Works until the source ends: posts one tally per interval, then ends the mailbox. */
void worker_run(const struct worker *worker);

#endif
