/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns each by what costs least: rows of bytes as shapes (signature_shapes.h), what else is
 * anchored as an automaton (signature_automaton.h), and all others by Hyperscan, in block mode.
 * Hyperscan's databases are compiled at start and never stored: they are bound to CPU and version.
 */
#include <assert.h>
#include <errno.h>
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/signature.h"
#include "signature_patterns.h"
#include "signature_shapes.h"
#include "signature_states.h"

bool signatures_are_built(void)
{
    return true;
}

/* SINGLEMATCH: whether a pattern matches is all that is asked, and it bounds the calls back. */
enum { PATTERN_FLAGS = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH };

struct pattern_set {
    struct shape_set *shapes; /* null when there are none, as all of these */
    struct automaton *automaton;
    hs_database_t *database;
};

struct pattern_scratch {
    struct states *states; /* of the set's automaton */
    hs_scratch_t *scratch;
};

int pattern_sets_are_built(struct error *error)
{
    if (hs_valid_platform() == HS_SUCCESS)
        return 0;
    return error_set(error, ENOTSUP,
                     "Hyperscan needs a CPU with SSSE3: there is no signatures tier here");
}

/* `$` would also match before a final newline: `\z` is the end alone. */
static void copy_text(char *to, const char *text)
{
    bool is_class = false;
    for (const char *at = text; *at; at++) {
        if (*at == '$' && !is_class) {
            *to++ = '\\';
            *to++ = 'z';
            continue;
        }
        *to++ = *at;
        if (*at == '\\' && at[1]) {
            *to++ = *++at;
        } else if (*at == '[' && !is_class) {
            is_class = true;
            /* A ']' that stands first is a member. */
            if (at[1] == '^')
                *to++ = *++at;
            if (at[1] == ']')
                *to++ = *++at;
        } else if (*at == ']') {
            is_class = false;
        }
    }
    *to = '\0';
}

/* The pattern as a group of its own, behind the anchor that its place means. */
static char *anchored(const struct rule_pattern *pattern, bool has_offsets)
{
    enum { ANCHOR_BYTES = 48 };
    size_t size = 2 * strlen(pattern->text) + ANCHOR_BYTES;
    char *text = malloc(size);
    if (!text)
        return NULL;
    if (pattern->is_anywhere || has_offsets)
        snprintf(text, size, "(?:");
    else if (pattern->last == 0)
        snprintf(text, size, "^(?:");
    else
        snprintf(text, size, "^.{%u,%u}(?:", pattern->first, pattern->last);
    copy_text(text + strlen(text), pattern->text);
    size_t used = strlen(text);
    snprintf(text + used, size - used, ")");
    return text;
}

static unsigned flags_of(const struct rule_pattern *pattern)
{
    return PATTERN_FLAGS | (pattern->is_caseless ? HS_FLAG_CASELESS : 0u);
}

/* Takes the compiler's error over. */
static int refuse(hs_compile_error_t *failure, struct error *error)
{
    int code = error_set(error, EINVAL, "Hyperscan: %s", failure->message);
    hs_free_compile_error(failure);
    return code;
}

int pattern_examine(const struct rule_pattern *pattern, uint32_t *least_bytes, uint32_t *most_bytes,
                    struct error *error)
{
    if (automaton_reads(pattern, least_bytes, most_bytes))
        return 0;
    /* The pattern alone, so that an anchor's bytes do not hide that it can be empty. */
    hs_expr_info_t *info = NULL;
    hs_compile_error_t *failure = NULL;
    if (hs_expression_info(pattern->text, flags_of(pattern), &info, &failure) != HS_SUCCESS)
        return refuse(failure, error);
    *least_bytes = info->min_width;
    *most_bytes = info->max_width;
    free(info);
    return 0;
}

bool pattern_is_plain(const struct rule_pattern *pattern)
{
    return shape_is_plain(pattern);
}

/* What hs_compile_ext_multi asks for, in rows. */
struct batch {
    unsigned count;
    char **texts;
    unsigned *flags, *ids;
    hs_expr_ext_t *extras;
    const hs_expr_ext_t **extra;
};

static void batch_close(struct batch *batch)
{
    for (unsigned i = 0; batch->texts && i < batch->count; i++)
        free(batch->texts[i]);
    free(batch->texts);
    free(batch->flags);
    free(batch->ids);
    free(batch->extras);
    free(batch->extra);
}

static bool batch_open(struct batch *batch, unsigned room)
{
    *batch = (struct batch){
        .texts = calloc(room, sizeof *batch->texts),
        .flags = calloc(room, sizeof *batch->flags),
        .ids = calloc(room, sizeof *batch->ids),
        .extras = calloc(room, sizeof *batch->extras),
        .extra = calloc(room, sizeof *batch->extra),
    };
    return batch->texts && batch->flags && batch->ids && batch->extras && batch->extra;
}

/* Where all matches are equally long, where one ends says where it began, and no automaton needs to
 * count the bytes before it. */
static bool batch_add(struct batch *batch, const struct rule_pattern *pattern, unsigned id)
{
    struct error error;
    uint32_t least = 0;
    uint32_t most = UINT32_MAX;
    bool has_offsets = pattern->first < pattern->last &&
                       !pattern_examine(pattern, &least, &most, &error) && least == most;
    unsigned index = batch->count;
    batch->ids[index] = id;
    batch->flags[index] = flags_of(pattern);
    if (has_offsets) {
        batch->extras[index] =
            (hs_expr_ext_t){.flags = HS_EXT_FLAG_MIN_OFFSET | HS_EXT_FLAG_MAX_OFFSET,
                            .min_offset = (unsigned long long)pattern->first + least,
                            .max_offset = (unsigned long long)pattern->last + least};
        batch->extra[index] = &batch->extras[index];
    }
    batch->texts[index] = anchored(pattern, has_offsets);
    batch->count += !!batch->texts[index];
    return batch->texts[index];
}

static int compile(struct pattern_set *set, const struct batch *batch, int *culprit,
                   struct error *error)
{
    if (batch->count == 0)
        return 0;
    hs_compile_error_t *failure = NULL;
    if (hs_compile_ext_multi((const char *const *)batch->texts, batch->flags, batch->ids,
                             batch->extra, batch->count, HS_MODE_BLOCK, NULL, &set->database,
                             &failure) == HS_SUCCESS)
        return 0;
    if (failure->expression >= 0)
        *culprit = (int)batch->ids[failure->expression];
    return refuse(failure, error);
}

static int build(struct pattern_set *set, const struct rule_pattern *const *patterns,
                 unsigned count, int *culprit, struct error *error)
{
    struct batch batch;
    bool *is_taken = calloc(count, sizeof *is_taken);
    bool is_complete = batch_open(&batch, count) && is_taken;
    int failure = is_complete ? shape_set_new(&set->shapes, patterns, count, is_taken, error) : 0;
    if (is_complete && !failure)
        failure = automaton_new(&set->automaton, patterns, count, is_taken, error);
    for (unsigned i = 0; is_complete && !failure && i < count; i++)
        is_complete = is_taken[i] || batch_add(&batch, patterns[i], i);
    if (!is_complete)
        failure = error_set(error, ENOMEM, "out of memory for patterns");
    if (!failure)
        failure = compile(set, &batch, culprit, error);
    batch_close(&batch);
    free(is_taken);
    return failure;
}

int pattern_set_new(struct pattern_set **set, const struct rule_pattern *const *patterns,
                    unsigned count, int *culprit, struct error *error)
{
    *set = NULL;
    *culprit = -1;
    if (count == 0)
        return 0;
    struct pattern_set *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for patterns");
    int failure = build(made, patterns, count, culprit, error);
    if (failure)
        pattern_set_free(made);
    else
        *set = made;
    return failure;
}

void pattern_set_free(struct pattern_set *set)
{
    if (!set)
        return;
    shape_set_free(set->shapes);
    automaton_free(set->automaton);
    hs_free_database(set->database);
    free(set);
}

int pattern_scratch_new(struct pattern_scratch **scratch, const struct pattern_set *set,
                        struct error *error)
{
    *scratch = NULL;
    if (!set || (!set->automaton && !set->database))
        return 0;
    struct pattern_scratch *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    int failure = set->automaton ? states_new(&made->states, set->automaton, error) : 0;
    if (!failure && set->database && hs_alloc_scratch(set->database, &made->scratch) != HS_SUCCESS)
        failure = error_set(error, ENOMEM, "out of memory for the signatures tier");
    if (failure) {
        pattern_scratch_free(made);
        return failure;
    }
    *scratch = made;
    return 0;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
    if (!scratch)
        return;
    states_free(scratch->states);
    hs_free_scratch(scratch->scratch);
    free(scratch);
}

struct listener {
    pattern_found *found;
    void *context;
};

static int tell(unsigned id, unsigned long long from, unsigned long long to, unsigned flags,
                void *context)
{
    const struct listener *listener = context;
    (void)from;
    (void)to;
    (void)flags;
    listener->found(listener->context, id);
    return 0;
}

void pattern_set_scan(const struct pattern_set *set, struct pattern_scratch *scratch,
                      const uint8_t *bytes, uint32_t length, pattern_found *found, void *context)
{
    if (!set)
        return;
    if (set->shapes)
        shape_set_scan(set->shapes, bytes, length, found, context);
    if (set->automaton)
        states_scan(scratch->states, bytes, length, found, context);
    if (!set->database)
        return;
    struct listener listener = {.found = found, .context = context};
    hs_error_t outcome =
        hs_scan(set->database, (const char *)bytes, length, 0, scratch->scratch, tell, &listener);
    /* Valid database, scratch of this thread, no stop asked for: nothing is left to go wrong. */
    assert(outcome == HS_SUCCESS);
    (void)outcome;
}
