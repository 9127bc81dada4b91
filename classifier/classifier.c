/* SPDX-License-Identifier: BSD-3-Clause */
/* The way of the data inside a worker: parse, find, update, decide, tally. */
#include "classifier/classifier.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/flow_table.h"
#include "classifier/fragment_table.h"
#include "classifier/tier_ports.h"

/* When a flow's verdicts were reached, for whoever observes. */
struct reached {
    uint16_t verdict[TIERS];
    uint16_t data_packets[TIERS];
};

struct classifier {
    struct classifier_options options;
    const struct protocols *protocols;
    struct keyed_hash *hash;
    struct flow_table *table;
    struct fragment_table *fragments;
    struct signature_clock *signatures;  /* null without that tier */
    struct stochastic_clock *stochastic; /* likewise */
    struct headers_clock *headers;       /* likewise, and without anyone to hear what it measures */
    struct reached *reached;             /* by slot; null when nobody observes */
    struct policy *policy;               /* null without boxes */
    struct masker *masker;               /* null where all evidence is shown */
    uint64_t shortest_idle_ns;
    uint32_t sweep_slot; /* where the sweep goes on */
    uint8_t epoch; /* changes with every interval; flows that have another are to be settled */
    struct {
        struct tally *tally; /* null when all flows are settled */
        uint64_t now_ns;     /* when the interval ended */
        uint32_t slot;       /* those before it are settled */
    } closing;
};

static uint64_t shortest_of(const struct flow_timeouts *timeouts)
{
    uint64_t shortest_ns = timeouts->tcp_closed_ns;
    if (timeouts->tcp_ns < shortest_ns)
        shortest_ns = timeouts->tcp_ns;
    if (timeouts->udp_ns < shortest_ns)
        shortest_ns = timeouts->udp_ns;
    return timeouts->other_ns < shortest_ns ? timeouts->other_ns : shortest_ns;
}

static int start_signatures(struct signature_clock **clock,
                            const struct classifier_knowledge *knowledge, struct keyed_hash *hash,
                            struct error *error)
{
    const struct signature_options options = {.signatures = knowledge->signatures,
                                              .protocols = knowledge->protocols,
                                              .services = knowledge->services,
                                              .watch_count = SIGNATURE_WATCHES};
    return signature_clock_new(clock, &options, hash, error);
}

static int start_stochastic(struct classifier *classifier, struct error *error)
{
    const struct stochastic_options options = {.model = classifier->options.kiss_model,
                                               .method = classifier->options.kiss_method,
                                               .endpoint_count = classifier->options.endpoint_count,
                                               .flow_count = classifier->options.flow_count,
                                               .observer = classifier->options.window_observer};
    return stochastic_clock_new(&classifier->stochastic, &options, classifier->hash, error);
}

static int start_headers(struct classifier *classifier, struct error *error)
{
    const struct flow_observer *observer = &classifier->options.observer;
    const struct headers_options options = {.flow_count = classifier->options.flow_count,
                                            .model = classifier->options.headers_model,
                                            .measure = observer->measure,
                                            .context = observer->context};
    return headers_clock_new(&classifier->headers, &options, error);
}

static int start_observing(struct classifier *classifier, struct error *error)
{
    classifier->reached = calloc(classifier->options.flow_count, sizeof *classifier->reached);
    return classifier->reached ? 0 : error_set(error, ENOMEM, "out of memory for the observer");
}

static int start_masking(struct classifier *classifier, struct error *error)
{
    return masker_new(&classifier->masker, classifier->options.mask, classifier->options.flow_count,
                      classifier->hash, error);
}

int classifier_new(struct classifier **classifier, const struct classifier_options *options,
                   const struct protocols *protocols, const struct keyed_secret *secret,
                   struct error *error)
{
    struct classifier *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the classifier");
    made->options = *options;
    made->protocols = protocols;
    made->shortest_idle_ns = shortest_of(&options->timeouts);
    int failure = keyed_hash_new(&made->hash, secret, error);
    if (!failure)
        failure = flow_table_new(&made->table, options->flow_count, error);
    if (!failure)
        failure = fragment_table_new(&made->fragments, error);
    const struct classifier_knowledge knowledge = {
        .protocols = protocols, .signatures = options->signatures, .services = options->services};
    if (!failure && options->signatures)
        failure = start_signatures(&made->signatures, &knowledge, made->hash, error);
    if (!failure && options->tiers & 1u << TIER_STOCHASTIC)
        failure = start_stochastic(made, error);
    if (!failure && options->policy)
        failure = policy_new(&made->policy, options->policy, options->flow_count, protocols,
                             options->services, made->hash, error);
    if (!failure && (options->headers_model || options->observer.measure))
        failure = start_headers(made, error);
    if (!failure && options->observer.tell)
        failure = start_observing(made, error);
    if (!failure && options->mask)
        failure = start_masking(made, error);
    if (failure) {
        classifier_free(made);
        return failure;
    }
    *classifier = made;
    return 0;
}

void classifier_free(struct classifier *classifier)
{
    if (!classifier)
        return;
    signature_clock_free(classifier->signatures);
    stochastic_clock_free(classifier->stochastic);
    policy_free(classifier->policy);
    headers_clock_free(classifier->headers);
    masker_free(classifier->masker);
    free(classifier->reached);
    keyed_hash_free(classifier->hash);
    flow_table_free(classifier->table);
    fragment_table_free(classifier->fragments);
    free(classifier);
}

struct classifier_change {
    struct classifier_knowledge knowledge;
    /* To be taken; then those that were given up. */
    struct signature_clock *signatures;
    struct stochastic_mind *mind;
    struct look_cache *looks;
};

int classifier_change_new(struct classifier_change **change, const struct classifier *classifier,
                          const struct classifier_knowledge *knowledge, struct error *error)
{
    struct classifier_change *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for a change of rules");
    made->knowledge = *knowledge;
    int failure = classifier->signatures
                      ? start_signatures(&made->signatures, knowledge, classifier->hash, error)
                      : 0;
    if (!failure && classifier->stochastic)
        failure = stochastic_mind_new(&made->mind, knowledge->kiss_model, error);
    if (!failure && classifier->headers)
        failure = look_cache_new(&made->looks, knowledge->headers_model, error);
    if (failure) {
        classifier_change_free(made);
        return failure;
    }
    *change = made;
    return 0;
}

void classifier_change_make(struct classifier *classifier, struct classifier_change *change)
{
    struct signature_clock *before = classifier->signatures;
    classifier->protocols = change->knowledge.protocols;
    classifier->options.signatures = change->knowledge.signatures;
    classifier->options.services = change->knowledge.services;
    classifier->options.headers_model = change->knowledge.headers_model;
    if (classifier->headers)
        change->looks = headers_clock_change(classifier->headers, change->knowledge.headers_model,
                                             change->looks);
    classifier->options.kiss_model = change->knowledge.kiss_model;
    if (classifier->stochastic)
        change->mind = stochastic_clock_change(classifier->stochastic, change->mind);
    if (before)
        signature_clock_succeed(change->signatures, before);
    classifier->signatures = change->signatures;
    change->signatures = before;
}

void classifier_change_free(struct classifier_change *change)
{
    if (!change)
        return;
    signature_clock_free(change->signatures);
    stochastic_mind_free(change->mind);
    look_cache_free(change->looks);
    free(change);
}

/* To be called wherever a tier may have decided; does nothing unless somebody observes. */
static void note_reached(struct classifier *classifier, uint32_t slot)
{
    if (!classifier->reached)
        return;
    const struct flow *flow = flow_table_flow(classifier->table, slot);
    struct reached *reached = &classifier->reached[slot];
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (reached->verdict[tier] == flow->verdict[tier])
            continue;
        reached->verdict[tier] = flow->verdict[tier];
        reached->data_packets[tier] = flow->data_packets;
    }
}

static void tell_observer(const struct classifier *classifier, uint32_t slot, bool is_certain)
{
    const struct flow *flow = flow_table_flow(classifier->table, slot);
    const struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    struct flow_ended ended = {.key = flow->key,
                               .data_packets = flow->data_packets,
                               .is_certain = is_certain,
                               .service = detail->service,
                               .host_bit = detail->host_bit,
                               .packets = detail->reported_packets,
                               .bytes = detail->reported_bytes};
    if (classifier->options.headers_model)
        ended.headers = headers_clock_surety(flow, detail);
    if (classifier->policy)
        policy_deeds(classifier->policy, slot, ended.deeds);
    memcpy(ended.verdict, flow->verdict, sizeof ended.verdict);
    memcpy(ended.data_before, classifier->reached[slot].data_packets, sizeof ended.data_before);
    classifier->options.observer.tell(classifier->options.observer.context, &ended);
}

/* The flow's last words: to the tally, and to the observer if there is one. */
static void conclude_flow(struct classifier *classifier, uint32_t slot, enum flow_end end,
                          struct tally *tally)
{
    struct flow *flow = flow_table_flow(classifier->table, slot);
    struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    bool is_certain = flow->watch & FLOW_WATCH_CERTAIN;
    if (flow->watch)
        signature_clock_end(classifier->signatures, flow, detail);
    if (classifier->stochastic)
        stochastic_clock_end(classifier->stochastic, slot, flow, detail);
    if (classifier->masker && headers_clock_wants(flow))
        masker_end_headers(classifier->masker, classifier->headers, slot, flow, detail, tally);
    if (headers_clock_wants(flow))
        headers_clock_end(classifier->headers, flow, detail, tally);
    note_reached(classifier, slot);
    if (classifier->policy)
        policy_finish(classifier->policy, slot, flow, detail, tally);
    flow_finish(flow, detail, end, tally);
    if (classifier->options.headers_model)
        headers_clock_count(flow, detail, tally);
    if (classifier->reached)
        tell_observer(classifier, slot, is_certain);
}

static void finish_flow(struct classifier *classifier, uint32_t slot, enum flow_end end,
                        struct tally *tally)
{
    conclude_flow(classifier, slot, end, tally);
    flow_table_release(classifier->table, slot);
}

/* Has the flow nothing to report to a closed interval? */
static bool is_settled(const struct classifier *classifier, uint32_t slot)
{
    return flow_table_flow(classifier->table, slot)->epoch == classifier->epoch;
}

/* What a flow has counted belongs to the interval it was counted in: that is where it goes before
 * anything else happens to the flow. False when the flow was over by then. */
static bool settle_flow(struct classifier *classifier, uint32_t slot)
{
    struct flow *flow = flow_table_flow(classifier->table, slot);
    if (is_settled(classifier, slot))
        return true;
    flow->epoch = classifier->epoch;
    struct tally *tally = classifier->closing.tally;
    if (flow_is_idle(flow, &classifier->options.timeouts, classifier->closing.now_ns)) {
        finish_flow(classifier, slot, FLOW_ENDED, tally);
        tally->flows.active--;
        return false;
    }
    struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    if (classifier->policy)
        policy_report(classifier->policy, slot, flow, detail, tally);
    flow_report(flow, detail, tally);
    return true;
}

static void count_frame(const struct packet *packet, struct tally *tally)
{
    tally->seen.frames++;
    tally->seen.bytes += packet->wire_bytes;
    if (packet->time_ns < tally->first_ns)
        tally->first_ns = packet->time_ns;
    if (packet->time_ns > tally->last_ns)
        tally->last_ns = packet->time_ns;
    tally->truncated += packet->is_truncated;
    tally->fragments += packet->fragment != PACKET_WHOLE;
    tally->tunnels_not_entered += packet->has_unread_tunnel;
    for (uint32_t left = packet->encapsulations; left; left &= left - 1)
        tally->encapsulated[__builtin_ctz(left)]++;
}

static void add_frame(struct tally_count *count, const struct packet *packet)
{
    count->frames++;
    count->bytes += packet->wire_bytes;
}

/* A later fragment gets its first one's ports where its transport has ports at all. */
static bool resolve_fragment(struct classifier *classifier, struct packet *packet)
{
    bool needs_ports =
        packet->protocol == IP_TCP || packet->protocol == IP_UDP || packet->protocol == IP_SCTP;
    if (packet->fragment == PACKET_WHOLE || !needs_ports)
        return true;
    struct flow_key datagram = flow_key_of_datagram(classifier->hash, packet);
    if (packet->fragment == PACKET_FRAGMENT_LATER)
        return fragment_table_complete(classifier->fragments, &datagram, packet);
    fragment_table_put(classifier->fragments, &datagram, packet);
    return true;
}

/* Counts the frame; true when its packet belongs to a flow. */
static bool take_frame(struct classifier *classifier, const struct frame *frame,
                       struct packet *packet, struct tally *tally)
{
    enum packet_outcome outcome = packet_parse(frame, &classifier->options.packet, packet);
    count_frame(packet, tally);
    if (outcome == PACKET_NON_IP) {
        uint16_t id = protocols_by_number(classifier->protocols, NUMBERS_LINK, packet->link);
        add_frame(&tally->non_ip[id], packet);
        return false;
    }
    if (outcome != PACKET_FLOW) {
        add_frame(&tally->malformed[outcome], packet);
        return false;
    }
    if (resolve_fragment(classifier, packet))
        return true;
    add_frame(&tally->orphan_fragments, packet);
    return false;
}

static uint16_t host_bit_of(struct classifier *classifier, const struct packet *packet)
{
    if (!classifier->options.counts_hosts)
        return 0;
    return flow_key_of_source(classifier->hash, packet).word[0] % TALLY_HOST_BITS;
}

static uint32_t begin_flow(struct classifier *classifier, const struct flow_key *key,
                           const struct packet *packet, struct tally *tally)
{
    uint32_t slot = flow_table_place(classifier->table, key, packet->time_ns);
    if (flow_table_is_used(classifier->table, slot) && settle_flow(classifier, slot))
        finish_flow(classifier, slot, FLOW_EVICTED, tally);
    flow_table_claim(classifier->table, slot, key, packet->time_ns);
    struct flow *flow = flow_table_flow(classifier->table, slot);
    struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    flow_begin(flow, detail, packet);
    flow->epoch = classifier->epoch;
    detail->host_bit = host_bit_of(classifier, packet);
    if (classifier->reached)
        classifier->reached[slot] = (struct reached){.verdict = {PROTOCOL_UNKNOWN}};
    return slot;
}

/* The slot of the packet's flow, begun now if need be. `hint` was found before this burst began to
 * change the table. */
static uint32_t slot_of(struct classifier *classifier, const struct flow_key *key, uint32_t hint,
                        const struct packet *packet, struct tally *tally, bool *is_new)
{
    *is_new = false;
    uint32_t slot = hint;
    if (!flow_table_holds(classifier->table, slot, key))
        flow_table_find(classifier->table, key, &slot, 1);
    if (slot != FLOW_TABLE_NONE &&
        (is_settled(classifier, slot) || settle_flow(classifier, slot))) {
        const struct flow *flow = flow_table_flow(classifier->table, slot);
        if (!flow_is_idle(flow, &classifier->options.timeouts, packet->time_ns) &&
            !flow_is_reopened(flow, packet))
            return slot;
        finish_flow(classifier, slot, FLOW_ENDED, tally);
    }
    *is_new = true;
    return begin_flow(classifier, key, packet, tally);
}

/* What a flow's first packet says by its headers alone; the tiers' clocks start. */
static void decide_at_once(struct classifier *classifier, uint32_t slot,
                           const struct packet *packet, struct tally *tally)
{
    struct flow *flow = flow_table_flow(classifier->table, slot);
    struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    if (classifier->options.tiers & 1u << TIER_PORTS)
        flow_decide(flow, detail, TIER_PORTS, tier_ports_decide(classifier->protocols, packet));
    if (classifier->stochastic)
        stochastic_clock_begin(classifier->stochastic, slot, flow, detail, packet, tally);
    if (classifier->headers)
        headers_clock_begin(flow);
    if (classifier->signatures)
        signature_clock_begin(classifier->signatures, flow, detail, packet, tally);
    note_reached(classifier, slot);
}

static void tick_headers(struct classifier *classifier, uint32_t slot, const struct packet *packet,
                         bool is_data, struct tally *tally)
{
    struct flow *flow = flow_table_flow(classifier->table, slot);
    struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    if (classifier->masker)
        masker_tick_headers(classifier->masker, classifier->headers, slot, flow, detail, packet,
                            is_data, tally);
    else
        headers_clock_tick(classifier->headers, flow, detail, packet, is_data, tally);
    note_reached(classifier, slot);
}

/* Tiers are shown what a mask leaves of the packet; tables and boxes get it as it is, so that what
 * boxes do hangs on a mask by their belief alone. */
static void take_packet(struct classifier *classifier, const struct flow_key *key, uint32_t hint,
                        const struct packet *packet, struct tally *tally)
{
    bool is_new;
    uint32_t slot = slot_of(classifier, key, hint, packet, tally, &is_new);
    struct flow *flow = flow_table_flow(classifier->table, slot);
    struct signature_step step = {0};
    if (classifier->signatures)
        step.expected_sequence = flow_expected(flow, packet);
    step.is_data = flow_update(flow, packet);
    const struct packet *shown = packet;
    if (classifier->masker)
        shown = masker_show(classifier->masker, packet);
    if (!is_new)
        flow_table_touch(classifier->table, slot, packet->time_ns);
    else
        decide_at_once(classifier, slot, shown, tally);
    struct flow_detail *detail = flow_table_detail(classifier->table, slot);
    if (classifier->stochastic && stochastic_clock_wants(flow, shown, step.is_data)) {
        stochastic_clock_tick(classifier->stochastic, slot, flow, detail, shown, tally);
        note_reached(classifier, slot);
    }
    if (headers_clock_wants(flow))
        tick_headers(classifier, slot, shown, step.is_data, tally);
    bool is_watched = flow->watch && signature_is_watched(flow, flow_direction(flow, packet));
    if (is_watched && packet->payload_bytes) {
        signature_clock_tick(classifier->signatures, flow, detail, shown, &step, tally);
        note_reached(classifier, slot);
    }
    const struct policy_step now = {.slot = slot, .is_new = is_new, .was_inspected = is_watched};
    if (classifier->policy)
        policy_take(classifier->policy, flow, detail, packet, &now, tally);
}

/* A few slots a burst: a flow idle for long is found before the table comes round. */
static void sweep(struct classifier *classifier, uint64_t now_ns, struct tally *tally)
{
    enum { SLOTS_A_BURST = 16 };
    for (unsigned i = 0; i < SLOTS_A_BURST; i++) {
        if (classifier->sweep_slot >= flow_table_slots(classifier->table))
            classifier->sweep_slot = 0;
        uint32_t slot = classifier->sweep_slot++;
        if (flow_table_may_be_idle(classifier->table, slot, classifier->shortest_idle_ns, now_ns) &&
            settle_flow(classifier, slot) &&
            flow_is_idle(flow_table_flow(classifier->table, slot), &classifier->options.timeouts,
                         now_ns))
            finish_flow(classifier, slot, FLOW_ENDED, tally);
    }
}

/* The cold lines of flows that the headers tier looks at; their hot lines are here by now. */
static void prefetch_headers(const struct classifier *classifier, const uint32_t *slots,
                             unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (slots[i] == FLOW_TABLE_NONE)
            continue;
        const struct flow *flow = flow_table_flow(classifier->table, slots[i]);
        if (headers_clock_wants(flow))
            headers_clock_prefetch(classifier->headers, flow,
                                   flow_table_detail(classifier->table, slots[i]));
    }
}

void classifier_burst(struct classifier *classifier, const struct frame *frames, unsigned count,
                      struct tally *tally)
{
    assert(count <= FRAME_BURST);
    struct packet packets[FRAME_BURST];
    const struct packet *found[FRAME_BURST] = {NULL};
    struct flow_key keys[FRAME_BURST];
    uint32_t slots[FRAME_BURST];
    unsigned found_count = 0;
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(frames[i].bytes);
    for (unsigned i = 0; i < count; i++) {
        if (take_frame(classifier, &frames[i], &packets[i], tally))
            found[found_count++] = &packets[i];
    }
    flow_key_of_flows(classifier->hash, found, keys, found_count);
    flow_table_find(classifier->table, keys, slots, found_count);
    for (unsigned i = 0; classifier->policy && i < found_count; i++) {
        if (slots[i] != FLOW_TABLE_NONE)
            policy_prefetch(classifier->policy, slots[i]);
    }
    if (classifier->headers)
        prefetch_headers(classifier, slots, found_count);
    for (unsigned i = 0; i < found_count; i++)
        take_packet(classifier, &keys[i], slots[i], found[i], tally);
    if (classifier->masker)
        masker_forget(classifier->masker);
    explicit_bzero(packets, count * sizeof *packets); /* a quiet line would leave them for long */
    if (count)
        sweep(classifier, frames[count - 1].time_ns, tally);
}

void classifier_close_interval(struct classifier *classifier, uint64_t now_ns, struct tally *tally)
{
    classifier_settle(classifier, UINT32_MAX);
    tally->flows.active = flow_table_used(classifier->table);
    classifier->closing.tally = tally;
    classifier->closing.now_ns = now_ns;
    classifier->closing.slot = 0;
    classifier->epoch++;
}

bool classifier_settle(struct classifier *classifier, uint32_t slots)
{
    if (!classifier->closing.tally)
        return true;
    uint32_t left = flow_table_slots(classifier->table) - classifier->closing.slot;
    uint32_t end = classifier->closing.slot + (slots < left ? slots : left);
    for (uint32_t slot = classifier->closing.slot; slot < end; slot++) {
        if (flow_table_is_used(classifier->table, slot))
            settle_flow(classifier, slot);
    }
    classifier->closing.slot = end;
    if (slots < left)
        return false;
    classifier->closing.tally = NULL;
    return true;
}

void classifier_finish(struct classifier *classifier, uint64_t now_ns, struct tally *tally)
{
    classifier_settle(classifier, UINT32_MAX);
    uint32_t slots = flow_table_slots(classifier->table);
    for (uint32_t slot = 0; slot < slots; slot++) {
        if (!flow_table_is_used(classifier->table, slot))
            continue;
        const struct flow *flow = flow_table_flow(classifier->table, slot);
        bool is_idle = flow_is_idle(flow, &classifier->options.timeouts, now_ns);
        conclude_flow(classifier, slot, is_idle ? FLOW_ENDED : FLOW_CUT, tally);
    }
}
