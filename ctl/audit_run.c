/* SPDX-License-Identifier: BSD-3-Clause */
/* One classifier for all captures, or with a truth one for each. */
#include "audit_run.h"

#include <errno.h>
#include <string.h>

#include "dataplane/source_pcap.h"
#include "eval_index.h"

/* What a policy asks when a flow is compared. */
struct oracle {
    const struct audit_run *run;
    const struct eval_row *rows;
    struct eval_index index;
};

static bool is_sure_enough(const struct audit_run *run, const struct eval_row *row)
{
    return *row->label && row->confidence >= run->least;
}

static void ask_truth(void *context, const struct flow_key *key, struct policy_truth *truth)
{
    const struct oracle *oracle = context;
    int64_t number = eval_index_find(&oracle->index, key);
    *truth = (struct policy_truth){.is_known = false};
    if (number < 0 || !is_sure_enough(oracle->run, &oracle->rows[number]))
        return;
    const struct eval_row *row = &oracle->rows[number];
    const struct eval_word *word = eval_words_find(oracle->run->words, row->label);
    if (!word)
        return;
    truth->is_known = true;
    if (word->class < protocols_count(oracle->run->protocols))
        truth->protocol = (uint16_t)word->class;
    int service = oracle->run->services && *row->service
                      ? services_find(oracle->run->services, row->service)
                      : -1;
    if (service > 0)
        truth->service = (uint16_t)service;
}

static void read_frames(const struct audit_run *run, struct source *source,
                        struct classifier *classifier, struct tally *tally)
{
    struct burst burst;
    do {
        source_burst(source, &burst);
        classifier_burst(classifier, burst.frames, burst.count, tally);
        source_release(source, &burst);
    } while (!burst.is_end && !atomic_load_explicit(run->stop, memory_order_relaxed));
    classifier_finish(classifier, burst.now_ns, tally);
}

static int classify(const struct audit_run *run, const struct classifier_options *options,
                    const struct keyed_secret *secret, const char *const *files, unsigned count,
                    struct tally *tally, struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = files, .file_count = count, .complaint = run->complaint};
    struct classifier *classifier;
    struct source *source;
    int failure = classifier_new(&classifier, options, run->protocols, secret, error);
    if (failure)
        return failure;
    failure = source_pcap_new(&source, &pcap, error);
    if (!failure) {
        read_frames(run, source, classifier, tally);
        source_close(source);
    }
    classifier_free(classifier);
    return failure;
}

static int run_all(const struct audit_run *run, const char *const *files, unsigned count,
                   struct tally *tally, struct error *error)
{
    struct keyed_secret secret;
    int failure = keyed_secret_draw(&secret, error);
    if (!failure)
        failure = classify(run, &run->classifier, &secret, files, count, tally, error);
    explicit_bzero(&secret, sizeof secret);
    return failure;
}

static int run_one(const struct audit_run *run, struct oracle *oracle, size_t rows,
                   const char *path, struct tally *tally, struct error *error)
{
    struct classifier_options options = run->classifier;
    struct policy_options policy = *options.policy;
    struct keyed_secret secret;
    struct keyed_hash *hash = NULL;
    policy.oracle = (struct policy_oracle){.ask = ask_truth, .context = oracle};
    options.policy = &policy;
    int failure = keyed_secret_draw(&secret, error);
    if (!failure)
        failure = keyed_hash_new(&hash, &secret, error);
    if (!failure)
        failure = eval_index_make(&oracle->index, hash, oracle->rows, rows, error);
    if (!failure)
        failure = classify(run, &options, &secret, &path, 1, tally, error);
    explicit_bzero(&secret, sizeof secret);
    keyed_hash_free(hash);
    eval_index_free(&oracle->index);
    return failure;
}

int audit_run_captures(const struct audit_run *run, const char *const *files, unsigned count,
                       struct tally *tally, struct error *error)
{
    if (!run->truth)
        return run_all(run, files, count, tally, error);
    int failure = 0;
    for (unsigned i = 0; !failure && i < count; i++) {
        size_t rows;
        struct oracle oracle = {.run = run};
        oracle.rows = eval_truth_about(run->truth, files[i], run->root, count == 1, &rows);
        if (rows)
            failure = run_one(run, &oracle, rows, files[i], tally, error);
        else
            run->complaint.tell(run->complaint.context, files[i], "the truth has no row about it");
    }
    return failure;
}
