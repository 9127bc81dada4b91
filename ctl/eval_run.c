/* SPDX-License-Identifier: BSD-3-Clause */
/* One capture, one classifier, one index from keys to rows of truth. */
#include "eval_run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/source_pcap.h"
#include "eval_index.h"

struct match {
    struct eval_capture *capture;
    struct eval_index index;
};

static void take_verdicts(struct eval_unit *unit, const struct flow_ended *flow)
{
    unit->largest_bytes = flow->bytes;
    unit->is_certain = flow->is_certain;
    unit->service = flow->service;
    unit->verdict[EVAL_COMBINED] = PROTOCOL_UNKNOWN;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        unit->verdict[tier] = flow->verdict[tier];
        if (flow->verdict[tier] != PROTOCOL_UNKNOWN)
            unit->verdict[EVAL_COMBINED] = flow->verdict[tier];
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
        take_verdicts(unit, flow);
    unit->flows++;
    unit->packets += flow->packets;
    unit->bytes += flow->bytes;
}

static void read_capture(struct source *source, struct classifier *classifier, struct tally *tally)
{
    struct burst burst;
    do {
        source_burst(source, &burst);
        classifier_burst(classifier, burst.frames, burst.count, tally);
        source_release(source, &burst);
    } while (!burst.is_end);
    classifier_finish(classifier, burst.now_ns, tally);
}

/* With the classifier made; the tally serves to check that no frame was lost. */
static int classify(const struct eval_run *run, struct classifier *classifier, const char *path,
                    uint64_t *evicted, struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = &path, .file_count = 1, .complaint = run->complaint};
    struct source *source;
    struct tally *tally;
    int failure = tally_new(&tally, protocols_count(run->protocols), error);
    if (failure)
        return failure;
    failure = source_pcap_new(&source, &pcap, error);
    if (!failure) {
        read_capture(source, classifier, tally);
        source_close(source);
        struct tally_balance balance = tally_balance(tally);
        *evicted = tally->flows.evicted;
        if (balance.seen.frames != balance.accounted.frames ||
            balance.seen.bytes != balance.accounted.bytes)
            failure = error_set(error, EDOM, "the frames do not add up: do not use these figures");
    }
    tally_free(tally);
    return failure;
}

static int run_matched(const struct eval_run *run, struct match *match, const char *path,
                       const struct eval_row *rows, struct error *error)
{
    struct classifier_options options = run->classifier;
    options.observer = (struct flow_observer){.tell = hear_flow, .context = match};
    struct keyed_secret secret;
    struct keyed_hash *hash = NULL;
    struct classifier *classifier = NULL;
    int failure = keyed_secret_draw(&secret, error);
    if (!failure)
        failure = keyed_hash_new(&hash, &secret, error);
    if (!failure)
        failure = eval_index_make(&match->index, hash, rows, match->capture->count, error);
    if (!failure)
        failure = classifier_new(&classifier, &options, run->protocols, &secret, error);
    explicit_bzero(&secret, sizeof secret);
    if (!failure)
        failure = classify(run, classifier, path, &match->capture->evicted, error);
    classifier_free(classifier);
    keyed_hash_free(hash);
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
    struct match match = {.capture = capture};
    int failure = run_matched(run, &match, path, rows, error);
    eval_index_free(&match.index);
    return failure;
}

void eval_capture_free(struct eval_capture *capture)
{
    free(capture->units);
    *capture = (struct eval_capture){.units = NULL};
}
