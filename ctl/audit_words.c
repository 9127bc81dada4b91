/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts figures into words, and leaves out what does not matter. */
#include "audit_words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 96 };

static void describe_rate(uint64_t bits, char *text, size_t size)
{
    static const char *const units[] = {"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"};
    unsigned unit = 0;
    double value = (double)bits;
    for (; value >= 1000 && unit < 4; unit++)
        value /= 1000;
    snprintf(text, size, "%.4g %s", value, units[unit]);
}

static void describe_size(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB"};
    unsigned unit = 0;
    for (; bytes && bytes % 1024 == 0 && unit < 3; unit++)
        bytes /= 1024;
    snprintf(text, size, "%" PRIu64 " %s", bytes, units[unit]);
}

static void describe_duration(uint64_t ns, char *text, size_t size)
{
    static const struct {
        uint64_t ns;
        const char *name;
    } units[] = {{UINT64_C(86400000000000), "d"},
                 {UINT64_C(3600000000000), "h"},
                 {UINT64_C(60000000000), "min"},
                 {UINT64_C(1000000000), "s"},
                 {UINT64_C(1000000), "ms"}};
    unsigned unit = 0;
    while (unit < 4 && (!ns || ns % units[unit].ns))
        unit++;
    snprintf(text, size, "%" PRIu64 " %s", ns / units[unit].ns, units[unit].name);
}

static void describe_bucket(const struct box_throttle *throttle, char *text, size_t size)
{
    char rate[WORDS_MAX];
    char burst[WORDS_MAX];
    char queue[WORDS_MAX];
    describe_rate(throttle->rate_bits, rate, sizeof rate);
    describe_size(throttle->burst_bytes, burst, sizeof burst);
    describe_duration(throttle->queue_ns, queue, sizeof queue);
    if (throttle->queue_ns)
        snprintf(text, size, "%.24s, burst %.24s, queue %.24s", rate, burst, queue);
    else
        snprintf(text, size, "%.24s, burst %.24s, no queue", rate, burst);
}

static void describe_quota(const struct box_quota *quota, char *text, size_t size)
{
    char volume[WORDS_MAX];
    char period[WORDS_MAX] = "once";
    char then[WORDS_MAX] = "block";
    audit_describe_bytes(quota->volume_bytes, volume, sizeof volume);
    if (quota->period_ns) {
        char length[WORDS_MAX];
        describe_duration(quota->period_ns, length, sizeof length);
        snprintf(period, sizeof period, "every %.24s", length);
    }
    if (quota->has_throttle)
        describe_bucket(&quota->throttle, then, sizeof then);
    snprintf(text, size, "quota of %.16s per %s, %.32s, then %.80s", volume,
             box_scope_name(quota->scope), period, then);
}

void audit_describe_action(const struct box *box, const struct box_rule *rule, char *text,
                           size_t size)
{
    const struct box_action *action = &rule->action;
    char bucket[WORDS_MAX];
    switch (action->kind) {
    case BOX_THROTTLE:
        describe_bucket(&action->throttle, bucket, sizeof bucket);
        snprintf(text, size, "throttle per %s to %s", box_scope_name(action->throttle.scope),
                 bucket);
        return;
    case BOX_QUOTA:
        describe_quota(&action->quota, text, size);
        return;
    case BOX_PRIORITISE:
        describe_rate(box->link.capacity_bits, bucket, sizeof bucket);
        snprintf(text, size, "prioritise: %s %" PRIu32 " of a line of %s",
                 box->link.is_weighted ? "weight" : "level", box->link.weight[action->queue],
                 bucket);
        return;
    default:
        snprintf(text, size, "%s", box_action_name(action->kind));
    }
}

void audit_describe_tiers(unsigned tiers, char *text, size_t size)
{
    size_t used = 0;
    snprintf(text, size, "nothing");
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (tiers >> tier & 1 && used < size)
            used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
                                     tier_name((enum tier)tier));
    }
}

void audit_describe_evidence(unsigned tiers, char *text, size_t size)
{
    static const char *const words[TIERS] = {
        [TIER_PORTS] = "port numbers",
        [TIER_HEADERS] = "sizes and times of packets",
        [TIER_STOCHASTIC] = "statistics of first bytes",
        [TIER_SIGNATURES] = "the content of first packets",
    };
    size_t used = 0;
    snprintf(text, size, "nothing");
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (!(tiers >> tier & 1) || used >= size)
            continue;
        const char *link = !used ? "" : tiers >> tier >> 1 ? ", " : " and ";
        used += (size_t)snprintf(text + used, size - used, "%s%s", link, words[tier]);
    }
}

const char *audit_describe_mask(enum mask mask)
{
    static const char *const words[MASKS] = {
        [MASK_PORTS] = "port numbers replaced by random ones",
        [MASK_SIZES] = "packets all made the same size",
        [MASK_TIMING] = "times between packets all made the same",
        [MASK_PAYLOAD] = "content turned into its opposite, bit by bit",
        [MASK_ORDER] = "order of packets shuffled",
    };
    return words[mask];
}

void audit_describe_bytes(uint64_t bytes, char *text, size_t size)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB"};
    unsigned unit = 0;
    double value = (double)bytes;
    for (; value >= 999.5 && unit < 5; unit++)
        value /= 1000;
    snprintf(text, size, "%.3g %s", value, units[unit]);
}

void audit_describe_share(const struct audit_share *share, char *text, size_t size)
{
    double percent = share->value * 100;
    if (!share->is_known)
        snprintf(text, size, "no share");
    else if (percent > 0 && percent < 0.05)
        snprintf(text, size, "less than 0.1 %%");
    else
        snprintf(text, size, "%.1f %%", percent);
}

static int say(struct audit_box *box, struct error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static int say(struct audit_box *box, struct error *error, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (box->sentence_count == AUDIT_SENTENCES_MAX)
        return 0;
    char *copy = strdup(text);
    if (!copy)
        return error_set(error, ENOMEM, "out of memory for the audit");
    box->sentences[box->sentence_count++] = copy;
    return 0;
}

static const char *verb_of(const struct box *box)
{
    enum box_action_kind first = BOX_NONE;
    for (unsigned i = 0; i < box->rule_count; i++) {
        enum box_action_kind kind = box->rules[i].action.kind;
        if (kind == BOX_NONE)
            continue;
        if (first != BOX_NONE && kind != first)
            return "acted on";
        first = kind;
    }
    static const char *const verbs[BOX_ACTIONS] = {
        [BOX_NONE] = "acted on",
        [BOX_BLOCK] = "blocked",
        [BOX_RESET] = "broken off",
        [BOX_THROTTLE] = "put under a speed limit",
        [BOX_PRIORITISE] = "reordered",
        [BOX_ZERO_RATE] = "left off the bill",
        [BOX_QUOTA] = "counted against a volume",
    };
    return verbs[first];
}

static int say_acted(struct audit_box *box, struct error *error)
{
    const struct audit_view *own = &box->own;
    const struct audit_outcome *outcome = &own->outcome;
    char bytes[WORDS_MAX];
    char share[WORDS_MAX];
    const struct audit_share of_all = {
        .is_known = own->seen.bytes > 0,
        .value = own->seen.bytes ? (double)outcome->acted.bytes / (double)own->seen.bytes : 0};
    audit_describe_bytes(outcome->acted.bytes, bytes, sizeof bytes);
    audit_describe_share(&of_all, share, sizeof share);
    if (!outcome->acted.packets)
        return say(box, error, "This box would have left all of this traffic alone.");
    return say(box, error,
               "This box would have %s %" PRIu64 " of %" PRIu64
               " connections and %s, which is %s of all bytes.",
               verb_of(box->box), outcome->acted.flows, own->seen.flows, bytes, share);
}

/* How it says of a share that it is only so sure. */
static void describe_range(const struct audit_share *share, char *text, size_t size)
{
    text[0] = '\0';
    if (share->has_interval)
        snprintf(text, size, " (between %.1f and %.1f %%, 19 times out of 20)", share->low * 100,
                 share->high * 100);
}

/* The two kinds of traffic that are hit by mistake most. */
static void describe_victims(const struct audit_view *view, char *text, size_t size)
{
    const struct audit_reference *worst[2] = {NULL, NULL};
    text[0] = '\0';
    for (unsigned i = 0; i < view->reference_count; i++) {
        const struct audit_reference *row = &view->references[i];
        if (!row->mistaken.bytes || !strcmp(row->name, "withheld"))
            continue;
        if (!worst[0] || row->mistaken.bytes > worst[0]->mistaken.bytes) {
            worst[1] = worst[0];
            worst[0] = row;
        } else if (!worst[1] || row->mistaken.bytes > worst[1]->mistaken.bytes) {
            worst[1] = row;
        }
    }
    if (worst[0] && worst[1])
        snprintf(text, size, ", most of all %s and then %s", worst[0]->name, worst[1]->name);
    else if (worst[0])
        snprintf(text, size, ", all of it %s", worst[0]->name);
}

static int say_mistaken(struct audit_box *box, struct error *error)
{
    const struct audit_outcome *outcome = &box->own.outcome;
    char bytes[WORDS_MAX];
    char share[WORDS_MAX];
    char range[WORDS_MAX];
    char victims[WORDS_MAX];
    if (!outcome->acted.packets || !outcome->mistaken_bytes.is_known)
        return 0;
    if (!outcome->mistaken.packets)
        return say(box, error, "None of what is known to be something else was hit by mistake.");
    audit_describe_bytes(outcome->mistaken.bytes, bytes, sizeof bytes);
    audit_describe_share(&outcome->mistaken_bytes, share, sizeof share);
    describe_range(&outcome->mistaken_bytes, range, sizeof range);
    describe_victims(&box->own, victims, sizeof victims);
    return say(box, error,
               "By mistake it would have hit %" PRIu64
               " connections and %s that its rules do not mean: %s%s of the bytes it acts on%s.",
               outcome->mistaken.flows, bytes, share, range, victims);
}

static int say_missed(struct audit_box *box, struct error *error)
{
    const struct audit_outcome *outcome = &box->own.outcome;
    char bytes[WORDS_MAX];
    char share[WORDS_MAX];
    if (!outcome->found_bytes.is_known || !outcome->missed.packets)
        return 0;
    audit_describe_bytes(outcome->missed.bytes, bytes, sizeof bytes);
    audit_describe_share(&outcome->found_bytes, share, sizeof share);
    if (!outcome->right.packets)
        return say(box, error,
                   "Of what its rules are about it would have found nothing, and missed %s.",
                   bytes);
    return say(box, error,
               "Of what its rules are about it would have found %s by bytes; %s got past it.",
               share, bytes);
}

static int say_unsure(struct audit_box *box, struct error *error)
{
    const struct audit_outcome *outcome = &box->own.outcome;
    char bytes[WORDS_MAX];
    if (!outcome->unsure.packets)
        return 0;
    audit_describe_bytes(outcome->unsure.bytes, bytes, sizeof bytes);
    return say(box, error,
               "Of %" PRIu64
               " connections it acts on (%s), nobody here can say whether that is a mistake.",
               outcome->unsure.flows, bytes);
}

static int say_waits(struct audit_box *box, struct error *error)
{
    uint64_t passed = 0;
    uint64_t delayed = 0;
    uint64_t lost = 0;
    for (unsigned i = 0; i < box->own.rule_count; i++) {
        const struct audit_rule *rule = &box->own.rules[i];
        enum box_action_kind kind = rule->rule->action.kind;
        if (kind != BOX_THROTTLE && kind != BOX_QUOTA)
            continue;
        passed += rule->waits.packets[0];
        for (unsigned delay = 1; delay < POLICY_DELAYS; delay++)
            delayed += rule->waits.packets[delay];
        lost += rule->waits.lost_packets;
    }
    uint64_t all = passed + delayed + lost;
    if (!all)
        return 0;
    return say(box, error,
               "Under its speed limits, %.1f %% of the packets concerned would have come late and "
               "%.1f %% would have been lost.",
               100.0 * (double)delayed / (double)all, 100.0 * (double)lost / (double)all);
}

static void describe_hit(uint64_t bytes, char *text, size_t size)
{
    snprintf(text, size, "nothing");
    if (bytes)
        audit_describe_bytes(bytes, text, size);
}

/* What the strongest rung buys over the weakest one. */
static int say_ladder(struct audit_box *box, struct error *error)
{
    if (box->rung_count < 2)
        return 0;
    const struct audit_view *low = &box->ladder[0];
    const struct audit_view *high = &box->ladder[box->rung_count - 1];
    const struct audit_share *from = &low->outcome.found_bytes;
    const struct audit_share *to = &high->outcome.found_bytes;
    if (!from->is_known || !to->is_known)
        return 0;
    char seen[WORDS_MAX];
    char spared[WORDS_MAX];
    char was[WORDS_MAX];
    audit_describe_evidence(high->tiers & ~low->tiers, seen, sizeof seen);
    describe_hit(high->outcome.mistaken.bytes, spared, sizeof spared);
    describe_hit(low->outcome.mistaken.bytes, was, sizeof was);
    return say(box, error,
               "Told the same and seeing only port numbers, such a box finds %.1f %% of the bytes "
               "it is about and hits %s by mistake; looking at %s as well, it finds %.1f %% and "
               "hits %s.",
               from->value * 100, was, seen, to->value * 100, spared);
}

static int say_missing(struct audit_box *box, struct error *error)
{
    char tiers[WORDS_MAX];
    if (!box->own.tiers_missing)
        return 0;
    audit_describe_evidence(box->own.tiers_missing, tiers, sizeof tiers);
    return say(box, error,
               "A real one would also see %s, which this audit did not have: read its figures as "
               "those of a blinder box.",
               tiers);
}

int audit_write_sentences(struct audit_box *box, const struct audit_context *context,
                          struct error *error)
{
    typedef int sayer(struct audit_box *, struct error *);
    static sayer *const sayers[] = {say_acted, say_mistaken, say_missed, say_unsure,
                                    say_waits, say_ladder,   say_missing};
    if (box->own.outcome.is_withheld)
        return say(box, error,
                   "What this box would have done concerns fewer than %u addresses and is not "
                   "told.",
                   context->min_endpoints);
    int failure = 0;
    for (unsigned i = 0; !failure && i < sizeof sayers / sizeof *sayers; i++)
        failure = sayers[i](box, error);
    return failure;
}
