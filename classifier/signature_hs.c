/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns through Hyperscan, in block mode. Databases are compiled at start and never stored: they
 * are bound to CPU and version. */
#include <assert.h>
#include <errno.h>
#include <hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signature_patterns.h"

/* SINGLEMATCH: whether a pattern matches is all that is asked, and it bounds the calls back. */
enum { PATTERN_FLAGS = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH };

struct pattern_set {
    hs_database_t *database;
};

struct pattern_scratch {
    hs_scratch_t *scratch;
};

int pattern_sets_are_built(struct error *error)
{
    if (hs_valid_platform() == HS_SUCCESS)
        return 0;
    return error_set(error, ENOTSUP,
                     "Hyperscan needs a CPU with SSSE3: there is no signatures tier here");
}

/* The anchor that the pattern's place means, and the pattern as a group of its own. */
static char *anchored(const struct rule_pattern *pattern)
{
    enum { ANCHOR_BYTES = 48 };
    size_t size = strlen(pattern->text) + ANCHOR_BYTES;
    char *text = malloc(size);
    if (!text)
        return NULL;
    if (pattern->is_anywhere)
        snprintf(text, size, "%s", pattern->text);
    else if (pattern->last == 0)
        snprintf(text, size, "^(?:%s)", pattern->text);
    else
        snprintf(text, size, "^.{%u,%u}(?:%s)", pattern->first, pattern->last, pattern->text);
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

static int compile(struct pattern_set *set, char *const *texts, const unsigned *flags,
                   unsigned count, int *culprit, struct error *error)
{
    unsigned *ids = calloc(count, sizeof *ids);
    if (!ids)
        return error_set(error, ENOMEM, "out of memory for patterns");
    for (unsigned i = 0; i < count; i++)
        ids[i] = i;
    hs_compile_error_t *failure = NULL;
    hs_error_t outcome = hs_compile_multi((const char *const *)texts, flags, ids, count,
                                          HS_MODE_BLOCK, NULL, &set->database, &failure);
    free(ids);
    if (outcome == HS_SUCCESS)
        return 0;
    *culprit = failure->expression;
    return refuse(failure, error);
}

int pattern_set_new(struct pattern_set **set, const struct rule_pattern *const *patterns,
                    unsigned count, int *culprit, struct error *error)
{
    *set = NULL;
    *culprit = -1;
    if (count == 0)
        return 0;
    struct pattern_set *made = calloc(1, sizeof *made);
    char **texts = calloc(count, sizeof *texts);
    unsigned *flags = calloc(count, sizeof *flags);
    bool is_complete = made && texts && flags;
    for (unsigned i = 0; is_complete && i < count; i++) {
        texts[i] = anchored(patterns[i]);
        flags[i] = flags_of(patterns[i]);
        is_complete = texts[i];
    }
    int failure = is_complete ? compile(made, texts, flags, count, culprit, error)
                              : error_set(error, ENOMEM, "out of memory for patterns");
    for (unsigned i = 0; texts && i < count; i++)
        free(texts[i]);
    free(texts);
    free(flags);
    if (failure)
        free(made);
    else
        *set = made;
    return failure;
}

void pattern_set_free(struct pattern_set *set)
{
    if (!set)
        return;
    hs_free_database(set->database);
    free(set);
}

int pattern_scratch_new(struct pattern_scratch **scratch, struct pattern_set *const *sets,
                        unsigned count, struct error *error)
{
    struct pattern_scratch *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    for (unsigned i = 0; i < count; i++) {
        if (!sets[i])
            continue;
        if (hs_alloc_scratch(sets[i]->database, &made->scratch) != HS_SUCCESS) {
            pattern_scratch_free(made);
            return error_set(error, ENOMEM, "out of memory for the signatures tier");
        }
    }
    *scratch = made;
    return 0;
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
    if (!scratch)
        return;
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
    struct listener listener = {.found = found, .context = context};
    hs_error_t outcome =
        hs_scan(set->database, (const char *)bytes, length, 0, scratch->scratch, tell, &listener);
    /* Valid database, scratch of this thread, no stop asked for: nothing is left to go wrong. */
    assert(outcome == HS_SUCCESS);
    (void)outcome;
}
