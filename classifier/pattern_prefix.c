/* SPDX-License-Identifier: BSD-3-Clause */
/* A reader for as much of the pattern syntax as decides the first bytes. It walks the text with the
 * set of places it could be at, as an automaton would; what it does not know makes every byte
 * possible everywhere. */
#include "pattern_prefix.h"

#include <stddef.h>
#include <string.h>

/* Parts that repeat are read again, and so are those in them: the steps bound it. */
enum { NESTING_MAX = 32, STEPS_MAX = 4096 };

/* Places 0 to PREFIX_BYTES, the last standing for all beyond. */
typedef unsigned place_set;

struct reader {
    const char *at;
    struct pattern_prefix prefix;
    bool is_lost; /* met what it does not know */
    bool is_caseless;
    unsigned nesting;
    unsigned steps;
};

static place_set read_alternatives(struct reader *reader, place_set from);

static void add_byte(struct byte_set *set, unsigned byte)
{
    set->word[byte / 64] |= (uint64_t)1 << byte % 64;
}

static void add_range(struct byte_set *set, unsigned first, unsigned last)
{
    for (unsigned byte = first; byte <= last; byte++)
        add_byte(set, byte);
}

static void add_set(struct byte_set *set, const struct byte_set *other)
{
    for (unsigned i = 0; i < 4; i++)
        set->word[i] |= other->word[i];
}

static void invert(struct byte_set *set)
{
    for (unsigned i = 0; i < 4; i++)
        set->word[i] = ~set->word[i];
}

/* Lower and upper case letters bring each other in. */
static void fold_case(struct byte_set *set)
{
    for (unsigned byte = 'a'; byte <= 'z'; byte++) {
        unsigned upper = byte - 'a' + 'A';
        if (byte_set_has(set, (uint8_t)byte) || byte_set_has(set, (uint8_t)upper)) {
            add_byte(set, byte);
            add_byte(set, upper);
        }
    }
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* \d, \w, \s and their opposites; false when the letter is none of them. */
static bool read_named_class(char letter, struct byte_set *set)
{
    char lower = (char)(letter | 0x20);
    if (lower != 'd' && lower != 'w' && lower != 's')
        return false;
    if (lower == 's') {
        add_range(set, '\t', '\r');
        add_byte(set, ' ');
    } else {
        add_range(set, '0', '9');
    }
    if (lower == 'w') {
        add_range(set, 'a', 'z');
        add_range(set, 'A', 'Z');
        add_byte(set, '_');
    }
    if (letter != lower)
        invert(set);
    return true;
}

/* The byte that an escape stands for, behind the backslash; -1 when it is none. */
static int read_escaped_byte(struct reader *reader)
{
    static const char letters[] = "nrtfae";
    static const char bytes[] = "\n\r\t\f\a\x1b";
    char letter = *reader->at;
    const char *found = letter ? strchr(letters, letter) : NULL;
    if (letter == 'x') {
        int high = hex_digit(reader->at[1]);
        int low = high < 0 ? -1 : hex_digit(reader->at[2]);
        reader->at += low < 0 ? 0 : 3;
        return low < 0 ? -1 : high * 16 + low;
    }
    bool is_letter = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z') ||
                     (letter >= 'a' && letter <= 'z');
    if (!letter || (is_letter && !found))
        return -1;
    reader->at++;
    return found ? bytes[found - letters] : letter;
}

static void read_escape(struct reader *reader, struct byte_set *set)
{
    reader->at++;
    if (*reader->at && read_named_class(*reader->at, set)) {
        reader->at++;
        return;
    }
    int byte = read_escaped_byte(reader);
    if (byte < 0)
        reader->is_lost = true;
    else
        add_byte(set, (unsigned)byte);
}

/* One byte of a class; -1 when a named class was added instead. */
static int read_class_byte(struct reader *reader, struct byte_set *set)
{
    if (*reader->at != '\\')
        return (uint8_t)*reader->at++;
    struct byte_set escaped = {{0}};
    read_escape(reader, &escaped);
    add_set(set, &escaped);
    if (byte_set_count(&escaped) != 1)
        return -1;
    int byte = 0;
    while (!byte_set_has(&escaped, (uint8_t)byte))
        byte++;
    return byte;
}

/* "a" or "a-z" */
static void read_class_range(struct reader *reader, struct byte_set *set)
{
    int first = read_class_byte(reader, set);
    int last = first;
    if (first >= 0 && *reader->at == '-' && reader->at[1] && reader->at[1] != ']') {
        reader->at++;
        last = read_class_byte(reader, set);
    }
    if (first >= 0 && last >= first)
        add_range(set, (unsigned)first, (unsigned)last);
    else
        reader->is_lost |= first >= 0;
}

static void read_class(struct reader *reader, struct byte_set *set)
{
    reader->at++;
    bool is_inverted = *reader->at == '^';
    reader->at += is_inverted;
    for (bool is_first = true; *reader->at && (*reader->at != ']' || is_first); is_first = false) {
        reader->is_lost |= *reader->at == '[' && reader->at[1] == ':';
        if (reader->is_lost)
            return;
        read_class_range(reader, set);
    }
    reader->is_lost |= *reader->at != ']';
    reader->at += *reader->at == ']';
    if (reader->is_caseless)
        fold_case(set);
    if (is_inverted)
        invert(set);
}

static place_set read_group(struct reader *reader, place_set from)
{
    reader->at++;
    if (*reader->at == '?') {
        bool is_plain = reader->at[1] == ':';
        reader->is_lost |= !is_plain;
        reader->at += is_plain ? 2 : 0;
    }
    reader->is_lost |= reader->nesting == NESTING_MAX;
    if (reader->is_lost)
        return from;
    reader->nesting++;
    place_set to = read_alternatives(reader, from);
    reader->nesting--;
    reader->is_lost |= *reader->at != ')';
    reader->at += *reader->at == ')';
    return to;
}

/* The byte stands wherever the walk could be, and moves it on by one. */
static place_set step(struct reader *reader, const struct byte_set *bytes, place_set from)
{
    for (unsigned place = 0; place < PREFIX_BYTES; place++) {
        if (from >> place & 1)
            add_set(&reader->prefix.at[place], bytes);
    }
    const place_set beyond = 1u << PREFIX_BYTES;
    return (from << 1 & (beyond - 1)) | (from >> (PREFIX_BYTES - 1) ? beyond : 0);
}

static place_set read_atom(struct reader *reader, place_set from)
{
    struct byte_set bytes = {{0}};
    reader->is_lost |= ++reader->steps > STEPS_MAX;
    switch (*reader->at) {
    case '(':
        return read_group(reader, from);
    case '^':
    case '$':
        reader->at++;
        return from;
    case '[':
        read_class(reader, &bytes);
        break;
    case '\\':
        read_escape(reader, &bytes);
        break;
    case '.':
        invert(&bytes);
        reader->at++;
        break;
    default:
        add_byte(&bytes, (uint8_t)*reader->at++);
    }
    if (reader->is_caseless)
        fold_case(&bytes);
    return step(reader, &bytes, from);
}

struct quantifier {
    unsigned least;
    bool may_repeat_more;
};

static unsigned read_number(struct reader *reader)
{
    unsigned number = 0;
    for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++)
        number = number < 1000 ? number * 10 + (unsigned)(*reader->at - '0') : number;
    return number;
}

static struct quantifier read_braces(struct reader *reader)
{
    struct quantifier quantifier = {0};
    reader->at++;
    reader->is_lost |= *reader->at < '0' || *reader->at > '9';
    quantifier.least = read_number(reader);
    quantifier.may_repeat_more = *reader->at == ',';
    if (*reader->at == ',') {
        reader->at++;
        read_number(reader);
    }
    reader->is_lost |= *reader->at != '}';
    reader->at += *reader->at == '}';
    return quantifier;
}

static struct quantifier read_quantifier(struct reader *reader)
{
    struct quantifier quantifier = {.least = 1};
    char sign = *reader->at;
    if (sign == '{')
        quantifier = read_braces(reader);
    else if (sign == '*' || sign == '+' || sign == '?')
        quantifier = (struct quantifier){.least = sign == '+', .may_repeat_more = true};
    else
        return quantifier;
    reader->at += sign != '{';
    if (*reader->at == '?' || *reader->at == '+')
        reader->at++;
    return quantifier;
}

/* Reads the atom that begins at `start` again. */
static place_set repeat_atom(struct reader *reader, const char *start, place_set from)
{
    const char *end = reader->at;
    reader->at = start;
    place_set to = read_atom(reader, from);
    reader->at = end;
    return to;
}

/* Repetitions beyond the places that are looked at change nothing. What is optional is read once in
 * vain where it need not stand at all: that only names more bytes. */
static place_set read_part(struct reader *reader, place_set from)
{
    const char *start = reader->at;
    place_set to = read_atom(reader, from);
    const char *atom_end = reader->at;
    struct quantifier quantifier = read_quantifier(reader);
    if (reader->at == atom_end || reader->is_lost)
        return to;
    place_set reached = quantifier.least ? to : from | to;
    for (unsigned i = 1; i < quantifier.least && i <= PREFIX_BYTES; i++)
        reached = repeat_atom(reader, start, reached);
    for (unsigned i = 0; quantifier.may_repeat_more && i <= PREFIX_BYTES; i++)
        reached |= repeat_atom(reader, start, reached);
    return reached;
}

static place_set read_sequence(struct reader *reader, place_set from)
{
    while (*reader->at && *reader->at != '|' && *reader->at != ')' && !reader->is_lost)
        from = read_part(reader, from);
    return from;
}

static place_set read_alternatives(struct reader *reader, place_set from)
{
    place_set to = read_sequence(reader, from);
    while (*reader->at == '|' && !reader->is_lost) {
        reader->at++;
        to |= read_sequence(reader, from);
    }
    return to;
}

struct pattern_prefix pattern_prefix_of(const char *text, bool is_caseless)
{
    const struct byte_set all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    struct reader reader = {.at = text, .is_caseless = is_caseless};
    place_set to = read_alternatives(&reader, 1);
    bool is_unknown = reader.is_lost || *reader.at;
    for (unsigned place = 0; place < PREFIX_BYTES; place++) {
        is_unknown |= to >> place & 1;
        if (is_unknown)
            reader.prefix.at[place] = all;
    }
    return reader.prefix;
}
