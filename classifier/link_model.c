/* SPDX-License-Identifier: BSD-3-Clause */
/* Serves what has waited, then places a packet. */
#include "link_model.h"

#include <string.h>

#include "token_bucket.h"

static void serve_strict(struct link_model *model, const struct box_link *link, uint64_t service)
{
    for (unsigned queue = 0; queue < link->queue_count && service; queue++) {
        uint64_t served = service < model->backlog[queue] ? service : model->backlog[queue];
        model->backlog[queue] -= served;
        model->held -= served;
        service -= served;
    }
}

/* Weights of the queues that hold something. */
static uint64_t weigh(const struct link_model *model, const struct box_link *link)
{
    uint64_t weights = 0;
    for (unsigned queue = 0; queue < link->queue_count; queue++) {
        if (model->backlog[queue])
            weights += link->weight[queue];
    }
    return weights;
}

/* Each round either empties a queue, whose rest goes to the others in the next, or ends it. What
 * rounding leaves over is less than a bit times a nanosecond a queue. */
static void serve_weighted(struct link_model *model, const struct box_link *link, uint64_t service)
{
    for (unsigned round = 0; round < link->queue_count; round++) {
        uint64_t weights = weigh(model, link);
        if (!weights || !service)
            return;
        uint64_t used = 0;
        for (unsigned queue = 0; queue < link->queue_count; queue++) {
            uint64_t weight = link->weight[queue];
            uint64_t share = service / weights * weight + service % weights * weight / weights;
            uint64_t served = share < model->backlog[queue] ? share : model->backlog[queue];
            model->backlog[queue] -= served;
            used += served;
        }
        service -= used;
        model->held -= used;
    }
}

static void serve(struct link_model *model, const struct box_link *link, uint64_t now_ns)
{
    bool is_anew = !model->last_ns || now_ns + tokens_late_ns < model->last_ns;
    if (!is_anew && now_ns <= model->last_ns)
        return;
    uint64_t service;
    if (is_anew || __builtin_mul_overflow(now_ns - model->last_ns, link->capacity_bits, &service))
        service = UINT64_MAX;
    model->last_ns = now_ns;
    model->single -= service < model->single ? service : model->single;
    if (service >= model->held) {
        memset(model->backlog, 0, sizeof model->backlog);
        model->held = 0;
    } else if (link->is_weighted) {
        serve_weighted(model, link, service);
    } else {
        serve_strict(model, link, service);
    }
}

static uint64_t wait_of(const struct link_model *model, const struct box_link *link, unsigned queue)
{
    uint64_t before = 0;
    if (link->is_weighted) {
        uint64_t weights = link->weight[queue];
        for (unsigned other = 0; other < link->queue_count; other++) {
            if (other != queue && model->backlog[other])
                weights += link->weight[other];
        }
        return model->backlog[queue] / link->capacity_bits * weights / link->weight[queue];
    }
    for (unsigned level = 0; level <= queue; level++)
        before += model->backlog[level];
    return before / link->capacity_bits;
}

bool link_model_put(struct link_model *model, const struct box_link *link, uint64_t now_ns,
                    unsigned queue, uint32_t bytes, struct link_fate *single,
                    struct link_fate *queued)
{
    serve(model, link, now_ns);
    uint64_t tokens = bytes * tokens_a_byte;
    uint64_t room = link->capacity_bits * link->queue_ns;
    bool was_busy = model->single || model->held;
    *single = (struct link_fate){.is_lost = model->single + tokens > room};
    *queued = (struct link_fate){.is_lost = model->backlog[queue] + tokens > room};
    if (was_busy) {
        single->wait_ns = model->single / link->capacity_bits;
        queued->wait_ns = wait_of(model, link, queue);
    }
    if (!single->is_lost)
        model->single += tokens;
    if (!queued->is_lost) {
        model->backlog[queue] += tokens;
        model->held += tokens;
    }
    return was_busy || single->is_lost;
}
