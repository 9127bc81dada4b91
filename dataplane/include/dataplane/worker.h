/* SPDX-License-Identifier: BSD-3-Clause */
/* A worker: one source, one classifier, one mailbox, one thread, run to completion. */
#ifndef DATAPLANE_WORKER_H
#define DATAPLANE_WORKER_H

#include <stdatomic.h>

#include "classifier/classifier.h"
#include "dataplane/mailbox.h"
#include "dataplane/source.h"

/* A change of what the worker's classifier knows, on its way. */
struct worker_offer {
    _Atomic(struct classifier_change *) change; /* null: there is none, or it was taken */
    atomic_uint_least64_t from_ns; /* to be taken where an interval begins from then on */
    unsigned protocol_count;       /* by the new knowledge */
};

/* What a worker has done so far. Written by it, read by anyone. */
struct worker_counts {
    atomic_uint_least64_t frames; /* seen, shed ones among them */
    atomic_uint_least64_t bytes;
    atomic_uint_least64_t shed_frames;
    atomic_uint_least64_t bursts;     /* that brought frames */
    atomic_uint_least64_t busy_ns;    /* of the source's time, spent on those */
    atomic_uint_least64_t elapsed_ns; /* of the source's time */
};

/* All borrowed. */
struct worker {
    struct source *source;
    struct classifier *classifier;
    struct mailbox *mailbox;
    const atomic_bool *stop; /* set by anyone: finish as if the source ended here */
    struct worker_offer *offer;
    struct worker_counts *counts;
    unsigned protocol_count; /* that tallies start with */
    bool is_live;            /* the last interval ends by the clock */
    uint32_t settle_slots;   /* of the flow table, worked through per burst after an interval */
};

/* Works until the source ends: posts one tally per interval, then ends the mailbox. */
void worker_run(const struct worker *worker);

#endif
