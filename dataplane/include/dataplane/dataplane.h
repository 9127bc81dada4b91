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
    const struct protocols *protocols;    /* borrowed for the dataplane's life */
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
 * when there is none left. */
bool dataplane_next(struct dataplane *dataplane, struct tally *tally);

/* Asks the workers to finish as if the input had ended; safe in a signal handler. */
void dataplane_stop(struct dataplane *dataplane);

/* Was dataplane_stop called? */
bool dataplane_was_stopped(const struct dataplane *dataplane);

/* Waits for the threads, then wipes and frees everything. Null is fine. */
void dataplane_free(struct dataplane *dataplane);

#endif
