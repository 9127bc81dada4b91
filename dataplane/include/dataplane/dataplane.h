/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane as ctl sees it: started on sources, it yields one merged tally per interval. */
#ifndef DATAPLANE_DATAPLANE_H
#define DATAPLANE_DATAPLANE_H

#include <stdbool.h>

#include "base/error.h"
#include "classifier/classifier.h"
#include "dataplane/source.h"

struct dataplane_options {
    struct classifier_options classifier; /* flow_count is for all workers together */
    unsigned worker_count;                /* with more than one, frames are dealt out */
    const struct protocols *protocols;    /* borrowed for the dataplane's life, or until a change */
    unsigned protocol_room; /* protocols that changes may lead to; 0: no more than there are */
    /* Traffic does not wait while an interval is closed: the flow table is worked through along
     * with the bursts that follow, and the interval comes out a little later. */
    bool is_live;
};

struct dataplane;

/* Starts the threads on one source, whose frames are dealt out where there are several workers.
 * `source` is taken over, and closed when this fails. Returns 0 or -errno: -EPERM for options with
 * an observer of single flows or an oracle about them, since only tallies leave a dataplane;
 * -EINVAL for boxes and several workers, among whom buckets would depend on who was first. */
int dataplane_start(struct dataplane **dataplane, const struct dataplane_options *options,
                    struct source *source, struct error *error);

/* Starts the threads on one source for each worker: whoever dealt the frames out has kept both
 * directions of a flow together. All sources must begin their intervals at the same times. They are
 * taken over, and closed when this fails. Returns as dataplane_start does. */
int dataplane_start_each(struct dataplane **dataplane, const struct dataplane_options *options,
                         struct source *const *sources, struct error *error);

/* Waits for the next interval and replaces `tally`'s content with it, all workers' together; false
 * when there is none left. `tally` has room for protocol_room protocols. */
bool dataplane_next(struct dataplane *dataplane, struct tally *tally);

/* One worker's work so far: counts of frames, nothing of what they were. */
struct dataplane_worker {
    uint64_t frames; /* seen, shed ones among them */
    uint64_t bytes;
    uint64_t shed_frames;
    uint64_t bursts;
    uint64_t busy_ns; /* spent on bursts with frames, out of: */
    uint64_t elapsed_ns;
    int64_t waiting_frames; /* in the ring or queue before it; negative where that is not known */
};

unsigned dataplane_workers(const struct dataplane *dataplane);

/* For any thread. */
struct dataplane_worker dataplane_worker(const struct dataplane *dataplane, unsigned worker);

/* What a program in the kernel, in front of all workers, has counted; false where there is none.
 * For any thread. */
bool dataplane_kernel(const struct dataplane *dataplane, struct source_kernel *counts);

/* A change of what all workers' classifiers know, while frames pass: taken by each where one of its
 * intervals begins, without a lock. A tally says by which knowledge it was counted; should a
 * boundary pass while a change is being offered, that interval comes in two. */
struct dataplane_change;

/* Prepares a change, in any thread. Of one dataplane there is one change at a time. Returns 0,
 * -errno with `error` filled: -E2BIG for more protocols than there is room for. */
int dataplane_change_new(struct dataplane_change **change, struct dataplane *dataplane,
                         const struct classifier_knowledge *knowledge, struct error *error);

/* From now on to be taken with the first interval that begins at `from_ns` or later. */
void dataplane_change_offer(struct dataplane_change *change, uint64_t from_ns);

/* Have all workers taken it? Then the knowledge before is used for tallies only. */
bool dataplane_change_is_made(const struct dataplane_change *change);

/* When it is made, was never offered, or the dataplane is gone. Null is fine. */
void dataplane_change_free(struct dataplane_change *change);

/* Asks the workers to finish as if the input had ended; safe in a signal handler. */
void dataplane_stop(struct dataplane *dataplane);

/* Was dataplane_stop called? */
bool dataplane_was_stopped(const struct dataplane *dataplane);

/* Waits for the threads, then wipes and frees everything. Null is fine. */
void dataplane_free(struct dataplane *dataplane);

#endif
