/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds an audit from the policy part of a tally: sums, shares, what is withheld. */
#include "ctl/audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit_mask_sums.h"
#include "audit_share.h"
#include "audit_words.h"
#include "base/error.h"

const char *audit_reference_name(enum audit_reference_kind kind)
{
    static const char *const names[] = {[AUDIT_BY_SIGNATURES] = "signatures",
                                        [AUDIT_BY_TRUTH] = "truth",
                                        [AUDIT_BY_NOTHING] = "none"};
    return names[kind];
}

const char *const *audit_limits(void)
{
    static const char *const limits[] = {
        "This is a model. It says what a box with these rules could have done to this traffic; it "
        "does not say what any provider did.",
        "The traffic is taken as it came. A blocked connection would have ended and a slowed one "
        "would have adapted; a recording cannot show what would have been sent then.",
        "A real box may know more than this program sees, such as addresses, contracts, or what it "
        "learned elsewhere; and it may hold less.",
        "What the traffic really is, is known here only as far as the reference knows it. What it "
        "cannot name is counted apart and held against nobody.",
        NULL,
    };
    return limits;
}

static void add_amount(struct audit_count *into, const struct policy_amount *from)
{
    into->flows += from->flows;
    into->packets += from->packets;
    into->bytes += from->bytes;
}

static void add_missed(struct audit_count *into, const struct policy_missed *from)
{
    into->flows += from->flows;
    into->packets += from->packets;
    into->bytes += from->bytes;
}

static void add_count(struct audit_count *into, const struct audit_count *from)
{
    into->flows += from->flows;
    into->packets += from->packets;
    into->bytes += from->bytes;
}

/* The hosts behind some cells together. */
struct hosts {
    uint64_t words[TALLY_HOST_BITS / 64];
};

static void add_hosts(struct hosts *hosts, const struct policy_rule_tally *rule, unsigned reference)
{
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        hosts->words[word] |= rule->hosts[reference][word];
}

static bool are_few(const struct audit_context *context, const struct hosts *hosts)
{
    unsigned count = 0;
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        count += (unsigned)__builtin_popcountll(hosts->words[word]);
    return count < context->min_endpoints;
}

/* What several rules did, while it is being added up. */
struct sums {
    struct policy_amount right;
    struct policy_amount mistaken;
    struct policy_amount unsure;
    struct policy_missed missed;
    struct hosts hosts;
};

static void add_rule(struct sums *sums, const struct policy_rule_tally *rule)
{
    for (unsigned reference = 0; reference < POLICY_REFERENCES; reference++) {
        bool is_known = reference != CATEGORY_UNKNOWN;
        policy_amount_merge(&sums->right, &rule->right[reference]);
        policy_amount_merge(is_known ? &sums->mistaken : &sums->unsure, &rule->wrong[reference]);
        policy_missed_merge(&sums->missed, &rule->missed[reference]);
        add_hosts(&sums->hosts, rule, reference);
    }
}

static struct audit_outcome outcome_of(const struct audit_context *context, const struct sums *sums)
{
    struct audit_outcome outcome = {.is_withheld = false};
    bool is_empty = !sums->right.packets && !sums->mistaken.packets && !sums->unsure.packets &&
                    !sums->missed.packets;
    if (!is_empty && are_few(context, &sums->hosts))
        return (struct audit_outcome){.is_withheld = true};
    add_amount(&outcome.right, &sums->right);
    add_amount(&outcome.mistaken, &sums->mistaken);
    add_amount(&outcome.unsure, &sums->unsure);
    add_missed(&outcome.missed, &sums->missed);
    add_count(&outcome.acted, &outcome.right);
    add_count(&outcome.acted, &outcome.mistaken);
    add_count(&outcome.acted, &outcome.unsure);
    outcome.late_packets = sums->missed.late_packets;
    outcome.late_bytes = sums->missed.late_bytes;
    outcome.touched_packets =
        sums->right.touched_packets + sums->mistaken.touched_packets + sums->unsure.touched_packets;
    outcome.touched_bytes =
        sums->right.touched_bytes + sums->mistaken.touched_bytes + sums->unsure.touched_bytes;
    outcome.mistaken_touched_bytes = sums->mistaken.touched_bytes;
    outcome.mistaken_flows = audit_share_of_flows(sums->mistaken.flows, sums->right.flows);
    outcome.found_flows = audit_share_of_flows(sums->right.flows, sums->missed.flows);
    const struct audit_part mistaken = {sums->mistaken.bytes, sums->mistaken.squares,
                                        sums->mistaken.flows};
    const struct audit_part right = {sums->right.bytes, sums->right.squares, sums->right.flows};
    const struct audit_part missed = {sums->missed.bytes, sums->missed.squares, sums->missed.flows};
    outcome.mistaken_bytes = audit_share_of_bytes(&mistaken, &right);
    outcome.found_bytes = audit_share_of_bytes(&right, &missed);
    return outcome;
}

static bool acts(const struct box *box, unsigned rule)
{
    return rule < box->rule_count && box->rules[rule].action.kind != BOX_NONE;
}

static void fill_rule(struct audit_rule *rule, const struct audit_context *context,
                      const struct box *box, unsigned index, const struct policy_rule_tally *tally)
{
    struct sums sums = {0};
    add_rule(&sums, tally);
    rule->rule = &box->rules[index];
    audit_describe_action(box, rule->rule, rule->action, sizeof rule->action);
    if (acts(box, index))
        rule->outcome = outcome_of(context, &sums);
    if (rule->outcome.is_withheld)
        return;
    rule->acted_flows = tally->acted_flows;
    memcpy(rule->after_packets, tally->after_packets, sizeof rule->after_packets);
    memcpy(rule->after_ns, tally->after_ns, sizeof rule->after_ns);
    rule->bytes_before = tally->bytes_before;
    rule->waits = tally->waits;
    rule->fifo = tally->fifo;
    rule->sooner_bytes = tally->sooner_bytes;
    rule->later_bytes = tally->later_bytes;
}

/* What was done to one kind of traffic by all rules of one action. */
struct deed {
    struct policy_amount done;
    struct policy_amount mistaken;
    struct hosts hosts;
};

static void add_deed(struct deed *deed, const struct policy_rule_tally *rule, unsigned reference,
                     bool is_action)
{
    policy_amount_merge(&deed->done, &rule->right[reference]);
    policy_amount_merge(&deed->done, &rule->wrong[reference]);
    if (is_action && reference != CATEGORY_UNKNOWN)
        policy_amount_merge(&deed->mistaken, &rule->wrong[reference]);
    add_hosts(&deed->hosts, rule, reference);
}

/* A row with room for what each action did. An action to few hosts is told as if it had not been
 * one. Returns how many were. */
static unsigned fill_reference(struct audit_reference *row, const struct audit_context *context,
                               const struct box *box, const struct policy_view_tally *tally,
                               unsigned reference, struct hosts *hosts)
{
    struct deed deeds[BOX_ACTIONS] = {{.done = {0}}};
    unsigned withheld = 0;
    for (unsigned index = 0; index < tally->rule_count; index++) {
        const struct policy_rule_tally *rule = &tally->rules[index];
        enum box_action_kind kind =
            index < box->rule_count ? box->rules[index].action.kind : BOX_NONE;
        add_deed(&deeds[kind], rule, reference, kind != BOX_NONE);
        add_hosts(hosts, rule, reference);
        add_missed(&row->missed, &rule->missed[reference]);
    }
    for (unsigned kind = 0; kind < BOX_ACTIONS; kind++) {
        const struct deed *deed = &deeds[kind];
        bool is_empty = !deed->done.packets && !deed->done.flows;
        bool is_hidden = kind != BOX_NONE && !is_empty && are_few(context, &deed->hosts);
        add_amount(&row->seen, &deed->done);
        add_amount(&row->acted[is_hidden ? BOX_NONE : kind], &deed->done);
        withheld += is_hidden;
        if (is_hidden)
            continue;
        add_amount(&row->mistaken, &deed->mistaken);
        row->touched_bytes += deed->done.touched_bytes;
        row->mistaken_touched_bytes += deed->mistaken.touched_bytes;
    }
    return withheld;
}

static void merge_reference(struct audit_reference *into, const struct audit_reference *from)
{
    add_count(&into->seen, &from->seen);
    for (unsigned action = 0; action < BOX_ACTIONS; action++)
        add_count(&into->acted[action], &from->acted[action]);
    add_count(&into->mistaken, &from->mistaken);
    add_count(&into->missed, &from->missed);
    into->touched_bytes += from->touched_bytes;
    into->mistaken_touched_bytes += from->mistaken_touched_bytes;
}

static int compare_references(const void *a, const void *b)
{
    const struct audit_reference *left = a;
    const struct audit_reference *right = b;
    if (left->seen.bytes != right->seen.bytes)
        return left->seen.bytes < right->seen.bytes ? 1 : -1;
    return strcmp(left->name, right->name);
}

const char *audit_class_name(unsigned reference)
{
    return reference == POLICY_REFERENCE_OTHER ? "other" : category_name((enum category)reference);
}

/* Known ones by size; then what is withheld, then what nobody knows. */
static void fill_references(struct audit_view *view, const struct audit_context *context,
                            const struct box *box, const struct policy_view_tally *tally)
{
    struct audit_reference withheld = {.name = "withheld"};
    struct audit_reference unknown = {.name = audit_class_name(CATEGORY_UNKNOWN)};
    bool has_withheld = false;
    for (unsigned reference = 0; reference < POLICY_REFERENCES; reference++) {
        struct audit_reference row = {.name = audit_class_name(reference)};
        struct hosts hosts = {.words = {0}};
        view->cells_withheld += fill_reference(&row, context, box, tally, reference, &hosts);
        if (!row.seen.packets && !row.seen.flows)
            continue;
        if (are_few(context, &hosts)) {
            merge_reference(&withheld, &row);
            has_withheld = true;
            view->cells_withheld++;
        } else if (reference == CATEGORY_UNKNOWN) {
            unknown = row;
        } else {
            view->references[view->reference_count++] = row;
        }
    }
    qsort(view->references, view->reference_count, sizeof *view->references, compare_references);
    if (has_withheld)
        view->references[view->reference_count++] = withheld;
    if (unknown.seen.packets || unknown.seen.flows)
        view->references[view->reference_count++] = unknown;
}

/* Law: what was acted on and what was left alone is all there was. */
static void check_view(struct audit_view *view, const struct tally_count *in_flows,
                       const struct policy_view_tally *tally)
{
    struct policy_amount sum = policy_view_sum(tally);
    add_amount(&view->seen, &sum);
    view->balance_packets = (int64_t)(sum.packets - in_flows->frames);
    view->balance_bytes = (int64_t)(sum.bytes - in_flows->bytes);
}

/* What is withheld cannot be read off a difference: it is told as if it had been left alone. */
static void leave_alone_all(struct audit_view *view, const struct sums *sums)
{
    add_amount(&view->left_alone, &sums->right);
    add_amount(&view->left_alone, &sums->mistaken);
    add_amount(&view->left_alone, &sums->unsure);
    view->cells_withheld++;
}

static int fill_view(struct audit_view *view, const struct audit_context *context,
                     const struct box *box, unsigned index, const struct tally *tally,
                     const struct tally_count *in_flows, struct error *error)
{
    const struct policy_view_tally *counts = &tally->policy->views[index];
    struct sums all = {0};
    view->tiers = context->views[index].tiers;
    view->rule_count = box->rule_count;
    view->rules = calloc(box->rule_count, sizeof *view->rules);
    if (!view->rules)
        return error_set(error, ENOMEM, "out of memory for the audit");
    for (unsigned rule = 0; rule < counts->rule_count; rule++) {
        if (rule < box->rule_count)
            fill_rule(&view->rules[rule], context, box, rule, &counts->rules[rule]);
        if (rule < box->rule_count && view->rules[rule].outcome.is_withheld)
            view->cells_withheld++;
        if (acts(box, rule))
            add_rule(&all, &counts->rules[rule]);
        for (unsigned reference = 0; !acts(box, rule) && reference < POLICY_REFERENCES;
             reference++) {
            add_amount(&view->left_alone, &counts->rules[rule].right[reference]);
            add_amount(&view->left_alone, &counts->rules[rule].wrong[reference]);
        }
    }
    const struct policy_rule_tally *others = &counts->rules[box->rule_count];
    view->others_waits = others->waits;
    view->others_fifo = others->fifo;
    view->others_sooner_bytes = others->sooner_bytes;
    view->others_later_bytes = others->later_bytes;
    view->outcome = outcome_of(context, &all);
    if (view->outcome.is_withheld)
        leave_alone_all(view, &all);
    view->untracked_flows = counts->untracked_flows;
    view->untracked_packets = counts->untracked_packets;
    fill_references(view, context, box, counts);
    check_view(view, in_flows, counts);
    return 0;
}

static int fill_box(struct audit_box *box, const struct audit_context *context,
                    const struct audit_request_box *request, const struct tally *tally,
                    const struct tally_count *in_flows, struct error *error)
{
    box->box = request->box;
    box->path = request->path;
    int failure =
        fill_view(&box->own, context, box->box, request->own_view, tally, in_flows, error);
    box->own.tiers_missing = box->box->tiers & ~box->own.tiers;
    for (unsigned i = 0; !failure && i < request->rung_count; i++) {
        box->rung_count++;
        failure = fill_view(&box->ladder[i], context, box->box, request->rung_views[i], tally,
                            in_flows, error);
    }
    return failure ? failure : audit_write_sentences(box, context, error);
}

/* What of the traffic the reference knows is the same for every view: read off the first. */
static void fill_known(struct audit *audit, const struct policy_view_tally *view)
{
    for (unsigned rule = 0; rule < view->rule_count; rule++) {
        for (unsigned reference = 0; reference < POLICY_REFERENCES; reference++) {
            struct audit_count *into =
                reference == CATEGORY_UNKNOWN ? &audit->reference_unknown : &audit->reference_known;
            add_amount(into, &view->rules[rule].right[reference]);
            add_amount(into, &view->rules[rule].wrong[reference]);
        }
    }
}

static void fill_time(struct audit *audit, const struct tally *tally)
{
    const uint64_t length_ns = audit->context.interval_ns;
    const bool has_frames = tally->first_ns <= tally->last_ns;
    audit->has_time = has_frames || (length_ns && tally->interval_ns);
    if (!audit->has_time)
        return;
    audit->start_ns = length_ns ? tally->interval_ns : tally->first_ns;
    audit->end_ns = length_ns ? tally->interval_ns + length_ns : tally->last_ns;
    if (length_ns && tally->end_ns && tally->end_ns < audit->end_ns)
        audit->end_ns = tally->end_ns;
}

static void fill_seen(struct audit *audit, const struct tally *tally)
{
    audit->seen = tally->seen;
    for (unsigned id = 0; id < tally->protocol_count; id++) {
        audit->in_flows.frames += tally->cells[id].packets;
        audit->in_flows.bytes += tally->cells[id].bytes;
    }
    audit->no_way_flows = tally->policy->no_way_flows;
    audit->hosts_lost = tally->policy->hosts_lost;
    if (tally->policy->view_count)
        fill_known(audit, &tally->policy->views[0]);
}

int audit_new(struct audit **audit, const struct audit_context *context, const struct tally *tally,
              struct error *error)
{
    struct audit *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the audit");
    made->context = *context;
    fill_time(made, tally);
    fill_seen(made, tally);
    int failure = 0;
    for (unsigned i = 0; !failure && i < context->box_count; i++) {
        made->box_count++;
        struct audit_box *box = &made->boxes[i];
        failure = fill_box(box, &made->context, &context->boxes[i], tally, &made->in_flows, error);
        made->cells_withheld += box->own.cells_withheld;
        for (unsigned rung = 0; rung < box->rung_count; rung++)
            made->cells_withheld += box->ladder[rung].cells_withheld;
    }
    for (unsigned i = 0; !failure && i < context->mask_count; i++) {
        made->mask_count++;
        audit_mask_fill(&made->masks[i], context, &context->masks[i]);
        made->cells_withheld += made->masks[i].cells_withheld;
    }
    if (failure) {
        audit_free(made);
        return failure;
    }
    *audit = made;
    return 0;
}

void audit_free(struct audit *audit)
{
    if (!audit)
        return;
    for (unsigned i = 0; i < audit->box_count; i++) {
        struct audit_box *box = &audit->boxes[i];
        free(box->own.rules);
        for (unsigned rung = 0; rung < box->rung_count; rung++)
            free(box->ladder[rung].rules);
        for (unsigned j = 0; j < box->sentence_count; j++)
            free(box->sentences[j]);
    }
    free(audit);
}

static bool view_is_conserved(const struct audit_view *view)
{
    const struct audit_outcome *outcome = &view->outcome;
    bool adds_up = outcome->acted.packets + view->left_alone.packets == view->seen.packets &&
                   outcome->acted.bytes + view->left_alone.bytes == view->seen.bytes &&
                   outcome->acted.flows + view->left_alone.flows == view->seen.flows;
    return adds_up && !view->balance_packets && !view->balance_bytes;
}

bool audit_is_conserved(const struct audit *audit)
{
    for (unsigned i = 0; i < audit->box_count; i++) {
        const struct audit_box *box = &audit->boxes[i];
        if (!view_is_conserved(&box->own))
            return false;
        for (unsigned rung = 0; rung < box->rung_count; rung++) {
            if (!view_is_conserved(&box->ladder[rung]))
                return false;
        }
    }
    return true;
}
