/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of an audit for documents. */
#include <inttypes.h>

#include "audit_forms.h"
#include "audit_words.h"
#include "report_forms.h"

static void write_bytes(FILE *out, uint64_t bytes)
{
    char text[REPORT_TEXT];
    report_text_amount(text, bytes, "B");
    fprintf(out, " %s |", text);
}

static void write_share(FILE *out, const struct audit_share *share)
{
    if (!share->is_known)
        fputs(" - |", out);
    else if (share->has_interval)
        fprintf(out, " %.1f %% (%.1f to %.1f) |", share->value * 100, share->low * 100,
                share->high * 100);
    else
        fprintf(out, " %.1f %% |", share->value * 100);
}

static void write_outcome(FILE *out, const char *name, const struct audit_outcome *outcome)
{
    fprintf(out, "| %s |", name);
    if (outcome->is_withheld) {
        fputs(" withheld | | | | | |\n", out);
        return;
    }
    write_bytes(out, outcome->acted.bytes);
    write_bytes(out, outcome->mistaken.bytes);
    write_bytes(out, outcome->unsure.bytes);
    write_bytes(out, outcome->missed.bytes);
    write_share(out, &outcome->mistaken_bytes);
    write_share(out, &outcome->found_bytes);
    fputc('\n', out);
}

static void write_views(FILE *out, const struct audit_box *box)
{
    char tiers[64];
    fputs("\n| seeing | acted on | mistaken | unsure | missed | mistaken share | found |\n"
          "|---|--:|--:|--:|--:|--:|--:|\n",
          out);
    for (unsigned i = 0; i < box->rung_count; i++) {
        audit_describe_tiers(box->ladder[i].tiers, tiers, sizeof tiers);
        write_outcome(out, tiers, &box->ladder[i].outcome);
    }
    write_outcome(out, "**this box**", &box->own.outcome);
}

static void write_rules(FILE *out, const struct audit_box *box)
{
    fputs("\n| rule | action | flows | acted on | touched | mistaken | missed |\n"
          "|---|---|--:|--:|--:|--:|--:|\n",
          out);
    for (unsigned i = 0; i < box->own.rule_count; i++) {
        const struct audit_rule *rule = &box->own.rules[i];
        const struct audit_outcome *outcome = &rule->outcome;
        fprintf(out, "| %s | %s | %" PRIu64 " |", rule->rule->name,
                outcome->is_withheld ? "withheld" : rule->action, outcome->acted.flows);
        write_bytes(out, outcome->acted.bytes);
        write_bytes(out, outcome->touched_bytes);
        write_bytes(out, outcome->mistaken.bytes);
        write_bytes(out, outcome->missed.bytes);
        fputc('\n', out);
    }
}

static void write_references(FILE *out, const struct audit_view *view)
{
    fputs("\n| what it is | flows | seen | acted on | mistaken | missed |\n"
          "|---|--:|--:|--:|--:|--:|\n",
          out);
    for (unsigned i = 0; i < view->reference_count; i++) {
        const struct audit_reference *row = &view->references[i];
        fprintf(out, "| %s | %" PRIu64 " |", row->name, row->seen.flows);
        write_bytes(out, row->seen.bytes);
        write_bytes(out, row->seen.bytes - row->acted[BOX_NONE].bytes);
        write_bytes(out, row->mistaken.bytes);
        write_bytes(out, row->missed.bytes);
        fputc('\n', out);
    }
}

static void write_box(FILE *out, const struct audit_box *box)
{
    fprintf(out, "\n## %s: %s\n\n%s\n\n", box->box->name, box->box->title, box->box->about);
    for (unsigned i = 0; i < box->sentence_count; i++)
        fprintf(out, "- %s\n", box->sentences[i]);
    write_views(out, box);
    write_rules(out, box);
    write_references(out, &box->own);
    fputs("\nSources:\n\n", out);
    for (unsigned i = 0; i < box->box->source_count; i++)
        fprintf(out, "- %s\n", box->box->sources[i]);
    fprintf(out, "\n`%s`, SHA-256 `%s`\n", box->path, box->box->sha256);
}

static void write_effect(FILE *out, const char *mask, const char *name,
                         const struct audit_mask_effect *effect)
{
    fprintf(out, "| %s | %s |", mask, name);
    if (effect->is_withheld) {
        fputs(" withheld | | | | | | |\n", out);
        return;
    }
    fprintf(out, " %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " |", effect->had.flows,
            effect->lost.flows, effect->other.flows, effect->gained.flows);
    write_share(out, &effect->changed_flows);
    write_share(out, &effect->changed_packets);
    write_share(out, &effect->changed_bytes);
    fputc('\n', out);
}

static void write_categories(FILE *out, const struct audit_mask *mask, unsigned column)
{
    for (unsigned i = 0; i < mask->row_counts[column]; i++) {
        const struct audit_mask_row *row = &mask->rows[column][i];
        if (row->lost.flows || row->other.flows)
            fprintf(out, "| | %s: %s | %" PRIu64 " | %" PRIu64 " | %" PRIu64 " | | | | |\n",
                    audit_mask_column_name(column), row->name, row->had.flows, row->lost.flows,
                    row->other.flows);
    }
}

static void write_masks(FILE *out, const struct audit *audit)
{
    if (!audit->mask_count)
        return;
    fputs(
        "\n## What decides\n\nThe same traffic once more, with one kind of evidence destroyed:\n\n",
        out);
    for (unsigned i = 0; i < audit->mask_count; i++)
        fprintf(out, "- `%s`: %s\n", mask_name(audit->masks[i].mask),
                audit_describe_mask(audit->masks[i].mask));
    fputs("\n| without | verdict of | named flows | lost | other | new | flows changed | packets | "
          "bytes |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n",
          out);
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
    fputs("\n| without | box | flows acted on | let go | other | new | flows changed | packets | "
          "bytes |\n|---|---|--:|--:|--:|--:|--:|--:|--:|\n",
          out);
    for (unsigned i = 0; i < audit->mask_count; i++) {
        for (unsigned box = 0; box < audit->box_count; box++)
            write_effect(out, mask_name(audit->masks[i].mask), audit->boxes[box].box->name,
                         &audit->masks[i].boxes[box]);
    }
}

void audit_markdown_write(const struct audit *audit, FILE *out)
{
    char start[REPORT_TEXT];
    char seconds[REPORT_TEXT];
    char tiers[64];
    report_text_time(start, audit->start_ns);
    report_text_seconds(seconds, audit->end_ns - audit->start_ns);
    audit_describe_tiers(audit->context.tiers, tiers, sizeof tiers);
    fprintf(out,
            "# Audit\n\n%" PRIu64 " packets in flows, %" PRIu64 " bytes, from %s for %s s. "
            "Evidence: %s. Reference: %s, silent about %" PRIu64 " bytes.\n",
            audit->in_flows.frames, audit->in_flows.bytes, audit->has_time ? start : "no time",
            seconds, tiers, audit_reference_name(audit->context.reference),
            audit->reference_unknown.bytes);
    if (audit->cells_withheld)
        fprintf(out, "\n%u cells of fewer than %u addresses are withheld.\n", audit->cells_withheld,
                audit->context.min_endpoints);
    fputs("\nWhat such an audit cannot show:\n\n", out);
    for (const char *const *limit = audit_limits(); *limit; limit++)
        fprintf(out, "- %s\n", *limit);
    for (unsigned i = 0; i < audit->box_count; i++)
        write_box(out, &audit->boxes[i]);
    write_masks(out, audit);
}
