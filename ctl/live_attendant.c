/* SPDX-License-Identifier: BSD-3-Clause */
/* Sleeps, looks after what was asked for, looks at the links. */
#include "live_attendant.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"

enum { REST_NS = 500000000, REST_WHILE_CHANGING_NS = 20000000 };

/* All workers shall have read the time before any comes to the cut. */
static const uint64_t notice_ns = 100000000;

/* What intervals of one generation are told by. */
struct version {
    struct run_knowledge *knowledge;
    unsigned generation;
    struct version *next; /* newer */
};

struct live_attendant {
    struct live_attendant_options options;
    pthread_t thread;
    sem_t call;
    atomic_bool wants_reload;
    atomic_bool stop;
    struct dataplane_change *change; /* offered, and not yet made everywhere; the thread's */
    uint64_t cut_ns;                 /* when it was to be taken; the thread's */
    unsigned made;                   /* generation that all workers have; the thread's */
    bool is_up[LIVE_DEVICE_PORTS];   /* as last said; the thread's */
    struct version *newest;          /* the thread's */
    pthread_mutex_t lock;            /* of the rest */
    struct version *oldest;
    unsigned told; /* generation that reports have come to */
};

static uint64_t read_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- rules ---- */

static struct version *version_new(struct run_knowledge *knowledge, unsigned generation)
{
    struct version *made = calloc(1, sizeof *made);
    if (made)
        *made = (struct version){.knowledge = knowledge, .generation = generation};
    return made;
}

static void version_free(struct version *version)
{
    run_knowledge_close(version->knowledge);
    free(version->knowledge);
    free(version);
}

/* An empty version whose knowledge is to be loaded. */
static struct version *next_version(const struct live_attendant *attendant)
{
    struct run_knowledge *knowledge = calloc(1, sizeof *knowledge);
    struct version *next =
        knowledge ? version_new(knowledge, attendant->newest->generation + 1) : NULL;
    if (!next)
        free(knowledge);
    return next;
}

static int load(struct live_attendant *attendant, struct version *version, struct error *error)
{
    struct run_options run = *attendant->options.run;
    struct run_knowledge *knowledge = version->knowledge;
    int failure = run_knowledge_open(knowledge, &run, attendant->newest->knowledge, error);
    const struct classifier_knowledge parts = run_knowledge_parts(knowledge);
    if (!failure)
        failure =
            dataplane_change_new(&attendant->change, attendant->options.dataplane, &parts, error);
    return failure;
}

static void cut_soon(struct live_attendant *attendant)
{
    attendant->cut_ns = read_clock() + notice_ns;
    atomic_store(attendant->options.cut_ns, attendant->cut_ns);
}

/* Known here before any worker can count by it. */
static void offer(struct live_attendant *attendant, struct version *version)
{
    pthread_mutex_lock(&attendant->lock);
    attendant->newest->next = version;
    pthread_mutex_unlock(&attendant->lock);
    attendant->newest = version;
    dataplane_change_offer(attendant->change, read_clock());
    cut_soon(attendant);
}

static void tell_digests(const char *what, const struct run_knowledge *knowledge)
{
    if (knowledge->rules.rules)
        command_complain("rules %s: sha256 %s", what, knowledge->rules.rules->sha256);
    if (knowledge->models.headers.headers)
        command_complain("model %s: sha256 %s", what, knowledge->models.headers.headers->sha256);
}

static void reload(struct live_attendant *attendant)
{
    struct error error = {.text = "out of memory for rules and models"};
    if (!(attendant->options.run->dataplane.classifier.tiers & ~(1u << TIER_PORTS))) {
        command_complain("nothing to load anew: no tier in use has rules or models");
        return;
    }
    if (attendant->options.run->dataplane.classifier.policy) {
        command_complain("nothing is loaded anew while boxes are audited: their rules are told by "
                         "the protocols and services they began with");
        return;
    }
    struct version *version = next_version(attendant);
    if (version && load(attendant, version, &error) == 0) {
        tell_digests("loaded anew", version->knowledge);
        offer(attendant, version);
        return;
    }
    if (version)
        version_free(version);
    command_complain("%s", error.text);
    tell_digests("stay in force", attendant->newest->knowledge);
}

static void look_after_change(struct live_attendant *attendant)
{
    if (dataplane_change_is_made(attendant->change)) {
        dataplane_change_free(attendant->change);
        attendant->change = NULL;
        attendant->made = attendant->newest->generation;
    } else if (read_clock() > attendant->cut_ns + notice_ns) {
        cut_soon(attendant); /* somebody else's cut came in between */
    }
}

/* What neither workers nor reports use any more. */
static void free_outdated(struct live_attendant *attendant)
{
    struct version *outdated = NULL;
    pthread_mutex_lock(&attendant->lock);
    if (attendant->oldest->generation < attendant->made &&
        attendant->oldest->generation < attendant->told) {
        outdated = attendant->oldest;
        attendant->oldest = outdated->next;
    }
    pthread_mutex_unlock(&attendant->lock);
    if (outdated)
        version_free(outdated);
}

const struct run_knowledge *live_attendant_knowledge(struct live_attendant *attendant,
                                                     unsigned generation)
{
    pthread_mutex_lock(&attendant->lock);
    attendant->told = generation;
    const struct version *version = attendant->oldest;
    while (version->generation < generation)
        version = version->next;
    pthread_mutex_unlock(&attendant->lock);
    return version->knowledge;
}

/* ---- links ---- */

static void watch_links(struct live_attendant *attendant)
{
    const struct live_device *device = attendant->options.device;
    for (unsigned i = 0; i < device->port_count; i++) {
        bool is_up = live_device_is_up(device, i);
        if (is_up != attendant->is_up[i])
            command_complain("%s: the link is %s", device->names[i], is_up ? "up again" : "down");
        attendant->is_up[i] = is_up;
    }
}

/* ---- the thread ---- */

static void sleep_until_called(struct live_attendant *attendant)
{
    uint64_t end_ns = read_clock() + (attendant->change ? REST_WHILE_CHANGING_NS : REST_NS);
    const struct timespec end = {.tv_sec = (time_t)(end_ns / 1000000000),
                                 .tv_nsec = (long)(end_ns % 1000000000)};
    while (sem_timedwait(&attendant->call, &end) && errno == EINTR)
        continue;
}

static void *attend(void *argument)
{
    struct live_attendant *attendant = argument;
    while (!atomic_load(&attendant->stop)) {
        if (attendant->change)
            look_after_change(attendant);
        else if (atomic_exchange(&attendant->wants_reload, false))
            reload(attendant);
        free_outdated(attendant);
        watch_links(attendant);
        sleep_until_called(attendant);
    }
    return NULL;
}

/* Signals are for others. */
static int start_thread(struct live_attendant *attendant)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = pthread_create(&attendant->thread, NULL, attend, attendant);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

int live_attendant_start(struct live_attendant **attendant,
                         const struct live_attendant_options *options,
                         struct run_knowledge *knowledge, struct error *error)
{
    struct live_attendant *made = calloc(1, sizeof *made);
    struct version *first = made ? version_new(knowledge, 0) : NULL;
    if (!first) {
        free(made);
        run_knowledge_close(knowledge);
        free(knowledge);
        return error_set(error, ENOMEM, "out of memory for what a live run needs beside traffic");
    }
    made->options = *options;
    made->oldest = first;
    made->newest = first;
    for (unsigned i = 0; i < LIVE_DEVICE_PORTS; i++)
        made->is_up[i] = true;
    sem_init(&made->call, 0, 0);
    pthread_mutex_init(&made->lock, NULL);
    int failure = start_thread(made);
    if (failure) {
        live_attendant_free(made);
        return error_set(error, failure, "no thread to be had: %s", strerror(failure));
    }
    *attendant = made;
    return 0;
}

void live_attendant_ask(struct live_attendant *attendant)
{
    atomic_store(&attendant->wants_reload, true);
    sem_post(&attendant->call);
}

void live_attendant_stop(struct live_attendant *attendant)
{
    atomic_store(&attendant->stop, true);
    sem_post(&attendant->call);
    pthread_join(attendant->thread, NULL);
}

void live_attendant_free(struct live_attendant *attendant)
{
    if (!attendant)
        return;
    dataplane_change_free(attendant->change);
    while (attendant->oldest) {
        struct version *next = attendant->oldest->next;
        version_free(attendant->oldest);
        attendant->oldest = next;
    }
    sem_destroy(&attendant->call);
    pthread_mutex_destroy(&attendant->lock);
    free(attendant);
}
