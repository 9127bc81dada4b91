/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes, classes and repeats of a pattern's text. */
#include "pattern_text.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/rules.h"

static void class_add_range(struct byte_class *class, uint8_t first, uint8_t last)
{
    for (unsigned byte = first; byte <= last; byte++)
        class_add(class, (uint8_t)byte);
}

static void class_add_all(struct byte_class *class, const struct byte_class *other)
{
    for (unsigned i = 0; i < 4; i++)
        class->word[i] |= other->word[i];
}

static void class_negate(struct byte_class *class)
{
    for (unsigned i = 0; i < 4; i++)
        class->word[i] = ~class->word[i];
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

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Behind "\x". */
static int read_hex(const char **at)
{
    int high = hex_digit((*at)[0]);
    int low = high < 0 ? -1 : hex_digit((*at)[1]);
    if (low < 0)
        return -1;
    *at += 2;
    return high << 4 | low;
}

/* One byte as it is written, escaped or not; -1 for what is no byte. */
static int read_byte(const char **at)
{
    static const char marks[] = "\\^$.|?*+()[]{}-/\"'#&:;,<>=!@%~_ ";
    uint8_t byte = (uint8_t) * *at;
    if (byte == '\0' || byte >= 0x80)
        return -1;
    ++*at;
    if (byte != '\\')
        return byte;
    char escaped = **at;
    if (escaped == '\0')
        return -1;
    ++*at;
    switch (escaped) {
    case 'r':
        return '\r';
    case 'n':
        return '\n';
    case 't':
        return '\t';
    case 'x':
        return read_hex(at);
    default:
        return strchr(marks, escaped) ? escaped : -1;
    }
}

/* "\d", "\w", "\s" and their opposites; false for what is none of them. */
static bool read_named_class(const char **at, struct byte_class *class)
{
    char letter = **at == '\\' ? (*at)[1] : '\0';
    char lower = (char)(letter | 0x20);
    if (lower != 'd' && lower != 'w' && lower != 's')
        return false;
    *at += 2;
    *class = (struct byte_class){{0}};
    if (lower == 's') {
        class_add_range(class, '\t', '\r');
        class_add(class, ' ');
    } else {
        class_add_range(class, '0', '9');
    }
    if (lower == 'w') {
        class_add_range(class, 'a', 'z');
        class_add_range(class, 'A', 'Z');
        class_add(class, '_');
    }
    if (letter != lower)
        class_negate(class);
    return true;
}

/* What stands in a class: a named one, "a" or "a-z". */
static bool read_members(const char **at, struct byte_class *class)
{
    struct byte_class named;
    if (**at == '[' && strchr(":.=", (*at)[1]))
        return false;
    if (read_named_class(at, &named)) {
        class_add_all(class, &named);
        return **at != '-' || (*at)[1] == ']';
    }
    int first = read_byte(at);
    int last = first;
    if (first >= 0 && (*at)[0] == '-' && (*at)[1] != ']') {
        ++*at;
        last = read_byte(at);
    }
    if (first < 0 || last < first)
        return false;
    class_add_range(class, (uint8_t)first, (uint8_t)last);
    return true;
}

/* Behind its '['. A ']' that stands first would be a member. */
static bool read_bracketed(const char **at, bool is_caseless, struct byte_class *class)
{
    bool is_negated = **at == '^';
    *at += is_negated;
    *class = (struct byte_class){{0}};
    if (**at == ']')
        return false;
    while (**at != ']') {
        if (!read_members(at, class))
            return false;
    }
    ++*at;
    if (is_caseless)
        class_fold(class);
    if (is_negated)
        class_negate(class);
    return true;
}

bool pattern_read_class(const char **at, bool is_caseless, struct byte_class *class)
{
    char c = **at;
    if (c == '.' || c == '[') {
        ++*at;
        *class = any_byte;
        return c == '.' || read_bracketed(at, is_caseless, class);
    }
    if (c == '\0' || strchr("^$*+?{}()|", c))
        return false;
    if (read_named_class(at, class))
        return true;
    int byte = read_byte(at);
    if (byte < 0)
        return false;
    *class = (struct byte_class){{0}};
    class_add(class, (uint8_t)byte);
    if (is_caseless)
        class_fold(class);
    return true;
}

static bool read_number(const char **at, uint16_t *number)
{
    char *end;
    if (**at < '0' || **at > '9')
        return false;
    unsigned long read = strtoul(*at, &end, 10);
    *at = end;
    *number = (uint16_t)read;
    return read < RULE_STREAM_BYTES;
}

static bool read_braces(const char **at, uint16_t *least, uint16_t *most)
{
    ++*at;
    if (!read_number(at, least))
        return false;
    *most = *least;
    if (**at == ',') {
        ++*at;
        *most = PATTERN_ANY_NUMBER;
        if (**at != '}' && !read_number(at, most))
            return false;
    }
    return *(*at)++ == '}' && *most > 0 && *most >= *least;
}

bool pattern_read_repeat(const char **at, uint16_t *least, uint16_t *most)
{
    char c = **at;
    *least = 1;
    *most = 1;
    if (c == '\0' || !strchr("?*+{", c))
        return true;
    if (c == '{') {
        if (!read_braces(at, least, most))
            return false;
    } else {
        ++*at;
        *least = c == '+';
        *most = c == '?' ? 1 : PATTERN_ANY_NUMBER;
    }
    /* Lazy, possessive or repeated repeats. */
    return **at == '\0' || !strchr("?*+{", **at);
}

bool pattern_open_group(const char **at)
{
    ++*at;
    if ((*at)[0] == '?' && (*at)[1] == ':')
        *at += 2;
    return **at != '?';
}
