/* SPDX-License-Identifier: BSD-3-Clause */
/* A forest of decision trees with vector leaves, scored in integers: the same sums on every
 * machine. Trees are proved as they are added, so that scoring cannot fail.
 *
 *     tree      a walk from node 0: value <= threshold goes low, else high, until a leaf
 *     leaf      weights of classes that sum to 255
 *     score     of a class: the sum of its weights over all trees, as part of 65535
 *
 * A node is 8 bytes. A leaf is a node that every value leads back to, so that a walk takes a fixed
 * number of steps without a branch, and several trees are walked side by side: their memory is
 * waited for together. */
#ifndef CLASSIFIER_FOREST_H
#define CLASSIFIER_FOREST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/feature.h"

enum {
    FOREST_TREES_MAX = 1024,
    FOREST_NODES_MAX = 65535, /* of one tree */
    FOREST_DEPTH_MAX = 64,    /* splits on the way to a leaf */
    FOREST_CLASSES_MAX = 256,
    FOREST_LEAF_WEIGHT = 255,
    FOREST_SCORE_MAX = 65535,
};

/* What a leaf says of one class. */
struct forest_weight {
    uint8_t class_index;
    uint8_t weight; /* 1 to 255 */
};

/* A node as it is handed in. Children have larger numbers than their parent. */
struct forest_node {
    bool is_leaf;
    uint8_t feature;   /* enum feature, of a split; FEATURE_MISSING goes low */
    int16_t threshold; /* below INT16_MAX */
    uint16_t low, high;
    const struct forest_weight *weights; /* of a leaf, borrowed for the call, no class twice */
    unsigned weight_count;
};

struct forest;

/* Without trees yet. Returns 0 or -ENOMEM. */
int forest_new(struct forest **forest, unsigned class_count, struct error *error);

/* Null is fine. */
void forest_free(struct forest *forest);

/* Adds a tree of `count` nodes. Returns 0; -EINVAL with what is wrong and, in error.line, the
 * number of the node, from 1; -ENOSPC beyond what a forest holds; or -ENOMEM. After a fault the
 * forest is to be freed. */
int forest_add(struct forest *forest, const struct forest_node *nodes, unsigned count,
               struct error *error);

unsigned forest_trees(const struct forest *forest);
unsigned forest_depth(const struct forest *forest); /* of the deepest tree */
uint64_t forest_bytes(const struct forest *forest); /* of memory that scoring reads */

/* Scores one flow's values: scores[class], 0 to FOREST_SCORE_MAX. The forest has a tree. Hot:
 * cannot fail, whatever the values. */
void forest_score(const struct forest *forest, const int16_t values[FEATURES], uint16_t *scores);

#endif
