/* SPDX-License-Identifier: BSD-3-Clause */
/* Masks: the same traffic with one kind of evidence destroyed, to find out what verdicts hang on.
 * A mask changes what tiers are shown of a packet, never the packet: flows keep their identity,
 * their counts and their TCP state, so that every flow of a plain run is found again in the masked
 * one. What boxes act on beside verdicts (bytes, time, direction) stays as it was, too.
 *
 *     mask      shown instead                                              to
 *     ports     each end's port: a keyed hash of it, 49152 to 65535         ports, stochastic,
 *                                                                           signatures
 *     sizes     every payload that is not empty: MASK_PAYLOAD_BYTES long    headers, signatures
 *     timing    data packets MASK_GAP_NS apart, the round trip likewise     headers
 *     payload   every byte inverted, as Wehe's control replay does          stochastic, signatures
 *     order     data packets that complete a step of the tier (1 and 2,     headers
 *               3 and 4, then eight at a time) in random order: sizes and
 *               sides change places, times do not
 *
 * Dynamic ports (RFC 6335, 8.1.2) are nobody's, so that a hash never names a protocol by chance. A
 * port stays one port wherever it occurs: endpoints stay endpoints, but those that a payload names
 * (FTP, SIP) are not found again. Inverting bytes puts each value in another's place and so leaves
 * the counts that the stochastic tier looks at as they were: that mask cannot change its verdicts.
 *
 * Wehe: Li et al., "A Large-Scale Analysis of Deployed Traffic Differentiation Practices", SIGCOMM
 * 2019. */
#ifndef CLASSIFIER_MASK_H
#define CLASSIFIER_MASK_H

#include "base/error.h"
#include "base/keyed_hash.h"
#include "classifier/flow.h"
#include "classifier/headers_clock.h"
#include "classifier/packet.h"

enum mask { MASK_NONE, MASK_PORTS, MASK_SIZES, MASK_TIMING, MASK_PAYLOAD, MASK_ORDER, MASKS };

enum { MASK_PAYLOAD_BYTES = 1460, MASK_GAP_NS = 10000000, MASK_PORT_FIRST = 49152 };

/* "ports"; MASK_NONE has no name. */
const char *mask_name(enum mask mask);

/* The mask of that name, or MASK_NONE. */
enum mask mask_find(const char *name);

struct masker;

/* `hash` is borrowed. For MASK_ORDER, room is reserved for 136 bytes a flow, resident once used.
 * Returns 0 or -errno. */
int masker_new(struct masker **masker, enum mask mask, uint64_t flow_count, struct keyed_hash *hash,
               struct error *error);

/* Wipes. Null is fine. */
void masker_free(struct masker *masker);

/* What tiers are shown of the packet: itself, or a copy that is good until the next one. */
const struct packet *masker_show(struct masker *masker, const struct packet *packet);

/* What was shown is not needed any more: no copy of it is kept. */
void masker_forget(struct masker *masker);

/* headers_clock_tick with what that tier is shown. `shown` is masker_show's; `slot` the flow's. */
void masker_tick_headers(struct masker *masker, struct headers_clock *clock, uint32_t slot,
                         struct flow *flow, struct flow_detail *detail, const struct packet *shown,
                         bool is_data, struct tally *tally);

/* The flow is over: what waited to change places is shown. Before headers_clock_end, and only while
 * the tier wants the flow. */
void masker_end_headers(struct masker *masker, struct headers_clock *clock, uint32_t slot,
                        struct flow *flow, struct flow_detail *detail, struct tally *tally);

#endif
