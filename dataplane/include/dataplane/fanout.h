/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes several sources of one: a thread reads the inner source and deals its frames out, all
 * packets between the same two addresses to the same worker, in order. By addresses and not by
 * ports, so that fragments stay with their flows. Intervals begin and end at the same frame for
 * everybody. */
#ifndef DATAPLANE_FANOUT_H
#define DATAPLANE_FANOUT_H

#include <stdatomic.h>

#include "base/error.h"
#include "classifier/packet.h"
#include "dataplane/source.h"

struct fanout;

/* `source` is taken over: closed with the fanout, or when this fails. `stop` is borrowed. Returns 0
 * or -errno. */
int fanout_new(struct fanout **fanout, struct source *source, unsigned port_count,
               const struct packet_options *options, const atomic_bool *stop, struct error *error);

/* The source for worker `port`; belongs to the fanout, its close does nothing. */
struct source *fanout_port(struct fanout *fanout, unsigned port);

/* Deals frames out until the inner source ends: the body of the fanout's thread. */
void fanout_run(struct fanout *fanout);

/* When no thread uses it any more. Null is fine. */
void fanout_free(struct fanout *fanout);

#endif
