/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes from two JSON audits what can be compared. */
#include "audit_diff.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static int read_side(json_t **audit, const char *path, struct error *error)
{
    json_error_t fault;
    *audit = json_load_file(path, JSON_REJECT_DUPLICATES, &fault);
    if (!*audit && fault.line > 0)
        return error_set(error, EINVAL, "%.100s:%d: not JSON as an audit is written: %.120s", path,
                         fault.line, fault.text);
    if (!*audit)
        return error_set(error, EINVAL, "%.300s", fault.text); /* names the file */
    const char *schema = json_string_value(json_object_get(*audit, "schema"));
    if (!schema || strcmp(schema, "glassbox.audit/1") != 0)
        return error_set(error, EINVAL,
                         "%.100s: not an audit of version 1: write one with glassbox audit "
                         "--format json",
                         path);
    return 0;
}

/* The value at the end of a path of keys, parted by dots; null where it is missing. */
static const json_t *value_at(const json_t *value, const char *path)
{
    char key[32];
    while (value && *path) {
        size_t length = strcspn(path, ".");
        if (length >= sizeof key)
            return NULL;
        memcpy(key, path, length);
        key[length] = '\0';
        value = json_object_get(value, key);
        path += length + (path[length] == '.');
    }
    return value;
}

static bool is_same(const json_t *a, const json_t *b, const char *path)
{
    const json_t *of_a = value_at(a, path);
    const json_t *of_b = value_at(b, path);
    return of_a && of_b && json_equal(of_a, of_b);
}

/* A share as the audit states it. */
static void take_share(struct audit_diff_figure *figure, enum audit_side side, const json_t *box,
                       const char *path)
{
    const json_t *share = value_at(box, path);
    const json_t *low = json_object_get(share, "low");
    const json_t *high = json_object_get(share, "high");
    figure->is_known[side] = json_is_number(json_object_get(share, "value"));
    figure->value[side] = json_number_value(json_object_get(share, "value"));
    figure->has_interval[side] = json_is_number(low) && json_is_number(high);
    figure->low[side] = json_number_value(low);
    figure->high[side] = json_number_value(high);
}

/* Bytes as a share of all that the box was shown: exact, so without interval. */
static void take_bytes(struct audit_diff_figure *figure, enum audit_side side, const json_t *box,
                       const char *path)
{
    const json_t *part = value_at(box, path);
    double whole = json_number_value(value_at(box, "own.seen.bytes"));
    figure->is_known[side] = json_is_integer(part) && whole > 0;
    figure->value[side] = figure->is_known[side] ? json_number_value(part) / whole : 0;
}

static void take_box(struct audit_diff_box *box, enum audit_side side, const json_t *from)
{
    static const char *const names[AUDIT_DIFF_FIGURES] = {"acted", "unsure", "mistaken", "found"};
    box->is_in[side] = from;
    for (unsigned i = 0; i < AUDIT_DIFF_FIGURES; i++)
        box->figures[i].name = names[i];
    if (json_is_true(value_at(from, "own.outcome.withheld")))
        return;
    take_bytes(&box->figures[0], side, from, "own.outcome.acted.bytes");
    take_bytes(&box->figures[1], side, from, "own.outcome.unsure.bytes");
    take_share(&box->figures[2], side, from, "own.outcome.mistaken_share.bytes");
    take_share(&box->figures[3], side, from, "own.outcome.found_share.bytes");
}

static const json_t *box_named(const json_t *audit, const char *name)
{
    const json_t *boxes = json_object_get(audit, "boxes");
    for (size_t i = 0; i < json_array_size(boxes); i++) {
        const json_t *box = json_array_get(boxes, i);
        const char *found = json_string_value(json_object_get(box, "box"));
        if (found && strcmp(found, name) == 0)
            return box;
    }
    return NULL;
}

static int add_box(struct audit_diff *diff, const char *name, json_t *const sides[AUDIT_SIDES],
                   struct error *error)
{
    struct audit_diff_box *box = &diff->boxes[diff->box_count];
    const json_t *before = box_named(sides[AUDIT_BEFORE], name);
    const json_t *after = box_named(sides[AUDIT_AFTER], name);
    box->name = strdup(name);
    if (!box->name)
        return error_set(error, ENOMEM, "out of memory for the audits");
    diff->box_count++;
    box->is_same_file = is_same(before, after, "sha256");
    box->is_same_view = is_same(before, after, "own.tiers");
    take_box(box, AUDIT_BEFORE, before);
    take_box(box, AUDIT_AFTER, after);
    return 0;
}

static int add_boxes(struct audit_diff *diff, json_t *const sides[AUDIT_SIDES], struct error *error)
{
    size_t most = 1;
    int failure = 0;
    for (unsigned side = 0; side < AUDIT_SIDES; side++)
        most += json_array_size(json_object_get(sides[side], "boxes"));
    diff->boxes = calloc(most, sizeof *diff->boxes);
    if (!diff->boxes)
        return error_set(error, ENOMEM, "out of memory for the audits");
    for (unsigned side = 0; side < AUDIT_SIDES; side++) {
        const json_t *boxes = json_object_get(sides[side], "boxes");
        for (size_t i = 0; !failure && i < json_array_size(boxes); i++) {
            const char *name = json_string_value(json_object_get(json_array_get(boxes, i), "box"));
            if (!name)
                return error_set(error, EINVAL, "%.100s: a box has no name: this is not an audit",
                                 diff->paths[side]);
            if (side == AUDIT_BEFORE || !box_named(sides[AUDIT_BEFORE], name))
                failure = add_box(diff, name, sides, error);
        }
    }
    return failure;
}

int audit_diff_read(struct audit_diff *diff, const char *before, const char *after,
                    struct error *error)
{
    json_t *sides[AUDIT_SIDES] = {NULL, NULL};
    *diff = (struct audit_diff){.paths = {before, after}};
    int failure = read_side(&sides[AUDIT_BEFORE], before, error);
    if (!failure)
        failure = read_side(&sides[AUDIT_AFTER], after, error);
    if (!failure)
        failure = add_boxes(diff, sides, error);
    diff->has_same_rules = is_same(sides[0], sides[1], "rules");
    diff->has_same_reference =
        is_same(sides[0], sides[1], "reference.kind") && is_same(sides[0], sides[1], "truth");
    json_decref(sides[AUDIT_BEFORE]);
    json_decref(sides[AUDIT_AFTER]);
    if (failure)
        audit_diff_free(diff);
    return failure;
}

void audit_diff_free(struct audit_diff *diff)
{
    for (unsigned i = 0; i < diff->box_count; i++)
        free(diff->boxes[i].name);
    free(diff->boxes);
    diff->boxes = NULL;
    diff->box_count = 0;
}

bool audit_diff_is_apart(const struct audit_diff_figure *figure)
{
    return figure->has_interval[AUDIT_BEFORE] && figure->has_interval[AUDIT_AFTER] &&
           (figure->high[AUDIT_BEFORE] < figure->low[AUDIT_AFTER] ||
            figure->high[AUDIT_AFTER] < figure->low[AUDIT_BEFORE]);
}
