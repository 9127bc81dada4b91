/* SPDX-License-Identifier: BSD-3-Clause */
/* One payload of a watched flow: stream, patterns, checks, hits, verdict. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/relation.h"
#include "classifier/watch.h"
#include "signature_compiled.h"
#include "signature_names.h"

enum { SATISFIED_MAX = 64, REFINEMENTS_MAX = 3 };

struct signature_clock {
    const struct signatures *signatures;
    /* By bucket. What it was made of may be gone before it. */
    struct pattern_scratch **scratch[RULE_TRANSPORTS];
    unsigned scratch_count[RULE_TRANSPORTS];
    struct watch_pool *pool;
    struct relations *relations;
    struct signature_names *names; /* null: none are read */
    bool *recorded;                /* [rules.count]; null while not recording */
    /* Of the payload under way: */
    uint64_t candidates[RULES_MAX / 64]; /* [group.word_count]: what a glance leaves possible */
    const struct bucket *bucket;         /* scanned for now */
    uint64_t payload_number;
    uint64_t *scanned; /* [rules.count]: the number of the last payload that the bucket of that
                          index was scanned for in; there are no more buckets than rules */
    uint8_t *found;    /* [rules.count]: patterns that matched; all 0 between payloads */
    uint16_t *touched; /* [rules.count]: rules with any */
    unsigned touched_count;
};

/* All there is to know while one payload is looked at. */
struct tick {
    struct signature_clock *clock;
    struct flow *flow;
    struct flow_detail *detail;
    const struct packet *packet;
    struct tally *tally;
    unsigned direction;
    struct watch *watch; /* null until one is needed */
    uint16_t first_size; /* stands for watch.sizes while there is no watch */
    struct rule_subject subject;
    bool is_naming; /* more payload is wanted for the flow's name */
    unsigned satisfied_count;
    uint16_t satisfied[SATISFIED_MAX]; /* rules that have all they ask for but what they refine */
};

static int make_scratch(struct signature_clock *clock, struct error *error)
{
    int failure = 0;
    for (unsigned i = 0; i < RULE_TRANSPORTS; i++) {
        const struct group *group = &clock->signatures->groups[i];
        clock->scratch[i] = calloc(group->bucket_count + 1, sizeof *clock->scratch[i]);
        if (!clock->scratch[i])
            return error_set(error, ENOMEM, "out of memory for the signatures tier");
        clock->scratch_count[i] = group->bucket_count;
        for (unsigned k = 0; !failure && k < group->bucket_count; k++)
            failure = pattern_scratch_new(&clock->scratch[i][k], group->buckets[k].set, error);
    }
    return failure;
}

static void free_scratch(struct signature_clock *clock)
{
    for (unsigned i = 0; i < RULE_TRANSPORTS; i++) {
        for (unsigned k = 0; k < clock->scratch_count[i]; k++)
            pattern_scratch_free(clock->scratch[i][k]);
        free(clock->scratch[i]);
    }
}

int signature_clock_new(struct signature_clock **clock, const struct signature_options *options,
                        struct keyed_hash *hash, struct error *error)
{
    unsigned rule_count = options->signatures->rules->count + 1;
    struct signature_clock *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    made->signatures = options->signatures;
    made->found = calloc(rule_count, sizeof *made->found);
    made->touched = calloc(rule_count, sizeof *made->touched);
    made->scanned = calloc(rule_count, sizeof *made->scanned);
    int failure = 0;
    if (!made->found || !made->touched || !made->scanned)
        failure = error_set(error, ENOMEM, "out of memory for the signatures tier");
    if (!failure)
        failure = make_scratch(made, error);
    if (!failure)
        failure = watch_pool_new(&made->pool, options->watch_count, error);
    if (!failure && options->services)
        failure = signature_names_new(&made->names, options->protocols, options->services, error);
    if (!failure)
        failure = relations_new(&made->relations, hash, error);
    if (failure) {
        signature_clock_free(made);
        return failure;
    }
    *clock = made;
    return 0;
}

void signature_clock_free(struct signature_clock *clock)
{
    if (!clock)
        return;
    free_scratch(clock);
    watch_pool_free(clock->pool);
    relations_free(clock->relations);
    signature_names_free(clock->names);
    free(clock->recorded);
    free(clock->found);
    free(clock->touched);
    free(clock->scanned);
    free(clock);
}

void signature_clock_succeed(struct signature_clock *clock, struct signature_clock *before)
{
    struct relations *fresh = clock->relations;
    clock->relations = before->relations;
    before->relations = fresh;
}

void signature_clock_record(struct signature_clock *clock)
{
    unsigned count = clock->signatures->rules->count + 1;
    if (!clock->recorded)
        clock->recorded = malloc(count * sizeof *clock->recorded);
    if (clock->recorded)
        memset(clock->recorded, 0, count * sizeof *clock->recorded);
}

bool signature_clock_recorded(const struct signature_clock *clock, unsigned rule)
{
    return clock->recorded && clock->recorded[rule];
}

static void record(struct signature_clock *clock, unsigned rule)
{
    if (clock->recorded)
        clock->recorded[rule] = true;
}

static bool is_from_client(const struct tick *tick)
{
    bool is_reversed = tick->flow->watch & FLOW_WATCH_REVERSED;
    return tick->direction == is_reversed;
}

/* Where the sides are not known, either may be speaking. */
static bool may_speak(const struct tick *tick, const struct rule *rule)
{
    if (rule->direction == RULE_EITHER || tick->flow->watch & FLOW_WATCH_UNKNOWN)
        return true;
    return (rule->direction == RULE_CLIENT) == is_from_client(tick);
}

static enum rule_transport transport_of(const struct packet *packet)
{
    switch (packet->protocol) {
    case IP_TCP:
        return RULE_TCP;
    case IP_UDP:
        return RULE_UDP;
    case IP_SCTP:
        return RULE_SCTP;
    default:
        return RULE_IP;
    }
}

static const struct rule *rule_at(const struct tick *tick, unsigned index)
{
    return &tick->clock->signatures->rules->rule[index];
}

/* The flow's watch, taken now when it has none yet. */
static struct watch *need_watch(struct tick *tick)
{
    if (tick->watch)
        return tick->watch;
    bool was_taken;
    tick->watch =
        watch_take(tick->clock->pool, &tick->flow->key, &tick->detail->watch_slot, &was_taken);
    tick->flow->watch |= FLOW_WATCH_HELD;
    tick->tally->signatures.watches_lost += was_taken;
    return tick->watch;
}

static void stop_watching(struct tick *tick)
{
    if (tick->watch)
        watch_release(tick->clock->pool, tick->detail->watch_slot);
    tick->watch = NULL;
    tick->flow->watch &= (uint8_t) ~(FLOW_WATCH_FORWARD | FLOW_WATCH_BACKWARD | FLOW_WATCH_HELD);
}

static void note_found(void *context, unsigned index)
{
    struct signature_clock *clock = context;
    const struct pattern_place *place = &clock->bucket->places[index];
    if (!clock->found[place->rule])
        clock->touched[clock->touched_count++] = place->rule;
    clock->found[place->rule] |= place->bit;
}

static bool has_port(const struct rule *rule, uint16_t port)
{
    for (unsigned i = 0; i < rule->port_range_count; i++) {
        if (port >= rule->ports[i].first && port <= rule->ports[i].last)
            return true;
    }
    return false;
}

static bool has_ip_number(const struct rule *rule, uint8_t number)
{
    return memchr(rule->ip_number, number, rule->ip_number_count);
}

/* Everything but the patterns. */
static bool conditions_hold(const struct tick *tick, const struct rule *rule)
{
    const struct packet *packet = tick->packet;
    if (!may_speak(tick, rule))
        return false;
    if (tick->subject.count < rule->packets_first || tick->subject.count > rule->packets_last)
        return false;
    if (rule->ip_number_count && !has_ip_number(rule, packet->protocol))
        return false;
    if (rule->port_range_count && !has_port(rule, packet->source_port) &&
        !has_port(rule, packet->destination_port))
        return false;
    for (unsigned i = 0; i < rule->check_count; i++) {
        if (!rule_expression_holds(rule->checks[i].expression, &tick->subject))
            return false;
    }
    return true;
}

static void satisfy(struct tick *tick, uint16_t index)
{
    if (tick->satisfied_count < SATISFIED_MAX)
        tick->satisfied[tick->satisfied_count++] = index;
}

/* A stream is one payload, however often it grew. */
static void count_hit(struct tick *tick, uint16_t index)
{
    struct watch_hit *hit = watch_hit_of(need_watch(tick), index);
    if (!hit)
        return;
    uint8_t *count = &hit->count[tick->direction];
    if (tick->packet->protocol == IP_TCP)
        *count = 1;
    else if (*count < UINT8_MAX)
        *count += 1;
}

/* The rule matches. */
static void take_rule(struct tick *tick, uint16_t index)
{
    if (tick->clock->signatures->facts[index].is_tracked)
        count_hit(tick, index);
    else
        satisfy(tick, index);
}

/* Scans for the bucket's patterns, unless that was done for this payload. */
static void scan_once(struct tick *tick, const struct group *group, unsigned number)
{
    struct signature_clock *clock = tick->clock;
    const struct rule_view *view = &tick->subject.view[RULE_VIEW_THIS];
    size_t transport = (size_t)(group - clock->signatures->groups);
    if (clock->scanned[number] == clock->payload_number)
        return;
    clock->scanned[number] = clock->payload_number;
    clock->bucket = &group->buckets[number];
    pattern_set_scan(clock->bucket->set, clock->scratch[transport][number], view->bytes,
                     view->captured_bytes, note_found, clock);
}

/* Checks cost less than anchored patterns, and those less than a search: they come first. */
static void try_candidate(struct tick *tick, const struct group *group, unsigned number)
{
    struct signature_clock *clock = tick->clock;
    uint16_t index = group->rules[number];
    const struct rule_facts *facts = &clock->signatures->facts[index];
    if (!conditions_hold(tick, rule_at(tick, index)))
        return;
    if (facts->anchored_patterns)
        scan_once(tick, group, group->bucket_of[number]);
    if ((clock->found[index] & facts->anchored_patterns) != facts->anchored_patterns)
        return;
    if (facts->anchored_patterns != facts->all_patterns)
        scan_once(tick, group, group->search_bucket);
    if (clock->found[index] == facts->all_patterns)
        take_rule(tick, index);
}

static enum group_side side_of(const struct tick *tick)
{
    if (tick->flow->watch & FLOW_WATCH_UNKNOWN)
        return GROUP_ANY_SIDE;
    return is_from_client(tick) ? GROUP_CLIENT : GROUP_SERVER;
}

/* What a glance at the payload leaves possible: row by row, so that it runs in wide registers. */
static void find_candidates(struct tick *tick, const struct group *group)
{
    const struct rule_view *view = tick->subject.view;
    const struct rule_view *this = &view[RULE_VIEW_THIS];
    uint64_t *candidates = tick->clock->candidates;
    size_t word_count = group->word_count;
    unsigned situation =
        group_situation(side_of(tick), tick->subject.count, view[RULE_VIEW_PEER].is_there,
                        view[RULE_VIEW_PREV].is_there);
    const uint64_t *by_situation = &group->by_situation[situation * word_count];
    const uint64_t *by_length = &group->by_length[group_length(this->length) * word_count];
    unsigned places = this->captured_bytes < GROUP_PLACES ? this->captured_bytes : GROUP_PLACES;
    for (size_t word = 0; word < word_count; word++)
        candidates[word] = by_situation[word] & by_length[word];
    for (unsigned place = 0; place < places; place++) {
        const uint64_t *row = &group->by_byte[(place * 256u + this->bytes[place]) * word_count];
        for (size_t word = 0; word < word_count; word++)
            candidates[word] &= row[word];
    }
}

static void try_candidates(struct tick *tick, const struct group *group, const uint64_t *among)
{
    for (unsigned word = 0; word < group->word_count; word++) {
        for (uint64_t left = tick->clock->candidates[word] & among[word]; left; left &= left - 1)
            try_candidate(tick, group, word * 64 + (unsigned)__builtin_ctzll(left));
    }
}

static void forget_found(struct signature_clock *clock)
{
    for (unsigned i = 0; i < clock->touched_count; i++)
        clock->found[clock->touched[i]] = 0;
    clock->touched_count = 0;
}

static const struct watch_hit *find_hit(const struct watch *watch, uint16_t rule)
{
    for (unsigned i = 0; i < watch->hit_count; i++) {
        if (watch->hits[i].rule == rule)
            return &watch->hits[i];
    }
    return NULL;
}

/* Has the required rule matched in a direction against one of `hit`? */
static bool is_answered(const struct watch *watch, const struct watch_hit *hit, uint16_t required)
{
    const struct watch_hit *other = find_hit(watch, required);
    return other && ((hit->count[0] && other->count[1]) || (hit->count[1] && other->count[0]));
}

static bool has_its_hits(const struct tick *tick, const struct watch_hit *hit)
{
    const struct rule *rule = rule_at(tick, hit->rule);
    if (hit->count[0] + hit->count[1] < rule->hits)
        return false;
    if (rule->needs_both && (!hit->count[0] || !hit->count[1]))
        return false;
    for (unsigned i = 0; i < rule->require_count; i++) {
        if (!is_answered(tick->watch, hit, rule->required[i]))
            return false;
    }
    return true;
}

static void settle_hits(struct tick *tick)
{
    for (unsigned i = 0; tick->watch && i < tick->watch->hit_count; i++) {
        if (has_its_hits(tick, &tick->watch->hits[i]))
            satisfy(tick, tick->watch->hits[i].rule);
    }
}

static enum rule_strength strength_of(const struct flow *flow)
{
    if (flow->watch & FLOW_WATCH_CERTAIN)
        return RULE_CERTAIN;
    return flow->watch & FLOW_WATCH_LIKELY ? RULE_LIKELY : RULE_PART;
}

/* The highest of the satisfied rules that refine `refined` (PROTOCOL_UNKNOWN: that refine nothing);
 * null when there is none. */
static const struct rule *best_rule(const struct tick *tick, uint16_t refined)
{
    const struct rule *best = NULL;
    uint32_t best_rank = 0;
    for (unsigned i = 0; i < tick->satisfied_count; i++) {
        uint16_t index = tick->satisfied[i];
        const struct rule *rule = rule_at(tick, index);
        uint32_t rank = tick->clock->signatures->facts[index].rank;
        if (rule->refined != refined)
            continue;
        record(tick->clock, index);
        if (rule->strength != RULE_PART && rank > best_rank) {
            best = rule;
            best_rank = rank;
        }
    }
    return best;
}

/* What was refined is not up to plain rules any more, however likely the refinement is. */
static void set_verdict(struct tick *tick, const struct rule *rule)
{
    bool is_final = rule->refined || rule->strength == RULE_CERTAIN;
    struct flow *flow = tick->flow;
    flow->watch &= (uint8_t)~FLOW_WATCH_LIKELY;
    flow->watch |= is_final ? FLOW_WATCH_CERTAIN : FLOW_WATCH_LIKELY;
    if (tick->clock->signatures->announces[rule->protocol])
        flow->watch |= FLOW_WATCH_ANNOUNCER;
    flow_decide(flow, tick->detail, TIER_SIGNATURES, rule->protocol);
}

static const struct rule *best_refining(struct tick *tick, const struct group *group,
                                        uint16_t verdict)
{
    try_candidates(tick, group,
                   &group->by_refined[(size_t)group->refined_row[verdict] * group->word_count]);
    return best_rule(tick, verdict);
}

static void decide(struct tick *tick, const struct group *group)
{
    const struct rule *plain = best_rule(tick, PROTOCOL_UNKNOWN);
    if (plain && plain->strength > strength_of(tick->flow))
        set_verdict(tick, plain);
    for (unsigned i = 0; i < REFINEMENTS_MAX; i++) {
        uint16_t verdict = tick->flow->verdict[TIER_SIGNATURES];
        const struct rule *refining = verdict ? best_refining(tick, group, verdict) : NULL;
        if (!refining)
            break;
        set_verdict(tick, refining);
    }
}

/* What is certain and not refined by any rule stays as it is. */
static bool needs_rules(const struct tick *tick)
{
    const struct signatures *signatures = tick->clock->signatures;
    return !(tick->flow->watch & FLOW_WATCH_CERTAIN) || tick->clock->recorded ||
           signatures->refined_packets[tick->flow->verdict[TIER_SIGNATURES]];
}

/* Reads the name that this payload may hold, when the flow's protocol has names. */
static void name_flow(struct tick *tick)
{
    struct signature_clock *clock = tick->clock;
    struct flow *flow = tick->flow;
    const struct rule_view *view = &tick->subject.view[RULE_VIEW_THIS];
    if (!clock->names || !(flow->watch & FLOW_WATCH_CERTAIN))
        return;
    struct signature_naming naming = {
        .protocol = flow->verdict[TIER_SIGNATURES],
        .state = tick->watch ? tick->watch->naming : WATCH_NAMING_CLIENT,
        .names = tick->watch && tick->watch->is_name_state ? &tick->watch->names : NULL,
        .is_client = is_from_client(tick),
        .are_sides_known = !(flow->watch & FLOW_WATCH_UNKNOWN),
        .is_stream = tick->packet->protocol == IP_TCP,
        .bytes = view->bytes,
        .length = view->captured_bytes,
    };
    tick->is_naming = signature_names_read(clock->names, &naming);
    if (naming.service != SERVICE_NONE)
        tick->detail->service = naming.service;
    if (naming.inner != PROTOCOL_UNKNOWN)
        flow_decide(flow, tick->detail, TIER_SIGNATURES, naming.inner);
    if (tick->is_naming || tick->watch)
        need_watch(tick)->naming = (uint8_t)naming.state;
    if (tick->is_naming && naming.kept && !tick->watch->is_name_state)
        watch_keep_names(tick->watch, naming.kept);
}

/* Neither this direction nor the other has anything left to say. */
static void settle_bounds(struct tick *tick)
{
    const struct signatures *signatures = tick->clock->signatures;
    struct flow *flow = tick->flow;
    unsigned refined_packets = signatures->refined_packets[flow->verdict[TIER_SIGNATURES]];
    unsigned limit = refined_packets > RULE_PACKETS ? refined_packets : RULE_PACKETS;
    if (tick->is_naming && limit < SIGNATURE_NAME_PACKETS)
        limit = SIGNATURE_NAME_PACKETS;
    const struct rule_view *view = &tick->subject.view[RULE_VIEW_THIS];
    bool is_full = tick->packet->protocol == IP_TCP && view->captured_bytes >= RULE_STREAM_BYTES;
    if (tick->subject.count >= limit || is_full)
        flow->watch &= (uint8_t) ~(FLOW_WATCH_FORWARD << tick->direction);
    bool is_over = !needs_rules(tick) && !tick->is_naming;
    if (is_over || !(flow->watch & (FLOW_WATCH_FORWARD | FLOW_WATCH_BACKWARD)))
        stop_watching(tick);
}

static struct rule_view view_of_watch(const struct watch *watch, unsigned direction, bool is_tcp)
{
    uint32_t filled = watch->filled[direction];
    uint32_t packets = watch->packets[direction];
    return (struct rule_view){
        .bytes = watch->bytes[direction],
        .captured_bytes = filled,
        .length = is_tcp ? filled : watch->last_length[direction],
        .sizes = watch->sizes[direction],
        .size_count = packets < RULE_SIZES ? packets : RULE_SIZES,
        .is_there = packets > 0,
    };
}

static void set_ports(struct tick *tick)
{
    bool is_client = is_from_client(tick);
    const struct packet *packet = tick->packet;
    tick->subject.client_port = is_client ? packet->source_port : packet->destination_port;
    tick->subject.server_port = is_client ? packet->destination_port : packet->source_port;
}

static uint32_t bounded(uint32_t length)
{
    return length < RULE_STREAM_BYTES ? length : RULE_STREAM_BYTES;
}

/* The subject of a flow's first payload: there is nothing else to compare it with. */
static void open_first(struct tick *tick)
{
    const struct packet *packet = tick->packet;
    bool is_tcp = packet->protocol == IP_TCP;
    uint32_t captured = bounded(packet->payload_captured_bytes);
    tick->first_size =
        (uint16_t)(packet->payload_bytes < UINT16_MAX ? packet->payload_bytes : UINT16_MAX);
    tick->subject.count = 1;
    tick->subject.view[RULE_VIEW_THIS] = (struct rule_view){
        .bytes = packet->payload,
        .captured_bytes = captured,
        .length = is_tcp ? captured : packet->payload_bytes,
        .sizes = &tick->first_size,
        .size_count = 1,
        .is_there = true,
    };
}

/* A later datagram; the one before it is still in the watch. */
static void open_datagram(struct tick *tick)
{
    struct watch *watch = tick->watch;
    const struct packet *packet = tick->packet;
    unsigned direction = tick->direction;
    tick->subject.view[RULE_VIEW_PREV] = view_of_watch(watch, direction, false);
    tick->subject.view[RULE_VIEW_PREV].size_count = 0;
    tick->subject.view[RULE_VIEW_PEER] = view_of_watch(watch, !direction, false);
    watch_count(watch, direction, packet->payload_bytes);
    tick->subject.count = watch->packets[direction];
    struct rule_view *view = &tick->subject.view[RULE_VIEW_THIS];
    *view = view_of_watch(watch, direction, false);
    view->bytes = packet->payload;
    view->captured_bytes = bounded(packet->payload_captured_bytes);
    view->length = packet->payload_bytes;
}

/* More of a stream; false when it brought nothing that can be looked at yet. */
static bool open_stream(struct tick *tick, const struct signature_step *step)
{
    struct watch *watch = need_watch(tick);
    const struct packet *packet = tick->packet;
    unsigned direction = tick->direction;
    uint32_t sequence = packet->tcp_sequence + !!(packet->tcp_flags & TCP_SYN);
    if (!watch->has_base[direction]) {
        watch->has_base[direction] = true;
        watch->base_sequence[direction] = step->expected_sequence;
    }
    bool has_grown =
        watch_place(watch, direction, sequence, packet->payload, packet->payload_captured_bytes);
    if (step->is_data || has_grown)
        watch_count(watch, direction, packet->payload_bytes);
    tick->subject.count = watch->packets[direction];
    tick->subject.view[RULE_VIEW_THIS] = view_of_watch(watch, direction, true);
    tick->subject.view[RULE_VIEW_PEER] = view_of_watch(watch, !direction, true);
    return has_grown;
}

/* The payload that was looked at where it lay is kept for those to come. */
static void keep_first(struct tick *tick, const struct signature_step *step)
{
    struct watch *watch = need_watch(tick);
    const struct packet *packet = tick->packet;
    unsigned direction = tick->direction;
    watch_count(watch, direction, packet->payload_bytes);
    if (packet->protocol != IP_TCP)
        return;
    watch->has_base[direction] = true;
    watch->base_sequence[direction] = step->expected_sequence;
    watch_place(watch, direction, step->expected_sequence, packet->payload,
                packet->payload_captured_bytes);
}

static void keep_last(struct tick *tick)
{
    const struct packet *packet = tick->packet;
    if (!tick->watch || tick->watch->is_name_state || packet->protocol == IP_TCP ||
        !tick->clock->signatures->uses_last)
        return;
    watch_keep_last(tick->watch, tick->direction, packet->payload, packet->payload_captured_bytes,
                    packet->payload_bytes);
}

/* A flow's first payload that begins its stream is looked at where it lies. */
static bool is_first_in_place(const struct tick *tick, const struct signature_step *step)
{
    const struct packet *packet = tick->packet;
    uint32_t sequence = packet->tcp_sequence + !!(packet->tcp_flags & TCP_SYN);
    return !tick->watch && (packet->protocol != IP_TCP || sequence == step->expected_sequence);
}

static void apply_rules(struct tick *tick)
{
    struct signature_clock *clock = tick->clock;
    const struct group *group = &clock->signatures->groups[transport_of(tick->packet)];
    bool is_settled = tick->flow->watch & FLOW_WATCH_CERTAIN && !clock->recorded;
    enum group_stage stage = is_settled ? GROUP_CERTAIN : GROUP_UNDECIDED;
    tick->tally->signatures.payloads++;
    tick->tally->signatures.bytes += tick->subject.view[RULE_VIEW_THIS].captured_bytes;
    clock->payload_number++;
    find_candidates(tick, group);
    try_candidates(tick, group, &group->by_stage[(size_t)stage * group->word_count]);
    settle_hits(tick);
    decide(tick, group);
    forget_found(clock);
}

static void look(struct tick *tick, const struct signature_step *step)
{
    bool is_first = is_first_in_place(tick, step);
    bool has_payload = true;
    if (is_first)
        open_first(tick);
    else if (tick->packet->protocol == IP_TCP)
        has_payload = open_stream(tick, step);
    else
        open_datagram(tick);
    set_ports(tick);
    tick->subject.packet_bytes = tick->packet->payload_bytes;
    if (has_payload) {
        if (needs_rules(tick))
            apply_rules(tick);
        name_flow(tick);
    }
    settle_bounds(tick);
    if (is_first && tick->flow->watch & (FLOW_WATCH_FORWARD | FLOW_WATCH_BACKWARD))
        keep_first(tick, step);
    keep_last(tick);
}

static void announce(struct tick *tick)
{
    const struct rules *rules = tick->clock->signatures->rules;
    uint16_t verdict = tick->flow->verdict[TIER_SIGNATURES];
    for (unsigned i = 0; i < rules->announcement_count; i++) {
        const struct rule_announcement *announcement = &rules->announcements[i];
        struct relation_names names;
        if (announcement->announcer != verdict)
            continue;
        relation_extract(announcement->extractor, tick->packet, &names);
        tick->tally->signatures.named += names.count;
        for (unsigned k = 0; k < names.count; k++)
            tick->tally->signatures.named_lost +=
                relations_put(tick->clock->relations, &names.endpoint[k], announcement->announced,
                              tick->packet->time_ns);
    }
}

void signature_clock_begin(struct signature_clock *clock, struct flow *flow,
                           struct flow_detail *detail, const struct packet *packet,
                           struct tally *tally)
{
    flow->watch = FLOW_WATCH_FORWARD | FLOW_WATCH_BACKWARD;
    if (packet->protocol == IP_TCP && !(packet->tcp_flags & TCP_SYN))
        flow->watch |= FLOW_WATCH_UNKNOWN;
    else if (packet->protocol == IP_TCP && packet->tcp_flags & TCP_ACK)
        flow->watch |= FLOW_WATCH_REVERSED;
    uint16_t related = relations_find(clock->relations, packet);
    if (!related)
        return;
    tally->signatures.related_flows++;
    flow->watch |= FLOW_WATCH_LIKELY;
    flow_decide(flow, detail, TIER_SIGNATURES, related);
}

/* The flow's watch lost its slot to another flow's: what was seen cannot be gone on from. */
static bool find_watch(struct tick *tick)
{
    if (!(tick->flow->watch & FLOW_WATCH_HELD))
        return true;
    tick->watch = watch_find(tick->clock->pool, tick->detail->watch_slot, &tick->flow->key);
    if (!tick->watch)
        stop_watching(tick);
    return tick->watch;
}

void signature_clock_tick(struct signature_clock *clock, struct flow *flow,
                          struct flow_detail *detail, const struct packet *packet,
                          const struct signature_step *step, struct tally *tally)
{
    struct tick tick = {.clock = clock,
                        .flow = flow,
                        .detail = detail,
                        .packet = packet,
                        .tally = tally,
                        .direction = flow_direction(flow, packet)};
    unsigned direction_bit = (unsigned)FLOW_WATCH_FORWARD << tick.direction;
    bool is_readable = packet->payload_captured_bytes && packet->fragment != PACKET_FRAGMENT_LATER;
    if (flow->watch & direction_bit && !is_readable && packet->fragment == PACKET_WHOLE)
        flow->watch &= (uint8_t)~direction_bit;
    if (!is_readable)
        return;
    if (flow->watch & direction_bit && find_watch(&tick))
        look(&tick, step);
    if (flow->watch & FLOW_WATCH_ANNOUNCER)
        announce(&tick);
}

void signature_clock_end(struct signature_clock *clock, struct flow *flow,
                         const struct flow_detail *detail)
{
    if (flow->watch & FLOW_WATCH_HELD && watch_find(clock->pool, detail->watch_slot, &flow->key))
        watch_release(clock->pool, detail->watch_slot);
    flow->watch = 0;
}
