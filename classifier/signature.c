/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules compiled into groups, one for each transport. Looks at no packet. */
#include "classifier/signature.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "signature_compiled.h"

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

/* Notes what is wrong with the pattern. Returns the fewest bytes that it matches. */
static uint32_t examine_pattern(const struct rule *rule, const struct rule_pattern *pattern,
                                struct rule_faults *faults)
{
    struct error error = {0};
    uint32_t least = 0;
    uint32_t most = 0;
    if (pattern_examine(pattern, &least, &most, &error))
        rule_faults_add(faults, rule->file, pattern->line, "pattern: %s", error.text);
    else if (least == 0)
        rule_faults_add(faults, rule->file, pattern->line,
                        "pattern: it can match without a single byte");
    return least;
}

static void examine_rule(struct signatures *signatures, unsigned index, struct rule_faults *faults)
{
    const struct rule *rule = &signatures->rules->rule[index];
    uint32_t pattern_bytes = 0;
    uint32_t least_bytes = 0;
    unsigned anchored = 0;
    for (unsigned i = 0; i < rule->pattern_count; i++) {
        uint32_t least = examine_pattern(rule, &rule->patterns[i], faults);
        uint32_t end = (rule->patterns[i].is_anywhere ? 0u : rule->patterns[i].first) + least;
        pattern_bytes += least;
        anchored |= rule->patterns[i].is_anywhere ? 0u : 1u << i;
        least_bytes = end > least_bytes ? end : least_bytes;
    }
    signatures->facts[index] = (struct rule_facts){
        .rank = rank_of(rule, pattern_bytes, index),
        .least_bytes = least_bytes,
        .all_patterns = (uint8_t)((1u << rule->pattern_count) - 1),
        .anchored_patterns = (uint8_t)anchored,
        .is_tracked = rule_is_tracked(rule),
    };
}

static int build_groups(struct signatures *signatures, unsigned protocol_count,
                        struct rule_faults *faults, struct error *error)
{
    for (unsigned transport = 0; transport < RULE_TRANSPORTS; transport++) {
        int failure = group_build(&signatures->groups[transport], signatures, transport,
                                  protocol_count, faults, error);
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

static int compile(struct signatures *signatures, unsigned protocol_count,
                   struct rule_faults *faults, struct error *error)
{
    unsigned before = faults->count;
    for (unsigned i = 0; i < signatures->rules->count; i++)
        examine_rule(signatures, i, faults);
    judge_duplicates(signatures->rules, faults);
    note_protocols(signatures);
    if (faults->count == before)
        return build_groups(signatures, protocol_count, faults, error);
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
        failure = compile(made, protocol_count, faults, error);
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
        group_close(&signatures->groups[i]);
    free(signatures->facts);
    free(signatures->refined_packets);
    free(signatures->announces);
    free(signatures);
}

const struct rules *signatures_rules(const struct signatures *signatures)
{
    return signatures->rules;
}
