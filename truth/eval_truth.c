/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads rows of truth, refuses what is not one, and puts them into order. */
#include "eval_truth.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "classifier/flow_key.h"
#include "eval_csv.h"

enum column {
    COLUMN_CAPTURE,
    COLUMN_L4,
    COLUMN_A_IP,
    COLUMN_A_PORT,
    COLUMN_B_IP,
    COLUMN_B_PORT,
    COLUMN_LABEL,
    COLUMN_CONFIDENCE, /* from here on: may be missing */
    COLUMN_SERVICE,
    COLUMN_FOLD,
    COLUMN_BYTES,
    COLUMN_REASON,
    COLUMNS,
};

const char *eval_confidence_name(enum eval_confidence confidence)
{
    static const char *const names[] = {
        [EVAL_CONFIDENCE_ANY] = "any",
        [EVAL_CONFIDENCE_MEDIUM] = "medium",
        [EVAL_CONFIDENCE_HIGH] = "high",
    };
    return names[confidence];
}

/* A file of rows while it is read. */
struct reader {
    struct eval_csv csv;
    const char *names[COLUMNS]; /* null: not looked for */
    bool is_needed[COLUMNS];
    int at[COLUMNS]; /* -1 where there is no such column */
    int width;
    struct eval_row *rows;
    size_t count;
    size_t room;
};

static int refuse(struct error *error, unsigned line, const char *what, const char *text)
{
    if (error)
        error->line = line;
    return error_set(error, EINVAL, "%s '%.100s'", what, text);
}

static int find_columns(struct reader *reader, struct error *error)
{
    char *fields[EVAL_CSV_FIELDS_MAX];
    int count = eval_csv_read(&reader->csv, fields, error);
    if (count < 0)
        return count;
    reader->width = count;
    for (unsigned column = 0; column < COLUMNS; column++) {
        reader->at[column] = -1;
        for (int i = 0; i < count && reader->names[column]; i++) {
            if (strcmp(fields[i], reader->names[column]) != 0)
                continue;
            if (reader->at[column] >= 0)
                return refuse(error, 1, "two columns are called", fields[i]);
            reader->at[column] = i;
        }
        if (reader->is_needed[column] && reader->at[column] < 0)
            return refuse(error, 1, "the header has no column", reader->names[column]);
    }
    return 0;
}

static int read_transport(const char *text, uint8_t *protocol)
{
    static const struct {
        const char *name;
        uint8_t number;
    } names[] = {{"tcp", IP_TCP}, {"udp", IP_UDP}, {"sctp", IP_SCTP}};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        *protocol = names[i].number;
        if (!strcmp(text, names[i].name))
            return 0;
    }
    uint64_t number;
    int failure = text_read_unsigned(text, "l4", 0, UINT8_MAX, &number, NULL);
    *protocol = (uint8_t)number;
    return failure;
}

/* 4, 6, or 0 for what is no address. */
static uint8_t read_address(const char *text, uint8_t *address)
{
    if (inet_pton(AF_INET, text, address) == 1)
        return 4;
    return inet_pton(AF_INET6, text, address) == 1 ? 6 : 0;
}

static int read_port(const char *text, uint16_t *port)
{
    uint64_t number;
    int failure = text_read_unsigned(text, "port", 0, UINT16_MAX, &number, NULL);
    *port = (uint16_t)number;
    return failure;
}

static int read_tuple(const struct reader *reader, char **fields, struct packet *tuple,
                      struct error *error)
{
    const char *text[COLUMN_LABEL];
    for (unsigned i = 0; i < COLUMN_LABEL; i++)
        text[i] = fields[reader->at[i]];
    unsigned line = reader->csv.line;
    if (read_transport(text[COLUMN_L4], &tuple->protocol))
        return refuse(error, line, "l4 is none of tcp, udp, sctp, 0 to 255:", text[COLUMN_L4]);
    tuple->ip_version = read_address(text[COLUMN_A_IP], tuple->source);
    if (!tuple->ip_version)
        return refuse(error, line, "a_ip is no address:", text[COLUMN_A_IP]);
    uint8_t version = read_address(text[COLUMN_B_IP], tuple->destination);
    if (!version)
        return refuse(error, line, "b_ip is no address:", text[COLUMN_B_IP]);
    if (version != tuple->ip_version)
        return refuse(error, line, "b_ip is not of a_ip's IP version:", text[COLUMN_B_IP]);
    if (read_port(text[COLUMN_A_PORT], &tuple->source_port))
        return refuse(error, line, "a_port is none of 0 to 65535:", text[COLUMN_A_PORT]);
    if (read_port(text[COLUMN_B_PORT], &tuple->destination_port))
        return refuse(error, line, "b_port is none of 0 to 65535:", text[COLUMN_B_PORT]);
    return 0;
}

static int read_confidence(const char *text, enum eval_confidence *confidence)
{
    *confidence = EVAL_CONFIDENCE_ANY;
    if (!strcmp(text, "high"))
        *confidence = EVAL_CONFIDENCE_HIGH;
    else if (!strcmp(text, "medium"))
        *confidence = EVAL_CONFIDENCE_MEDIUM;
    else if (strcmp(text, "conflict") != 0 && strcmp(text, "none") != 0 && *text)
        return -EINVAL;
    return 0;
}

/* "" where the file has no such column. */
static const char *field_of(const struct reader *reader, char **fields, enum column column)
{
    return reader->at[column] < 0 ? "" : fields[reader->at[column]];
}

static int read_row(const struct reader *reader, char **fields, struct eval_row *row,
                    struct error *error)
{
    *row = (struct eval_row){.capture = fields[reader->at[COLUMN_CAPTURE]],
                             .label = fields[reader->at[COLUMN_LABEL]],
                             .service = field_of(reader, fields, COLUMN_SERVICE),
                             .fold = reader->at[COLUMN_FOLD] < 0 ? NULL
                                                                 : fields[reader->at[COLUMN_FOLD]],
                             .confidence = EVAL_CONFIDENCE_HIGH,
                             .line = reader->csv.line};
    const char *confidence = field_of(reader, fields, COLUMN_CONFIDENCE);
    if (reader->at[COLUMN_CONFIDENCE] >= 0 && read_confidence(confidence, &row->confidence))
        return refuse(error, row->line,
                      "confidence is none of high, medium, conflict, none:", confidence);
    const char *bytes = field_of(reader, fields, COLUMN_BYTES);
    if (*bytes && text_read_unsigned(bytes, "bytes", 0, UINT64_MAX, &row->bytes, NULL))
        return refuse(error, row->line, "bytes is no number:", bytes);
    if (reader->is_needed[COLUMN_REASON] && !*field_of(reader, fields, COLUMN_REASON))
        return refuse(error, row->line, "a reason must be given for", row->label);
    return read_tuple(reader, fields, &row->tuple, error);
}

static int make_room(struct reader *reader, struct error *error)
{
    if (reader->count < reader->room)
        return 0;
    size_t room = reader->room ? reader->room * 2 : 1024;
    struct eval_row *rows = realloc(reader->rows, room * sizeof *rows);
    if (!rows)
        return error_set(error, ENOMEM, "out of memory for %zu rows of truth", room);
    reader->rows = rows;
    reader->room = room;
    return 0;
}

static int read_rows(struct reader *reader, struct error *error)
{
    char *fields[EVAL_CSV_FIELDS_MAX];
    int failure = find_columns(reader, error);
    while (!failure) {
        int count = eval_csv_read(&reader->csv, fields, error);
        if (count <= 0)
            return count;
        if (count != reader->width) {
            if (error)
                error->line = reader->csv.line;
            return error_set(error, EINVAL, "%d fields where the header has %d", count,
                             reader->width);
        }
        failure = make_room(reader, error);
        if (!failure)
            failure = read_row(reader, fields, &reader->rows[reader->count], error);
        reader->count += !failure;
    }
    return failure;
}

static struct reader reader_for(const char *label)
{
    return (struct reader){
        .names = {"capture", "l4", "a_ip", "a_port", "b_ip", "b_port", label},
        .is_needed = {true, true, true, true, true, true, true},
    };
}

static const uint8_t *low_end(const struct packet *tuple, uint16_t *ports)
{
    bool is_reversed = flow_key_is_reversed(tuple);
    ports[0] = is_reversed ? tuple->destination_port : tuple->source_port;
    ports[1] = is_reversed ? tuple->source_port : tuple->destination_port;
    return is_reversed ? tuple->destination : tuple->source;
}

/* Whatever the order of a row's ends. */
static int compare_tuples(const struct packet *a, const struct packet *b)
{
    uint16_t a_ports[2];
    uint16_t b_ports[2];
    const uint8_t *a_low = low_end(a, a_ports);
    const uint8_t *b_low = low_end(b, b_ports);
    const uint8_t *a_high = a_low == a->source ? a->destination : a->source;
    const uint8_t *b_high = b_low == b->source ? b->destination : b->source;
    if (a->protocol != b->protocol)
        return a->protocol - b->protocol;
    if (a->ip_version != b->ip_version)
        return a->ip_version - b->ip_version;
    int order = memcmp(a_low, b_low, sizeof a->source);
    if (!order)
        order = memcmp(a_high, b_high, sizeof a->source);
    return order ? order : memcmp(a_ports, b_ports, sizeof a_ports);
}

static int compare_rows(const void *a, const void *b)
{
    const struct eval_row *left = a;
    const struct eval_row *right = b;
    int order = strcmp(left->capture, right->capture);
    return order ? order : compare_tuples(&left->tuple, &right->tuple);
}

static int compare_lines(const void *a, const void *b)
{
    const struct eval_row *left = a;
    const struct eval_row *right = b;
    int order = strcmp(left->capture, right->capture);
    return order ? order : (left->line > right->line) - (left->line < right->line);
}

/* A flow that is named twice has no truth: the second one's line is told. */
static int refuse_twins(struct eval_row *rows, size_t count, struct error *error)
{
    qsort(rows, count, sizeof *rows, compare_rows);
    for (size_t i = 1; i < count; i++) {
        if (compare_rows(&rows[i - 1], &rows[i]) != 0)
            continue;
        unsigned a = rows[i - 1].line;
        unsigned b = rows[i].line;
        if (error)
            error->line = a > b ? a : b;
        return error_set(error, EINVAL, "the flow of line %u a second time", a > b ? b : a);
    }
    return 0;
}

static int read_file(struct reader *reader, const char *path, char **text, struct error *error)
{
    size_t length;
    *text = eval_file_load(path, &length, error);
    if (!*text)
        return -(error ? error->code : EIO);
    reader->csv = eval_csv_over(*text, length);
    int failure = read_rows(reader, error);
    if (!failure)
        failure = refuse_twins(reader->rows, reader->count, error);
    return failure;
}

int eval_truth_read(struct eval_truth *truth, const char *path, const struct eval_columns *columns,
                    struct error *error)
{
    struct reader reader = reader_for(columns->label ? columns->label : "protocol");
    reader.names[COLUMN_CONFIDENCE] = columns->confidence ? columns->confidence : "confidence";
    reader.is_needed[COLUMN_CONFIDENCE] = columns->confidence;
    reader.names[COLUMN_SERVICE] = "service";
    reader.names[COLUMN_FOLD] = columns->fold;
    reader.names[COLUMN_BYTES] = "bytes";
    *truth = (struct eval_truth){.text = NULL};
    int failure = read_file(&reader, path, &truth->text, error);
    truth->rows = reader.rows;
    truth->count = reader.count;
    if (!failure && truth->count)
        qsort(truth->rows, truth->count, sizeof *truth->rows, compare_lines);
    return failure;
}

static struct eval_row *find_row(struct eval_truth *truth, const struct eval_row *like)
{
    size_t count;
    const struct eval_row *rows = eval_truth_of(truth, like->capture, &count);
    for (size_t i = 0; i < count; i++) {
        if (!compare_tuples(&rows[i].tuple, &like->tuple))
            return truth->rows + (rows + i - truth->rows);
    }
    return NULL;
}

static int overrule_row(struct eval_truth *truth, const struct eval_row *by, struct error *error)
{
    struct eval_row *row = find_row(truth, by);
    if (!row)
        return refuse(error, by->line, "the truth has no such flow in", by->capture);
    row->given = row->label;
    row->label = by->label;
    return 0;
}

int eval_truth_overrule(struct eval_truth *truth, const char *path, struct error *error)
{
    struct reader reader = reader_for("protocol");
    reader.names[COLUMN_REASON] = "reason";
    reader.is_needed[COLUMN_REASON] = true;
    int failure = read_file(&reader, path, &truth->overruling, error);
    for (size_t i = 0; !failure && i < reader.count; i++)
        failure = overrule_row(truth, &reader.rows[i], error);
    free(reader.rows);
    return failure;
}

void eval_truth_free(struct eval_truth *truth)
{
    free(truth->rows);
    free(truth->text);
    free(truth->overruling);
    *truth = (struct eval_truth){.text = NULL};
}

const struct eval_row *eval_truth_of(const struct eval_truth *truth, const char *capture,
                                     size_t *count)
{
    size_t first = 0;
    size_t end = truth->count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (strcmp(truth->rows[middle].capture, capture) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    for (end = first; end < truth->count && !strcmp(truth->rows[end].capture, capture);)
        end++;
    *count = end - first;
    return truth->rows + first;
}

/* The part of `path` below the root; all of it where it does not lie there. */
static const char *below_root(const char *path, const char *root)
{
    size_t length = root ? strlen(root) : 0;
    while (length && root[length - 1] == '/')
        length--;
    if (!length || strncmp(path, root, length) != 0 || path[length] != '/')
        return path;
    path += length;
    return path + strspn(path, "/");
}

const struct eval_row *eval_truth_about(const struct eval_truth *truth, const char *path,
                                        const char *root, bool is_only, size_t *count)
{
    const char *below = below_root(path, root);
    const char *slash = strrchr(below, '/');
    const struct eval_row *rows = eval_truth_of(truth, below, count);
    if (!*count && slash)
        rows = eval_truth_of(truth, slash + 1, count);
    if (!*count && is_only)
        rows = eval_truth_of(truth, "", count);
    return rows;
}
