/* SPDX-License-Identifier: BSD-3-Clause */
/* Listens to a classifier on behalf of the units of truth. */
#include "observe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Measured before it is known which flow of a unit is the largest. */
struct listener {
    const struct captured *captured;
    struct observed *observed;
    struct observed *open; /* one for each unit, of the flow in progress */
};

static void hear_measures(void *context, const struct flow_measured *flow)
{
    struct listener *listener = context;
    uint32_t unit = captured_find(listener->captured, &flow->key);
    if (unit == CAPTURED_FOREIGN)
        return;
    struct observed *open = &listener->open[unit];
    if (open->row_count > FEATURE_CHECKPOINTS)
        return;
    open->rows[open->row_count] = (struct row){
        .packets = flow->data_packets, .checkpoint = flow->checkpoint, .is_end = flow->is_end};
    memcpy(open->values[open->row_count++], flow->values, sizeof *open->values);
}

static void hear_end(void *context, const struct flow_ended *flow)
{
    struct listener *listener = context;
    uint32_t unit = captured_find(listener->captured, &flow->key);
    if (unit == CAPTURED_FOREIGN)
        return;
    struct observed *open = &listener->open[unit];
    struct observed *observed = &listener->observed[unit];
    open->flows = observed->flows + 1;
    open->bytes = flow->bytes;
    open->ports_verdict = flow->verdict[TIER_PORTS];
    if (!observed->flows || open->bytes > observed->bytes)
        *observed = *open;
    else
        observed->flows++;
    *open = (struct observed){.flows = 0};
}

static void run_frames(struct classifier *classifier, const struct captured *copy,
                       struct tally *tally)
{
    struct frame burst[FRAME_BURST];
    uint64_t now_ns = 0;
    for (size_t i = 0; i < copy->count;) {
        unsigned count = 0;
        for (; count < FRAME_BURST && i < copy->count; i++)
            burst[count++] = copy->frames[i].frame;
        now_ns = burst[count - 1].time_ns;
        classifier_burst(classifier, burst, count, tally);
    }
    classifier_finish(classifier, now_ns, tally);
}

static int listen_to(struct listener *listener, const struct captured *copy,
                     const struct protocols *protocols, struct error *error)
{
    const struct classifier_options options = {
        .tiers = 1u << TIER_PORTS,
        .flow_count = 1 << 17,
        .timeouts = flow_timeouts_default(),
        .observer = {.tell = hear_end, .measure = hear_measures, .context = listener},
    };
    struct classifier *classifier = NULL;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(protocols), error);
    if (failure)
        return failure;
    failure = classifier_new(&classifier, &options, protocols, &listener->captured->secret, error);
    if (!failure) {
        run_frames(classifier, copy, tally);
        if (tally->flows.evicted)
            failure = error_set(error, EDOM, "too many flows at once: do not use these rows");
    }
    classifier_free(classifier);
    tally_free(tally);
    return failure;
}

int observe(struct observed *observed, const struct captured *captured, const struct captured *copy,
            const struct protocols *protocols, struct error *error)
{
    struct listener listener = {.captured = captured,
                                .observed = observed,
                                .open = calloc(captured->unit_count + 1, sizeof *listener.open)};
    if (!listener.open)
        return error_set(error, ENOMEM, "out of memory for %zu flows", captured->unit_count);
    memset(observed, 0, captured->unit_count * sizeof *observed);
    int failure = listen_to(&listener, copy, protocols, error);
    free(listener.open);
    return failure;
}
