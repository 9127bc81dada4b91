/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules compiled into groups, one for each transport. Looks at no packet. */
#include "classifier/signature.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_prefix.h"
#include "signature_compiled.h"

static bool is_in_group(const struct rule *rule, unsigned transport)
{
    return rule->transports & 1u << transport;
}

/* The same bytes in the same place, with nothing else to tell the rules apart. */
static bool is_duplicate(const struct rule *a, const struct rule *b)
{
    bool is_alone = a->pattern_count == 1 && b->pattern_count == 1 && !a->check_count &&
                    !b->check_count && !a->port_range_count && !b->port_range_count &&
                    !a->require_count && !b->require_count && !a->refined && !b->refined &&
                    a->strength != RULE_PART && b->strength != RULE_PART;
    bool can_meet = a->transports & b->transports &&
                    (a->direction == b->direction || a->direction == RULE_EITHER ||
                     b->direction == RULE_EITHER);
    const struct rule_pattern *left = &a->patterns[0];
    const struct rule_pattern *right = &b->patterns[0];
    return is_alone && can_meet && left->is_anywhere == right->is_anywhere &&
           left->first == right->first && left->last == right->last &&
           left->is_caseless == right->is_caseless && !strcmp(left->text, right->text);
}

static void judge_duplicates(const struct rules *rules, struct rule_faults *faults)
{
    for (unsigned i = 0; i < rules->count; i++) {
        for (unsigned k = 0; k < i; k++) {
            const struct rule *rule = &rules->rule[i];
            const struct rule *before = &rules->rule[k];
            if (is_duplicate(rule, before))
                rule_faults_add(faults, rule->file, rule->patterns[0].line,
                                "the same pattern in the same place stands in %s:%u", before->file,
                                before->patterns[0].line);
        }
    }
}

/* The longer what a rule's patterns must match, the more it says. */
static uint32_t rank_of(const struct rule *rule, uint32_t pattern_bytes, unsigned index)
{
    uint32_t bytes = pattern_bytes < 4095 ? pattern_bytes : 4095;
    return (uint32_t)rule->strength << 28 | bytes << 16 | (UINT16_MAX - index);
}

static void examine_rule(struct signatures *signatures, unsigned index, struct rule_faults *faults)
{
    const struct rule *rule = &signatures->rules->rule[index];
    uint32_t pattern_bytes = 0;
    for (unsigned i = 0; i < rule->pattern_count; i++) {
        const struct rule_pattern *pattern = &rule->patterns[i];
        struct error error = {0};
        uint32_t least = 0;
        uint32_t most = 0;
        if (pattern_examine(pattern, &least, &most, &error))
            rule_faults_add(faults, rule->file, pattern->line, "pattern: %s", error.text);
        else if (least == 0)
            rule_faults_add(faults, rule->file, pattern->line,
                            "pattern: it can match without a single byte");
        pattern_bytes += least;
    }
    signatures->facts[index] = (struct rule_facts){
        .rank = rank_of(rule, pattern_bytes, index),
        .all_patterns = (uint8_t)((1u << rule->pattern_count) - 1),
        .is_tracked = rule_is_tracked(rule),
    };
}

/* What a rule's patterns and checks say of the first bytes of its payloads. */
static struct pattern_prefix prefix_of(const struct rule *rule)
{
    struct pattern_prefix prefix;
    memset(&prefix, 0xff, sizeof prefix);
    for (unsigned i = 0; i < rule->pattern_count; i++) {
        const struct rule_pattern *pattern = &rule->patterns[i];
        if (pattern->is_anywhere || pattern->last > 0)
            continue;
        struct pattern_prefix other = pattern_prefix_of(pattern->text, pattern->is_caseless);
        for (unsigned word = 0; word < GROUP_PLACES * 4; word++)
            prefix.at[word / 4].word[word % 4] &= other.at[word / 4].word[word % 4];
    }
    return prefix;
}

static bool is_admitted(const struct rule *rule, const struct pattern_prefix *prefix,
                        unsigned place, uint8_t byte)
{
    if (!byte_set_has(&prefix->at[place], byte))
        return false;
    for (unsigned i = 0; i < rule->check_count; i++) {
        if (!rule_expression_admits(rule->checks[i].expression, place, byte))
            return false;
    }
    return true;
}

/* Does some place leave so few bytes that the rule is rarely a candidate? */
static bool is_selective(const struct rule *rule, const struct pattern_prefix *prefix)
{
    enum { BYTES_MAX = 16 };
    for (unsigned place = 0; place < GROUP_PLACES; place++) {
        unsigned count = 0;
        for (unsigned byte = 0; byte < 256; byte++)
            count += is_admitted(rule, prefix, place, (uint8_t)byte);
        if (count <= BYTES_MAX)
            return true;
    }
    return false;
}

static void note_admitted(struct group *group, const struct rule *rule,
                          const struct pattern_prefix *prefix, unsigned number)
{
    for (unsigned i = 0; i < GROUP_PLACES * 256; i++) {
        if (is_admitted(rule, prefix, i / 256, (uint8_t)(i % 256)))
            group->admitted[i * group->word_count + number / 64] |= (uint64_t)1 << number % 64;
    }
}

static bool begins_as_text(const struct pattern_prefix *prefix)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        if (byte_set_has(&prefix->at[0], (uint8_t)byte) && !signature_is_text((uint8_t)byte))
            return false;
    }
    return true;
}

/* Adds the rule's patterns to a bucket that has room for them. */
static void fill_bucket(struct bucket *bucket, const struct rule_pattern **patterns,
                        const struct rule *rule, unsigned index)
{
    for (unsigned i = 0; i < rule->pattern_count; i++) {
        patterns[bucket->pattern_count] = &rule->patterns[i];
        bucket->places[bucket->pattern_count++] =
            (struct pattern_place){(uint16_t)index, (uint8_t)(1u << i)};
    }
}

static int compile_bucket(const struct rules *rules, struct bucket *bucket,
                          const struct rule_pattern *const *patterns, struct rule_faults *faults,
                          struct error *error)
{
    int culprit;
    int failure = pattern_set_new(&bucket->set, patterns, bucket->pattern_count, &culprit, error);
    if (failure && culprit >= 0)
        rule_faults_add(faults, rules->rule[bucket->places[culprit].rule].file,
                        patterns[culprit]->line, "pattern: %s", error->text);
    return failure;
}

static int compile_own(const struct rules *rules, unsigned index, struct bucket *bucket,
                       struct rule_faults *faults, struct error *error)
{
    const struct rule_pattern *patterns[RULE_PATTERNS];
    bucket->places = calloc(RULE_PATTERNS, sizeof *bucket->places);
    if (!bucket->places)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    fill_bucket(bucket, patterns, &rules->rule[index], index);
    return compile_bucket(rules, bucket, patterns, faults, error);
}

/* Where a rule is looked for: -1 behind its first bytes, else in that shared bucket. */
static int shared_bucket_of(const struct rule *rule)
{
    struct pattern_prefix prefix = prefix_of(rule);
    if (!rule->pattern_count || is_selective(rule, &prefix))
        return -1;
    return begins_as_text(&prefix) ? BUCKET_TEXT : BUCKET_ANY;
}

static int build_shared(const struct rules *rules, struct group *group, unsigned which,
                        struct rule_faults *faults, struct error *error)
{
    struct bucket *bucket = &group->shared[which];
    size_t most = (size_t)group->rule_count * RULE_PATTERNS + 1;
    const struct rule_pattern **patterns = calloc(most, sizeof(const struct rule_pattern *));
    bucket->places = calloc(most, sizeof *bucket->places);
    int failure = 0;
    if (!patterns || !bucket->places)
        failure = error_set(error, ENOMEM, "out of memory for the signatures tier");
    for (unsigned i = 0; !failure && i < group->rule_count; i++) {
        const struct rule *rule = &rules->rule[group->rules[i]];
        if (shared_bucket_of(rule) == (int)which)
            fill_bucket(bucket, patterns, rule, group->rules[i]);
    }
    if (!failure)
        failure = compile_bucket(rules, bucket, patterns, faults, error);
    free(patterns);
    return failure;
}

static int build_candidates(const struct rules *rules, struct group *group,
                            struct rule_faults *faults, struct error *error)
{
    int failure = 0;
    for (unsigned i = 0; !failure && i < group->rule_count; i++) {
        const struct rule *rule = &rules->rule[group->rules[i]];
        if (shared_bucket_of(rule) >= 0)
            continue;
        struct pattern_prefix prefix = prefix_of(rule);
        note_admitted(group, rule, &prefix, i);
        if (rule->pattern_count)
            failure = compile_own(rules, group->rules[i], &group->own[i], faults, error);
    }
    return failure;
}

static int collect_rules(const struct rules *rules, struct group *group, unsigned transport)
{
    group->rules = calloc(rules->count + 1, sizeof *group->rules);
    group->own = calloc(rules->count + 1, sizeof *group->own);
    if (!group->rules || !group->own)
        return -ENOMEM;
    for (unsigned i = 0; i < rules->count; i++) {
        if (is_in_group(&rules->rule[i], transport))
            group->rules[group->rule_count++] = (uint16_t)i;
    }
    group->word_count = (group->rule_count + 63) / 64;
    group->admitted =
        calloc((size_t)GROUP_PLACES * 256 * group->word_count + 1, sizeof *group->admitted);
    return group->admitted ? 0 : -ENOMEM;
}

static int build_group(struct signatures *signatures, unsigned transport,
                       struct rule_faults *faults, struct error *error)
{
    struct group *group = &signatures->groups[transport];
    const struct rules *rules = signatures->rules;
    if (collect_rules(rules, group, transport))
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    int failure = build_candidates(rules, group, faults, error);
    for (unsigned which = 0; !failure && which < SHARED_BUCKETS; which++)
        failure = build_shared(rules, group, which, faults, error);
    return failure;
}

static void free_group(struct group *group)
{
    for (unsigned i = 0; i < group->rule_count; i++) {
        pattern_set_free(group->own[i].set);
        free(group->own[i].places);
    }
    for (unsigned i = 0; i < SHARED_BUCKETS; i++) {
        pattern_set_free(group->shared[i].set);
        free(group->shared[i].places);
    }
    free(group->rules);
    free(group->own);
    free(group->admitted);
}

static int build_groups(struct signatures *signatures, struct rule_faults *faults,
                        struct error *error)
{
    for (unsigned transport = 0; transport < RULE_TRANSPORTS; transport++) {
        int failure = build_group(signatures, transport, faults, error);
        if (failure)
            return failure;
    }
    return 0;
}

static void note_protocols(struct signatures *signatures)
{
    const struct rules *rules = signatures->rules;
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        uint8_t *packets = &signatures->refined_packets[rule->refined];
        if (rule->refined && rule->packets_last > *packets)
            *packets = rule->packets_last;
        for (unsigned k = 0; k < rule->check_count; k++)
            signatures->uses_last |=
                rule_expression_uses(rule->checks[k].expression, RULE_VIEW_PEER) ||
                rule_expression_uses(rule->checks[k].expression, RULE_VIEW_PREV);
    }
    for (unsigned i = 0; i < rules->announcement_count; i++)
        signatures->announces[rules->announcements[i].announcer] = true;
}

static int compile(struct signatures *signatures, struct rule_faults *faults, struct error *error)
{
    unsigned before = faults->count;
    for (unsigned i = 0; i < signatures->rules->count; i++)
        examine_rule(signatures, i, faults);
    judge_duplicates(signatures->rules, faults);
    note_protocols(signatures);
    if (faults->count == before)
        return build_groups(signatures, faults, error);
    return error_set(error, EINVAL, "the rules have %u faults", faults->count - before);
}

int signatures_new(struct signatures **signatures, const struct rules *rules,
                   unsigned protocol_count, struct rule_faults *faults, struct error *error)
{
    int failure = pattern_sets_are_built(error);
    if (failure)
        return failure;
    struct signatures *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    made->rules = rules;
    made->facts = calloc(rules->count + 1, sizeof *made->facts);
    made->refined_packets = calloc(protocol_count, sizeof *made->refined_packets);
    made->announces = calloc(protocol_count, sizeof *made->announces);
    if (!made->facts || !made->refined_packets || !made->announces)
        failure = error_set(error, ENOMEM, "out of memory for the signatures tier");
    else
        failure = compile(made, faults, error);
    if (failure) {
        signatures_free(made);
        return failure;
    }
    *signatures = made;
    return 0;
}

void signatures_free(struct signatures *signatures)
{
    if (!signatures)
        return;
    for (unsigned i = 0; i < RULE_TRANSPORTS; i++)
        free_group(&signatures->groups[i]);
    free(signatures->facts);
    free(signatures->refined_packets);
    free(signatures->announces);
    free(signatures);
}

const struct rules *signatures_rules(const struct signatures *signatures)
{
    return signatures->rules;
}
