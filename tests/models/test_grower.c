/* SPDX-License-Identifier: BSD-3-Clause */
/* Forests on sets small enough to check by hand, and what must hold for any. */
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "grower.h"
#include "suites.h"

enum { SIDE = 40, MANY = SIDE * SIDE };

static const uint32_t ones[MANY] = {[0 ... MANY - 1] = 1};

static struct grown_forest grow(const struct grow_rows *rows, struct grow_options options)
{
    struct grown_forest forest;
    struct error error = {0};
    CU_ASSERT_EQUAL_FATAL(grow_forest(&forest, rows, &options, &error), 0);
    return forest;
}

static void shares_round_to_the_largest_remainders(void)
{
    uint8_t shares[4];
    grow_shares((const uint64_t[]){1, 1, 1, 0}, 4, 0, shares);
    CU_ASSERT(!memcmp(shares, ((uint8_t[]){85, 85, 85, 0}), 4));
    /* 255 / 2 leaves one over, which the lower class gets */
    grow_shares((const uint64_t[]){0, 7, 0, 7}, 4, 0, shares);
    CU_ASSERT(!memcmp(shares, ((uint8_t[]){0, 128, 0, 127}), 4));
    /* 1 of 200 is less than 3 of 255 */
    grow_shares((const uint64_t[]){199, 1}, 2, 3, shares);
    CU_ASSERT(!memcmp(shares, ((uint8_t[]){255, 0}), 2));
}

static void one_tree_cuts_halfway(void)
{
    /* sizes 10, 20 | 41, 50: the cut lies between 20 and 41, at 30 */
    const int16_t sizes[] = {10, 20, 41, 50};
    const int16_t *columns[] = {sizes};
    const uint8_t classes[] = {0, 0, 1, 1};
    struct grow_rows rows = {4, 1, 2, columns, classes, ones};
    struct grown_forest forest =
        grow(&rows, (struct grow_options){.trees = 1, .depth = 4, .is_extra = false, .seed = 3});
    const struct grown_tree *tree = &forest.trees[0];
    CU_ASSERT_EQUAL(tree->node_count, 3);
    CU_ASSERT_EQUAL(tree->nodes[0].feature, 0);
    CU_ASSERT(tree->nodes[0].threshold >= 20 && tree->nodes[0].threshold < 41);
    CU_ASSERT_EQUAL(forest.depth, 1);
    uint16_t scores[2];
    grown_forest_score(&forest, (const int16_t[]){20}, scores);
    CU_ASSERT_EQUAL(scores[0], 65535);
    grown_forest_score(&forest, (const int16_t[]){41}, scores);
    CU_ASSERT_EQUAL(scores[1], 65535);
    grown_forest_free(&forest);
}

static void what_is_missing_goes_low_and_is_cut_exactly(void)
{
    const int16_t gaps[] = {INT16_MIN, INT16_MIN, -32000, 5};
    const int16_t *columns[] = {gaps};
    const uint8_t classes[] = {0, 0, 1, 1};
    struct grow_rows rows = {4, 1, 2, columns, classes, ones};
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct grown_forest forest =
            grow(&rows, (struct grow_options){.trees = 1, .depth = 1, .seed = seed});
        if (forest.trees[0].node_count > 1 && forest.trees[0].nodes[0].threshold < -32000)
            CU_ASSERT_EQUAL(forest.trees[0].nodes[0].threshold, INT16_MIN);
        grown_forest_free(&forest);
    }
}

static void weights_decide_a_leaf(void)
{
    const int16_t same[] = {7, 7, 7};
    const int16_t *columns[] = {same};
    const uint8_t classes[] = {0, 0, 1};
    const uint32_t weights[] = {1, 1, 8};
    struct grow_rows rows = {3, 1, 2, columns, classes, weights};
    struct grown_forest forest =
        grow(&rows, (struct grow_options){.trees = 1, .depth = 3, .is_extra = true});
    CU_ASSERT_EQUAL(forest.trees[0].node_count, 1);
    CU_ASSERT_EQUAL(forest.trees[0].leaves[0], 51); /* 2 of 10 of 255 */
    CU_ASSERT_EQUAL(forest.trees[0].leaves[1], 204);
    grown_forest_free(&forest);
}

static void rows_without_weight_are_not_there(void)
{
    const int16_t sizes[] = {1, 2, 3, 4};
    const int16_t *columns[] = {sizes};
    const uint8_t classes[] = {0, 1, 0, 1};
    const uint32_t weights[] = {5, 0, 5, 0};
    struct grow_rows rows = {4, 1, 2, columns, classes, weights};
    for (unsigned is_extra = 0; is_extra < 2; is_extra++) {
        struct grown_forest forest =
            grow(&rows, (struct grow_options){.trees = 9, .depth = 9, .is_extra = is_extra});
        uint16_t scores[2];
        grown_forest_score(&forest, (const int16_t[]){2}, scores);
        CU_ASSERT_EQUAL(scores[0], 65535);
        grown_forest_free(&forest);
    }
}

/* A square of two by two fields of alternating class, which no single cut parts. */
struct board {
    int16_t x[MANY];
    int16_t y[MANY];
    int16_t noise[MANY];
    uint8_t classes[MANY];
    const int16_t *columns[3];
};

static void set_board(struct board *board)
{
    struct draw draw = draw_from(5, 0);
    for (unsigned i = 0; i < MANY; i++) {
        board->x[i] = (int16_t)(i % SIDE);
        board->y[i] = (int16_t)(i / SIDE);
        board->noise[i] = (int16_t)draw_next(&draw);
        board->classes[i] = (board->x[i] < SIDE / 2) != (board->y[i] < SIDE / 2);
    }
    board->columns[0] = board->x;
    board->columns[1] = board->y;
    board->columns[2] = board->noise;
}

static unsigned errors_on(const struct grown_forest *forest, const struct board *board)
{
    unsigned errors = 0;
    for (unsigned i = 0; i < MANY; i++) {
        uint16_t scores[2];
        grown_forest_score(forest, (const int16_t[]){board->x[i], board->y[i], board->noise[i]},
                           scores);
        errors += (scores[1] > scores[0]) != board->classes[i];
    }
    return errors;
}

static void both_kinds_learn_what_no_single_cut_tells(void)
{
    struct board board;
    set_board(&board);
    struct grow_rows rows = {MANY, 3, 2, board.columns, board.classes, ones};
    for (unsigned is_extra = 0; is_extra < 2; is_extra++) {
        struct grown_forest forest = grow(
            &rows,
            (struct grow_options){
                .trees = 16, .depth = 12, .least_rows = 2, .candidates = 2, .is_extra = is_extra});
        CU_ASSERT(errors_on(&forest, &board) < MANY / 50);
        grown_forest_free(&forest);
    }
}

static bool trees_equal(const struct grown_tree *a, const struct grown_tree *b, unsigned classes)
{
    if (a->node_count != b->node_count || a->leaf_count != b->leaf_count)
        return false;
    for (uint32_t i = 0; i < a->node_count; i++) {
        const struct grown_node *left = &a->nodes[i];
        const struct grown_node *right = &b->nodes[i];
        if (left->feature != right->feature || left->threshold != right->threshold ||
            left->low != right->low || left->high != right->high)
            return false;
    }
    return !memcmp(a->leaves, b->leaves, (size_t)a->leaf_count * classes);
}

static bool forests_equal(const struct grown_forest *a, const struct grown_forest *b)
{
    bool is_equal = a->tree_count == b->tree_count;
    for (unsigned i = 0; is_equal && i < a->tree_count; i++)
        is_equal = trees_equal(&a->trees[i], &b->trees[i], a->class_count);
    return is_equal;
}

static void the_seed_decides_and_the_threads_do_not(void)
{
    struct board board;
    set_board(&board);
    struct grow_rows rows = {MANY, 3, 2, board.columns, board.classes, ones};
    struct grow_options options = {.trees = 5, .depth = 6, .candidates = 1, .threads = 1};
    for (unsigned is_extra = 0; is_extra < 2; is_extra++) {
        options.is_extra = is_extra;
        options.seed = 1;
        options.threads = 1;
        struct grown_forest one = grow(&rows, options);
        options.threads = 2;
        struct grown_forest two = grow(&rows, options);
        options.seed = 2;
        struct grown_forest other = grow(&rows, options);
        CU_ASSERT(forests_equal(&one, &two));
        CU_ASSERT_FALSE(forests_equal(&one, &other));
        grown_forest_free(&one);
        grown_forest_free(&two);
        grown_forest_free(&other);
    }
}

static void limits_are_kept(void)
{
    struct board board;
    set_board(&board);
    struct grow_rows rows = {MANY, 3, 2, board.columns, board.classes, ones};
    struct grown_forest forest = grow(
        &rows, (struct grow_options){.trees = 4, .depth = 3, .least_rows = 400, .is_extra = true});
    CU_ASSERT(forest.depth <= 3);
    for (unsigned i = 0; i < forest.tree_count; i++) {
        CU_ASSERT(forest.trees[i].leaf_count <= MANY / 400);
        for (uint32_t node = 0; node < forest.trees[i].node_count; node++) {
            const struct grown_node *at = &forest.trees[i].nodes[node];
            CU_ASSERT(at->feature == GROWER_LEAF || (at->low > node && at->high > node));
        }
    }
    grown_forest_free(&forest);
}

CU_TestInfo grower_tests[] = {
    {"shares round to the largest remainders", shares_round_to_the_largest_remainders},
    {"one tree cuts halfway", one_tree_cuts_halfway},
    {"what is missing is cut off exactly", what_is_missing_goes_low_and_is_cut_exactly},
    {"weights decide a leaf", weights_decide_a_leaf},
    {"rows without weight are not there", rows_without_weight_are_not_there},
    {"both kinds learn what no single cut tells", both_kinds_learn_what_no_single_cut_tells},
    {"the seed decides, the threads do not", the_seed_decides_and_the_threads_do_not},
    {"limits are kept", limits_are_kept},
    CU_TEST_INFO_NULL,
};
