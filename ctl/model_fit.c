/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares where scores lie now with where they lay in training. */
#include "model_fit.h"

#include <math.h>

/* What sums up over classes. */
struct sums {
    double flows;
    double too_low;   /* flows, beyond what chance makes of them on the average */
    double deviation; /* standard deviations at a half, if the model fits */
    double variance;  /* the squares of these */
};

/* Of the largest excess of a Brownian bridge over zero, in its standard deviations at a half: the
 * mean, and the mean of what lies above that (its distribution is 1 - exp(-x^2 / 2): Smirnov 1939).
 */
static const double largest_mean = 1.253;
static const double largest_beyond = 0.263;

const char *model_fit_name(enum model_fit_verdict verdict)
{
    static const char *const names[MODEL_FIT_VERDICTS] = {
        [MODEL_FIT_UNTOLD] = "not enough flows",
        [MODEL_FIT_GOOD] = "fits",
        [MODEL_FIT_DRIFT] = "drifting",
        [MODEL_FIT_BAD] = "does not fit",
    };
    return names[verdict];
}

/* A class without a reference is compared with the cells' widths, which hold for its own flows. */
static double reference(const struct headers_model *model, unsigned class_index,
                        double expected[HEADERS_LEVELS])
{
    double sum = 0;
    for (unsigned cell = 0; cell < HEADERS_LEVELS; cell++)
        sum += (double)headers_model_fit(model, class_index, cell);
    for (unsigned cell = 0; cell < HEADERS_LEVELS; cell++) {
        double width = headers_levels[cell] - (cell ? headers_levels[cell - 1] : 0);
        double weight = (double)headers_model_fit(model, class_index, cell);
        expected[cell] = sum > 0 ? weight / sum : width / PER_MILLE;
    }
    return sum > 0 ? sum / PER_MILLE : 1;
}

static void add_class(struct sums *sums, const struct headers_model *model, unsigned class_index,
                      const uint64_t *cells)
{
    double expected[HEADERS_LEVELS];
    double reference_flows = reference(model, class_index, expected);
    double flows = 0;
    for (unsigned cell = 0; cell < HEADERS_LEVELS; cell++)
        flows += (double)cells[cell] / PER_MILLE;
    double seen_below = 0;
    double expected_below = 0;
    double largest = 0;
    double variance = 0;
    for (unsigned cell = 0; cell < HEADERS_LEVELS; cell++) {
        seen_below += (double)cells[cell] / PER_MILLE;
        expected_below += expected[cell];
        double spread = fmax(0, expected_below * (1 - expected_below));
        largest = fmax(largest, seen_below - flows * expected_below);
        variance = fmax(variance, flows * spread * (1 + flows / reference_flows));
    }
    sums->flows += flows;
    sums->too_low += fmax(0, largest - largest_mean * sqrt(variance));
    sums->deviation += sqrt(variance);
    sums->variance += variance;
}

static enum model_fit_verdict judge(unsigned distance, unsigned margin)
{
    if (distance > FIT_BAD + margin)
        return MODEL_FIT_BAD;
    if (distance > FIT_DRIFT + margin)
        return MODEL_FIT_DRIFT;
    return margin > FIT_DRIFT ? MODEL_FIT_UNTOLD : MODEL_FIT_GOOD;
}

struct model_fit model_fit_of(const struct headers_model *model, const struct tally *tally)
{
    struct sums sums = {.flows = 0};
    for (unsigned i = 0; i < model->class_count; i++)
        add_class(&sums, model, i, tally->headers[model->classes[i].protocol].fit);
    struct model_fit fit = {.flows = (uint64_t)(sums.flows + 0.5), .margin = PER_MILLE};
    if (fit.flows == 0)
        return fit;
    /* At least that of one class at a half, for references of few different scores. */
    double margin = fmax(largest_beyond * sums.deviation + 2 * sqrt(sums.variance),
                         (largest_beyond / 2 + 1) * sqrt(sums.flows));
    fit.distance = (unsigned)lround(PER_MILLE * sums.too_low / sums.flows);
    fit.margin = (unsigned)lround(fmin(PER_MILLE, PER_MILLE * margin / sums.flows));
    fit.verdict = judge(fit.distance, fit.margin);
    return fit;
}
