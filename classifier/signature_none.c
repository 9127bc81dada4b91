/* SPDX-License-Identifier: BSD-3-Clause */
/* Built without Hyperscan: the signatures tier says so when it is asked for. */
#include <assert.h>
#include <errno.h>
#include <stddef.h>

#include "classifier/signature.h"
#include "signature_patterns.h"

bool signatures_are_built(void)
{
    return false;
}

int pattern_sets_are_built(struct error *error)
{
    return error_set(error, ENOTSUP,
                     "this glassbox was built without Hyperscan, so it has no signatures tier");
}

int pattern_examine(const struct rule_pattern *pattern, uint32_t *least_bytes, uint32_t *most_bytes,
                    struct error *error)
{
    (void)pattern;
    *least_bytes = 0;
    *most_bytes = 0;
    return pattern_sets_are_built(error);
}

bool pattern_is_plain(const struct rule_pattern *pattern)
{
    (void)pattern;
    return false;
}

int pattern_set_new(struct pattern_set **set, const struct rule_pattern *const *patterns,
                    unsigned count, int *culprit, struct error *error)
{
    (void)patterns;
    (void)count;
    *set = NULL;
    *culprit = -1;
    return pattern_sets_are_built(error);
}

void pattern_set_free(struct pattern_set *set)
{
    (void)set;
}

int pattern_scratch_new(struct pattern_scratch **scratch, const struct pattern_set *set,
                        struct error *error)
{
    (void)set;
    *scratch = NULL;
    return pattern_sets_are_built(error);
}

void pattern_scratch_free(struct pattern_scratch *scratch)
{
    (void)scratch;
}

void pattern_set_scan(const struct pattern_set *set, struct pattern_scratch *scratch,
                      const uint8_t *bytes, uint32_t length, pattern_found *found, void *context)
{
    (void)scratch;
    (void)bytes;
    (void)length;
    (void)found;
    (void)context;
    /* No set was ever made. */
    assert(!set);
    (void)set;
}
