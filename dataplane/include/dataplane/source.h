/* SPDX-License-Identifier: BSD-3-Clause */
/* Where frames come from. A source belongs to one worker thread; it alone reads a clock (or,
 * offline, the capture's) and so it alone says when an interval is over. */
#ifndef DATAPLANE_SOURCE_H
#define DATAPLANE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/frame.h"
#include "classifier/tally.h"

/* What one call brings. Frames are borrowed until the burst is released, and all of one interval.
 */
struct burst {
    struct frame frames[FRAME_BURST];
    unsigned count;
    struct tally_count shed; /* frames that came beside these, counted instead of handed over */
    uint64_t now_ns;         /* the source's time after the last frame */
    uint64_t interval_ns; /* start of the interval all this belongs to; 0 when there is but one */
    bool is_end;          /* nothing will follow */
    bool is_pressed;      /* more is waiting than can wait for long: better shed than lose */
    void *handle;         /* the source's own, between burst and release */
};

/* What a program in the kernel, in front of the source, has counted since the source was opened. */
struct source_kernel {
    uint64_t seen_frames;
    uint64_t seen_bytes;     /* on the wire */
    uint64_t handed_frames;  /* of those, to the source's sockets: fetched, waiting or lost there */
    uint64_t left_frames;    /* of those, left to the kernel: nobody listens to their queue */
    uint64_t dropped_frames; /* of those, lost before the source: by the program, or for want of
                                room in the sockets */
};

struct source;

struct source_operations {
    void (*burst)(struct source *source, struct burst *burst);
    void (*release)(struct source *source, struct burst *burst);
    void (*losses)(const struct source *source, struct tally_losses *losses);
    bool (*drain)(struct source *source); /* may be null: what waits is left where it is */
    int64_t (*waiting)(const struct source *source); /* may be null: it is not known */
    /* may be null: there is no such program */
    bool (*kernel)(const struct source *source, struct source_kernel *counts);
    void (*close)(struct source *source);
};

/* The first member of every implementation. */
struct source {
    const struct source_operations *operations;
};

/* Fills `burst`; no frame and no end means that there is nothing just now. Hot: cannot fail. What
 * goes wrong on the way is told to the complaint function that the source was opened with. */
static inline void source_burst(struct source *source, struct burst *burst)
{
    burst->shed = (struct tally_count){0, 0};
    burst->is_pressed = false;
    source->operations->burst(source, burst);
}

/* Gives the frames back. */
static inline void source_release(struct source *source, struct burst *burst)
{
    source->operations->release(source, burst);
}

/* Frames lost before the source could hand them over, since it was opened. */
static inline void source_losses(const struct source *source, struct tally_losses *losses)
{
    source->operations->losses(source, losses);
}

/* From now on nothing more is taken in; what has arrived by now is still handed over, and then the
 * end. False when the source does no such thing and can be left at once. May be called again. */
static inline bool source_drain(struct source *source)
{
    return source->operations->drain && source->operations->drain(source);
}

/* About how many frames have arrived and were not fetched yet; negative where that is not known.
 * Any thread may ask. */
static inline int64_t source_waiting(const struct source *source)
{
    return source->operations->waiting ? source->operations->waiting(source) : -1;
}

/* False, and nothing counted, where no program in the kernel counts. Any thread may ask. */
static inline bool source_kernel(const struct source *source, struct source_kernel *counts)
{
    *counts = (struct source_kernel){0};
    return source->operations->kernel && source->operations->kernel(source, counts);
}

/* Null is fine. */
static inline void source_close(struct source *source)
{
    if (source)
        source->operations->close(source);
}

/* Told what went wrong with which input: file or device names and reasons, never traffic. Called in
 * the source's thread. */
struct complaint {
    void (*tell)(void *context, const char *input, const char *text);
    void *context;
};

#endif
