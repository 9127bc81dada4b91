/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds up captures, one after the other. */
#include "eval_sample.h"

#include <errno.h>
#include <stdlib.h>

void eval_count_add(struct eval_count *into, const struct eval_count *from, uint64_t times)
{
    into->flows += from->flows * times;
    into->bytes += from->bytes * times;
}

void eval_samples_free(struct eval_samples *samples)
{
    free(samples->all);
    samples->all = NULL;
    samples->count = 0;
}

static bool is_wanted(const struct eval_samples *samples, const struct eval_row *row)
{
    return *row->label && row->confidence >= samples->least;
}

static bool is_judged(const struct eval_samples *samples, const struct eval_row *row)
{
    return !samples->folds || samples->folds->is_judged[row->fold_id];
}

/* Arrays grow whenever their count is a power of two. */
static int append(struct eval_samples *samples, const struct eval_sample *sample)
{
    size_t count = samples->count;
    if (!(count & (count - 1))) {
        struct eval_sample *wider =
            realloc(samples->all, (count ? count * 2 : 1) * sizeof *samples->all);
        if (!wider)
            return -ENOMEM;
        samples->all = wider;
    }
    samples->all[samples->count++] = *sample;
    return 0;
}

static int keep_unit(struct eval_samples *samples, struct eval_words *words,
                     const struct eval_unit *unit, bool judged)
{
    const struct eval_sample sample = {
        .unit = *unit,
        .word = eval_words_find(words, unit->row->label),
        .capture = samples->summary.capture_count,
        .is_judged = judged,
    };
    return sample.word ? append(samples, &sample) : -ENOMEM;
}

static void count_seen(struct eval_samples *samples, const struct eval_unit *unit)
{
    struct eval_summary *summary = &samples->summary;
    const struct eval_count count = {1, unit->bytes};
    eval_count_add(&summary->seen, &count, 1);
    if (unit->service != SERVICE_NONE)
        eval_count_add(&summary->named, &count, 1);
    for (unsigned tier = 0; tier < EVAL_TIERS; tier++) {
        if (unit->verdict[tier] != PROTOCOL_UNKNOWN)
            eval_count_add(&summary->labelled[tier], &count, 1);
    }
    if (is_wanted(samples, unit->row))
        return;
    struct eval_count *silent = unit->row->given ? &summary->withdrawn : &summary->silent;
    eval_count_add(*unit->row->label ? &summary->below : silent, &count, 1);
}

static void count_judged(struct eval_summary *summary, const struct eval_sample *sample)
{
    const struct eval_count count = {1, sample->unit.bytes};
    if (sample->word->is_held_out) {
        eval_count_add(&summary->held_out, &count, 1);
        return;
    }
    eval_count_add(&summary->scored, &count, 1);
    if (sample->unit.row->given)
        eval_count_add(&summary->overruled, &count, 1);
    summary->split += sample->unit.flows > 1;
}

static int add_unit(struct eval_samples *samples, struct eval_words *words,
                    const struct eval_unit *unit)
{
    bool wanted = is_wanted(samples, unit->row);
    bool judged = is_judged(samples, unit->row);
    if (!unit->flows) {
        samples->summary.unseen += wanted && judged;
        return 0;
    }
    if (judged)
        count_seen(samples, unit);
    if (!wanted)
        return 0;
    int failure = keep_unit(samples, words, unit, judged);
    if (!failure && judged)
        count_judged(&samples->summary, &samples->all[samples->count - 1]);
    return failure;
}

bool eval_samples_judge_any(const struct eval_samples *samples, const struct eval_row *rows,
                            size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_judged(samples, &rows[i]))
            return true;
    }
    return false;
}

int eval_samples_add(struct eval_samples *samples, struct eval_words *words,
                     const struct eval_capture *capture, struct error *error)
{
    bool has_judged = false;
    for (size_t i = 0; i < capture->count; i++) {
        const struct eval_unit *unit = &capture->units[i];
        has_judged = has_judged || is_judged(samples, unit->row);
        if (add_unit(samples, words, unit))
            return error_set(error, ENOMEM, "out of memory for the flows");
    }
    if (!has_judged)
        return 0;
    samples->summary.foreign.flows += capture->foreign_flows;
    samples->summary.foreign.bytes += capture->foreign_bytes;
    samples->summary.evicted += capture->evicted;
    samples->summary.capture_count++;
    return 0;
}
