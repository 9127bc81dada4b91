/* SPDX-License-Identifier: BSD-3-Clause */
/* Decides, for each view, which rule a flow is under; and keeps what was done until it is counted.
 */
#include "classifier/policy.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy_state.h"
#include "reserved.h"

static_assert(sizeof(struct policy_line) <= 64, "what every packet touches is one cache line");
static_assert(sizeof(struct policy_head) <= 64, "and what busy ones touch is the next");
static_assert(sizeof(((struct flow *)0)->verdict) == sizeof(uint64_t), "verdicts are one word");
static_assert(BOX_RULES_MAX < 32, "sets of rules are 32 bits");

/* The box's rules, compiled for an earlier view of it or now. */
static int find_rules(struct policy *policy, unsigned view, const struct services *services,
                      struct error *error)
{
    const struct box *box = policy->options.views[view].box;
    unsigned place = 0;
    while (place < policy->rules_count && policy->rules[place].box != box)
        place++;
    policy->rules_of[view] = (uint8_t)place;
    if (place < policy->rules_count)
        return 0;
    policy->rules_count++;
    return policy_rules_make(&policy->rules[place], box, policy->protocols, services, error);
}

static int make_seers(struct policy *policy, const struct services *services, struct error *error)
{
    unsigned accounts = 0;
    int failure = 0;
    for (unsigned view = 0; !failure && view < policy->options.view_count; view++) {
        struct policy_seer *seer = &policy->seers[view];
        failure = find_rules(policy, view, services, error);
        seer->rules = &policy->rules[policy->rules_of[view]];
        seer->tiers = policy->options.views[view].tiers;
        seer->account_base = accounts;
        accounts += seer->rules->account_count;
        policy->asks_answer |= seer->rules->asks_answer;
        if (seer->rules->box->link.capacity_bits)
            policy->link_views |= UINT32_C(1) << view;
    }
    uint32_t endpoints = policy->options.endpoint_count;
    if (!failure && accounts)
        failure = policy_hosts_new(&policy->hosts, endpoints ? endpoints : POLICY_ENDPOINTS,
                                   accounts, error);
    return failure;
}

int policy_new(struct policy **policy, const struct policy_options *options, uint64_t flow_count,
               const struct protocols *protocols, const struct services *services,
               struct keyed_hash *hash, struct error *error)
{
    struct policy *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the boxes");
    made->options = *options;
    made->protocols = protocols;
    made->hash = hash;
    made->capacity = flow_count;
    made->fixed_bytes = 128 + (options->view_count * sizeof(struct policy_decision) + 63) / 64 * 64;
    made->past_bytes = options->view_count * sizeof(struct policy_past);
    int failure = make_seers(made, services, error);
    if (!failure) {
        made->fixed = reserved_new(flow_count * made->fixed_bytes, true);
        made->pasts = reserved_new(flow_count * made->past_bytes, true);
        if (!made->fixed || !made->pasts)
            failure = error_set(error, ENOMEM,
                                "out of memory for %u boxes and %llu flows: ask for fewer flows "
                                "with --flows",
                                options->view_count, (unsigned long long)flow_count);
    }
    if (failure) {
        policy_free(made);
        return failure;
    }
    *policy = made;
    return 0;
}

/* A past holds zeros again, as before its first use. */
static void wipe_pasts(struct policy *policy, uint32_t slot)
{
    struct policy_decision *decisions = policy_decisions_of(policy, slot);
    struct policy_past *pasts = policy_pasts_of(policy, slot);
    for (unsigned view = 0; view < policy->options.view_count; view++) {
        if (decisions[view].flags & POLICY_PAST)
            explicit_bzero(&pasts[view], sizeof pasts[view]);
        decisions[view].flags &= (uint8_t)~POLICY_PAST;
    }
}

void policy_free(struct policy *policy)
{
    if (!policy)
        return;
    for (uint32_t slot = 0; slot < policy->slots; slot++)
        wipe_pasts(policy, slot);
    if (policy->fixed)
        explicit_bzero(policy->fixed, policy->slots * policy->fixed_bytes);
    reserved_free(policy->fixed, policy->capacity * policy->fixed_bytes);
    reserved_free(policy->pasts, policy->capacity * policy->past_bytes);
    policy_hosts_free(policy->hosts);
    for (unsigned i = 0; i < policy->rules_count; i++)
        policy_rules_free(&policy->rules[i]);
    free(policy);
}

void policy_prefetch(const struct policy *policy, uint32_t slot)
{
    __builtin_prefetch(policy_line_of(policy, slot), 1);
    __builtin_prefetch(policy_head_of(policy, slot), 1);
}

/* The way of the packet, which begins its flow. */
static enum box_way way_of(const struct prefixes *subscribers, const struct packet *packet)
{
    if (!subscribers)
        return BOX_ANY_WAY;
    if (prefixes_hold(subscribers, packet->ip_version, packet->source))
        return BOX_UP;
    return prefixes_hold(subscribers, packet->ip_version, packet->destination) ? BOX_DOWN
                                                                               : BOX_ANY_WAY;
}

static void begin_view(const struct policy_hand *hand, unsigned view)
{
    struct policy_seer *seer = &hand->policy->seers[view];
    struct policy_decision *decision = &hand->decisions[view];
    uint8_t none = (uint8_t)seer->rules->box->rule_count;
    uint64_t held_max = seer->rules->box->flows_held;
    *decision = (struct policy_decision){
        .rule = {none, none}, .acted_rule = POLICY_NO_RULE, .missed_rule = POLICY_NO_RULE};
    if (held_max && seer->held >= held_max)
        decision->flags = POLICY_UNTRACKED;
    else
        seer->held++;
}

static void begin(const struct policy_hand *hand, uint32_t slot)
{
    struct policy *policy = hand->policy;
    const struct packet *packet = hand->packet;
    enum box_way way = way_of(policy->options.subscribers, packet);
    if (slot >= policy->slots)
        policy->slots = slot + 1;
    *hand->line = (struct policy_line){.verdicts = UINT64_MAX, .way = (uint8_t)way};
    *hand->head = (struct policy_head){.begin_ns = packet->time_ns};
    if (policy->hosts)
        hand->head->host = way == BOX_DOWN ? flow_key_of_destination(policy->hash, packet)
                                           : flow_key_of_source(policy->hash, packet);
    hand->tally->policy->no_way_flows += way == BOX_ANY_WAY;
    for (unsigned view = 0; view < policy->options.view_count; view++)
        begin_view(hand, view);
}

struct policy_past *policy_past_begin(struct policy_decision *decision, struct policy_past *past)
{
    decision->flags |= POLICY_PAST;
    return past;
}

/* Where the flow's counts stand. */
struct stand {
    uint64_t bytes[2];
    uint32_t packets[2];
};

/* What was done since the decision in force was taken. */
static struct policy_part part_until(const struct policy_decision *decision,
                                     const struct policy_past *past, const struct stand *stand)
{
    struct policy_part part = {.open = {decision->open[0], decision->open[1]},
                               .rule = {decision->rule[0], decision->rule[1]}};
    bool has_past = decision->flags & POLICY_PAST;
    for (unsigned way = 0; way < 2; way++) {
        part.bytes[way] = stand->bytes[way] - (has_past ? past->since_bytes[way] : 0);
        part.packets[way] = stand->packets[way] - (has_past ? past->since_packets[way] : 0);
        part.touched_bytes[way] = has_past ? past->touched_bytes[way] : 0;
        part.touched_packets[way] = has_past ? past->touched_packets[way] : 0;
    }
    return part;
}

static bool parts_are_alike(const struct policy_part *a, const struct policy_part *b)
{
    return a->rule[0] == b->rule[0] && a->rule[1] == b->rule[1] && a->open[0] == b->open[0] &&
           a->open[1] == b->open[1];
}

static void part_merge(struct policy_part *into, const struct policy_part *from)
{
    for (unsigned way = 0; way < 2; way++) {
        into->bytes[way] += from->bytes[way];
        into->packets[way] += from->packets[way];
        into->touched_bytes[way] += from->touched_bytes[way];
        into->touched_packets[way] += from->touched_packets[way];
    }
}

static bool part_is_empty(const struct policy_part *part)
{
    return !part->packets[0] && !part->packets[1];
}

/* The stretch is over. It waits for the reference; the one before has waited long enough. */
static void lay_by(const struct policy_hand *hand, unsigned view, const struct policy_part *part)
{
    struct policy_decision *decision = &hand->decisions[view];
    struct policy_past *past = &hand->pasts[view];
    if (part_is_empty(&past->earlier)) {
        past->earlier = *part;
        return;
    }
    if (parts_are_alike(&past->earlier, part)) {
        part_merge(&past->earlier, part);
        return;
    }
    struct policy_reference reference = policy_reference_of(hand->policy, hand->flow, hand->detail);
    policy_count_part(hand->policy, view, &past->earlier, decision, &reference,
                      hand->detail->host_bit, hand->tally);
    past->earlier = *part;
}

static void mark_since(struct policy_past *past, const struct stand *stand)
{
    for (unsigned way = 0; way < 2; way++) {
        past->since_bytes[way] = stand->bytes[way];
        past->since_packets[way] = stand->packets[way];
        past->touched_bytes[way] = 0;
        past->touched_packets[way] = 0;
    }
}

static void end_part(const struct policy_hand *hand, unsigned view, const struct stand *stand)
{
    struct policy_decision *decision = &hand->decisions[view];
    struct policy_part part = part_until(decision, &hand->pasts[view], stand);
    if (part_is_empty(&part))
        return;
    struct policy_past *past = policy_past_begin(decision, &hand->pasts[view]);
    lay_by(hand, view, &part);
    mark_since(past, stand);
}

/* From `stand` on, another decision is in force. */
static void turn(const struct policy_hand *hand, unsigned view, const struct stand *stand,
                 const uint8_t rule[2], const uint32_t open[2])
{
    struct policy_decision *decision = &hand->decisions[view];
    bool is_same = decision->rule[0] == rule[0] && decision->rule[1] == rule[1];
    if (is_same && decision->open[0] == open[0] && decision->open[1] == open[1])
        return;
    if (stand->packets[0] | stand->packets[1])
        end_part(hand, view, stand);
    for (unsigned way = 0; way < 2; way++) {
        if (decision->rule[way] != rule[way])
            decision->flags &= (uint8_t) ~(POLICY_NOTED << way);
        decision->rule[way] = rule[way];
        decision->open[way] = open[way];
    }
}

/* The flow now counts for these thresholds and no others. */
static void join_thresholds(struct policy_seer *seer, struct policy_decision *decision,
                            uint32_t members)
{
    for (uint32_t left = decision->counted ^ members; left; left &= left - 1) {
        unsigned rule = (unsigned)__builtin_ctz(left);
        uint32_t bit = left & -left;
        seer->member_counts[rule] += members & bit ? 1u : UINT32_MAX;
        seer->above &= ~bit;
        if (seer->member_counts[rule] > seer->rules->box->rules[rule].flows_above)
            seer->above |= bit;
    }
    decision->counted = members;
}

static bool is_final_kind(enum box_action_kind kind)
{
    return kind == BOX_BLOCK || kind == BOX_RESET;
}

static struct stand stand_of(const struct policy_hand *hand, bool is_after)
{
    const struct policy_line *line = hand->line;
    struct stand stand = {.bytes = {line->bytes[0], line->bytes[1]},
                          .packets = {line->packets[0], line->packets[1]}};
    if (is_after) {
        stand.bytes[hand->direction] += hand->packet->wire_bytes;
        stand.packets[hand->direction]++;
    }
    return stand;
}

/* Nothing comes through any more, in either direction. */
static void end_flow(const struct policy_hand *hand, unsigned view, uint8_t rule,
                     const uint32_t open[2])
{
    struct policy_seer *seer = &hand->policy->seers[view];
    struct policy_decision *decision = &hand->decisions[view];
    bool is_after = policy_rules_kind(seer->rules, rule) == BOX_RESET;
    struct stand stand = stand_of(hand, false);
    if (is_after) {
        uint8_t none = (uint8_t)seer->rules->box->rule_count;
        turn(hand, view, &stand, (const uint8_t[2]){none, none}, open);
        stand = stand_of(hand, true);
    }
    turn(hand, view, &stand, (const uint8_t[2]){rule, rule}, open);
    decision->flags |= POLICY_FINAL | POLICY_NOTED | POLICY_NOTED << 1;
    policy_note_action(hand, view, is_after);
    join_thresholds(seer, decision, 0);
}

/* The rules that apply, by direction. One that would end the flow waits for a packet of its
 * direction. */
static void choose(const struct policy_hand *hand, unsigned view, uint32_t class,
                   const uint32_t open[2])
{
    const struct policy_rules *rules = hand->policy->seers[view].rules;
    struct policy_decision *decision = &hand->decisions[view];
    uint8_t rule[2];
    decision->flags &= (uint8_t) ~(POLICY_WAITING | POLICY_WAITING << 1);
    for (unsigned way = 0; way < 2; way++) {
        rule[way] = policy_rules_first(rules, open[way] & class);
        if (!is_final_kind(policy_rules_kind(rules, rule[way])))
            continue;
        if (way == hand->direction) {
            end_flow(hand, view, rule[way], open);
            return;
        }
        rule[way] = (uint8_t)rules->box->rule_count;
        decision->flags |= (uint8_t)(POLICY_WAITING << way);
    }
    struct stand stand = stand_of(hand, false);
    turn(hand, view, &stand, rule, open);
}

/* Returns whether the view now believes something else. */
static bool believe(const struct policy_hand *hand, unsigned view)
{
    const struct policy_seer *seer = &hand->policy->seers[view];
    struct policy_decision *decision = &hand->decisions[view];
    uint32_t packets = hand->line->packets[0] + hand->line->packets[1] + 1;
    uint32_t inspected = seer->rules->box->packets_inspected;
    if (inspected && packets > inspected)
        return false;
    uint16_t protocol = PROTOCOL_UNKNOWN;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        uint16_t verdict = hand->flow->verdict[tier];
        if (seer->tiers >> tier & 1 && verdict != PROTOCOL_UNKNOWN)
            protocol = verdict;
    }
    uint16_t service =
        seer->tiers >> TIER_SIGNATURES & 1 ? hand->detail->service : (uint16_t)SERVICE_NONE;
    bool is_other = protocol != decision->protocol || service != decision->service;
    decision->protocol = protocol;
    decision->service = service;
    return is_other;
}

static void decide_view(const struct policy_hand *hand, unsigned view, const uint32_t open_now[2])
{
    struct policy *policy = hand->policy;
    struct policy_seer *seer = &policy->seers[view];
    struct policy_decision *decision = &hand->decisions[view];
    if (decision->flags & (POLICY_FINAL | POLICY_UNTRACKED))
        return;
    bool is_other = believe(hand, view);
    uint32_t class = policy_rules_class(seer->rules, decision->protocol, decision->service);
    uint32_t thresholds = seer->rules->thresholds;
    uint32_t above = seer->above;
    if (thresholds)
        join_thresholds(seer, decision, thresholds & class & (open_now[0] | open_now[1]));
    uint32_t shut = thresholds & ~seer->above;
    const uint32_t open[2] = {open_now[0] & ~shut, open_now[1] & ~shut};
    is_other |= open[0] != decision->open[0] || open[1] != decision->open[1];
    if (is_other || decision->flags & (POLICY_WAITING | POLICY_WAITING << 1)) {
        choose(hand, view, class, open);
        policy_work_plan(hand, view);
    }
    policy->generation += seer->above != above;
}

static struct policy_moment moment_of(const struct policy_hand *hand)
{
    const struct policy_line *line = hand->line;
    const struct packet *packet = hand->packet;
    uint64_t begin_ns = hand->head->begin_ns;
    struct policy_moment moment = {.now_ns = packet->time_ns,
                                   .bytes = {line->bytes[0], line->bytes[1]},
                                   .transport = packet->protocol,
                                   .way = (enum box_way)line->way};
    moment.age_ns = packet->time_ns > begin_ns ? packet->time_ns - begin_ns : 0;
    moment.bytes[hand->direction] += packet->wire_bytes;
    moment.is_answered = hand->direction || line->packets[1];
    return moment;
}

static void note_busy(const struct policy_hand *hand)
{
    unsigned waiting = 0;
    for (unsigned view = 0; view < hand->policy->options.view_count; view++)
        waiting |= hand->decisions[view].flags;
    for (unsigned way = 0; way < 2; way++) {
        hand->line->busy[way] = hand->head->busy_views[way] ? POLICY_BUSY : 0;
        hand->line->busy[way] |= waiting & (unsigned)POLICY_WAITING << way ? POLICY_PENDING : 0;
    }
}

static void decide(const struct policy_hand *hand)
{
    struct policy *policy = hand->policy;
    struct policy_line *line = hand->line;
    struct policy_moment moment = moment_of(hand);
    struct policy_recheck recheck = {.at_ns = UINT64_MAX, .at_bytes = UINT64_MAX};
    uint32_t open[POLICY_VIEWS_MAX][2];
    line->generation = policy->generation;
    memcpy(&line->verdicts, hand->flow->verdict, sizeof line->verdicts);
    line->service = hand->detail->service;
    for (unsigned i = 0; i < policy->rules_count; i++)
        policy_rules_open(&policy->rules[i], &moment, open[i], &recheck);
    line->recheck_ns = recheck.at_ns;
    line->recheck_bytes = recheck.at_bytes;
    for (unsigned view = 0; view < policy->options.view_count; view++)
        decide_view(hand, view, open[policy->rules_of[view]]);
    note_busy(hand);
}

/* Could any view decide otherwise than it did? */
static bool is_due(const struct policy *policy, const struct policy_line *line,
                   const struct flow *flow, const struct packet *packet, unsigned direction)
{
    uint64_t verdicts;
    memcpy(&verdicts, flow->verdict, sizeof verdicts);
    uint64_t bytes = line->bytes[0] + line->bytes[1] + packet->wire_bytes;
    return verdicts != line->verdicts || line->generation != policy->generation ||
           packet->time_ns >= line->recheck_ns || bytes >= line->recheck_bytes ||
           line->busy[direction] & POLICY_PENDING ||
           (policy->asks_answer && direction && !line->packets[1]);
}

static void handle(const struct policy_hand *hand, const struct policy_step *step, bool is_due_now)
{
    uint8_t *busy = &hand->line->busy[hand->direction];
    if (step->is_new)
        begin(hand, step->slot);
    if (step->is_new || is_due_now)
        decide(hand);
    if (!(*busy & POLICY_BUSY))
        return;
    policy_work(hand);
    if (!hand->head->busy_views[hand->direction])
        *busy &= (uint8_t)~POLICY_BUSY;
}

void policy_take(struct policy *policy, const struct flow *flow, const struct flow_detail *detail,
                 const struct packet *packet, const struct policy_step *step, struct tally *tally)
{
    struct policy_line *line = policy_line_of(policy, step->slot);
    unsigned direction = step->is_new ? 0 : flow_direction(flow, packet);
    bool is_due_now = is_due(policy, line, flow, packet, direction) ||
                      (step->was_inspected && detail->service != line->service);
    if (step->is_new || is_due_now || line->busy[direction]) {
        const struct policy_hand hand = {
            .policy = policy,
            .line = line,
            .head = policy_head_of(policy, step->slot),
            .decisions = policy_decisions_of(policy, step->slot),
            .pasts = policy_pasts_of(policy, step->slot),
            .flow = flow,
            .detail = detail,
            .packet = packet,
            .direction = direction,
            .tally = tally,
        };
        handle(&hand, step, is_due_now);
    }
    line->bytes[direction] += packet->wire_bytes;
    line->packets[direction]++;
}

/* All that is not counted yet. */
static void count_rest(struct policy *policy, unsigned view, uint32_t slot,
                       const struct policy_reference *reference, unsigned host_bit,
                       struct tally *tally)
{
    const struct policy_line *line = policy_line_of(policy, slot);
    const struct stand stand = {.bytes = {line->bytes[0], line->bytes[1]},
                                .packets = {line->packets[0], line->packets[1]}};
    struct policy_decision *decision = &policy_decisions_of(policy, slot)[view];
    struct policy_past *past = &policy_pasts_of(policy, slot)[view];
    struct policy_part part = part_until(decision, past, &stand);
    if (decision->flags & POLICY_PAST) {
        policy_count_part(policy, view, &past->earlier, decision, reference, host_bit, tally);
        past->earlier = (struct policy_part){0};
    }
    policy_count_part(policy, view, &part, decision, reference, host_bit, tally);
    if (decision->flags & POLICY_UNTRACKED)
        tally->policy->views[view].untracked_packets += part.packets[0] + part.packets[1];
}

void policy_report(struct policy *policy, uint32_t slot, const struct flow *flow,
                   const struct flow_detail *detail, struct tally *tally)
{
    if (!flow->unreported_packets)
        return;
    const struct policy_line *line = policy_line_of(policy, slot);
    const struct stand stand = {.bytes = {line->bytes[0], line->bytes[1]},
                                .packets = {line->packets[0], line->packets[1]}};
    struct policy_reference reference = policy_reference_of(policy, flow, detail);
    for (unsigned view = 0; view < policy->options.view_count; view++) {
        count_rest(policy, view, slot, &reference, detail->host_bit, tally);
        mark_since(policy_past_begin(&policy_decisions_of(policy, slot)[view],
                                     &policy_pasts_of(policy, slot)[view]),
                   &stand);
    }
}

void policy_finish(struct policy *policy, uint32_t slot, const struct flow *flow,
                   const struct flow_detail *detail, struct tally *tally)
{
    struct policy_decision *decisions = policy_decisions_of(policy, slot);
    struct policy_reference reference = policy_reference_of(policy, flow, detail);
    for (unsigned view = 0; view < policy->options.view_count; view++) {
        struct policy_seer *seer = &policy->seers[view];
        struct policy_decision *decision = &decisions[view];
        count_rest(policy, view, slot, &reference, detail->host_bit, tally);
        policy_count_flow(policy, view, decision, &reference, detail->host_bit, tally);
        uint32_t above = seer->above;
        join_thresholds(seer, decision, 0);
        policy->generation += seer->above != above;
        if (decision->flags & POLICY_UNTRACKED)
            tally->policy->views[view].untracked_flows++;
        else
            seer->held--;
    }
    wipe_pasts(policy, slot);
}

void policy_deeds(const struct policy *policy, uint32_t slot, uint8_t deeds[POLICY_VIEWS_MAX])
{
    const struct policy_decision *decisions = policy_decisions_of(policy, slot);
    for (unsigned view = 0; view < policy->options.view_count; view++) {
        const struct policy_rules *rules = policy->seers[view].rules;
        uint8_t rule = policy_done_to(rules, &decisions[view]);
        deeds[view] = (uint8_t)policy_rules_treatment(rules, rule);
    }
}
