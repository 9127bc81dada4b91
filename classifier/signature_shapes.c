/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns of a plain shape: what Hyperscan would take seconds to compile. */
#include "signature_shapes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signature_variants.h"

enum {
    ROW_SHAPES = 16, /* variants of one pattern that are sorted as one */
    HEAD_BYTES = 8,  /* a payload's first bytes sort the shapes that can match from the rest */
    FEW_SHAPES = 4,  /* are tried sooner than they are sorted */
    NO_KEY = INT32_MAX,
};

struct shape {
    unsigned item_start, item_count;
    uint32_t first;       /* byte where it begins */
    uint32_t least_bytes; /* a shorter payload cannot match */
    uint32_t key_at;      /* the byte behind the head that asks most of a payload ... */
    unsigned key_item;    /* ... and the item that it must belong to; NO_KEY: there is none */
    unsigned shared;      /* items at the beginning that the shape before it in the row has, too */
};

/* Variants of one pattern. Sorting each for itself would sort finer, but the table would leave the
 * CPU's caches. */
struct row {
    unsigned pattern;
    unsigned shape_start, shape_count;
};

struct shape_set {
    unsigned count;
    struct shape *shape;
    unsigned row_count;
    struct row *row; /* those of one pattern stand together */
    unsigned item_count;
    struct item *items;
    unsigned word_count;
    uint64_t *head; /* [HEAD_BYTES][256][word_count]: rows that a byte there leaves possible; null
                       when there are few shapes */
};

static bool items_equal(const struct item *a, const struct item *b)
{
    return a->least == b->least && a->most == b->most &&
           !memcmp(&a->class, &b->class, sizeof a->class);
}

static void find_key(const struct shape_set *set, struct shape *shape)
{
    unsigned smallest = 256;
    uint32_t at = shape->first;
    shape->key_item = NO_KEY;
    for (unsigned i = 0; i < shape->item_count; i++) {
        const struct item *item = &set->items[shape->item_start + i];
        uint32_t last = at + item->least - 1u;
        if (last >= HEAD_BYTES && class_size(&item->class) < smallest) {
            smallest = class_size(&item->class);
            shape->key_item = shape->item_start + i;
            shape->key_at = last;
        }
        if (item->least != item->most)
            return;
        at += item->least;
    }
}

static void find_shared(const struct shape_set *set, struct shape *shape)
{
    const struct shape *before = shape - 1;
    unsigned most = shape->item_count < before->item_count ? shape->item_count : before->item_count;
    while (shape->shared < most && items_equal(&set->items[shape->item_start + shape->shared],
                                               &set->items[before->item_start + shape->shared]))
        shape->shared++;
}

static bool keep_shape(struct shape_set *set, uint32_t first, const struct variant *variant)
{
    struct shape *shapes = realloc(set->shape, (set->count + 1) * sizeof *shapes);
    if (!shapes)
        return false;
    set->shape = shapes;
    struct item *items =
        realloc(set->items, (set->item_count + variant->count + 1) * sizeof *items);
    if (!items)
        return false;
    set->items = items;
    memcpy(items + set->item_count, variant->items, variant->count * sizeof *items);
    for (unsigned i = 0; i < variant->count; i++)
        items[set->item_count + i].is_any = class_size(&variant->items[i].class) == 256;
    struct shape *shape = &shapes[set->count++];
    *shape = (struct shape){.item_start = set->item_count,
                            .item_count = variant->count,
                            .first = first,
                            .least_bytes = first};
    for (unsigned i = 0; i < variant->count; i++)
        shape->least_bytes += variant->items[i].least;
    set->item_count += variant->count;
    find_key(set, shape);
    return true;
}

/* Puts the newest shape into the newest row, or begins one. */
static bool keep_row(struct shape_set *set, unsigned pattern, bool begins)
{
    if (!begins && set->row[set->row_count - 1].shape_count < ROW_SHAPES) {
        set->row[set->row_count - 1].shape_count++;
        find_shared(set, &set->shape[set->count - 1]);
        return true;
    }
    struct row *rows = realloc(set->row, (set->row_count + 1) * sizeof *rows);
    if (!rows)
        return false;
    set->row = rows;
    rows[set->row_count++] =
        (struct row){.pattern = pattern, .shape_start = set->count - 1, .shape_count = 1};
    return true;
}

static void admit_class(struct byte_class *head, const struct byte_class *class)
{
    for (unsigned i = 0; i < 4; i++)
        head->word[i] |= class->word[i];
}

/* Adds what the shape asks of the payload's first bytes, as far as they have a fixed place. */
static void add_head(const struct shape_set *set, const struct shape *shape,
                     struct byte_class head[HEAD_BYTES])
{
    uint32_t at = shape->first;
    for (uint32_t i = 0; i < at && i < HEAD_BYTES; i++)
        head[i] = any_byte;
    for (unsigned i = 0; i < shape->item_count; i++) {
        const struct item *item = &set->items[shape->item_start + i];
        for (unsigned k = 0; k < item->least && at < HEAD_BYTES; k++)
            admit_class(&head[at++], &item->class);
        if (item->least != item->most || at >= HEAD_BYTES)
            break;
    }
    for (; at < HEAD_BYTES; at++)
        head[at] = any_byte;
}

static void admit_row(struct shape_set *set, unsigned row)
{
    struct byte_class head[HEAD_BYTES] = {{{0}}};
    for (unsigned i = 0; i < set->row[row].shape_count; i++)
        add_head(set, &set->shape[set->row[row].shape_start + i], head);
    for (unsigned i = 0; i < HEAD_BYTES * 256; i++) {
        if (class_has(&head[i / 256], (uint8_t)i))
            set->head[(size_t)i * set->word_count + row / 64] |= (uint64_t)1 << row % 64;
    }
}

static bool build_heads(struct shape_set *set)
{
    set->word_count = (set->row_count + 63) / 64;
    if (set->count <= FEW_SHAPES)
        return true;
    set->head = calloc((size_t)HEAD_BYTES * 256 * set->word_count, sizeof *set->head);
    for (unsigned i = 0; set->head && i < set->row_count; i++)
        admit_row(set, i);
    return set->head;
}

/* Returns false when out of memory. */
static bool take_pattern(struct shape_set *set, struct variants *variants, unsigned index,
                         const struct rule_pattern *pattern, bool *is_taken)
{
    int outcome = variants_read(variants, pattern);
    *is_taken = outcome > 0;
    for (unsigned i = 0; *is_taken && i < variants->count; i++) {
        if (!keep_shape(set, pattern->first, &variants->variant[i]) ||
            !keep_row(set, index, i == 0))
            return false;
    }
    return outcome >= 0;
}

bool shape_is_plain(const struct rule_pattern *pattern)
{
    struct variants variants = {0};
    bool is_plain = variants_read(&variants, pattern) > 0;
    variants_free(&variants);
    return is_plain;
}

int shape_set_new(struct shape_set **set, const struct rule_pattern *const *patterns,
                  unsigned count, bool *is_taken, struct error *error)
{
    *set = NULL;
    struct shape_set *made = calloc(1, sizeof *made);
    struct variants variants = {0};
    bool is_complete = made;
    for (unsigned i = 0; i < count && is_complete; i++)
        is_complete = take_pattern(made, &variants, i, patterns[i], &is_taken[i]);
    variants_free(&variants);
    bool is_empty = is_complete && !made->count;
    if (!is_complete || is_empty || !build_heads(made)) {
        shape_set_free(made);
        return is_empty ? 0 : error_set(error, ENOMEM, "out of memory for patterns");
    }
    *set = made;
    return 0;
}

void shape_set_free(struct shape_set *set)
{
    if (!set)
        return;
    free(set->shape);
    free(set->row);
    free(set->items);
    free(set->head);
    free(set);
}

/* How many bytes of the class stand at `at`, no more than `most`. */
static uint32_t count_run(const struct byte_class *class, const uint8_t *bytes, uint32_t length,
                          uint32_t at, uint32_t most)
{
    uint32_t end = most < length - at ? at + most : length;
    uint32_t start = at;
    while (at < end && class_has(class, bytes[at]))
        at++;
    return at - start;
}

/* How many items match; all of them: the shape does. */
static unsigned walk_shape(const struct shape_set *set, const struct shape *shape,
                           const uint8_t *bytes, uint32_t length)
{
    uint32_t at = shape->first;
    for (unsigned i = 0; i < shape->item_count; i++) {
        const struct item *item = &set->items[shape->item_start + i];
        /* Long enough it is: a fixed row of any bytes need not be looked at. */
        uint32_t times = item->is_any && item->least == item->most && item->least <= length - at
                             ? item->least
                             : count_run(&item->class, bytes, length, at, item->most);
        if (times < item->least)
            return i;
        at += times;
    }
    return shape->item_count;
}

static bool may_match(const struct shape_set *set, const struct shape *shape, const uint8_t *bytes,
                      uint32_t length)
{
    return length >= shape->least_bytes &&
           (shape->key_item == NO_KEY ||
            class_has(&set->items[shape->key_item].class, bytes[shape->key_at]));
}

/* Where a shape failed, the next fails as well as long as it is the same up to there. */
static bool row_matches(const struct shape_set *set, const struct row *row, const uint8_t *bytes,
                        uint32_t length)
{
    unsigned failed = VARIANT_ITEMS;
    for (unsigned i = 0; i < row->shape_count; i++) {
        const struct shape *shape = &set->shape[row->shape_start + i];
        if (shape->shared > failed)
            continue;
        failed = VARIANT_ITEMS;
        if (!may_match(set, shape, bytes, length))
            continue;
        failed = walk_shape(set, shape, bytes, length);
        if (failed == shape->item_count)
            return true;
    }
    return false;
}

void shape_set_scan(const struct shape_set *set, const uint8_t *bytes, uint32_t length,
                    pattern_found *found, void *context)
{
    unsigned head_bytes = length < HEAD_BYTES ? length : HEAD_BYTES;
    if (!set->head)
        head_bytes = 0;
    unsigned told = UINT32_MAX;
    for (unsigned word = 0; word < set->word_count; word++) {
        uint64_t left = UINT64_MAX;
        for (unsigned i = 0; i < head_bytes; i++)
            left &= set->head[((size_t)i * 256 + bytes[i]) * set->word_count + word];
        for (; left; left &= left - 1) {
            unsigned index = word * 64 + (unsigned)__builtin_ctzll(left);
            if (index >= set->row_count)
                return;
            const struct row *row = &set->row[index];
            if (row->pattern == told || !row_matches(set, row, bytes, length))
                continue;
            told = row->pattern;
            found(context, told);
        }
    }
}
