/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads patterns into places and what may follow each. Built at start; walks no payload. */
#include "signature_automaton.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    DRAFT_PLACES = 1024, /* of one pattern; more are left to Hyperscan */
    DRAFT_WORDS = DRAFT_PLACES / 64,
};

struct place_set {
    uint64_t word[DRAFT_WORDS];
};

struct draft_place {
    struct byte_class class;
    bool is_end;
    struct place_set follow;
};

/* A pattern while it is read. Once it is found not to be readable, nothing more is read of it. */
struct draft {
    const char *at;
    bool is_caseless;
    bool is_readable;
    unsigned count;
    struct draft_place place[DRAFT_PLACES]; /* `count` of them are filled in */
};

/* A part of a pattern: where a match of it begins and ends. */
struct part {
    bool is_nullable; /* it can match nothing */
    struct place_set first, last;
    uint32_t least, most; /* bytes */
};

static void set_add(struct place_set *set, unsigned place)
{
    set->word[place / 64] |= (uint64_t)1 << place % 64;
}

static bool set_has(const struct place_set *set, unsigned place)
{
    return set->word[place / 64] >> place % 64 & 1;
}

static bool set_is_empty(const struct place_set *set)
{
    for (unsigned i = 0; i < DRAFT_WORDS; i++) {
        if (set->word[i])
            return false;
    }
    return true;
}

static void set_join(struct place_set *set, const struct place_set *other)
{
    for (unsigned i = 0; i < DRAFT_WORDS; i++)
        set->word[i] |= other->word[i];
}

static uint32_t add_widths(uint32_t a, uint32_t b)
{
    return a > UINT32_MAX - b ? UINT32_MAX : a + b;
}

/* After any of `last` may come any of `first`. What follows the payload's end is Hyperscan's to
 * refuse. */
static void connect(struct draft *draft, const struct place_set *last,
                    const struct place_set *first)
{
    for (unsigned word = 0; word < DRAFT_WORDS; word++) {
        for (uint64_t left = last->word[word]; left; left &= left - 1) {
            struct draft_place *place = &draft->place[word * 64 + (unsigned)__builtin_ctzll(left)];
            set_join(&place->follow, first);
            draft->is_readable &= !place->is_end || set_is_empty(first);
        }
    }
}

static struct part part_of_place(struct draft *draft, const struct byte_class *class, bool is_end)
{
    struct part part = {.least = !is_end, .most = !is_end};
    if (draft->count == DRAFT_PLACES) {
        draft->is_readable = false;
        return part;
    }
    struct draft_place *place = &draft->place[draft->count];
    place->class = *class;
    place->is_end = is_end;
    place->follow = (struct place_set){{0}};
    set_add(&part.first, draft->count);
    set_add(&part.last, draft->count);
    draft->count++;
    return part;
}

static struct part chain(struct draft *draft, const struct part *left, const struct part *right)
{
    struct part whole = {.is_nullable = left->is_nullable && right->is_nullable,
                         .first = left->first,
                         .last = right->last,
                         .least = add_widths(left->least, right->least),
                         .most = add_widths(left->most, right->most)};
    connect(draft, &left->last, &right->first);
    if (left->is_nullable)
        set_join(&whole.first, &right->first);
    if (right->is_nullable)
        set_join(&whole.last, &left->last);
    return whole;
}

static struct part read_alternatives(struct draft *draft, unsigned depth);

static struct part read_atom(struct draft *draft, unsigned depth)
{
    struct byte_class class = {{0}};
    struct part part = {0};
    if (*draft->at == '$') {
        draft->at++;
        return part_of_place(draft, &class, true);
    }
    if (*draft->at == '(') {
        if (!pattern_open_group(&draft->at) || depth == PATTERN_DEPTH_MAX) {
            draft->is_readable = false;
            return part;
        }
        part = read_alternatives(draft, depth + 1);
        draft->is_readable = draft->is_readable && *draft->at == ')';
        draft->at += draft->is_readable;
        return part;
    }
    draft->is_readable = pattern_read_class(&draft->at, draft->is_caseless, &class);
    return draft->is_readable ? part_of_place(draft, &class, false) : part;
}

/* The atom that begins at `start` again, in places of its own. */
static struct part read_again(struct draft *draft, const char *start, unsigned depth)
{
    const char *end = draft->at;
    draft->at = start;
    struct part part = read_atom(draft, depth);
    draft->at = end;
    return part;
}

/* One place after the other: only the copy before an optional one leads into it. */
static struct part repeat(struct draft *draft, const struct part *atom, const char *start,
                          unsigned least, unsigned most, unsigned depth)
{
    struct part whole = *atom;
    struct part copy = *atom;
    unsigned copies = most == PATTERN_ANY_NUMBER ? least : most;
    for (unsigned i = 1; i < copies && draft->is_readable; i++) {
        struct part before = copy;
        copy = read_again(draft, start, depth);
        if (i < least) {
            whole = chain(draft, &whole, &copy);
            continue;
        }
        connect(draft, &before.last, &copy.first);
        set_join(&whole.last, &copy.last);
        whole.most = add_widths(whole.most, copy.most);
    }
    if (most == PATTERN_ANY_NUMBER) {
        connect(draft, &copy.last, &copy.first);
        whole.most = UINT32_MAX;
    }
    if (least == 0) {
        whole.is_nullable = true;
        whole.least = 0;
    }
    return whole;
}

static struct part read_piece(struct draft *draft, unsigned depth)
{
    const char *start = draft->at;
    uint16_t least;
    uint16_t most;
    struct part atom = read_atom(draft, depth);
    if (!draft->is_readable)
        return atom;
    draft->is_readable = pattern_read_repeat(&draft->at, &least, &most);
    if (!draft->is_readable || (least == 1 && most == 1))
        return atom;
    /* What can be nothing need not be there a number of times. */
    if (atom.is_nullable && most != 1 && most != PATTERN_ANY_NUMBER) {
        draft->is_readable = false;
        return atom;
    }
    return repeat(draft, &atom, start, atom.is_nullable ? 0 : least, most, depth);
}

static struct part read_sequence(struct draft *draft, unsigned depth)
{
    struct part whole = {.is_nullable = true};
    while (draft->is_readable && *draft->at && *draft->at != '|' && *draft->at != ')') {
        struct part piece = read_piece(draft, depth);
        whole = chain(draft, &whole, &piece);
    }
    return whole;
}

static struct part read_alternatives(struct draft *draft, unsigned depth)
{
    struct part whole = read_sequence(draft, depth);
    while (draft->is_readable && *draft->at == '|') {
        draft->at++;
        struct part other = read_sequence(draft, depth);
        whole.is_nullable |= other.is_nullable;
        set_join(&whole.first, &other.first);
        set_join(&whole.last, &other.last);
        whole.least = other.least < whole.least ? other.least : whole.least;
        whole.most = other.most > whole.most ? other.most : whole.most;
    }
    return whole;
}

static struct part read_text(struct draft *draft, const struct rule_pattern *pattern)
{
    draft->at = pattern->text;
    draft->is_caseless = pattern->is_caseless;
    draft->is_readable = true;
    struct part whole = read_alternatives(draft, 0);
    draft->is_readable = draft->is_readable && *draft->at == '\0';
    return whole;
}

/* The bytes before the match: `first` to `last` of any. */
static struct part read_offset(struct draft *draft, const struct rule_pattern *pattern)
{
    struct part whole = {.is_nullable = true};
    struct part byte = whole;
    for (unsigned i = 0; i < pattern->last && draft->is_readable; i++) {
        byte = part_of_place(draft, &any_byte, false);
        if (i < pattern->first) {
            whole = chain(draft, &whole, &byte);
            continue;
        }
        if (i == 0)
            whole.first = byte.first;
        else
            set_add(&draft->place[draft->count - 2].follow, draft->count - 1);
        set_join(&whole.last, &byte.last);
    }
    return whole;
}

bool automaton_reads(const struct rule_pattern *pattern, uint32_t *least_bytes,
                     uint32_t *most_bytes)
{
    struct draft *draft = malloc(sizeof *draft);
    if (!draft)
        return false;
    draft->count = 0;
    struct part whole = read_text(draft, pattern);
    bool is_readable = draft->is_readable;
    *least_bytes = whole.least;
    *most_bytes = whole.most;
    free(draft);
    return is_readable;
}

/* Room for `more` beside `count`, which grows by doubling; false when out of memory. */
static bool make_room(void **rows, size_t row_bytes, size_t count, size_t more)
{
    size_t room = 1;
    while (room < count)
        room *= 2;
    if (*rows && count + more <= room)
        return true;
    while (room < count + more)
        room *= 2;
    void *moved = realloc(*rows, room * row_bytes);
    if (moved)
        *rows = moved;
    return moved;
}

/* The index of the class, which is added when it is new; -1 when out of memory. */
static int find_class(struct automaton *automaton, const struct byte_class *class)
{
    for (unsigned i = 0; i < automaton->class_count; i++) {
        if (!memcmp(&automaton->class[i], class, sizeof *class))
            return (int)i;
    }
    if (!make_room((void **)&automaton->class, sizeof *class, automaton->class_count, 1))
        return -1;
    automaton->class[automaton->class_count] = *class;
    return (int)automaton->class_count++;
}

/* Appends the places of the set, `base` further on. */
static bool keep_follow(struct automaton *automaton, const struct place_set *set, unsigned base,
                        struct place *place)
{
    place->follow_start = automaton->follow_count;
    if (!make_room((void **)&automaton->follow, sizeof *automaton->follow, automaton->follow_count,
                   DRAFT_PLACES))
        return false;
    for (unsigned word = 0; word < DRAFT_WORDS; word++) {
        for (uint64_t left = set->word[word]; left; left &= left - 1)
            automaton->follow[automaton->follow_count++] =
                (uint16_t)(base + word * 64 + (unsigned)__builtin_ctzll(left));
    }
    place->follow_count = (uint16_t)(automaton->follow_count - place->follow_start);
    return true;
}

static bool keep_place(struct automaton *automaton, const struct draft_place *drafted,
                       unsigned base, unsigned pattern, bool is_last)
{
    int class = find_class(automaton, &drafted->class);
    if (class < 0 ||
        !make_room((void **)&automaton->place, sizeof *automaton->place, automaton->place_count, 1))
        return false;
    struct place *place = &automaton->place[automaton->place_count++];
    *place = (struct place){.pattern = (uint16_t)pattern,
                            .class = (uint16_t) class,
                            .is_last = is_last,
                            .is_end = drafted->is_end};
    automaton->has_ends |= drafted->is_end;
    return keep_follow(automaton, &drafted->follow, base, place);
}

/* A place of its own for each pattern's beginning; they become one when all are there. */
struct beginning {
    unsigned base;
    struct place_set first;
};

static bool keep_pattern(struct automaton *automaton, const struct draft *draft,
                         const struct part *whole, unsigned pattern, struct beginning *beginning)
{
    unsigned base = automaton->place_count;
    for (unsigned i = 0; i < draft->count; i++) {
        if (!keep_place(automaton, &draft->place[i], base, pattern, set_has(&whole->last, i)))
            return false;
    }
    *beginning = (struct beginning){.base = base, .first = whole->first};
    return true;
}

static bool keep_begin(struct automaton *automaton, const struct beginning *beginnings,
                       unsigned count)
{
    struct place *begin = &automaton->place[AUTOMATON_BEGIN];
    uint32_t start = automaton->follow_count;
    for (unsigned i = 0; i < count; i++) {
        if (!keep_follow(automaton, &beginnings[i].first, beginnings[i].base, begin))
            return false;
    }
    begin->follow_start = start;
    begin->follow_count = (uint16_t)(automaton->follow_count - start);
    return true;
}

/* Divides the symbols that hold bytes of the class and others. */
static void divide(struct automaton *automaton, const struct byte_class *class)
{
    int inside[SYMBOLS_MAX];
    bool has_others[SYMBOLS_MAX] = {false};
    memset(inside, -1, sizeof inside);
    for (unsigned byte = 0; byte < 256; byte++)
        has_others[automaton->symbol[byte]] |= !class_has(class, (uint8_t)byte);
    for (unsigned byte = 0; byte < 256; byte++) {
        unsigned symbol = automaton->symbol[byte];
        if (!class_has(class, (uint8_t)byte) || !has_others[symbol])
            continue;
        if (inside[symbol] < 0)
            inside[symbol] = (int)automaton->symbol_count++;
        automaton->symbol[byte] = (uint8_t)inside[symbol];
    }
}

static bool find_symbols(struct automaton *automaton)
{
    automaton->symbol_count = 1;
    for (unsigned i = 0; i < automaton->class_count; i++)
        divide(automaton, &automaton->class[i]);
    automaton->admits = calloc(automaton->class_count + 1, sizeof *automaton->admits);
    for (unsigned i = 0; automaton->admits && i < automaton->class_count; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            if (class_has(&automaton->class[i], (uint8_t)byte))
                class_add(&automaton->admits[i], automaton->symbol[byte]);
        }
    }
    return automaton->admits;
}

/* What is needed while patterns are taken. */
struct work {
    struct draft draft;
    unsigned taken_count;
    struct beginning beginnings[]; /* one a pattern */
};

static bool take_pattern(struct automaton *automaton, struct work *work, unsigned index,
                         const struct rule_pattern *pattern, bool *is_taken)
{
    struct draft *draft = &work->draft;
    draft->count = 0;
    draft->is_readable = true;
    struct part offset = read_offset(draft, pattern);
    if (!draft->is_readable)
        return true;
    struct part text = read_text(draft, pattern);
    struct part whole = chain(draft, &offset, &text);
    *is_taken = draft->is_readable && !text.is_nullable &&
                automaton->place_count + draft->count <= UINT16_MAX;
    return !*is_taken ||
           keep_pattern(automaton, draft, &whole, index, &work->beginnings[work->taken_count++]);
}

static bool take_all(struct automaton *automaton, struct work *work,
                     const struct rule_pattern *const *patterns, bool *is_taken)
{
    static const struct draft_place begin = {.is_end = false};
    if (!keep_place(automaton, &begin, 0, 0, false))
        return false;
    for (unsigned i = 0; i < automaton->pattern_count; i++) {
        if (!is_taken[i] && !patterns[i]->is_anywhere &&
            !take_pattern(automaton, work, i, patterns[i], &is_taken[i]))
            return false;
    }
    return keep_begin(automaton, work->beginnings, work->taken_count) && find_symbols(automaton);
}

static bool is_anything_left(const struct rule_pattern *const *patterns, unsigned count,
                             const bool *is_taken)
{
    for (unsigned i = 0; i < count; i++) {
        if (!is_taken[i] && !patterns[i]->is_anywhere)
            return true;
    }
    return false;
}

int automaton_new(struct automaton **automaton, const struct rule_pattern *const *patterns,
                  unsigned count, bool *is_taken, struct error *error)
{
    *automaton = NULL;
    if (!is_anything_left(patterns, count, is_taken))
        return 0;
    struct automaton *made = calloc(1, sizeof *made);
    struct work *work = malloc(sizeof *work + count * sizeof *work->beginnings);
    bool is_complete = made && work;
    if (is_complete) {
        made->pattern_count = count;
        work->taken_count = 0;
        is_complete = take_all(made, work, patterns, is_taken);
    }
    bool is_empty = is_complete && !work->taken_count;
    free(work);
    if (!is_complete || is_empty) {
        automaton_free(made);
        return is_empty ? 0 : error_set(error, ENOMEM, "out of memory for patterns");
    }
    *automaton = made;
    return 0;
}

void automaton_free(struct automaton *automaton)
{
    if (!automaton)
        return;
    free(automaton->place);
    free(automaton->follow);
    free(automaton->class);
    free(automaton->admits);
    free(automaton);
}
