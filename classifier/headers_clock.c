/* SPDX-License-Identifier: BSD-3-Clause */
/* Feeds features and asks for values at checkpoints; keeps the pool of tails. */
#include "classifier/headers_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reserved.h"

enum { TAIL_NONE = UINT32_MAX };

/* A free tail holds the number of the next free one. */
union tail_place {
    struct feature_tail tail;
    uint32_t next_free;
};

struct headers_clock {
    struct headers_options options;
    struct look_cache *cache; /* null without a model */
    union tail_place *tails;  /* room for every flow; resident once used */
    uint32_t fresh;           /* tails from this on were never used */
    uint32_t free_tail;       /* chained; TAIL_NONE ends it */
};

static size_t tails_size(const struct headers_clock *clock)
{
    return clock->options.flow_count * sizeof *clock->tails;
}

static int allocate(struct headers_clock *clock, struct error *error)
{
    clock->tails = reserved_new(tails_size(clock), false);
    if (!clock->tails)
        return error_set(error, ENOMEM, "out of memory for %llu flows: ask for fewer with --flows",
                         (unsigned long long)clock->options.flow_count);
    return clock->options.model ? look_cache_new(&clock->cache, clock->options.model, error) : 0;
}

int headers_clock_new(struct headers_clock **clock, const struct headers_options *options,
                      struct error *error)
{
    struct headers_clock *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the headers tier");
    made->options = *options;
    made->free_tail = TAIL_NONE;
    int failure = allocate(made, error);
    if (failure) {
        headers_clock_free(made);
        return failure;
    }
    *clock = made;
    return 0;
}

void headers_clock_free(struct headers_clock *clock)
{
    if (!clock)
        return;
    look_cache_free(clock->cache);
    if (clock->tails) {
        explicit_bzero(clock->tails, clock->fresh * sizeof *clock->tails);
        reserved_free(clock->tails, tails_size(clock));
    }
    free(clock);
}

struct look_cache *headers_clock_change(struct headers_clock *clock,
                                        const struct headers_model *model, struct look_cache *cache)
{
    struct look_cache *before = clock->cache;
    clock->options.model = model;
    clock->cache = cache;
    return before;
}

void headers_clock_begin(struct flow *flow)
{
    if (flow->protocol == IP_TCP || flow->protocol == IP_UDP)
        flow->headers = FLOW_HEADERS_HEAD;
}

static struct feature_tail *tail_of(const struct headers_clock *clock, const struct flow *flow)
{
    if (flow->headers < FLOW_HEADERS_TAIL)
        return NULL;
    return &clock->tails[flow->headers - FLOW_HEADERS_TAIL].tail;
}

static struct feature_tail *take_tail(struct headers_clock *clock, struct flow *flow)
{
    uint32_t taken = clock->free_tail;
    if (taken == TAIL_NONE)
        taken = clock->fresh++;
    else
        clock->free_tail = clock->tails[taken].next_free;
    flow->headers = FLOW_HEADERS_TAIL + taken;
    return &clock->tails[taken].tail;
}

/* Nothing more is wanted of the flow. */
static void let_go(struct headers_clock *clock, struct flow *flow)
{
    if (flow->headers >= FLOW_HEADERS_TAIL) {
        uint32_t given = flow->headers - FLOW_HEADERS_TAIL;
        clock->tails[given].next_free = clock->free_tail;
        clock->free_tail = given;
    }
    flow->headers = FLOW_HEADERS_DONE;
}

static void tell(const struct headers_clock *clock, const struct flow *flow, unsigned checkpoint,
                 const int16_t *values, bool is_end)
{
    const struct flow_measured measured = {.key = flow->key,
                                           .protocol = flow->protocol,
                                           .checkpoint = (uint8_t)checkpoint,
                                           .data_packets = flow->data_packets,
                                           .is_end = is_end,
                                           .values = values};
    clock->options.measure(clock->options.context, &measured);
}

static void decide(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                   unsigned checkpoint, const int16_t *values, bool is_end, struct tally *tally)
{
    const struct headers_model *model = clock->options.model;
    struct headers_look look = look_cache_look(clock->cache, checkpoint, values);
    enum headers_outcome outcome = headers_model_decide(model, checkpoint, &look, is_end);
    if (outcome == HEADERS_WAITS)
        return;
    uint16_t protocol = model->classes[look.class_index].protocol;
    headers_fit_cells(&model->checkpoints[checkpoint].conformal[look.class_index], look.score,
                      tally->headers[protocol].fit);
    if (outcome == HEADERS_DECIDES)
        flow_decide(flow, detail, TIER_HEADERS, protocol);
    let_go(clock, flow);
    detail->surety = (struct flow_surety){
        .is_known = true, .best = protocol, .confidence = look.confidence, .p_value = look.p_value};
}

static void look_at(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                    bool is_end, struct tally *tally)
{
    int16_t values[FEATURES];
    unsigned checkpoint = feature_checkpoint_of(flow->data_packets);
    feature_read(&detail->head, tail_of(clock, flow), flow->protocol, flow->data_packets, values);
    if (clock->options.measure)
        tell(clock, flow, checkpoint, values, is_end);
    else
        decide(clock, flow, detail, checkpoint, values, is_end, tally);
}

/* Are that many data packets a checkpoint? They are powers of two from 2 on. */
static bool is_checkpoint(unsigned data_packets)
{
    return data_packets > 1 && (data_packets & (data_packets - 1)) == 0;
}

void headers_clock_tick(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                        const struct packet *packet, bool is_data, struct tally *tally)
{
    unsigned direction = flow_direction(flow, packet);
    unsigned data_packets = flow->data_packets;
    if (flow->protocol == IP_TCP && data_packets <= 1u + is_data)
        feature_open(&detail->head, packet, direction);
    if (!is_data)
        return;
    if (data_packets <= FEATURE_HEAD_PACKETS) {
        feature_count(&detail->head, packet, direction, data_packets);
    } else {
        if (data_packets == FEATURE_HEAD_PACKETS + 1)
            feature_tail_begin(take_tail(clock, flow), &detail->head);
        feature_tail_count(tail_of(clock, flow), packet, direction);
    }
    if (is_checkpoint(data_packets))
        look_at(clock, flow, detail, false, tally);
    if (data_packets == FEATURE_LAST_PACKET && headers_clock_wants(flow))
        let_go(clock, flow);
}

void headers_clock_end(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                       struct tally *tally)
{
    bool was_told = clock->options.measure && is_checkpoint(flow->data_packets);
    if (flow->data_packets > 0 && !was_told)
        look_at(clock, flow, detail, true, tally);
    let_go(clock, flow);
}

static bool was_looked_at(const struct flow *flow)
{
    return flow->data_packets && (flow->protocol == IP_TCP || flow->protocol == IP_UDP);
}

struct flow_surety headers_clock_surety(const struct flow *flow, const struct flow_detail *detail)
{
    return was_looked_at(flow) ? detail->surety : (struct flow_surety){.is_known = false};
}

void headers_clock_count(const struct flow *flow, const struct flow_detail *detail,
                         struct tally *tally)
{
    if (!was_looked_at(flow))
        return;
    struct tally_headers *headers = &tally->headers[flow->verdict[TIER_HEADERS]];
    tally_headers_count(headers, detail->reported_bytes);
    headers->hosts[detail->host_bit / 64] |= (uint64_t)1 << detail->host_bit % 64;
}

void headers_clock_prefetch(const struct headers_clock *clock, const struct flow *flow,
                            const struct flow_detail *detail)
{
    __builtin_prefetch(detail, 1);
    if (flow->headers >= FLOW_HEADERS_TAIL)
        __builtin_prefetch(tail_of(clock, flow), 1);
}
