/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames in, tallies out: one worker's whole memory of the traffic. Owned and used by one thread.
 */
#ifndef CLASSIFIER_CLASSIFIER_H
#define CLASSIFIER_CLASSIFIER_H

#include <stdbool.h>

#include "base/error.h"
#include "base/keyed_hash.h"
#include "classifier/flow.h"
#include "classifier/frame.h"
#include "classifier/headers_clock.h"
#include "classifier/mask.h"
#include "classifier/packet.h"
#include "classifier/policy.h"
#include "classifier/protocol.h"
#include "classifier/signature.h"
#include "classifier/stochastic_clock.h"
#include "classifier/tally.h"

/* A flow that is over, as its observer is told. */
struct flow_ended {
    struct flow_key key;
    uint16_t verdict[TIERS];     /* protocol by tier, PROTOCOL_UNKNOWN where there was none */
    uint16_t data_before[TIERS]; /* data packets seen when the verdict was reached */
    uint16_t data_packets;       /* of the flow, saturating */
    struct flow_surety headers;
    bool is_certain;   /* the signatures tier's verdict came from a `certain` rule */
    uint16_t service;  /* SERVICE_NONE while nobody was known */
    uint16_t host_bit; /* of the initiator, in tally_cell.hosts */
    uint64_t packets;
    uint64_t bytes;
    uint8_t deeds[POLICY_VIEWS_MAX]; /* with boxes: what each view did to it, as policy_deeds */
};

/* Hears of every flow that ends, and of what its headers look like at each checkpoint of the
 * headers tier, in the classifier's thread. The key says nothing to whoever lacks the secret: only
 * a caller that drew it and runs the classifier with its own hands, on a capture whose truth it
 * knows, can tell which flow it was. A dataplane, which is what live sources run in, draws a secret
 * nobody else has, and refuses to start with an observer. */
struct flow_observer {
    void (*tell)(void *context, const struct flow_ended *flow); /* null: nobody */
    flow_measure *measure; /* TCP and UDP, last before `tell`; null: nobody */
    void *context;
};

struct classifier_options {
    unsigned tiers;      /* set of 1 << enum tier */
    uint64_t flow_count; /* that can be open at once */
    struct flow_timeouts timeouts;
    struct packet_options packet;
    bool counts_hosts;                   /* fill tally_cell.hosts; costs a hash per flow */
    const struct signatures *signatures; /* borrowed; null unless TIER_SIGNATURES is among them */
    const struct services *services;     /* borrowed; null: no names are read */
    const struct kiss_model *kiss_model; /* borrowed; null unless TIER_STOCHASTIC is among them */
    uint64_t endpoint_count;             /* of the stochastic tier, known at once */
    enum kiss_method kiss_method;
    const struct policy_options *policy; /* borrowed; null: no boxes. Tallies must have its part */
    const struct headers_model *headers_model; /* borrowed; null unless TIER_HEADERS is */
    enum mask mask;                            /* MASK_NONE: tiers are shown all evidence */
    struct flow_observer observer;
    struct window_observer window_observer; /* of TIER_STOCHASTIC; then it needs no model */
};

/* What a classifier tells things by. It is swapped as a whole while traffic passes. */
struct classifier_knowledge {
    const struct protocols *protocols;         /* made with protocols_new_after the ones before */
    const struct signatures *signatures;       /* null where the classifier has none */
    const struct services *services;           /* made with services_new_after the ones before */
    const struct headers_model *headers_model; /* null where the classifier has none */
    const struct kiss_model *kiss_model;       /* likewise */
};

struct classifier;

/* `protocols` is borrowed and outlives the classifier; `secret` is copied. Returns 0 or -errno. */
int classifier_new(struct classifier **classifier, const struct classifier_options *options,
                   const struct protocols *protocols, const struct keyed_secret *secret,
                   struct error *error);

/* Wipes what it remembers; what was not reported is gone. Null is fine. */
void classifier_free(struct classifier *classifier);

struct classifier_change;

/* Prepares, in any thread, that a running classifier goes over to other knowledge, borrowed as in
 * its options. Returns 0 or -errno. */
int classifier_change_new(struct classifier_change **change, const struct classifier *classifier,
                          const struct classifier_knowledge *knowledge, struct error *error);

/* Between two bursts, right after classifier_close_interval, in the classifier's thread: what
 * follows is told by the new knowledge. Flows keep the verdicts they have. Hot: cannot fail. */
void classifier_change_make(struct classifier *classifier, struct classifier_change *change);

/* Frees what was not taken, or was given up for it. Null is fine. */
void classifier_change_free(struct classifier_change *change);

/* Takes up to FRAME_BURST frames. Hot: cannot fail; every frame is counted once, now or when its
 * flow is reported. */
void classifier_burst(struct classifier *classifier, const struct frame *frames, unsigned count,
                      struct tally *tally);

/* Ends an interval: everything counted so far is to be reported in `tally`, flows that are idle at
 * `now_ns` end, the others stay. The table is large and traffic does not wait, so this only marks
 * the flows: classifier_settle does the work, while bursts go on with the next interval's tally.
 * What it finally holds does not depend on the pace. Where an interval before is not settled yet,
 * it is now. */
void classifier_close_interval(struct classifier *classifier, uint64_t now_ns, struct tally *tally);

/* Works through up to `slots` more of the table's; true when the closed interval's tally is
 * complete. */
bool classifier_settle(struct classifier *classifier, uint32_t slots);

/* The input is over: every flow ends, and all that is left to do with the classifier is to
 * free it. A closed interval is settled first. */
void classifier_finish(struct classifier *classifier, uint64_t now_ns, struct tally *tally);

#endif
