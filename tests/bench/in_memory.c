/* SPDX-License-Identifier: BSD-3-Clause */
/* in_memory FLOWS uniform|zipf minimum|mixed PACKETS ROUNDS WORKERS [TIERS...] [-- OPTION...]: what
 * a worker's packet costs from frames in memory, stage by stage, for each list of tiers, beside
 * what the machine's memory allows; JSON on stdout. Each stage does all that the one before it
 * does, so that a stage's own share is the difference. Every round measures everything once, by the
 * thread's own CPU time, and by the clock on the wall beside it. Options are those of glassbox's
 * commands (--rules DIR). */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../ctl/run_knowledge.h"
#include "classifier/flow_table.h"
#include "machine_rate.h"
#include "traffic.h"

enum { LISTS_MAX = 8, ROUNDS_MAX = 32, WORKERS_MAX = 8, OPTIONS_MAX = 16 };

enum stage {
    STAGE_MACHINE_16, /* the machine's rate, fetched 16 at a time */
    STAGE_MACHINE_32,
    STAGE_MACHINE_SMALL, /* 32 at a time, from pages of 4 KiB */
    STAGE_READ,          /* the frame's headers are read, nothing else */
    STAGE_PARSE,
    STAGE_HASH,
    STAGE_LOOKUP,
    STAGE_CLASSIFY, /* and so on, one for each list of tiers */
    STAGES_MAX = STAGE_CLASSIFY + LISTS_MAX,
};

static const char *const stage_names[STAGE_CLASSIFY] = {
    [STAGE_MACHINE_16] = "machine_16",
    [STAGE_MACHINE_32] = "machine_32",
    [STAGE_MACHINE_SMALL] = "machine_small_pages",
    [STAGE_READ] = "read",
    [STAGE_PARSE] = "parse",
    [STAGE_HASH] = "hash",
    [STAGE_LOOKUP] = "lookup",
};

static const uint64_t second_ns = 1000000000;
static const uint64_t start_ns = 1700000000ull * 1000000000;

/* What is asked for, the same for all workers. */
struct plan {
    struct traffic_options traffic;
    unsigned rounds;
    unsigned workers;
    unsigned list_count;
    char *lists[LISTS_MAX]; /* their options cut off once they are read */
    struct run_options run[LISTS_MAX];
    struct run_knowledge knowledge[LISTS_MAX];
    pthread_barrier_t barrier;
};

/* A worker with memory of its own. */
struct bench {
    struct plan *plan;
    pthread_t thread;
    struct traffic traffic;
    struct machine_rate *machine;
    struct machine_rate *machine_small;
    struct keyed_hash *hash;
    struct flow_table *table;
    struct classifier *classifiers[LISTS_MAX];
    struct tally *tallies[LISTS_MAX];
    uint64_t sink; /* results go here, so that compilers cannot leave work out */
    uint64_t taken_ns[STAGES_MAX][ROUNDS_MAX];
    uint64_t wall_ns[STAGES_MAX][ROUNDS_MAX]; /* the same by the clock on the wall */
};

static void give_up(const char *text)
{
    fprintf(stderr, "in_memory: %s\n", text);
    exit(1);
}

static void must(int failure, const struct error *error)
{
    if (failure)
        give_up(error->text);
}

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * second_ns + (uint64_t)now.tv_nsec;
}

static unsigned parse_burst(const struct frame *frames, unsigned count, struct packet *packets)
{
    static const struct packet_options options = {.scope = 0};
    unsigned flows = 0;
    for (unsigned i = 0; i < count; i++)
        __builtin_prefetch(frames[i].bytes); /* as classifier_burst does */
    for (unsigned i = 0; i < count; i++)
        flows += packet_parse(&frames[i], &options, &packets[i]) == PACKET_FLOW;
    return flows;
}

static void name_burst(struct bench *bench, const struct frame *frames, unsigned count,
                       struct flow_key *keys)
{
    struct packet packets[FRAME_BURST];
    const struct packet *found[FRAME_BURST];
    bench->sink += parse_burst(frames, count, packets);
    for (unsigned i = 0; i < count; i++)
        found[i] = &packets[i];
    flow_key_of_flows(bench->hash, found, keys, count);
}

static void read_burst(struct bench *bench, const struct frame *frames, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bench->sink += frames[i].bytes[0] + frames[i].bytes[26] + frames[i].time_ns;
}

static void take_burst(struct bench *bench, enum stage stage, const struct frame *frames,
                       unsigned count)
{
    struct packet packets[FRAME_BURST];
    struct flow_key keys[FRAME_BURST];
    uint32_t slots[FRAME_BURST];
    switch (stage) {
    case STAGE_READ:
        read_burst(bench, frames, count);
        break;
    case STAGE_PARSE:
        bench->sink += parse_burst(frames, count, packets);
        break;
    case STAGE_HASH:
        name_burst(bench, frames, count, keys);
        bench->sink += keys[0].word[0];
        break;
    case STAGE_LOOKUP:
        name_burst(bench, frames, count, keys);
        flow_table_find(bench->table, keys, slots, count);
        bench->sink += slots[0];
        break;
    default:
        classifier_burst(bench->classifiers[stage - STAGE_CLASSIFY], frames, count,
                         bench->tallies[stage - STAGE_CLASSIFY]);
        break;
    }
}

static void take_traffic(struct bench *bench, enum stage stage)
{
    const struct traffic *traffic = &bench->traffic;
    for (uint32_t i = 0; i + FRAME_BURST <= traffic->packets; i += FRAME_BURST)
        take_burst(bench, stage, traffic->frames + i, FRAME_BURST);
}

static void run_stage(struct bench *bench, enum stage stage)
{
    const struct traffic *traffic = &bench->traffic;
    if (stage == STAGE_MACHINE_16 || stage == STAGE_MACHINE_32)
        machine_rate_run(bench->machine, traffic->flow_of, traffic->packets,
                         stage == STAGE_MACHINE_16 ? 16 : 32);
    else if (stage == STAGE_MACHINE_SMALL)
        machine_rate_run(bench->machine_small, traffic->flow_of, traffic->packets, 32);
    else
        take_traffic(bench, stage);
}

/* A key that is looked up must be there. */
static void claim_keys(struct bench *bench, const struct frame *frames, unsigned count)
{
    struct flow_key keys[FRAME_BURST];
    name_burst(bench, frames, count, keys);
    for (unsigned i = 0; i < count; i++) {
        uint32_t slot = flow_table_place(bench->table, &keys[i], frames[i].time_ns);
        if (!flow_table_is_used(bench->table, slot))
            flow_table_claim(bench->table, slot, &keys[i], frames[i].time_ns);
    }
}

/* Every flow once, before anything is measured. */
static void open_flows(struct bench *bench)
{
    uint8_t bytes[FRAME_BURST][64];
    struct frame frames[FRAME_BURST];
    uint32_t flows = bench->plan->traffic.flows;
    for (uint32_t first = 0; first < flows; first += FRAME_BURST) {
        unsigned count = flows - first < FRAME_BURST ? flows - first : FRAME_BURST;
        for (unsigned i = 0; i < count; i++) {
            traffic_frame(bytes[i], 60, first + i, false);
            frames[i] = (struct frame){.bytes = bytes[i],
                                       .time_ns = start_ns,
                                       .captured_bytes = 60,
                                       .wire_bytes = 60,
                                       .link_type = 1};
        }
        claim_keys(bench, frames, count);
        for (unsigned list = 0; list < bench->plan->list_count; list++)
            classifier_burst(bench->classifiers[list], frames, count, bench->tallies[list]);
    }
}

/* Flows a table has room for: nobody is to be evicted. */
static uint64_t room_for(const struct plan *plan)
{
    return plan->traffic.flows + plan->traffic.flows / 20 + 16;
}

static void bench_init(struct bench *bench, const struct plan *plan)
{
    struct keyed_secret secret = {.byte = {1}};
    struct error error;
    traffic_init(&bench->traffic, &plan->traffic);
    bench->machine = machine_rate_new(plan->traffic.flows, true);
    bench->machine_small = machine_rate_new(plan->traffic.flows, false);
    must(keyed_hash_new(&bench->hash, &secret, &error), &error);
    must(flow_table_new(&bench->table, room_for(plan), &error), &error);
    for (unsigned list = 0; list < plan->list_count; list++) {
        const struct dataplane_options *options = &plan->run[list].dataplane;
        must(classifier_new(&bench->classifiers[list], &options->classifier, options->protocols,
                            &secret, &error),
             &error);
        must(tally_new(&bench->tallies[list], protocols_count(options->protocols), &error), &error);
    }
    open_flows(bench);
}

static void bench_clear(struct bench *bench)
{
    for (unsigned list = 0; list < bench->plan->list_count; list++) {
        classifier_free(bench->classifiers[list]);
        tally_free(bench->tallies[list]);
    }
    flow_table_free(bench->table);
    keyed_hash_free(bench->hash);
    machine_rate_free(bench->machine);
    machine_rate_free(bench->machine_small);
    traffic_clear(&bench->traffic);
}

/* All workers do the same at the same time. */
static void *measure(void *argument)
{
    struct bench *bench = argument;
    struct plan *plan = bench->plan;
    bench_init(bench, plan);
    for (unsigned round = 0; round < plan->rounds; round++) {
        for (unsigned stage = 0; stage < STAGE_CLASSIFY + plan->list_count; stage++) {
            pthread_barrier_wait(&plan->barrier);
            uint64_t wall_ns = read_clock(CLOCK_MONOTONIC);
            uint64_t before_ns = read_clock(CLOCK_THREAD_CPUTIME_ID);
            run_stage(bench, stage);
            bench->taken_ns[stage][round] = read_clock(CLOCK_THREAD_CPUTIME_ID) - before_ns;
            bench->wall_ns[stage][round] = read_clock(CLOCK_MONOTONIC) - wall_ns;
        }
        traffic_delay(&bench->traffic, second_ns);
    }
    return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* Of all workers together: the k-th quickest rounds of each. */
static double rate_of(const struct bench *benches, enum stage stage, unsigned rank, bool is_wall)
{
    const struct plan *plan = benches[0].plan;
    double per_second = 0;
    for (unsigned i = 0; i < plan->workers; i++) {
        const uint64_t *rounds = is_wall ? benches[i].wall_ns[stage] : benches[i].taken_ns[stage];
        per_second += plan->traffic.packets / (double)rounds[rank] * 1e9;
    }
    return per_second / 1e6;
}

static void print_stage(const struct bench *benches, enum stage stage, const char *name)
{
    const struct plan *plan = benches[0].plan;
    double best = rate_of(benches, stage, 0, false);
    double median = rate_of(benches, stage, plan->rounds / 2, false);
    double wall = rate_of(benches, stage, plan->rounds / 2, true);
    printf("  \"%s\": {\"mpps_best\": %.3f, \"mpps_median\": %.3f, \"wall_mpps_median\": %.3f, "
           "\"ns_best\": %.2f, \"ns_median\": %.2f},\n",
           name, best, median, wall, plan->workers * 1e3 / best, plan->workers * 1e3 / median);
}

static void print_results(struct bench *benches)
{
    const struct plan *plan = benches[0].plan;
    printf("{\n");
    for (unsigned stage = 0; stage < STAGE_CLASSIFY + plan->list_count; stage++) {
        for (unsigned i = 0; i < plan->workers; i++) {
            qsort(benches[i].taken_ns[stage], plan->rounds, sizeof **benches[i].taken_ns,
                  compare_numbers);
            qsort(benches[i].wall_ns[stage], plan->rounds, sizeof **benches[i].wall_ns,
                  compare_numbers);
        }
        print_stage(benches, stage,
                    stage < STAGE_CLASSIFY ? stage_names[stage]
                                           : plan->lists[stage - STAGE_CLASSIFY]);
    }
    printf("  \"flows\": %u, \"packets\": %u, \"rounds\": %u, \"workers\": %u\n}\n",
           plan->traffic.flows, plan->traffic.packets, plan->rounds, plan->workers);
}

static const struct command usage = {
    .name = "in_memory",
    .usage = "in_memory FLOWS uniform|zipf minimum|mixed PACKETS ROUNDS WORKERS [TIERS...] "
             "[-- OPTION...]",
    .help = "",
};

/* A list of tiers is read the way glassbox reads it: what the program knows, this knows. */
static void read_list(struct plan *plan, unsigned list, int option_count, char **options)
{
    static char program[] = "in_memory";
    static char tiers[] = "--tiers";
    char *arguments[OPTIONS_MAX + 3] = {program, tiers};
    struct error error;
    char *rest = NULL;
    int count = 2;
    char *word = strtok_r(plan->lists[list], " ", &rest);
    for (; word && count < OPTIONS_MAX; word = strtok_r(NULL, " ", &rest))
        arguments[count++] = word;
    for (int i = 0; i < option_count && count < OPTIONS_MAX; i++)
        arguments[count++] = options[i];
    plan->run[list] = run_options_default();
    plan->run[list].dataplane.classifier.flow_count = room_for(plan);
    optind = 1;
    int outcome = run_options_read(&plan->run[list], &usage, count, arguments, NULL);
    if (outcome != RUN_OPTIONS_GOOD)
        exit(outcome);
    must(run_knowledge_open(&plan->knowledge[list], &plan->run[list], NULL, &error), &error);
}

static void read_plan(struct plan *plan, int argc, char **argv)
{
    plan->traffic = (struct traffic_options){
        .flows = (uint32_t)strtoul(argv[1], NULL, 10),
        .spread = strcmp(argv[2], "zipf") ? TRAFFIC_UNIFORM : TRAFFIC_ZIPF,
        .size = strcmp(argv[3], "mixed") ? TRAFFIC_MINIMUM : TRAFFIC_MIXED,
        .packets = (uint32_t)strtoul(argv[4], NULL, 10) / FRAME_BURST * FRAME_BURST,
        .start_ns = start_ns,
    };
    plan->rounds = (unsigned)strtoul(argv[5], NULL, 10);
    plan->workers = (unsigned)strtoul(argv[6], NULL, 10);
    int end = 7;
    while (end < argc && strcmp(argv[end], "--") && plan->list_count < LISTS_MAX)
        plan->lists[plan->list_count++] = argv[end++];
    if (!plan->traffic.flows || !plan->traffic.packets || !plan->rounds || !plan->workers ||
        plan->rounds > ROUNDS_MAX || plan->workers > WORKERS_MAX)
        give_up("a number is 0 or too large");
    for (unsigned list = 0; list < plan->list_count; list++)
        read_list(plan, list, argc - end - 1, argv + end + 1);
}

int main(int argc, char **argv)
{
    static struct plan plan;
    static struct bench benches[WORKERS_MAX];
    if (argc < 7)
        return command_misused(&usage, "too few words");
    read_plan(&plan, argc, argv);
    pthread_barrier_init(&plan.barrier, NULL, plan.workers);
    for (unsigned i = 0; i < plan.workers; i++) {
        benches[i].plan = &plan;
        if (pthread_create(&benches[i].thread, NULL, measure, &benches[i]))
            give_up("no thread to be had");
    }
    for (unsigned i = 0; i < plan.workers; i++)
        pthread_join(benches[i].thread, NULL);
    print_results(benches);
    for (unsigned i = 0; i < plan.workers; i++)
        bench_clear(&benches[i]);
    for (unsigned list = 0; list < plan.list_count; list++)
        run_knowledge_close(&plan.knowledge[list]);
    return 0;
}
