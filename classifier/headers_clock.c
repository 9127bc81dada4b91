/* SPDX-License-Identifier: BSD-3-Clause */
/* Feeds features and asks for values at checkpoints; keeps the pool of tails. */
#include "classifier/headers_clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { TAIL_NONE = UINT32_MAX };

/* A free tail holds the number of the next free one. */
union tail_place {
    struct feature_tail tail;
    uint32_t next_free;
};

struct headers_clock {
    struct headers_options options;
    union tail_place *tails; /* room for every flow; resident once used */
    uint32_t fresh;          /* tails from this on were never used */
    uint32_t free_tail;      /* chained; TAIL_NONE ends it */
};

static size_t tails_size(const struct headers_clock *clock)
{
    return clock->options.flow_count * sizeof *clock->tails;
}

int headers_clock_new(struct headers_clock **clock, const struct headers_options *options,
                      struct error *error)
{
    struct headers_clock *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the headers tier");
    made->options = *options;
    made->free_tail = TAIL_NONE;
    void *tails = mmap(NULL, tails_size(made), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (tails == MAP_FAILED) {
        free(made);
        return error_set(error, ENOMEM, "out of memory for %llu flows: ask for fewer with --flows",
                         (unsigned long long)options->flow_count);
    }
    madvise(tails, tails_size(made), MADV_DONTDUMP);
    made->tails = tails;
    *clock = made;
    return 0;
}

void headers_clock_free(struct headers_clock *clock)
{
    if (!clock)
        return;
    explicit_bzero(clock->tails, clock->fresh * sizeof *clock->tails);
    munmap(clock->tails, tails_size(clock));
    free(clock);
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

static void look(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                 bool is_end)
{
    int16_t values[FEATURES];
    feature_read(&detail->head, tail_of(clock, flow), flow->protocol, flow->data_packets, values);
    const struct flow_measured measured = {
        .key = flow->key,
        .protocol = flow->protocol,
        .checkpoint = (uint8_t)feature_checkpoint_of(flow->data_packets),
        .data_packets = flow->data_packets,
        .is_end = is_end,
        .values = values,
    };
    clock->options.measure(clock->options.context, &measured);
}

/* Are that many data packets a checkpoint? They are powers of two from 2 on. */
static bool is_checkpoint(unsigned data_packets)
{
    return data_packets > 1 && (data_packets & (data_packets - 1)) == 0;
}

void headers_clock_tick(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail,
                        const struct packet *packet, bool is_data)
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
        look(clock, flow, detail, false);
    if (data_packets == FEATURE_LAST_PACKET)
        let_go(clock, flow);
}

void headers_clock_end(struct headers_clock *clock, struct flow *flow, struct flow_detail *detail)
{
    if (flow->data_packets > 0 && !is_checkpoint(flow->data_packets))
        look(clock, flow, detail, true);
    let_go(clock, flow);
}
