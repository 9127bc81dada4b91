/* SPDX-License-Identifier: BSD-3-Clause */
/* The signatures tier: what a DPI box sees in the first payload bytes of each direction.
 *
 *     rules ── signatures_new ──► struct signatures      compiled, shared, read only
 *                                      │
 *     packet of a watched flow ── signature_clock_tick ──► patterns ► checks ► hits ► verdict
 *                                      │
 *                                 watch pool, relations      one clock per worker
 *
 * A flow is watched from its first packet until a certain verdict that nothing refines, or until
 * RULE_PACKETS payload packets of each direction were looked at. After that it costs one test of
 * flow.watch. The rule language is docs/rules-format.md. */
#ifndef CLASSIFIER_SIGNATURE_H
#define CLASSIFIER_SIGNATURE_H

#include "base/keyed_hash.h"
#include "classifier/flow.h"
#include "classifier/name.h"
#include "classifier/packet.h"
#include "classifier/rules.h"

struct signatures;

/* Is the tier part of this build? */
bool signatures_are_built(void);

/* Compiles. `rules` is borrowed and outlives the result. Returns 0; -ENOTSUP when Hyperscan was not
 * built in; -EINVAL with every fault of patterns in `faults`; or -ENOMEM. `error` is always filled.
 */
int signatures_new(struct signatures **signatures, const struct rules *rules,
                   unsigned protocol_count, struct rule_faults *faults, struct error *error);

/* Null is fine. */
void signatures_free(struct signatures *signatures);

const struct rules *signatures_rules(const struct signatures *signatures);

/* One worker's part: scratch, the pool of first bytes, related endpoints. */
struct signature_clock;

enum { SIGNATURE_WATCHES = 4096 }; /* flows watched at once by default: 18 MiB a worker */

struct signature_options {
    const struct signatures *signatures; /* borrowed, as all of these */
    const struct protocols *protocols;
    const struct services *services; /* null: no names are read */
    uint32_t watch_count;
};

/* `hash` is borrowed. Returns 0 or -errno with `error` filled. */
int signature_clock_new(struct signature_clock **clock, const struct signature_options *options,
                        struct keyed_hash *hash, struct error *error);

/* Wipes what it holds. Null is fine. */
void signature_clock_free(struct signature_clock *clock);

/* `clock` goes on where `before` leaves off, which then is only to be freed: the endpoints that
 * were named for other flows are kept. Flows under watch keep the verdict they have. Both have as
 * many watches and the same hash; protocol ids mean the same to both. */
void signature_clock_succeed(struct signature_clock *clock, struct signature_clock *before);

/* A flow begins: it is watched from now on, and called what was announced of its endpoints. */
void signature_clock_begin(struct signature_clock *clock, struct flow *flow,
                           struct flow_detail *detail, const struct packet *packet,
                           struct tally *tally);

/* Does this packet concern the tier? The one test in the hot line. */
static inline bool signature_is_watched(const struct flow *flow, unsigned direction)
{
    return flow->watch & ((unsigned)FLOW_WATCH_FORWARD << direction | FLOW_WATCH_ANNOUNCER);
}

/* What flow_expected and flow_update said of the packet. */
struct signature_step {
    uint32_t
        expected_sequence; /* TCP: where this direction's data would go on, before the packet */
    bool is_data;
};

/* One packet with payload of a watched flow, after flow_update. Hot: cannot fail. */
void signature_clock_tick(struct signature_clock *clock, struct flow *flow,
                          struct flow_detail *detail, const struct packet *packet,
                          const struct signature_step *step, struct tally *tally);

/* The flow is over: what was kept of it is wiped. */
void signature_clock_end(struct signature_clock *clock, struct flow *flow,
                         const struct flow_detail *detail);

/* For rules_prove and tests: from now on notes which rules match, forgets those noted before, and
 * keeps flows watched up to the bound whatever was decided. */
void signature_clock_record(struct signature_clock *clock);

/* Has the rule of that index matched since, with all it asks for? */
bool signature_clock_recorded(const struct signature_clock *clock, unsigned rule);

#endif
