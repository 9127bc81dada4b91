/* SPDX-License-Identifier: BSD-3-Clause */
/* One file of rules, statement by statement. What statements name is resolved later. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/rules.h"
#include "rule_text.h"

enum { SAMPLE_BYTES = 16384, SAMPLE_PAYLOADS = 16 };

struct reader {
    struct rules *rules;
    struct rule_faults *faults;
    struct rule_text text;
    char *file;
    char protocol[RULE_NAME_BYTES + 1]; /* of the open section; "" before the first */
    bool is_rule_open;
    struct rule rule; /* the open one */
    unsigned given;   /* statements of the open rule: set of 1 << index */
    bool is_out_of_memory;
    struct error error;
};

/* A fault of a rule that counts for the rule's own line. */
static void fault_at(struct reader *reader, unsigned line, const char *text)
{
    rule_faults_add(reader->faults, reader->file, line, "%s", text);
}

static int refuse(struct reader *reader, const char *what)
{
    return error_set(&reader->error, EINVAL, "%s", what);
}

static int out_of_memory(struct reader *reader)
{
    reader->is_out_of_memory = true;
    return error_set(&reader->error, ENOMEM, "out of memory for rules");
}

/* The last word was taken. */
static int expect_end(struct reader *reader, const char *at)
{
    struct rule_word word = rule_word_next(&at);
    if (word.kind == RULE_WORD_END)
        return 0;
    return error_set(&reader->error, EINVAL, "'%.*s' is too much here", (int)word.length, word.at);
}

static int copy_name(struct reader *reader, const struct rule_word *word, bool may_be_full,
                     char *name, size_t name_size)
{
    bool is_good = word->kind == RULE_WORD_PLAIN && word->length < name_size && word->at[0] != '-';
    unsigned part = 0;
    for (size_t i = 0; is_good && i < word->length; i++) {
        char byte = word->at[i];
        bool is_letter =
            (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-';
        bool is_slash = byte == '/' && may_be_full;
        part = is_slash ? 0 : part + 1;
        is_good = (is_letter || is_slash) && part <= RULE_NAME_BYTES;
    }
    if (!is_good)
        return error_set(&reader->error, EINVAL,
                         "'%.*s' is no name: at most %d lower case letters, digits and inner '-'",
                         (int)word->length, word->at, RULE_NAME_BYTES);
    memcpy(name, word->at, word->length);
    name[word->length] = '\0';
    return 0;
}

static char *copy_text(const struct rule_word *word)
{
    return strndup(word->at, word->length);
}

/* Text between quotes, for people. */
static int take_quoted(struct reader *reader, const char **at, char **text)
{
    struct rule_word word = rule_word_next(at);
    if (word.kind != RULE_WORD_STRING || word.length == 0)
        return refuse(reader, "expected text in double quotes");
    if (*text)
        return refuse(reader, "it is given twice");
    *text = copy_text(&word);
    return *text ? 0 : out_of_memory(reader);
}

static void free_samples(struct rule *rule)
{
    for (unsigned i = 0; i < rule->sample_count; i++) {
        for (unsigned k = 0; k < rule->samples[i].payload_count; k++)
            free(rule->samples[i].payloads[k].bytes);
        free(rule->samples[i].payloads);
    }
    free(rule->samples);
}

static void free_rule(struct rule *rule)
{
    for (unsigned i = 0; i < rule->pattern_count; i++)
        free(rule->patterns[i].text);
    for (unsigned i = 0; i < rule->check_count; i++) {
        free(rule->checks[i].text);
        rule_expression_free(rule->checks[i].expression);
    }
    free(rule->cite);
    free_samples(rule);
}

static int take_transport(struct reader *reader, const char *at)
{
    static const char *const names[RULE_IP] = {"tcp", "udp", "sctp"};
    struct rule *rule = &reader->rule;
    struct rule_word word = rule_word_next(&at);
    if (rule_word_is(&word, "ip")) {
        rule->transports = 1u << RULE_IP;
        for (word = rule_word_next(&at); word.kind != RULE_WORD_END; word = rule_word_next(&at)) {
            unsigned first = 0;
            unsigned last = 0;
            int failure = rule_word_range(&word, 255, &first, &last, &reader->error);
            if (failure)
                return failure;
            if (first != last || rule->ip_number_count == RULE_IP_NUMBERS)
                return refuse(reader, "at most 8 IP protocol numbers, no ranges");
            rule->ip_number[rule->ip_number_count++] = (uint8_t)first;
        }
        return rule->ip_number_count ? 0 : refuse(reader, "which IP protocol number?");
    }
    for (; word.kind != RULE_WORD_END; word = rule_word_next(&at)) {
        unsigned i = 0;
        while (i < RULE_IP && !rule_word_is(&word, names[i]))
            i++;
        if (i == RULE_IP || rule->transports & 1u << i)
            return refuse(reader, "transport is one or more of tcp, udp, sctp, or ip and numbers");
        rule->transports |= 1u << i;
    }
    return rule->transports ? 0 : refuse(reader, "which transport?");
}

static int take_direction(struct reader *reader, const char *at)
{
    struct rule_word word = rule_word_next(&at);
    if (rule_word_is(&word, "client"))
        reader->rule.direction = RULE_CLIENT;
    else if (rule_word_is(&word, "server"))
        reader->rule.direction = RULE_SERVER;
    else if (rule_word_is(&word, "either"))
        reader->rule.direction = RULE_EITHER;
    else
        return refuse(reader, "direction is client, server or either");
    return expect_end(reader, at);
}

static int take_ports(struct reader *reader, const char *at)
{
    struct rule *rule = &reader->rule;
    struct rule_word word = rule_word_next(&at);
    for (; word.kind != RULE_WORD_END; word = rule_word_next(&at)) {
        unsigned first = 0;
        unsigned last = 0;
        int failure = rule_word_range(&word, 65535, &first, &last, &reader->error);
        if (failure)
            return failure;
        if (rule->port_range_count == RULE_PORT_RANGES)
            return refuse(reader, "too many port ranges");
        rule->ports[rule->port_range_count++] =
            (struct rule_ports){(uint16_t)first, (uint16_t)last};
    }
    return rule->port_range_count ? 0 : refuse(reader, "which ports?");
}

/* `\"` becomes `"`; all else is Hyperscan's. */
static char *copy_pattern(const struct rule_word *word)
{
    char *text = malloc(word->length + 1);
    size_t used = 0;
    for (size_t i = 0; text && i < word->length; i++) {
        if (word->at[i] == '\\' && word->at[i + 1] == '"')
            i++;
        else if (word->at[i] == '\\')
            text[used++] = word->at[i++];
        text[used++] = word->at[i];
    }
    if (text)
        text[used] = '\0';
    return text;
}

static int take_pattern_place(struct reader *reader, const char *at, struct rule_pattern *pattern)
{
    bool is_placed = false;
    struct rule_word word = rule_word_next(&at);
    for (; word.kind != RULE_WORD_END; word = rule_word_next(&at)) {
        unsigned first = 0;
        unsigned last = 0;
        if (rule_word_is(&word, "caseless") && !pattern->is_caseless) {
            pattern->is_caseless = true;
            continue;
        }
        bool is_anywhere = rule_word_is(&word, "anywhere");
        if (is_placed || (!is_anywhere && !rule_word_is(&word, "at")))
            return refuse(reader, "after a pattern: 'at RANGE' or 'anywhere', and 'caseless'");
        is_placed = true;
        pattern->is_anywhere = is_anywhere;
        if (is_anywhere)
            continue;
        word = rule_word_next(&at);
        int failure = rule_word_range(&word, RULE_STREAM_BYTES - 1, &first, &last, &reader->error);
        if (failure)
            return failure;
        pattern->first = (uint16_t)first;
        pattern->last = (uint16_t)last;
    }
    return 0;
}

static int take_pattern(struct reader *reader, const char *at)
{
    struct rule *rule = &reader->rule;
    struct rule_word word = rule_word_next(&at);
    if (word.kind != RULE_WORD_STRING || word.length == 0)
        return refuse(reader, "expected the pattern in double quotes");
    if (rule->pattern_count == RULE_PATTERNS)
        return refuse(reader, "a rule has at most 4 patterns");
    struct rule_pattern *pattern = &rule->patterns[rule->pattern_count];
    *pattern = (struct rule_pattern){.line = reader->text.line};
    int failure = take_pattern_place(reader, at, pattern);
    if (failure)
        return failure;
    pattern->text = copy_pattern(&word);
    if (!pattern->text)
        return out_of_memory(reader);
    rule->pattern_count++;
    return 0;
}

static int take_check(struct reader *reader, const char *at)
{
    struct rule *rule = &reader->rule;
    at += strspn(at, " \t");
    if (rule->check_count == RULE_CHECKS)
        return refuse(reader, "a rule has at most 16 checks");
    struct rule_check *check = &rule->checks[rule->check_count];
    *check = (struct rule_check){.line = reader->text.line};
    int failure = rule_expression_new(&check->expression, at, &reader->error);
    if (failure)
        return failure;
    rule->check_count++;
    check->text = strdup(at);
    return check->text ? 0 : out_of_memory(reader);
}

static int take_packets(struct reader *reader, const char *at)
{
    unsigned first = 0;
    unsigned last = 0;
    struct rule_word word = rule_word_next(&at);
    int failure = rule_word_range(&word, RULE_PACKETS_MAX, &first, &last, &reader->error);
    if (failure)
        return failure;
    if (first == 0)
        return refuse(reader, "packets are counted from 1");
    reader->rule.packets_first = (uint8_t)first;
    reader->rule.packets_last = (uint8_t)last;
    return expect_end(reader, at);
}

static int take_hits(struct reader *reader, const char *at)
{
    unsigned first = 0;
    unsigned last = 0;
    struct rule_word word = rule_word_next(&at);
    int failure = rule_word_range(&word, RULE_HITS_MAX, &first, &last, &reader->error);
    if (failure)
        return failure;
    if (first == 0 || first != last)
        return refuse(reader, "hits is one number from 1 to 8");
    reader->rule.hits = (uint8_t)first;
    word = rule_word_next(&at);
    if (word.kind == RULE_WORD_END)
        return 0;
    reader->rule.needs_both = true;
    return rule_word_is(&word, "both") ? expect_end(reader, at)
                                       : refuse(reader, "after the number only 'both' can stand");
}

/* "protocol/rule", into a field that is made for it. */
static void join_names(char *full_name, const char *protocol, const char *name)
{
    snprintf(full_name, 2 * RULE_NAME_BYTES + 2, "%s/%s", protocol, name);
}

static int take_requires(struct reader *reader, const char *at)
{
    struct rule *rule = &reader->rule;
    if (rule->require_count == RULE_REQUIRES)
        return refuse(reader, "a rule requires at most 2 others");
    char *name = rule->required_name[rule->require_count];
    struct rule_word word = rule_word_next(&at);
    int failure = copy_name(reader, &word, true, name, sizeof rule->required_name[0]);
    if (failure)
        return failure;
    if (!strchr(name, '/')) {
        char own[RULE_NAME_BYTES + 1];
        memcpy(own, name, sizeof own);
        own[RULE_NAME_BYTES] = '\0';
        join_names(name, reader->protocol, own);
    }
    rule->require_count++;
    return expect_end(reader, at);
}

static int take_refines(struct reader *reader, const char *at)
{
    struct rule_word word = rule_word_next(&at);
    int failure = copy_name(reader, &word, false, reader->rule.refined_name,
                            sizeof reader->rule.refined_name);
    return failure ? failure : expect_end(reader, at);
}

static int take_strength(struct reader *reader, const char *at)
{
    struct rule_word word = rule_word_next(&at);
    if (rule_word_is(&word, "certain"))
        reader->rule.strength = RULE_CERTAIN;
    else if (rule_word_is(&word, "likely"))
        reader->rule.strength = RULE_LIKELY;
    else if (rule_word_is(&word, "part"))
        reader->rule.strength = RULE_PART;
    else
        return refuse(reader, "strength is certain, likely or part");
    return expect_end(reader, at);
}

static int take_cite(struct reader *reader, const char *at)
{
    char *text = NULL;
    int failure = take_quoted(reader, &at, &text);
    if (reader->rule.cite || failure)
        free(text);
    else
        reader->rule.cite = text;
    return failure ? failure : expect_end(reader, at);
}

/* A sample under construction: payloads end to end. */
struct sample_build {
    struct rule_payload payloads[SAMPLE_PAYLOADS];
    unsigned payload_count;
    uint8_t bytes[SAMPLE_BYTES];
    uint32_t used;
    uint32_t last_piece; /* bytes of the newest piece */
};

/* A fixed generator (Knuth's MMIX numbers): the same bytes in every run. */
static void fill_random(uint8_t *bytes, uint32_t length, uint64_t seed)
{
    for (uint32_t i = 0; i < length; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (uint8_t)(seed >> 56);
    }
}

static int open_payload(struct reader *reader, struct sample_build *build, bool is_server)
{
    if (build->payload_count == SAMPLE_PAYLOADS)
        return refuse(reader, "a sample has at most 16 payloads");
    build->payloads[build->payload_count++] = (struct rule_payload){.is_server = is_server};
    build->last_piece = 0;
    return 0;
}

/* Bytes of a piece are in place behind the others. */
static int close_piece(struct reader *reader, struct sample_build *build, uint32_t length)
{
    if (build->payload_count == 0) {
        int failure = open_payload(reader, build, reader->rule.direction == RULE_SERVER);
        if (failure)
            return failure;
    }
    build->payloads[build->payload_count - 1].length += length;
    build->used += length;
    build->last_piece = length;
    return 0;
}

static int take_count(struct reader *reader, const char **at, unsigned *count)
{
    unsigned last = 0;
    struct rule_word word = rule_word_next(at);
    int failure = rule_word_range(&word, SAMPLE_BYTES, count, &last, &reader->error);
    if (!failure && (*count == 0 || last != *count))
        failure = refuse(reader, "expected how many bytes or times");
    return failure;
}

static int repeat_piece(struct reader *reader, struct sample_build *build, const char **at)
{
    unsigned times = 0;
    uint32_t piece = build->last_piece;
    int failure = take_count(reader, at, &times);
    if (failure)
        return failure;
    if (piece == 0)
        return refuse(reader, "'*' stands behind a string");
    if ((uint64_t)piece * times > SAMPLE_BYTES - build->used)
        return refuse(reader, "the sample is too long");
    for (unsigned i = 1; i < times; i++) {
        memcpy(build->bytes + build->used, build->bytes + build->used - piece, piece);
        close_piece(reader, build, piece);
    }
    build->last_piece = 0;
    return 0;
}

static int take_piece(struct reader *reader, struct sample_build *build,
                      const struct rule_word *word, const char **at)
{
    uint32_t room = SAMPLE_BYTES - build->used;
    if (word->kind == RULE_WORD_STAR)
        return repeat_piece(reader, build, at);
    if (rule_word_is(word, "client") || rule_word_is(word, "server"))
        return open_payload(reader, build, word->at[0] == 's');
    if (rule_word_is(word, "random")) {
        unsigned length = 0;
        int failure = take_count(reader, at, &length);
        if (!failure && length > room)
            failure = refuse(reader, "the sample is too long");
        if (failure)
            return failure;
        fill_random(build->bytes + build->used, length, build->used + 1);
        return close_piece(reader, build, length);
    }
    if (word->kind != RULE_WORD_STRING)
        return refuse(reader, "a sample is made of strings, '* N', 'random N', client and server");
    if (word->length > room)
        return refuse(reader, "the sample is too long");
    int length = rule_word_unescape(word, build->bytes + build->used, &reader->error);
    return length < 0 ? length : close_piece(reader, build, (uint32_t)length);
}

static int keep_sample(struct reader *reader, const struct sample_build *build, bool is_near)
{
    struct rule *rule = &reader->rule;
    struct rule_sample *grown =
        realloc(rule->samples, (rule->sample_count + 1) * sizeof *rule->samples);
    if (!grown)
        return out_of_memory(reader);
    rule->samples = grown;
    struct rule_sample *sample = &grown[rule->sample_count];
    *sample = (struct rule_sample){.is_near = is_near, .line = reader->text.line};
    sample->payloads = calloc(build->payload_count, sizeof *sample->payloads);
    if (!sample->payloads)
        return out_of_memory(reader);
    rule->sample_count++;
    const uint8_t *from = build->bytes;
    for (unsigned i = 0; i < build->payload_count; i++) {
        struct rule_payload *payload = &sample->payloads[i];
        *payload = build->payloads[i];
        payload->bytes = malloc(payload->length);
        if (!payload->bytes)
            return out_of_memory(reader);
        memcpy(payload->bytes, from, payload->length);
        from += payload->length;
        sample->payload_count++;
    }
    return 0;
}

static int take_any_sample(struct reader *reader, const char *at, bool is_near)
{
    struct sample_build build = {.payload_count = 0};
    struct rule_word word = rule_word_next(&at);
    for (; word.kind != RULE_WORD_END; word = rule_word_next(&at)) {
        int failure = take_piece(reader, &build, &word, &at);
        if (failure)
            return failure;
    }
    for (unsigned i = 0; i < build.payload_count; i++) {
        if (build.payloads[i].length == 0)
            return refuse(reader, "a payload of the sample is empty");
    }
    if (build.payload_count == 0)
        return refuse(reader, "the sample is empty");
    return keep_sample(reader, &build, is_near);
}

static int take_sample(struct reader *reader, const char *at)
{
    return take_any_sample(reader, at, false);
}

static int take_near(struct reader *reader, const char *at)
{
    return take_any_sample(reader, at, true);
}

struct statement {
    const char *name;
    int (*take)(struct reader *reader, const char *at);
    bool may_repeat;
    bool must_stand;
};

/* What can stand in a rule. */
static const struct statement statements[] = {
    {.name = "transport", .take = take_transport, .must_stand = true},
    {.name = "direction", .take = take_direction},
    {.name = "ports", .take = take_ports},
    {.name = "pattern", .take = take_pattern, .may_repeat = true},
    {.name = "check", .take = take_check, .may_repeat = true},
    {.name = "packets", .take = take_packets},
    {.name = "hits", .take = take_hits},
    {.name = "requires", .take = take_requires, .may_repeat = true},
    {.name = "refines", .take = take_refines},
    {.name = "strength", .take = take_strength, .must_stand = true},
    {.name = "cite", .take = take_cite, .may_repeat = true, .must_stand = true},
    {.name = "sample", .take = take_sample, .may_repeat = true, .must_stand = true},
    {.name = "near", .take = take_near, .may_repeat = true, .must_stand = true},
};

enum { STATEMENTS = sizeof statements / sizeof *statements };

static void fault_if(struct reader *reader, bool is_fault, const char *text)
{
    if (is_fault)
        fault_at(reader, reader->rule.line, text);
}

/* A stream is one payload that grows: it matches once a direction. */
static void judge_rule(struct reader *reader)
{
    const struct rule *rule = &reader->rule;
    bool is_tcp = rule->transports & 1u << RULE_TCP;
    bool uses_prev = false;
    for (unsigned i = 0; i < rule->check_count; i++)
        uses_prev |= rule_expression_uses(rule->checks[i].expression, RULE_VIEW_PREV);
    for (unsigned i = 0; i < STATEMENTS; i++) {
        if (statements[i].must_stand && !(reader->given & 1u << i))
            rule_faults_add(reader->faults, reader->file, rule->line, "rule %s has no '%s'",
                            rule->full_name, statements[i].name);
    }
    fault_if(reader, !rule->pattern_count && !rule->check_count,
             "a rule needs a pattern or a check");
    fault_if(reader, is_tcp && uses_prev, "prev. means nothing for tcp: a stream grows");
    fault_if(reader, is_tcp && rule->hits > (rule->needs_both ? 2 : 1),
             "a tcp stream matches once: 'hits 1', or 'hits 2 both'");
    fault_if(reader, rule->needs_both && rule->hits < 2, "both sides are at least 2 hits");
    fault_if(reader, rule->needs_both && rule->direction != RULE_EITHER,
             "'both' contradicts the direction");
    fault_if(reader, rule->packets_last > RULE_PACKETS && !rule->refined_name[0],
             "packets beyond 4 are looked at only where a rule refines");
}

static void keep_rule(struct reader *reader)
{
    struct rules *rules = reader->rules;
    struct rule *grown = NULL;
    if (rules->count == RULES_MAX)
        fault_at(reader, reader->rule.line, "too many rules");
    else
        grown = realloc(rules->rule, (rules->count + 1) * sizeof *grown);
    if (!grown) {
        reader->is_out_of_memory |= rules->count < RULES_MAX;
        free_rule(&reader->rule);
        return;
    }
    rules->rule = grown;
    grown[rules->count++] = reader->rule;
}

static void close_rule(struct reader *reader)
{
    if (!reader->is_rule_open)
        return;
    reader->is_rule_open = false;
    judge_rule(reader);
    keep_rule(reader);
}

static int open_rule(struct reader *reader, const char *at)
{
    char name[RULE_NAME_BYTES + 1];
    close_rule(reader);
    if (!reader->protocol[0])
        return refuse(reader, "a rule stands in a protocol: begin with 'protocol NAME'");
    struct rule_word word = rule_word_next(&at);
    int failure = copy_name(reader, &word, false, name, sizeof name);
    if (failure)
        return failure;
    reader->rule = (struct rule){.file = reader->file,
                                 .line = reader->text.line,
                                 .strength = RULE_CERTAIN,
                                 .packets_first = 1,
                                 .packets_last = RULE_PACKETS,
                                 .hits = 1};
    memcpy(reader->rule.protocol_name, reader->protocol, sizeof reader->protocol);
    join_names(reader->rule.full_name, reader->protocol, name);
    reader->given = 0;
    reader->is_rule_open = true;
    return expect_end(reader, at);
}

static void free_declaration(struct rule_declaration *declaration)
{
    free(declaration->numbers);
    free(declaration->description);
    free(declaration->specification);
}

static int take_category(struct reader *reader, const char **at,
                         struct rule_declaration *declaration)
{
    char name[RULE_NAME_BYTES + 1];
    struct rule_word word = rule_word_next(at);
    int failure = copy_name(reader, &word, false, name, sizeof name);
    int category = failure ? -1 : category_find(name);
    if (!failure && category < 0)
        failure = error_set(&reader->error, EINVAL, "there is no category '%s'", name);
    if (!failure)
        declaration->category = (enum category)category;
    return failure;
}

/* The words behind the name of a protocol that is declared. */
static int take_declaration(struct reader *reader, const char *at,
                            struct rule_declaration *declaration)
{
    bool has_category = false;
    int failure = 0;
    struct rule_word word = rule_word_next(&at);
    for (; !failure && word.kind != RULE_WORD_END; word = rule_word_next(&at)) {
        if (rule_word_is(&word, "category") && !has_category) {
            has_category = true;
            failure = take_category(reader, &at, declaration);
        } else if (rule_word_is(&word, "numbers")) {
            failure = take_quoted(reader, &at, &declaration->numbers);
        } else if (rule_word_is(&word, "description")) {
            failure = take_quoted(reader, &at, &declaration->description);
        } else if (rule_word_is(&word, "specification")) {
            failure = take_quoted(reader, &at, &declaration->specification);
        } else {
            failure = error_set(&reader->error, EINVAL, "'%.*s' means nothing here",
                                (int)word.length, word.at);
        }
    }
    if (!failure && (!has_category || !declaration->description || !declaration->specification))
        failure = refuse(reader, "a declaration needs category, description and specification");
    return failure;
}

static int keep_declaration(struct reader *reader, struct rule_declaration *declaration)
{
    struct rules *rules = reader->rules;
    struct rule_declaration *grown =
        realloc(rules->declarations, (rules->declaration_count + 1) * sizeof *grown);
    if (!grown)
        return out_of_memory(reader);
    rules->declarations = grown;
    grown[rules->declaration_count++] = *declaration;
    return 0;
}

static int open_protocol(struct reader *reader, const char *at)
{
    close_rule(reader);
    reader->protocol[0] = '\0';
    struct rule_word word = rule_word_next(&at);
    int failure = copy_name(reader, &word, false, reader->protocol, sizeof reader->protocol);
    if (failure)
        return failure;
    const char *rest = at;
    if (rule_word_next(&rest).kind == RULE_WORD_END)
        return 0;
    struct rule_declaration declaration = {.file = reader->file, .line = reader->text.line};
    memcpy(declaration.name, reader->protocol, sizeof declaration.name);
    failure = take_declaration(reader, at, &declaration);
    if (!failure)
        failure = keep_declaration(reader, &declaration);
    if (failure)
        free_declaration(&declaration);
    return failure;
}

static int find_extractor(const struct rule_word *word)
{
    for (int i = 0; i < EXTRACTORS; i++) {
        if (rule_word_is(word, rule_extractor_name((enum rule_extractor)i)))
            return i;
    }
    return -1;
}

static int take_announcement(struct reader *reader, const char *at)
{
    struct rules *rules = reader->rules;
    struct rule_announcement announcement = {.file = reader->file, .line = reader->text.line};
    if (!reader->protocol[0] || reader->is_rule_open)
        return refuse(reader, "'announces' stands behind 'protocol', before its rules");
    memcpy(announcement.announcer_name, reader->protocol, sizeof announcement.announcer_name);
    struct rule_word word = rule_word_next(&at);
    int failure = copy_name(reader, &word, false, announcement.announced_name,
                            sizeof announcement.announced_name);
    if (failure)
        return failure;
    word = rule_word_next(&at);
    if (!rule_word_is(&word, "by"))
        return refuse(reader, "expected 'announces PROTOCOL by EXTRACTOR'");
    word = rule_word_next(&at);
    int extractor = find_extractor(&word);
    if (extractor < 0)
        return refuse(reader, "the extractors are sdp, rtsp-transport, ftp-data, dcc and "
                              "bencode-peers");
    announcement.extractor = (enum rule_extractor)extractor;
    struct rule_announcement *grown =
        realloc(rules->announcements, (rules->announcement_count + 1) * sizeof *grown);
    if (!grown)
        return out_of_memory(reader);
    rules->announcements = grown;
    grown[rules->announcement_count++] = announcement;
    return expect_end(reader, at);
}

static int take_rule_statement(struct reader *reader, const struct rule_word *word, const char *at)
{
    for (unsigned i = 0; i < STATEMENTS; i++) {
        if (!rule_word_is(word, statements[i].name))
            continue;
        if (!reader->is_rule_open)
            return refuse(reader, "it stands outside a rule: begin with 'rule NAME'");
        if (reader->given & 1u << i && !statements[i].may_repeat)
            return refuse(reader, "it is given twice in this rule");
        reader->given |= 1u << i;
        return statements[i].take(reader, at);
    }
    return error_set(&reader->error, EINVAL, "there is no statement '%.*s'", (int)word->length,
                     word->at);
}

static int take_statement(struct reader *reader)
{
    const char *at = reader->text.statement;
    struct rule_word word = rule_word_next(&at);
    if (rule_word_is(&word, "protocol"))
        return open_protocol(reader, at);
    if (rule_word_is(&word, "rule"))
        return open_rule(reader, at);
    if (rule_word_is(&word, "announces"))
        return take_announcement(reader, at);
    return take_rule_statement(reader, &word, at);
}

static char *keep_file(struct rules *rules, const char *name)
{
    struct rule_file *grown = realloc(rules->files, (rules->file_count + 1) * sizeof *grown);
    if (!grown)
        return NULL;
    rules->files = grown;
    char *kept = strdup(name);
    if (kept)
        grown[rules->file_count++].name = kept;
    return kept;
}

static void read_statements(struct reader *reader)
{
    int outcome;
    while (!reader->is_out_of_memory &&
           (outcome = rule_text_next(&reader->text, &reader->error)) != 0) {
        if (outcome > 0)
            outcome = take_statement(reader);
        if (outcome < 0)
            fault_at(reader, reader->text.line, reader->error.text);
    }
    close_rule(reader);
}

int rules_read_text(struct rules *rules, const char *file, const char *bytes, size_t length,
                    struct rule_faults *faults)
{
    struct reader *reader = calloc(1, sizeof *reader);
    char *name = keep_file(rules, file);
    if (!reader || !name) {
        free(reader);
        return -ENOMEM;
    }
    reader->rules = rules;
    reader->faults = faults;
    reader->file = name;
    rule_text_init(&reader->text, bytes, length);
    read_statements(reader);
    int failure = reader->is_out_of_memory ? -ENOMEM : 0;
    free(reader);
    return failure;
}

void rules_free(struct rules *rules)
{
    if (!rules)
        return;
    for (unsigned i = 0; i < rules->count; i++)
        free_rule(&rules->rule[i]);
    for (unsigned i = 0; i < rules->declaration_count; i++)
        free_declaration(&rules->declarations[i]);
    for (unsigned i = 0; i < rules->file_count; i++)
        free(rules->files[i].name);
    free(rules->rule);
    free(rules->announcements);
    free(rules->declarations);
    free(rules->files);
    free(rules);
}
