/* SPDX-License-Identifier: BSD-3-Clause */
/* Proves and packs trees; walks them. */
#include "classifier/forest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    WALKED_TOGETHER = 8,
    STEPS_TOGETHER = 4, /* between questions whether a walk is over */
    LEAVES_MAX = UINT16_MAX,
    BLOCK_WEIGHTS = 4,
    COUNT_BITS = 7, /* 64 blocks at most */
};

/* A split's children stand side by side, so that the way on is a sum. A leaf's child is itself: no
 * value exceeds its threshold. */
struct packed_node {
    int16_t threshold;
    uint16_t feature;
    uint32_t child; /* in the forest */
};

static_assert(sizeof(struct packed_node) == 8, "eight nodes are one cache line");

/* Most leaves have few classes. All weights of a block are added, those of 0 as well: cheaper than
 * to ask how many there are. */
struct block {
    struct forest_weight weights[BLOCK_WEIGHTS];
};

struct leaf {
    uint32_t first; /* block */
    uint32_t count;
};

struct forest {
    struct packed_node *nodes; /* trees one after the other, each by depth */
    uint32_t *leaf_of;         /* by node: a leaf's first block, and COUNT_BITS of how many */
    uint32_t node_count, node_room;
    struct leaf *leaves; /* each different one once; scoring goes to their blocks at once */
    uint32_t leaf_count, leaf_room;
    struct block *blocks;
    uint32_t block_count, block_room;
    uint32_t *leaf_index; /* open addressing over leaves: number + 1 */
    uint32_t leaf_index_mask;
    unsigned class_count;
    unsigned tree_count;
    uint32_t roots[FOREST_TREES_MAX]; /* by depth: trees that are walked together are alike */
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
    free(forest->leaf_of);
    free(forest->leaves);
    free(forest->blocks);
    free(forest->leaf_index);
    free(forest);
}

/* Room for `more` items behind `count`. */
static bool grow(void *items, uint32_t room, size_t item_bytes)
{
    void **array = items;
    void *grown = realloc(*array, room * item_bytes);
    if (grown)
        *array = grown;
    return grown;
}

static bool has_room(uint32_t *room, uint32_t count, uint32_t more)
{
    if (count + more <= *room)
        return true;
    *room = 2 * (count + more);
    return false;
}

static uint32_t hash_of(const struct forest_weight *weights, unsigned count)
{
    uint32_t hash = 2166136261;
    for (unsigned i = 0; i < count; i++)
        hash = (hash ^ (weights[i].class_index | (uint32_t)weights[i].weight << 8)) * 16777619;
    return hash ^ hash >> 15;
}

static unsigned blocks_of(const struct forest_node *node)
{
    return (node->weight_count + BLOCK_WEIGHTS - 1) / BLOCK_WEIGHTS;
}

static bool is_leaf(const struct forest *forest, uint32_t leaf, const struct forest_node *node)
{
    const struct leaf *known = &forest->leaves[leaf];
    const struct forest_weight *weights = forest->blocks[known->first].weights;
    unsigned places = known->count * BLOCK_WEIGHTS;
    return known->count == blocks_of(node) &&
           !memcmp(weights, node->weights, node->weight_count * sizeof *weights) &&
           (places == node->weight_count || !weights[node->weight_count].weight);
}

static void fill_blocks(struct forest *forest, const struct forest_node *node)
{
    struct block *blocks = &forest->blocks[forest->block_count];
    memset(blocks, 0, blocks_of(node) * sizeof *blocks);
    for (unsigned i = 0; i < node->weight_count; i++)
        blocks[i / BLOCK_WEIGHTS].weights[i % BLOCK_WEIGHTS] = node->weights[i];
}

/* Its place and size as `leaf_of` has them. */
static uint32_t locate(const struct leaf *leaf)
{
    return leaf->first << COUNT_BITS | leaf->count;
}

static int add_leaf(struct forest *forest, const struct forest_node *node, uint32_t *located,
                    struct error *error)
{
    uint32_t place = hash_of(node->weights, node->weight_count) & forest->leaf_index_mask;
    for (; forest->leaf_index[place]; place = (place + 1) & forest->leaf_index_mask) {
        uint32_t known = forest->leaf_index[place] - 1;
        *located = locate(&forest->leaves[known]);
        if (is_leaf(forest, known, node))
            return 0;
    }
    if (forest->leaf_count == LEAVES_MAX)
        return error_set(error, ENOSPC, "a forest holds up to %d different leaves", LEAVES_MAX);
    unsigned blocks = blocks_of(node);
    if ((!has_room(&forest->leaf_room, forest->leaf_count, 1) &&
         !grow(&forest->leaves, forest->leaf_room, sizeof *forest->leaves)) ||
        (!has_room(&forest->block_room, forest->block_count, blocks) &&
         !grow(&forest->blocks, forest->block_room, sizeof *forest->blocks)))
        return error_set(error, ENOMEM, "out of memory for leaves");
    fill_blocks(forest, node);
    forest->leaves[forest->leaf_count] =
        (struct leaf){.first = forest->block_count, .count = blocks};
    forest->block_count += blocks;
    *located = locate(&forest->leaves[forest->leaf_count]);
    forest->leaf_index[place] = ++forest->leaf_count;
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

/* Proves all nodes; gives each node's depth. Since children come behind their parents, one pass
 * knows each node's depth before it comes to it, and every walk ends. */
static const char *prove_node(const struct forest *forest, const struct forest_node *nodes,
                              unsigned count, unsigned number, uint8_t *depths)
{
    const struct forest_node *node = &nodes[number];
    if (number > 0 && !depths[number])
        return "no split leads to this node";
    if (node->is_leaf)
        return fault_of_leaf(node, forest->class_count);
    const char *fault = fault_of_split(node, number, count);
    if (fault)
        return fault;
    if (depths[number] == FOREST_DEPTH_MAX)
        return "more than 64 splits on the way to a leaf";
    if (node->low == node->high || depths[node->low] || depths[node->high])
        return "two ways lead to the same child";
    depths[node->low] = depths[node->high] = (uint8_t)(depths[number] + 1);
    return NULL;
}

static int prove(const struct forest *forest, const struct forest_node *nodes, unsigned count,
                 uint8_t *depths, struct error *error)
{
    for (unsigned number = 0; number < count; number++) {
        const char *fault = prove_node(forest, nodes, count, number, depths);
        if (!fault)
            continue;
        if (error)
            error->line = number + 1;
        return error_set(error, EINVAL, "%s", fault);
    }
    return 0;
}

/* Lays the tree out behind the others: the root, then pairs of children in the order in which their
 * parents stand. `order[i]` is the node at place i. Each node has one parent, so all find one. */
static int pack(struct forest *forest, const struct forest_node *nodes, unsigned count,
                uint32_t *order, struct error *error)
{
    uint32_t base = forest->node_count;
    unsigned used = 1;
    order[0] = 0;
    for (unsigned place = 0; place < count; place++) {
        const struct forest_node *node = &nodes[order[place]];
        struct packed_node *packed = &forest->nodes[base + place];
        forest->leaf_of[base + place] = 0;
        if (node->is_leaf) {
            *packed = (struct packed_node){.threshold = INT16_MAX, .child = base + place};
            int failure = add_leaf(forest, node, &forest->leaf_of[base + place], error);
            if (failure)
                return failure;
            continue;
        }
        *packed = (struct packed_node){
            .threshold = node->threshold, .feature = node->feature, .child = base + used};
        order[used++] = node->low;
        order[used++] = node->high;
    }
    return 0;
}

/* Puts the tree among the others by its depth. */
static void add_root(struct forest *forest, uint32_t root, uint8_t depth)
{
    unsigned at = forest->tree_count++;
    for (; at > 0 && forest->depths[at - 1] > depth; at--) {
        forest->depths[at] = forest->depths[at - 1];
        forest->roots[at] = forest->roots[at - 1];
    }
    forest->depths[at] = depth;
    forest->roots[at] = root;
}

static int add_tree(struct forest *forest, const struct forest_node *nodes, unsigned count,
                    uint8_t *depths, uint32_t *order, struct error *error)
{
    int failure = prove(forest, nodes, count, depths, error);
    if (failure)
        return failure;
    if (!has_room(&forest->node_room, forest->node_count, count) &&
        (!grow(&forest->nodes, forest->node_room, sizeof *forest->nodes) ||
         !grow(&forest->leaf_of, forest->node_room, sizeof *forest->leaf_of)))
        return error_set(error, ENOMEM, "out of memory for a tree");
    failure = pack(forest, nodes, count, order, error);
    if (failure)
        return failure;
    uint8_t deepest = 0;
    for (unsigned i = 0; i < count; i++)
        deepest = depths[i] > deepest ? depths[i] : deepest;
    add_root(forest, forest->node_count, deepest);
    forest->node_count += count;
    return 0;
}

int forest_add(struct forest *forest, const struct forest_node *nodes, unsigned count,
               struct error *error)
{
    if (count == 0 || count > FOREST_NODES_MAX)
        return error_set(error, EINVAL, "a tree has 1 to %d nodes", FOREST_NODES_MAX);
    if (forest->tree_count == FOREST_TREES_MAX)
        return error_set(error, ENOSPC, "a forest holds up to %d trees", FOREST_TREES_MAX);
    uint8_t *depths = calloc(count, sizeof *depths);
    uint32_t *order = calloc(count, sizeof *order);
    int failure = depths && order ? add_tree(forest, nodes, count, depths, order, error)
                                  : error_set(error, ENOMEM, "out of memory for a tree");
    free(depths);
    free(order);
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
    return (uint64_t)forest->node_count * (sizeof *forest->nodes + sizeof *forest->leaf_of) +
           (uint64_t)forest->block_count * sizeof *forest->blocks;
}

static void add_weights(const struct forest *forest, uint32_t node, uint32_t *sums)
{
    uint32_t located = forest->leaf_of[node];
    const struct block *block = &forest->blocks[located >> COUNT_BITS];
    const struct block *end = block + (located & ((1u << COUNT_BITS) - 1));
    for (; block < end; block++) {
#pragma GCC unroll 4
        for (unsigned k = 0; k < BLOCK_WEIGHTS; k++)
            sums[block->weights[k].class_index] += block->weights[k].weight;
    }
}

/* One step of each walk; 0 when all stand on leaves. */
static inline uint32_t step(const struct packed_node *nodes, const int16_t *values,
                            uint32_t at[WALKED_TOGETHER])
{
    uint32_t moved = 0;
#pragma GCC unroll 8
    for (unsigned i = 0; i < WALKED_TOGETHER; i++) {
        const struct packed_node *node = &nodes[at[i]];
        uint32_t next = node->child + (values[node->feature] > node->threshold);
        moved |= next ^ at[i];
        at[i] = next;
    }
    return moved;
}

/* Walks trees `first` to `first + count - 1` until all stand on leaves, which is asked now and then
 * only. */
static void walk(const struct forest *forest, const int16_t *values, unsigned first, unsigned count,
                 uint32_t *sums)
{
    uint32_t at[WALKED_TOGETHER];
    for (unsigned i = 0; i < WALKED_TOGETHER; i++)
        at[i] = forest->roots[first + (i < count ? i : 0)];
    unsigned steps = forest->depths[first + count - 1];
    for (unsigned done = 0; done < steps; done += STEPS_TOGETHER) {
#pragma GCC unroll 4
        for (unsigned i = 1; i < STEPS_TOGETHER; i++)
            step(forest->nodes, values, at);
        if (!step(forest->nodes, values, at))
            break;
    }
    for (unsigned i = 0; i < count; i++)
        add_weights(forest, at[i], sums);
}

static void sum_up(const struct forest *forest, const int16_t *values, uint32_t *sums)
{
    memset(sums, 0, forest->class_count * sizeof *sums);
    for (unsigned tree = 0; tree < forest->tree_count; tree += WALKED_TOGETHER) {
        unsigned left = forest->tree_count - tree;
        walk(forest, values, tree, left < WALKED_TOGETHER ? left : WALKED_TOGETHER, sums);
    }
}

static uint16_t score_of(const struct forest *forest, uint32_t sum)
{
    assert(forest->tree_count > 0);
    uint64_t whole = (uint64_t)forest->tree_count * FOREST_LEAF_WEIGHT;
    return (uint16_t)(sum * (uint64_t)FOREST_SCORE_MAX / whole);
}

void forest_score(const struct forest *forest, const int16_t values[FEATURES], uint16_t *scores)
{
    uint32_t sums[FOREST_CLASSES_MAX];
    sum_up(forest, values, sums);
    for (unsigned i = 0; i < forest->class_count; i++)
        scores[i] = score_of(forest, sums[i]);
}

uint16_t forest_best(const struct forest *forest, const int16_t values[FEATURES],
                     unsigned *class_index)
{
    uint32_t sums[FOREST_CLASSES_MAX];
    sum_up(forest, values, sums);
    unsigned best = 0;
    for (unsigned i = 1; i < forest->class_count; i++) {
        if (sums[i] > sums[best])
            best = i;
    }
    *class_index = best;
    return score_of(forest, sums[best]);
}
