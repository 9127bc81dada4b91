/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames are copied into batches, because the inner source lends them for one burst only; batches
 * go round between the dealing thread and one worker each. */
#include "dataplane/fanout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "dataplane/handoff.h"

enum {
    BATCHES = 16, /* per port; bounds what can be on its way to one worker */
    BATCH_BYTES = 262144 + 65536,
};

struct batch {
    struct burst burst;
    struct tally_losses losses; /* of the inner source, when the batch was sent */
    size_t used_bytes;
    uint8_t bytes[BATCH_BYTES];
};

struct port {
    struct source source;
    const struct source *inner; /* asked for what any thread may ask */
    struct handoff filled;
    struct handoff blank;
    struct batch *open;                 /* being filled; the dealing thread's */
    struct tally_count shed;            /* not yet told to the worker; likewise */
    struct tally_losses losses;         /* as last told; the worker's */
    atomic_uint_least64_t put_frames;   /* written by the dealing thread */
    atomic_uint_least64_t taken_frames; /* written by the worker */
    struct batch *batches;
};

struct fanout {
    struct source *inner;
    struct fanout_options options;
    struct tally_losses losses; /* of the inner source, at the end of the last interval */
    uint64_t seed;              /* of the address hash, odd; nobody can aim at one worker */
    unsigned port_count;        /* of those that can be freed */
    struct port *ports;
};

static void port_burst(struct source *source, struct burst *burst)
{
    struct port *port = (struct port *)source;
    struct batch *batch = handoff_take(&port->filled);
    *burst = batch->burst;
    burst->handle = batch;
    port->losses = batch->losses;
    atomic_fetch_add_explicit(&port->taken_frames, burst->count, memory_order_relaxed);
}

static void port_release(struct source *source, struct burst *burst)
{
    struct port *port = (struct port *)source;
    handoff_put(&port->blank, burst->handle);
}

/* The inner source's losses belong to no worker: the first port tells them. */
static void port_losses(const struct source *source, struct tally_losses *losses)
{
    *losses = ((const struct port *)source)->losses;
}

static bool port_kernel(const struct source *source, struct source_kernel *counts)
{
    return source_kernel(((const struct port *)source)->inner, counts);
}

static int64_t port_waiting(const struct source *source)
{
    const struct port *port = (const struct port *)source;
    uint64_t taken = atomic_load_explicit(&port->taken_frames, memory_order_relaxed);
    return (int64_t)(atomic_load_explicit(&port->put_frames, memory_order_relaxed) - taken);
}

static void port_close(struct source *source)
{
    (void)source;
}

static int port_init(struct port *port)
{
    static const struct source_operations operations = {
        .burst = port_burst,
        .release = port_release,
        .losses = port_losses,
        .waiting = port_waiting,
        .kernel = port_kernel,
        .close = port_close,
    };
    port->source.operations = &operations;
    handoff_init(&port->filled);
    handoff_init(&port->blank);
    port->batches = calloc(BATCHES, sizeof *port->batches);
    if (!port->batches)
        return -ENOMEM;
    for (unsigned i = 0; i < BATCHES; i++)
        handoff_put(&port->blank, &port->batches[i]);
    return 0;
}

int fanout_new(struct fanout **fanout, struct source *source, const struct fanout_options *options,
               struct error *error)
{
    struct fanout *made = calloc(1, sizeof *made);
    if (!made) {
        source_close(source);
        goto fail;
    }
    made->inner = source;
    made->options = *options;
    if (getrandom(&made->seed, sizeof made->seed, 0) != (ssize_t)sizeof made->seed)
        goto fail;
    made->seed |= 1;
    made->ports = calloc(options->port_count, sizeof *made->ports);
    if (!made->ports)
        goto fail;
    made->port_count = options->port_count;
    for (unsigned i = 0; i < options->port_count; i++) {
        if (port_init(&made->ports[i]))
            goto fail;
        made->ports[i].inner = source;
    }
    *fanout = made;
    return 0;
fail:
    fanout_free(made);
    return error_set(error, ENOMEM, "out of memory for dealing frames to %u workers",
                     options->port_count);
}

void fanout_free(struct fanout *fanout)
{
    if (!fanout)
        return;
    source_close(fanout->inner);
    for (unsigned i = 0; fanout->ports && i < fanout->port_count; i++) {
        struct port *port = &fanout->ports[i];
        handoff_destroy(&port->filled);
        handoff_destroy(&port->blank);
        if (port->batches)
            explicit_bzero(port->batches, BATCHES * sizeof *port->batches);
        free(port->batches);
    }
    free(fanout->ports);
    free(fanout);
}

struct source *fanout_port(struct fanout *fanout, unsigned port)
{
    return &fanout->ports[port].source;
}

/* Symmetric in the two addresses. Frames without any go to the first worker. */
static unsigned port_of(const struct fanout *fanout, const struct frame *frame)
{
    struct packet packet;
    if (packet_parse(frame, &fanout->options.packet, &packet) != PACKET_FLOW)
        return 0;
    uint64_t source[2];
    uint64_t destination[2];
    memcpy(source, packet.source, sizeof source);
    memcpy(destination, packet.destination, sizeof destination);
    uint64_t mixed = (source[0] ^ destination[0]) * fanout->seed;
    mixed = (mixed ^ mixed >> 32 ^ source[1] ^ destination[1]) * fanout->seed;
    mixed ^= mixed >> 29;
    mixed *= fanout->seed;
    return (unsigned)((mixed >> 32) * fanout->port_count >> 32);
}

/* The batch to fill; null when the worker has them all and `waits` is false. */
static struct batch *open_batch(struct port *port, bool waits)
{
    if (port->open)
        return port->open;
    port->open = waits ? handoff_take(&port->blank) : handoff_try(&port->blank);
    if (port->open) {
        port->open->burst.count = 0;
        port->open->used_bytes = 0;
    }
    return port->open;
}

/* Sends what is open, be it empty, stamped with the inner source's time. */
static void send(struct fanout *fanout, unsigned port_index, const struct burst *state, bool waits)
{
    struct port *port = &fanout->ports[port_index];
    struct batch *batch = open_batch(port, waits);
    if (!batch)
        return;
    batch->burst.now_ns = state->now_ns;
    batch->burst.interval_ns = state->interval_ns;
    batch->burst.is_end = state->is_end;
    batch->burst.shed = port->shed;
    batch->losses = port_index ? (struct tally_losses){0} : fanout->losses;
    port->shed = (struct tally_count){0, 0};
    port->open = NULL;
    atomic_fetch_add_explicit(&port->put_frames, batch->burst.count, memory_order_relaxed);
    handoff_put(&port->filled, batch);
}

static void send_all(struct fanout *fanout, const struct burst *state, bool waits)
{
    for (unsigned i = 0; i < fanout->port_count; i++)
        send(fanout, i, state, waits);
}

/* An interval's last word, everyone's at once. */
static void send_end(struct fanout *fanout, const struct burst *state)
{
    source_losses(fanout->inner, &fanout->losses);
    send_all(fanout, state, true);
}

static bool has_room(const struct batch *batch, const struct frame *frame)
{
    return batch->burst.count < FRAME_BURST &&
           frame->captured_bytes <= BATCH_BYTES - batch->used_bytes;
}

static void deal(struct fanout *fanout, const struct frame *frame, const struct burst *state)
{
    unsigned port_index = port_of(fanout, frame);
    struct port *port = &fanout->ports[port_index];
    bool waits = !state->is_pressed;
    if (port->open && !has_room(port->open, frame))
        send(fanout, port_index, state, waits);
    struct batch *batch = open_batch(port, waits);
    if (!batch) {
        port->shed.frames++;
        port->shed.bytes += frame->wire_bytes;
        return;
    }
    uint8_t *kept = batch->bytes + batch->used_bytes;
    memcpy(kept, frame->bytes, frame->captured_bytes);
    batch->used_bytes += frame->captured_bytes;
    struct frame *dealt = &batch->burst.frames[batch->burst.count++];
    *dealt = *frame;
    dealt->bytes = kept;
}

/* What the inner source could only count belongs to no flow, and so to no worker. */
static void note_shed(struct fanout *fanout, const struct tally_count *shed)
{
    fanout->ports[0].shed.frames += shed->frames;
    fanout->ports[0].shed.bytes += shed->bytes;
}

/* Told to stop, it still deals out what has arrived. */
static bool is_told_to_end(const struct fanout *fanout)
{
    return atomic_load_explicit(fanout->options.stop, memory_order_relaxed) &&
           !source_drain(fanout->inner);
}

void fanout_run(struct fanout *fanout)
{
    struct burst state = {.interval_ns = 0};
    bool has_begun = false;
    while (!state.is_end) {
        struct burst burst;
        source_burst(fanout->inner, &burst);
        if (has_begun && burst.interval_ns != state.interval_ns)
            send_end(fanout, &state);
        has_begun = true;
        state.interval_ns = burst.interval_ns;
        state.is_pressed = burst.is_pressed;
        for (unsigned i = 0; i < burst.count; i++) {
            state.now_ns = burst.frames[i].time_ns;
            deal(fanout, &burst.frames[i], &state);
        }
        note_shed(fanout, &burst.shed);
        bool is_idle = burst.count == 0;
        state.now_ns = burst.now_ns;
        state.is_end = burst.is_end || is_told_to_end(fanout);
        source_release(fanout->inner, &burst);
        if (is_idle && !state.is_end)
            send_all(fanout, &state, true);
    }
    send_end(fanout, &state);
}
