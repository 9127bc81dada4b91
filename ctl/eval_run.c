/* SPDX-License-Identifier: BSD-3-Clause */
/* One capture, one classifier, one index from keys to rows of truth. */
#include "eval_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/source_pcap.h"
#include "eval_index.h"

struct match {
    const struct eval_run *run;
    struct eval_capture *capture;
    struct keyed_hash *hash;
    struct eval_index index;
};

static void take_verdicts(struct eval_unit *unit, const struct flow_ended *flow, unsigned combined)
{
    unit->largest_bytes = flow->bytes;
    unit->is_certain = flow->is_certain;
    unit->service = flow->service;
    unit->headers = flow->headers;
    unit->verdict[EVAL_COMBINED] = PROTOCOL_UNKNOWN;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        unit->verdict[tier] = flow->verdict[tier];
        unit->data_before[tier] = flow->data_before[tier];
        if (flow->verdict[tier] != PROTOCOL_UNKNOWN && combined & 1u << tier) {
            unit->verdict[EVAL_COMBINED] = flow->verdict[tier];
            unit->data_before[EVAL_COMBINED] = flow->data_before[tier];
        }
    }
}

static void hear_flow(void *context, const struct flow_ended *flow)
{
    struct match *match = context;
    int64_t row = eval_index_find(&match->index, &flow->key);
    if (row < 0) {
        match->capture->foreign_flows++;
        match->capture->foreign_bytes += flow->bytes;
        return;
    }
    struct eval_unit *unit = &match->capture->units[row];
    if (!unit->flows || flow->bytes > unit->largest_bytes)
        take_verdicts(unit, flow, match->run->combined);
    unit->flows++;
    unit->packets += flow->packets;
    unit->bytes += flow->bytes;
}

/* The classifier hands out no payload, so the packet is read here a second time. */
static void note_payload(const struct match *match, const struct frame *frame)
{
    struct packet packet;
    const struct packet *flow = &packet;
    struct flow_key key;
    if (packet_parse(frame, &match->run->classifier.packet, &packet) != PACKET_FLOW ||
        packet.fragment == PACKET_FRAGMENT_LATER || !packet.payload)
        return;
    flow_key_of_flows(match->hash, &flow, &key, 1);
    int64_t row = eval_index_find(&match->index, &key);
    if (row < 0 || match->capture->units[row].first_count)
        return;
    struct eval_unit *unit = &match->capture->units[row];
    uint32_t count = packet.payload_captured_bytes;
    unit->first_count = (uint8_t)(count < EVAL_FIRST_BYTES ? count : EVAL_FIRST_BYTES);
    memcpy(unit->first_bytes, packet.payload, unit->first_count);
}

static void read_capture(const struct match *match, struct source *source,
                         struct classifier *classifier, struct tally *tally)
{
    struct burst burst;
    do {
        source_burst(source, &burst);
        for (unsigned i = 0; i < burst.count; i++)
            note_payload(match, &burst.frames[i]);
        classifier_burst(classifier, burst.frames, burst.count, tally);
        source_release(source, &burst);
    } while (!burst.is_end);
    classifier_finish(classifier, burst.now_ns, tally);
}

/* With the classifier made; the tally serves to check that no frame was lost. */
static int classify(const struct match *match, struct classifier *classifier, const char *path,
                    struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = &path, .file_count = 1, .complaint = match->run->complaint};
    struct source *source;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(match->run->protocols), error);
    if (failure)
        return failure;
    failure = source_pcap_new(&source, &pcap, error);
    if (!failure) {
        read_capture(match, source, classifier, tally);
        source_close(source);
        struct tally_balance balance = tally_balance(tally);
        match->capture->evicted = tally->flows.evicted;
        if (balance.seen.frames != balance.accounted.frames ||
            balance.seen.bytes != balance.accounted.bytes)
            failure = error_set(error, EDOM, "the frames do not add up: do not use these figures");
    }
    tally_free(tally);
    return failure;
}

static int run_matched(struct match *match, const char *path, const struct eval_row *rows,
                       struct error *error)
{
    struct classifier_options options = match->run->classifier;
    options.observer = (struct flow_observer){.tell = hear_flow, .context = match};
    struct keyed_secret secret;
    struct classifier *classifier = NULL;
    int failure = keyed_secret_draw(&secret, error);
    if (!failure)
        failure = keyed_hash_new(&match->hash, &secret, error);
    if (!failure)
        failure = eval_index_make(&match->index, match->hash, rows, match->capture->count, error);
    if (!failure)
        failure = classifier_new(&classifier, &options, match->run->protocols, &secret, error);
    explicit_bzero(&secret, sizeof secret);
    if (!failure)
        failure = classify(match, classifier, path, error);
    classifier_free(classifier);
    keyed_hash_free(match->hash);
    return failure;
}

int eval_capture_run(struct eval_capture *capture, const struct eval_run *run, const char *path,
                     const struct eval_row *rows, size_t count, struct error *error)
{
    *capture =
        (struct eval_capture){.count = count, .units = calloc(count + 1, sizeof *capture->units)};
    if (!capture->units)
        return error_set(error, ENOMEM, "out of memory for %zu rows of truth", count);
    for (size_t i = 0; i < count; i++)
        capture->units[i].row = &rows[i];
    struct match match = {.run = run, .capture = capture};
    int failure = run_matched(&match, path, rows, error);
    eval_index_free(&match.index);
    return failure;
}

void eval_capture_free(struct eval_capture *capture)
{
    free(capture->units);
    *capture = (struct eval_capture){.units = NULL};
}
