/* SPDX-License-Identifier: BSD-3-Clause */
/* The CSV form of a report (RFC 4180). Rows of traffic fill `frames` and `bytes`, which add up to
 * what was seen; rows of what lies beside the traffic fill `value` instead. */
#include <inttypes.h>
#include <string.h>

#include "report_forms.h"
#include "report_headers.h"

struct csv {
    FILE *out;
    char start[REPORT_TEXT]; /* of the interval; empty when unknown */
    char end[REPORT_TEXT];
};

static void put_header(FILE *out)
{
    fputs("interval_start,interval_end,kind,name,category,frames,bytes,flows,value", out);
    for (unsigned tier = 0; tier < TIERS; tier++)
        fprintf(out, ",%s_flows,%s_bytes", tier_name(tier), tier_name(tier));
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        fprintf(out, ",verdict_after_%s_flows", report_step_names[step]);
    fputs(",bytes_before_verdict\r\n", out);
}

/* The text, followed by a comma; in quotes where it must be. */
static void put_text(const struct csv *csv, const char *text)
{
    const bool is_quoted = strpbrk(text, ",\"\r\n") != NULL;
    if (is_quoted)
        fputc('"', csv->out);
    for (const char *at = text; *at; at++) {
        if (*at == '"')
            fputc('"', csv->out);
        fputc(*at, csv->out);
    }
    if (is_quoted)
        fputc('"', csv->out);
    fputc(',', csv->out);
}

static void put_labels(const struct csv *csv, const char *kind, const char *name,
                       const char *category)
{
    put_text(csv, csv->start);
    put_text(csv, csv->end);
    put_text(csv, kind);
    put_text(csv, name);
    put_text(csv, category);
}

enum { VERDICT_COLUMNS = 2 * TIERS + VERDICT_STEPS + 1 };

/* The columns that only a protocol fills, each after its comma, and the end of the row. */
static void put_verdicts(const struct csv *csv, const struct tally_cell *cell)
{
    for (unsigned column = 0; !cell && column < VERDICT_COLUMNS; column++)
        fputc(',', csv->out);
    for (unsigned tier = 0; cell && tier < TIERS; tier++)
        fprintf(csv->out, ",%" PRIu64 ",%" PRIu64, cell->by_tier[tier].flows,
                cell->by_tier[tier].bytes);
    for (unsigned step = 0; cell && step < VERDICT_STEPS; step++)
        fprintf(csv->out, ",%" PRIu64, cell->packets_before_verdict[step]);
    if (cell)
        fprintf(csv->out, ",%" PRIu64, cell->bytes_before_verdict);
    fputs("\r\n", csv->out);
}

static void put_traffic(const struct csv *csv, const char *kind, const char *name,
                        const char *category, struct tally_count count)
{
    put_labels(csv, kind, name, category);
    fprintf(csv->out, "%" PRIu64 ",%" PRIu64 ",,", count.frames, count.bytes);
    put_verdicts(csv, NULL);
}

static void put_protocol(const struct csv *csv, const struct report_row *row)
{
    const struct tally_cell *cell = &row->cell;
    put_labels(csv, "protocol", row->name, row->category);
    fprintf(csv->out, "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",", cell->packets, cell->bytes,
            cell->flows);
    put_verdicts(csv, cell);
}

/* Belongs to frames seen in an earlier interval: taken off, so that the columns sum to this one's.
 */
static void put_carried_over(const struct csv *csv, struct tally_count count)
{
    put_labels(csv, "carried_over", "", "");
    fprintf(csv->out, "%s%" PRIu64 ",%s%" PRIu64 ",,", count.frames ? "-" : "", count.frames,
            count.bytes ? "-" : "", count.bytes);
    put_verdicts(csv, NULL);
}

static void put_value(const struct csv *csv, const char *kind, const char *name, uint64_t value)
{
    put_labels(csv, kind, name, "");
    fprintf(csv->out, ",,,%" PRIu64, value);
    put_verdicts(csv, NULL);
}

static void put_named(const struct csv *csv, const char *kind, const struct report_share *share,
                      int64_t value)
{
    put_labels(csv, kind, share->name, share->category);
    fprintf(csv->out, ",,,%" PRId64, value);
    put_verdicts(csv, NULL);
}

static void put_shares(const struct csv *csv, const struct report_share *shares, unsigned count,
                       const char *of)
{
    char kind[REPORT_TEXT];
    for (unsigned i = 0; i < count; i++) {
        const struct report_share *share = &shares[i];
        const struct {
            const char *name;
            int64_t value;
        } columns[] = {{"flows", (int64_t)share->flows},
                       {"bytes", (int64_t)share->bytes},
                       {"corrected_flows", (int64_t)share->corrected},
                       {"corrected_low", (int64_t)share->low},
                       {"corrected_high", (int64_t)share->high},
                       {"adjusted_flows", share->adjusted},
                       {"corrected_bytes", (int64_t)share->corrected_bytes},
                       {"corrected_bytes_low", (int64_t)share->low_bytes},
                       {"corrected_bytes_high", (int64_t)share->high_bytes}};
        for (unsigned k = 0; k < sizeof columns / sizeof *columns; k++) {
            snprintf(kind, sizeof kind, "headers:%s:%s", of, columns[k].name);
            put_named(csv, kind, share, columns[k].value);
        }
    }
}

static void put_headers(const struct csv *csv, const struct report_headers *headers)
{
    if (!headers)
        return;
    put_value(csv, "fit", model_fit_name(headers->fit.verdict), headers->fit.flows);
    put_value(csv, "fit", "distance_per_mille", headers->fit.distance);
    put_value(csv, "fit", "margin_per_mille", headers->fit.margin);
    put_shares(csv, headers->shares, headers->share_count, "protocol");
    put_shares(csv, headers->categories, headers->category_count, "category");
}

static void put_balance(const struct csv *csv, const char *name, int64_t value)
{
    put_labels(csv, "conservation", name, "");
    fprintf(csv->out, ",,,%" PRId64, value);
    put_verdicts(csv, NULL);
}

static void put_all_traffic(const struct csv *csv, const struct report *report)
{
    const struct tally *tally = report->tally;
    for (unsigned row = 0; row < report->row_count; row++)
        put_protocol(csv, &report->rows[row]);
    for (unsigned i = 0; i < report->non_ip_count; i++)
        put_traffic(csv, "non_ip", report->non_ip[i].name, "", report->non_ip[i].count);
    for (unsigned reason = PACKET_MALFORMED_FIRST; reason < PACKET_OUTCOMES; reason++) {
        if (tally->malformed[reason].frames || tally->malformed[reason].bytes)
            put_traffic(csv, "malformed", packet_outcome_name(reason), "",
                        tally->malformed[reason]);
    }
    put_traffic(csv, "orphan_fragments", "", "", tally->orphan_fragments);
    put_traffic(csv, "shed", "", "", tally->shed);
    put_traffic(csv, "unreported", "", "", tally->unreported);
    put_carried_over(csv, tally->carried_over);
}

static void put_frames(const struct csv *csv, const struct tally *tally)
{
    put_value(csv, "frames", "seen", tally->seen.frames);
    put_value(csv, "frames", "bytes", tally->seen.bytes);
    put_value(csv, "frames", "truncated", tally->truncated);
    put_value(csv, "frames", "fragments", tally->fragments);
    put_value(csv, "frames", "tunnels_not_entered", tally->tunnels_not_entered);
    for (unsigned kind = 0; kind < ENCAPSULATIONS; kind++) {
        if (tally->encapsulated[kind])
            put_value(csv, "encapsulation", encapsulation_name(kind), tally->encapsulated[kind]);
    }
    put_value(csv, "dropped", "nic", tally->dropped.nic);
    put_value(csv, "dropped", "kernel", tally->dropped.kernel);
    put_value(csv, "dropped", "source", tally->dropped.source);
    put_value(csv, "dropped", "forward", tally->dropped.forward);
}

static void put_flows(const struct csv *csv, const struct tally_flows *flows)
{
    put_value(csv, "flows", "ended", flows->ended);
    put_value(csv, "flows", "active", flows->active);
    put_value(csv, "flows", "evicted", flows->evicted);
    put_value(csv, "flows", "cut", flows->cut);
    put_value(csv, "flows", "one_way", flows->one_way);
}

static void put_agreement(const struct csv *csv, unsigned weaker, unsigned stronger,
                          const struct tally_agreement *agreement)
{
    char kind[2 * REPORT_TEXT];
    snprintf(kind, sizeof kind, "agreement:%s:%s", tier_name(weaker), tier_name(stronger));
    put_value(csv, kind, "same_flows", agreement->same_flows);
    put_value(csv, kind, "different_flows", agreement->different_flows);
    put_value(csv, kind, "same_bytes", agreement->same_bytes);
    put_value(csv, kind, "different_bytes", agreement->different_bytes);
}

static void put_agreements(const struct csv *csv, const struct report *report)
{
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = weaker + 1; stronger < TIERS; stronger++) {
            if (report_has_tier(report, weaker) && report_has_tier(report, stronger))
                put_agreement(csv, weaker, stronger, &report->tally->agreement[weaker][stronger]);
        }
    }
}

/* A part of the protocols' traffic, so it stays out of the columns that add up. */
static void put_service(const struct csv *csv, const struct report_service *service)
{
    const struct {
        const char *kind;
        uint64_t value;
    } rows[] = {{"service_packets", service->count.packets},
                {"service_bytes", service->count.bytes},
                {"service_flows", service->count.flows}};
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        put_labels(csv, rows[i].kind, service->name, service->category);
        fprintf(csv->out, ",,,%" PRIu64, rows[i].value);
        put_verdicts(csv, NULL);
    }
}

static void put_signatures(const struct csv *csv, const struct report *report)
{
    for (unsigned i = 0; i < report->service_count; i++)
        put_service(csv, &report->services[i]);
    if (!report_has_tier(report, TIER_SIGNATURES))
        return;
    for (unsigned i = 0; i < REPORT_SIGNATURE_COUNTS; i++)
        put_value(csv, "signatures", report_signature_names[i],
                  report_signature_count(&report->tally->signatures, i));
}

static void put_stochastic(const struct csv *csv, const struct report *report)
{
    for (unsigned i = 0; report_has_tier(report, TIER_STOCHASTIC) && i < REPORT_STOCHASTIC_COUNTS;
         i++)
        put_value(csv, "stochastic", report_stochastic_names[i],
                  report_stochastic_count(&report->tally->stochastic, i));
}

void report_csv_write(const struct report *report, bool has_header, FILE *out)
{
    struct csv csv = {.out = out};
    if (report->has_time) {
        report_text_time(csv.start, report->start_ns);
        report_text_time(csv.end, report->end_ns);
    }
    if (has_header)
        put_header(out);
    put_all_traffic(&csv, report);
    put_frames(&csv, report->tally);
    put_flows(&csv, &report->tally->flows);
    put_agreements(&csv, report);
    put_headers(&csv, report->headers);
    put_stochastic(&csv, report);
    put_signatures(&csv, report);
    put_balance(&csv, "balance_frames", report->conservation.balance_frames);
    put_balance(&csv, "balance_bytes", report->conservation.balance_bytes);
    put_value(&csv, "privacy", "min_endpoints", report->context.min_endpoints);
    put_value(&csv, "privacy", "cells_withheld", report->cells_withheld);
    put_value(&csv, "privacy", "services_withheld", report->services_withheld);
}
