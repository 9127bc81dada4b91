/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns of a plain shape: what Hyperscan would take seconds to compile. Reads the part of its
 * syntax that such patterns are written in, and gives every other pattern back. */
#include "signature_shapes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHAPE_ITEMS = 128,
    SHAPE_VARIANTS = 256, /* of one pattern; more are left to Hyperscan */
    SHAPE_REPEATS = 64,   /* repeats that are written out */
    ROW_SHAPES = 16,      /* variants of one pattern that are sorted as one */
    HEAD_BYTES = 8,       /* a payload's first bytes sort the shapes that can match from the rest */
    ANY_NUMBER = UINT16_MAX,
    NO_KEY = INT32_MAX,
};

struct byte_class {
    uint64_t word[4];
};

static const struct byte_class any_byte = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

struct item {
    struct byte_class class;
    bool is_any;
    uint16_t least, most; /* how often, as often as possible; most ANY_NUMBER: without end */
};

/* One variant of a pattern while it is read. */
struct variant {
    unsigned count;
    struct item items[SHAPE_ITEMS];
};

struct variants {
    unsigned count;
    struct variant *variant; /* [SHAPE_VARIANTS] */
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
    uint64_t *head; /* [HEAD_BYTES][256][word_count]: rows that a byte there leaves possible */
};

/* Once a pattern is found not to be plain, nothing more is read of it. */
struct reading {
    const char *at;
    bool is_caseless;
    bool is_plain;
    bool is_out_of_memory;
};

static bool class_has(const struct byte_class *class, uint8_t byte)
{
    return class->word[byte / 64] >> byte % 64 & 1;
}

static void class_add(struct byte_class *class, uint8_t byte)
{
    class->word[byte / 64] |= (uint64_t)1 << byte % 64;
}

static bool classes_meet(const struct byte_class *a, const struct byte_class *b)
{
    for (unsigned i = 0; i < 4; i++) {
        if (a->word[i] & b->word[i])
            return true;
    }
    return false;
}

static void class_fold(struct byte_class *class)
{
    for (unsigned letter = 'A'; letter <= 'Z'; letter++) {
        uint8_t upper = (uint8_t)letter;
        uint8_t lower = (uint8_t)(letter + ('a' - 'A'));
        if (class_has(class, upper) || class_has(class, lower)) {
            class_add(class, upper);
            class_add(class, lower);
        }
    }
}

static bool open_variants(struct reading *reading, struct variants *variants)
{
    variants->count = 0;
    variants->variant = malloc(SHAPE_VARIANTS * sizeof *variants->variant);
    if (!variants->variant) {
        reading->is_plain = false;
        reading->is_out_of_memory = true;
    }
    return variants->variant;
}

/* Room for one more; null, and the pattern not plain, when there is none. */
static struct variant *add_variant(struct reading *reading, struct variants *variants)
{
    if (variants->count == SHAPE_VARIANTS) {
        reading->is_plain = false;
        return NULL;
    }
    struct variant *variant = &variants->variant[variants->count++];
    variant->count = 0;
    return variant;
}

static void append_items(struct reading *reading, struct variant *variant, const struct item *items,
                         unsigned count)
{
    if (count > SHAPE_ITEMS - variant->count) {
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
    struct variants product;
    if (!open_variants(reading, &product))
        return;
    for (unsigned i = 0; i < left->count; i++) {
        for (unsigned k = 0; k < right->count && reading->is_plain; k++) {
            struct variant *added = add_variant(reading, &product);
            if (!added)
                break;
            append_items(reading, added, left->variant[i].items, left->variant[i].count);
            append_items(reading, added, right->variant[k].items, right->variant[k].count);
        }
    }
    free(left->variant);
    *left = product;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One byte as it is written, escaped or not; -1 for what is no byte. */
static int read_byte(struct reading *reading)
{
    static const char marks[] = "\\^$.|?*+()[]{}-/\"'#&:;,<>=!@%~_ ";
    uint8_t byte = (uint8_t)*reading->at;
    if (byte == '\0' || byte >= 0x80)
        return -1;
    reading->at++;
    if (byte != '\\')
        return byte;
    char escaped = *reading->at;
    if (escaped == '\0')
        return -1;
    reading->at++;
    switch (escaped) {
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'x': {
        int high = hex_digit(reading->at[0]);
        int low = high < 0 ? -1 : hex_digit(reading->at[1]);
        if (low < 0)
            return -1;
        reading->at += 2;
        return high << 4 | low;
    }
    default:
        return strchr(marks, escaped) ? escaped : -1;
    }
}

/* Behind its '['. Returns false for what is no plain class. */
static bool read_class(struct reading *reading, struct byte_class *class)
{
    bool is_negated = *reading->at == '^';
    reading->at += is_negated;
    *class = (struct byte_class){{0}};
    if (*reading->at == ']')
        return false;
    while (*reading->at != ']') {
        if (*reading->at == '[' && strchr(":.=", reading->at[1]))
            return false;
        int first = read_byte(reading);
        int last = first;
        if (first >= 0 && reading->at[0] == '-' && reading->at[1] != ']') {
            reading->at++;
            last = read_byte(reading);
        }
        if (first < 0 || last < first)
            return false;
        for (int byte = first; byte <= last; byte++)
            class_add(class, (uint8_t)byte);
    }
    reading->at++;
    if (reading->is_caseless)
        class_fold(class);
    for (unsigned i = 0; is_negated && i < 4; i++)
        class->word[i] = ~class->word[i];
    return true;
}

static bool read_single(struct reading *reading, struct byte_class *class)
{
    char c = *reading->at;
    if (c == '.' || c == '[') {
        reading->at++;
        *class = any_byte;
        return c == '.' || read_class(reading, class);
    }
    if (strchr("^$*+?{}", c))
        return false;
    int byte = read_byte(reading);
    if (byte < 0)
        return false;
    *class = (struct byte_class){{0}};
    class_add(class, (uint8_t)byte);
    if (reading->is_caseless)
        class_fold(class);
    return true;
}

static bool read_number(struct reading *reading, uint16_t *number)
{
    char *end;
    if (*reading->at < '0' || *reading->at > '9')
        return false;
    unsigned long read = strtoul(reading->at, &end, 10);
    reading->at = end;
    *number = (uint16_t)read;
    return read < RULE_STREAM_BYTES;
}

static bool read_braces(struct reading *reading, uint16_t *least, uint16_t *most)
{
    reading->at++;
    if (!read_number(reading, least))
        return false;
    *most = *least;
    if (*reading->at == ',') {
        reading->at++;
        *most = ANY_NUMBER;
        if (*reading->at != '}' && !read_number(reading, most))
            return false;
    }
    return *reading->at++ == '}' && *most > 0 && *most >= *least;
}

/* How often what stands before; false for what is no plain repeat. */
static bool read_repeat(struct reading *reading, uint16_t *least, uint16_t *most)
{
    char c = *reading->at;
    *least = 1;
    *most = 1;
    if (c == '\0' || !strchr("?*+{", c))
        return true;
    if (c == '{') {
        if (!read_braces(reading, least, most))
            return false;
    } else {
        reading->at++;
        *least = c == '+';
        *most = c == '?' ? 1 : ANY_NUMBER;
    }
    /* Lazy, possessive or repeated repeats. */
    return *reading->at == '\0' || !strchr("?*+{", *reading->at);
}

static void read_alternatives(struct reading *reading, struct variants *variants, unsigned depth);

/* What is repeated here: one byte of a class, or a group. */
static void read_atom(struct reading *reading, struct variants *atom, unsigned depth)
{
    enum { DEPTH_MAX = 8 };
    if (*reading->at == '(') {
        reading->at++;
        if (reading->at[0] == '?' && reading->at[1] == ':')
            reading->at += 2;
        if (*reading->at == '?' || depth == DEPTH_MAX) {
            reading->is_plain = false;
            return;
        }
        read_alternatives(reading, atom, depth + 1);
        reading->is_plain = reading->is_plain && *reading->at == ')';
        reading->at += reading->is_plain;
        return;
    }
    struct item item = {.least = 1, .most = 1};
    if (!read_single(reading, &item.class)) {
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
    struct variants power;
    struct variants sum;
    if (most > SHAPE_REPEATS) {
        reading->is_plain = false;
        return;
    }
    if (!open_variants(reading, &power))
        return;
    if (!open_variants(reading, &sum)) {
        free(power.variant);
        return;
    }
    add_variant(reading, &power);
    for (unsigned times = 0; times <= most && reading->is_plain; times++) {
        if (times > 0)
            multiply(reading, &power, atom);
        if (times >= least && reading->is_plain)
            append_variants(reading, &sum, &power);
    }
    free(power.variant);
    free(atom->variant);
    *atom = sum;
}

static void read_piece(struct reading *reading, struct variants *sequence, unsigned depth)
{
    struct variants atom;
    uint16_t least;
    uint16_t most;
    if (!open_variants(reading, &atom))
        return;
    read_atom(reading, &atom, depth);
    if (reading->is_plain && !read_repeat(reading, &least, &most))
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
    free(atom.variant);
}

static void read_alternatives(struct reading *reading, struct variants *variants, unsigned depth)
{
    bool goes_on = true;
    while (goes_on && reading->is_plain) {
        struct variants sequence;
        if (!open_variants(reading, &sequence))
            return;
        add_variant(reading, &sequence);
        while (reading->is_plain && *reading->at && *reading->at != '|' && *reading->at != ')')
            read_piece(reading, &sequence, depth);
        append_variants(reading, variants, &sequence);
        free(sequence.variant);
        goes_on = *reading->at == '|';
        reading->at += goes_on;
    }
}

/* Makes every run of the variant one that is walked without going back: the last as short as it
 * may be, one that its follower ends as it is, a short one written out as variants behind. */
static void settle(struct reading *reading, struct variants *variants, unsigned index)
{
    struct variant *variant = &variants->variant[index];
    for (unsigned i = 0; i < variant->count && reading->is_plain; i++) {
        struct item *item = &variant->items[i];
        if (i + 1 == variant->count)
            item->most = item->least;
        if (item->least == item->most || !classes_meet(&item->class, &item[1].class))
            continue;
        if (item->most - item->least > SHAPE_REPEATS) {
            reading->is_plain = false;
            return;
        }
        for (unsigned times = item->least + 1u; times <= item->most; times++) {
            struct variant *longer = add_variant(reading, variants);
            if (!longer)
                return;
            append_items(reading, longer, variant->items, variant->count);
            longer->items[i].least = longer->items[i].most = (uint16_t)times;
        }
        item->most = item->least;
    }
}

/* Returns whether the pattern is plain; then `variants` are its own. */
static bool read_pattern(struct reading *reading, const struct rule_pattern *pattern,
                         struct variants *variants)
{
    *reading = (struct reading){
        .at = pattern->text,
        .is_caseless = pattern->is_caseless,
        .is_plain = !pattern->is_anywhere && pattern->first == pattern->last,
    };
    variants->count = 0;
    read_alternatives(reading, variants, 0);
    reading->is_plain = reading->is_plain && *reading->at == '\0';
    for (unsigned i = 0; i < variants->count && reading->is_plain; i++)
        settle(reading, variants, i);
    return reading->is_plain;
}

static unsigned class_size(const struct byte_class *class)
{
    unsigned size = 0;
    for (unsigned i = 0; i < 4; i++)
        size += (unsigned)__builtin_popcountll(class->word[i]);
    return size;
}

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

/* What the shape asks of the payload's first bytes, as far as they have a fixed place. */
static void find_head(const struct shape_set *set, const struct shape *shape,
                      struct byte_class head[HEAD_BYTES])
{
    uint32_t at = shape->first;
    for (unsigned i = 0; i < HEAD_BYTES; i++)
        head[i] = any_byte;
    for (unsigned i = 0; i < shape->item_count; i++) {
        const struct item *item = &set->items[shape->item_start + i];
        for (unsigned k = 0; k < item->least && at < HEAD_BYTES; k++)
            head[at++] = item->class;
        if (item->least != item->most || at >= HEAD_BYTES)
            return;
    }
}

static void admit(struct shape_set *set, unsigned row, const struct shape *shape)
{
    struct byte_class head[HEAD_BYTES];
    find_head(set, shape, head);
    for (unsigned i = 0; i < HEAD_BYTES * 256; i++) {
        if (class_has(&head[i / 256], (uint8_t)i))
            set->head[(size_t)i * set->word_count + row / 64] |= (uint64_t)1 << row % 64;
    }
}

static bool build_heads(struct shape_set *set)
{
    set->word_count = (set->row_count + 63) / 64;
    set->head = calloc((size_t)HEAD_BYTES * 256 * set->word_count + 1, sizeof *set->head);
    for (unsigned i = 0; set->head && i < set->row_count; i++) {
        for (unsigned k = 0; k < set->row[i].shape_count; k++)
            admit(set, i, &set->shape[set->row[i].shape_start + k]);
    }
    return set->head;
}

/* Returns false when out of memory. */
static bool take_pattern(struct shape_set *set, struct variants *variants, unsigned index,
                         const struct rule_pattern *pattern, bool *is_taken)
{
    struct reading reading;
    *is_taken = read_pattern(&reading, pattern, variants);
    for (unsigned i = 0; *is_taken && i < variants->count; i++) {
        if (!keep_shape(set, pattern->first, &variants->variant[i]) ||
            !keep_row(set, index, i == 0))
            return false;
    }
    return !reading.is_out_of_memory;
}

bool shape_is_plain(const struct rule_pattern *pattern)
{
    struct variants variants = {.variant = malloc(SHAPE_VARIANTS * sizeof *variants.variant)};
    struct reading reading;
    bool is_plain = variants.variant && read_pattern(&reading, pattern, &variants);
    free(variants.variant);
    return is_plain;
}

int shape_set_new(struct shape_set **set, const struct rule_pattern *const *patterns,
                  unsigned count, bool *is_taken, struct error *error)
{
    struct shape_set *made = calloc(1, sizeof *made);
    struct variants variants = {.variant = malloc(SHAPE_VARIANTS * sizeof *variants.variant)};
    bool is_complete = made && variants.variant;
    for (unsigned i = 0; i < count && is_complete; i++)
        is_complete = take_pattern(made, &variants, i, patterns[i], &is_taken[i]);
    free(variants.variant);
    if (!is_complete || !build_heads(made)) {
        shape_set_free(made);
        return error_set(error, ENOMEM, "out of memory for patterns");
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
    unsigned failed = SHAPE_ITEMS;
    for (unsigned i = 0; i < row->shape_count; i++) {
        const struct shape *shape = &set->shape[row->shape_start + i];
        if (shape->shared > failed)
            continue;
        failed = SHAPE_ITEMS;
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
