/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes reports: any tally whose law holds is written in every form, the JSON parses, and its
 * totals are the tally's. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "ctl/report.h"
#include "require.h"

/* A number that one byte makes small, large or anything; 0 when the input is used up. */
static uint64_t take_number(struct cursor *input, bool is_large)
{
    const uint8_t *byte = cursor_take(input, 1);
    if (!byte)
        return 0;
    const unsigned shift = byte[0] >> 2 & 63;
    const uint64_t number = (uint64_t)byte[0] << shift;
    return is_large ? (number | (byte[0] & 1 ? UINT64_MAX << shift : 0)) : number & 0xffffffffff;
}

static struct tally_count take_count(struct cursor *input, struct tally *tally, bool is_large)
{
    const uint64_t frames = take_number(input, is_large);
    const struct tally_count count = {frames, take_number(input, is_large)};
    tally->seen.frames += count.frames;
    tally->seen.bytes += count.bytes;
    return count;
}

static void take_cell(struct cursor *input, struct tally *tally, struct tally_cell *cell,
                      bool is_large)
{
    const struct tally_count count = take_count(input, tally, is_large);
    cell->packets = count.frames;
    cell->bytes = count.bytes;
    cell->flows = take_number(input, is_large);
    tally->flows.ended += cell->flows;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        cell->by_tier[tier].flows = take_number(input, is_large);
        cell->by_tier[tier].bytes = take_number(input, is_large);
    }
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        cell->packets_before_verdict[step] = take_number(input, is_large);
    cell->bytes_before_verdict = take_number(input, is_large);
    cell->hosts[0] = take_number(input, true);
}

/* All of a tally but its protocols. */
static void take_rest(struct cursor *input, struct tally *tally, bool is_large)
{
    tally->orphan_fragments = take_count(input, tally, is_large);
    tally->unreported = take_count(input, tally, is_large);
    for (unsigned i = PACKET_MALFORMED_FIRST; i < PACKET_OUTCOMES; i++)
        tally->malformed[i] = take_count(input, tally, is_large);
    for (unsigned i = 0; i < ENCAPSULATIONS; i++)
        tally->encapsulated[i] = take_number(input, is_large);
    if (tally->seen.frames && tally->seen.bytes) {
        tally->carried_over = (struct tally_count){1, 1};
        tally->seen.frames--;
        tally->seen.bytes--;
    }
    tally->first_ns = take_number(input, true);
    tally->last_ns = take_number(input, true);
    tally->interval_ns = take_number(input, true);
    tally->truncated = take_number(input, is_large);
    tally->flows.active = take_number(input, is_large);
    tally->dropped.nic = take_number(input, is_large);
    tally->agreement[TIER_PORTS][TIER_HEADERS].same_bytes = take_number(input, is_large);
}

static char *written(const struct report *report, enum report_format format,
                     const struct report_style *style)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    require(out != NULL);
    require(report_write(report, format, style, out) == 0);
    fclose(out);
    require(length > 0 && strlen(text) == length && text[length - 1] == '\n');
    return text;
}

static uint64_t number(const json_t *object, const char *key)
{
    const json_t *found = json_object_get(object, key);
    require(json_is_integer(found));
    return (uint64_t)json_integer_value(found);
}

static void check_law(const json_t *json, const char *unit, const struct tally_count *seen,
                      bool wants_bytes)
{
    const json_t *law = json_object_get(json_object_get(json, "conservation"), unit);
    require(number(law, "seen") == (wants_bytes ? seen->bytes : seen->frames));
    require(number(law, "balance") == 0);
    const json_t *rows = json_object_get(json, "protocols");
    uint64_t total = 0;
    for (size_t i = 0; i < json_array_size(rows); i++)
        total += number(json_array_get(rows, i), wants_bytes ? "bytes" : "packets");
    require(total == number(law, "protocols") + number(law, "unknown"));
    require(number(law, "seen") + number(law, "carried_over") ==
            total + number(law, "non_ip") + number(law, "malformed") +
                number(law, "orphan_fragments") + number(law, "unreported"));
}

static void check_json(const struct report *report, const char *text, bool is_large)
{
    /* jansson's integers end at INT64_MAX: beyond, only the grammar is checked */
    json_t *json =
        json_loads(text, JSON_REJECT_DUPLICATES | (is_large ? JSON_DECODE_INT_AS_REAL : 0), NULL);
    require(json != NULL);
    if (!is_large) {
        check_law(json, "frames", &report->tally->seen, false);
        check_law(json, "bytes", &report->tally->seen, true);
        const json_t *rows = json_object_get(json, "protocols");
        uint64_t flows = 0;
        for (size_t i = 0; i < json_array_size(rows); i++)
            flows += number(json_array_get(rows, i), "flows");
        require(flows == report->tally->flows.ended);
    }
    json_decref(json);
}

/* Protocols of the table, made once. */
static const struct protocols *all_protocols(void)
{
    static struct protocols *protocols;
    if (!protocols)
        require(protocols_new(&protocols, NULL) == 0);
    return protocols;
}

static void check_report(const struct report_context *context, const struct tally *tally,
                         const struct report_style *style, bool is_large)
{
    struct report *report;
    require(report_new(&report, context, tally, NULL) == 0);
    require(report_is_conserved(report));
    for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
        char *text = written(report, format, style);
        if (format == REPORT_JSON || format == REPORT_NDJSON)
            check_json(report, text, is_large);
        free(text);
    }
    report_free(report);
}

/* Input: flags, tiers, threshold, width; then protocols as (id, numbers) and the rest; what is
 * missing is zero. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct cursor input = cursor_over(bytes, length);
    const uint8_t *head = cursor_take(&input, 5);
    if (!head)
        return 0;
    const bool is_large = head[0] & 1;
    const struct protocols *protocols = all_protocols();
    struct tally *tally;
    require(tally_new(&tally, protocols_count(protocols), NULL) == 0);
    for (unsigned i = 0; i < head[4] % 16; i++) {
        const uint8_t *id = cursor_take(&input, 2);
        if (!id)
            break;
        const unsigned protocol = load_be16(id) % tally->protocol_count;
        if (tally->cells[protocol].packets == 0 && tally->cells[protocol].bytes == 0 &&
            tally->cells[protocol].flows == 0)
            take_cell(&input, tally, &tally->cells[protocol], is_large);
        else if (tally->non_ip[protocol].frames == 0 && tally->non_ip[protocol].bytes == 0)
            tally->non_ip[protocol] = take_count(&input, tally, is_large);
    }
    take_rest(&input, tally, is_large);
    const struct report_context context = {.source_kind = "pcap",
                                           .link = "file",
                                           .tiers = head[1] % (1U << TIERS),
                                           .min_endpoints = head[2],
                                           .interval_ns = head[0] & 2 ? 1000000000 : 0,
                                           .protocols = protocols};
    const struct report_style style = {.has_colour = head[0] & 4,
                                       .has_unicode = head[0] & 8,
                                       .columns = head[3],
                                       .is_first = head[0] & 16};
    check_report(&context, tally, &style, is_large);
    tally_free(tally);
    return 0;
}
