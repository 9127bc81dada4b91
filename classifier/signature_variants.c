/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the part of Hyperscan's syntax that patterns of a plain shape are written in. */
#include "signature_variants.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    VARIANTS_MAX = 256, /* of one pattern; more are left to Hyperscan */
    REPEATS_MAX = 64,   /* repeats that are written out */
};

/* Once a pattern is found not to be plain, nothing more is read of it. */
struct reading {
    const char *at;
    bool is_caseless;
    bool is_plain;
    bool is_out_of_memory;
};

static bool classes_meet(const struct byte_class *a, const struct byte_class *b)
{
    for (unsigned i = 0; i < 4; i++) {
        if (a->word[i] & b->word[i])
            return true;
    }
    return false;
}

/* Room for one more; null, and nothing more is read, when there is none. */
static struct variant *add_variant(struct reading *reading, struct variants *variants)
{
    if (variants->count == VARIANTS_MAX) {
        reading->is_plain = false;
        return NULL;
    }
    if (variants->count == variants->room) {
        unsigned room = variants->room ? 2 * variants->room : 1;
        struct variant *moved = realloc(variants->variant, room * sizeof *moved);
        if (!moved) {
            reading->is_plain = false;
            reading->is_out_of_memory = true;
            return NULL;
        }
        variants->variant = moved;
        variants->room = room;
    }
    struct variant *variant = &variants->variant[variants->count++];
    variant->count = 0;
    return variant;
}

static void append_items(struct reading *reading, struct variant *variant, const struct item *items,
                         unsigned count)
{
    if (count > VARIANT_ITEMS - variant->count) {
        reading->is_plain = false;
        return;
    }
    memcpy(variant->items + variant->count, items, count * sizeof *items);
    variant->count += count;
}

static void append_variants(struct reading *reading, struct variants *to,
                            const struct variants *from)
{
    for (unsigned i = 0; i < from->count && reading->is_plain; i++) {
        struct variant *added = add_variant(reading, to);
        if (added)
            append_items(reading, added, from->variant[i].items, from->variant[i].count);
    }
}

/* Every variant of `left` followed by every one of `right`. */
static void multiply(struct reading *reading, struct variants *left, const struct variants *right)
{
    struct variants product = {0};
    for (unsigned i = 0; i < left->count; i++) {
        for (unsigned k = 0; k < right->count && reading->is_plain; k++) {
            struct variant *added = add_variant(reading, &product);
            if (!added)
                break;
            append_items(reading, added, left->variant[i].items, left->variant[i].count);
            append_items(reading, added, right->variant[k].items, right->variant[k].count);
        }
    }
    variants_free(left);
    *left = product;
}

static void read_alternatives(struct reading *reading, struct variants *variants, unsigned depth);

/* What is repeated here: one byte of a class, or a group. */
static void read_atom(struct reading *reading, struct variants *atom, unsigned depth)
{
    if (*reading->at == '(') {
        if (!pattern_open_group(&reading->at) || depth == PATTERN_DEPTH_MAX) {
            reading->is_plain = false;
            return;
        }
        read_alternatives(reading, atom, depth + 1);
        reading->is_plain = reading->is_plain && *reading->at == ')';
        reading->at += reading->is_plain;
        return;
    }
    struct item item = {.least = 1, .most = 1};
    if (!pattern_read_class(&reading->at, reading->is_caseless, &item.class)) {
        reading->is_plain = false;
        return;
    }
    struct variant *variant = add_variant(reading, atom);
    if (variant)
        append_items(reading, variant, &item, 1);
}

/* One byte's repeat stays in its item, but for none at all: that is a variant of its own. */
static void repeat_item(struct reading *reading, struct variants *atom, uint16_t least,
                        uint16_t most)
{
    struct item *item = &atom->variant[0].items[0];
    item->least = least ? least : 1;
    item->most = most;
    if (least == 0)
        add_variant(reading, atom);
}

static void repeat_group(struct reading *reading, struct variants *atom, uint16_t least,
                         uint16_t most)
{
    struct variants power = {0};
    struct variants sum = {0};
    if (most > REPEATS_MAX) {
        reading->is_plain = false;
        return;
    }
    add_variant(reading, &power);
    for (unsigned times = 0; times <= most && reading->is_plain; times++) {
        if (times > 0)
            multiply(reading, &power, atom);
        if (times >= least && reading->is_plain)
            append_variants(reading, &sum, &power);
    }
    variants_free(&power);
    variants_free(atom);
    *atom = sum;
}

static void read_piece(struct reading *reading, struct variants *sequence, unsigned depth)
{
    struct variants atom = {0};
    uint16_t least;
    uint16_t most;
    read_atom(reading, &atom, depth);
    if (reading->is_plain && !pattern_read_repeat(&reading->at, &least, &most))
        reading->is_plain = false;
    if (reading->is_plain && (least != 1 || most != 1)) {
        const struct variant *only = &atom.variant[0];
        bool is_item = atom.count == 1 && only->count == 1 && only->items[0].most == 1;
        if (is_item)
            repeat_item(reading, &atom, least, most);
        else
            repeat_group(reading, &atom, least, most);
    }
    if (reading->is_plain)
        multiply(reading, sequence, &atom);
    variants_free(&atom);
}

static void read_alternatives(struct reading *reading, struct variants *variants, unsigned depth)
{
    bool goes_on = true;
    while (goes_on && reading->is_plain) {
        struct variants sequence = {0};
        add_variant(reading, &sequence);
        while (reading->is_plain && *reading->at && *reading->at != '|' && *reading->at != ')')
            read_piece(reading, &sequence, depth);
        append_variants(reading, variants, &sequence);
        variants_free(&sequence);
        goes_on = *reading->at == '|';
        reading->at += goes_on;
    }
}

/* Makes every run of the variant one that is walked without going back: the last as short as it
 * may be, one that its follower ends as it is, a short one written out as variants behind. */
static void settle(struct reading *reading, struct variants *variants, unsigned index)
{
    struct variant variant = variants->variant[index];
    for (unsigned i = 0; i < variant.count && reading->is_plain; i++) {
        struct item *item = &variant.items[i];
        if (i + 1 == variant.count)
            item->most = item->least;
        if (item->least == item->most || !classes_meet(&item->class, &item[1].class))
            continue;
        if (item->most - item->least > REPEATS_MAX) {
            reading->is_plain = false;
            return;
        }
        for (unsigned times = item->least + 1u; times <= item->most; times++) {
            struct variant *longer = add_variant(reading, variants);
            if (!longer)
                return;
            append_items(reading, longer, variant.items, variant.count);
            longer->items[i].least = longer->items[i].most = (uint16_t)times;
        }
        item->most = item->least;
    }
    variants->variant[index] = variant;
}

int variants_read(struct variants *variants, const struct rule_pattern *pattern)
{
    struct reading reading = {
        .at = pattern->text,
        .is_caseless = pattern->is_caseless,
        .is_plain = !pattern->is_anywhere && pattern->first == pattern->last,
    };
    variants->count = 0;
    read_alternatives(&reading, variants, 0);
    reading.is_plain = reading.is_plain && *reading.at == '\0';
    for (unsigned i = 0; i < variants->count && reading.is_plain; i++)
        settle(&reading, variants, i);
    return reading.is_out_of_memory ? -ENOMEM : reading.is_plain;
}

void variants_free(struct variants *variants)
{
    free(variants->variant);
    *variants = (struct variants){0};
}
