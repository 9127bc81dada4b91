/* SPDX-License-Identifier: BSD-3-Clause */
/* Names folds, sorts the names, and gives the rows their numbers. */
#include "eval_fold.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char no_name[] = "(none)";

/* The three that need no column, as text on the heap; null when memory is out. */

static char *capture_of(const struct eval_row *row)
{
    return strdup(*row->capture ? row->capture : no_name);
}

static char *site_of(const struct eval_row *row)
{
    size_t length = strcspn(row->capture, "/");
    return row->capture[length] && length ? strndup(row->capture, length) : strdup(no_name);
}

static char *host_of(const struct eval_row *row)
{
    char text[INET6_ADDRSTRLEN] = "";
    const struct packet *tuple = &row->tuple;
    bool is_second = tuple->destination_port > tuple->source_port;
    inet_ntop(tuple->ip_version == 4 ? AF_INET : AF_INET6,
              is_second ? tuple->destination : tuple->source, text, sizeof text);
    return strdup(text);
}

static char *column_of(const struct eval_row *row)
{
    return strdup(*row->fold ? row->fold : no_name);
}

typedef char *name_of_row(const struct eval_row *row);

static name_of_row *find_namer(const char *split_by, const struct eval_truth *truth,
                               struct error *error)
{
    static const struct {
        const char *name;
        name_of_row *of;
    } known[] = {{"capture", capture_of}, {"site", site_of}, {"host", host_of}};
    if (truth->count && truth->rows[0].fold)
        return column_of;
    for (unsigned i = 0; i < sizeof known / sizeof *known; i++) {
        if (!split_by || !strcmp(split_by, known[i].name))
            return known[i].of;
    }
    error_set(error, EINVAL, "--split-by: the truth has no column '%.100s'", split_by);
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int find_fold(const struct eval_folds *folds, const char *name)
{
    char **found = bsearch(&name, folds->names, folds->count, sizeof *folds->names, compare_names);
    return found ? (int)(found - folds->names) : -1;
}

/* Sorts `names`, one for each row, and moves one of each to the folds. */
static void keep_different(struct eval_folds *folds, char **names, size_t count)
{
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) {
        if (folds->count && !strcmp(folds->names[folds->count - 1], names[i]))
            free(names[i]);
        else
            folds->names[folds->count++] = names[i];
    }
}

static int name_folds(struct eval_folds *folds, name_of_row *namer, struct eval_truth *truth)
{
    folds->names = calloc(truth->count + 1, sizeof *folds->names);
    folds->is_judged = calloc(truth->count + 1, sizeof *folds->is_judged);
    char **names = calloc(truth->count + 1, sizeof *names);
    size_t named = 0;
    while (names && named < truth->count && (names[named] = namer(&truth->rows[named])))
        named++;
    bool has_all = folds->names && folds->is_judged && names && named == truth->count;
    if (has_all && named)
        keep_different(folds, names, named);
    for (size_t i = 0; !has_all && i < named; i++)
        free(names[i]);
    free(names);
    return has_all ? 0 : -ENOMEM;
}

static int number_rows(const struct eval_folds *folds, name_of_row *namer, struct eval_truth *truth)
{
    for (size_t i = 0; i < truth->count; i++) {
        char *name = namer(&truth->rows[i]);
        if (!name)
            return -ENOMEM;
        truth->rows[i].fold_id = (unsigned)find_fold(folds, name);
        free(name);
    }
    return 0;
}

static int mark(struct eval_folds *folds, const char *option, const char *const *names,
                unsigned count, bool is_judged, struct error *error)
{
    for (unsigned i = 0; i < count; i++) {
        int fold = find_fold(folds, names[i]);
        if (fold < 0)
            return error_set(error, EINVAL, "%s: no row of the truth is of '%.100s'", option,
                             names[i]);
        folds->is_judged[fold] = is_judged;
    }
    return 0;
}

int eval_folds_assign(struct eval_folds *folds, const struct eval_fold_choice *choice,
                      struct eval_truth *truth, struct error *error)
{
    *folds = (struct eval_folds){.names = NULL};
    name_of_row *namer = find_namer(choice->split_by, truth, error);
    if (!namer)
        return -EINVAL;
    if (name_folds(folds, namer, truth) || number_rows(folds, namer, truth))
        return error_set(error, ENOMEM, "out of memory for the folds");
    for (unsigned i = 0; i < folds->count; i++)
        folds->is_judged[i] = !choice->only_count;
    int failure = mark(folds, "--only", choice->only, choice->only_count, true, error);
    if (!failure)
        failure = mark(folds, "--without", choice->without, choice->without_count, false, error);
    return failure;
}

void eval_folds_free(struct eval_folds *folds)
{
    for (unsigned i = 0; folds->names && i < folds->count; i++)
        free(folds->names[i]);
    free(folds->names);
    free(folds->is_judged);
    *folds = (struct eval_folds){.names = NULL};
}
