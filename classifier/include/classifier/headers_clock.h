/* SPDX-License-Identifier: BSD-3-Clause */
/* The headers tier inside a worker: ticks with each data packet of a flow that is undecided.
 *
 *     data packet ── head, later tail ── checkpoint ── feature_read ─┬─ look ── verdict, or wait
 *                                                                    └─ observer
 *
 * A flow is decided at a checkpoint, or at its end with what it has by then, if it had any data.
 * A flow costs one test of flow.headers once the tier wants nothing more of it. Tails stand in a
 * pool and are handed out to flows that come to a ninth data packet undecided, so that memory and
 * caches hold those of flows in progress only. */
#ifndef CLASSIFIER_HEADERS_CLOCK_H
#define CLASSIFIER_HEADERS_CLOCK_H

#include "base/error.h"
#include "classifier/flow.h"
#include "classifier/headers_model.h"
#include "classifier/look_cache.h"

/* A flow at a checkpoint, or at its end between two. */
struct flow_measured {
    struct flow_key key;
    uint8_t protocol;      /* IP protocol number */
    uint8_t checkpoint;    /* at the end: the next one */
    uint16_t data_packets; /* that the values are of */
    bool is_end;
    const int16_t *values; /* [FEATURES], borrowed for the call */
};

typedef void flow_measure(void *context, const struct flow_measured *flow);

struct headers_options {
    uint64_t flow_count;               /* that can be open at once */
    const struct headers_model *model; /* borrowed; null only where someone measures */
    /* Null: nobody. Else every flow is measured to its last checkpoint, and none decided. */
    flow_measure *measure;
    void *context;
};

struct headers_clock;

/* Returns 0 or -errno with `error` filled. */
int headers_clock_new(struct headers_clock **clock, const struct headers_options *options,
                      struct error *error);

/* Wipes what it holds. Null is fine. */
void headers_clock_free(struct headers_clock *clock);

/* What follows is decided by another model; what was measured of flows stays. Takes `cache`, made
 * for that model, and returns the one it had, to be freed elsewhere. Only for a clock with a model.
 * Hot: cannot fail. */
struct look_cache *headers_clock_change(struct headers_clock *clock,
                                        const struct headers_model *model,
                                        struct look_cache *cache);

/* A flow begins: TCP and UDP are of interest. */
void headers_clock_begin(struct flow *flow);

/* Does the tier want this flow's packets? The one test in the hot line. */
static inline bool headers_clock_wants(const struct flow *flow)
{
    return flow->headers != FLOW_HEADERS_DONE;
}

/* One packet of such a flow, after flow_update, which said whether it `is_data`. Hot: cannot fail.
 */
void headers_clock_tick(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                        const struct packet *packet, bool is_data, struct tally *tally);

/* Such a flow is over. */
void headers_clock_end(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                       struct tally *tally);

/* Counts a flow that is over and reported, whatever tier won, if this one looked at it. */
void headers_clock_count(const struct flow *flow, const struct flow_detail *detail,
                         struct tally *tally);

/* What the tier made of such a flow; not known where it had nothing to look at. Only with a model,
 * and without anyone who measures. */
struct flow_surety headers_clock_surety(const struct flow *flow, const struct flow_detail *detail);

/* Starts fetching what a tick of this flow will touch. */
void headers_clock_prefetch(const struct headers_clock *clock, const struct flow *flow,
                            const struct flow_detail *detail);

#endif
