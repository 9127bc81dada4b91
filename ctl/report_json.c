/* SPDX-License-Identifier: BSD-3-Clause */
/* The JSON form of a report, schema glassbox.report/1: the form the others are compared with. */
#include "json_writer.h"
#include "report_forms.h"
#include "report_headers.h"

static void write_time(struct json_writer *json, const char *key, const struct report *report,
                       uint64_t time_ns)
{
    if (!report->has_time) {
        json_write_null(json, key);
        return;
    }
    char text[REPORT_TEXT];
    report_text_time(text, time_ns);
    json_write_string(json, key, text);
}

static void write_interval(struct json_writer *json, const struct report *report)
{
    char seconds[REPORT_TEXT];
    report_text_seconds(seconds, report->has_time ? report->end_ns - report->start_ns : 0);
    json_write_object_begin(json, "interval");
    write_time(json, "start", report, report->start_ns);
    write_time(json, "end", report, report->end_ns);
    json_write_number(json, "seconds", seconds);
    json_write_object_end(json);
}

static void write_source(struct json_writer *json, const struct report *report)
{
    json_write_object_begin(json, "source");
    json_write_string(json, "kind", report->context.source_kind);
    json_write_array_begin(json, "tiers");
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (report_has_tier(report, tier))
            json_write_string(json, NULL, tier_name(tier));
    }
    json_write_array_end(json);
    json_write_string(json, "link", report->context.link);
    json_write_object_end(json);
}

static void write_malformed(struct json_writer *json, const struct tally *tally)
{
    json_write_object_begin(json, "malformed");
    for (unsigned reason = PACKET_MALFORMED_FIRST; reason < PACKET_OUTCOMES; reason++) {
        if (tally->malformed[reason].frames)
            json_write_unsigned(json, packet_outcome_name(reason), tally->malformed[reason].frames);
    }
    json_write_object_end(json);
}

static void write_encapsulations(struct json_writer *json, const struct tally *tally)
{
    json_write_object_begin(json, "encapsulations");
    for (unsigned kind = 0; kind < ENCAPSULATIONS; kind++) {
        if (tally->encapsulated[kind])
            json_write_unsigned(json, encapsulation_name(kind), tally->encapsulated[kind]);
    }
    json_write_object_end(json);
}

static void write_dropped(struct json_writer *json, const struct tally_losses *dropped)
{
    json_write_object_begin(json, "dropped");
    json_write_unsigned(json, "nic", dropped->nic);
    json_write_unsigned(json, "kernel", dropped->kernel);
    json_write_unsigned(json, "source", dropped->source);
    json_write_unsigned(json, "forward", dropped->forward);
    json_write_object_end(json);
}

static void write_frames(struct json_writer *json, const struct report *report)
{
    const struct tally *tally = report->tally;
    json_write_object_begin(json, "frames");
    json_write_unsigned(json, "seen", tally->seen.frames);
    json_write_unsigned(json, "bytes", tally->seen.bytes);
    json_write_unsigned(json, "non_ip", report->conservation.non_ip.frames);
    write_malformed(json, tally);
    json_write_unsigned(json, "orphan_fragments", tally->orphan_fragments.frames);
    json_write_unsigned(json, "shed", tally->shed.frames);
    json_write_unsigned(json, "unreported", tally->unreported.frames);
    json_write_unsigned(json, "carried_over", tally->carried_over.frames);
    write_dropped(json, &tally->dropped);
    json_write_unsigned(json, "truncated", tally->truncated);
    json_write_unsigned(json, "fragments", tally->fragments);
    write_encapsulations(json, tally);
    json_write_unsigned(json, "tunnels_not_entered", tally->tunnels_not_entered);
    json_write_object_end(json);
}

static void write_conservation(struct json_writer *json, const struct report_conservation *law)
{
    json_write_object_begin(json, "conservation");
    json_write_object_begin(json, "frames");
    json_write_unsigned(json, "seen", law->seen.frames);
    json_write_unsigned(json, "carried_over", law->carried_over.frames);
    json_write_unsigned(json, "protocols", law->protocols.frames);
    json_write_unsigned(json, "unknown", law->unknown.frames);
    json_write_unsigned(json, "non_ip", law->non_ip.frames);
    json_write_unsigned(json, "malformed", law->malformed.frames);
    json_write_unsigned(json, "orphan_fragments", law->orphan_fragments.frames);
    json_write_unsigned(json, "shed", law->shed.frames);
    json_write_unsigned(json, "unreported", law->unreported.frames);
    json_write_signed(json, "balance", law->balance_frames);
    json_write_object_end(json);
    json_write_object_begin(json, "bytes");
    json_write_unsigned(json, "seen", law->seen.bytes);
    json_write_unsigned(json, "carried_over", law->carried_over.bytes);
    json_write_unsigned(json, "protocols", law->protocols.bytes);
    json_write_unsigned(json, "unknown", law->unknown.bytes);
    json_write_unsigned(json, "non_ip", law->non_ip.bytes);
    json_write_unsigned(json, "malformed", law->malformed.bytes);
    json_write_unsigned(json, "orphan_fragments", law->orphan_fragments.bytes);
    json_write_unsigned(json, "shed", law->shed.bytes);
    json_write_unsigned(json, "unreported", law->unreported.bytes);
    json_write_signed(json, "balance", law->balance_bytes);
    json_write_object_end(json);
    json_write_object_end(json);
}

static void write_flows(struct json_writer *json, const struct tally_flows *flows)
{
    json_write_object_begin(json, "flows");
    json_write_unsigned(json, "ended", flows->ended);
    json_write_unsigned(json, "active", flows->active);
    json_write_unsigned(json, "evicted", flows->evicted);
    json_write_unsigned(json, "cut", flows->cut);
    json_write_unsigned(json, "one_way", flows->one_way);
    json_write_object_end(json);
}

static void write_by_tier(struct json_writer *json, const struct tally_cell *cell)
{
    json_write_object_begin(json, "by_tier");
    for (unsigned tier = 0; tier < TIERS; tier++) {
        json_write_object_begin(json, tier_name(tier));
        json_write_unsigned(json, "flows", cell->by_tier[tier].flows);
        json_write_unsigned(json, "bytes", cell->by_tier[tier].bytes);
        json_write_object_end(json);
    }
    json_write_object_end(json);
}

static void write_row(struct json_writer *json, const struct report_row *row)
{
    const struct tally_cell *cell = &row->cell;
    json_write_object_begin(json, NULL);
    json_write_string(json, "protocol", row->name);
    json_write_string(json, "category", row->category);
    json_write_unsigned(json, "packets", cell->packets);
    json_write_unsigned(json, "bytes", cell->bytes);
    json_write_unsigned(json, "flows", cell->flows);
    write_by_tier(json, cell);
    json_write_object_begin(json, "packets_before_verdict");
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        json_write_unsigned(json, report_step_names[step], cell->packets_before_verdict[step]);
    json_write_object_end(json);
    json_write_unsigned(json, "bytes_before_verdict", cell->bytes_before_verdict);
    json_write_object_end(json);
}

static void write_protocols(struct json_writer *json, const struct report *report)
{
    json_write_array_begin(json, "protocols");
    for (unsigned row = 0; row < report->row_count; row++)
        write_row(json, &report->rows[row]);
    json_write_array_end(json);
}

static void write_non_ip(struct json_writer *json, const struct report *report)
{
    json_write_array_begin(json, "non_ip");
    for (unsigned i = 0; i < report->non_ip_count; i++) {
        json_write_object_begin(json, NULL);
        json_write_string(json, "protocol", report->non_ip[i].name);
        json_write_unsigned(json, "frames", report->non_ip[i].count.frames);
        json_write_unsigned(json, "bytes", report->non_ip[i].count.bytes);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_agreement(struct json_writer *json, unsigned weaker, unsigned stronger,
                            const struct tally_agreement *agreement)
{
    json_write_object_begin(json, NULL);
    json_write_array_begin(json, "pair");
    json_write_string(json, NULL, tier_name(weaker));
    json_write_string(json, NULL, tier_name(stronger));
    json_write_array_end(json);
    json_write_unsigned(json, "same_flows", agreement->same_flows);
    json_write_unsigned(json, "different_flows", agreement->different_flows);
    json_write_unsigned(json, "same_bytes", agreement->same_bytes);
    json_write_unsigned(json, "different_bytes", agreement->different_bytes);
    json_write_object_end(json);
}

static void write_tiers(struct json_writer *json, const struct report *report)
{
    json_write_object_begin(json, "tiers");
    json_write_array_begin(json, "agreement");
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = weaker + 1; stronger < TIERS; stronger++) {
            if (report_has_tier(report, weaker) && report_has_tier(report, stronger))
                write_agreement(json, weaker, stronger,
                                &report->tally->agreement[weaker][stronger]);
        }
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_services(struct json_writer *json, const struct report *report)
{
    json_write_array_begin(json, "services");
    for (unsigned i = 0; i < report->service_count; i++) {
        const struct report_service *service = &report->services[i];
        json_write_object_begin(json, NULL);
        json_write_string(json, "service", service->name);
        json_write_string(json, "category", service->category);
        json_write_unsigned(json, "packets", service->count.packets);
        json_write_unsigned(json, "bytes", service->count.bytes);
        json_write_unsigned(json, "flows", service->count.flows);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_fit(struct json_writer *json, const struct model_fit *fit)
{
    json_write_object_begin(json, "fit");
    json_write_string(json, "verdict", model_fit_name(fit->verdict));
    json_write_unsigned(json, "flows", fit->flows);
    json_write_unsigned(json, "distance_per_mille", fit->distance);
    json_write_unsigned(json, "margin_per_mille", fit->margin);
    json_write_object_end(json);
}

static void write_share(struct json_writer *json, const struct report_share *share,
                        bool is_protocol)
{
    json_write_object_begin(json, NULL);
    if (is_protocol)
        json_write_string(json, "protocol", share->name);
    json_write_string(json, "category", share->category);
    json_write_unsigned(json, "flows", share->flows);
    json_write_unsigned(json, "bytes", share->bytes);
    json_write_unsigned(json, "corrected_flows", share->corrected);
    json_write_unsigned(json, "corrected_low", share->low);
    json_write_unsigned(json, "corrected_high", share->high);
    json_write_signed(json, "adjusted_flows", share->adjusted);
    json_write_unsigned(json, "corrected_bytes", share->corrected_bytes);
    json_write_unsigned(json, "corrected_bytes_low", share->low_bytes);
    json_write_unsigned(json, "corrected_bytes_high", share->high_bytes);
    json_write_object_end(json);
}

static void write_shares(struct json_writer *json, const struct report_headers *headers)
{
    json_write_object_begin(json, "shares");
    json_write_unsigned(json, "flows", headers->flows);
    json_write_array_begin(json, "protocols");
    for (unsigned i = 0; i < headers->share_count; i++)
        write_share(json, &headers->shares[i], true);
    json_write_array_end(json);
    json_write_array_begin(json, "categories");
    for (unsigned i = 0; i < headers->category_count; i++)
        write_share(json, &headers->categories[i], false);
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_model(struct json_writer *json, const struct report_headers *headers)
{
    if (!headers) {
        json_write_null(json, "model");
        return;
    }
    json_write_object_begin(json, "model");
    json_write_string(json, "name", headers->model->name);
    json_write_string(json, "site", headers->model->site);
    json_write_string(json, "sha256", headers->model->sha256);
    write_fit(json, &headers->fit);
    write_shares(json, headers);
    json_write_object_end(json);
}

static void write_signatures(struct json_writer *json, const struct report *report)
{
    if (!report_has_tier(report, TIER_SIGNATURES)) {
        json_write_null(json, "signatures");
        return;
    }
    json_write_object_begin(json, "signatures");
    for (unsigned i = 0; i < REPORT_SIGNATURE_COUNTS; i++)
        json_write_unsigned(json, report_signature_names[i],
                            report_signature_count(&report->tally->signatures, i));
    json_write_object_end(json);
}

/* Where the stochastic tier is in use. */
static void write_stochastic(struct json_writer *json, const struct report *report)
{
    const struct kiss_model *model = report->context.kiss_model;
    if (!model)
        return;
    json_write_object_begin(json, "stochastic");
    json_write_object_begin(json, "model");
    json_write_string(json, "name", model->name);
    json_write_string(json, "site", model->site);
    json_write_string(json, "sha256", model->sha256);
    json_write_object_end(json);
    for (unsigned i = 0; i < REPORT_STOCHASTIC_COUNTS; i++)
        json_write_unsigned(json, report_stochastic_names[i],
                            report_stochastic_count(&report->tally->stochastic, i));
    json_write_object_end(json);
}

static void write_rules(struct json_writer *json, const struct report *report)
{
    if (!report->context.rules_sha256) {
        json_write_null(json, "rules");
        return;
    }
    json_write_object_begin(json, "rules");
    json_write_string(json, "sha256", report->context.rules_sha256);
    json_write_object_end(json);
}

static void write_privacy(struct json_writer *json, const struct report *report)
{
    json_write_object_begin(json, "privacy");
    json_write_unsigned(json, "min_endpoints", report->context.min_endpoints);
    json_write_unsigned(json, "cells_withheld", report->cells_withheld);
    json_write_unsigned(json, "services_withheld", report->services_withheld);
    json_write_object_end(json);
}

void report_json_write(const struct report *report, bool is_pretty, FILE *out)
{
    struct json_writer json;
    json_writer_init(&json, out, is_pretty ? JSON_LAYOUT_PRETTY : JSON_LAYOUT_COMPACT);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "schema", "glassbox.report/1");
    write_interval(&json, report);
    write_source(&json, report);
    write_frames(&json, report);
    write_conservation(&json, &report->conservation);
    write_flows(&json, &report->tally->flows);
    write_protocols(&json, report);
    write_non_ip(&json, report);
    write_services(&json, report);
    write_signatures(&json, report);
    write_tiers(&json, report);
    write_model(&json, report->headers);
    write_stochastic(&json, report);
    write_rules(&json, report);
    write_privacy(&json, report);
    json_write_object_end(&json);
    json_writer_finish(&json);
}
