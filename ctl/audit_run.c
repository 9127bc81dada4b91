/* SPDX-License-Identifier: BSD-3-Clause */
/* One classifier for all captures, or with a truth one for each; and one more for each mask. */
#include "audit_run.h"

#include <assert.h>
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

/* A run with one kind of evidence destroyed, beside the plain one. What it counts itself is
 * nothing's answer. */
struct masked_run {
    struct classifier *classifier;
    struct audit_mask_hold *hold;
    struct tally *tally;
};

/* The plain run and those beside it. */
struct runs {
    struct classifier *plain;
    unsigned count;
    struct masked_run masked[MASKS];
};

static int start_masked(struct runs *runs, const struct audit_run *run,
                        const struct classifier_options *options, struct audit_mask_tally *sums,
                        const struct keyed_secret *secret, struct error *error)
{
    const struct policy_options *policy = options->policy;
    struct masked_run *masked = &runs->masked[runs->count++];
    struct classifier_options shown = *options;
    int failure = audit_mask_hold_new(&masked->hold, sums, run->protocols, policy->view_count,
                                      options->flow_count, error);
    shown.mask = sums->mask;
    shown.observer = (struct flow_observer){.tell = audit_mask_expect, .context = masked->hold};
    if (!failure)
        failure = tally_new(&masked->tally, protocols_count(run->protocols), error);
    if (!failure)
        failure = tally_add_policy(masked->tally, policy->views, policy->view_count, error);
    if (!failure)
        failure = classifier_new(&masked->classifier, &shown, run->protocols, secret, error);
    return failure;
}

static void tell_all(void *context, const struct flow_ended *ended)
{
    const struct runs *runs = context;
    for (unsigned i = 0; i < runs->count; i++)
        audit_mask_compare(runs->masked[i].hold, ended);
}

static int start_runs(struct runs *runs, const struct audit_run *run,
                      const struct classifier_options *options, const struct keyed_secret *secret,
                      struct error *error)
{
    struct classifier_options plain = *options;
    int failure = 0;
    assert(run->mask_count <= MASKS);
    for (unsigned i = 0; !failure && i < run->mask_count; i++)
        failure = start_masked(runs, run, options, &run->masks[i], secret, error);
    if (run->mask_count)
        plain.observer = (struct flow_observer){.tell = tell_all, .context = runs};
    if (!failure)
        failure = classifier_new(&runs->plain, &plain, run->protocols, secret, error);
    return failure;
}

/* All flows of all runs are over. */
static int check_runs(const struct runs *runs, struct error *error)
{
    for (unsigned i = 0; i < runs->count; i++) {
        if (!audit_mask_is_whole(runs->masked[i].hold))
            return error_set(error, EDOM,
                             "flows of a masked run are not those of the plain one; this is a "
                             "defect of glassbox, please report it");
    }
    return 0;
}

static void free_runs(struct runs *runs)
{
    classifier_free(runs->plain);
    for (unsigned i = 0; i < runs->count; i++) {
        classifier_free(runs->masked[i].classifier);
        audit_mask_hold_free(runs->masked[i].hold);
        tally_free(runs->masked[i].tally);
    }
}

/* The plain run comes last, so that its flows meet themselves in every masked one. */
static void read_frames(const struct audit_run *run, struct source *source, struct runs *runs,
                        struct tally *tally)
{
    struct burst burst;
    do {
        source_burst(source, &burst);
        for (unsigned i = 0; i < runs->count; i++)
            classifier_burst(runs->masked[i].classifier, burst.frames, burst.count,
                             runs->masked[i].tally);
        classifier_burst(runs->plain, burst.frames, burst.count, tally);
        source_release(source, &burst);
    } while (!burst.is_end && !atomic_load_explicit(run->stop, memory_order_relaxed));
    for (unsigned i = 0; i < runs->count; i++)
        classifier_finish(runs->masked[i].classifier, burst.now_ns, runs->masked[i].tally);
    classifier_finish(runs->plain, burst.now_ns, tally);
}

static int classify(const struct audit_run *run, const struct classifier_options *options,
                    const struct keyed_secret *secret, const char *const *files, unsigned count,
                    struct tally *tally, struct error *error)
{
    const struct source_pcap_options pcap = {
        .files = files, .file_count = count, .complaint = run->complaint};
    struct runs runs = {.plain = NULL};
    struct source *source;
    int failure = start_runs(&runs, run, options, secret, error);
    if (!failure)
        failure = source_pcap_new(&source, &pcap, error);
    if (!failure) {
        read_frames(run, source, &runs, tally);
        source_close(source);
        failure = check_runs(&runs, error);
    }
    free_runs(&runs);
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
