/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the text of services.rules (docs/services-format.md), strictly: nothing is guessed, every
 * mistake is told. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "classifier/host_name.h"
#include "services_list.h"

/* A word, or what is left of a line. Not ended by a zero. */
struct slice {
    const char *at;
    size_t length;
};

/* Longer words are cut when they are shown: an error has one line. */
enum { SHOWN_MAX = 80 };

struct reader {
    struct services *services;
    services_complaint *complain;
    void *context;
    unsigned line;
    bool is_begun;         /* a service line was read, good or bad */
    int service;           /* that suffixes are for; -1 where its line was bad */
    unsigned service_line; /* where it stands */
    bool has_suffix;       /* it has one, good or bad */
    int outcome;           /* 0 or -errno */
};

static void complain(struct reader *reader, unsigned line, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void complain(struct reader *reader, unsigned line, int code, const char *format, ...)
{
    struct error error = {.code = code, .line = line};
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error.text, sizeof error.text, format, arguments);
    va_end(arguments);
    if (reader->outcome != -ENOMEM)
        reader->outcome = code == ENOMEM ? -ENOMEM : -EINVAL;
    reader->complain(reader->context, &error);
}

static int shown(struct slice word)
{
    return (int)(word.length < SHOWN_MAX ? word.length : SHOWN_MAX);
}

static bool slice_is(struct slice slice, const char *text)
{
    return slice.length == strlen(text) && memcmp(slice.at, text, slice.length) == 0;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

/* The next word; length 0 at the end of the line. */
static struct slice take_word(struct slice *line)
{
    while (line->length > 0 && is_blank(line->at[0])) {
        line->at++;
        line->length--;
    }
    struct slice word = {line->at, 0};
    while (word.length < line->length && !is_blank(line->at[word.length]))
        word.length++;
    line->at += word.length;
    line->length -= word.length;
    return word;
}

/* Lower-case letters, digits and '-', a letter or digit first. */
static bool is_service_name(struct slice word)
{
    if (word.length == 0 || word.length > SERVICE_NAME_MAX || word.at[0] == '-')
        return false;
    for (size_t i = 0; i < word.length; i++) {
        const char byte = word.at[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '-')
            return false;
    }
    return true;
}

static void copy_word(struct slice word, char *text)
{
    memcpy(text, word.at, word.length);
    text[word.length] = 0;
}

/* The category's number, or -1 after complaining. */
static int read_category(struct reader *reader, struct slice word)
{
    char name[SERVICE_NAME_MAX + 1];
    int category = -1;
    if (is_service_name(word)) {
        copy_word(word, name);
        category = service_category_find(name);
    }
    if (category < 0)
        complain(reader, reader->line, EINVAL, "there is no service category '%.*s'", shown(word),
                 word.at);
    return category;
}

/* False after complaining. */
static bool check_service_name(struct reader *reader, struct slice word)
{
    char name[SERVICE_NAME_MAX + 1];
    if (!is_service_name(word)) {
        complain(reader, reader->line, EINVAL,
                 "'%.*s' cannot name a service: use up to %d lower-case letters, digits and '-'",
                 shown(word), word.at, SERVICE_NAME_MAX);
        return false;
    }
    copy_word(word, name);
    if (services_find(reader->services, name) < 0)
        return true;
    complain(reader, reader->line, EEXIST, "service '%s' is there already: use another name", name);
    return false;
}

static void end_service(struct reader *reader)
{
    if (reader->is_begun && !reader->has_suffix)
        complain(reader, reader->service_line, EINVAL,
                 "the service has no suffix: add a line 'suffix' under it");
}

/* service NAME category CATEGORY */
static void read_service(struct reader *reader, struct slice line)
{
    end_service(reader);
    reader->is_begun = true;
    reader->has_suffix = false;
    reader->service = -1;
    reader->service_line = reader->line;
    const struct slice word = take_word(&line);
    const struct slice key = take_word(&line);
    const struct slice category_word = take_word(&line);
    if (!slice_is(key, "category") || category_word.length == 0 || take_word(&line).length > 0) {
        complain(reader, reader->line, EINVAL, "write 'service NAME category CATEGORY'");
        return;
    }
    const bool is_good = check_service_name(reader, word);
    const int category = read_category(reader, category_word);
    if (!is_good || category < 0)
        return;
    char name[SERVICE_NAME_MAX + 1];
    copy_word(word, name);
    reader->service = services_list_add(reader->services, name, (enum service_category)category);
    if (reader->service < 0)
        complain(reader, reader->line, ENOSPC, "more than %d services", SERVICES_MAX - 2);
}

static bool is_suffix(struct slice word)
{
    if (!memchr(word.at, '.', word.length))
        return false;
    for (size_t i = 0; i < word.length; i++) {
        if (word.at[i] >= 'A' && word.at[i] <= 'Z')
            return false;
    }
    return host_name_is_good((const uint8_t *)word.at, word.length);
}

static void add_suffix(struct reader *reader, struct slice word)
{
    reader->has_suffix = true;
    if (!is_suffix(word)) {
        complain(reader, reader->line, EINVAL,
                 "'%.*s' is no suffix: write a domain of two labels or more in lower case, "
                 "without '*' and without a dot at either end",
                 shown(word), word.at);
        return;
    }
    if (reader->service < 0)
        return;
    const int outcome =
        services_list_add_suffix(reader->services, word.at, word.length, (unsigned)reader->service);
    if (outcome == -EEXIST)
        complain(
            reader, reader->line, EEXIST, "suffix '%.*s' is there already, under '%s'", shown(word),
            word.at,
            services_name(reader->services,
                          services_match(reader->services, (const uint8_t *)word.at, word.length)));
    else if (outcome == -ENOSPC)
        complain(reader, reader->line, ENOSPC, "more than %d suffixes", SERVICE_SUFFIXES_MAX);
    else if (outcome < 0)
        complain(reader, reader->line, ENOMEM, "out of memory for the list of services");
}

/* suffix DOMAIN... */
static void read_suffixes(struct reader *reader, struct slice line)
{
    if (!reader->is_begun)
        complain(reader, reader->line, EINVAL, "a suffix stands under its service: none is begun");
    struct slice word = take_word(&line);
    if (word.length == 0)
        complain(reader, reader->line, EINVAL, "write 'suffix DOMAIN...'");
    for (; word.length > 0; word = take_word(&line))
        add_suffix(reader, word);
}

/* Printable ASCII and tabs. False after complaining. */
static bool check_bytes(struct reader *reader, struct slice line)
{
    for (size_t i = 0; i < line.length; i++) {
        const unsigned char byte = (unsigned char)line.at[i];
        if ((byte >= ' ' && byte < 0x7f) || byte == '\t')
            continue;
        complain(reader, reader->line, EINVAL,
                 "byte 0x%02x in column %zu: rules are printable ASCII, lines end with a line feed",
                 byte, i + 1);
        return false;
    }
    return true;
}

static void read_line(struct reader *reader, struct slice line)
{
    const char *comment = line.length > 0 ? memchr(line.at, '#', line.length) : NULL;
    if (comment)
        line.length = (size_t)(comment - line.at);
    if (!check_bytes(reader, line))
        return;
    const struct slice statement = take_word(&line);
    if (slice_is(statement, "service"))
        read_service(reader, line);
    else if (slice_is(statement, "suffix"))
        read_suffixes(reader, line);
    else if (statement.length > 0)
        complain(reader, reader->line, EINVAL,
                 "'%.*s' is no statement: write 'service' or 'suffix'", shown(statement),
                 statement.at);
}

int services_read(struct services *services, const char *text, size_t length,
                  services_complaint *told, void *context)
{
    struct reader reader = {
        .services = services, .complain = told, .context = context, .service = -1};
    while (length > 0) {
        const char *end = memchr(text, '\n', length);
        const struct slice line = {text, end ? (size_t)(end - text) : length};
        reader.line++;
        read_line(&reader, line);
        const size_t taken = line.length + (end ? 1 : 0);
        text += taken;
        length -= taken;
    }
    end_service(&reader);
    return reader.outcome;
}
