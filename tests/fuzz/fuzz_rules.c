/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the reader of rules. The first line of the input is a check, evaluated over the rest: what
 * holds for a payload must be admitted for its first bytes, its length and what is beside it. The
 * whole is then read as a file: reading it twice finds the same faults in the same lines, and every
 * rule that is read is well formed. */
#include <string.h>

#include "classifier/rules.h"
#include "require.h"

static void check_expression(const uint8_t *bytes, size_t length)
{
    const uint8_t *end = memchr(bytes, '\n', length);
    if (!end || end - bytes > 512)
        return;
    char text[513];
    memcpy(text, bytes, (size_t)(end - bytes));
    text[end - bytes] = '\0';
    struct rule_expression *expression;
    if (rule_expression_new(&expression, text, NULL))
        return;
    const uint8_t *payload = end + 1;
    uint32_t left = (uint32_t)(length - (size_t)(payload - bytes));
    static const uint16_t sizes[RULE_SIZES] = {1, 96, 608, 65535};
    struct rule_subject subject = {.count = 1, .client_port = 50000, .server_port = 53};
    for (unsigned i = 0; i < RULE_VIEWS; i++)
        subject.view[i] = (struct rule_view){.bytes = payload,
                                             .captured_bytes = i ? left / 2 : left,
                                             .length = left,
                                             .sizes = sizes,
                                             .size_count = i,
                                             .is_there = left > 0};
    bool holds = rule_expression_holds(expression, &subject);
    require(holds == rule_expression_holds(expression, &subject));
    for (unsigned place = 0; holds && place < left && place < RULE_PLACES; place++)
        require(rule_expression_admits(expression, place, payload[place]));
    require(!holds || rule_expression_admits_length(expression, left, left));
    require(!holds || rule_expression_admits_length(expression, left / 2, left + left / 2));
    for (unsigned i = RULE_VIEW_THIS + 1; i < RULE_VIEWS; i++) {
        subject.view[i] = (struct rule_view){0};
        require(!rule_expression_holds(expression, &subject) ||
                rule_expression_admits_absence(expression, i));
    }
    rule_expression_free(expression);
}

static void check_rule(const struct rule *rule)
{
    require(strchr(rule->full_name, '/') != NULL);
    require(rule->packets_first >= 1 && rule->packets_last <= RULE_PACKETS_MAX);
    require(rule->hits >= 1 && rule->hits <= RULE_HITS_MAX);
    for (unsigned i = 0; i < rule->pattern_count; i++)
        require(rule->patterns[i].text && rule->patterns[i].first <= rule->patterns[i].last &&
                rule->patterns[i].last < RULE_STREAM_BYTES);
    for (unsigned i = 0; i < rule->sample_count; i++) {
        require(rule->samples[i].payload_count > 0);
        for (unsigned k = 0; k < rule->samples[i].payload_count; k++)
            require(rule->samples[i].payloads[k].length > 0);
    }
}

static struct rules *read_once(const uint8_t *bytes, size_t length, struct rule_faults *faults)
{
    static struct protocols *protocols;
    struct rules *rules;
    protocols_free(protocols);
    require(protocols_new(&protocols, NULL) == 0);
    require(rules_new(&rules) == 0);
    require(rules_read_text(rules, "fuzz.rules", (const char *)bytes, length, faults) == 0);
    rules_resolve(rules, protocols, faults);
    rule_faults_sort(faults);
    return rules;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct rule_faults first = {0};
    struct rule_faults second = {0};
    check_expression(bytes, length);
    struct rules *rules = read_once(bytes, length, &first);
    for (unsigned i = 0; i < rules->count; i++)
        check_rule(&rules->rule[i]);
    rules_free(rules);
    rules_free(read_once(bytes, length, &second));
    require(first.count == second.count);
    for (unsigned i = 0; i < first.count; i++)
        require(first.fault[i].line == second.fault[i].line &&
                !strcmp(first.fault[i].text, second.fault[i].text));
    rule_faults_free(&first);
    rule_faults_free(&second);
    return 0;
}
