/* SPDX-License-Identifier: BSD-3-Clause */
/* Holds what boxes did against the reference, and adds it to the tally. */
#include "policy_state.h"

struct policy_reference policy_reference_of(const struct policy *policy, const struct flow *flow,
                                            const struct flow_detail *detail)
{
    struct policy_truth truth = {.protocol = flow->verdict[TIER_SIGNATURES],
                                 .service = detail->service};
    truth.is_known = truth.protocol != PROTOCOL_UNKNOWN;
    if (policy->options.oracle.ask) {
        policy->options.oracle.ask(policy->options.oracle.context, &flow->key, &truth);
        if (truth.service == SERVICE_NONE)
            truth.service = detail->service;
    }
    struct policy_reference reference = {.is_known = truth.is_known,
                                         .class = CATEGORY_UNKNOWN,
                                         .protocol = truth.protocol,
                                         .service = truth.service};
    if (!truth.is_known)
        return reference;
    enum category category = protocols_get(policy->protocols, truth.protocol)->category;
    reference.class = category == CATEGORY_UNKNOWN ? POLICY_REFERENCE_OTHER : (uint8_t)category;
    return reference;
}

static uint32_t meant_class(const struct policy_rules *rules,
                            const struct policy_reference *reference)
{
    return reference->is_known ? policy_rules_class(rules, reference->protocol, reference->service)
                               : 0;
}

static void set_host(struct policy_rule_tally *rule, unsigned class, unsigned host_bit)
{
    rule->hosts[class][host_bit / 64] |= UINT64_C(1) << host_bit % 64;
}

static uint64_t square_of(uint64_t bytes)
{
    uint64_t units = bytes / 16;
    return units < UINT32_MAX ? units * units : UINT64_MAX;
}

static void add_square(uint64_t *into, uint64_t bytes)
{
    if (__builtin_add_overflow(*into, square_of(bytes), into))
        *into = UINT64_MAX;
}

/* One direction's stretch, or both together. */
struct stretch {
    uint8_t rule;
    uint32_t open;
    uint8_t final_rule;
    uint64_t packets, bytes, touched_packets, touched_bytes;
};

static void add_missed(const struct policy_rules *rules, const struct stretch *stretch,
                       uint8_t meant, struct policy_missed *missed)
{
    missed->packets += stretch->packets;
    missed->bytes += stretch->bytes;
    add_square(&missed->squares, stretch->bytes);
    if (policy_rules_treatment(rules, stretch->final_rule) != policy_rules_treatment(rules, meant))
        return;
    missed->late_packets += stretch->packets;
    missed->late_bytes += stretch->bytes;
}

/* Returns the rule that was meant instead of nothing; POLICY_NO_RULE when none was. */
static uint8_t add_stretch(const struct policy_rules *rules, const struct stretch *stretch,
                           const struct policy_reference *reference, unsigned host_bit,
                           struct policy_view_tally *view)
{
    if (!stretch->packets)
        return POLICY_NO_RULE;
    uint8_t meant = policy_rules_first(rules, stretch->open & meant_class(rules, reference));
    unsigned done_as = policy_rules_treatment(rules, stretch->rule);
    unsigned meant_as = policy_rules_treatment(rules, meant);
    bool is_right = reference->is_known && done_as == meant_as;
    struct policy_rule_tally *rule = &view->rules[stretch->rule];
    struct policy_amount *amount =
        is_right ? &rule->right[reference->class] : &rule->wrong[reference->class];
    amount->packets += stretch->packets;
    amount->bytes += stretch->bytes;
    amount->touched_packets += stretch->touched_packets;
    amount->touched_bytes += stretch->touched_bytes;
    add_square(&amount->squares, stretch->bytes);
    set_host(rule, reference->class, host_bit);
    if (!reference->is_known || is_right || !meant_as)
        return POLICY_NO_RULE;
    add_missed(rules, stretch, meant, &view->rules[meant].missed[reference->class]);
    set_host(&view->rules[meant], reference->class, host_bit);
    return done_as ? POLICY_NO_RULE : meant;
}

void policy_count_part(const struct policy *policy, unsigned view, const struct policy_part *part,
                       struct policy_decision *decision, const struct policy_reference *reference,
                       unsigned host_bit, struct tally *tally)
{
    struct stretch stretches[2];
    if (!part->packets[0] && !part->packets[1])
        return;
    for (unsigned way = 0; way < 2; way++)
        stretches[way] = (struct stretch){.rule = part->rule[way],
                                          .open = part->open[way],
                                          .final_rule = decision->rule[way],
                                          .packets = part->packets[way],
                                          .bytes = part->bytes[way],
                                          .touched_packets = part->touched_packets[way],
                                          .touched_bytes = part->touched_bytes[way]};
    if (part->rule[0] == part->rule[1] && part->open[0] == part->open[1] &&
        decision->rule[0] == decision->rule[1]) {
        stretches[0].packets += stretches[1].packets;
        stretches[0].bytes += stretches[1].bytes;
        stretches[0].touched_packets += stretches[1].touched_packets;
        stretches[0].touched_bytes += stretches[1].touched_bytes;
        stretches[1].packets = 0;
    }
    for (unsigned way = 0; way < 2; way++) {
        uint8_t missed = add_stretch(policy->seers[view].rules, &stretches[way], reference,
                                     host_bit, &tally->policy->views[view]);
        if (missed != POLICY_NO_RULE)
            decision->missed_rule = missed;
    }
}

uint8_t policy_done_to(const struct policy_rules *rules, const struct policy_decision *decision)
{
    if (decision->acted_rule != POLICY_NO_RULE)
        return decision->acted_rule;
    bool is_idle = policy_rules_treatment(rules, decision->rule[0]);
    return is_idle ? (uint8_t)rules->box->rule_count : decision->rule[0];
}

void policy_count_flow(const struct policy *policy, unsigned view,
                       const struct policy_decision *decision,
                       const struct policy_reference *reference, unsigned host_bit,
                       struct tally *tally)
{
    const struct policy_rules *rules = policy->seers[view].rules;
    struct policy_view_tally *into = &tally->policy->views[view];
    bool has_acted = decision->acted_rule != POLICY_NO_RULE;
    uint8_t done = policy_done_to(rules, decision);
    uint8_t meant =
        has_acted ? policy_rules_first(rules, decision->acted_open & meant_class(rules, reference))
                  : decision->missed_rule;
    unsigned meant_as = policy_rules_treatment(rules, meant);
    bool is_right = reference->is_known && policy_rules_treatment(rules, done) == meant_as;
    struct policy_rule_tally *rule = &into->rules[done];
    (is_right ? rule->right : rule->wrong)[reference->class].flows++;
    set_host(rule, reference->class, host_bit);
    if (!reference->is_known || is_right || !meant_as)
        return;
    into->rules[meant].missed[reference->class].flows++;
    set_host(&into->rules[meant], reference->class, host_bit);
}
