/* SPDX-License-Identifier: BSD-3-Clause */
/* Bins and ranks of confidence. */
#include "eval_surety.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* A judged flow of a known class, or of none. */
static bool is_known_flow(const struct eval_sample *sample)
{
    return sample->is_judged && !sample->word->is_held_out;
}

static bool is_held_out_flow(const struct eval_sample *sample)
{
    return sample->is_judged && sample->word->is_held_out;
}

void eval_calibrate(struct eval_calibration *calibration, const struct eval_samples *samples,
                    const struct eval_answers *answers)
{
    double sums[EVAL_BINS] = {0};
    *calibration = (struct eval_calibration){.is_known = false};
    for (size_t i = 0; i < samples->count && answers->has_confidence; i++) {
        const struct eval_answer *answer = &answers->all[i];
        if (!is_known_flow(&samples->all[i]) || answer->class == PROTOCOL_UNKNOWN)
            continue;
        unsigned bin = (unsigned)answer->confidence * EVAL_BINS / (UINT16_MAX + 1);
        calibration->bins[bin].flows++;
        calibration->bins[bin].right += answer->is_exact;
        sums[bin] += (double)answer->confidence / UINT16_MAX;
        calibration->flows++;
    }
    calibration->is_known = calibration->flows > 0;
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        struct eval_bin *bin = &calibration->bins[i];
        if (!bin->flows)
            continue;
        bin->confidence = sums[i] / (double)bin->flows;
        calibration->error += fabs((double)bin->right - sums[i]) / (double)calibration->flows;
    }
}

struct ranked {
    uint64_t bytes;
    uint16_t value;
    bool is_held_out;
};

/* The highest value first. */
static int compare_ranked(const void *a, const void *b)
{
    return ((const struct ranked *)b)->value - ((const struct ranked *)a)->value;
}

/* One walk from the highest value down, over flows of one value at a time. */
static void walk(struct eval_detection *detection, const struct ranked *ranked, size_t count,
                 const struct eval_count *known, const struct eval_count *held_out)
{
    struct eval_count known_above = {0, 0};
    struct eval_count held_above = {0, 0};
    double area = 0; /* pairs in which the known flow is the more certain */
    bool is_reached = false;
    for (size_t begin = 0, end; begin < count; begin = end) {
        uint64_t known_before = known_above.flows;
        uint64_t held_before = held_above.flows;
        for (end = begin; end < count && ranked[end].value == ranked[begin].value; end++) {
            const struct eval_count one = {1, ranked[end].bytes};
            eval_count_add(ranked[end].is_held_out ? &held_above : &known_above, &one, 1);
        }
        double here = (double)(held_above.flows - held_before);
        area += here * ((double)known_before + (double)(known_above.flows - known_before) / 2);
        if (is_reached || known_above.flows * 100 < known->flows * 95)
            continue;
        is_reached = true;
        detection->threshold = ranked[begin].value;
        detection->false_positive_rate = (double)held_above.flows / (double)held_out->flows;
        if (held_out->bytes)
            detection->byte_share = (double)held_above.bytes / (double)held_out->bytes;
    }
    detection->auroc = area / ((double)known->flows * (double)held_out->flows);
}

static int detect(struct eval_detection *detection, const struct eval_samples *samples,
                  const struct eval_answers *answers, bool is_by_p_value)
{
    struct eval_count known = {0, 0};
    struct eval_count held_out = {0, 0};
    struct ranked *ranked = calloc(samples->count + 1, sizeof *ranked);
    if (!ranked)
        return -ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_sample *sample = &samples->all[i];
        const struct eval_answer *answer = &answers->all[i];
        const struct eval_count one = {1, sample->unit.bytes};
        if (!sample->is_judged)
            continue;
        eval_count_add(sample->word->is_held_out ? &held_out : &known, &one, 1);
        ranked[count++] = (struct ranked){
            .bytes = one.bytes,
            .value = is_by_p_value ? answer->p_value : answer->confidence,
            .is_held_out = sample->word->is_held_out,
        };
    }
    detection->is_known = known.flows && held_out.flows;
    if (detection->is_known) {
        qsort(ranked, count, sizeof *ranked, compare_ranked);
        walk(detection, ranked, count, &known, &held_out);
        detection->threshold /= is_by_p_value ? PER_MILLE : UINT16_MAX;
    }
    free(ranked);
    return 0;
}

int eval_detect(struct eval_held_out *held_out, const struct eval_samples *samples,
                const struct eval_answers *answers, struct error *error)
{
    *held_out = (struct eval_held_out){.all = {0, 0}};
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_count one = {1, samples->all[i].unit.bytes};
        if (!is_held_out_flow(&samples->all[i]))
            continue;
        eval_count_add(&held_out->all, &one, 1);
        if (answers->all[i].class != PROTOCOL_UNKNOWN)
            eval_count_add(&held_out->given, &one, 1);
    }
    int failure = 0;
    if (answers->has_confidence)
        failure = detect(&held_out->by_confidence, samples, answers, false);
    if (!failure && answers->has_p_value)
        failure = detect(&held_out->by_p_value, samples, answers, true);
    return failure ? error_set(error, ENOMEM, "out of memory for ranks") : 0;
}
