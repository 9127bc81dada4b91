/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps, writes and reads data sets. */
#include "rows.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "eval_csv.h"

static const char *const variation_names[VARIATIONS] = {
    [VARIATION_WHOLE] = "whole",
    [VARIATION_FORWARD] = "forward",
    [VARIATION_BACKWARD] = "backward",
    [VARIATION_SEGMENTS] = "segments",
};

const char *variation_name(enum variation variation)
{
    return variation_names[variation];
}

int names_find(const struct names *names, const char *text)
{
    /* the text asked for last is most often the one asked for next */
    for (unsigned i = names->count; i-- > 0;) {
        if (!strcmp(names->texts[i], text))
            return (int)i;
    }
    return -1;
}

/* A larger array, or null; `room` is changed where it succeeds. */
static void *widen(void *array, size_t *room, size_t size)
{
    size_t wider = *room ? *room * 2 : 256;
    void *grown = realloc(array, wider * size);
    if (grown)
        *room = wider;
    return grown;
}

int names_note(struct names *names, const char *text)
{
    int found = names_find(names, text);
    if (found >= 0)
        return found;
    if (names->count == names->room) {
        size_t room = names->room;
        char **texts = widen(names->texts, &room, sizeof *texts);
        if (!texts)
            return -1;
        names->texts = texts;
        names->room = (unsigned)room;
    }
    names->texts[names->count] = strdup(text);
    return names->texts[names->count] ? (int)names->count++ : -1;
}

static void names_free(struct names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        free(names->texts[i]);
    free(names->texts);
}

void rows_free(struct rows *rows)
{
    names_free(&rows->sites);
    names_free(&rows->captures);
    names_free(&rows->labels);
    names_free(&rows->groups);
    free(rows->flows);
    free(rows->rows);
    free(rows->values);
    *rows = (struct rows){.count = 0};
}

int rows_add_flow(struct rows *rows, const struct rows_flow *flow)
{
    if (rows->flow_count == rows->flow_room) {
        struct rows_flow *flows = widen(rows->flows, &rows->flow_room, sizeof *flows);
        if (!flows)
            return -ENOMEM;
        rows->flows = flows;
    }
    rows->flows[rows->flow_count] = *flow;
    rows->flows[rows->flow_count].row = (uint32_t)rows->count;
    rows->flows[rows->flow_count++].row_count = 0;
    return 0;
}

int rows_add(struct rows *rows, const struct row *row, const int16_t *values)
{
    if (rows->count == rows->room) {
        size_t room = rows->room;
        struct row *grown = widen(rows->rows, &room, sizeof *grown);
        if (!grown)
            return -ENOMEM;
        rows->rows = grown;
        int16_t(*wider)[FEATURES] = widen(rows->values, &rows->room, sizeof *wider);
        if (!wider)
            return -ENOMEM;
        rows->values = wider;
    }
    rows->rows[rows->count] = *row;
    rows->rows[rows->count].flow = (uint32_t)rows->flow_count - 1;
    memcpy(rows->values[rows->count++], values, sizeof *rows->values);
    rows->flows[rows->flow_count - 1].row_count++;
    return 0;
}

static void write_first(const struct rows_flow *flow, unsigned side, FILE *out)
{
    if (flow->has_first[side])
        fprintf(out, " %08" PRIx32, flow->first[side]);
    else
        fputs(" -", out);
}

static void write_flow(const struct rows *rows, const struct rows_flow *flow, FILE *out)
{
    fprintf(out, "flow %s %s %08" PRIx32 " %s %s %" PRIu64 " %u %u %u %s",
            rows->sites.texts[flow->site], rows->captures.texts[flow->capture], flow->hosts,
            rows->labels.texts[flow->label], rows->groups.texts[flow->group], flow->bytes,
            flow->protocol, flow->port[0], flow->port[1], rows->labels.texts[flow->ports]);
    write_first(flow, 0, out);
    write_first(flow, 1, out);
    fprintf(out, " %s\n", variation_name(flow->variation));
}

static void write_row(const struct row *row, const int16_t *values, FILE *out)
{
    fprintf(out, "at %u %u %d", feature_checkpoint_packets(row->checkpoint), row->packets,
            row->is_end);
    for (unsigned i = 0; i < FEATURES; i++) {
        if (values[i] == FEATURE_MISSING)
            fputs(" .", out);
        else
            fprintf(out, " %d", values[i]);
    }
    fputc('\n', out);
}

int rows_write(const struct rows *rows, FILE *out)
{
    fprintf(out, "glassbox-rows 1\nfeatures %d", FEATURES);
    for (unsigned i = 0; i < FEATURES; i++)
        fprintf(out, " %s", feature_get(i)->name);
    fputc('\n', out);
    for (size_t i = 0; i < rows->flow_count; i++) {
        const struct rows_flow *flow = &rows->flows[i];
        write_flow(rows, flow, out);
        for (uint32_t row = flow->row; row < flow->row + flow->row_count; row++)
            write_row(&rows->rows[row], rows->values[row], out);
    }
    return ferror(out) ? -1 : 0;
}

/* A text of lines while it is read. */
struct reader {
    char *at;
    unsigned line;
    int columns[FEATURES]; /* which feature each column is */
    unsigned width;
    struct rows *rows;
    struct error *error;
};

static int refuse(struct reader *reader, const char *what, const char *text)
{
    if (reader->error)
        reader->error->line = reader->line;
    return error_set(reader->error, EINVAL, "%s '%.60s'", what, text ? text : "");
}

/* The next word of the line, ended with a zero; null at its end. */
static char *take_word(char **at)
{
    char *word = *at;
    while (*word == ' ')
        word++;
    if (!*word)
        return NULL;
    char *end = word + strcspn(word, " ");
    *at = *end ? end + 1 : end;
    *end = 0;
    return word;
}

static bool read_number(const char *word, int base, uint64_t most, uint64_t *number)
{
    char *end;
    errno = 0;
    if (!word || *word < '0' || *word > 'f')
        return false;
    *number = strtoull(word, &end, base);
    return !*end && !errno && *number <= most;
}

static int read_columns(struct reader *reader, char *line)
{
    uint64_t count;
    if (!read_number(take_word(&line), 10, FEATURES, &count) || !count)
        return refuse(reader, "this program knows fewer features than", "features");
    reader->width = (unsigned)count;
    for (unsigned i = 0; i < reader->width; i++) {
        const char *name = take_word(&line);
        reader->columns[i] = name ? feature_find(name) : -1;
        if (reader->columns[i] < 0)
            return refuse(reader, "there is no feature", name);
    }
    return 0;
}

enum { FLOW_WORDS = 13 };

static bool read_first(const char *word, struct rows_flow *flow, unsigned side)
{
    uint64_t number = 0;
    flow->has_first[side] = strcmp(word, "-") != 0;
    if (flow->has_first[side] && !read_number(word, 16, UINT32_MAX, &number))
        return false;
    flow->first[side] = (uint32_t)number;
    return true;
}

static bool read_numbers(char **words, struct rows_flow *flow)
{
    uint64_t hosts, protocol, low, high;
    if (!read_number(words[2], 16, UINT32_MAX, &hosts) ||
        !read_number(words[5], 10, UINT64_MAX, &flow->bytes) ||
        !read_number(words[6], 10, UINT8_MAX, &protocol) ||
        !read_number(words[7], 10, UINT16_MAX, &low) ||
        !read_number(words[8], 10, UINT16_MAX, &high))
        return false;
    flow->hosts = (uint32_t)hosts;
    flow->protocol = (uint8_t)protocol;
    flow->port[0] = (uint16_t)low;
    flow->port[1] = (uint16_t)high;
    return read_first(words[10], flow, 0) && read_first(words[11], flow, 1);
}

static int read_flow(struct reader *reader, char *line)
{
    char *words[FLOW_WORDS];
    for (unsigned i = 0; i < FLOW_WORDS; i++) {
        words[i] = take_word(&line);
        if (!words[i])
            return refuse(reader, "a flow of fewer words than", "13");
    }
    struct rows_flow flow = {.variation = VARIATIONS};
    if (!read_numbers(words, &flow))
        return refuse(reader, "a bad number in the flow of", words[1]);
    for (unsigned i = 0; i < VARIATIONS; i++) {
        if (!strcmp(words[12], variation_name(i)))
            flow.variation = (uint8_t)i;
    }
    if (flow.variation == VARIATIONS)
        return refuse(reader, "there is no variation", words[12]);
    int site = names_note(&reader->rows->sites, words[0]);
    int capture = names_note(&reader->rows->captures, words[1]);
    int label = names_note(&reader->rows->labels, words[3]);
    int group = names_note(&reader->rows->groups, words[4]);
    int ports = names_note(&reader->rows->labels, words[9]);
    flow.site = (uint32_t)site;
    flow.capture = (uint32_t)capture;
    flow.label = (uint32_t)label;
    flow.group = (uint32_t)group;
    flow.ports = (uint32_t)ports;
    bool is_noted = site >= 0 && capture >= 0 && label >= 0 && group >= 0 && ports >= 0;
    if (!is_noted || rows_add_flow(reader->rows, &flow))
        return error_set(reader->error, ENOMEM, "out of memory for the flows");
    return 0;
}

/* -32768 is not written: it is what is missing. */
static bool read_value(char **at, int16_t *value)
{
    while (**at == ' ')
        ++*at;
    if (**at == '.') {
        ++*at;
        *value = FEATURE_MISSING;
        return **at == ' ' || !**at;
    }
    char *end;
    long number = strtol(*at, &end, 10);
    bool is_good = end != *at && number > INT16_MIN && number <= INT16_MAX;
    *at = end;
    *value = (int16_t)number;
    return is_good && (**at == ' ' || !**at);
}

static int read_row(struct reader *reader, char *line)
{
    uint64_t at, packets, end;
    if (!reader->rows->flow_count)
        return refuse(reader, "a row before any flow:", line);
    if (!read_number(take_word(&line), 10, FEATURE_LAST_PACKET, &at) ||
        !read_number(take_word(&line), 10, FEATURE_LAST_PACKET, &packets) ||
        !read_number(take_word(&line), 10, 1, &end) || at < 2 || !packets)
        return refuse(reader, "a bad number in a row, or none:", line);
    struct row row = {.packets = (uint16_t)packets,
                      .checkpoint = (uint8_t)feature_checkpoint_of((unsigned)at),
                      .is_end = end};
    int16_t values[FEATURES];
    for (unsigned i = 0; i < FEATURES; i++)
        values[i] = FEATURE_MISSING;
    for (unsigned i = 0; i < reader->width; i++) {
        if (!read_value(&line, &values[reader->columns[i]]))
            return refuse(reader, "a bad value, or too few:", line);
    }
    if (rows_add(reader->rows, &row, values))
        return error_set(reader->error, ENOMEM, "out of memory for the rows");
    return 0;
}

static int read_line(struct reader *reader, char *line)
{
    if (reader->line == 1)
        return strcmp(line, "glassbox-rows 1") ? refuse(reader, "this is no data set:", line) : 0;
    char *word = take_word(&line);
    if (reader->line == 2)
        return word && !strcmp(word, "features") ? read_columns(reader, line)
                                                 : refuse(reader, "no features but", word);
    if (word && !strcmp(word, "at"))
        return read_row(reader, line);
    if (word && !strcmp(word, "flow"))
        return read_flow(reader, line);
    return refuse(reader, "a line is none of flow, at:", word);
}

int rows_read(struct rows *rows, const char *path, struct error *error)
{
    size_t length;
    char *text = eval_file_load(path, &length, error);
    if (!text)
        return -(error ? error->code : EIO);
    struct reader reader = {.at = text, .rows = rows, .error = error};
    int failure = 0;
    while (!failure && *reader.at) {
        char *line = reader.at;
        char *end = line + strcspn(line, "\n");
        reader.at = *end ? end + 1 : end;
        *end = 0;
        reader.line++;
        failure = read_line(&reader, line);
    }
    if (!failure && reader.line < 2)
        failure = refuse(&reader, "this is no data set:", "empty");
    free(text);
    return failure;
}
