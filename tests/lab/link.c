/* SPDX-License-Identifier: BSD-3-Clause */
/* An access line between two tap interfaces: rate, delay, jitter, bursty loss and a queue of
 * limited length for each direction. It never reorders, duplicates or alters a frame.
 *
 *   link UP_INTERFACE DOWN_INTERFACE [seed N] up KEY VALUE ... down KEY VALUE ...
 *
 * Both interfaces are made here and last as long as this program; who started it moves them to the
 * namespaces they belong to. "up" is from UP_INTERFACE to DOWN_INTERFACE. Keys:
 *
 *   rate-mbit      of frames without preamble and checksum; required
 *   delay-ms       one way, besides queueing and sending; jitter-ms: its standard deviation
 *   loss-percent   mean share of frames lost; burst-frames: mean length of a run of losses
 *   queue-ms       how long the queue may get, in time to send it; default 100
 *
 * A frame waits in the queue until the line is free, is sent at the rate, and arrives the delay
 * later. Losses follow Gilbert's model: a good state without losses and a bad state that loses
 * everything. Jitter is a first-order autoregressive process in time, since what delays one frame
 * on a real line delays its neighbours too. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_BYTES = 2048,
    FRAMES_IN_FLIGHT = 16384, /* a power of two; more would be lost and counted */
    FRAMES_PER_TURN = 64,     /* read from one side before the other gets its turn */
};

static const double JITTER_MEMORY_NS = 20e6; /* how long what delays one frame delays others */

struct frame {
    int64_t due_ns;
    size_t bytes;
    uint8_t data[FRAME_BYTES];
};

struct way {
    const char *name;
    int from, to;

    double rate_mbit, delay_ms, jitter_ms, loss_percent, burst_frames, queue_ms;

    uint64_t random;
    bool losing;          /* Gilbert's bad state */
    double drift;         /* jitter in standard deviations */
    int64_t drift_ns;     /* when it was last looked at */
    int64_t line_free_ns; /* when the last frame will have been sent */
    int64_t last_due_ns;

    struct frame *flight; /* ring: the frames between tail and head are under way */
    unsigned head, tail;

    uint64_t frames_in, frames_out, frames_lost, frames_overflowed;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Uniform in [0, 1): splitmix64 (Steele, Lea, Flood, 2014). */
static double random_uniform(struct way *way)
{
    uint64_t z = way->random += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    z ^= z >> 31;
    return (double)(z >> 11) * 0x1p-53;
}

/* Standard normal, as the sum of twelve uniforms: never further out than six deviations. */
static double random_normal(struct way *way)
{
    double sum = -6;
    for (int i = 0; i < 12; i++)
        sum += random_uniform(way);
    return sum;
}

static bool way_loses(struct way *way)
{
    double loss = way->loss_percent / 100;
    double leave = 1 / way->burst_frames;
    double enter = loss >= 1 ? 1 : leave * loss / (1 - loss);
    way->losing = random_uniform(way) < (way->losing ? 1 - leave : enter);
    return way->losing;
}

static double way_delay_ns(struct way *way, int64_t at_ns)
{
    double keep = exp(-(double)(at_ns - way->drift_ns) / JITTER_MEMORY_NS);
    way->drift = keep * way->drift + sqrt(1 - keep * keep) * random_normal(way);
    way->drift_ns = at_ns;
    double delay_ms = way->delay_ms + way->jitter_ms * way->drift;
    return delay_ms > 0 ? delay_ms * 1e6 : 0;
}

/* Takes the frame at the ring's head on its way, or forgets it. */
static void way_send(struct way *way, size_t bytes, int64_t at_ns)
{
    way->frames_in++;
    int64_t start_ns = way->line_free_ns > at_ns ? way->line_free_ns : at_ns;
    bool full = (double)(start_ns - at_ns) > way->queue_ms * 1e6 ||
                way->head - way->tail == FRAMES_IN_FLIGHT - 1;
    if (full) {
        way->frames_overflowed++;
        return;
    }
    way->line_free_ns = start_ns + (int64_t)((double)bytes * 8e3 / way->rate_mbit);
    int64_t due_ns = way->line_free_ns + (int64_t)way_delay_ns(way, way->line_free_ns);
    if (way_loses(way)) {
        way->frames_lost++;
        return;
    }
    if (due_ns < way->last_due_ns)
        due_ns = way->last_due_ns;
    way->last_due_ns = due_ns;
    struct frame *frame = &way->flight[way->head++ % FRAMES_IN_FLIGHT];
    frame->due_ns = due_ns;
    frame->bytes = bytes;
}

static void way_take(struct way *way)
{
    for (int i = 0; i < FRAMES_PER_TURN; i++) {
        struct frame *frame = &way->flight[way->head % FRAMES_IN_FLIGHT];
        ssize_t bytes = read(way->from, frame->data, sizeof(frame->data));
        if (bytes <= 0)
            return;
        way_send(way, (size_t)bytes, now_ns());
    }
}

/* Delivers what is due. Returns when the next frame is, or INT64_MAX. A frame the other side cannot
 * take, because its interface is down, is gone as it would be on a real line. */
static int64_t way_deliver(struct way *way, int64_t at_ns)
{
    while (way->tail != way->head) {
        struct frame *frame = &way->flight[way->tail % FRAMES_IN_FLIGHT];
        if (frame->due_ns > at_ns)
            return frame->due_ns;
        if (write(way->to, frame->data, frame->bytes) == (ssize_t)frame->bytes)
            way->frames_out++;
        way->tail++;
    }
    return INT64_MAX;
}

static void timer_set(int timer, int64_t due_ns)
{
    struct itimerspec when = {0};
    if (due_ns != INT64_MAX) {
        when.it_value.tv_sec = due_ns / 1000000000;
        when.it_value.tv_nsec = due_ns % 1000000000;
    }
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static void line_run(struct way *up, struct way *down, int timer)
{
    struct pollfd wait[] = {{.fd = up->from, .events = POLLIN},
                            {.fd = down->from, .events = POLLIN},
                            {.fd = timer, .events = POLLIN}};
    int64_t set_ns = INT64_MAX;
    while (!stopped) {
        if (poll(wait, 3, -1) < 0)
            continue;
        if (wait[0].revents & POLLIN)
            way_take(up);
        if (wait[1].revents & POLLIN)
            way_take(down);
        int64_t at_ns = now_ns();
        int64_t up_due_ns = way_deliver(up, at_ns);
        int64_t down_due_ns = way_deliver(down, at_ns);
        int64_t due_ns = up_due_ns < down_due_ns ? up_due_ns : down_due_ns;
        if (due_ns != set_ns || wait[2].revents & POLLIN) {
            timer_set(timer, due_ns); /* a timer that went off is quiet again once it is set */
            set_ns = due_ns;
        }
    }
}

static int tap_open(const char *name)
{
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    size_t length = strlen(name);
    if (length >= sizeof(request.ifr_name)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(request.ifr_name, name, length + 1);
    int tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (tap >= 0 && ioctl(tap, TUNSETIFF, &request) < 0) {
        close(tap);
        return -1;
    }
    return tap;
}

static int usage(const char *why)
{
    fprintf(stderr, "link: %s; see the head of link.c\n", why);
    return 2;
}

static bool way_set(struct way *way, const char *key, double value)
{
    const struct {
        const char *key;
        double *value;
        double least;
    } keys[] = {
        {"rate-mbit", &way->rate_mbit, 0.001},   {"delay-ms", &way->delay_ms, 0},
        {"jitter-ms", &way->jitter_ms, 0},       {"loss-percent", &way->loss_percent, 0},
        {"burst-frames", &way->burst_frames, 1}, {"queue-ms", &way->queue_ms, 0},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(keys[i].key, key) == 0 && value >= keys[i].least) {
            *keys[i].value = value;
            return true;
        }
    return false;
}

/* Reads the words after the interfaces' names. Returns what is wrong, or NULL. */
static const char *arguments_read(char **words, struct way *up, struct way *down)
{
    struct way *way = NULL;
    for (; *words != NULL; words++) {
        if (strcmp(*words, "up") == 0 || strcmp(*words, "down") == 0) {
            way = **words == 'u' ? up : down;
            continue;
        }
        if (words[1] == NULL)
            return "a key without value";
        char *end;
        double value = strtod(words[1], &end);
        if (end == words[1] || *end != '\0')
            return "a value that is no number";
        if (way == NULL && strcmp(*words, "seed") == 0) {
            up->random = (uint64_t)value;
            down->random = (uint64_t)value + 1;
        } else if (way == NULL || !way_set(way, *words, value)) {
            return "an unknown key or a value out of range";
        }
        words++;
    }
    return up->rate_mbit > 0 && down->rate_mbit > 0 ? NULL : "both directions need a rate-mbit";
}

static void way_report(const struct way *way)
{
    fprintf(stderr, "link: %s: %llu frames in, %llu out, %llu lost, %llu overflowed\n", way->name,
            (unsigned long long)way->frames_in, (unsigned long long)way->frames_out,
            (unsigned long long)way->frames_lost, (unsigned long long)way->frames_overflowed);
}

int main(int argc, char **argv)
{
    struct way up = {.name = "up", .random = 1, .burst_frames = 1, .queue_ms = 100};
    struct way down = {.name = "down", .random = 2, .burst_frames = 1, .queue_ms = 100};
    if (argc < 3)
        return usage("two interface names and both directions are needed");
    const char *wrong = arguments_read(argv + 3, &up, &down);
    if (wrong != NULL)
        return usage(wrong);

    up.from = down.to = tap_open(argv[1]);
    down.from = up.to = tap_open(argv[2]);
    int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    up.flight = calloc(FRAMES_IN_FLIGHT, sizeof(struct frame));
    down.flight = calloc(FRAMES_IN_FLIGHT, sizeof(struct frame));
    if (up.from < 0 || down.from < 0 || timer < 0 || up.flight == NULL || down.flight == NULL) {
        fprintf(stderr, "link: cannot make the interfaces: %s\n", strerror(errno));
        return 1;
    }

    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    line_run(&up, &down, timer);
    way_report(&up);
    way_report(&down);
    free(up.flight);
    free(down.flight);
    return 0;
}
