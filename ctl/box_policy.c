/* SPDX-License-Identifier: BSD-3-Clause */
/* From a tree of words to rules: conditions and actions. */
#include "box_policy.h"

#include <errno.h>
#include <string.h>

#include "classifier/packet.h"

static const uint64_t buffer_bytes_max = 256 << 20;
static const uint64_t volume_bytes_max = UINT64_C(1000000000000000);
static const uint64_t queue_ns_max = UINT64_C(60000000000);

enum { STRICT_LEVELS = 8 };

int box_name_take(char name[BOX_NAME_MAX + 1], const struct yaml_node *node, const char *what,
                  struct error *error)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t length = strlen(node->text);
    if (!length || length > BOX_NAME_MAX || node->text[0] == '-' ||
        strspn(node->text, letters) != length)
        return box_node_refuse(error, node->line,
                               "%s: '%.40s' is not a name of 1 to %d lower-case letters, digits "
                               "and '-'",
                               what, node->text, BOX_NAME_MAX);
    memcpy(name, node->text, length + 1);
    return 0;
}

int box_clock_read(const char *text, unsigned *minutes)
{
    for (unsigned i = 0; i < 5; i++) {
        if (i == 2 ? text[i] != ':' : text[i] < '0' || text[i] > '9')
            return -EINVAL;
    }
    unsigned hour = (unsigned)(text[0] - '0') * 10 + (unsigned)(text[1] - '0');
    unsigned minute = (unsigned)(text[3] - '0') * 10 + (unsigned)(text[4] - '0');
    *minutes = hour * 60 + minute;
    return minute < 60 && *minutes <= 24 * 60 ? 0 : -EINVAL;
}

bool box_queue_fits(uint64_t rate_bits, uint64_t queue_ns)
{
    uint64_t tokens;
    return !__builtin_mul_overflow(rate_bits, queue_ns, &tokens) &&
           tokens <= buffer_bytes_max * 8000000000;
}

/* Strict levels keep their order as queues: a new one moves those after it up. */
static unsigned insert_level(struct box *box, uint32_t level)
{
    struct box_link *link = &box->link;
    unsigned queue = 0;
    while (queue < link->queue_count && link->weight[queue] < level)
        queue++;
    if (queue < link->queue_count && link->weight[queue] == level)
        return queue;
    memmove(&link->weight[queue + 1], &link->weight[queue],
            (link->queue_count - queue) * sizeof *link->weight);
    link->weight[queue] = level;
    link->queue_count++;
    for (unsigned i = 0; i < box->rule_count; i++) {
        struct box_action *action = &box->rules[i].action;
        action->queue += action->kind == BOX_PRIORITISE && action->queue >= queue;
    }
    link->others += link->queue_count > 1 && link->others >= queue;
    return queue;
}

int box_queue_take(struct box *box, struct yaml_node *mapping, unsigned *queue, struct error *error)
{
    struct box_link *link = &box->link;
    const char *key = link->is_weighted ? "weight" : "level";
    uint64_t value = 0;
    int failure =
        box_node_number(mapping, key, true, link->is_weighted,
                        link->is_weighted ? BOX_WEIGHT_MAX : STRICT_LEVELS - 1, &value, error);
    if (!failure)
        failure = box_node_end(mapping, key, error);
    if (failure)
        return failure;
    if (!link->is_weighted) {
        *queue = insert_level(box, (uint32_t)value);
        return 0;
    }
    if (link->queue_count == BOX_QUEUES_MAX)
        return box_node_refuse(error, mapping->line, "more than %d queues", BOX_QUEUES_MAX);
    *queue = link->queue_count++;
    link->weight[*queue] = (uint32_t)value;
    return 0;
}

typedef int find_name(const struct box_words *words, const char *name);

static int find_protocol(const struct box_words *words, const char *name)
{
    return protocols_find(words->protocols, name);
}

/* Without a list any name will do: it stands for a service that never occurs. */
static int find_service(const struct box_words *words, const char *name)
{
    if (words->services)
        return services_find(words->services, name);
    return *name ? SERVICES_MAX - 1 : -1;
}

static int take_names(struct yaml_node *match, const char *key, const struct box_words *words,
                      find_name *find, uint16_t *names, unsigned *count, struct error *error)
{
    struct yaml_node *node;
    unsigned listed;
    int failure = box_node_words(match, key, false, 1, BOX_NAMES_MAX, &node, &listed, error);
    for (; !failure && node; node = node->next) {
        int id = find(words, node->text);
        if (id < 0)
            return box_node_refuse(error, node->line, "%s: there is no '%.40s'", key, node->text);
        names[(*count)++] = (uint16_t)id;
    }
    return failure;
}

static int take_set(struct yaml_node *match, const char *key, int (*find)(const char *name),
                    uint32_t *set, struct error *error)
{
    struct yaml_node *node;
    unsigned listed;
    int failure = box_node_words(match, key, false, 1, 32, &node, &listed, error);
    for (; !failure && node; node = node->next) {
        int id = find(node->text);
        if (id < 0)
            return box_node_refuse(error, node->line, "%s: there is no '%.40s'", key, node->text);
        *set |= UINT32_C(1) << id;
    }
    return failure;
}

static int take_class(const struct box *box, struct box_rule *rule, struct yaml_node *match,
                      const struct box_words *words, struct error *error)
{
    int failure = take_names(match, "protocol", words, find_protocol, rule->protocols,
                             &rule->protocol_count, error);
    if (!failure)
        failure = take_set(match, "category", category_find, &rule->categories, error);
    if (!failure)
        failure = take_names(match, "service", words, find_service, rule->services,
                             &rule->service_count, error);
    if (!failure)
        failure = take_set(match, "service_category", service_category_find,
                           &rule->service_categories, error);
    if (failure)
        return failure;
    if (box_rule_has_class(rule) && !box->tiers)
        return box_node_refuse(error, match->line,
                               "a box without tiers has nothing to tell classes by");
    if ((rule->service_count || rule->service_categories) && !(box->tiers >> TIER_SIGNATURES & 1))
        return box_node_refuse(error, match->line,
                               "services are told by names, which the signatures tier reads: this "
                               "box does not see it");
    return 0;
}

/* `key`: {from: , below: }. */
static int take_range(struct yaml_node *match, const char *key, bool is_time, uint64_t *from,
                      uint64_t *below, struct error *error)
{
    struct yaml_node *range;
    int failure = box_node_find(match, key, YAML_MAPPING, false, &range, error);
    if (failure || !range)
        return failure;
    if (is_time) {
        failure = box_node_duration(range, "from", false, from, error);
        failure = failure ? failure : box_node_duration(range, "below", false, below, error);
    } else {
        failure = box_node_size(range, "from", false, volume_bytes_max, from, error);
        failure = failure ? failure
                          : box_node_size(range, "below", false, volume_bytes_max, below, error);
    }
    if (!failure)
        failure = box_node_end(range, "from, below", error);
    if (!failure && ((!*from && !*below) || (*below && *below <= *from)))
        failure = box_node_refuse(error, range->line,
                                  "%s: expected from, or below, or both with "
                                  "from less than below",
                                  key);
    return failure;
}

static int take_hours(struct box_rule *rule, struct yaml_node *match, struct error *error)
{
    struct yaml_node *node;
    unsigned count;
    int failure = box_node_words(match, "hours", false, 1, BOX_HOURS_MAX, &node, &count, error);
    for (; !failure && node; node = node->next) {
        unsigned begin = 0;
        unsigned end = 0;
        if (strlen(node->text) != 11 || node->text[5] != '-' ||
            box_clock_read(node->text, &begin) || box_clock_read(node->text + 6, &end) ||
            begin == end || begin == 24 * 60)
            return box_node_refuse(error, node->line,
                                   "hours: '%.40s' is not a stretch such as 18:00-23:30",
                                   node->text);
        rule->hours[rule->hours_count++] =
            (struct box_hours){.begin_minute = (uint16_t)begin, .end_minute = (uint16_t)end};
    }
    return failure;
}

static int take_way(struct yaml_node *match, const char *key, enum box_way *way,
                    struct error *error)
{
    static const char *const ways[] = {"up", "down", NULL};
    unsigned index = UINT32_MAX;
    int failure = box_node_choice(match, key, false, ways, &index, error);
    if (index < 2)
        *way = index ? BOX_DOWN : BOX_UP;
    return failure;
}

static int take_standing(struct box_rule *rule, struct yaml_node *match, struct error *error)
{
    static const char *const transports[] = {"tcp", "udp", "sctp", NULL};
    static const uint8_t numbers[] = {IP_TCP, IP_UDP, IP_SCTP};
    static const char *const truths[] = {"true", "false", NULL};
    unsigned transport = UINT32_MAX;
    unsigned is_unanswered = UINT32_MAX;
    uint64_t above = 0;
    int failure = box_node_choice(match, "transport", false, transports, &transport, error);
    if (!failure)
        failure = box_node_choice(match, "answered", false, truths, &is_unanswered, error);
    if (!failure)
        failure = box_node_number(match, "flows_above", false, 1, UINT32_MAX, &above, error);
    if (transport != UINT32_MAX)
        rule->transport = numbers[transport];
    if (is_unanswered != UINT32_MAX)
        rule->answer = is_unanswered ? BOX_UNANSWERED : BOX_ANSWERED;
    rule->flows_above = (uint32_t)above;
    if (!failure)
        failure = take_way(match, "direction", &rule->way, error);
    return failure ? failure : take_way(match, "one_way", &rule->one_way, error);
}

static int take_match(const struct box *box, struct box_rule *rule, struct yaml_node *node,
                      const struct box_words *words, struct error *error)
{
    static const char known[] = "protocol, category, service, service_category, transport, "
                                "direction, one_way, answered, age, bytes, flows_above, hours";
    struct yaml_node *match;
    int failure = box_node_find(node, "match", YAML_MAPPING, false, &match, error);
    if (failure || !match)
        return failure;
    failure = take_class(box, rule, match, words, error);
    if (!failure)
        failure = take_standing(rule, match, error);
    if (!failure)
        failure = take_range(match, "age", true, &rule->age_from_ns, &rule->age_below_ns, error);
    if (!failure)
        failure = take_range(match, "bytes", false, &rule->bytes_from, &rule->bytes_below, error);
    if (!failure)
        failure = take_hours(rule, match, error);
    return failure ? failure : box_node_end(match, known, error);
}

static int take_scope(struct yaml_node *mapping, enum box_scope *scope, struct error *error)
{
    static const char *const scopes[] = {"class", "flow", "endpoint", NULL};
    unsigned index = 0;
    int failure = box_node_choice(mapping, "per", true, scopes, &index, error);
    *scope = (enum box_scope)index;
    return failure;
}

static int take_bucket(struct box_throttle *throttle, struct yaml_node *mapping,
                       struct error *error)
{
    int failure = box_node_rate(mapping, "rate", true, &throttle->rate_bits, error);
    if (!failure)
        failure =
            box_node_size(mapping, "burst", true, buffer_bytes_max, &throttle->burst_bytes, error);
    if (!failure)
        failure = box_node_duration(mapping, "queue", false, &throttle->queue_ns, error);
    if (!failure && !throttle->burst_bytes)
        failure = box_node_refuse(error, mapping->line, "burst: expected more than 0B");
    if (!failure && (throttle->queue_ns > queue_ns_max ||
                     !box_queue_fits(throttle->rate_bits, throttle->queue_ns)))
        failure = box_node_refuse(error, mapping->line,
                                  "queue: at that rate at most 60s and 256MiB may wait");
    return failure;
}

static int take_throttle(struct box *box, struct box_action *action, struct yaml_node *settings,
                         struct error *error)
{
    (void)box;
    int failure = take_bucket(&action->throttle, settings, error);
    if (!failure)
        failure = take_scope(settings, &action->throttle.scope, error);
    return failure ? failure : box_node_end(settings, "rate, burst, queue, per", error);
}

/* `then`: the word block, or a bucket. */
static int take_beyond(struct box_quota *quota, struct yaml_node *settings, struct error *error)
{
    struct yaml_node *then = settings->first;
    while (then && strcmp(then->key, "then") != 0)
        then = then->next;
    if (!then)
        return box_node_refuse(error, settings->line, "'then' is missing");
    then->is_used = true;
    if (then->kind == YAML_WORD && strcmp(then->text, "block") == 0)
        return 0;
    if (then->kind != YAML_MAPPING)
        return box_node_refuse(error, then->line,
                               "then: expected block, or rate, burst and queue of a bucket");
    quota->has_throttle = true;
    quota->throttle.scope = quota->scope;
    int failure = take_bucket(&quota->throttle, then, error);
    return failure ? failure : box_node_end(then, "rate, burst, queue", error);
}

static int take_quota(struct box *box, struct box_action *action, struct yaml_node *settings,
                      struct error *error)
{
    struct box_quota *quota = &action->quota;
    (void)box;
    int failure =
        box_node_size(settings, "volume", true, volume_bytes_max, &quota->volume_bytes, error);
    if (!failure)
        failure = take_scope(settings, &quota->scope, error);
    if (!failure)
        failure = box_node_duration(settings, "every", false, &quota->period_ns, error);
    if (!failure)
        failure = take_beyond(quota, settings, error);
    return failure ? failure : box_node_end(settings, "volume, per, every, then", error);
}

static int take_rank(struct box *box, struct box_action *action, struct yaml_node *settings,
                     struct error *error)
{
    if (!box->link.capacity_bits)
        return box_node_refuse(error, settings->line,
                               "prioritise: the box has no link whose capacity could be shared");
    unsigned queue = 0;
    int failure = box_queue_take(box, settings, &queue, error);
    action->queue = queue;
    return failure;
}

static int take_settings(struct box *box, struct box_action *action, struct yaml_node *node,
                         struct error *error)
{
    typedef int taker(struct box *, struct box_action *, struct yaml_node *, struct error *);
    static taker *const takers[BOX_ACTIONS] = {
        [BOX_THROTTLE] = take_throttle, [BOX_PRIORITISE] = take_rank, [BOX_QUOTA] = take_quota};
    struct yaml_node *settings = node->first;
    for (unsigned kind = 0; settings && kind < BOX_ACTIONS; kind++) {
        if (!takers[kind] ||
            strcmp(settings->key, box_action_name((enum box_action_kind)kind)) != 0)
            continue;
        if (settings->next)
            return box_node_refuse(error, settings->next->line, "action: only one of them");
        int failure = box_node_expect(settings, settings->key, YAML_MAPPING, error);
        failure = failure ? failure : takers[kind](box, action, settings, error);
        action->kind = (enum box_action_kind)kind;
        return failure;
    }
    return box_node_refuse(error, node->line,
                           "action: expected none, block, reset or zero_rate, or settings under "
                           "throttle, quota or prioritise");
}

static int take_action(struct box *box, struct box_action *action, struct yaml_node *node,
                       struct error *error)
{
    static const enum box_action_kind words[] = {BOX_NONE, BOX_BLOCK, BOX_RESET, BOX_ZERO_RATE};
    struct yaml_node *said = node->first;
    while (said && strcmp(said->key, "action") != 0)
        said = said->next;
    if (!said)
        return box_node_refuse(error, node->line, "'action' is missing");
    said->is_used = true;
    for (unsigned i = 0; said->kind == YAML_WORD && i < sizeof words / sizeof *words; i++) {
        action->kind = words[i];
        if (strcmp(said->text, box_action_name(words[i])) == 0)
            return 0;
    }
    return take_settings(box, action, said, error);
}

static int take_rule(struct box *box, struct yaml_node *node, const struct box_words *words,
                     struct error *error)
{
    struct box_rule rule = {.line = node->line};
    struct yaml_node *name;
    int failure = box_node_expect(node, "a rule", YAML_MAPPING, error);
    if (!failure)
        failure = box_node_find(node, "rule", YAML_WORD, true, &name, error);
    if (!failure)
        failure = box_name_take(rule.name, name, "rule", error);
    for (unsigned i = 0; !failure && i < box->rule_count; i++) {
        if (strcmp(rule.name, box->rules[i].name) == 0)
            failure = box_node_refuse(error, name->line, "rule: '%s' a second time", rule.name);
    }
    if (!failure)
        failure = take_match(box, &rule, node, words, error);
    if (!failure)
        failure = take_action(box, &rule.action, node, error);
    if (!failure)
        failure = box_node_end(node, "rule, match, action", error);
    if (!failure && rule.action.kind == BOX_RESET && rule.transport && rule.transport != IP_TCP)
        failure = box_node_refuse(error, node->line, "reset: there is none but in tcp");
    box->rules[box->rule_count++] = rule;
    return failure;
}

int box_policy_take(struct box *box, struct yaml_node *root, const struct box_words *words,
                    struct error *error)
{
    struct yaml_node *policy;
    int failure = box_node_find(root, "policy", YAML_LIST, true, &policy, error);
    if (failure)
        return failure;
    if (!policy->first)
        return box_node_refuse(error, policy->line, "policy: expected a list of rules");
    for (struct yaml_node *node = policy->first; !failure && node; node = node->next) {
        if (box->rule_count == BOX_RULES_MAX)
            return box_node_refuse(error, node->line, "more than %d rules", BOX_RULES_MAX);
        failure = take_rule(box, node, words, error);
    }
    return failure;
}
