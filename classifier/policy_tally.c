/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds the policy's counts up. */
#include "classifier/policy_tally.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint64_t policy_age_bound(unsigned age)
{
    static const uint64_t bounds[POLICY_AGES] = {0,          1000000,     10000000,  100000000,
                                                 1000000000, 10000000000, UINT64_MAX};
    return bounds[age];
}

uint64_t policy_delay_bound(unsigned delay)
{
    static const uint64_t bounds[POLICY_DELAYS] = {
        0, 1000000, 3000000, 10000000, 30000000, 100000000, 300000000, 1000000000, UINT64_MAX};
    return bounds[delay];
}

int policy_tally_new(struct policy_tally **tally, const struct policy_view *views, unsigned count,
                     struct error *error)
{
    struct policy_tally *made = calloc(1, sizeof *made);
    if (!made)
        goto fail;
    for (unsigned i = 0; i < count; i++) {
        struct policy_view_tally *view = &made->views[made->view_count++];
        view->rule_count = views[i].box->rule_count + 1;
        view->rules = calloc(view->rule_count, sizeof *view->rules);
        if (!view->rules)
            goto fail;
    }
    *tally = made;
    return 0;
fail:
    policy_tally_free(made);
    return error_set(error, ENOMEM, "out of memory for the counters of %u boxes", count);
}

void policy_tally_free(struct policy_tally *tally)
{
    if (!tally)
        return;
    for (unsigned i = 0; i < tally->view_count; i++)
        free(tally->views[i].rules);
    free(tally);
}

void policy_tally_clear(struct policy_tally *tally)
{
    for (unsigned i = 0; i < tally->view_count; i++) {
        struct policy_view_tally *view = &tally->views[i];
        memset(view->rules, 0, view->rule_count * sizeof *view->rules);
        view->untracked_flows = 0;
        view->untracked_packets = 0;
    }
    tally->hosts_lost = 0;
    tally->no_way_flows = 0;
}

static void add_squares(uint64_t *into, uint64_t from)
{
    if (__builtin_add_overflow(*into, from, into))
        *into = UINT64_MAX;
}

void policy_amount_merge(struct policy_amount *into, const struct policy_amount *from)
{
    into->flows += from->flows;
    into->packets += from->packets;
    into->bytes += from->bytes;
    into->touched_packets += from->touched_packets;
    into->touched_bytes += from->touched_bytes;
    add_squares(&into->squares, from->squares);
}

void policy_missed_merge(struct policy_missed *into, const struct policy_missed *from)
{
    into->flows += from->flows;
    into->packets += from->packets;
    into->bytes += from->bytes;
    into->late_packets += from->late_packets;
    into->late_bytes += from->late_bytes;
    add_squares(&into->squares, from->squares);
}

void policy_waits_merge(struct policy_waits *into, const struct policy_waits *from)
{
    for (unsigned delay = 0; delay < POLICY_DELAYS; delay++) {
        into->packets[delay] += from->packets[delay];
        into->bytes[delay] += from->bytes[delay];
    }
    into->lost_packets += from->lost_packets;
    into->lost_bytes += from->lost_bytes;
    into->wait_us += from->wait_us;
}

static void merge_rule(struct policy_rule_tally *into, const struct policy_rule_tally *from)
{
    for (unsigned reference = 0; reference < POLICY_REFERENCES; reference++) {
        policy_amount_merge(&into->right[reference], &from->right[reference]);
        policy_amount_merge(&into->wrong[reference], &from->wrong[reference]);
        policy_missed_merge(&into->missed[reference], &from->missed[reference]);
        for (unsigned word = 0; word < sizeof into->hosts[0] / sizeof into->hosts[0][0]; word++)
            into->hosts[reference][word] |= from->hosts[reference][word];
    }
    into->acted_flows += from->acted_flows;
    for (unsigned step = 0; step < POLICY_STEPS; step++)
        into->after_packets[step] += from->after_packets[step];
    for (unsigned age = 0; age < POLICY_AGES; age++)
        into->after_ns[age] += from->after_ns[age];
    into->bytes_before += from->bytes_before;
    policy_waits_merge(&into->waits, &from->waits);
    policy_waits_merge(&into->fifo, &from->fifo);
    into->sooner_bytes += from->sooner_bytes;
    into->later_bytes += from->later_bytes;
}

void policy_tally_merge(struct policy_tally *into, const struct policy_tally *from)
{
    for (unsigned i = 0; i < into->view_count; i++) {
        struct policy_view_tally *view = &into->views[i];
        const struct policy_view_tally *part = &from->views[i];
        for (unsigned rule = 0; rule < view->rule_count; rule++)
            merge_rule(&view->rules[rule], &part->rules[rule]);
        view->untracked_flows += part->untracked_flows;
        view->untracked_packets += part->untracked_packets;
    }
    into->hosts_lost += from->hosts_lost;
    into->no_way_flows += from->no_way_flows;
}

unsigned policy_rule_hosts(const struct policy_rule_tally *rule, unsigned reference)
{
    unsigned count = 0;
    for (unsigned word = 0; word < sizeof rule->hosts[0] / sizeof rule->hosts[0][0]; word++)
        count += (unsigned)__builtin_popcountll(rule->hosts[reference][word]);
    return count;
}

struct policy_amount policy_view_sum(const struct policy_view_tally *view)
{
    struct policy_amount sum = {0};
    for (unsigned rule = 0; rule < view->rule_count; rule++) {
        for (unsigned reference = 0; reference < POLICY_REFERENCES; reference++) {
            policy_amount_merge(&sum, &view->rules[rule].right[reference]);
            policy_amount_merge(&sum, &view->rules[rule].wrong[reference]);
        }
    }
    return sum;
}
