/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts workers together, and their tallies. */
#include "dataplane/dataplane.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/fanout.h"
#include "dataplane/mailbox.h"
#include "dataplane/worker.h"

/* Per burst, while an interval is closed: about a microsecond, and a million flows within a tenth
 * of a second on a busy line. */
enum { LIVE_SETTLE_SLOTS = 64 };

/* A worker with what is its own. */
struct crew {
    struct dataplane *dataplane;
    struct worker worker;
    struct classifier *classifier;
    struct mailbox *mailbox;
    struct source *source; /* to be closed; null where it is the fanout's */
    struct tally *head;    /* taken from the mailbox, not yet merged; ctl's */
    bool has_ended;        /* the mailbox; ctl's */
    pthread_t thread;
    bool is_running;
};

struct dataplane {
    unsigned crew_count;
    struct crew *crews;
    struct fanout *fanout;
    pthread_t fanout_thread;
    bool is_fanout_running;
    sem_t gate;   /* opened once all threads exist, or it is known that some never will */
    bool may_run; /* written before the gate opens */
    atomic_bool stop;
};

static bool pass_gate(struct dataplane *dataplane)
{
    while (sem_wait(&dataplane->gate) && errno == EINTR)
        continue;
    return dataplane->may_run;
}

static void *run_worker(void *argument)
{
    struct crew *crew = argument;
    if (pass_gate(crew->dataplane))
        worker_run(&crew->worker);
    return NULL;
}

static void *run_fanout(void *argument)
{
    struct dataplane *dataplane = argument;
    if (pass_gate(dataplane))
        fanout_run(dataplane->fanout);
    return NULL;
}

/* Only the thread that reads the input takes signals: an interrupted read then ends at once. */
static int start_thread(pthread_t *thread, void *(*body)(void *), void *argument,
                        bool takes_signals)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (!takes_signals)
        pthread_sigmask(SIG_BLOCK, &all, &before);
    int failure = pthread_create(thread, NULL, body, argument);
    if (!takes_signals)
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failure;
}

static const atomic_bool never = false;

static int make_crew(struct dataplane *dataplane, struct crew *crew,
                     const struct dataplane_options *options, const struct keyed_secret *secret,
                     struct error *error)
{
    struct classifier_options share = options->classifier;
    share.flow_count = (share.flow_count + options->worker_count - 1) / options->worker_count;
    int failure = classifier_new(&crew->classifier, &share, options->protocols, secret, error);
    if (!failure)
        failure = mailbox_new(&crew->mailbox, protocols_count(options->protocols),
                              options->classifier.policy, error);
    crew->dataplane = dataplane;
    crew->worker.classifier = crew->classifier;
    crew->worker.mailbox = crew->mailbox;
    /* Whom frames are dealt to ends when the dealing thread has ended: nothing dealt is lost, and
     * nobody waits for somebody who has gone. */
    crew->worker.stop = dataplane->fanout ? &never : &dataplane->stop;
    crew->worker.is_live = options->is_live;
    crew->worker.settle_slots = options->is_live ? LIVE_SETTLE_SLOTS : UINT32_MAX;
    return failure;
}

static int make_crews(struct dataplane *dataplane, const struct dataplane_options *options,
                      struct error *error)
{
    struct keyed_secret secret;
    int failure = keyed_secret_draw(&secret, error);
    for (unsigned i = 0; !failure && i < options->worker_count; i++)
        failure = make_crew(dataplane, &dataplane->crews[i], options, &secret, error);
    explicit_bzero(&secret, sizeof secret);
    return failure;
}

static void give_source(struct crew *crew, struct source *source)
{
    crew->source = source;
    crew->worker.source = source;
}

static int deal_source(struct dataplane *dataplane, const struct dataplane_options *options,
                       struct source *source, struct error *error)
{
    const struct fanout_options dealing = {.port_count = options->worker_count,
                                           .packet = options->classifier.packet,
                                           .stop = &dataplane->stop};
    int failure = fanout_new(&dataplane->fanout, source, &dealing, error);
    for (unsigned i = 0; !failure && i < options->worker_count; i++)
        dataplane->crews[i].worker.source = fanout_port(dataplane->fanout, i);
    return failure;
}

static int start_threads(struct dataplane *dataplane, struct error *error)
{
    int failure = 0;
    for (unsigned i = 0; !failure && i < dataplane->crew_count; i++) {
        struct crew *crew = &dataplane->crews[i];
        failure = start_thread(&crew->thread, run_worker, crew, !dataplane->fanout);
        crew->is_running = !failure;
    }
    if (!failure && dataplane->fanout) {
        failure = start_thread(&dataplane->fanout_thread, run_fanout, dataplane, true);
        dataplane->is_fanout_running = !failure;
    }
    dataplane->may_run = !failure;
    for (unsigned i = 0; i <= dataplane->crew_count; i++)
        sem_post(&dataplane->gate);
    return failure ? error_set(error, failure, "no threads to be had for %u workers",
                               dataplane->crew_count)
                   : 0;
}

/* With neither threads nor sources yet. Whoever may hear of single flows runs a classifier itself.
 */
static int new_dataplane(struct dataplane **dataplane, const struct dataplane_options *options,
                         struct error *error)
{
    const struct policy_options *policy = options->classifier.policy;
    if (options->classifier.observer.tell || options->classifier.observer.measure ||
        (policy && policy->oracle.ask))
        return error_set(error, EPERM, "a dataplane tells nobody about single flows");
    if (policy && options->worker_count != 1)
        return error_set(error, EINVAL, "boxes see all traffic: they need it in one worker");
    struct dataplane *made = calloc(1, sizeof *made);
    struct crew *crews = calloc(options->worker_count, sizeof *crews);
    if (!made || !crews) {
        free(made);
        free(crews);
        return error_set(error, ENOMEM, "out of memory for %u workers", options->worker_count);
    }
    made->crews = crews;
    made->crew_count = options->worker_count;
    sem_init(&made->gate, 0, 0);
    *dataplane = made;
    return 0;
}

/* Its sources are connected: lets it run, or frees it. */
static int launch(struct dataplane *made, const struct dataplane_options *options,
                  struct error *error)
{
    int failure = make_crews(made, options, error);
    if (!failure)
        failure = start_threads(made, error);
    if (failure)
        dataplane_free(made);
    return failure;
}

int dataplane_start(struct dataplane **dataplane, const struct dataplane_options *options,
                    struct source *source, struct error *error)
{
    if (options->worker_count == 1)
        return dataplane_start_each(dataplane, options, &source, error);
    struct dataplane *made = NULL;
    int failure = new_dataplane(&made, options, error);
    if (failure || !made) {
        source_close(source);
        return failure;
    }
    failure = deal_source(made, options, source, error);
    if (failure) {
        dataplane_free(made);
        return failure;
    }
    *dataplane = made;
    return launch(made, options, error);
}

int dataplane_start_each(struct dataplane **dataplane, const struct dataplane_options *options,
                         struct source *const *sources, struct error *error)
{
    struct dataplane *made = NULL;
    int failure = new_dataplane(&made, options, error);
    for (unsigned i = 0; failure && i < options->worker_count; i++)
        source_close(sources[i]);
    if (failure || !made)
        return failure;
    for (unsigned i = 0; i < options->worker_count; i++)
        give_source(&made->crews[i], sources[i]);
    *dataplane = made;
    return launch(made, options, error);
}

/* The earliest interval that any worker still has; false when all have ended. */
static bool next_interval(struct dataplane *dataplane, uint64_t *interval_ns)
{
    bool is_found = false;
    for (unsigned i = 0; i < dataplane->crew_count; i++) {
        struct crew *crew = &dataplane->crews[i];
        if (!crew->head && !crew->has_ended) {
            crew->head = mailbox_take(crew->mailbox);
            crew->has_ended = !crew->head;
        }
        if (crew->head && (!is_found || crew->head->interval_ns < *interval_ns)) {
            *interval_ns = crew->head->interval_ns;
            is_found = true;
        }
    }
    return is_found;
}

bool dataplane_next(struct dataplane *dataplane, struct tally *tally)
{
    uint64_t interval_ns;
    if (!next_interval(dataplane, &interval_ns))
        return false;
    tally_clear(tally);
    tally->interval_ns = interval_ns;
    for (unsigned i = 0; i < dataplane->crew_count; i++) {
        struct crew *crew = &dataplane->crews[i];
        if (!crew->head || crew->head->interval_ns != interval_ns)
            continue;
        tally_merge(tally, crew->head);
        mailbox_return(crew->mailbox, crew->head);
        crew->head = NULL;
    }
    return true;
}

void dataplane_stop(struct dataplane *dataplane)
{
    atomic_store_explicit(&dataplane->stop, true, memory_order_relaxed);
}

bool dataplane_was_stopped(const struct dataplane *dataplane)
{
    return atomic_load_explicit(&dataplane->stop, memory_order_relaxed);
}

/* Workers that still run are told to stop, and their tallies are taken so that they can. */
static void drain(struct dataplane *dataplane)
{
    uint64_t interval_ns;
    dataplane_stop(dataplane);
    while (next_interval(dataplane, &interval_ns)) {
        for (unsigned i = 0; i < dataplane->crew_count; i++) {
            struct crew *crew = &dataplane->crews[i];
            if (crew->head)
                mailbox_return(crew->mailbox, crew->head);
            crew->head = NULL;
        }
    }
}

static void join_threads(struct dataplane *dataplane)
{
    if (dataplane->may_run)
        drain(dataplane);
    if (dataplane->is_fanout_running)
        pthread_join(dataplane->fanout_thread, NULL);
    for (unsigned i = 0; i < dataplane->crew_count; i++) {
        if (dataplane->crews[i].is_running)
            pthread_join(dataplane->crews[i].thread, NULL);
    }
}

void dataplane_free(struct dataplane *dataplane)
{
    if (!dataplane)
        return;
    join_threads(dataplane);
    for (unsigned i = 0; i < dataplane->crew_count; i++) {
        classifier_free(dataplane->crews[i].classifier);
        mailbox_free(dataplane->crews[i].mailbox);
        source_close(dataplane->crews[i].source);
    }
    fanout_free(dataplane->fanout);
    sem_destroy(&dataplane->gate);
    free(dataplane->crews);
    free(dataplane);
}
