/* SPDX-License-Identifier: BSD-3-Clause */
/* Grows forests: classification trees over int16 features, whose leaves hold shares of all classes.
 *
 *     rows (columns of values, class, weight) ──► tree 0, 1, ... ──► struct grown_forest
 *
 * Random forest: each tree sees a bootstrap sample, each split the best cut of a few features drawn
 * (Breiman, Machine Learning 45, 2001). Extra-trees: each split a cut drawn at random for each of
 * them (Geurts, Ernst, Wehenkel, Machine Learning 63, 2006). Cuts are judged by the Gini index,
 * from integer weights, with additions, multiplications and divisions only: the same rows, options
 * and seed give the same forest with any compiler and any number of threads. */
#ifndef GROWER_H
#define GROWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { GROWER_CLASSES_MAX = 256, GROWER_LEAF_SUM = 255, GROWER_LEAF = -1 };

struct grow_rows {
    size_t count;
    unsigned feature_count;
    unsigned class_count;          /* up to GROWER_CLASSES_MAX */
    const int16_t *const *columns; /* columns[feature][row] */
    const uint8_t *classes;
    const uint32_t *weights; /* up to 65,535; 0: the row is not there */
};

struct grow_options {
    unsigned trees;
    unsigned depth;      /* of the deepest leaf; 0: the root is one */
    unsigned least_rows; /* in a leaf */
    unsigned candidates; /* features drawn for a split; 0: the square root of their number */
    unsigned threads;
    uint64_t seed;
    bool is_extra; /* extra-trees over all rows, instead of a random forest over samples of them */
};

/* Values up to the threshold go to `low`. A leaf has feature GROWER_LEAF, and in `low` its number.
 * Children stand behind their parents. */
struct grown_node {
    int16_t feature;
    int16_t threshold;
    uint32_t low;
    uint32_t high;
};

struct grown_tree {
    uint32_t node_count;
    uint32_t leaf_count;
    struct grown_node *nodes;
    uint8_t *leaves; /* leaf_count vectors of class_count weights that sum to GROWER_LEAF_SUM */
};

struct grown_forest {
    unsigned tree_count;
    unsigned class_count;
    unsigned depth; /* of the deepest leaf there is */
    struct grown_tree *trees;
};

/* Returns 0 or -errno; to be freed in either case. At least one row must have weight. */
int grow_forest(struct grown_forest *forest, const struct grow_rows *rows,
                const struct grow_options *options, struct error *error);
void grown_forest_free(struct grown_forest *forest);

/* scores[class_count]: the sum of the leaves' weights over the trees, scaled to 0 to 65,535. */
void grown_forest_score(const struct grown_forest *forest, const int16_t *values, uint16_t *scores);

/* Weights become whole shares of GROWER_LEAF_SUM: the largest remainders round up, of equals the
 * lower class. Shares below `least` of GROWER_LEAF_SUM go to the others. Exposed for its test. */
void grow_shares(const uint64_t *weights, unsigned count, unsigned least, uint8_t *shares);

#endif
