/* SPDX-License-Identifier: BSD-3-Clause */
/* Trees are grown depth first over one array of row numbers, of which each node owns a range. */
#include "grower.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

/* Rows of a node as they are sorted for one feature: the value, made unsigned, above the row. */
typedef uint64_t sorted_row;

enum { RADIX_FROM = 96, LEAST_SHARE = 3, CANDIDATES_TRIED = 4 };

struct split {
    double gain; /* sum over both sides of (sum of squared class weights) / weight */
    int feature; /* GROWER_LEAF: none was found */
    int16_t threshold;
};

/* One tree under construction; one a thread. */
struct growing {
    const struct grow_rows *rows;
    const struct grow_options *options;
    struct draw draw;
    struct grown_tree *tree;
    uint32_t node_room;
    uint32_t leaf_room;
    unsigned deepest;
    uint32_t *members; /* row numbers, by node */
    uint32_t *aside;
    uint32_t *weights; /* of the sample: the rows' times how often each was drawn */
    sorted_row *sorted;
    sorted_row *sorted_aside;
    uint16_t *features; /* a permutation, its front drawn anew for each split */
    uint64_t total[GROWER_CLASSES_MAX];
    uint64_t low[GROWER_CLASSES_MAX];
};

/* A node that is to be made of members[first] to members[end - 1]. */
struct task {
    uint32_t node;
    uint32_t first;
    uint32_t end;
    unsigned depth;
};

static uint16_t unsigned_value(int16_t value)
{
    return (uint16_t)(value + 32768);
}

static void sort_few(sorted_row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        sorted_row row = rows[i];
        size_t at = i;
        for (; at && rows[at - 1] > row; at--)
            rows[at] = rows[at - 1];
        rows[at] = row;
    }
}

/* By one byte of the value, from `from` to `to`. */
static void sort_by_byte(const sorted_row *from, sorted_row *to, size_t count, unsigned shift)
{
    size_t starts[257] = {0};
    for (size_t i = 0; i < count; i++)
        starts[(from[i] >> shift & 0xff) + 1]++;
    for (unsigned i = 1; i < 257; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < count; i++)
        to[starts[from[i] >> shift & 0xff]++] = from[i];
}

static void sort_rows(sorted_row *rows, sorted_row *aside, size_t count)
{
    if (count < RADIX_FROM) {
        sort_few(rows, count);
        return;
    }
    sort_by_byte(rows, aside, count, 32);
    sort_by_byte(aside, rows, count, 40);
}

/* Sums of weights, and of their squares, as rows pass from the high side to the low one. */
struct balance {
    uint64_t low_weight, high_weight;
    double low_squares, high_squares;
};

static void pass_low(struct growing *growing, struct balance *balance, uint32_t row)
{
    unsigned class = growing->rows->classes[row];
    uint64_t weight = growing->weights[row];
    uint64_t low = growing->low[class];
    uint64_t high = growing->total[class] - low;
    balance->low_squares += (double)(weight * (2 * low + weight));
    balance->high_squares -= (double)(weight * (2 * high - weight));
    balance->low_weight += weight;
    balance->high_weight -= weight;
    growing->low[class] = low + weight;
}

static double gain_of(const struct balance *balance)
{
    return balance->low_squares / (double)balance->low_weight +
           balance->high_squares / (double)balance->high_weight;
}

/* Halfway between two values; what is missing is cut off exactly. */
static int16_t between(int16_t low, int16_t high)
{
    return (int16_t)(low == INT16_MIN ? low : (low + high - ((low + high) % 2 != 0)) / 2);
}

static int16_t value_of(sorted_row row)
{
    return (int16_t)((int)(row >> 32) - 32768);
}

static void try_best(struct growing *growing, const struct task *task, struct balance balance,
                     unsigned feature, struct split *best)
{
    const int16_t *column = growing->rows->columns[feature];
    size_t count = task->end - task->first;
    for (size_t i = 0; i < count; i++) {
        uint32_t row = growing->members[task->first + i];
        growing->sorted[i] = (uint64_t)unsigned_value(column[row]) << 32 | row;
    }
    sort_rows(growing->sorted, growing->sorted_aside, count);
    memset(growing->low, 0, growing->rows->class_count * sizeof *growing->low);
    unsigned least = growing->options->least_rows;
    for (size_t i = 0; i + least < count; i++) {
        pass_low(growing, &balance, (uint32_t)growing->sorted[i]);
        if (i + 1 < least || growing->sorted[i] >> 32 == growing->sorted[i + 1] >> 32)
            continue;
        double gain = gain_of(&balance);
        if (gain > best->gain)
            *best = (struct split){
                gain, (int)feature,
                between(value_of(growing->sorted[i]), value_of(growing->sorted[i + 1]))};
    }
}

static int16_t draw_value(struct growing *growing, const struct task *task, const int16_t *column)
{
    uint32_t drawn = draw_below(&growing->draw, task->end - task->first);
    return column[growing->members[task->first + drawn]];
}

/* A cut anywhere between two rows drawn: seldom where there are few rows, and without a look at all
 * of them for the bounds. */
static void try_random(struct growing *growing, const struct task *task, struct balance balance,
                       unsigned feature, struct split *best)
{
    const int16_t *column = growing->rows->columns[feature];
    const uint32_t *members = growing->members;
    int16_t least = draw_value(growing, task, column);
    int16_t most = draw_value(growing, task, column);
    if (least > most) {
        int16_t swapped = least;
        least = most;
        most = swapped;
    }
    if (least == most)
        return;
    /* between what is missing and the values there is nothing to draw from */
    int16_t threshold = least;
    if (least != INT16_MIN)
        threshold = (int16_t)(least + (int)draw_below(&growing->draw, (uint32_t)(most - least)));
    memset(growing->low, 0, growing->rows->class_count * sizeof *growing->low);
    uint32_t low_rows = 0;
    for (uint32_t i = task->first; i < task->end; i++) {
        if (column[members[i]] > threshold)
            continue;
        pass_low(growing, &balance, members[i]);
        low_rows++;
    }
    unsigned fewest = growing->options->least_rows;
    if (low_rows < fewest || task->end - task->first - low_rows < fewest)
        return;
    double gain = gain_of(&balance);
    if (gain > best->gain)
        *best = (struct split){gain, (int)feature, threshold};
}

/* Sums the node's classes; returns how many there are. */
static unsigned sum_classes(struct growing *growing, const struct task *task,
                            struct balance *balance)
{
    unsigned classes = 0;
    memset(growing->total, 0, growing->rows->class_count * sizeof *growing->total);
    *balance = (struct balance){0};
    for (uint32_t i = task->first; i < task->end; i++) {
        uint32_t row = growing->members[i];
        growing->total[growing->rows->classes[row]] += growing->weights[row];
    }
    for (unsigned i = 0; i < growing->rows->class_count; i++) {
        classes += growing->total[i] > 0;
        balance->high_weight += growing->total[i];
        balance->high_squares += (double)growing->total[i] * (double)growing->total[i];
    }
    return classes;
}

/* The best of the features drawn. Where none of them cuts at all, more are drawn. */
static struct split find_split(struct growing *growing, const struct task *task,
                               const struct balance *balance)
{
    struct split best = {.gain = balance->high_squares / (double)balance->high_weight * (1 + 1e-9),
                         .feature = GROWER_LEAF};
    unsigned wanted = growing->options->candidates;
    unsigned feature_count = growing->rows->feature_count;
    for (unsigned i = 0; i < feature_count; i++) {
        if (i >= wanted && (best.feature != GROWER_LEAF || i >= wanted * CANDIDATES_TRIED))
            break;
        unsigned at = i + draw_below(&growing->draw, feature_count - i);
        uint16_t feature = growing->features[at];
        growing->features[at] = growing->features[i];
        growing->features[i] = feature;
        if (growing->options->is_extra)
            try_random(growing, task, *balance, feature, &best);
        else
            try_best(growing, task, *balance, feature, &best);
    }
    return best;
}

/* The rows of the low side come first, each side in the order it had. Returns where the high side
 * begins. */
static uint32_t part_rows(struct growing *growing, const struct task *task,
                          const struct split *split)
{
    const int16_t *column = growing->rows->columns[split->feature];
    uint32_t low = task->first;
    uint32_t high = 0;
    for (uint32_t i = task->first; i < task->end; i++) {
        uint32_t row = growing->members[i];
        if (column[row] <= split->threshold)
            growing->members[low++] = row;
        else
            growing->aside[high++] = row;
    }
    memcpy(&growing->members[low], growing->aside, high * sizeof *growing->aside);
    return low;
}

void grow_shares(const uint64_t *weights, unsigned count, unsigned least, uint8_t *shares)
{
    uint64_t kept[GROWER_CLASSES_MAX];
    uint64_t sum = 0;
    uint64_t kept_sum = 0;
    for (unsigned i = 0; i < count; i++)
        sum += weights[i];
    for (unsigned i = 0; i < count; i++) {
        kept[i] = weights[i] * GROWER_LEAF_SUM < sum * least ? 0 : weights[i];
        kept_sum += kept[i];
    }
    assert(kept_sum > 0); /* a leaf has rows, and least is less than the largest share */
    unsigned left = GROWER_LEAF_SUM;
    for (unsigned i = 0; i < count; i++) {
        shares[i] = (uint8_t)(kept[i] * GROWER_LEAF_SUM / kept_sum);
        left -= shares[i];
        kept[i] = kept[i] * GROWER_LEAF_SUM % kept_sum;
    }
    for (; left; left--) {
        unsigned largest = 0;
        for (unsigned i = 1; i < count; i++)
            largest = kept[i] > kept[largest] ? i : largest;
        shares[largest]++;
        kept[largest] = 0;
    }
}

static int make_leaf(struct growing *growing, struct grown_node *node)
{
    struct grown_tree *tree = growing->tree;
    unsigned width = growing->rows->class_count;
    if (tree->leaf_count == growing->leaf_room) {
        uint32_t room = growing->leaf_room ? growing->leaf_room * 2 : 64;
        uint8_t *leaves = realloc(tree->leaves, (size_t)room * width);
        if (!leaves)
            return -ENOMEM;
        tree->leaves = leaves;
        growing->leaf_room = room;
    }
    grow_shares(growing->total, width, LEAST_SHARE,
                &tree->leaves[(size_t)tree->leaf_count * width]);
    *node = (struct grown_node){.feature = GROWER_LEAF, .low = tree->leaf_count++};
    return 0;
}

static int make_nodes(struct growing *growing, unsigned count)
{
    struct grown_tree *tree = growing->tree;
    if (tree->node_count + count > growing->node_room) {
        uint32_t room = growing->node_room ? growing->node_room * 2 : 128;
        struct grown_node *nodes = realloc(tree->nodes, room * sizeof *nodes);
        if (!nodes)
            return -ENOMEM;
        tree->nodes = nodes;
        growing->node_room = room;
    }
    tree->node_count += count;
    return 0;
}

/* Makes the node, and puts its children, if it has any, at tasks[0] and tasks[1]. Returns how many
 * there are, or -ENOMEM. */
static int grow_node(struct growing *growing, const struct task *task, struct task *tasks)
{
    struct balance balance;
    unsigned classes = sum_classes(growing, task, &balance);
    struct split split = {.feature = GROWER_LEAF};
    if (classes > 1 && task->depth < growing->options->depth &&
        task->end - task->first >= 2 * growing->options->least_rows)
        split = find_split(growing, task, &balance);
    growing->deepest = task->depth > growing->deepest ? task->depth : growing->deepest;
    if (split.feature == GROWER_LEAF)
        return make_leaf(growing, &growing->tree->nodes[task->node]);
    uint32_t low = growing->tree->node_count;
    if (make_nodes(growing, 2))
        return -ENOMEM;
    growing->tree->nodes[task->node] =
        (struct grown_node){(int16_t)split.feature, split.threshold, low, low + 1};
    uint32_t middle = part_rows(growing, task, &split);
    tasks[0] = (struct task){low + 1, middle, task->end, task->depth + 1};
    tasks[1] = (struct task){low, task->first, middle, task->depth + 1};
    return 2;
}

/* Which rows the tree sees, and with what weight: all, or as many as there are, each drawn from all
 * that have weight. Returns how many different ones. */
static uint32_t draw_sample(struct growing *growing)
{
    const struct grow_rows *rows = growing->rows;
    bool is_all = growing->options->is_extra || growing->options->is_single;
    uint32_t count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        growing->weights[i] = is_all ? rows->weights[i] : 0;
        if (rows->weights[i])
            growing->members[count++] = i;
    }
    if (is_all)
        return count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t row = growing->members[draw_below(&growing->draw, count)];
        growing->weights[row] += rows->weights[row];
    }
    count = 0;
    for (uint32_t i = 0; i < rows->count; i++) {
        if (growing->weights[i])
            growing->members[count++] = i;
    }
    return count;
}

static int grow_tree(struct growing *growing)
{
    enum { DEPTH_MAX = 64 };
    struct task tasks[2 * DEPTH_MAX + 2];
    for (unsigned i = 0; i < growing->rows->feature_count; i++)
        growing->features[i] = (uint16_t)i;
    uint32_t count = draw_sample(growing);
    if (make_nodes(growing, 1))
        return -ENOMEM;
    tasks[0] = (struct task){.node = 0, .first = 0, .end = count};
    for (unsigned left = 1; left;) {
        struct task task = tasks[--left];
        int more = grow_node(growing, &task, &tasks[left]);
        if (more < 0)
            return more;
        left += (unsigned)more;
    }
    return 0;
}

/* What the threads share: each takes the trees of its own number, and every so many on. */
struct crew {
    const struct grow_rows *rows;
    struct grow_options options;
    struct grown_forest *forest;
};

struct hand {
    const struct crew *crew;
    unsigned number;
    int failure;
    unsigned deepest;
};

static int make_growing(struct growing *growing, const struct crew *crew)
{
    size_t count = crew->rows->count;
    *growing = (struct growing){
        .rows = crew->rows,
        .options = &crew->options,
        .members = calloc(count, sizeof *growing->members),
        .aside = calloc(count, sizeof *growing->aside),
        .weights = calloc(count, sizeof *growing->weights),
        .sorted = calloc(count, sizeof *growing->sorted),
        .sorted_aside = calloc(count, sizeof *growing->sorted_aside),
        .features = calloc(crew->rows->feature_count, sizeof *growing->features),
    };
    bool is_made = growing->members && growing->aside && growing->weights && growing->sorted &&
                   growing->sorted_aside && growing->features;
    return is_made ? 0 : -ENOMEM;
}

static void *grow_trees(void *context)
{
    struct hand *hand = context;
    const struct crew *crew = hand->crew;
    struct growing growing;
    hand->failure = make_growing(&growing, crew);
    for (unsigned i = hand->number; !hand->failure && i < crew->options.trees;
         i += crew->options.threads) {
        growing.tree = &crew->forest->trees[i];
        growing.node_room = growing.leaf_room = 0;
        growing.draw = draw_from(crew->options.seed, i);
        hand->failure = grow_tree(&growing);
    }
    hand->deepest = growing.deepest;
    free(growing.members);
    free(growing.aside);
    free(growing.weights);
    free(growing.sorted);
    free(growing.sorted_aside);
    free(growing.features);
    return NULL;
}

static void set_crew_to_work(struct crew *crew, struct hand *hands)
{
    pthread_t threads[2];
    bool is_started[2] = {false, false};
    const unsigned count = crew->options.threads;
    assert(count >= 1 && count <= 2);
    for (unsigned i = 0; i < count; i++)
        hands[i] = (struct hand){.crew = crew, .number = i};
    for (unsigned i = 1; i < count; i++)
        is_started[i] = !pthread_create(&threads[i], NULL, grow_trees, &hands[i]);
    grow_trees(&hands[0]);
    for (unsigned i = 1; i < count; i++) {
        if (is_started[i])
            pthread_join(threads[i], NULL);
        else
            grow_trees(&hands[i]);
    }
}

static unsigned root_of(unsigned number)
{
    unsigned root = 1;
    while ((root + 1) * (root + 1) <= number)
        root++;
    return root;
}

int grow_forest(struct grown_forest *forest, const struct grow_rows *rows,
                const struct grow_options *options, struct error *error)
{
    struct crew crew = {.rows = rows, .options = *options, .forest = forest};
    struct hand hands[2] = {{.failure = 0}, {.failure = 0}};
    crew.options.threads = options->threads > 1 ? 2 : 1;
    crew.options.least_rows = options->least_rows ? options->least_rows : 1;
    crew.options.depth = options->depth < 60 ? options->depth : 60;
    if (!options->candidates)
        crew.options.candidates = root_of(rows->feature_count);
    *forest = (struct grown_forest){
        .tree_count = options->trees,
        .class_count = rows->class_count,
        .trees = calloc(options->trees, sizeof *forest->trees),
    };
    if (!forest->trees)
        return error_set(error, ENOMEM, "out of memory for %u trees", options->trees);
    set_crew_to_work(&crew, hands);
    if (hands[0].failure || hands[1].failure)
        return error_set(error, ENOMEM, "out of memory for a forest over %zu rows", rows->count);
    forest->depth = hands[0].deepest > hands[1].deepest ? hands[0].deepest : hands[1].deepest;
    return 0;
}

void grown_forest_free(struct grown_forest *forest)
{
    for (unsigned i = 0; forest->trees && i < forest->tree_count; i++) {
        free(forest->trees[i].nodes);
        free(forest->trees[i].leaves);
    }
    free(forest->trees);
    *forest = (struct grown_forest){.trees = NULL};
}

void grown_forest_score(const struct grown_forest *forest, const int16_t *values, uint16_t *scores)
{
    uint32_t sums[GROWER_CLASSES_MAX] = {0};
    assert(forest->tree_count > 0);
    for (unsigned i = 0; i < forest->tree_count; i++) {
        const struct grown_tree *tree = &forest->trees[i];
        const struct grown_node *node = tree->nodes;
        while (node->feature != GROWER_LEAF)
            node = &tree->nodes[values[node->feature] <= node->threshold ? node->low : node->high];
        const uint8_t *leaf = &tree->leaves[(size_t)node->low * forest->class_count];
        for (unsigned class = 0; class < forest->class_count; class ++)
            sums[class] += leaf[class];
    }
    for (unsigned class = 0; class < forest->class_count; class ++)
        scores[class] = (uint16_t)((uint64_t)sums[class] * 65535 /
                                   (GROWER_LEAF_SUM * (uint64_t)forest->tree_count));
}
