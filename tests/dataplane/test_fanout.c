/* SPDX-License-Identifier: BSD-3-Clause */
/* Dealing frames out under pressure: what a worker has no room for is counted, never lost. */
#include "dataplane/fanout.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "suites.h"

enum { BURSTS = 500, FRAMES = BURSTS * FRAME_BURST };

/* A line that never waits: bursts of frames without addresses, then the end. */
struct line {
    struct source source;
    bool is_pressed;
    atomic_uint bursts;
    uint8_t bytes[60];
};

static void line_burst(struct source *source, struct burst *burst)
{
    struct line *line = (struct line *)source;
    burst->count = line->bursts < BURSTS ? FRAME_BURST : 0;
    for (unsigned i = 0; i < burst->count; i++)
        burst->frames[i] = (struct frame){.bytes = line->bytes,
                                          .time_ns = 1,
                                          .captured_bytes = sizeof line->bytes,
                                          .wire_bytes = sizeof line->bytes,
                                          .link_type = 1};
    burst->is_pressed = line->is_pressed;
    burst->is_end = line->bursts++ >= BURSTS;
    if (burst->is_end)
        burst->shed = (struct tally_count){1, 100};
    burst->now_ns = 1;
    burst->interval_ns = 0;
}

static void line_release(struct source *source, struct burst *burst)
{
    (void)source;
    burst->count = 0;
}

static void line_losses(const struct source *source, struct tally_losses *losses)
{
    (void)source;
    *losses = (struct tally_losses){.kernel = 3};
}

static void line_close(struct source *source)
{
    (void)source;
}

static const struct source_operations line_operations = {
    .burst = line_burst, .release = line_release, .losses = line_losses, .close = line_close};

static void *run_fanout(void *argument)
{
    fanout_run(argument);
    return NULL;
}

struct dealt {
    uint64_t frames;
    struct tally_count shed;
    struct tally_losses losses;
};

/* One worker; under pressure it begins to work only when all frames have been dealt or shed. */
static struct dealt deal(bool is_pressed)
{
    static const atomic_bool never = false;
    struct line line = {.source = {&line_operations}, .is_pressed = is_pressed};
    const struct fanout_options options = {.port_count = 1, .stop = &never};
    struct fanout *fanout;
    struct dealt dealt = {.frames = 0};
    pthread_t thread;
    CU_ASSERT_EQUAL_FATAL(fanout_new(&fanout, &line.source, &options, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_fanout, fanout), 0);
    struct source *port = fanout_port(fanout, 0);
    struct burst burst = {.is_end = false};
    while (is_pressed && atomic_load(&line.bursts) <= BURSTS)
        sched_yield();
    while (!burst.is_end) {
        source_burst(port, &burst);
        dealt.frames += burst.count;
        dealt.shed.frames += burst.shed.frames;
        dealt.shed.bytes += burst.shed.bytes;
        bool is_end = burst.is_end;
        source_release(port, &burst);
        burst.is_end = is_end;
    }
    source_losses(port, &dealt.losses);
    pthread_join(thread, NULL);
    fanout_free(fanout);
    return dealt;
}

/* The last burst of the line brings one shed frame of 100 bytes of its own. */
static void waits_for_a_worker(void)
{
    struct dealt dealt = deal(false);
    CU_ASSERT_EQUAL(dealt.frames, FRAMES);
    CU_ASSERT_EQUAL(dealt.shed.frames, 1);
    CU_ASSERT_EQUAL(dealt.shed.bytes, 100);
    CU_ASSERT_EQUAL(dealt.losses.kernel, 3);
}

static void sheds_under_pressure(void)
{
    struct dealt dealt = deal(true);
    CU_ASSERT_EQUAL(dealt.frames + dealt.shed.frames, FRAMES + 1);
    CU_ASSERT(dealt.frames > 0 && dealt.shed.frames > FRAMES / 2);
    CU_ASSERT_EQUAL(dealt.shed.bytes, 60 * (dealt.shed.frames - 1) + 100);
}

CU_TestInfo fanout_tests[] = {
    {"waits for a worker that is behind", waits_for_a_worker},
    {"counts what it sheds under pressure", sheds_under_pressure},
    CU_TEST_INFO_NULL,
};
