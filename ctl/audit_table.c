/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of an audit for people at a terminal. Amounts are rounded for the eye. */
#include <inttypes.h>

#include "audit_forms.h"
#include "audit_words.h"
#include "report_forms.h"

static void write_share(FILE *out, const struct audit_share *share)
{
    char range[32] = "";
    if (!share->is_known) {
        fprintf(out, " %6s %13s", "-", "");
        return;
    }
    if (share->has_interval)
        snprintf(range, sizeof range, "%.1f-%.1f", share->low * 100, share->high * 100);
    fprintf(out, " %6.1f %13s", share->value * 100, range);
}

static void write_amount(FILE *out, uint64_t bytes)
{
    char text[REPORT_TEXT];
    report_text_amount(text, bytes, "B");
    fprintf(out, " %8s", text);
}

static void write_views_header(FILE *out)
{
    fprintf(out, "\n  %-31s %8s %8s %8s %8s  %-20s  %-20s\n", "SEEING", "ACTED ON", "MISTAKEN",
            "UNSURE", "MISSED", "MISTAKEN % (95 %)", "FOUND % (95 %)");
}

static void write_outcome(FILE *out, const char *name, const struct audit_outcome *outcome)
{
    fprintf(out, "  %-31s", name);
    if (outcome->is_withheld) {
        fputs(" withheld\n", out);
        return;
    }
    write_amount(out, outcome->acted.bytes);
    write_amount(out, outcome->mistaken.bytes);
    write_amount(out, outcome->unsure.bytes);
    write_amount(out, outcome->missed.bytes);
    write_share(out, &outcome->mistaken_bytes);
    fputc(' ', out);
    write_share(out, &outcome->found_bytes);
    fputc('\n', out);
}

static void write_views(FILE *out, const struct audit_box *box)
{
    char tiers[64];
    char name[96];
    write_views_header(out);
    for (unsigned i = 0; i < box->rung_count; i++) {
        audit_describe_tiers(box->ladder[i].tiers, tiers, sizeof tiers);
        write_outcome(out, tiers, &box->ladder[i].outcome);
    }
    audit_describe_tiers(box->own.tiers, tiers, sizeof tiers);
    snprintf(name, sizeof name, "itself: %.20s", tiers);
    write_outcome(out, box->rung_count ? "this box" : name, &box->own.outcome);
}

static void write_rules(FILE *out, const struct audit_box *box)
{
    fprintf(out, "\n  %-31s %8s %8s %8s %8s %8s  %s\n", "RULE", "FLOWS", "ACTED ON", "TOUCHED",
            "MISTAKEN", "MISSED", "ACTION");
    for (unsigned i = 0; i < box->own.rule_count; i++) {
        const struct audit_rule *rule = &box->own.rules[i];
        const struct audit_outcome *outcome = &rule->outcome;
        fprintf(out, "  %-31s %8" PRIu64, rule->rule->name, outcome->acted.flows);
        write_amount(out, outcome->acted.bytes);
        write_amount(out, outcome->touched_bytes);
        write_amount(out, outcome->mistaken.bytes);
        write_amount(out, outcome->missed.bytes);
        fprintf(out, "  %s\n", outcome->is_withheld ? "withheld" : rule->action);
    }
}

static void write_references(FILE *out, const struct audit_view *view)
{
    fprintf(out, "\n  %-31s %8s %8s %8s %8s %8s  %s\n", "WHAT IT IS", "FLOWS", "SEEN", "ACTED ON",
            "MISTAKEN", "MISSED", "DONE");
    for (unsigned i = 0; i < view->reference_count; i++) {
        const struct audit_reference *row = &view->references[i];
        const char *separator = "  ";
        fprintf(out, "  %-31s %8" PRIu64, row->name, row->seen.flows);
        write_amount(out, row->seen.bytes);
        write_amount(out, row->seen.bytes - row->acted[BOX_NONE].bytes);
        write_amount(out, row->mistaken.bytes);
        write_amount(out, row->missed.bytes);
        for (unsigned kind = BOX_NONE + 1; kind < BOX_ACTIONS; kind++) {
            if (!row->acted[kind].packets)
                continue;
            fprintf(out, "%s%s", separator, box_action_name((enum box_action_kind)kind));
            separator = ", ";
        }
        fputc('\n', out);
    }
}

static void write_box(FILE *out, const struct audit_box *box)
{
    fprintf(out, "\n%s: %s\n\n", box->box->name, box->box->title);
    for (unsigned i = 0; i < box->sentence_count; i++)
        fprintf(out, "  %s\n", box->sentences[i]);
    write_views(out, box);
    write_rules(out, box);
    write_references(out, &box->own);
}

static void write_changed(FILE *out, const struct audit_share *share)
{
    if (share->is_known)
        fprintf(out, " %7.1f", share->value * 100);
    else
        fprintf(out, " %7s", "-");
}

static void write_effect(FILE *out, const char *mask, const char *name,
                         const struct audit_mask_effect *effect)
{
    fprintf(out, "  %-8s %-31s", mask, name);
    if (effect->is_withheld) {
        fputs(" withheld\n", out);
        return;
    }
    fprintf(out, " %8" PRIu64 " %8" PRIu64 " %8" PRIu64 " %8" PRIu64, effect->had.flows,
            effect->lost.flows, effect->other.flows, effect->gained.flows);
    write_changed(out, &effect->changed_flows);
    write_changed(out, &effect->changed_packets);
    write_changed(out, &effect->changed_bytes);
    fputc('\n', out);
}

/* The categories of which anything changes. */
static void write_categories(FILE *out, const struct audit_mask *mask, unsigned column)
{
    for (unsigned i = 0; i < mask->row_counts[column]; i++) {
        const struct audit_mask_row *row = &mask->rows[column][i];
        if (row->lost.flows || row->other.flows)
            fprintf(out, "  %-8s   %-29s %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n", "", row->name,
                    row->had.flows, row->lost.flows, row->other.flows);
    }
}

static void write_masks(FILE *out, const struct audit *audit)
{
    if (!audit->mask_count)
        return;
    fputs("\nWhat decides: flows whose verdict changes once this evidence is destroyed\n\n", out);
    fprintf(out, "  %-8s %-31s %8s %8s %8s %8s %7s %7s %7s\n", "WITHOUT", "VERDICT OF", "NAMED",
            "LOST", "OTHER", "NEW", "FLOWS %", "PACK. %", "BYTES %");
    for (unsigned i = 0; i < audit->mask_count; i++) {
        const struct audit_mask *mask = &audit->masks[i];
        for (unsigned column = 0; column < AUDIT_MASK_VERDICTS; column++) {
            if (!audit_mask_column_ran(&audit->context, column))
                continue;
            write_effect(out, mask_name(mask->mask), audit_mask_column_name(column),
                         &mask->verdicts[column]);
            write_categories(out, mask, column);
        }
    }
    fputs("\nWhat decides: flows to which a box would do something else\n\n", out);
    fprintf(out, "  %-8s %-31s %8s %8s %8s %8s %7s %7s %7s\n", "WITHOUT", "BOX", "ACTED ON",
            "LET GO", "OTHER", "NEW", "FLOWS %", "PACK. %", "BYTES %");
    for (unsigned i = 0; i < audit->mask_count; i++) {
        for (unsigned box = 0; box < audit->box_count; box++)
            write_effect(out, mask_name(audit->masks[i].mask), audit->boxes[box].box->name,
                         &audit->masks[i].boxes[box]);
    }
}

void audit_table_write(const struct audit *audit, FILE *out)
{
    char start[REPORT_TEXT];
    char seconds[REPORT_TEXT];
    char tiers[64];
    report_text_time(start, audit->start_ns);
    report_text_seconds(seconds, audit->end_ns - audit->start_ns);
    audit_describe_tiers(audit->context.tiers, tiers, sizeof tiers);
    fprintf(out,
            "Audit of %" PRIu64 " packets in flows, %" PRIu64 " bytes, from %s for %s s\n"
            "Evidence: %s. Reference: %s, silent about %" PRIu64 " of %" PRIu64 " bytes\n",
            audit->in_flows.frames, audit->in_flows.bytes, audit->has_time ? start : "no time",
            seconds, tiers, audit_reference_name(audit->context.reference),
            audit->reference_unknown.bytes, audit->in_flows.bytes);
    if (audit->cells_withheld)
        fprintf(out, "Withheld: %u cells of fewer than %u addresses\n", audit->cells_withheld,
                audit->context.min_endpoints);
    for (unsigned i = 0; i < audit->box_count; i++)
        write_box(out, &audit->boxes[i]);
    write_masks(out, audit);
    fputs("\nHow to read this\n", out);
    for (const char *const *limit = audit_limits(); *limit; limit++)
        fprintf(out, "  %s\n", *limit);
}
