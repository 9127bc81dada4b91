/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiles rules into sets, and judges their further conditions. */
#include "policy_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t minute_ns = 60000000000;
enum { DAY_MINUTES = 1440 };

static bool lists(const uint16_t *names, unsigned count, uint16_t name)
{
    for (unsigned i = 0; i < count; i++) {
        if (names[i] == name)
            return true;
    }
    return false;
}

static bool takes_protocol(const struct box_rule *rule, const struct protocols *protocols,
                           unsigned id)
{
    if (rule->protocol_count && !lists(rule->protocols, rule->protocol_count, (uint16_t)id))
        return false;
    return !rule->categories || rule->categories >> protocols_get(protocols, id)->category & 1;
}

static bool takes_service(const struct box_rule *rule, const struct services *services, unsigned id)
{
    bool asks = rule->service_count || rule->service_categories;
    if (!asks)
        return true;
    if (!services || id == SERVICE_NONE || id >= services_count(services))
        return false;
    if (rule->service_count && !lists(rule->services, rule->service_count, (uint16_t)id))
        return false;
    return !rule->service_categories ||
           rule->service_categories >> services_category(services, id) & 1;
}

static void note_rule(struct policy_rules *rules, unsigned i)
{
    const struct box_rule *rule = &rules->box->rules[i];
    const struct box_action *action = &rule->action;
    uint32_t bit = UINT32_C(1) << i;
    rules->all |= bit;
    if (rule->transport || rule->way || rule->one_way || rule->answer || rule->age_from_ns ||
        rule->age_below_ns || rule->bytes_from || rule->bytes_below || rule->hours_count)
        rules->conditional |= bit;
    if (rule->flows_above)
        rules->thresholds |= bit;
    if (action->kind != BOX_NONE)
        rules->acting |= bit;
    rules->asks_answer |= rule->answer != BOX_ANSWER_ANY;
    enum box_scope scope = BOX_PER_CLASS;
    if (action->kind == BOX_THROTTLE) {
        rules->rates[i] = token_rate_of(&action->throttle);
        scope = action->throttle.scope;
    } else if (action->kind == BOX_QUOTA) {
        rules->rates[i] = token_rate_of(&action->quota.throttle);
        scope = action->quota.scope;
    }
    if (scope == BOX_PER_ENDPOINT)
        rules->accounts[i] = rules->account_count++;
}

static void fill_sets(struct policy_rules *rules, const struct protocols *protocols,
                      const struct services *services)
{
    for (unsigned i = 0; i < rules->box->rule_count; i++) {
        const struct box_rule *rule = &rules->box->rules[i];
        uint32_t bit = UINT32_C(1) << i;
        note_rule(rules, i);
        for (unsigned id = 0; id < protocols_count(protocols); id++)
            rules->by_protocol[id] |= takes_protocol(rule, protocols, id) ? bit : 0;
        for (unsigned id = 0; rules->by_service && id < SERVICES_MAX; id++)
            rules->by_service[id] |= takes_service(rule, services, id) ? bit : 0;
    }
}

int policy_rules_make(struct policy_rules *rules, const struct box *box,
                      const struct protocols *protocols, const struct services *services,
                      struct error *error)
{
    *rules = (struct policy_rules){.box = box};
    bool asks_service = false;
    for (unsigned i = 0; i < box->rule_count; i++)
        asks_service |= box->rules[i].service_count || box->rules[i].service_categories;
    rules->by_protocol = calloc(protocols_count(protocols), sizeof *rules->by_protocol);
    if (asks_service)
        rules->by_service = calloc(SERVICES_MAX, sizeof *rules->by_service);
    if (!rules->by_protocol || (asks_service && !rules->by_service))
        return error_set(error, ENOMEM, "out of memory for the rules of box %s", box->name);
    fill_sets(rules, protocols, services);
    return 0;
}

void policy_rules_free(struct policy_rules *rules)
{
    free(rules->by_protocol);
    free(rules->by_service);
}

static void sooner(uint64_t *at, uint64_t candidate)
{
    if (candidate < *at)
        *at = candidate;
}

/* from <= value < below, with 0 for no end; the next bound ahead goes to `*at`, counted from
 * `origin`. */
static bool is_within(uint64_t value, uint64_t from, uint64_t below, uint64_t origin, uint64_t *at)
{
    if (value < from) {
        sooner(at, origin + from);
        return false;
    }
    if (below && value < below)
        sooner(at, origin + below);
    return !below || value < below;
}

static bool is_in_hours(const struct box_rule *rule, uint64_t now_ns, int32_t offset_s,
                        uint64_t *at_ns)
{
    uint64_t minutes = now_ns / minute_ns + (uint64_t)(DAY_MINUTES + offset_s / 60);
    unsigned minute = (unsigned)(minutes % DAY_MINUTES);
    uint64_t minute_began_ns = now_ns - now_ns % minute_ns;
    bool is_in = !rule->hours_count;
    for (unsigned i = 0; i < rule->hours_count; i++) {
        unsigned begin = rule->hours[i].begin_minute;
        unsigned end = rule->hours[i].end_minute;
        is_in |= begin <= end ? minute >= begin && minute < end : minute >= begin || minute < end;
        unsigned to_begin = (begin + DAY_MINUTES - minute - 1) % DAY_MINUTES + 1;
        unsigned to_end = (end + DAY_MINUTES - minute - 1) % DAY_MINUTES + 1;
        unsigned ahead = to_begin < to_end ? to_begin : to_end;
        sooner(at_ns, minute_began_ns + ahead * minute_ns);
    }
    return is_in;
}

/* Nine tenths of the bytes ran the rule's way. */
static bool is_one_way(const struct box_rule *rule, const struct policy_moment *moment,
                       uint64_t *at_bytes)
{
    if (!rule->one_way)
        return true;
    uint64_t total = moment->bytes[0] + moment->bytes[1];
    sooner(at_bytes, 2 * total);
    uint64_t ran = moment->bytes[rule->one_way != moment->way];
    return ran >= total - total / 10;
}

static bool holds(const struct box *box, const struct box_rule *rule,
                  const struct policy_moment *moment, struct policy_recheck *recheck)
{
    bool is_answered = moment->is_answered;
    if ((rule->way || rule->one_way) && !moment->way)
        return false;
    if (rule->transport && rule->transport != moment->transport)
        return false;
    if (rule->answer && is_answered != (rule->answer == BOX_ANSWERED))
        return false;
    uint64_t total = moment->bytes[0] + moment->bytes[1];
    bool is_good = is_within(moment->age_ns, rule->age_from_ns, rule->age_below_ns,
                             moment->now_ns - moment->age_ns, &recheck->at_ns);
    is_good &= is_within(total, rule->bytes_from, rule->bytes_below, 0, &recheck->at_bytes);
    is_good &= is_in_hours(rule, moment->now_ns, box->clock_offset_s, &recheck->at_ns);
    return is_good & is_one_way(rule, moment, &recheck->at_bytes);
}

void policy_rules_open(const struct policy_rules *rules, const struct policy_moment *moment,
                       uint32_t open[2], struct policy_recheck *recheck)
{
    open[0] = open[1] = rules->all & ~rules->conditional;
    for (uint32_t left = rules->conditional; left; left &= left - 1) {
        const struct box_rule *rule = &rules->box->rules[__builtin_ctz(left)];
        uint32_t bit = left & -left;
        if (!holds(rules->box, rule, moment, recheck))
            continue;
        bool is_with = !rule->way || rule->way == moment->way;
        bool is_against = !rule->way || (moment->way && rule->way != moment->way);
        open[0] |= is_with ? bit : 0;
        open[1] |= is_against ? bit : 0;
    }
}
