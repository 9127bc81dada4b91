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
    struct worker_offer offer;
    struct worker_counts counts;
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
    unsigned protocol_room;
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
        failure = mailbox_new(&crew->mailbox, dataplane->protocol_room, options->classifier.policy,
                              error);
    crew->dataplane = dataplane;
    crew->worker.classifier = crew->classifier;
    crew->worker.mailbox = crew->mailbox;
    /* Whom frames are dealt to ends when the dealing thread has ended: nothing dealt is lost, and
     * nobody waits for somebody who has gone. */
    crew->worker.stop = dataplane->fanout ? &never : &dataplane->stop;
    crew->worker.offer = &crew->offer;
    crew->worker.counts = &crew->counts;
    crew->worker.protocol_count = protocols_count(options->protocols);
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
        options->classifier.window_observer.tell || (policy && policy->oracle.ask))
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
    made->protocol_room =
        options->protocol_room ? options->protocol_room : protocols_count(options->protocols);
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

static bool is_before(const struct tally *a, const struct tally *b)
{
    if (a->interval_ns != b->interval_ns)
        return a->interval_ns < b->interval_ns;
    return a->generation < b->generation;
}

/* One of the earliest interval and knowledge that any worker still has; null when all have ended.
 */
static const struct tally *next_tally(struct dataplane *dataplane)
{
    const struct tally *next = NULL;
    for (unsigned i = 0; i < dataplane->crew_count; i++) {
        struct crew *crew = &dataplane->crews[i];
        if (!crew->head && !crew->has_ended) {
            crew->head = mailbox_take(crew->mailbox);
            crew->has_ended = !crew->head;
        }
        if (crew->head && (!next || is_before(crew->head, next)))
            next = crew->head;
    }
    return next;
}

bool dataplane_next(struct dataplane *dataplane, struct tally *tally)
{
    const struct tally *next = next_tally(dataplane);
    if (!next)
        return false;
    tally_clear(tally);
    tally_resize(tally, next->protocol_count);
    tally->interval_ns = next->interval_ns;
    tally->generation = next->generation;
    for (unsigned i = 0; i < dataplane->crew_count; i++) {
        struct crew *crew = &dataplane->crews[i];
        if (!crew->head || is_before(tally, crew->head))
            continue;
        tally_merge(tally, crew->head);
        mailbox_return(crew->mailbox, crew->head);
        crew->head = NULL;
    }
    return true;
}

unsigned dataplane_workers(const struct dataplane *dataplane)
{
    return dataplane->crew_count;
}

static uint64_t read_count(const atomic_uint_least64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

struct dataplane_worker dataplane_worker(const struct dataplane *dataplane, unsigned worker)
{
    const struct crew *crew = &dataplane->crews[worker];
    return (struct dataplane_worker){
        .frames = read_count(&crew->counts.frames),
        .bytes = read_count(&crew->counts.bytes),
        .shed_frames = read_count(&crew->counts.shed_frames),
        .bursts = read_count(&crew->counts.bursts),
        .busy_ns = read_count(&crew->counts.busy_ns),
        .elapsed_ns = read_count(&crew->counts.elapsed_ns),
        .waiting_frames = source_waiting(crew->worker.source),
    };
}

/* One program feeds all sources: any of them can tell. */
bool dataplane_kernel(const struct dataplane *dataplane, struct source_kernel *counts)
{
    return source_kernel(dataplane->crews[0].worker.source, counts);
}

struct dataplane_change {
    struct dataplane *dataplane;
    unsigned protocol_count;
    unsigned count;
    struct classifier_change *changes[]; /* by worker */
};

int dataplane_change_new(struct dataplane_change **change, struct dataplane *dataplane,
                         const struct classifier_knowledge *knowledge, struct error *error)
{
    unsigned protocol_count = protocols_count(knowledge->protocols);
    if (protocol_count > dataplane->protocol_room)
        return error_set(error, E2BIG, "%u protocols are more than the %u there is room for",
                         protocol_count, dataplane->protocol_room);
    struct dataplane_change *made =
        calloc(1, sizeof *made + dataplane->crew_count * sizeof(struct classifier_change *));
    if (!made)
        return error_set(error, ENOMEM, "out of memory for a change of rules");
    made->dataplane = dataplane;
    made->protocol_count = protocol_count;
    int failure = 0;
    for (; !failure && made->count < dataplane->crew_count; made->count++)
        failure = classifier_change_new(&made->changes[made->count],
                                        dataplane->crews[made->count].classifier, knowledge, error);
    if (failure) {
        dataplane_change_free(made);
        return failure;
    }
    *change = made;
    return 0;
}

void dataplane_change_offer(struct dataplane_change *change, uint64_t from_ns)
{
    for (unsigned i = 0; i < change->count; i++) {
        struct worker_offer *offer = &change->dataplane->crews[i].offer;
        offer->protocol_count = change->protocol_count;
        atomic_store_explicit(&offer->from_ns, from_ns, memory_order_relaxed);
        atomic_store_explicit(&offer->change, change->changes[i], memory_order_release);
    }
}

bool dataplane_change_is_made(const struct dataplane_change *change)
{
    for (unsigned i = 0; i < change->count; i++) {
        const struct worker_offer *offer = &change->dataplane->crews[i].offer;
        if (atomic_load_explicit(&offer->change, memory_order_acquire))
            return false;
    }
    return true;
}

void dataplane_change_free(struct dataplane_change *change)
{
    if (!change)
        return;
    for (unsigned i = 0; i < change->count; i++)
        classifier_change_free(change->changes[i]);
    free(change);
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
    dataplane_stop(dataplane);
    while (next_tally(dataplane)) {
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
