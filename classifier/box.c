/* SPDX-License-Identifier: BSD-3-Clause */
/* What all boxes have in common: words, treatments, the end of their life. */
#include "classifier/box.h"

#include <stdlib.h>
#include <string.h>

#include "classifier/packet.h"

const char *box_action_name(enum box_action_kind kind)
{
    static const char *const names[BOX_ACTIONS] = {
        [BOX_NONE] = "none",         [BOX_BLOCK] = "block",           [BOX_RESET] = "reset",
        [BOX_THROTTLE] = "throttle", [BOX_PRIORITISE] = "prioritise", [BOX_ZERO_RATE] = "zero_rate",
        [BOX_QUOTA] = "quota",
    };
    return names[kind];
}

const char *box_scope_name(enum box_scope scope)
{
    static const char *const names[BOX_SCOPES] = {
        [BOX_PER_CLASS] = "class", [BOX_PER_FLOW] = "flow", [BOX_PER_ENDPOINT] = "endpoint"};
    return names[scope];
}

bool box_rule_has_class(const struct box_rule *rule)
{
    return rule->protocol_count || rule->categories || rule->service_count ||
           rule->service_categories;
}

static bool throttles_are_equal(const struct box_throttle *a, const struct box_throttle *b)
{
    return a->rate_bits == b->rate_bits && a->burst_bytes == b->burst_bytes &&
           a->queue_ns == b->queue_ns && a->scope == b->scope;
}

static bool quotas_are_equal(const struct box_quota *a, const struct box_quota *b)
{
    return a->volume_bytes == b->volume_bytes && a->period_ns == b->period_ns &&
           a->scope == b->scope && a->has_throttle == b->has_throttle &&
           (!a->has_throttle || throttles_are_equal(&a->throttle, &b->throttle));
}

static bool actions_are_equal(const struct box_action *a, const struct box_action *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case BOX_THROTTLE:
        return throttles_are_equal(&a->throttle, &b->throttle);
    case BOX_QUOTA:
        return quotas_are_equal(&a->quota, &b->quota);
    case BOX_PRIORITISE:
        return a->queue == b->queue;
    default:
        return true;
    }
}

void box_seal(struct box *box)
{
    unsigned treatments = 0;
    for (unsigned i = 0; i < box->rule_count; i++) {
        struct box_rule *rule = &box->rules[i];
        unsigned twin = 0;
        if (rule->action.kind == BOX_RESET)
            rule->transport = IP_TCP;
        while (twin < i && !actions_are_equal(&rule->action, &box->rules[twin].action))
            twin++;
        if (rule->action.kind == BOX_NONE)
            rule->treatment = 0;
        else
            rule->treatment = twin < i ? box->rules[twin].treatment : ++treatments;
    }
}

void box_free(struct box *box)
{
    if (!box)
        return;
    free(box->title);
    free(box->about);
    for (unsigned i = 0; i < box->source_count; i++)
        free(box->sources[i]);
    free(box);
}
