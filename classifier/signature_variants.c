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
