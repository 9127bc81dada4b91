/* SPDX-License-Identifier: BSD-3-Clause */
/* Proves and packs trees; walks them. */
#include "classifier/forest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { WALKED_TOGETHER = 8, LEAVES_MAX = UINT16_MAX };

/* A leaf's children are (itself, number of its leaf): no value exceeds its threshold. */
struct packed_node {
    int16_t threshold;
    uint16_t feature;
    uint16_t child[2];
};

static_assert(sizeof(struct packed_node) == 8, "eight nodes are one cache line");

struct leaf {
    uint32_t first; /* in weights */
    uint32_t count;
};

struct forest {
    struct packed_node *nodes;
    uint32_t node_count, node_room;
    struct leaf *leaves; /* each different one once */
    uint32_t leaf_count, leaf_room;
    struct forest_weight *weights;
    uint32_t weight_count, weight_room;
    uint32_t *leaf_index; /* open addressing over leaves: number + 1 */
    uint32_t leaf_index_mask;
    unsigned class_count;
    unsigned tree_count;
    uint32_t roots[FOREST_TREES_MAX];
    uint8_t depths[FOREST_TREES_MAX];
};

int forest_new(struct forest **forest, unsigned class_count, struct error *error)
{
    assert(class_count > 0 && class_count <= FOREST_CLASSES_MAX);
    struct forest *made = calloc(1, sizeof *made);
    enum { INDEX_PLACES = 2 * (LEAVES_MAX + 1) };
    uint32_t *index = calloc(INDEX_PLACES, sizeof *index);
    if (!made || !index) {
        free(made);
        free(index);
        return error_set(error, ENOMEM, "out of memory for a forest");
    }
    made->class_count = class_count;
    made->leaf_index = index;
    made->leaf_index_mask = INDEX_PLACES - 1;
    *forest = made;
    return 0;
}

void forest_free(struct forest *forest)
{
    if (!forest)
        return;
    free(forest->nodes);
    free(forest->leaves);
    free(forest->weights);
    free(forest->leaf_index);
    free(forest);
}

/* Room for `more` items behind `count`. */
static bool grow(void *items, uint32_t *room, uint32_t count, uint32_t more, size_t item_bytes)
{
    void **array = items;
    if (count + more <= *room)
        return true;
    uint32_t wanted = 2 * (count + more);
    void *grown = realloc(*array, wanted * item_bytes);
    if (!grown)
        return false;
    *array = grown;
    *room = wanted;
    return true;
}

static uint32_t hash_of(const struct forest_weight *weights, unsigned count)
{
    uint32_t hash = 2166136261;
    for (unsigned i = 0; i < count; i++)
        hash = (hash ^ (weights[i].class_index | (uint32_t)weights[i].weight << 8)) * 16777619;
    return hash ^ hash >> 15;
}

static bool is_leaf(const struct forest *forest, uint32_t leaf, const struct forest_node *node)
{
    const struct leaf *known = &forest->leaves[leaf];
    return known->count == node->weight_count &&
           !memcmp(&forest->weights[known->first], node->weights,
                   known->count * sizeof *node->weights);
}

static int add_leaf(struct forest *forest, const struct forest_node *node, uint16_t *leaf,
                    struct error *error)
{
    uint32_t place = hash_of(node->weights, node->weight_count) & forest->leaf_index_mask;
    for (; forest->leaf_index[place]; place = (place + 1) & forest->leaf_index_mask) {
        *leaf = (uint16_t)(forest->leaf_index[place] - 1);
        if (is_leaf(forest, *leaf, node))
            return 0;
    }
    if (forest->leaf_count == LEAVES_MAX)
        return error_set(error, ENOSPC, "a forest holds up to %d different leaves", LEAVES_MAX);
    if (!grow(&forest->leaves, &forest->leaf_room, forest->leaf_count, 1, sizeof *forest->leaves) ||
        !grow(&forest->weights, &forest->weight_room, forest->weight_count, node->weight_count,
              sizeof *forest->weights))
        return error_set(error, ENOMEM, "out of memory for leaves");
    memcpy(&forest->weights[forest->weight_count], node->weights,
           node->weight_count * sizeof *node->weights);
    forest->leaves[forest->leaf_count] =
        (struct leaf){.first = forest->weight_count, .count = node->weight_count};
    forest->weight_count += node->weight_count;
    *leaf = (uint16_t)forest->leaf_count++;
    forest->leaf_index[place] = forest->leaf_count;
    return 0;
}

static const char *fault_of_leaf(const struct forest_node *node, unsigned class_count)
{
    bool is_named[FOREST_CLASSES_MAX] = {false};
    unsigned sum = 0;
    for (unsigned i = 0; i < node->weight_count; i++) {
        unsigned named = node->weights[i].class_index;
        if (named >= class_count)
            return "a leaf's class is not one of the model's";
        if (is_named[named])
            return "a leaf names a class twice";
        if (!node->weights[i].weight)
            return "a weight is 1 to 255";
        is_named[named] = true;
        sum += node->weights[i].weight;
    }
    return sum == FOREST_LEAF_WEIGHT ? NULL : "a leaf's weights sum to 255";
}

static const char *fault_of_split(const struct forest_node *node, unsigned number, unsigned count)
{
    if (node->feature >= FEATURES)
        return "there is no such feature";
    if (node->threshold == INT16_MAX)
        return "a threshold is -32768 to 32766";
    if (node->low <= number || node->high <= number)
        return "a split's children come behind it";
    return node->low < count && node->high < count ? NULL : "a split's child is beyond the tree";
}

/* Proves all nodes; gives the depth of the deepest leaf. Since children come behind their parents,
 * one pass knows each node's depth before it comes to it, and every walk ends. */
static int prove(const struct forest *forest, const struct forest_node *nodes, unsigned count,
                 uint8_t *deepest, struct error *error)
{
    uint8_t *depths = calloc(count, sizeof *depths);
    if (!depths)
        return error_set(error, ENOMEM, "out of memory for a tree");
    const char *fault = NULL;
    unsigned number = 0;
    *deepest = 0;
    for (; number < count; number++) {
        const struct forest_node *node = &nodes[number];
        fault = node->is_leaf ? fault_of_leaf(node, forest->class_count)
                              : fault_of_split(node, number, count);
        if (!fault && !node->is_leaf && depths[number] == FOREST_DEPTH_MAX)
            fault = "more than 64 splits on the way to a leaf";
        if (fault)
            break;
        if (depths[number] > *deepest)
            *deepest = depths[number];
        for (unsigned side = 0; !node->is_leaf && side < 2; side++) {
            uint8_t *child = &depths[side ? node->high : node->low];
            if (*child <= depths[number])
                *child = (uint8_t)(depths[number] + 1);
        }
    }
    free(depths);
    if (!fault)
        return 0;
    if (error)
        error->line = number + 1;
    return error_set(error, EINVAL, "%s", fault);
}

int forest_add(struct forest *forest, const struct forest_node *nodes, unsigned count,
               struct error *error)
{
    if (count == 0 || count > FOREST_NODES_MAX)
        return error_set(error, EINVAL, "a tree has 1 to %d nodes", FOREST_NODES_MAX);
    if (forest->tree_count == FOREST_TREES_MAX)
        return error_set(error, ENOSPC, "a forest holds up to %d trees", FOREST_TREES_MAX);
    uint8_t depth;
    int failure = prove(forest, nodes, count, &depth, error);
    if (failure)
        return failure;
    if (!grow(&forest->nodes, &forest->node_room, forest->node_count, count, sizeof *forest->nodes))
        return error_set(error, ENOMEM, "out of memory for a tree");
    struct packed_node *packed = &forest->nodes[forest->node_count];
    for (unsigned i = 0; i < count && !failure; i++) {
        packed[i] = (struct packed_node){.threshold = nodes[i].threshold,
                                         .feature = nodes[i].feature,
                                         .child = {nodes[i].low, nodes[i].high}};
        if (!nodes[i].is_leaf)
            continue;
        uint16_t leaf = 0;
        failure = add_leaf(forest, &nodes[i], &leaf, error);
        packed[i] = (struct packed_node){.threshold = INT16_MAX, .child = {(uint16_t)i, leaf}};
    }
    forest->roots[forest->tree_count] = forest->node_count;
    forest->depths[forest->tree_count] = depth;
    forest->node_count += count;
    forest->tree_count++;
    return failure;
}

unsigned forest_trees(const struct forest *forest)
{
    return forest->tree_count;
}

unsigned forest_depth(const struct forest *forest)
{
    unsigned deepest = 0;
    for (unsigned i = 0; i < forest->tree_count; i++)
        deepest = forest->depths[i] > deepest ? forest->depths[i] : deepest;
    return deepest;
}

uint64_t forest_bytes(const struct forest *forest)
{
    return (uint64_t)forest->node_count * sizeof *forest->nodes +
           (uint64_t)forest->leaf_count * sizeof *forest->leaves +
           (uint64_t)forest->weight_count * sizeof *forest->weights;
}

static void add_weights(const struct forest *forest, const struct packed_node *node, uint32_t *sums)
{
    const struct leaf *leaf = &forest->leaves[node->child[1]];
    const struct forest_weight *weights = &forest->weights[leaf->first];
    for (uint32_t i = 0; i < leaf->count; i++)
        sums[weights[i].class_index] += weights[i].weight;
}

/* Walks trees `first` to `first + count - 1`, as many steps as the deepest of them needs. */
static void walk(const struct forest *forest, const int16_t *values, unsigned first, unsigned count,
                 uint32_t *sums)
{
    const struct packed_node *roots[WALKED_TOGETHER];
    unsigned at[WALKED_TOGETHER] = {0};
    unsigned steps = 0;
    for (unsigned i = 0; i < WALKED_TOGETHER; i++) {
        unsigned tree = first + (i < count ? i : 0);
        roots[i] = forest->nodes + forest->roots[tree];
        steps = forest->depths[tree] > steps ? forest->depths[tree] : steps;
    }
    for (unsigned step = 0; step < steps; step++) {
        for (unsigned i = 0; i < WALKED_TOGETHER; i++) {
            const struct packed_node *node = &roots[i][at[i]];
            at[i] = node->child[values[node->feature] > node->threshold];
        }
    }
    for (unsigned i = 0; i < count; i++)
        add_weights(forest, &roots[i][at[i]], sums);
}

void forest_score(const struct forest *forest, const int16_t values[FEATURES], uint16_t *scores)
{
    uint32_t sums[FOREST_CLASSES_MAX];
    memset(sums, 0, forest->class_count * sizeof *sums);
    for (unsigned tree = 0; tree < forest->tree_count; tree += WALKED_TOGETHER) {
        unsigned left = forest->tree_count - tree;
        walk(forest, values, tree, left < WALKED_TOGETHER ? left : WALKED_TOGETHER, sums);
    }
    uint64_t whole = (uint64_t)forest->tree_count * FOREST_LEAF_WEIGHT;
    for (unsigned i = 0; i < forest->class_count; i++)
        scores[i] = (uint16_t)(sums[i] * (uint64_t)FOREST_SCORE_MAX / whole);
}
