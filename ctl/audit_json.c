/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON form of an audit, schema glassbox.audit/1 (docs/audit-report.md). */
#include "audit_forms.h"
#include "json_writer.h"
#include "report_forms.h"

static void write_count(struct json_writer *json, const char *key, const struct audit_count *count)
{
    json_write_object_begin(json, key);
    json_write_unsigned(json, "flows", count->flows);
    json_write_unsigned(json, "packets", count->packets);
    json_write_unsigned(json, "bytes", count->bytes);
    json_write_object_end(json);
}

static void write_decimal(struct json_writer *json, const char *key, bool is_known, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6f", value);
    if (is_known)
        json_write_number(json, key, text);
    else
        json_write_null(json, key);
}

static void write_share(struct json_writer *json, const char *key, const struct audit_share *share)
{
    if (!share->is_known) {
        json_write_null(json, key);
        return;
    }
    json_write_object_begin(json, key);
    write_decimal(json, "value", true, share->value);
    write_decimal(json, "low", share->has_interval, share->low);
    write_decimal(json, "high", share->has_interval, share->high);
    json_write_object_end(json);
}

static void write_tiers(struct json_writer *json, const char *key, unsigned tiers)
{
    json_write_array_begin(json, key);
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (tiers >> tier & 1)
            json_write_string(json, NULL, tier_name((enum tier)tier));
    }
    json_write_array_end(json);
}

static void write_outcome(struct json_writer *json, const struct audit_outcome *outcome)
{
    json_write_object_begin(json, "outcome");
    json_write_bool(json, "withheld", outcome->is_withheld);
    write_count(json, "acted", &outcome->acted);
    write_count(json, "right", &outcome->right);
    write_count(json, "mistaken", &outcome->mistaken);
    write_count(json, "unsure", &outcome->unsure);
    write_count(json, "missed", &outcome->missed);
    json_write_object_begin(json, "late");
    json_write_unsigned(json, "packets", outcome->late_packets);
    json_write_unsigned(json, "bytes", outcome->late_bytes);
    json_write_object_end(json);
    json_write_object_begin(json, "touched");
    json_write_unsigned(json, "packets", outcome->touched_packets);
    json_write_unsigned(json, "bytes", outcome->touched_bytes);
    json_write_unsigned(json, "mistaken_bytes", outcome->mistaken_touched_bytes);
    json_write_object_end(json);
    json_write_object_begin(json, "mistaken_share");
    write_share(json, "flows", &outcome->mistaken_flows);
    write_share(json, "bytes", &outcome->mistaken_bytes);
    json_write_object_end(json);
    json_write_object_begin(json, "found_share");
    write_share(json, "flows", &outcome->found_flows);
    write_share(json, "bytes", &outcome->found_bytes);
    json_write_object_end(json);
    json_write_object_end(json);
}

static void write_steps(struct json_writer *json, const char *key, const char *const *names,
                        const uint64_t *numbers, unsigned count)
{
    json_write_object_begin(json, key);
    for (unsigned i = 0; i < count; i++)
        json_write_unsigned(json, names[i], numbers[i]);
    json_write_object_end(json);
}

static void write_waits(struct json_writer *json, const char *key, const struct policy_waits *waits,
                        bool is_there)
{
    if (!is_there) {
        json_write_null(json, key);
        return;
    }
    json_write_object_begin(json, key);
    write_steps(json, "packets", audit_delay_names, waits->packets, POLICY_DELAYS);
    write_steps(json, "bytes", audit_delay_names, waits->bytes, POLICY_DELAYS);
    json_write_object_begin(json, "lost");
    json_write_unsigned(json, "packets", waits->lost_packets);
    json_write_unsigned(json, "bytes", waits->lost_bytes);
    json_write_object_end(json);
    json_write_unsigned(json, "wait_us", waits->wait_us);
    json_write_object_end(json);
}

static void write_rule(struct json_writer *json, const struct box *box,
                       const struct audit_rule *rule)
{
    bool has_link = box->link.capacity_bits;
    json_write_object_begin(json, NULL);
    json_write_string(json, "rule", rule->rule->name);
    json_write_string(json, "action", box_action_name(rule->rule->action.kind));
    json_write_string(json, "settings", rule->action);
    write_outcome(json, &rule->outcome);
    json_write_object_begin(json, "first_action");
    json_write_unsigned(json, "flows", rule->acted_flows);
    write_steps(json, "by_packets", report_step_names, rule->after_packets, POLICY_STEPS);
    write_steps(json, "by_time", audit_age_names, rule->after_ns, POLICY_AGES);
    json_write_unsigned(json, "bytes_before", rule->bytes_before);
    json_write_object_end(json);
    write_waits(json, "waits", &rule->waits, audit_rule_waits(box, rule));
    write_waits(json, "fifo", &rule->fifo, has_link);
    json_write_unsigned(json, "sooner_bytes", rule->sooner_bytes);
    json_write_unsigned(json, "later_bytes", rule->later_bytes);
    json_write_object_end(json);
}

static void write_reference(struct json_writer *json, const struct audit_reference *row)
{
    json_write_object_begin(json, NULL);
    json_write_string(json, "reference", row->name);
    write_count(json, "seen", &row->seen);
    json_write_object_begin(json, "acted");
    for (unsigned kind = 0; kind < BOX_ACTIONS; kind++) {
        if (row->acted[kind].packets || row->acted[kind].flows)
            write_count(json, box_action_name((enum box_action_kind)kind), &row->acted[kind]);
    }
    json_write_object_end(json);
    write_count(json, "mistaken", &row->mistaken);
    write_count(json, "missed", &row->missed);
    json_write_unsigned(json, "touched_bytes", row->touched_bytes);
    json_write_unsigned(json, "mistaken_touched_bytes", row->mistaken_touched_bytes);
    json_write_object_end(json);
}

static void write_others(struct json_writer *json, const struct box *box,
                         const struct audit_view *view)
{
    if (!box->link.capacity_bits) {
        json_write_null(json, "others");
        return;
    }
    json_write_object_begin(json, "others");
    write_waits(json, "waits", &view->others_waits, true);
    write_waits(json, "fifo", &view->others_fifo, true);
    json_write_unsigned(json, "sooner_bytes", view->others_sooner_bytes);
    json_write_unsigned(json, "later_bytes", view->others_later_bytes);
    json_write_object_end(json);
}

static void write_view(struct json_writer *json, const char *key, const struct box *box,
                       const struct audit_view *view)
{
    json_write_object_begin(json, key);
    write_tiers(json, "tiers", view->tiers);
    write_tiers(json, "tiers_missing", view->tiers_missing);
    write_count(json, "seen", &view->seen);
    write_count(json, "left_alone", &view->left_alone);
    json_write_object_begin(json, "balance");
    json_write_signed(json, "packets", view->balance_packets);
    json_write_signed(json, "bytes", view->balance_bytes);
    json_write_object_end(json);
    write_outcome(json, &view->outcome);
    json_write_object_begin(json, "untracked");
    json_write_unsigned(json, "flows", view->untracked_flows);
    json_write_unsigned(json, "packets", view->untracked_packets);
    json_write_object_end(json);
    json_write_array_begin(json, "rules");
    for (unsigned i = 0; i < view->rule_count; i++)
        write_rule(json, box, &view->rules[i]);
    json_write_array_end(json);
    write_others(json, box, view);
    json_write_array_begin(json, "references");
    for (unsigned i = 0; i < view->reference_count; i++)
        write_reference(json, &view->references[i]);
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_box(struct json_writer *json, const struct audit_box *box)
{
    json_write_object_begin(json, NULL);
    json_write_string(json, "box", box->box->name);
    json_write_string(json, "title", box->box->title);
    json_write_string(json, "about", box->box->about);
    json_write_array_begin(json, "sources");
    for (unsigned i = 0; i < box->box->source_count; i++)
        json_write_string(json, NULL, box->box->sources[i]);
    json_write_array_end(json);
    json_write_string(json, "file", box->path);
    json_write_string(json, "sha256", box->box->sha256);
    write_view(json, "own", box->box, &box->own);
    json_write_array_begin(json, "ladder");
    for (unsigned i = 0; i < box->rung_count; i++)
        write_view(json, NULL, box->box, &box->ladder[i]);
    json_write_array_end(json);
    json_write_array_begin(json, "words");
    for (unsigned i = 0; i < box->sentence_count; i++)
        json_write_string(json, NULL, box->sentences[i]);
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_time(struct json_writer *json, const char *key, bool is_known, uint64_t time_ns)
{
    char text[REPORT_TEXT];
    report_text_time(text, time_ns);
    if (is_known)
        json_write_string(json, key, text);
    else
        json_write_null(json, key);
}

static void write_digest(struct json_writer *json, const char *key, const char *sha256)
{
    if (!sha256) {
        json_write_null(json, key);
        return;
    }
    json_write_object_begin(json, key);
    json_write_string(json, "sha256", sha256);
    json_write_object_end(json);
}

static void write_run(struct json_writer *json, const struct audit *audit)
{
    const struct audit_context *context = &audit->context;
    char seconds[REPORT_TEXT];
    report_text_seconds(seconds, audit->has_time ? audit->end_ns - audit->start_ns : 0);
    json_write_object_begin(json, "interval");
    write_time(json, "start", audit->has_time, audit->start_ns);
    write_time(json, "end", audit->has_time, audit->end_ns);
    json_write_number(json, "seconds", seconds);
    json_write_object_end(json);
    json_write_object_begin(json, "source");
    json_write_string(json, "kind", context->source_kind);
    json_write_string(json, "link", context->link);
    write_tiers(json, "tiers", context->tiers);
    json_write_bool(json, "subscribers", context->has_subscribers);
    json_write_object_end(json);
    json_write_object_begin(json, "reference");
    json_write_string(json, "kind", audit_reference_name(context->reference));
    write_count(json, "known", &audit->reference_known);
    write_count(json, "unknown", &audit->reference_unknown);
    json_write_object_end(json);
}

static void write_seen(struct json_writer *json, const struct audit *audit)
{
    json_write_object_begin(json, "seen");
    json_write_unsigned(json, "frames", audit->seen.frames);
    json_write_unsigned(json, "bytes", audit->seen.bytes);
    json_write_unsigned(json, "packets_in_flows", audit->in_flows.frames);
    json_write_unsigned(json, "bytes_in_flows", audit->in_flows.bytes);
    json_write_object_end(json);
    json_write_unsigned(json, "flows_without_subscriber", audit->no_way_flows);
    json_write_unsigned(json, "endpoints_forgotten", audit->hosts_lost);
    write_digest(json, "rules", audit->context.rules_sha256);
    write_digest(json, "truth", audit->context.truth_sha256);
    json_write_object_begin(json, "privacy");
    json_write_unsigned(json, "min_endpoints", audit->context.min_endpoints);
    json_write_unsigned(json, "cells_withheld", audit->cells_withheld);
    json_write_object_end(json);
}

/* What is told of verdicts and of boxes' actions alike; of boxes by other names. */
static void write_effect(struct json_writer *json, const struct audit_mask_effect *effect,
                         bool is_box)
{
    if (is_box)
        json_write_bool(json, "withheld", effect->is_withheld);
    write_count(json, is_box ? "acted" : "named", &effect->had);
    write_count(json, is_box ? "let_go" : "lost", &effect->lost);
    write_count(json, is_box ? "otherwise" : "other", &effect->other);
    write_count(json, is_box ? "newly_acted" : "gained", &effect->gained);
    json_write_object_begin(json, "changed_share");
    write_share(json, "flows", &effect->changed_flows);
    write_share(json, "packets", &effect->changed_packets);
    write_share(json, "bytes", &effect->changed_bytes);
    json_write_object_end(json);
}

static void write_verdicts(struct json_writer *json, const struct audit_mask *mask, unsigned column)
{
    json_write_object_begin(json, NULL);
    json_write_string(json, "tier", audit_mask_column_name(column));
    write_effect(json, &mask->verdicts[column], false);
    json_write_array_begin(json, "categories");
    for (unsigned i = 0; i < mask->row_counts[column]; i++) {
        const struct audit_mask_row *row = &mask->rows[column][i];
        json_write_object_begin(json, NULL);
        json_write_string(json, "category", row->name);
        write_count(json, "named", &row->had);
        write_count(json, "lost", &row->lost);
        write_count(json, "other", &row->other);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_mask(struct json_writer *json, const struct audit *audit,
                       const struct audit_mask *mask)
{
    json_write_object_begin(json, NULL);
    json_write_string(json, "mask", mask_name(mask->mask));
    json_write_array_begin(json, "verdicts");
    for (unsigned column = 0; column < AUDIT_MASK_VERDICTS; column++) {
        if (audit_mask_column_ran(&audit->context, column))
            write_verdicts(json, mask, column);
    }
    json_write_array_end(json);
    json_write_array_begin(json, "boxes");
    for (unsigned i = 0; i < audit->box_count; i++) {
        json_write_object_begin(json, NULL);
        json_write_string(json, "box", audit->boxes[i].box->name);
        write_effect(json, &mask->boxes[i], true);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

void audit_json_write(const struct audit *audit, bool is_pretty, FILE *out)
{
    struct json_writer json;
    json_writer_init(&json, out, is_pretty ? JSON_LAYOUT_PRETTY : JSON_LAYOUT_COMPACT);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "schema", "glassbox.audit/1");
    write_run(&json, audit);
    write_seen(&json, audit);
    json_write_array_begin(&json, "boxes");
    for (unsigned i = 0; i < audit->box_count; i++)
        write_box(&json, &audit->boxes[i]);
    json_write_array_end(&json);
    json_write_array_begin(&json, "masks");
    for (unsigned i = 0; i < audit->mask_count; i++)
        write_mask(&json, audit, &audit->masks[i]);
    json_write_array_end(&json);
    json_write_array_begin(&json, "limits");
    for (const char *const *limit = audit_limits(); *limit; limit++)
        json_write_string(&json, NULL, *limit);
    json_write_array_end(&json);
    json_write_object_end(&json);
    json_writer_finish(&json);
}
