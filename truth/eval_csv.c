/* SPDX-License-Identifier: BSD-3-Clause */
/* Cuts CSV text into fields where it stands. */
#include "eval_csv.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct eval_csv eval_csv_over(char *text, size_t length)
{
    return (struct eval_csv){.at = text, .end = text + length, .next_line = 1};
}

static int refuse(const struct eval_csv *csv, struct error *error, const char *what)
{
    if (error)
        error->line = csv->next_line;
    return error_set(error, EINVAL, "%s", what);
}

/* Moves the content of a quoted field to the front of it; `at` is behind the opening quote. Returns
 * what follows the closing one, or null. */
static char *unquote(struct eval_csv *csv, char *at)
{
    char *out = at;
    for (; at < csv->end; at++) {
        if (*at == '"' && at[1] != '"') {
            *out = '\0';
            return at + 1;
        }
        at += *at == '"';
        csv->next_line += *at == '\n';
        *out++ = *at;
    }
    return NULL;
}

/* Where the field that begins at `at` ends: at a comma, a line's end or the text's; null when it
 * does not as it should. */
static char *end_of_field(struct eval_csv *csv, char *at, char **field, struct error *error)
{
    bool is_quoted = at < csv->end && *at == '"';
    *field = at + is_quoted;
    char *end = is_quoted ? unquote(csv, at + 1) : at + strcspn(at, ",\r\n\"");
    if (!end) {
        refuse(csv, error, "a quoted field does not end");
        return NULL;
    }
    if (end == csv->end || *end == ',' || *end == '\n' || (*end == '\r' && end[1] == '\n'))
        return end;
    if (!*end)
        refuse(csv, error, "a zero byte: this is no text");
    else if (*end == '\r')
        refuse(csv, error, "a carriage return inside a field: quote the field");
    else
        refuse(csv, error, "a quote inside a field: quote the field and double the quote");
    return NULL;
}

int eval_csv_read(struct eval_csv *csv, char **fields, struct error *error)
{
    int count = 0;
    csv->line = csv->next_line;
    while (csv->at < csv->end) {
        if (count == EVAL_CSV_FIELDS_MAX)
            return refuse(csv, error, "more fields than any truth has");
        char *end = end_of_field(csv, csv->at, &fields[count], error);
        if (!end)
            return -EINVAL;
        count++;
        char separator = *end;
        bool is_crlf = separator == '\r';
        csv->at = end + (end < csv->end) + is_crlf;
        *end = '\0';
        if (separator == ',' && csv->at == csv->end && count < EVAL_CSV_FIELDS_MAX)
            fields[count++] = csv->at;
        if (separator == ',')
            continue;
        csv->next_line++;
        return count;
    }
    return count;
}

static char *read_all(FILE *in, size_t *length)
{
    size_t room = 1 << 16;
    char *text = malloc(room);
    *length = 0;
    while (text) {
        *length += fread(text + *length, 1, room - 1 - *length, in);
        if (*length < room - 1)
            break;
        room *= 2;
        char *wider = realloc(text, room);
        if (!wider)
            free(text);
        text = wider;
    }
    if (text)
        text[*length] = '\0';
    return text;
}

char *eval_file_load(const char *path, size_t *length, struct error *error)
{
    errno = 0;
    FILE *in = fopen(path, "re");
    char *text = in ? read_all(in, length) : NULL;
    int code = errno ? errno : EIO;
    if (in && ferror(in)) {
        free(text);
        text = NULL;
    }
    if (in)
        fclose(in);
    if (!text)
        error_set(error, code, "%s", strerror(code));
    return text;
}
