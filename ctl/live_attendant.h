/* SPDX-License-Identifier: BSD-3-Clause */
/* What a live run needs done beside the traffic, by a thread of its own: rules loaded anew when the
 * user says so, and an eye on the links. Looks at no frame.
 *
 *     SIGHUP ─► load ──► refused: faults told, nothing changes
 *                  └───► offered to the workers ─► an interval ends ─► each takes it ─► the old is
 * freed
 */
#ifndef LIVE_ATTENDANT_H
#define LIVE_ATTENDANT_H

#include <stdatomic.h>

#include "dataplane/dataplane.h"
#include "live_device.h"
#include "run_knowledge.h"
#include "run_options.h"

struct live_attendant;

/* All borrowed. */
struct live_attendant_options {
    struct dataplane *dataplane;
    const struct run_options *run;
    const struct live_device *device;
    atomic_uint_least64_t *cut_ns; /* source_dpdk.h: where intervals are cut */
};

/* The knowledge that the dataplane was started with is taken over, in any case. Returns 0 or
 * -errno. */
int live_attendant_start(struct live_attendant **attendant,
                         const struct live_attendant_options *options,
                         struct run_knowledge *knowledge, struct error *error);

/* Asks for rules to be loaded anew. For signal handlers, too. */
void live_attendant_ask(struct live_attendant *attendant);

/* By which knowledge intervals of that generation are told (tally.h). It is good until this is
 * called with a later one; generations never step back. */
const struct run_knowledge *live_attendant_knowledge(struct live_attendant *attendant,
                                                     unsigned generation);

/* Ends the thread: before the dataplane is freed. */
void live_attendant_stop(struct live_attendant *attendant);

/* Frees it and all knowledge: after the dataplane. Null is fine. */
void live_attendant_free(struct live_attendant *attendant);

#endif
