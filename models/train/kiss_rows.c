/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads signature rows strictly: what was not printed by this program is refused. */
#include "kiss_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "eval_csv.h"

enum {
    SITE,
    CAPTURE,
    HALF,
    TRANSPORT,
    ENDPOINT,
    LABEL,
    DEVIATION,
    FIELDS = DEVIATION + KISS_NIBBLES
};

static int blame_line(struct error *error, unsigned line, int failure)
{
    if (failure && error)
        error->line = line;
    return failure;
}

static int read_numbers(struct kiss_row *row, char **fields, struct error *error)
{
    uint64_t value;
    int failure = text_read_unsigned(fields[ENDPOINT], "endpoint", 0, UINT32_MAX, &value, error);
    row->endpoint = (uint32_t)value;
    for (unsigned i = 0; !failure && i < KISS_NIBBLES; i++) {
        failure = text_read_unsigned(fields[DEVIATION + i], "a deviation", 0, KISS_DEVIATION_MOST,
                                     &value, error);
        row->signature.deviation[i] = (int16_t)value;
    }
    return failure;
}

static int read_row(struct kiss_row *row, char **fields, int count, struct error *error)
{
    if (count != FIELDS)
        return error_set(error, EINVAL, "expected %d fields, found %d", FIELDS, count);
    *row = (struct kiss_row){.site = fields[SITE],
                             .capture = fields[CAPTURE],
                             .half = fields[HALF],
                             .label = fields[LABEL]};
    bool is_tcp = !strcmp(fields[TRANSPORT], kiss_transport_name(KISS_TCP));
    row->transport = is_tcp ? KISS_TCP : KISS_UDP;
    if (strcmp(fields[TRANSPORT], kiss_transport_name(row->transport)) != 0)
        return error_set(error, EINVAL, "expected transport udp or tcp");
    return read_numbers(row, fields, error);
}

static int grow(struct kiss_rows *rows, size_t *room, struct error *error)
{
    if (rows->count < *room)
        return 0;
    *room = *room * 2 + 1024;
    struct kiss_row *grown = realloc(rows->row, *room * sizeof *grown);
    if (!grown)
        return error_set(error, ENOMEM, "out of memory for %zu rows", *room);
    rows->row = grown;
    return 0;
}

int kiss_rows_read(struct kiss_rows *rows, const char *path, struct error *error)
{
    size_t length;
    if (rows->file_count == KISS_FILES_MAX)
        return error_set(error, E2BIG, "at most %d files of rows", KISS_FILES_MAX);
    char *text = eval_file_load(path, &length, error);
    if (!text)
        return -error->code;
    rows->texts[rows->file_count++] = text;
    struct eval_csv csv = eval_csv_over(text, length);
    char *fields[EVAL_CSV_FIELDS_MAX];
    size_t room = rows->count;
    int count = eval_csv_read(&csv, fields, error);
    if (count > 0 && (count != FIELDS || strcmp(fields[SITE], "site") != 0))
        return blame_line(error, 1,
                          error_set(error, EINVAL, "expected the header of signature rows"));
    while (count > 0 && (count = eval_csv_read(&csv, fields, error)) > 0) {
        int failure = grow(rows, &room, error);
        if (!failure)
            failure = read_row(&rows->row[rows->count], fields, count, error);
        if (failure)
            return blame_line(error, csv.line, failure);
        rows->count++;
    }
    return count;
}

void kiss_rows_free(struct kiss_rows *rows)
{
    for (unsigned i = 0; i < rows->file_count; i++)
        free(rows->texts[i]);
    free(rows->row);
    *rows = (struct kiss_rows){.row = NULL};
}
