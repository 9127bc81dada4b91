/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws a balanced sample and deals it out into folds. */
#include "kiss_sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

/* A row that may be taken. Sorted by class, turn and lot, the first `most` of a class are a sample
 * in which its endpoints take turns. */
struct candidate {
    const struct kiss_row *row;
    const char *class;
    uint32_t turn;
    uint64_t lot;
};

static const char *class_of(const struct kiss_learning *learning, const struct kiss_row *row)
{
    for (unsigned i = 0; i < learning->same_count; i++) {
        if (!strcmp(row->label, learning->same[i].label))
            return learning->same[i].class;
    }
    return row->label;
}

static int compare_endpoints(const struct kiss_row *a, const struct kiss_row *b)
{
    int order = strcmp(a->site, b->site);
    if (!order)
        order = strcmp(a->capture, b->capture);
    if (!order)
        order = strcmp(a->half, b->half);
    return order ? order : (a->endpoint > b->endpoint) - (a->endpoint < b->endpoint);
}

static int by_address(const struct kiss_row *a, const struct kiss_row *b)
{
    return (a > b) - (a < b);
}

static bool is_same_class(const struct candidate *a, const struct candidate *b)
{
    return !strcmp(a->class, b->class);
}

static int compare_by_endpoint(const void *first, const void *second)
{
    const struct candidate *a = first, *b = second;
    int order = strcmp(a->class, b->class);
    if (!order)
        order = compare_endpoints(a->row, b->row);
    if (!order)
        order = (a->lot > b->lot) - (a->lot < b->lot);
    return order ? order : by_address(a->row, b->row);
}

static int compare_by_turn(const void *first, const void *second)
{
    const struct candidate *a = first, *b = second;
    int order = strcmp(a->class, b->class);
    if (!order)
        order = (a->turn > b->turn) - (a->turn < b->turn);
    if (!order)
        order = (a->lot > b->lot) - (a->lot < b->lot);
    return order ? order : by_address(a->row, b->row);
}

static int compare_by_place(const void *first, const void *second)
{
    const struct candidate *a = first, *b = second;
    int order = strcmp(a->class, b->class);
    return order ? order : by_address(a->row, b->row);
}

static size_t end_of_class(const struct candidate *candidates, size_t count, size_t begin)
{
    size_t end = begin + 1;
    while (end < count && is_same_class(&candidates[begin], &candidates[end]))
        end++;
    return end;
}

/* What has too few rows to be a class, or no name in the table, is background. */
static void name_background(struct candidate *candidates, size_t count,
                            const struct kiss_learning *learning)
{
    static const char background[] = "unknown";
    qsort(candidates, count, sizeof *candidates, compare_by_place);
    for (size_t i = 0, end; i < count; i = end) {
        const char *class = candidates[i].class;
        end = end_of_class(candidates, count, i);
        if (end - i >= learning->least && protocols_find(learning->protocols, class) >= 0)
            continue;
        learning->progress("%s: %zu signatures, background", class, end - i);
        for (size_t k = i; k < end; k++)
            candidates[k].class = background;
    }
}

/* The n-th row of its endpoint is of turn n; lots decide which rows come first. */
static void give_turns(struct candidate *candidates, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        struct draw draw = draw_from(seed, i);
        candidates[i].lot = draw_next(&draw);
    }
    qsort(candidates, count, sizeof *candidates, compare_by_endpoint);
    for (size_t i = 0; i < count; i++) {
        bool goes_on = i && is_same_class(&candidates[i], &candidates[i - 1]) &&
                       !compare_endpoints(candidates[i].row, candidates[i - 1].row);
        candidates[i].turn = goes_on ? candidates[i - 1].turn + 1 : 0;
    }
    qsort(candidates, count, sizeof *candidates, compare_by_turn);
}

/* What a fold must hold whole: sites, captures, or nothing but rows. */
enum unit { UNIT_SITE, UNIT_CAPTURE, UNIT_ROW };

static bool is_same_unit(const struct kiss_row *a, const struct kiss_row *b, enum unit unit)
{
    return !strcmp(a->site, b->site) && (unit == UNIT_SITE || !strcmp(a->capture, b->capture));
}

/* The number of the row's unit among those of its class, in the order they appear. */
static unsigned rank_of(const struct kiss_row **rows, size_t count, size_t index, enum unit unit)
{
    unsigned rank = 0;
    for (size_t i = 0; i < count && !is_same_unit(rows[i], rows[index], unit); i++) {
        bool is_new = true;
        for (size_t k = 0; is_new && k < i; k++)
            is_new = !is_same_unit(rows[i], rows[k], unit);
        rank += is_new;
    }
    return rank;
}

static enum unit unit_of(const struct kiss_row **rows, size_t count)
{
    enum unit unit = UNIT_ROW;
    for (size_t i = 1; i < count && unit != UNIT_SITE; i++) {
        if (!is_same_unit(rows[0], rows[i], UNIT_SITE))
            unit = UNIT_SITE;
        else if (!is_same_unit(rows[0], rows[i], UNIT_CAPTURE))
            unit = UNIT_CAPTURE;
    }
    return unit;
}

static void deal_folds(const struct kiss_row **rows, unsigned *folds, size_t count,
                       unsigned fold_count)
{
    enum unit unit = unit_of(rows, count);
    for (size_t i = 0; i < count; i++)
        folds[i] = unit == UNIT_ROW ? (unsigned)(i % fold_count)
                                    : rank_of(rows, count, i, unit) % fold_count;
}

static int take_class(struct kiss_sample *sample, const struct kiss_learning *learning,
                      struct candidate *candidates, size_t count, struct error *error)
{
    int protocol = protocols_find(learning->protocols, candidates[0].class);
    if (count < learning->least) {
        learning->progress("%s: %zu signatures, left out", candidates[0].class, count);
        return 0;
    }
    if (sample->class_count == KISS_CLASSES_MAX)
        return error_set(error, EINVAL, "more than %d classes", KISS_CLASSES_MAX);
    size_t taken = count < learning->most ? count : learning->most;
    qsort(candidates, taken, sizeof *candidates, compare_by_place);
    size_t first = sample->count;
    for (size_t i = 0; i < taken; i++) {
        sample->rows[sample->count] = candidates[i].row;
        sample->classes[sample->count++] = sample->class_count;
    }
    sample->is_travelled[sample->class_count] = unit_of(sample->rows + first, taken) == UNIT_SITE;
    deal_folds(sample->rows + first, sample->folds + first, taken, learning->folds);
    sample->protocols[sample->class_count++] = (uint16_t)protocol;
    learning->progress("%s: %zu of %zu signatures", candidates[0].class, taken, count);
    return 0;
}

static int take_classes(struct kiss_sample *sample, const struct kiss_learning *learning,
                        struct candidate *candidates, size_t count, struct error *error)
{
    int failure = 0;
    for (size_t i = 0, end; !failure && i < count; i = end) {
        end = end_of_class(candidates, count, i);
        failure = take_class(sample, learning, candidates + i, end - i, error);
    }
    if (!failure && sample->class_count < 2)
        failure =
            error_set(error, ENODATA, "fewer than two classes have %u signatures", learning->least);
    return failure;
}

int kiss_sample_draw(struct kiss_sample *sample, const struct kiss_learning *learning,
                     const struct kiss_rows *rows, struct error *error)
{
    *sample = (struct kiss_sample){
        .rows = calloc(rows->count + 1, sizeof *sample->rows),
        .classes = calloc(rows->count + 1, sizeof *sample->classes),
        .folds = calloc(rows->count + 1, sizeof *sample->folds),
    };
    struct candidate *candidates = calloc(rows->count + 1, sizeof *candidates);
    if (!sample->rows || !sample->classes || !sample->folds || !candidates) {
        free(candidates);
        return error_set(error, ENOMEM, "out of memory for %zu rows", rows->count);
    }
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct kiss_row *row = &rows->row[i];
        if (row->transport == learning->transport)
            candidates[count++] = (struct candidate){.row = row, .class = class_of(learning, row)};
    }
    name_background(candidates, count, learning);
    give_turns(candidates, count, learning->seed);
    int failure = take_classes(sample, learning, candidates, count, error);
    free(candidates);
    return failure;
}

void kiss_sample_free(struct kiss_sample *sample)
{
    free(sample->rows);
    free(sample->classes);
    free(sample->folds);
    *sample = (struct kiss_sample){.rows = NULL};
}
