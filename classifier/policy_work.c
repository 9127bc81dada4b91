/* SPDX-License-Identifier: BSD-3-Clause */
/* What busy views do with each packet: buckets, volumes, the line. */
#include <string.h>

#include "policy_state.h"

/* No frame is larger than this; a capture may say so. */
enum { FRAME_BYTES_MAX = 1 << 24 };

static uint32_t bytes_of(const struct packet *packet)
{
    return packet->wire_bytes < FRAME_BYTES_MAX ? packet->wire_bytes : FRAME_BYTES_MAX;
}

static bool is_worked_at(enum box_action_kind kind)
{
    return kind == BOX_THROTTLE || kind == BOX_QUOTA;
}

void policy_work_plan(const struct policy_hand *hand, unsigned view)
{
    const struct policy *policy = hand->policy;
    const struct policy_decision *decision = &hand->decisions[view];
    uint32_t bit = UINT32_C(1) << view;
    for (unsigned way = 0; way < 2; way++) {
        enum box_action_kind kind =
            policy_rules_kind(policy->seers[view].rules, decision->rule[way]);
        bool is_noted = decision->flags & POLICY_NOTED << way;
        bool is_busy =
            is_worked_at(kind) || policy->link_views & bit || (kind != BOX_NONE && !is_noted);
        hand->head->busy_views[way] &= ~bit;
        hand->head->busy_views[way] |= is_busy ? bit : 0;
    }
}

/* 1, 2, 3-4, 5-8, 9-16, 17-32, more: the bits of the number before it. */
static unsigned step_of(uint32_t packets)
{
    unsigned step = packets < 2 ? 0 : 32u - (unsigned)__builtin_clz(packets - 1);
    return step < POLICY_STEPS ? step : POLICY_STEPS - 1;
}

static void note_first(const struct policy_hand *hand, struct policy_rule_tally *rule,
                       bool is_after)
{
    const struct policy_line *line = hand->line;
    uint64_t now_ns = hand->packet->time_ns;
    uint64_t age_ns = now_ns > hand->head->begin_ns ? now_ns - hand->head->begin_ns : 0;
    unsigned age = 0;
    while (age_ns > policy_age_bound(age))
        age++;
    rule->acted_flows++;
    rule->after_ns[age]++;
    rule->after_packets[step_of(line->packets[0] + line->packets[1] + 1)]++;
    rule->bytes_before += line->bytes[0] + line->bytes[1];
    rule->bytes_before += is_after ? hand->packet->wire_bytes : 0;
}

void policy_note_action(const struct policy_hand *hand, unsigned view, bool is_after)
{
    struct policy_decision *decision = &hand->decisions[view];
    uint8_t rule = decision->rule[hand->direction];
    if (decision->acted_rule == POLICY_NO_RULE)
        note_first(hand, &hand->tally->policy->views[view].rules[rule], is_after);
    decision->acted_rule = rule;
    decision->acted_open = decision->open[hand->direction];
    decision->flags |= (uint8_t)(POLICY_NOTED << hand->direction);
}

static struct policy_account *flow_account(struct policy_past *past, uint8_t rule)
{
    unsigned place = past->account_rule[1] == rule + 1 ||
                     (past->account_rule[0] && past->account_rule[0] != rule + 1);
    if (past->account_rule[place] != rule + 1) {
        memset(&past->account[place], 0, sizeof past->account[place]);
        past->account_rule[place] = (uint8_t)(rule + 1);
    }
    return &past->account[place];
}

static struct policy_account *account_of(const struct policy_hand *hand, unsigned view,
                                         uint8_t rule, enum box_scope scope)
{
    struct policy *policy = hand->policy;
    struct policy_seer *seer = &policy->seers[view];
    if (scope == BOX_PER_CLASS)
        return &seer->accounts[rule];
    if (scope == BOX_PER_FLOW)
        return flow_account(policy_past_begin(&hand->decisions[view], &hand->pasts[view]), rule);
    bool was_lost;
    struct policy_account *accounts =
        policy_hosts_find(policy->hosts, &hand->head->host, hand->packet->time_ns, &was_lost);
    hand->tally->policy->hosts_lost += was_lost;
    return &accounts[seer->account_base + seer->rules->accounts[rule]];
}

static void touch(const struct policy_hand *hand, unsigned view)
{
    struct policy_past *past = policy_past_begin(&hand->decisions[view], &hand->pasts[view]);
    past->touched_packets[hand->direction]++;
    past->touched_bytes[hand->direction] += hand->packet->wire_bytes;
}

static void pass_at_once(struct policy_waits *waits, uint32_t bytes)
{
    waits->packets[0]++;
    waits->bytes[0] += bytes;
}

static void count_wait(struct policy_waits *waits, bool is_lost, uint64_t wait_ns, uint32_t bytes)
{
    if (is_lost) {
        waits->lost_packets++;
        waits->lost_bytes += bytes;
        return;
    }
    unsigned delay = 0;
    while (wait_ns && wait_ns > policy_delay_bound(delay))
        delay++;
    waits->packets[delay]++;
    waits->bytes[delay] += bytes;
    waits->wait_us += wait_ns ? wait_ns / 1000 : 0;
}

/* Returns whether the packet passes. */
static bool throttle(const struct policy_hand *hand, unsigned view, uint8_t rule,
                     struct token_bucket *bucket)
{
    const struct packet *packet = hand->packet;
    uint64_t wait_ns;
    bool passes = token_bucket_take(bucket, &hand->policy->seers[view].rules->rates[rule],
                                    packet->time_ns, bytes_of(packet), &wait_ns);
    if (!passes || wait_ns)
        touch(hand, view);
    count_wait(&hand->tally->policy->views[view].rules[rule].waits, !passes, wait_ns,
               packet->wire_bytes);
    return passes;
}

static bool count_against(const struct policy_hand *hand, unsigned view, uint8_t rule,
                          const struct box_quota *quota)
{
    const struct packet *packet = hand->packet;
    struct policy_account *account = account_of(hand, view, rule, quota->scope);
    struct policy_waits *waits = &hand->tally->policy->views[view].rules[rule].waits;
    uint64_t period = quota->period_ns ? packet->time_ns / quota->period_ns : 0;
    if (period != account->period)
        *account = (struct policy_account){.period = period};
    if (account->used_bytes + packet->wire_bytes <= quota->volume_bytes) {
        account->used_bytes += packet->wire_bytes;
        count_wait(waits, false, 0, packet->wire_bytes);
        return true;
    }
    account->used_bytes = quota->volume_bytes;
    if (quota->has_throttle)
        return throttle(hand, view, rule, &account->bucket);
    touch(hand, view);
    count_wait(waits, true, 0, packet->wire_bytes);
    return false;
}

/* Every packet that passes meets the line; waiting more than in one queue touches it. */
static void cross_link(const struct policy_hand *hand, unsigned view, uint8_t rule)
{
    struct policy_seer *seer = &hand->policy->seers[view];
    const struct box *box = seer->rules->box;
    const struct packet *packet = hand->packet;
    bool is_up = hand->line->way && (hand->line->way == BOX_UP) == (hand->direction == 0);
    bool is_ranked = policy_rules_kind(seer->rules, rule) == BOX_PRIORITISE;
    unsigned queue = is_ranked ? box->rules[rule].action.queue : box->link.others;
    struct link_fate single, queued;
    struct policy_rule_tally *into = &hand->tally->policy->views[view].rules[rule];
    if (!link_model_put(&seer->links[is_up], &box->link, packet->time_ns, queue, bytes_of(packet),
                        &single, &queued)) {
        pass_at_once(&into->waits, packet->wire_bytes);
        pass_at_once(&into->fifo, packet->wire_bytes);
        return;
    }
    bool is_later =
        queued.is_lost ? !single.is_lost : !single.is_lost && queued.wait_ns > single.wait_ns;
    bool is_sooner = queued.is_lost ? false : single.is_lost || queued.wait_ns < single.wait_ns;
    count_wait(&into->waits, queued.is_lost, queued.wait_ns, packet->wire_bytes);
    count_wait(&into->fifo, single.is_lost, single.wait_ns, packet->wire_bytes);
    into->later_bytes += is_later ? packet->wire_bytes : 0;
    into->sooner_bytes += is_sooner ? packet->wire_bytes : 0;
    if (is_later)
        touch(hand, view);
}

static void work_at(const struct policy_hand *hand, unsigned view)
{
    struct policy *policy = hand->policy;
    struct policy_decision *decision = &hand->decisions[view];
    const struct policy_rules *rules = policy->seers[view].rules;
    uint8_t rule = decision->rule[hand->direction];
    enum box_action_kind kind = policy_rules_kind(rules, rule);
    if (kind != BOX_NONE && !(decision->flags & POLICY_NOTED << hand->direction)) {
        policy_note_action(hand, view, false);
        policy_work_plan(hand, view);
    }
    bool passes = !(decision->flags & POLICY_FINAL);
    if (kind == BOX_THROTTLE) {
        enum box_scope scope = rules->box->rules[rule].action.throttle.scope;
        passes = throttle(hand, view, rule, &account_of(hand, view, rule, scope)->bucket);
    } else if (kind == BOX_QUOTA) {
        passes = count_against(hand, view, rule, &rules->box->rules[rule].action.quota);
    }
    if (passes && policy->link_views >> view & 1)
        cross_link(hand, view, rule);
}

void policy_work(const struct policy_hand *hand)
{
    for (uint32_t left = hand->head->busy_views[hand->direction]; left; left &= left - 1)
        work_at(hand, (unsigned)__builtin_ctz(left));
}
