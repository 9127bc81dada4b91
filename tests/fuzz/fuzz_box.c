/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes box files. A fault has a line of the text and says what it is; what is accepted keeps
 * every bound that the policy's arithmetic relies on. */
#include <string.h>

#include "ctl/box_reader.h"
#include "require.h"

static void check_bucket(const struct box_throttle *throttle)
{
    const uint64_t buffer_max = UINT64_C(256) << 20;
    require(throttle->rate_bits >= 1 && throttle->rate_bits <= UINT64_C(1000000000000));
    require(throttle->burst_bytes >= 1 && throttle->burst_bytes <= buffer_max);
    require(throttle->queue_ns <= buffer_max * UINT64_C(8000000000) / throttle->rate_bits);
    require(throttle->scope < BOX_SCOPES);
}

static void check_rule(const struct box *box, const struct box_rule *rule)
{
    require(rule->name[0] && strlen(rule->name) <= BOX_NAME_MAX);
    require(rule->protocol_count <= BOX_NAMES_MAX && rule->service_count <= BOX_NAMES_MAX);
    require(rule->hours_count <= BOX_HOURS_MAX);
    require(!box_rule_has_class(rule) || box->tiers);
    require((rule->treatment == 0) == (rule->action.kind == BOX_NONE));
    if (rule->action.kind == BOX_THROTTLE)
        check_bucket(&rule->action.throttle);
    if (rule->action.kind == BOX_QUOTA && rule->action.quota.has_throttle)
        check_bucket(&rule->action.quota.throttle);
    if (rule->action.kind == BOX_PRIORITISE)
        require(rule->action.queue < box->link.queue_count);
}

static void check_box(const struct box *box)
{
    require(box->rule_count >= 1 && box->rule_count <= BOX_RULES_MAX);
    require(box->source_count >= 1 && box->source_count <= BOX_SOURCES_MAX);
    require(box->title && box->about && strlen(box->sha256) == 64);
    require(box->link.queue_count <= BOX_QUEUES_MAX);
    for (unsigned i = 0; box->link.is_weighted && i < box->link.queue_count; i++)
        require(box->link.weight[i] >= 1 && box->link.weight[i] <= BOX_WEIGHT_MAX);
    for (unsigned i = 0; i < box->rule_count; i++)
        check_rule(box, &box->rules[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct protocols *protocols;
    if (!protocols)
        require(protocols_new(&protocols, NULL) == 0);
    const struct box_words words = {.protocols = protocols};
    struct box *box = NULL;
    struct error error = {0};
    unsigned lines = 2;
    for (size_t i = 0; i < length; i++)
        lines += bytes[i] == '\n' || bytes[i] == '\r' || bytes[i] >= 0x80;
    if (box_read(&box, (const char *)bytes, length, &words, &error) == 0) {
        check_box(box);
        box_free(box);
        return 0;
    }
    require(error.code > 0 && error.text[0]);
    require(error.line >= 1 && error.line <= lines);
    return 0;
}
