/* SPDX-License-Identifier: BSD-3-Clause */
/* Arithmetic on counts. Floating point is for what is printed only. */
#include "eval_interval.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double normal_975 = 1.959963984540054; /* quantile of the standard normal */

bool eval_rate_of(const struct eval_cell *cell, enum eval_rate rate, bool is_by_bytes,
                  double *value)
{
    double truth = (double)(is_by_bytes ? cell->truth.bytes : cell->truth.flows);
    double right = (double)(is_by_bytes ? cell->right.bytes : cell->right.flows);
    double claimed = (double)(is_by_bytes ? cell->claimed.bytes : cell->claimed.flows);
    const double parts[EVAL_RATES] = {right, right, 2 * right};
    const double wholes[EVAL_RATES] = {right + claimed, truth, truth + right + claimed};
    if (wholes[rate] <= 0)
        return false;
    *value = parts[rate] / wholes[rate];
    return true;
}

struct eval_interval eval_wilson(uint64_t hits, uint64_t cases)
{
    if (!cases)
        return (struct eval_interval){.is_known = false};
    double n = (double)cases;
    double share = (double)hits / n;
    double z2 = normal_975 * normal_975;
    double middle = (share + z2 / (2 * n)) / (1 + z2 / n);
    double half = normal_975 * sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n);
    /* at the ends the formula gives exactly 0 and 1, the machine's arithmetic nearly so */
    return (struct eval_interval){.low = hits ? middle - half : 0,
                                  .high = hits < cases ? middle + half : 1,
                                  .is_known = true};
}

enum { MEASURES = 1 + EVAL_RATES }; /* F1 by flows; the three by bytes */

/* A bootstrap at work. Classes that no flow has or was called are left out. */
struct bootstrap {
    const struct eval_score *score;
    unsigned class_count;
    unsigned capture_count;
    unsigned *place;         /* by class: where its samples are */
    unsigned used;           /* places */
    unsigned *clusters;      /* by place: captures that hold any */
    unsigned *capture_of;    /* by drawable capture */
    unsigned drawable;       /* captures that hold any scored flow */
    unsigned *times;         /* by capture: how often it was drawn */
    struct eval_cell *cells; /* by place: of the sample at hand */
    double *samples;         /* [place][measure][resample] */
    unsigned *sample_counts; /* [place][measure] */
};

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* The place of all classes together is the last. */
static void find_places(struct bootstrap *boot)
{
    const struct eval_score *score = boot->score;
    for (size_t i = 0; i < score->part_count; i++) {
        unsigned *place = &boot->place[score->parts[i].class];
        if (!*place)
            *place = ++boot->used;
        boot->clusters[*place - 1]++;
        if (i == 0 || score->parts[i].capture != score->parts[i - 1].capture)
            boot->capture_of[boot->drawable++] = score->parts[i].capture;
    }
    boot->place[boot->class_count] = ++boot->used;
    boot->clusters[boot->used - 1] = boot->drawable;
}

static int make_bootstrap(struct bootstrap *boot, struct error *error)
{
    unsigned places = boot->class_count + 1;
    boot->place = calloc(places, sizeof *boot->place);
    boot->clusters = calloc(places, sizeof *boot->clusters);
    boot->capture_of = calloc(boot->capture_count + 1, sizeof *boot->capture_of);
    boot->times = calloc(boot->capture_count + 1, sizeof *boot->times);
    if (boot->place && boot->clusters && boot->capture_of)
        find_places(boot);
    size_t used = boot->used + 1;
    boot->cells = calloc(used, sizeof *boot->cells);
    boot->sample_counts = calloc(used * MEASURES, sizeof *boot->sample_counts);
    boot->samples = calloc(used * MEASURES, EVAL_RESAMPLES * sizeof *boot->samples);
    if (!boot->used || !boot->times || !boot->cells || !boot->sample_counts || !boot->samples)
        return error_set(error, ENOMEM, "out of memory for the intervals");
    return 0;
}

static void free_bootstrap(struct bootstrap *boot)
{
    free(boot->place);
    free(boot->clusters);
    free(boot->capture_of);
    free(boot->times);
    free(boot->cells);
    free(boot->sample_counts);
    free(boot->samples);
}

static void note_sample(struct bootstrap *boot, unsigned place, unsigned measure, double value)
{
    size_t row = (size_t)place * MEASURES + measure;
    boot->samples[row * EVAL_RESAMPLES + boot->sample_counts[row]++] = value;
}

static void note_place(struct bootstrap *boot, unsigned place)
{
    double value;
    if (eval_rate_of(&boot->cells[place], EVAL_F1, false, &value))
        note_sample(boot, place, 0, value);
    for (unsigned rate = 0; rate < EVAL_RATES; rate++) {
        if (eval_rate_of(&boot->cells[place], (enum eval_rate)rate, true, &value))
            note_sample(boot, place, 1 + rate, value);
    }
}

static void resample(struct bootstrap *boot, uint64_t *state)
{
    memset(boot->times, 0, boot->capture_count * sizeof *boot->times);
    memset(boot->cells, 0, boot->used * sizeof *boot->cells);
    for (unsigned i = 0; i < boot->drawable; i++) {
        unsigned drawn = (unsigned)((draw(state) >> 32) * boot->drawable >> 32);
        boot->times[boot->capture_of[drawn]]++;
    }
    for (size_t i = 0; i < boot->score->part_count; i++) {
        const struct eval_part *part = &boot->score->parts[i];
        unsigned times = boot->times[part->capture];
        if (!times)
            continue;
        eval_cell_add(&boot->cells[boot->place[part->class] - 1], &part->cell, times);
        eval_cell_add(&boot->cells[boot->used - 1], &part->cell, times);
    }
    for (unsigned place = 0; place < boot->used; place++)
        note_place(boot, place);
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

/* Nearest rank: the smallest sample that at least this share of them does not exceed. */
static struct eval_interval percentiles(double *samples, unsigned count)
{
    if (!count)
        return (struct eval_interval){.is_known = false};
    qsort(samples, count, sizeof *samples, compare_doubles);
    unsigned low = (count * 25 + 999) / 1000;
    unsigned high = (count * 975 + 999) / 1000;
    return (struct eval_interval){
        .low = samples[low - 1], .high = samples[high - 1], .is_known = true};
}

static void conclude(const struct bootstrap *boot, unsigned place, struct eval_spread *spread)
{
    struct eval_interval intervals[MEASURES] = {{.is_known = false}};
    for (unsigned measure = 0; measure < MEASURES; measure++) {
        size_t row = (size_t)place * MEASURES + measure;
        if (boot->clusters[place] >= EVAL_CLUSTERS_MIN)
            intervals[measure] =
                percentiles(&boot->samples[row * EVAL_RESAMPLES], boot->sample_counts[row]);
    }
    spread->flows_f1 = intervals[0];
    memcpy(spread->bytes, intervals + 1, sizeof spread->bytes);
}

int eval_bootstrap(const struct eval_score *score, unsigned class_count, unsigned capture_count,
                   struct eval_spread *spreads, struct error *error)
{
    struct bootstrap boot = {
        .score = score, .class_count = class_count, .capture_count = capture_count};
    uint64_t state = 1;
    memset(spreads, 0, (class_count + 1) * sizeof *spreads);
    int failure = make_bootstrap(&boot, error);
    for (unsigned i = 0; !failure && i < EVAL_RESAMPLES; i++)
        resample(&boot, &state);
    for (unsigned class = 0; !failure && class <= class_count; class ++) {
        if (boot.place[class])
            conclude(&boot, boot.place[class] - 1, &spreads[class]);
    }
    free_bootstrap(&boot);
    return failure;
}
