/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs a capture through the classifier and joins its windows with the truth by keyed names. */
#include "kiss_gather.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/classifier.h"
#include "dataplane/source_pcap.h"

enum {
    PARTS_MAX = 8, /* classes noted of one endpoint; more would leave it out anyway */
    PURE_TENTHS = 9,
    FLOWS = 1 << 16,
    ENDPOINTS = 1 << 17,
};

/* An end of the truth's flows. */
struct end {
    uint64_t key;
    uint32_t number; /* among endpoints with windows, from 1; 0 while it has none */
    unsigned part_count;
    struct {
        unsigned class;
        uint64_t packets;
    } parts[PARTS_MAX];
};

struct known_flow {
    struct flow_key key;
    unsigned class;
    uint32_t ends[2]; /* in `ends` */
};

/* Tables are open addressing over keys, which are uniform by construction; slots hold index + 1. */
struct gather {
    struct kiss_gathered *gathered;
    size_t room; /* of the windows */
    uint32_t mask;
    uint32_t *flow_slots, *end_slots;
    struct known_flow *flows;
    struct end *ends;
    uint32_t flow_count, end_count, numbered;
    bool is_out_of_memory;
};

const char *kiss_half_name(enum kiss_half half)
{
    static const char *const names[KISS_HALVES] = {"both", "forward", "backward"};
    return names[half];
}

static uint32_t *flow_slot(const struct gather *gather, const struct flow_key *key)
{
    uint32_t slot = (uint32_t)key->word[0] & gather->mask;
    while (gather->flow_slots[slot] &&
           !flow_key_equals(&gather->flows[gather->flow_slots[slot] - 1].key, key))
        slot = (slot + 1) & gather->mask;
    return &gather->flow_slots[slot];
}

static uint32_t *end_slot(const struct gather *gather, uint64_t key)
{
    uint32_t slot = (uint32_t)key & gather->mask;
    while (gather->end_slots[slot] && gather->ends[gather->end_slots[slot] - 1].key != key)
        slot = (slot + 1) & gather->mask;
    return &gather->end_slots[slot];
}

static uint32_t add_end(struct gather *gather, struct keyed_hash *hash, const struct packet *tuple,
                        bool is_source)
{
    uint64_t key = flow_key_of_endpoint(
                       hash, tuple->ip_version, is_source ? tuple->source : tuple->destination,
                       is_source ? tuple->source_port : tuple->destination_port, tuple->protocol)
                       .word[1];
    uint32_t *slot = end_slot(gather, key);
    if (!*slot) {
        gather->ends[gather->end_count] = (struct end){.key = key};
        *slot = ++gather->end_count;
    }
    return *slot - 1;
}

static int add_rows(struct gather *gather, struct keyed_hash *hash,
                    const struct kiss_gathering *gathering, const struct eval_row *rows,
                    size_t count, struct error *error)
{
    for (size_t i = 0; i < count; i++) {
        const struct packet *tuple = &rows[i].tuple;
        if (!*rows[i].label || rows[i].confidence < gathering->least)
            continue;
        const struct eval_word *word = eval_words_find(gathering->words, rows[i].label);
        if (!word)
            return error_set(error, ENOMEM, "out of memory for the truth's words");
        struct known_flow flow = {.class = word->class};
        flow_key_of_flows(hash, &tuple, &flow.key, 1);
        uint32_t *slot = flow_slot(gather, &flow.key);
        if (*slot)
            continue;
        flow.ends[0] = add_end(gather, hash, tuple, true);
        flow.ends[1] = add_end(gather, hash, tuple, false);
        gather->flows[gather->flow_count] = flow;
        *slot = ++gather->flow_count;
    }
    return 0;
}

static int make_tables(struct gather *gather, size_t count, struct error *error)
{
    gather->mask = 15;
    while (gather->mask < count * 4)
        gather->mask = gather->mask * 2 + 1;
    size_t slots = (size_t)gather->mask + 1;
    gather->flow_slots = calloc(slots, sizeof *gather->flow_slots);
    gather->end_slots = calloc(slots, sizeof *gather->end_slots);
    gather->flows = calloc(count + 1, sizeof *gather->flows);
    gather->ends = calloc(count * 2 + 1, sizeof *gather->ends);
    if (gather->flow_slots && gather->end_slots && gather->flows && gather->ends)
        return 0;
    return error_set(error, ENOMEM, "out of memory for %zu rows of truth", count);
}

static void hear_window(void *context, const struct window_filled *filled)
{
    struct gather *gather = context;
    uint32_t known = *end_slot(gather, filled->endpoint);
    if (!known || gather->is_out_of_memory)
        return;
    struct kiss_gathered *gathered = gather->gathered;
    if (gathered->count == gather->room) {
        size_t room = gather->room * 2 + 64;
        struct kiss_window *grown = realloc(gathered->windows, room * sizeof *grown);
        gather->is_out_of_memory = !grown;
        if (!grown)
            return;
        gathered->windows = grown;
        gather->room = room;
    }
    gathered->windows[gathered->count++] = (struct kiss_window){
        .endpoint = known - 1, .transport = filled->transport, .signature = filled->signature};
}

static void add_part(struct end *end, unsigned class, uint64_t packets)
{
    unsigned i = 0;
    while (i < end->part_count && end->parts[i].class != class)
        i++;
    if (i == PARTS_MAX)
        return;
    if (i == end->part_count)
        end->part_count++;
    end->parts[i].class = class;
    end->parts[i].packets += packets;
}

static void hear_flow(void *context, const struct flow_ended *flow)
{
    struct gather *gather = context;
    uint32_t known = *flow_slot(gather, &flow->key);
    if (!known)
        return;
    const struct known_flow *row = &gather->flows[known - 1];
    for (unsigned i = 0; i < 2; i++)
        add_part(&gather->ends[row->ends[i]], row->class, flow->packets);
}

/* The class that the endpoint's packets are of; false when they are of several. */
static bool class_of(const struct end *end, unsigned *class)
{
    uint64_t all = 0, most = 0;
    for (unsigned i = 0; i < end->part_count; i++) {
        all += end->parts[i].packets;
        if (end->parts[i].packets > most) {
            most = end->parts[i].packets;
            *class = end->parts[i].class;
        }
    }
    return most && most * 10 >= all * PURE_TENTHS;
}

/* Windows heard of have the end in place of their endpoint: gives them class and number. */
static void settle(struct gather *gather)
{
    struct kiss_gathered *gathered = gather->gathered;
    size_t kept = 0;
    for (size_t i = 0; i < gathered->count; i++) {
        struct kiss_window window = gathered->windows[i];
        struct end *end = &gather->ends[window.endpoint];
        if (!class_of(end, &window.class))
            continue;
        if (!end->number)
            end->number = ++gather->numbered;
        window.endpoint = end->number - 1;
        gathered->windows[kept++] = window;
    }
    gathered->count = kept;
}

static bool is_of_half(const struct frame *frame, enum kiss_half half)
{
    static const struct packet_options options = {.scope = 0};
    struct packet packet;
    if (half == KISS_BOTH || packet_parse(frame, &options, &packet) != PACKET_FLOW)
        return true;
    return flow_key_is_reversed(&packet) == (half == KISS_BACKWARD);
}

static void read_capture(struct source *source, struct classifier *classifier, enum kiss_half half,
                         struct tally *tally)
{
    struct burst burst;
    do {
        struct frame kept[FRAME_BURST];
        unsigned count = 0;
        source_burst(source, &burst);
        for (unsigned i = 0; i < burst.count; i++) {
            if (is_of_half(&burst.frames[i], half))
                kept[count++] = burst.frames[i];
        }
        classifier_burst(classifier, kept, count, tally);
        source_release(source, &burst);
    } while (!burst.is_end);
    classifier_finish(classifier, burst.now_ns, tally);
}

static int classify(const struct kiss_gathering *gathering, struct classifier *classifier,
                    const char *path, enum kiss_half half, struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = &path, .file_count = 1, .complaint = gathering->complaint};
    struct source *source;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(gathering->protocols), error);
    if (failure)
        return failure;
    failure = source_pcap_new(&source, &pcap, error);
    if (!failure) {
        read_capture(source, classifier, half, tally);
        source_close(source);
    }
    tally_free(tally);
    return failure;
}

static int run(struct gather *gather, const struct kiss_gathering *gathering, const char *path,
               enum kiss_half half, const struct eval_row *rows, size_t count, struct error *error)
{
    const struct classifier_options options = {
        .tiers = 1u << TIER_STOCHASTIC,
        .flow_count = FLOWS,
        .timeouts = flow_timeouts_default(),
        .endpoint_count = ENDPOINTS,
        .observer = {.tell = hear_flow, .context = gather},
        .window_observer = {.tell = hear_window, .context = gather},
    };
    struct keyed_secret secret;
    struct keyed_hash *hash = NULL;
    struct classifier *classifier = NULL;
    int failure = keyed_secret_draw(&secret, error);
    if (!failure)
        failure = keyed_hash_new(&hash, &secret, error);
    if (!failure)
        failure = add_rows(gather, hash, gathering, rows, count, error);
    if (!failure)
        failure = classifier_new(&classifier, &options, gathering->protocols, &secret, error);
    explicit_bzero(&secret, sizeof secret);
    if (!failure)
        failure = classify(gathering, classifier, path, half, error);
    classifier_free(classifier);
    keyed_hash_free(hash);
    if (!failure && gather->is_out_of_memory)
        failure = error_set(error, ENOMEM, "out of memory for windows");
    return failure;
}

int kiss_gather(struct kiss_gathered *gathered, const struct kiss_gathering *gathering,
                const char *path, enum kiss_half half, const struct eval_row *rows, size_t count,
                struct error *error)
{
    *gathered = (struct kiss_gathered){.windows = NULL};
    struct gather gather = {.gathered = gathered};
    int failure = make_tables(&gather, count, error);
    if (!failure)
        failure = run(&gather, gathering, path, half, rows, count, error);
    if (!failure)
        settle(&gather);
    free(gather.flow_slots);
    free(gather.end_slots);
    free(gather.flows);
    free(gather.ends);
    return failure;
}

void kiss_gathered_free(struct kiss_gathered *gathered)
{
    free(gathered->windows);
    *gathered = (struct kiss_gathered){.windows = NULL};
}
