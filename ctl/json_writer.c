/* SPDX-License-Identifier: BSD-3-Clause */
/* The streaming JSON writer: separators, indentation and escaping. */
#include "json_writer.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "utf8.h"

void json_writer_init(struct json_writer *writer, FILE *out, enum json_layout layout)
{
    *writer = (struct json_writer){.out = out, .layout = layout};
}

static void put_bytes(struct json_writer *writer, const void *bytes, size_t length)
{
    if (!writer->has_failed && fwrite(bytes, 1, length, writer->out) != length)
        writer->has_failed = true;
}

static void put(struct json_writer *writer, const char *text)
{
    put_bytes(writer, text, strlen(text));
}

static uint64_t level_bit(const struct json_writer *writer)
{
    return UINT64_C(1) << writer->depth;
}

static void put_line_break(struct json_writer *writer)
{
    if (writer->layout != JSON_LAYOUT_PRETTY)
        return;
    put(writer, "\n");
    for (unsigned level = 0; level < writer->depth; level++)
        put(writer, "  ");
}

static void put_control(struct json_writer *writer, unsigned char byte)
{
    static const char short_forms[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r',
    };
    char escape[8];
    if (short_forms[byte])
        snprintf(escape, sizeof escape, "\\%c", short_forms[byte]);
    else
        snprintf(escape, sizeof escape, "\\u%04x", byte);
    put(writer, escape);
}

static void put_string(struct json_writer *writer, const char *text)
{
    put(writer, "\"");
    const unsigned char *at = (const unsigned char *)text;
    while (*at) {
        const size_t length = utf8_sequence(at);
        if (length == 0)
            put(writer, "\xef\xbf\xbd");
        else if (*at < 0x20)
            put_control(writer, *at);
        else {
            if (*at == '"' || *at == '\\')
                put(writer, "\\");
            put_bytes(writer, at, length);
        }
        at += length ? length : 1;
    }
    put(writer, "\"");
}

/* What comes before a value: the comma after its elder sibling, its place and its key. */
static void put_lead(struct json_writer *writer, const char *key)
{
    const uint64_t bit = level_bit(writer);
    assert((key != NULL) == ((writer->is_object & bit) != 0));
    if (writer->has_member & bit)
        put(writer, ",");
    if (writer->depth > 0)
        put_line_break(writer);
    writer->has_member |= bit;
    if (key) {
        put_string(writer, key);
        put(writer, writer->layout == JSON_LAYOUT_PRETTY ? ": " : ":");
    }
}

static void level_begin(struct json_writer *writer, const char *key, bool is_object)
{
    put_lead(writer, key);
    put(writer, is_object ? "{" : "[");
    assert(writer->depth < JSON_DEPTH_MAX);
    writer->depth++;
    writer->has_member &= ~level_bit(writer);
    writer->is_object &= ~level_bit(writer);
    if (is_object)
        writer->is_object |= level_bit(writer);
}

static void level_end(struct json_writer *writer, bool is_object)
{
    assert(writer->depth > 0);
    assert(is_object == ((writer->is_object & level_bit(writer)) != 0));
    const bool is_empty = !(writer->has_member & level_bit(writer));
    writer->depth--;
    if (!is_empty)
        put_line_break(writer);
    put(writer, is_object ? "}" : "]");
}

void json_write_object_begin(struct json_writer *writer, const char *key)
{
    level_begin(writer, key, true);
}

void json_write_object_end(struct json_writer *writer)
{
    level_end(writer, true);
}

void json_write_array_begin(struct json_writer *writer, const char *key)
{
    level_begin(writer, key, false);
}

void json_write_array_end(struct json_writer *writer)
{
    level_end(writer, false);
}

void json_write_number(struct json_writer *writer, const char *key, const char *number)
{
    put_lead(writer, key);
    put(writer, number);
}

void json_write_string(struct json_writer *writer, const char *key, const char *text)
{
    put_lead(writer, key);
    put_string(writer, text);
}

void json_write_unsigned(struct json_writer *writer, const char *key, uint64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, number);
    json_write_number(writer, key, text);
}

void json_write_signed(struct json_writer *writer, const char *key, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    json_write_number(writer, key, text);
}

void json_write_bool(struct json_writer *writer, const char *key, bool is_true)
{
    json_write_number(writer, key, is_true ? "true" : "false");
}

void json_write_null(struct json_writer *writer, const char *key)
{
    json_write_number(writer, key, "null");
}

int json_writer_finish(struct json_writer *writer)
{
    assert(writer->depth == 0);
    put(writer, "\n");
    if (fflush(writer->out) != 0 || ferror(writer->out))
        writer->has_failed = true;
    return writer->has_failed ? -EIO : 0;
}
