/* SPDX-License-Identifier: BSD-3-Clause */
/* Statements and words; strict about every byte. */
#include "rule_text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void rule_text_init(struct rule_text *text, const char *bytes, size_t length)
{
    *text = (struct rule_text){.at = bytes, .end = bytes + length, .next_line = 1};
}

/* Where the comment begins, or the line's end: a # outside quotes. */
static size_t content_length(const char *line, size_t length)
{
    bool is_quoted = false;
    for (size_t i = 0; i < length; i++) {
        if (line[i] == '#' && !is_quoted)
            return i;
        if (line[i] == '"')
            is_quoted = !is_quoted;
        if (line[i] == '\\' && is_quoted)
            i++;
    }
    return length;
}

static bool is_ascii(const char *line, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if ((line[i] < ' ' && line[i] != '\t') || line[i] > '~')
            return false;
    }
    return true;
}

static size_t trim(const char *line, size_t length)
{
    while (length && (line[length - 1] == ' ' || line[length - 1] == '\t'))
        length--;
    return length;
}

/* Appends one line to the statement; `*goes_on` when it ends in a backslash. */
static int take_line(struct rule_text *text, size_t *used, bool *goes_on, struct error *error)
{
    const char *line = text->at;
    const char *newline = memchr(line, '\n', (size_t)(text->end - line));
    size_t length = (size_t)((newline ? newline : text->end) - line);
    text->at = newline ? newline + 1 : text->end;
    text->next_line++;
    *goes_on = false;
    if (length > RULE_LINE_BYTES)
        return error_set(error, EINVAL, "the line is longer than %d bytes", RULE_LINE_BYTES);
    if (!is_ascii(line, length))
        return error_set(error, EINVAL,
                         "only printable ASCII and tabs: write other bytes as \\xHH");
    length = trim(line, content_length(line, length));
    if (length && line[length - 1] == '\\') {
        *goes_on = true;
        length--;
    }
    if (*used + length + 1 >= sizeof text->statement)
        return error_set(error, EINVAL, "the statement is longer than %d bytes",
                         RULE_STATEMENT_BYTES);
    memcpy(text->statement + *used, line, length);
    *used += length;
    return 0;
}

static bool is_blank(const char *statement)
{
    return statement[strspn(statement, " \t")] == '\0';
}

int rule_text_next(struct rule_text *text, struct error *error)
{
    while (text->at < text->end) {
        size_t used = 0;
        bool goes_on = true;
        int failure = 0;
        text->line = text->next_line;
        while (!failure && goes_on && text->at < text->end)
            failure = take_line(text, &used, &goes_on, error);
        text->statement[used] = '\0';
        if (failure)
            return failure;
        if (!is_blank(text->statement))
            return 1;
    }
    return 0;
}

static bool is_plain(char byte)
{
    return byte &&
           strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./|", byte);
}

static struct rule_word take_string(const char **at)
{
    struct rule_word word = {.kind = RULE_WORD_STRING, .at = *at + 1};
    const char *end = word.at;
    while (*end && *end != '"')
        end += end[0] == '\\' && end[1] ? 2 : 1;
    word.length = (size_t)(end - word.at);
    if (!*end)
        word.kind = RULE_WORD_BROKEN;
    *at = *end ? end + 1 : end;
    return word;
}

struct rule_word rule_word_next(const char **at)
{
    *at += strspn(*at, " \t");
    struct rule_word word = {.kind = RULE_WORD_PLAIN, .at = *at};
    if (!**at)
        return (struct rule_word){.kind = RULE_WORD_END, .at = *at};
    if (**at == '"')
        return take_string(at);
    if (**at == '*') {
        *at += 1;
        return (struct rule_word){.kind = RULE_WORD_STAR, .at = *at - 1, .length = 1};
    }
    while (is_plain(**at))
        *at += 1;
    word.length = (size_t)(*at - word.at);
    if (!word.length) {
        word.kind = RULE_WORD_BROKEN;
        *at += 1;
        word.length = 1;
    }
    return word;
}

bool rule_word_is(const struct rule_word *word, const char *text)
{
    return word->kind == RULE_WORD_PLAIN && strlen(text) == word->length &&
           !memcmp(word->at, text, word->length);
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

int rule_word_unescape(const struct rule_word *word, uint8_t *out, struct error *error)
{
    static const char letters[] = "rnt0\\\"";
    static const char bytes[] = "\r\n\t\0\\\"";
    int written = 0;
    for (size_t i = 0; i < word->length; i++) {
        if (word->at[i] != '\\') {
            out[written++] = (uint8_t)word->at[i];
            continue;
        }
        char letter = word->at[++i];
        const char *found = strchr(letters, letter);
        if (letter && found) {
            out[written++] = (uint8_t)bytes[found - letters];
        } else if (letter == 'x' && i + 2 < word->length && hex_digit(word->at[i + 1]) >= 0 &&
                   hex_digit(word->at[i + 2]) >= 0) {
            out[written++] =
                (uint8_t)(hex_digit(word->at[i + 1]) * 16 + hex_digit(word->at[i + 2]));
            i += 2;
        } else {
            return error_set(error, EINVAL,
                             "'\\%c' is no escape: use \\xHH, \\r, \\n, \\t, \\0, "
                             "\\\\ or \\\"",
                             letter);
        }
    }
    return written;
}

static const char *read_unsigned(const char *at, const char *end, unsigned most, unsigned *value)
{
    int base = end - at > 2 && at[0] == '0' && at[1] == 'x' ? 16 : 10;
    uint64_t number = 0;
    const char *start = at += base == 16 ? 2 : 0;
    for (; at < end && hex_digit(*at) >= 0 && hex_digit(*at) < base; at++) {
        number = number * (unsigned)base + (unsigned)hex_digit(*at);
        if (number > most)
            return NULL;
    }
    *value = (unsigned)number;
    return at == start ? NULL : at;
}

int rule_word_range(const struct rule_word *word, unsigned most, unsigned *first, unsigned *last,
                    struct error *error)
{
    const char *end = word->at + word->length;
    const char *at =
        word->kind == RULE_WORD_PLAIN ? read_unsigned(word->at, end, most, first) : NULL;
    *last = *first;
    if (at && end - at > 2 && at[0] == '.' && at[1] == '.')
        at = read_unsigned(at + 2, end, most, last);
    if (at != end || *last < *first)
        return error_set(error, EINVAL, "'%.*s' is no number or range A..B from 0 to %u",
                         (int)word->length, word->at, most);
    return 0;
}
