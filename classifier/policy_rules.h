/* SPDX-License-Identifier: BSD-3-Clause */
/* A box's rules made ready for the hot path: sets of rules as bits, so that the first rule to hold
 * is the lowest bit of three sets' intersection. Private to the policy.
 *
 *     by protocol ∩ by service ∩ open (all other conditions, now, this way) ──► lowest: the rule
 */
#ifndef POLICY_RULES_H
#define POLICY_RULES_H

#include "classifier/packet.h"
#include "classifier/policy.h"
#include "token_bucket.h"

/* How things stand with a flow when a packet comes. */
struct policy_moment {
    uint64_t now_ns;
    uint64_t age_ns;
    uint64_t bytes[2]; /* by direction of the flow, this packet included */
    bool is_answered;
    uint8_t transport;
    enum box_way way; /* of direction 0 */
};

/* When the same question may have another answer. */
struct policy_recheck {
    uint64_t at_ns;
    uint64_t at_bytes;
};

struct policy_rules {
    const struct box *box;
    uint32_t *by_protocol; /* [protocol]: rules whose protocol and category hold */
    uint32_t *by_service;  /* [SERVICES_MAX], or null: no rule asks */
    uint32_t all;
    uint32_t conditional; /* rules with further conditions, thresholds apart */
    uint32_t thresholds;
    uint32_t acting; /* rules whose action is not none */
    bool asks_answer;
    struct token_rate rates[BOX_RULES_MAX]; /* of throttles, and of throttled quotas */
    unsigned accounts[BOX_RULES_MAX];       /* index among an endpoint's, for rules per endpoint */
    unsigned account_count;
};

/* `services` may be null. Returns 0 or -errno; to be freed in either case. */
int policy_rules_make(struct policy_rules *rules, const struct box *box,
                      const struct protocols *protocols, const struct services *services,
                      struct error *error);
void policy_rules_free(struct policy_rules *rules);

/* Rules that hold of what the box believes. */
static inline uint32_t policy_rules_class(const struct policy_rules *rules, uint16_t protocol,
                                          uint16_t service)
{
    uint32_t set = rules->by_protocol[protocol];
    return rules->by_service ? set & rules->by_service[service] : set;
}

/* Rules whose other conditions hold for packets of each direction, thresholds left out; and when to
 * ask again. */
void policy_rules_open(const struct policy_rules *rules, const struct policy_moment *moment,
                       uint32_t open[2], struct policy_recheck *recheck);

/* The first of a set; the number of rules, which stands for none, when it is empty. */
static inline uint8_t policy_rules_first(const struct policy_rules *rules, uint32_t set)
{
    return (uint8_t)(set ? (unsigned)__builtin_ctz(set) : rules->box->rule_count);
}

static inline enum box_action_kind policy_rules_kind(const struct policy_rules *rules, uint8_t rule)
{
    return rule < rules->box->rule_count ? rules->box->rules[rule].action.kind : BOX_NONE;
}

static inline unsigned policy_rules_treatment(const struct policy_rules *rules, uint8_t rule)
{
    return rule < rules->box->rule_count ? rules->box->rules[rule].treatment : 0;
}

#endif
