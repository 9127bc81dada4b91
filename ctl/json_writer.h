/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes JSON (RFC 8259) to a stream as it is told, keeping nothing: no tree, no allocation. It
 * does not read JSON. The first failed write is remembered and all later ones are skipped, so a
 * caller writes everything and asks once, at json_writer_finish. */
#ifndef CTL_JSON_WRITER_H
#define CTL_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum json_layout {
    JSON_LAYOUT_COMPACT, /* no white space at all */
    JSON_LAYOUT_PRETTY,  /* one member per line, two spaces per level */
};

enum { JSON_DEPTH_MAX = 32 }; /* objects and arrays inside each other */

struct json_writer {
    FILE *out; /* borrowed */
    enum json_layout layout;
    unsigned depth;
    uint64_t has_member; /* bit n: level n holds a member already */
    uint64_t is_object;  /* bit n: level n is an object, so its members have keys */
    bool has_failed;
};

void json_writer_init(struct json_writer *writer, FILE *out, enum json_layout layout);

/* Ends the line and flushes. Everything begun has been ended. Returns 0 or -EIO. */
int json_writer_finish(struct json_writer *writer);

/* `key` is null inside arrays and at the top, and only there. Keys and strings are UTF-8 without
 * NUL; each byte that is not UTF-8 becomes U+FFFD, so the result can always be parsed. */
void json_write_object_begin(struct json_writer *writer, const char *key);
void json_write_object_end(struct json_writer *writer);
void json_write_array_begin(struct json_writer *writer, const char *key);
void json_write_array_end(struct json_writer *writer);

void json_write_string(struct json_writer *writer, const char *key, const char *text);
void json_write_unsigned(struct json_writer *writer, const char *key, uint64_t number);
void json_write_signed(struct json_writer *writer, const char *key, int64_t number);
void json_write_number(struct json_writer *writer, const char *key,
                       const char *number); /* already in JSON's grammar: "60.0" */
void json_write_bool(struct json_writer *writer, const char *key, bool is_true);
void json_write_null(struct json_writer *writer, const char *key);

#endif
