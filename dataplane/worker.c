/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop every frame goes through. */
#include "dataplane/worker.h"

/* What a worker has in hand. */
struct shift {
    const struct worker *worker;
    struct tally *tally;  /* of the interval that is being counted */
    struct tally *closed; /* of the one before, while its flows are settled; null after that */
    struct tally_losses losses; /* told so far */
    uint64_t now_ns;
    unsigned protocol_count;
    unsigned generation;
    bool was_busy; /* the last burst brought frames */
};

static void note_losses(struct shift *shift)
{
    struct tally_losses now;
    source_losses(shift->worker->source, &now);
    shift->tally->dropped.nic = now.nic - shift->losses.nic;
    shift->tally->dropped.kernel = now.kernel - shift->losses.kernel;
    shift->tally->dropped.source = now.source - shift->losses.source;
    shift->tally->dropped.forward = now.forward - shift->losses.forward;
    shift->losses = now;
}

/* Frames that the source only counted. */
static void note_shed(struct shift *shift, const struct tally_count *shed)
{
    shift->tally->seen.frames += shed->frames;
    shift->tally->seen.bytes += shed->bytes;
    shift->tally->shed.frames += shed->frames;
    shift->tally->shed.bytes += shed->bytes;
}

static void settle(struct shift *shift, uint32_t slots)
{
    if (!shift->closed || !classifier_settle(shift->worker->classifier, slots))
        return;
    mailbox_post(shift->worker->mailbox, shift->closed);
    shift->closed = NULL;
}

static struct tally *begin_tally(const struct shift *shift)
{
    struct tally *tally = mailbox_blank(shift->worker->mailbox);
    tally_resize(tally, shift->protocol_count);
    tally->generation = shift->generation;
    return tally;
}

/* Only here does knowledge change, while no frame is in hand: each interval is told by one. */
static void take_offer(struct shift *shift, uint64_t interval_ns)
{
    struct worker_offer *offer = shift->worker->offer;
    struct classifier_change *change = atomic_load_explicit(&offer->change, memory_order_acquire);
    if (!change || interval_ns < atomic_load_explicit(&offer->from_ns, memory_order_relaxed))
        return;
    classifier_change_make(shift->worker->classifier, change);
    shift->protocol_count = offer->protocol_count;
    shift->generation++;
    atomic_store_explicit(&offer->change, NULL, memory_order_release);
}

static void close_interval(struct shift *shift, uint64_t end_ns)
{
    settle(shift, UINT32_MAX);
    note_losses(shift);
    if (end_ns > shift->tally->interval_ns)
        shift->tally->end_ns = end_ns;
    classifier_close_interval(shift->worker->classifier, shift->now_ns, shift->tally);
    shift->closed = shift->tally;
    settle(shift, shift->worker->settle_slots);
    take_offer(shift, end_ns);
    shift->tally = begin_tally(shift);
}

static void finish(struct shift *shift)
{
    settle(shift, UINT32_MAX);
    if (shift->worker->is_live)
        shift->tally->end_ns = shift->now_ns;
    classifier_finish(shift->worker->classifier, shift->now_ns, shift->tally);
    note_losses(shift);
    mailbox_post(shift->worker->mailbox, shift->tally);
    mailbox_end(shift->worker->mailbox);
}

static void add(atomic_uint_least64_t *count, uint64_t more)
{
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* Time has passed since the last burst: it was spent on that one. */
static void pass_time(struct shift *shift, uint64_t now_ns)
{
    struct worker_counts *counts = shift->worker->counts;
    uint64_t passed_ns = shift->now_ns && now_ns > shift->now_ns ? now_ns - shift->now_ns : 0;
    shift->now_ns = now_ns;
    add(&counts->elapsed_ns, passed_ns);
    if (shift->was_busy)
        add(&counts->busy_ns, passed_ns);
}

static void take_burst(struct shift *shift, const struct burst *burst)
{
    struct worker_counts *counts = shift->worker->counts;
    const struct tally_count before = shift->tally->seen;
    classifier_burst(shift->worker->classifier, burst->frames, burst->count, shift->tally);
    note_shed(shift, &burst->shed);
    shift->was_busy = shift->tally->seen.frames != before.frames;
    if (!shift->was_busy)
        return;
    add(&counts->frames, shift->tally->seen.frames - before.frames);
    add(&counts->bytes, shift->tally->seen.bytes - before.bytes);
    add(&counts->shed_frames, burst->shed.frames);
    add(&counts->bursts, 1);
}

/* Told to stop, it still takes what has arrived. */
static bool is_told_to_end(const struct worker *worker)
{
    return atomic_load_explicit(worker->stop, memory_order_relaxed) &&
           !source_drain(worker->source);
}

void worker_run(const struct worker *worker)
{
    struct shift shift = {.worker = worker, .protocol_count = worker->protocol_count};
    shift.tally = begin_tally(&shift);
    bool has_begun = false;
    bool is_over = false;
    while (!is_over) {
        struct burst burst;
        source_burst(worker->source, &burst);
        if (has_begun && burst.interval_ns != shift.tally->interval_ns)
            close_interval(&shift, burst.interval_ns);
        has_begun = true;
        shift.tally->interval_ns = burst.interval_ns;
        pass_time(&shift, burst.now_ns);
        take_burst(&shift, &burst);
        source_release(worker->source, &burst);
        settle(&shift, worker->settle_slots);
        is_over = burst.is_end || is_told_to_end(worker);
    }
    finish(&shift);
}
