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
    struct handoff filled;
    struct handoff blank;
    struct batch *open;         /* being filled; the dealing thread's */
    struct tally_losses losses; /* as last told; the worker's */
    struct batch *batches;
};

struct fanout {
    struct source *inner;
    struct packet_options options;
    const atomic_bool *stop;
    uint64_t seed; /* of the address hash, odd; nobody can aim at one worker */
    unsigned port_count;
    struct port *ports;
};

static void port_burst(struct source *source, struct burst *burst)
{
    struct port *port = (struct port *)source;
    struct batch *batch = handoff_take(&port->filled);
    *burst = batch->burst;
    burst->handle = batch;
    port->losses = batch->losses;
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

int fanout_new(struct fanout **fanout, struct source *source, unsigned port_count,
               const struct packet_options *options, const atomic_bool *stop, struct error *error)
{
    struct fanout *made = calloc(1, sizeof *made);
    if (!made) {
        source_close(source);
        goto fail;
    }
    made->inner = source;
    made->options = *options;
    made->stop = stop;
    if (getrandom(&made->seed, sizeof made->seed, 0) != (ssize_t)sizeof made->seed)
        goto fail;
    made->seed |= 1;
    made->ports = calloc(port_count, sizeof *made->ports);
    if (!made->ports)
        goto fail;
    made->port_count = port_count;
    for (unsigned i = 0; i < port_count; i++) {
        if (port_init(&made->ports[i]))
            goto fail;
    }
    *fanout = made;
    return 0;
fail:
    fanout_free(made);
    return error_set(error, ENOMEM, "out of memory for dealing frames to %u workers", port_count);
}

void fanout_free(struct fanout *fanout)
{
    if (!fanout)
        return;
    source_close(fanout->inner);
    for (unsigned i = 0; i < fanout->port_count; i++) {
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
    if (packet_parse(frame, &fanout->options, &packet) != PACKET_FLOW)
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

static struct batch *open_batch(struct port *port)
{
    if (!port->open) {
        port->open = handoff_take(&port->blank);
        port->open->burst.count = 0;
        port->open->burst.is_end = false;
        port->open->used_bytes = 0;
    }
    return port->open;
}

/* Sends what is open, be it empty, stamped with the inner source's time. */
static void send(struct fanout *fanout, unsigned port_index, const struct burst *state)
{
    struct port *port = &fanout->ports[port_index];
    struct batch *batch = open_batch(port);
    batch->burst.now_ns = state->now_ns;
    batch->burst.interval_ns = state->interval_ns;
    batch->burst.is_end = state->is_end;
    batch->losses = (struct tally_losses){0};
    if (port_index == 0)
        source_losses(fanout->inner, &batch->losses);
    port->open = NULL;
    handoff_put(&port->filled, batch);
}

static void send_all(struct fanout *fanout, const struct burst *state)
{
    for (unsigned i = 0; i < fanout->port_count; i++)
        send(fanout, i, state);
}

static void deal(struct fanout *fanout, const struct frame *frame, const struct burst *state)
{
    unsigned port_index = port_of(fanout, frame);
    struct batch *batch = open_batch(&fanout->ports[port_index]);
    if (batch->burst.count == FRAME_BURST ||
        frame->captured_bytes > BATCH_BYTES - batch->used_bytes) {
        send(fanout, port_index, state);
        batch = open_batch(&fanout->ports[port_index]);
    }
    uint8_t *kept = batch->bytes + batch->used_bytes;
    memcpy(kept, frame->bytes, frame->captured_bytes);
    batch->used_bytes += frame->captured_bytes;
    struct frame *dealt = &batch->burst.frames[batch->burst.count++];
    *dealt = *frame;
    dealt->bytes = kept;
}

void fanout_run(struct fanout *fanout)
{
    struct burst state = {.interval_ns = 0};
    bool has_begun = false;
    while (!state.is_end) {
        struct burst burst;
        source_burst(fanout->inner, &burst);
        if (has_begun && burst.interval_ns != state.interval_ns)
            send_all(fanout, &state); /* the old interval's last word, everyone's at once */
        has_begun = true;
        state.interval_ns = burst.interval_ns;
        for (unsigned i = 0; i < burst.count; i++) {
            state.now_ns = burst.frames[i].time_ns;
            deal(fanout, &burst.frames[i], &state);
        }
        bool is_idle = burst.count == 0;
        state.now_ns = burst.now_ns;
        state.is_end = burst.is_end || atomic_load_explicit(fanout->stop, memory_order_relaxed);
        source_release(fanout->inner, &burst);
        if (is_idle && !state.is_end)
            send_all(fanout, &state);
    }
    send_all(fanout, &state);
}
