/* SPDX-License-Identifier: BSD-3-Clause */
/* The written forms of a comparison of audits. */
#include <errno.h>

#include "audit_diff.h"
#include "json_writer.h"

static const char *const meanings[AUDIT_DIFF_FIGURES] = {
    "acted on, of all bytes", "of these nobody can say, of all bytes",
    "mistaken, of the bytes acted on", "found, of the bytes its rules are about"};

static void print_side(FILE *out, const struct audit_diff_figure *figure, enum audit_side side)
{
    char text[48] = "-";
    if (figure->is_known[side] && figure->has_interval[side])
        snprintf(text, sizeof text, "%.1f %% (%.1f to %.1f)", figure->value[side] * 100,
                 figure->low[side] * 100, figure->high[side] * 100);
    else if (figure->is_known[side])
        snprintf(text, sizeof text, "%.1f %%", figure->value[side] * 100);
    fprintf(out, "%24s", text);
}

static void print_figure(FILE *out, const char *meaning, const struct audit_diff_figure *figure)
{
    fprintf(out, "  %-40s", meaning);
    print_side(out, figure, AUDIT_BEFORE);
    print_side(out, figure, AUDIT_AFTER);
    if (figure->is_known[AUDIT_BEFORE] && figure->is_known[AUDIT_AFTER])
        fprintf(out, "%+9.1f%s", (figure->value[AUDIT_AFTER] - figure->value[AUDIT_BEFORE]) * 100,
                audit_diff_is_apart(figure) ? "  apart" : "");
    fputc('\n', out);
}

static void print_box(FILE *out, const struct audit_diff_box *box)
{
    fprintf(out, "\n%s", box->name);
    if (!box->is_in[AUDIT_BEFORE] || !box->is_in[AUDIT_AFTER])
        fprintf(out, ": only in the %s", box->is_in[AUDIT_BEFORE] ? "first" : "second");
    else if (!box->is_same_file)
        fputs(": its file has changed", out);
    if (box->is_in[AUDIT_BEFORE] && box->is_in[AUDIT_AFTER] && !box->is_same_view)
        fputs("; it sees other evidence", out);
    fputc('\n', out);
    for (unsigned i = 0; i < AUDIT_DIFF_FIGURES; i++)
        print_figure(out, meanings[i], &box->figures[i]);
}

int audit_diff_write_table(const struct audit_diff *diff, FILE *out)
{
    fprintf(out, "first   %s\nsecond  %s\n", diff->paths[AUDIT_BEFORE], diff->paths[AUDIT_AFTER]);
    if (!diff->has_same_rules)
        fputs("The rules of the signatures differ.\n", out);
    if (!diff->has_same_reference)
        fputs("Mistakes are told by something else in each: their shares cannot be compared.\n",
              out);
    fprintf(out, "\n  %-40s%24s%24s%9s\n", "", "first", "second", "points");
    for (unsigned i = 0; i < diff->box_count; i++)
        print_box(out, &diff->boxes[i]);
    fputs("\napart: the 95 % intervals have nothing in common.\n", out);
    return fflush(out) || ferror(out) ? -EIO : 0;
}

static void write_double(struct json_writer *writer, const char *key, bool is_known, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6f", value);
    if (is_known)
        json_write_number(writer, key, text);
    else
        json_write_null(writer, key);
}

static void write_figure(struct json_writer *writer, const struct audit_diff_figure *figure)
{
    static const char *const sides[AUDIT_SIDES] = {"first", "second"};
    bool is_known = figure->is_known[AUDIT_BEFORE] && figure->is_known[AUDIT_AFTER];
    json_write_object_begin(writer, figure->name);
    for (unsigned side = 0; side < AUDIT_SIDES; side++)
        write_double(writer, sides[side], figure->is_known[side], figure->value[side]);
    write_double(writer, "change", is_known,
                 figure->value[AUDIT_AFTER] - figure->value[AUDIT_BEFORE]);
    json_write_bool(writer, "apart", audit_diff_is_apart(figure));
    json_write_object_end(writer);
}

int audit_diff_write_json(const struct audit_diff *diff, FILE *out)
{
    struct json_writer writer;
    json_writer_init(&writer, out, JSON_LAYOUT_PRETTY);
    json_write_object_begin(&writer, NULL);
    json_write_string(&writer, "schema", "glassbox.audit-diff/1");
    json_write_bool(&writer, "same_rules", diff->has_same_rules);
    json_write_bool(&writer, "same_reference", diff->has_same_reference);
    json_write_array_begin(&writer, "boxes");
    for (unsigned i = 0; i < diff->box_count; i++) {
        const struct audit_diff_box *box = &diff->boxes[i];
        json_write_object_begin(&writer, NULL);
        json_write_string(&writer, "box", box->name);
        json_write_bool(&writer, "in_first", box->is_in[AUDIT_BEFORE]);
        json_write_bool(&writer, "in_second", box->is_in[AUDIT_AFTER]);
        json_write_bool(&writer, "same_file", box->is_same_file);
        json_write_bool(&writer, "same_evidence", box->is_same_view);
        for (unsigned k = 0; k < AUDIT_DIFF_FIGURES; k++)
            write_figure(&writer, &box->figures[k]);
        json_write_object_end(&writer);
    }
    json_write_array_end(&writer);
    json_write_object_end(&writer);
    return json_writer_finish(&writer);
}
