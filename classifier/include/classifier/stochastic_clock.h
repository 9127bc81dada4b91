/* SPDX-License-Identifier: BSD-3-Clause */
/* The stochastic tier inside a worker: endpoints fill windows, full windows are decided about, and
 * what an endpoint is called its flows are called.
 *
 *     data packet ─┬─ endpoint it came from ─┐
 *                  └─ endpoint it goes to ───┴─ kiss_update ── 80th ── kiss_decide ── verdict
 *
 * UDP: every packet with 12 payload bytes or more counts for both of its endpoints. TCP: the first
 * five data segments of connections whose opening was seen count for the endpoint that was called;
 * the calling one is another port for each connection and would never fill a window.
 *
 * An endpoint's verdict is what most of its windows say: a window that agrees strengthens it, one
 * that does not (or is rejected) weakens it, and at zero the other word takes over. A verdict that
 * has held for long is asked less often: after the n-th agreeing window, 2^(n-1) - 1 windows' worth
 * of packets pass by uncounted, up to n = 7. So the tier's cost on a long-lived endpoint falls
 * towards one test a packet, and an endpoint that changes its protocol is still noticed. */
#ifndef CLASSIFIER_STOCHASTIC_CLOCK_H
#define CLASSIFIER_STOCHASTIC_CLOCK_H

#include "base/error.h"
#include "base/keyed_hash.h"
#include "classifier/endpoint_table.h"
#include "classifier/flow.h"
#include "classifier/kiss_model.h"

enum { STOCHASTIC_ENDPOINTS = 65536 }; /* known at once by default: 29 MiB a worker when full */

/* A window that was filled. */
struct window_filled {
    uint64_t
        endpoint; /* word[1] of its flow_key_of_endpoint: nothing to whoever lacks the secret */
    enum kiss_transport transport;
    struct kiss_signature signature;
};

/* Hears of every window, in the worker's thread; with the same duties as a flow_observer. */
struct window_observer {
    void (*tell)(void *context, const struct window_filled *window); /* null: nobody */
    void *context;
};

struct stochastic_clock;
struct stochastic_mind;

struct stochastic_options {
    const struct kiss_model *model; /* borrowed; null, with an observer: windows are only told */
    enum kiss_method method;
    uint64_t endpoint_count;
    uint64_t flow_count;             /* slots of the flow table */
    struct window_observer observer; /* with one, no window is passed over */
};

/* `hash` is borrowed. Returns 0 or -errno with `error` filled. */
int stochastic_clock_new(struct stochastic_clock **clock, const struct stochastic_options *options,
                         struct keyed_hash *hash, struct error *error);

/* Wipes what it holds. Null is fine. */
void stochastic_clock_free(struct stochastic_clock *clock);

/* What it takes to decide by a model, made in any thread ahead of a change of models. Returns 0 or
 * -errno. */
int stochastic_mind_new(struct stochastic_mind **mind, const struct kiss_model *model,
                        struct error *error);
void stochastic_mind_free(struct stochastic_mind *mind);

/* From the next window on it decides by `mind`, whose model is borrowed; what is known of endpoints
 * stays. Takes it, and returns the one it had, to be freed elsewhere. Hot: cannot fail. */
struct stochastic_mind *stochastic_clock_change(struct stochastic_clock *clock,
                                                struct stochastic_mind *mind);

/* A flow begins in `slot` of the flow table: its endpoints are found, or made. */
void stochastic_clock_begin(struct stochastic_clock *clock, uint32_t slot, struct flow *flow,
                            struct flow_detail *detail, const struct packet *packet,
                            struct tally *tally);

/* Does this packet, which flow_update called data or not, count for its endpoints? */
static inline bool stochastic_clock_wants(const struct flow *flow, const struct packet *packet,
                                          bool is_data)
{
    if (packet->payload_captured_bytes < KISS_BYTES || packet->fragment == PACKET_FRAGMENT_LATER)
        return false;
    return flow->protocol == IP_UDP ||
           (flow->protocol == IP_TCP && is_data && flow->data_packets <= KISS_SEGMENTS);
}

/* One such packet. Hot: cannot fail. */
void stochastic_clock_tick(struct stochastic_clock *clock, uint32_t slot, struct flow *flow,
                           struct flow_detail *detail, const struct packet *packet,
                           struct tally *tally);

/* One window's word on its endpoint, PROTOCOL_UNKNOWN where it was rejected. For whoever decides
 * about windows elsewhere and wants the tier's verdict. */
void stochastic_note_word(struct endpoint *endpoint, uint16_t word);

/* The flow is over: it is called what its endpoints are by now. */
void stochastic_clock_end(struct stochastic_clock *clock, uint32_t slot, struct flow *flow,
                          struct flow_detail *detail);

#endif
