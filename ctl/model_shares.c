/* SPDX-License-Identifier: BSD-3-Clause */
/* Estimates a mix from claims and a confusion matrix. */
#include "model_shares.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { RESAMPLES = 200, STEPS_MAX = 1000, STEPS_RESAMPLED = 60, TAIL = RESAMPLES / 40 };

/* Steps end when no share changes by more: far below what any interval resolves. */
static const double change_least = 1e-6;

/* One entry of the confusion matrix: how often `is` is called `claim`. Most are zero and left out.
 */
struct entry {
    unsigned is, claim;
    double count; /* held-out flows */
    double chance;
    double part; /* drawn in a round, of the bytes of `claim` */
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
    double *bytes;         /* of the claims */
    double *even_flows;    /* of the claims: how many flows of one size would vary as much */
    double *byte_estimate; /* as `estimate`, of bytes */
    double *byte_mix;
    double *drawn;        /* sums of the parts drawn for a claim */
    double *samples;      /* [RESAMPLES][kinds]: shares of flows */
    double *byte_samples; /* likewise: bytes */
    double flows;
    double all_bytes;
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

/* What would be claimed under a mix. */
static void expect(struct model_shares *shares, const double *mix)
{
    memset(shares->expected, 0, shares->kinds * sizeof *shares->expected);
    for (unsigned i = 0; i < shares->entry_count; i++) {
        const struct entry *entry = &shares->entries[i];
        shares->expected[entry->claim] += mix[entry->is] * entry->chance;
    }
}

/* The mix under which the claims are most likely, from where `mix` stands; all of it positive. */
static void maximise(struct model_shares *shares, const double *claims, double *mix, unsigned steps)
{
    double sum = 0;
    for (unsigned i = 0; i < shares->kinds; i++)
        sum += claims[i];
    for (unsigned step = 0; step < steps && sum > 0; step++) {
        expect(shares, mix);
        double change = 0;
        for (unsigned i = 0; i < shares->entry_count;) {
            unsigned is = shares->entries[i].is;
            double factor = 0;
            for (; i < shares->entry_count && shares->entries[i].is == is; i++) {
                const struct entry *entry = &shares->entries[i];
                if (shares->expected[entry->claim] > 0)
                    factor += claims[entry->claim] * entry->chance / shares->expected[entry->claim];
            }
            change = fmax(change, mix[is] * fabs(factor / sum - 1));
            mix[is] *= factor / sum;
        }
        if (change < change_least)
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

/* A part of an estimate and all kinds alike, so that none is ruled out to begin with. With
 * `background` there are no flows beyond the classes. */
static void begin_mix(const struct model_shares *shares, const double *estimate, double part,
                      double *mix)
{
    for (unsigned i = 0; i < shares->kinds; i++)
        mix[i] = part * estimate[i] + (1 - part) / shares->kinds;
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

/* Draws claims anew around `claims`, each as if it were so many flows, and estimates the mix. */
static void remix(struct model_shares *shares, uint64_t *state, const double *claims,
                  const double *flows, const double *estimate, double *mix)
{
    double floor = 0.5 / shares->kinds;
    for (unsigned i = 0; i < shares->kinds; i++) {
        double size = flows[i] > 0 ? claims[i] / flows[i] : 1;
        shares->resampled_claims[i] = size * draw_gamma(state, flows[i] + floor);
    }
    begin_mix(shares, estimate, 0.9, mix);
    maximise(shares, shares->resampled_claims, mix, STEPS_RESAMPLED);
}

/* Draws whose the bytes of each claim are, given their mix (a Dirichlet draw for each claim). */
static void redistribute(struct model_shares *shares, uint64_t *state, double *sample)
{
    expect(shares, shares->byte_mix);
    memset(shares->drawn, 0, shares->kinds * sizeof *shares->drawn);
    memset(sample, 0, shares->kinds * sizeof *sample);
    for (unsigned i = 0; i < shares->entry_count; i++) {
        struct entry *entry = &shares->entries[i];
        double expected = shares->expected[entry->claim];
        double likely = expected > 0 ? shares->byte_mix[entry->is] * entry->chance / expected : 0;
        entry->part = draw_gamma(state, shares->even_flows[entry->claim] * likely);
        shares->drawn[entry->claim] += entry->part;
    }
    for (unsigned i = 0; i < shares->entry_count; i++) {
        const struct entry *entry = &shares->entries[i];
        if (shares->drawn[entry->claim] > 0)
            sample[entry->is] +=
                shares->bytes[entry->claim] * entry->part / shares->drawn[entry->claim];
    }
}

/* Draws claims and confusion anew from what they leave open, and estimates again. */
static void resample(struct model_shares *shares)
{
    uint64_t state = 2002;
    uint64_t byte_state = 2008; /* of its own: bytes change nothing about flows */
    for (unsigned round = 0; round < RESAMPLES; round++) {
        size_t first = (size_t)round * shares->kinds;
        for (unsigned i = 0; i < shares->entry_count; i++)
            shares->entries[i].chance = draw_gamma(&state, shares->entries[i].count);
        normalise(shares);
        remix(shares, &state, shares->claims, shares->claims, shares->estimate,
              &shares->samples[first]);
        remix(shares, &byte_state, shares->bytes, shares->even_flows, shares->byte_estimate,
              shares->byte_mix);
        redistribute(shares, &byte_state, &shares->byte_samples[first]);
    }
}

static int allocate(struct model_shares *shares)
{
    enum { VECTORS = 10 };
    size_t kinds = shares->kinds;
    shares->entries = calloc(kinds * kinds, sizeof *shares->entries);
    shares->claims = calloc((VECTORS + 2 * (size_t)RESAMPLES) * kinds, sizeof *shares->claims);
    if (!shares->entries || !shares->claims)
        return -ENOMEM;
    double **const vectors[VECTORS] = {
        &shares->claims,   &shares->estimate, &shares->adjusted,   &shares->resampled_claims,
        &shares->expected, &shares->bytes,    &shares->even_flows, &shares->byte_estimate,
        &shares->byte_mix, &shares->drawn};
    for (unsigned i = 0; i < VECTORS; i++)
        *vectors[i] = shares->claims + i * kinds;
    shares->samples = shares->claims + VECTORS * kinds;
    shares->byte_samples = shares->samples + RESAMPLES * kinds;
    return 0;
}

/* How many flows of one size vary as much as these; some part of one for no bytes to speak of. */
static double even_flows(const struct model_claim *claim)
{
    double units = (double)claim->bytes / TALLY_SQUARE_BYTES;
    double flows = claim->squares ? units * units / (double)claim->squares : 0;
    return fmin(flows, (double)claim->flows);
}

static void take_claims(struct model_shares *shares, const struct model_claim *claims)
{
    for (unsigned i = 0; i < shares->kinds; i++) {
        if ((int)i == shares->background)
            continue;
        shares->claims[i] = (double)claims[i].flows;
        shares->bytes[i] = (double)claims[i].bytes;
        shares->even_flows[i] = even_flows(&claims[i]);
        shares->flows += shares->claims[i];
        shares->all_bytes += shares->bytes[i];
    }
}

int model_shares_new(struct model_shares **shares, const struct headers_model *model,
                     const struct model_claim *claims)
{
    struct model_shares *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->class_count = model->class_count;
    made->kinds = model->class_count + 1;
    made->background = headers_model_class(model, PROTOCOL_UNKNOWN);
    int failure = allocate(made);
    if (!failure) {
        take_claims(made, claims);
        fill_entries(made, model);
        begin_mix(made, made->estimate, 0, made->estimate);
        maximise(made, made->claims, made->estimate, STEPS_MAX);
        begin_mix(made, made->byte_estimate, 0, made->byte_estimate);
        maximise(made, made->bytes, made->byte_estimate, STEPS_MAX);
        failure = adjust(made);
    }
    if (failure) {
        model_shares_free(made);
        return failure;
    }
    if (made->flows > 0)
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

/* The range of a sum over the samples; sorts them. */
static struct model_range range_of(double estimate, double *sums)
{
    qsort(sums, RESAMPLES, sizeof *sums, compare);
    return (struct model_range){.estimate = estimate,
                                .low = fmin(sums[TAIL], estimate),
                                .high = fmax(sums[RESAMPLES - 1 - TAIL], estimate)};
}

struct model_share model_shares_of(const struct model_shares *shares, const unsigned *group,
                                   unsigned chosen)
{
    struct model_share share = {.claimed = 0};
    double sums[RESAMPLES] = {0};
    double byte_sums[RESAMPLES] = {0};
    double flows = 0;
    double bytes = 0;
    for (unsigned i = 0; i < shares->kinds; i++) {
        if (group[i] != chosen)
            continue;
        share.claimed += (uint64_t)shares->claims[i];
        share.adjusted += shares->adjusted[i];
        flows += shares->estimate[i] * shares->flows;
        bytes += shares->byte_estimate[i] * shares->all_bytes;
        for (unsigned round = 0; round < RESAMPLES; round++) {
            size_t at = (size_t)round * shares->kinds + i;
            sums[round] += shares->samples[at] * shares->flows;
            byte_sums[round] += shares->byte_samples[at];
        }
    }
    share.flows = range_of(flows, sums);
    share.bytes = range_of(bytes, byte_sums);
    return share;
}
