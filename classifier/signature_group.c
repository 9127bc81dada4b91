/* SPDX-License-Identifier: BSD-3-Clause */
/* Which rules a glance at a payload leaves possible, and which share a bucket. Built at start. */
#include "signature_group.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_prefix.h"
#include "rule_code.h"
#include "signature_compiled.h"

static_assert((int)GROUP_PLACES <= (int)PREFIX_BYTES && (int)GROUP_PLACES <= (int)RULE_PLACES,
              "what is known of a payload's first bytes covers the places");

/* What a rule's patterns say of the first bytes of its payloads. */
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

/* Leaves of `bytes` those that the check admits. */
static void narrow(struct byte_set *bytes, const struct rule_expression *check, unsigned place)
{
    if (!rule_expression_reads(check, place)) {
        if (!rule_expression_admits(check, place, 0))
            *bytes = (struct byte_set){{0}};
        return;
    }
    for (unsigned word = 0; word < 4; word++) {
        for (uint64_t left = bytes->word[word]; left; left &= left - 1) {
            unsigned byte = word * 64 + (unsigned)__builtin_ctzll(left);
            if (!rule_expression_admits(check, place, (uint8_t)byte))
                bytes->word[word] &= ~(left & -left);
        }
    }
}

/* The bytes that the rule admits at the place, of those that its patterns do. */
static struct byte_set admitted_bytes(const struct rule *rule, const struct pattern_prefix *prefix,
                                      unsigned place)
{
    struct byte_set bytes = prefix->at[place];
    for (unsigned i = 0; i < rule->check_count; i++)
        narrow(&bytes, rule->checks[i].expression, place);
    return bytes;
}

/* The lengths of a class are from *least to *most. */
static void lengths_of(unsigned class, uint32_t *least, uint32_t *most)
{
    *least = *most = class;
    if (class < GROUP_SHORT_BYTES)
        return;
    *least = UINT16_MAX + 1;
    *most = UINT32_MAX;
    if (class == GROUP_LENGTHS - 1)
        return;
    unsigned shift = (class - GROUP_SHORT_BYTES) / 8 + 4;
    *least = (8 + (class - GROUP_SHORT_BYTES) % 8) << shift;
    *most = *least + (1u << shift) - 1;
}

static bool admits_length(const struct rule *rule, const struct rule_facts *facts, unsigned class)
{
    uint32_t least;
    uint32_t most;
    lengths_of(class, &least, &most);
    if (facts->least_bytes > most)
        return false;
    for (unsigned i = 0; i < rule->check_count; i++) {
        if (!rule_expression_admits_length(rule->checks[i].expression, least, most))
            return false;
    }
    return true;
}

static bool admits_absence(const struct rule *rule, enum rule_view_index view)
{
    for (unsigned i = 0; i < rule->check_count; i++) {
        if (!rule_expression_admits_absence(rule->checks[i].expression, view))
            return false;
    }
    return true;
}

/* `beside`: the two low bits of a situation. */
static bool admits_situation(const struct rule *rule, enum group_side side, unsigned number,
                             unsigned beside)
{
    if (rule->direction == RULE_CLIENT && side == GROUP_SERVER)
        return false;
    if (rule->direction == RULE_SERVER && side == GROUP_CLIENT)
        return false;
    if (rule->packets_last < number || (number < GROUP_NUMBERS && rule->packets_first > number))
        return false;
    if (!(beside & 2) && !admits_absence(rule, RULE_VIEW_PEER))
        return false;
    return beside & 1 || admits_absence(rule, RULE_VIEW_PREV);
}

static void note(const struct group *group, uint64_t *sets, unsigned row, unsigned number)
{
    sets[(size_t)row * group->word_count + number / 64] |= (uint64_t)1 << number % 64;
}

static void note_stages(struct group *group, const struct rule *rule, bool is_tracked,
                        unsigned number)
{
    if (!rule->refined || is_tracked)
        note(group, group->by_stage, GROUP_UNDECIDED, number);
    if (is_tracked && (rule->refined || rule->is_required))
        note(group, group->by_stage, GROUP_CERTAIN, number);
    if (rule->refined && !is_tracked)
        note(group, group->by_refined, group->refined_row[rule->refined], number);
}

static void note_rule(struct group *group, const struct rule *rule, const struct rule_facts *facts,
                      unsigned number)
{
    struct pattern_prefix prefix = prefix_of(rule);
    for (unsigned place = 0; place < GROUP_PLACES; place++) {
        struct byte_set bytes = admitted_bytes(rule, &prefix, place);
        for (unsigned byte = 0; byte < 256; byte++) {
            if (byte_set_has(&bytes, (uint8_t)byte))
                note(group, group->by_byte, place * 256 + byte, number);
        }
    }
    for (unsigned class = 0; class < GROUP_LENGTHS; class ++) {
        if (admits_length(rule, facts, class))
            note(group, group->by_length, class, number);
    }
    for (unsigned i = 0; i < GROUP_SITUATIONS; i++) {
        enum group_side side = i / 4 / GROUP_NUMBERS;
        if (admits_situation(rule, side, i / 4 % GROUP_NUMBERS + 1, i % 4))
            note(group, group->by_situation, i, number);
    }
    note_stages(group, rule, facts->is_tracked, number);
}

/* Rules whose patterns are to be scanned for together, while buckets are planned. */
struct family {
    bool is_closed;               /* nobody joins */
    struct pattern_prefix prefix; /* of any of them */
};

/* Does some place leave so few bytes that a payload is rarely meant? */
static bool is_selective(const struct pattern_prefix *prefix)
{
    enum { BYTES_MAX = 16 };
    for (unsigned place = 0; place < GROUP_PLACES; place++) {
        if (byte_set_count(&prefix->at[place]) <= BYTES_MAX)
            return true;
    }
    return false;
}

/* Takes the rule in if there are payloads that begin as both do, and the family stays selective
 * where the rule is. */
static bool family_takes(struct family *family, const struct pattern_prefix *prefix)
{
    struct pattern_prefix joined = family->prefix;
    if (family->is_closed || is_selective(prefix) != is_selective(&family->prefix))
        return false;
    for (unsigned place = 0; place < GROUP_PLACES; place++) {
        bool do_meet = false;
        for (unsigned word = 0; word < 4; word++) {
            do_meet |= joined.at[place].word[word] & prefix->at[place].word[word];
            joined.at[place].word[word] |= prefix->at[place].word[word];
        }
        if (!do_meet)
            return false;
    }
    if (is_selective(prefix) && !is_selective(&joined))
        return false;
    family->prefix = joined;
    return true;
}

static bool are_anchored_plain(const struct rule *rule)
{
    for (unsigned i = 0; i < rule->pattern_count; i++) {
        if (!rule->patterns[i].is_anywhere && !pattern_is_plain(&rule->patterns[i]))
            return false;
    }
    return true;
}

/* The rule's family among the first `*count`, or a new one. What needs no automaton stays alone. */
static unsigned choose_family(struct family *families, unsigned *count, const struct rule *rule)
{
    struct pattern_prefix prefix = prefix_of(rule);
    bool is_plain = are_anchored_plain(rule);
    for (unsigned i = 0; !is_plain && i < *count; i++) {
        if (family_takes(&families[i], &prefix))
            return i;
    }
    families[*count] = (struct family){.is_closed = is_plain, .prefix = prefix};
    return (*count)++;
}

static int plan_buckets(const struct signatures *signatures, struct group *group)
{
    const struct rules *rules = signatures->rules;
    bool has_search = false;
    struct family *families = calloc(group->rule_count + 1, sizeof *families);
    if (!families)
        return -ENOMEM;
    for (unsigned i = 0; i < group->rule_count; i++) {
        const struct rule *rule = &rules->rule[group->rules[i]];
        group->bucket_of[i] = GROUP_NO_BUCKET;
        const struct rule_facts *facts = &signatures->facts[group->rules[i]];
        if (facts->anchored_patterns)
            group->bucket_of[i] = (uint16_t)choose_family(families, &group->bucket_count, rule);
        has_search |= facts->anchored_patterns != facts->all_patterns;
    }
    free(families);
    group->search_bucket = GROUP_NO_BUCKET;
    if (has_search)
        group->search_bucket = (uint16_t)group->bucket_count++;
    return 0;
}

/* Adds the rule's anchored patterns, or the others, to a bucket that has room for them. */
static void fill_bucket(struct bucket *bucket, const struct rule_pattern **patterns,
                        const struct rule *rule, unsigned index, bool is_search)
{
    for (unsigned i = 0; i < rule->pattern_count; i++) {
        if (rule->patterns[i].is_anywhere != is_search)
            continue;
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

/* `patterns` has room for those of all rules. */
static int build_bucket(const struct rules *rules, struct group *group, unsigned number,
                        const struct rule_pattern **patterns, struct rule_faults *faults,
                        struct error *error)
{
    struct bucket *bucket = &group->buckets[number];
    bool is_search = number == group->search_bucket;
    unsigned room = 0;
    for (unsigned i = 0; i < group->rule_count; i++) {
        if (is_search || group->bucket_of[i] == number)
            room += rules->rule[group->rules[i]].pattern_count;
    }
    bucket->places = calloc(room + 1, sizeof *bucket->places);
    if (!bucket->places)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    for (unsigned i = 0; i < group->rule_count; i++) {
        if (is_search || group->bucket_of[i] == number)
            fill_bucket(bucket, patterns, &rules->rule[group->rules[i]], group->rules[i],
                        is_search);
    }
    return compile_bucket(rules, bucket, patterns, faults, error);
}

static int build_buckets(const struct rules *rules, struct group *group, struct rule_faults *faults,
                         struct error *error)
{
    size_t most = (size_t)group->rule_count * RULE_PATTERNS + 1;
    const struct rule_pattern **patterns = calloc(most, sizeof(const struct rule_pattern *));
    group->buckets = calloc(group->bucket_count + 1, sizeof *group->buckets);
    if (!patterns || !group->buckets) {
        free(patterns);
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    }
    int failure = 0;
    for (unsigned i = 0; !failure && i < group->bucket_count; i++)
        failure = build_bucket(rules, group, i, patterns, faults, error);
    free(patterns);
    return failure;
}

static uint64_t *new_sets(const struct group *group, unsigned rows)
{
    return calloc((size_t)rows * group->word_count + 1, sizeof(uint64_t));
}

static int open_refined(const struct rules *rules, struct group *group, unsigned protocol_count)
{
    unsigned rows = 1;
    group->refined_row = calloc(protocol_count, sizeof *group->refined_row);
    for (unsigned i = 0; group->refined_row && i < group->rule_count; i++) {
        uint16_t refined = rules->rule[group->rules[i]].refined;
        if (refined && !group->refined_row[refined])
            group->refined_row[refined] = (uint16_t)rows++;
    }
    group->by_refined = new_sets(group, rows);
    return group->refined_row && group->by_refined ? 0 : -ENOMEM;
}

static int collect_rules(const struct rules *rules, struct group *group, unsigned transport,
                         unsigned protocol_count)
{
    group->rules = calloc(rules->count + 1, sizeof *group->rules);
    group->bucket_of = calloc(rules->count + 1, sizeof *group->bucket_of);
    if (!group->rules || !group->bucket_of)
        return -ENOMEM;
    for (unsigned i = 0; i < rules->count; i++) {
        if (rules->rule[i].transports & 1u << transport)
            group->rules[group->rule_count++] = (uint16_t)i;
    }
    group->word_count = (group->rule_count + 63) / 64;
    group->by_byte = new_sets(group, GROUP_PLACES * 256);
    group->by_length = new_sets(group, GROUP_LENGTHS);
    group->by_situation = new_sets(group, GROUP_SITUATIONS);
    group->by_stage = new_sets(group, GROUP_STAGES);
    if (!group->by_byte || !group->by_length || !group->by_situation || !group->by_stage)
        return -ENOMEM;
    return open_refined(rules, group, protocol_count);
}

int group_build(struct group *group, const struct signatures *signatures,
                enum rule_transport transport, unsigned protocol_count, struct rule_faults *faults,
                struct error *error)
{
    const struct rules *rules = signatures->rules;
    if (collect_rules(rules, group, transport, protocol_count) || plan_buckets(signatures, group))
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    for (unsigned i = 0; i < group->rule_count; i++)
        note_rule(group, &rules->rule[group->rules[i]], &signatures->facts[group->rules[i]], i);
    return build_buckets(rules, group, faults, error);
}

void group_close(struct group *group)
{
    for (unsigned i = 0; group->buckets && i < group->bucket_count; i++) {
        pattern_set_free(group->buckets[i].set);
        free(group->buckets[i].places);
    }
    free(group->rules);
    free(group->bucket_of);
    free(group->buckets);
    free(group->by_byte);
    free(group->by_length);
    free(group->by_situation);
    free(group->by_stage);
    free(group->by_refined);
    free(group->refined_row);
}
