/* SPDX-License-Identifier: BSD-3-Clause */
/* One packet's two endpoints: window, decision, verdict. */
#include "classifier/stochastic_clock.h"

#include <errno.h>
#include <stdlib.h>

#include "reserved.h"

enum { STRENGTH_MOST = 7, NO_SLOT = UINT32_MAX };

/* Where a flow's endpoints were found last: of its first packet's source, and its destination. Kept
 * beside the flow table, so that a packet of a known flow needs no hash of its addresses. */
struct ends {
    uint32_t slot[2];
    uint32_t check[2];
};

struct stochastic_mind {
    const struct kiss_model *model;
    struct kiss_scratch *scratch;
};

struct stochastic_clock {
    struct stochastic_options options; /* but for the model, which can change */
    struct keyed_hash *hash;
    struct endpoint_table *table;
    struct stochastic_mind *mind; /* null without a model */
    struct ends *ends;            /* [options.flow_count] */
};

static size_t ends_size(const struct stochastic_clock *clock)
{
    return clock->options.flow_count * sizeof *clock->ends;
}

/* Reserved at once, resident as flows come. */
static int reserve_ends(struct stochastic_clock *clock, struct error *error)
{
    clock->ends = reserved_new(ends_size(clock), false);
    return clock->ends ? 0 : error_set(error, ENOMEM, "out of memory for the stochastic tier");
}

int stochastic_mind_new(struct stochastic_mind **mind, const struct kiss_model *model,
                        struct error *error)
{
    struct stochastic_mind *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the stochastic tier");
    made->model = model;
    int failure = kiss_scratch_new(&made->scratch, model, error);
    if (failure) {
        stochastic_mind_free(made);
        return failure;
    }
    *mind = made;
    return 0;
}

void stochastic_mind_free(struct stochastic_mind *mind)
{
    if (!mind)
        return;
    kiss_scratch_free(mind->scratch);
    free(mind);
}

struct stochastic_mind *stochastic_clock_change(struct stochastic_clock *clock,
                                                struct stochastic_mind *mind)
{
    struct stochastic_mind *before = clock->mind;
    clock->mind = mind;
    return before;
}

int stochastic_clock_new(struct stochastic_clock **clock, const struct stochastic_options *options,
                         struct keyed_hash *hash, struct error *error)
{
    struct stochastic_clock *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the stochastic tier");
    made->options = *options;
    made->hash = hash;
    int failure = endpoint_table_new(&made->table, options->endpoint_count, error);
    if (!failure && options->model)
        failure = stochastic_mind_new(&made->mind, options->model, error);
    if (!failure)
        failure = reserve_ends(made, error);
    if (failure) {
        stochastic_clock_free(made);
        return failure;
    }
    *clock = made;
    return 0;
}

void stochastic_clock_free(struct stochastic_clock *clock)
{
    if (!clock)
        return;
    endpoint_table_free(clock->table);
    stochastic_mind_free(clock->mind);
    reserved_free(clock->ends, ends_size(clock));
    free(clock);
}

/* Finds or makes the endpoint that `packet` came from or goes to, as the flow's end number `end`.
 */
static struct endpoint *take_endpoint(struct stochastic_clock *clock, struct ends *ends,
                                      unsigned end, const struct packet *packet, bool is_source,
                                      struct tally *tally)
{
    struct flow_key key = flow_key_of_endpoint(
        clock->hash, packet->ip_version, is_source ? packet->source : packet->destination,
        is_source ? packet->source_port : packet->destination_port, packet->protocol);
    uint32_t slot;
    enum endpoint_outcome outcome = endpoint_table_take(clock->table, &key, packet->time_ns, &slot);
    tally->stochastic.endpoints += outcome != ENDPOINT_FOUND;
    tally->stochastic.evicted += outcome == ENDPOINT_EVICTED;
    ends->slot[end] = slot;
    ends->check[end] = endpoint_check(&key);
    return endpoint_table_at(clock->table, slot);
}

/* The endpoint known for that end; null when there is none or it had to go since. */
static struct endpoint *known_endpoint(struct stochastic_clock *clock, const struct ends *ends,
                                       unsigned end, uint64_t now_ns)
{
    return endpoint_table_touch(clock->table, ends->slot[end], ends->check[end], now_ns);
}

void stochastic_note_word(struct endpoint *endpoint, uint16_t word)
{
    if (endpoint->strength && word == endpoint->verdict) {
        if (endpoint->strength < STRENGTH_MOST)
            endpoint->strength++;
    } else if (endpoint->strength > 1) {
        endpoint->strength--;
        return;
    } else {
        endpoint->verdict = word;
        endpoint->strength = 1;
    }
}

static void decide(struct stochastic_clock *clock, struct endpoint *endpoint,
                   enum kiss_transport transport, struct tally *tally)
{
    struct window_filled window = {.endpoint = endpoint->key, .transport = transport};
    kiss_read(&endpoint->kiss, &window.signature);
    kiss_restart(&endpoint->kiss);
    tally->stochastic.windows++;
    if (clock->options.observer.tell)
        clock->options.observer.tell(clock->options.observer.context, &window);
    const struct stochastic_mind *mind = clock->mind;
    if (!mind || !mind->model->machine[transport].class_count)
        return;
    struct kiss_decision decision = kiss_decide(&mind->model->machine[transport], &window.signature,
                                                clock->options.method, mind->scratch);
    tally->stochastic.rejected += decision.protocol == PROTOCOL_UNKNOWN;
    stochastic_note_word(endpoint, decision.protocol);
    if (!clock->options.observer.tell)
        endpoint->rest = (uint16_t)(KISS_WINDOW * ((1u << (endpoint->strength - 1)) - 1));
}

static void count_payload(struct stochastic_clock *clock, struct endpoint *endpoint,
                          const struct packet *packet, struct tally *tally)
{
    if (endpoint->rest) {
        endpoint->rest--;
        return;
    }
    if (kiss_update(&endpoint->kiss, packet->payload))
        decide(clock, endpoint, packet->protocol == IP_TCP ? KISS_TCP : KISS_UDP, tally);
}

/* Is there anything to learn from this transport's windows? */
static bool is_asked(const struct stochastic_clock *clock, uint8_t protocol)
{
    if (clock->options.observer.tell)
        return true;
    enum kiss_transport transport = protocol == IP_TCP ? KISS_TCP : KISS_UDP;
    return clock->mind->model->machine[transport].class_count;
}

/* Of two endpoints that were both called something, the one of more agreeing windows has its way;
 * of equals, the called one. */
static void call_flow(struct flow *flow, struct flow_detail *detail,
                      const struct endpoint *const endpoints[2])
{
    const struct endpoint *best = NULL;
    for (unsigned end = 2; end-- > 0;) {
        const struct endpoint *endpoint = endpoints[end];
        if (endpoint && endpoint->verdict != PROTOCOL_UNKNOWN &&
            (!best || endpoint->strength > best->strength))
            best = endpoint;
    }
    if (best)
        flow_decide(flow, detail, TIER_STOCHASTIC, best->verdict);
}

/* Which of a connection's first packet's ends was called; -1 when its opening was not seen. */
static int called_end(const struct packet *packet)
{
    if (!(packet->tcp_flags & TCP_SYN))
        return -1;
    return packet->tcp_flags & TCP_ACK ? 0 : 1;
}

void stochastic_clock_begin(struct stochastic_clock *clock, uint32_t slot, struct flow *flow,
                            struct flow_detail *detail, const struct packet *packet,
                            struct tally *tally)
{
    struct ends *ends = &clock->ends[slot];
    *ends = (struct ends){.slot = {NO_SLOT, NO_SLOT}};
    if (!packet->has_ports || (packet->protocol != IP_UDP && packet->protocol != IP_TCP) ||
        !is_asked(clock, packet->protocol))
        return;
    int called = packet->protocol == IP_TCP ? called_end(packet) : -1;
    const struct endpoint *endpoints[2] = {NULL, NULL};
    for (unsigned end = 0; end < 2; end++) {
        if (packet->protocol == IP_UDP || (int)end == called)
            endpoints[end] = take_endpoint(clock, ends, end, packet, end == 0, tally);
    }
    call_flow(flow, detail, endpoints);
}

void stochastic_clock_tick(struct stochastic_clock *clock, uint32_t slot, struct flow *flow,
                           struct flow_detail *detail, const struct packet *packet,
                           struct tally *tally)
{
    struct ends *ends = &clock->ends[slot];
    struct endpoint *endpoints[2] = {NULL, NULL};
    unsigned direction = flow_direction(flow, packet);
    for (unsigned end = 0; end < 2; end++) {
        if (ends->slot[end] == NO_SLOT)
            continue;
        endpoints[end] = known_endpoint(clock, ends, end, packet->time_ns);
        if (!endpoints[end])
            endpoints[end] = take_endpoint(clock, ends, end, packet, end == direction, tally);
        count_payload(clock, endpoints[end], packet, tally);
    }
    call_flow(flow, detail, (const struct endpoint *const *)endpoints);
}

void stochastic_clock_end(struct stochastic_clock *clock, uint32_t slot, struct flow *flow,
                          struct flow_detail *detail)
{
    const struct ends *ends = &clock->ends[slot];
    const struct endpoint *endpoints[2];
    for (unsigned end = 0; end < 2; end++)
        endpoints[end] = endpoint_table_peek(clock->table, ends->slot[end], ends->check[end]);
    call_flow(flow, detail, endpoints);
}
