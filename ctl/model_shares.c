/* SPDX-License-Identifier: BSD-3-Clause */
/* Estimates a mix from claims and a confusion matrix. */
#include "model_shares.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 200, STEPS_MAX = 1000, STEPS_RESAMPLED = 200, TAIL = RESAMPLES / 40 };

/* One entry of the confusion matrix: how often `is` is called `claim`. Most are zero and left out.
 */
struct entry {
    unsigned is, claim;
    double count; /* held-out flows */
    double chance;
};

struct model_shares {
    unsigned class_count;
    int background; /* the class's number, or -1: then [class_count] is a class of its own */
    unsigned kinds; /* class_count + 1: what a flow can be, and what it can be called */
    unsigned entry_count;
    struct entry *entries; /* [kinds * kinds] at most, by `is` */
    double *claims;        /* [kinds], and so all below; background's claims are those of none */
    double *estimate;
    double *adjusted;
    double *resampled_claims;
    double *expected;
    double *samples; /* [RESAMPLES][kinds] */
    double flows;
};

/* splitmix64 (Steele, Lea, Flood 2014), as a number above 0 and below 1. */
static double draw(uint64_t *state)
{
    uint64_t mixed = *state += 0x9e3779b97f4a7c15;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    return ((double)((mixed ^ mixed >> 31) >> 11) + 0.5) / 9007199254740992.0;
}

static double draw_normal(uint64_t *state)
{
    double radius = sqrt(-2 * log(draw(state)));
    return radius * cos(2 * 3.14159265358979323846 * draw(state));
}

/* Gamma of that shape and scale 1 (Marsaglia, Tsang 2000). */
static double draw_gamma(uint64_t *state, double shape)
{
    if (shape <= 0)
        return 0;
    if (shape < 1)
        return draw_gamma(state, shape + 1) * pow(draw(state), 1 / shape);
    double d = shape - 1.0 / 3;
    double c = 1 / sqrt(9 * d);
    for (;;) {
        double x = draw_normal(state);
        double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
        if (v > 0 && log(draw(state)) < x * x / 2 + d - d * v + d * log(v))
            return d * v;
    }
}

/* Chances from counts: each row sums to one. Rows stand together. */
static void normalise(struct model_shares *shares)
{
    for (unsigned i = 0, end; i < shares->entry_count; i = end) {
        double sum = 0;
        for (end = i; end < shares->entry_count && shares->entries[end].is == shares->entries[i].is;
             end++)
            sum += shares->entries[end].chance;
        for (unsigned k = i; k < end && sum > 0; k++)
            shares->entries[k].chance /= sum;
    }
}

/* The mix under which the claims are most likely, from where `mix` stands; all of it positive. */
static void maximise(struct model_shares *shares, const double *claims, double *mix, unsigned steps)
{
    double flows = 0;
    for (unsigned i = 0; i < shares->kinds; i++)
        flows += claims[i];
    for (unsigned step = 0; step < steps && flows > 0; step++) {
        memset(shares->expected, 0, shares->kinds * sizeof *shares->expected);
        for (unsigned i = 0; i < shares->entry_count; i++) {
            const struct entry *entry = &shares->entries[i];
            shares->expected[entry->claim] += mix[entry->is] * entry->chance;
        }
        double change = 0;
        for (unsigned i = 0; i < shares->entry_count;) {
            unsigned is = shares->entries[i].is;
            double factor = 0;
            for (; i < shares->entry_count && shares->entries[i].is == is; i++) {
                const struct entry *entry = &shares->entries[i];
                if (shares->expected[entry->claim] > 0)
                    factor += claims[entry->claim] * entry->chance / shares->expected[entry->claim];
            }
            change = fmax(change, mix[is] * fabs(factor / flows - 1));
            mix[is] *= factor / flows;
        }
        if (change < 1e-9)
            break;
    }
}

static void add_entry(struct model_shares *shares, unsigned is, unsigned claim, double count)
{
    shares->entries[shares->entry_count++] =
        (struct entry){.is = is, .claim = claim, .count = count, .chance = count};
}

/* A class that no held-out flow was rightly called is given half a flow that was, so that a claim
 * always has a kind to come from. */
static void fill_entries(struct model_shares *shares, const struct headers_model *model)
{
    unsigned none = model->class_count;
    for (unsigned is = 0; is < model->class_count; is++) {
        unsigned right = (int)is == shares->background ? none : is;
        for (unsigned claim = 0; claim < shares->kinds; claim++) {
            double count = (double)headers_model_confusion(model, is, claim);
            if (count > 0 || claim == right)
                add_entry(shares, is, claim, count > 0 ? count : 0.5);
        }
    }
    if (shares->background < 0)
        add_entry(shares, none, none, 1);
    normalise(shares);
}

/* A part of the estimate and all kinds alike, so that none is ruled out to begin with. With
 * `background` there are no flows beyond the classes. */
static void begin_mix(const struct model_shares *shares, double part, double *mix)
{
    for (unsigned i = 0; i < shares->kinds; i++)
        mix[i] = part * shares->estimate[i] + (1 - part) / shares->kinds;
    if (shares->background >= 0)
        mix[shares->class_count] = 0;
}

/* Gauss and Jordan with the largest pivot: makes [A | b] to [1 | x]. False when it cannot. */
static bool eliminate(double *matrix, unsigned size)
{
    unsigned width = size + 1;
    for (unsigned column = 0; column < size; column++) {
        unsigned pivot = column;
        for (unsigned row = column + 1; row < size; row++) {
            if (fabs(matrix[row * width + column]) > fabs(matrix[pivot * width + column]))
                pivot = row;
        }
        double largest = matrix[pivot * width + column];
        if (fabs(largest) < 1e-9)
            return false;
        for (unsigned i = 0; i < width; i++) {
            double moved = matrix[pivot * width + i];
            matrix[pivot * width + i] = matrix[column * width + i];
            matrix[column * width + i] = moved / largest;
        }
        for (unsigned row = 0; row < size; row++) {
            double factor = row == column ? 0 : matrix[row * width + column];
            for (unsigned i = 0; factor != 0 && i < width; i++)
                matrix[row * width + i] -= factor * matrix[column * width + i];
        }
    }
    return true;
}

/* Solves the confusion matrix for the claims. There are as many kinds as claims: `background` is
 * called by the place of none. Where it cannot be solved, the other estimate stands. */
static int adjust(struct model_shares *shares)
{
    unsigned size = shares->background < 0 ? shares->kinds : shares->class_count;
    unsigned width = size + 1;
    double *matrix = calloc((size_t)size * width, sizeof *matrix);
    if (!matrix)
        return -ENOMEM;
    unsigned none = shares->background < 0 ? shares->class_count : (unsigned)shares->background;
    for (unsigned i = 0; i < shares->entry_count; i++) {
        const struct entry *entry = &shares->entries[i];
        unsigned claim = entry->claim == shares->class_count ? none : entry->claim;
        matrix[claim * width + entry->is] = entry->chance;
    }
    for (unsigned i = 0; i < size; i++)
        matrix[i * width + size] = shares->claims[i == none ? shares->class_count : i];
    bool is_solved = eliminate(matrix, size);
    for (unsigned i = 0; i < shares->kinds; i++)
        shares->adjusted[i] =
            is_solved && i < size ? matrix[i * width + size] : shares->estimate[i] * shares->flows;
    free(matrix);
    return 0;
}

/* Draws claims and confusion anew from what they leave open, and estimates again. */
static void resample(struct model_shares *shares)
{
    uint64_t state = 2002;
    double floor = 0.5 / shares->kinds;
    for (unsigned round = 0; round < RESAMPLES; round++) {
        double *mix = &shares->samples[(size_t)round * shares->kinds];
        for (unsigned i = 0; i < shares->entry_count; i++)
            shares->entries[i].chance = draw_gamma(&state, shares->entries[i].count);
        normalise(shares);
        for (unsigned i = 0; i < shares->kinds; i++)
            shares->resampled_claims[i] = draw_gamma(&state, shares->claims[i] + floor);
        begin_mix(shares, 0.9, mix);
        maximise(shares, shares->resampled_claims, mix, STEPS_RESAMPLED);
    }
}

static int allocate(struct model_shares *shares)
{
    size_t kinds = shares->kinds;
    shares->entries = calloc(kinds * kinds, sizeof *shares->entries);
    shares->claims = calloc(5 * kinds + RESAMPLES * kinds, sizeof *shares->claims);
    if (!shares->entries || !shares->claims)
        return -ENOMEM;
    shares->estimate = shares->claims + kinds;
    shares->adjusted = shares->estimate + kinds;
    shares->resampled_claims = shares->adjusted + kinds;
    shares->expected = shares->resampled_claims + kinds;
    shares->samples = shares->expected + kinds;
    return 0;
}

int model_shares_new(struct model_shares **shares, const struct headers_model *model,
                     const uint64_t *claims)
{
    struct model_shares *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->class_count = model->class_count;
    made->kinds = model->class_count + 1;
    made->background = headers_model_class(model, PROTOCOL_UNKNOWN);
    int failure = allocate(made);
    if (!failure) {
        for (unsigned i = 0; i < made->kinds; i++) {
            made->claims[i] = (int)i == made->background ? 0 : (double)claims[i];
            made->flows += made->claims[i];
        }
        fill_entries(made, model);
        begin_mix(made, 0, made->estimate);
        maximise(made, made->claims, made->estimate, STEPS_MAX);
        failure = adjust(made);
    }
    if (failure) {
        model_shares_free(made);
        return failure;
    }
    resample(made);
    *shares = made;
    return 0;
}

void model_shares_free(struct model_shares *shares)
{
    if (!shares)
        return;
    free(shares->entries);
    free(shares->claims);
    free(shares);
}

uint64_t model_shares_flows(const struct model_shares *shares)
{
    return (uint64_t)shares->flows;
}

static int compare(const void *a, const void *b)
{
    const double *left = a;
    const double *right = b;
    return (*left > *right) - (*left < *right);
}

struct model_share model_shares_of(const struct model_shares *shares, const unsigned *group,
                                   unsigned chosen)
{
    struct model_share share = {.claimed = 0};
    double sums[RESAMPLES] = {0};
    for (unsigned i = 0; i < shares->kinds; i++) {
        if (group[i] != chosen)
            continue;
        share.claimed += (uint64_t)shares->claims[i];
        share.corrected += shares->estimate[i] * shares->flows;
        share.adjusted += shares->adjusted[i];
        for (unsigned round = 0; round < RESAMPLES; round++)
            sums[round] += shares->samples[(size_t)round * shares->kinds + i] * shares->flows;
    }
    qsort(sums, RESAMPLES, sizeof *sums, compare);
    share.low = fmin(sums[TAIL], share.corrected);
    share.high = fmax(sums[RESAMPLES - 1 - TAIL], share.corrected);
    return share;
}
