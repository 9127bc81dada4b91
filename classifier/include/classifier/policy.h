/* SPDX-License-Identifier: BSD-3-Clause */
/* Shadow policy: what boxes would have done to the traffic that passes, worked out beside it. It
 * changes no frame and no verdict. One per worker, in whose thread it runs.
 *
 *     packet ── flow's line: counts, is anything due? ──┬─ no, and nothing busy: done
 *                                                       ├─ verdict, age, bytes, hour or number of
 *                                                       │  flows changed: each view decides anew
 *                                                       └─ busy views: bucket, volume, link
 *
 * A view believes the strongest tier it sees. The decision is cached per flow, view and direction;
 * what a rule did is counted from differences of the flow's own counts when the rule changes, when
 * the flow is reported and when it ends. Only then is it compared with the reference: by what the
 * same policy would have done, the other conditions being as they were, had the box known.
 *
 * Arithmetic is in integers and packet time: the same frames give the same counts. Time that runs
 * backwards stands still. Buckets and thresholds are shared by all flows, so frames must not be
 * dealt out to several workers: an audit runs one. */
#ifndef CLASSIFIER_POLICY_H
#define CLASSIFIER_POLICY_H

#include "base/keyed_hash.h"
#include "classifier/flow.h"
#include "classifier/packet.h"
#include "classifier/policy_tally.h"
#include "classifier/prefixes.h"

/* What a flow is, as one knows who need not guess. */
struct policy_truth {
    bool is_known;
    uint16_t protocol; /* PROTOCOL_UNKNOWN with is_known: something that has no name here */
    uint16_t service;  /* SERVICE_NONE where it is not told */
};

/* Asked when a flow is compared with the reference. Like an observer of flows it is only for those
 * who run a classifier with their own hands. */
struct policy_oracle {
    void (*ask)(void *context, const struct flow_key *key, struct policy_truth *truth);
    void *context; /* `ask` null: the signatures tier is the reference */
};

struct policy_options {
    unsigned view_count; /* 0: there is no policy */
    struct policy_view views[POLICY_VIEWS_MAX];
    const struct prefixes *subscribers; /* borrowed; null: nobody's side is known */
    struct policy_oracle oracle;
    uint32_t endpoint_count; /* with buckets or volumes of their own; 0: POLICY_ENDPOINTS */
};

enum { POLICY_ENDPOINTS = 65536 };

struct policy;

/* `options` is copied, what it points at and `hash` are borrowed; `services` may be null. Memory is
 * reserved for `flow_count` flows, resident once used: 128 bytes a flow, 28 a flow and view in
 * lines of 64, and 184 a flow and view once its decision has changed.
 * Returns 0 or -errno. */
int policy_new(struct policy **policy, const struct policy_options *options, uint64_t flow_count,
               const struct protocols *protocols, const struct services *services,
               struct keyed_hash *hash, struct error *error);

/* Wipes. Null is fine. */
void policy_free(struct policy *policy);

/* The line of a slot will be wanted soon. */
void policy_prefetch(const struct policy *policy, uint32_t slot);

/* What the classifier knows of the packet in hand. */
struct policy_step {
    uint32_t slot;
    bool is_new;        /* the flow begins with it */
    bool was_inspected; /* a tier that reads names has just looked at it */
};

/* A packet of the flow, after all tiers had it. Hot: cannot fail. */
void policy_take(struct policy *policy, const struct flow *flow, const struct flow_detail *detail,
                 const struct packet *packet, const struct policy_step *step, struct tally *tally);

/* What the flow counted is being reported: with it goes what boxes did. Before flow_report. */
void policy_report(struct policy *policy, uint32_t slot, const struct flow *flow,
                   const struct flow_detail *detail, struct tally *tally);

/* The flow is over: reports the rest, and the flow itself. Before flow_finish. */
void policy_finish(struct policy *policy, uint32_t slot, const struct flow *flow,
                   const struct flow_detail *detail, struct tally *tally);

/* What each view has done to the flow as a whole, once policy_finish had it: the treatment of the
 * last rule that acted on it, 0 where it was left alone. Views beyond those there are stay as they
 * were. */
void policy_deeds(const struct policy *policy, uint32_t slot, uint8_t deeds[POLICY_VIEWS_MAX]);

#endif
