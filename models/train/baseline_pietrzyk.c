/* SPDX-License-Identifier: BSD-3-Clause */
/* Pietrzyk's two methods: a decision tree, and naive Bayes whose densities are sums of kernels
 * (John and Langley, UAI 1995). Ports are among their features, as they were in the experiment. */
#include "baseline.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct tree_model {
    struct learned classes; /* without forests of its own */
    struct grown_forest forest;
};

/* The flows to learn from, by column. */
struct columns {
    size_t count;
    int16_t *values[PIETRZYK_FEATURES];
    uint8_t *classes;
    uint32_t *weights;
};

static int columns_new(struct columns *columns, size_t count)
{
    *columns = (struct columns){.classes = calloc(count + 1, 1),
                                .weights = calloc(count + 1, sizeof *columns->weights)};
    bool is_made = columns->classes && columns->weights;
    for (unsigned f = 0; f < PIETRZYK_FEATURES; f++) {
        columns->values[f] = calloc(count + 1, sizeof *columns->values[f]);
        is_made = is_made && columns->values[f];
    }
    return is_made ? 0 : -ENOMEM;
}

static void columns_free(struct columns *columns)
{
    for (unsigned f = 0; f < PIETRZYK_FEATURES; f++)
        free(columns->values[f]);
    free(columns->classes);
    free(columns->weights);
}

static int fill_columns(struct columns *columns, const struct learned *classes,
                        const struct rows *rows, const bool *is_used)
{
    if (columns_new(columns, rows->flow_count))
        return -ENOMEM;
    for (size_t i = 0; i < rows->flow_count; i++) {
        const struct rows_flow *flow = &rows->flows[i];
        int class = classes->class_of_label[flow->label];
        if (!is_used[i] || class < 0 || flow->variation != VARIATION_WHOLE)
            continue;
        int16_t values[PIETRZYK_FEATURES];
        baseline_features(rows, flow, values);
        for (unsigned f = 0; f < PIETRZYK_FEATURES; f++)
            columns->values[f][columns->count] = values[f];
        columns->weights[columns->count] = 1;
        columns->classes[columns->count++] = (uint8_t) class;
    }
    return 0;
}

static int learn_tree(void **model, const struct rows *rows, const bool *is_used,
                      const struct learner_options *options, struct error *error)
{
    const struct grow_options grow = {.trees = 1,
                                      .depth = 60,
                                      .least_rows = 2,
                                      .candidates = PIETRZYK_FEATURES,
                                      .seed = options->grow.seed,
                                      .is_single = true};
    struct columns columns = {.count = 0};
    struct tree_model *tree = calloc(1, sizeof *tree);
    *model = tree;
    if (!tree)
        return error_set(error, ENOMEM, "out of memory for a tree");
    int failure = learned_begin(&tree->classes, rows, is_used, options, error);
    if (!failure && fill_columns(&columns, &tree->classes, rows, is_used))
        failure = error_set(error, ENOMEM, "out of memory for a tree");
    if (!failure) {
        const struct grow_rows given = {.count = columns.count,
                                        .feature_count = PIETRZYK_FEATURES,
                                        .class_count = tree->classes.class_count,
                                        .columns = (const int16_t *const *)columns.values,
                                        .classes = columns.classes,
                                        .weights = columns.weights};
        failure = grow_forest(&tree->forest, &given, &grow, error);
    }
    columns_free(&columns);
    return failure;
}

static int decide_by_tree(const void *model, const struct rows *rows, const struct rows_flow *flow)
{
    const struct tree_model *tree = model;
    int16_t values[PIETRZYK_FEATURES];
    uint16_t scores[GROWER_CLASSES_MAX];
    baseline_features(rows, flow, values);
    grown_forest_score(&tree->forest, values, scores);
    unsigned best = 0;
    for (unsigned i = 1; i < tree->classes.class_count; i++)
        best = scores[i] > scores[best] ? i : best;
    return (int)tree->classes.classes[best];
}

static void free_tree(void *model)
{
    struct tree_model *tree = model;
    if (!tree)
        return;
    grown_forest_free(&tree->forest);
    learned_free(&tree->classes);
    free(tree);
}

const struct baseline baseline_tree = {"tree", learn_tree, decide_by_tree, free_tree};

/* Densities on 256 bins of 256 values, and one for what is missing. */
enum { BINS = 257, BIN_MISSING = 256, BIN_SIZES = 16 };

struct bayes {
    struct learned classes;
    double *prior;                              /* logarithms */
    double (*density)[PIETRZYK_FEATURES][BINS]; /* of each class, likewise */
};

/* Sizes reach from -2047 to 2047, ports over all 65,536 values. */
static unsigned bin_of(unsigned feature, int16_t value)
{
    if (feature >= 4)
        return (unsigned)(value + 32768) / 256;
    return value == FEATURE_MISSING ? BIN_MISSING : (unsigned)(value + 2048) / BIN_SIZES;
}

/* Kernels as wide as Silverman's rule says, in bins, on the bins' counts; a little is everywhere.
 */
static void smooth(double *density, double count)
{
    double sum = 0, squares = 0, known = count - density[BIN_MISSING], counts[BINS];
    memcpy(counts, density, sizeof counts);
    for (unsigned i = 0; i < BIN_MISSING; i++) {
        sum += counts[i] * i;
        squares += counts[i] * i * i;
    }
    double spread = known > 0 ? sqrt(fmax(squares / known - sum / known * (sum / known), 0)) : 0;
    double width = fmax(1.06 * spread * pow(fmax(known, 1), -0.2), 0.5);
    for (unsigned i = 0; i < BIN_MISSING; i++) {
        density[i] = 0;
        for (unsigned k = 0; k < BIN_MISSING; k++) {
            double distance = ((double)i - k) / width;
            if (counts[k] > 0 && fabs(distance) < 6)
                density[i] += counts[k] * exp(-distance * distance / 2) / (width * 2.5066282746);
        }
    }
    for (unsigned i = 0; i < BINS; i++)
        density[i] = log((density[i] + 1e-6) / (count + BINS * 1e-6));
}

static int make_bayes(struct bayes *bayes, const struct columns *columns)
{
    unsigned classes = bayes->classes.class_count;
    bayes->prior = calloc(classes, sizeof *bayes->prior);
    bayes->density = calloc(classes, sizeof *bayes->density);
    if (!bayes->prior || !bayes->density)
        return -ENOMEM;
    for (size_t i = 0; i < columns->count; i++) {
        bayes->prior[columns->classes[i]]++;
        for (unsigned f = 0; f < PIETRZYK_FEATURES; f++)
            bayes->density[columns->classes[i]][f][bin_of(f, columns->values[f][i])]++;
    }
    for (unsigned class = 0; class < classes; class ++) {
        for (unsigned f = 0; f < PIETRZYK_FEATURES; f++)
            smooth(bayes->density[class][f], bayes->prior[class]);
        bayes->prior[class] = log(bayes->prior[class] / (double)columns->count);
    }
    return 0;
}

static int learn_bayes(void **model, const struct rows *rows, const bool *is_used,
                       const struct learner_options *options, struct error *error)
{
    struct columns columns = {.count = 0};
    struct bayes *bayes = calloc(1, sizeof *bayes);
    *model = bayes;
    if (!bayes)
        return error_set(error, ENOMEM, "out of memory for densities");
    int failure = learned_begin(&bayes->classes, rows, is_used, options, error);
    if (!failure &&
        (fill_columns(&columns, &bayes->classes, rows, is_used) || make_bayes(bayes, &columns)))
        failure = error_set(error, ENOMEM, "out of memory for densities");
    columns_free(&columns);
    return failure;
}

static int decide_by_bayes(const void *model, const struct rows *rows, const struct rows_flow *flow)
{
    const struct bayes *bayes = model;
    int16_t values[PIETRZYK_FEATURES];
    baseline_features(rows, flow, values);
    unsigned best = 0;
    double highest = -INFINITY;
    for (unsigned class = 0; class < bayes->classes.class_count; class ++) {
        double likelihood = bayes->prior[class];
        for (unsigned f = 0; f < PIETRZYK_FEATURES; f++)
            likelihood += bayes->density[class][f][bin_of(f, values[f])];
        if (likelihood > highest) {
            highest = likelihood;
            best = class;
        }
    }
    return (int)bayes->classes.classes[best];
}

static void free_bayes(void *model)
{
    struct bayes *bayes = model;
    if (!bayes)
        return;
    learned_free(&bayes->classes);
    free(bayes->prior);
    free(bayes->density);
    free(bayes);
}

const struct baseline baseline_bayes = {"bayes", learn_bayes, decide_by_bayes, free_bayes};
