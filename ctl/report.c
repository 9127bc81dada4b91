/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds a report from a tally: names, threshold, order and the conservation law; and hands it to
 * the form asked for. */
#include "ctl/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report_forms.h"
#include "report_headers.h"

static void count_add(struct tally_count *into, uint64_t frames, uint64_t bytes)
{
    into->frames += frames;
    into->bytes += bytes;
}

static bool cell_is_empty(const struct tally_cell *cell)
{
    return cell->packets == 0 && cell->bytes == 0 && cell->flows == 0;
}

static int row_compare(const void *left, const void *right)
{
    const struct report_row *a = left;
    const struct report_row *b = right;
    if (a->cell.bytes != b->cell.bytes)
        return a->cell.bytes < b->cell.bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

static int non_ip_compare(const void *left, const void *right)
{
    const struct report_non_ip *a = left;
    const struct report_non_ip *b = right;
    if (a->count.bytes != b->count.bytes)
        return a->count.bytes < b->count.bytes ? 1 : -1;
    return strcmp(a->name, b->name);
}

static void row_append(struct report *report, unsigned id, const struct tally_cell *cell)
{
    const struct protocol *protocol = protocols_get(report->context.protocols, id);
    report->rows[report->row_count++] = (struct report_row){
        .name = protocol->name, .category = category_name(protocol->category), .cell = *cell};
    struct report_conservation *law = &report->conservation;
    count_add(id == PROTOCOL_UNKNOWN ? &law->unknown : &law->protocols, cell->packets, cell->bytes);
}

static void withheld_append(struct report *report, const struct tally_cell *sum)
{
    if (report->cells_withheld == 0)
        return;
    report->rows[report->row_count++] = (struct report_row){
        .name = "withheld", .category = category_name(CATEGORY_UNKNOWN), .cell = *sum};
    count_add(&report->conservation.protocols, sum->packets, sum->bytes);
}

/* An empty cell tells nothing of anybody, so it is never withheld: left out, unless `unknown`. */
static void rows_collect(struct report *report)
{
    struct tally_cell withheld = {0};
    for (unsigned id = 0; id < report->tally->protocol_count; id++) {
        const struct tally_cell *cell = &report->tally->cells[id];
        const bool is_empty = cell_is_empty(cell);
        if (is_empty && id != PROTOCOL_UNKNOWN)
            continue;
        if (!is_empty && tally_cell_hosts(cell) < report->context.min_endpoints) {
            tally_cell_merge(&withheld, cell);
            report->cells_withheld++;
        } else {
            row_append(report, id, cell);
        }
    }
    withheld_append(report, &withheld);
    qsort(report->rows, report->row_count, sizeof *report->rows, row_compare);
}

static void non_ip_collect(struct report *report)
{
    for (unsigned id = 0; id < report->tally->protocol_count; id++) {
        const struct tally_count count = report->tally->non_ip[id];
        if (count.frames == 0 && count.bytes == 0)
            continue;
        report->non_ip[report->non_ip_count++] = (struct report_non_ip){
            .name = protocols_get(report->context.protocols, id)->name, .count = count};
    }
    qsort(report->non_ip, report->non_ip_count, sizeof *report->non_ip, non_ip_compare);
}

static void time_set(struct report *report)
{
    const struct tally *tally = report->tally;
    const uint64_t length_ns = report->context.interval_ns;
    const bool has_frames = tally->first_ns <= tally->last_ns;
    if (length_ns == 0) {
        report->has_time = has_frames;
        report->start_ns = has_frames ? tally->first_ns : 0;
        report->end_ns = has_frames ? tally->last_ns : 0;
        return;
    }
    report->has_time = has_frames || tally->interval_ns != 0;
    report->start_ns = tally->interval_ns;
    const uint64_t left_ns = UINT64_MAX - tally->interval_ns;
    report->end_ns = tally->interval_ns + (length_ns < left_ns ? length_ns : left_ns);
    if (tally->end_ns && tally->end_ns < report->end_ns)
        report->end_ns = tally->end_ns;
}

/* The rows have been collected; what is left comes from the tally as it is. */
static void conservation_set(struct report *report)
{
    const struct tally *tally = report->tally;
    const struct tally_balance balance = tally_balance(tally);
    struct report_conservation *law = &report->conservation;
    law->seen = tally->seen;
    law->carried_over = tally->carried_over;
    law->non_ip = balance.non_ip;
    law->malformed = balance.malformed;
    law->orphan_fragments = tally->orphan_fragments;
    law->shed = tally->shed;
    law->unreported = tally->unreported;
    law->balance_frames =
        (int64_t)(law->seen.frames + law->carried_over.frames - law->protocols.frames -
                  law->unknown.frames - law->non_ip.frames - law->malformed.frames -
                  law->orphan_fragments.frames - law->shed.frames - law->unreported.frames);
    law->balance_bytes =
        (int64_t)(law->seen.bytes + law->carried_over.bytes - law->protocols.bytes -
                  law->unknown.bytes - law->non_ip.bytes - law->malformed.bytes -
                  law->orphan_fragments.bytes - law->shed.bytes - law->unreported.bytes);
}

static int context_check(const struct report_context *context, const struct tally *tally,
                         struct error *error)
{
    if (context->min_endpoints > TALLY_HOST_BITS)
        return error_set(error, EINVAL,
                         "--min-endpoints %u: addresses are told apart up to %d; give that or less",
                         context->min_endpoints, TALLY_HOST_BITS);
    if (tally->protocol_count != protocols_count(context->protocols))
        return error_set(error, EINVAL, "tally of %u protocols reported with names for %u",
                         tally->protocol_count, protocols_count(context->protocols));
    return 0;
}

int report_new(struct report **report, const struct report_context *context,
               const struct tally *tally, struct error *error)
{
    *report = NULL;
    const int status = context_check(context, tally, error);
    if (status)
        return status;
    struct report *made = calloc(1, sizeof *made);
    if (!made)
        goto fail;
    *made = (struct report){.context = *context, .tally = tally};
    made->rows = calloc((size_t)tally->protocol_count + 1, sizeof *made->rows);
    made->non_ip = calloc((size_t)tally->protocol_count + 1, sizeof *made->non_ip);
    if (!made->rows || !made->non_ip)
        goto fail;
    if (context->headers_model && report_headers_new(&made->headers, context, tally))
        goto fail;
    rows_collect(made);
    non_ip_collect(made);
    time_set(made);
    conservation_set(made);
    *report = made;
    return 0;
fail:
    report_free(made);
    return error_set(error, ENOMEM, "not enough memory for a report of %u protocols",
                     tally->protocol_count);
}

void report_free(struct report *report)
{
    if (!report)
        return;
    free(report->rows);
    free(report->non_ip);
    report_headers_free(report->headers);
    free(report);
}

bool report_is_conserved(const struct report *report)
{
    return report->conservation.balance_frames == 0 && report->conservation.balance_bytes == 0;
}

static const char *const format_names[REPORT_FORMATS] = {
    [REPORT_TABLE] = "table",           [REPORT_JSON] = "json",
    [REPORT_NDJSON] = "ndjson",         [REPORT_CSV] = "csv",
    [REPORT_PROMETHEUS] = "prometheus",
};

const char *report_format_name(enum report_format format)
{
    return format_names[format];
}

int report_format_find(const char *name)
{
    for (int format = 0; format < REPORT_FORMATS; format++) {
        if (strcmp(format_names[format], name) == 0)
            return format;
    }
    return -1;
}

int report_write(const struct report *report, enum report_format format,
                 const struct report_style *style, FILE *out)
{
    switch (format) {
    case REPORT_TABLE:
        report_table_write(report, style, out);
        break;
    case REPORT_JSON:
    case REPORT_NDJSON:
        report_json_write(report, format == REPORT_JSON, out);
        break;
    case REPORT_CSV:
        report_csv_write(report, style->is_first, out);
        break;
    case REPORT_PROMETHEUS:
        report_prometheus_write(report, out);
        break;
    case REPORT_FORMATS:
        break;
    }
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
