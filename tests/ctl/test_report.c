/* SPDX-License-Identifier: BSD-3-Clause */
/* Reports: every form against the tally it was made from, and against the other forms. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl/report.h"
#include "report_forms.h"
#include "skip.h"
#include "suites.h"

static const struct report_style plain = {.is_first = true};
static const uint64_t second_ns = 1000000000;

enum { ALL_TIERS = (1 << TIERS) - 1 };

/* ---- tallies to report ---- */

struct fixture {
    struct protocols *protocols;
    struct tally *tally;
    struct report_context context;
    struct report *report;
};

static void fixture_begin(struct fixture *fixture)
{
    *fixture = (struct fixture){0};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&fixture->protocols, NULL), 0);
    const unsigned count = protocols_count(fixture->protocols);
    CU_ASSERT_EQUAL_FATAL(tally_new(&fixture->tally, count, NULL), 0);
    fixture->context = (struct report_context){
        .source_kind = "pcap", .link = "file", .tiers = ALL_TIERS, .protocols = fixture->protocols};
}

static void fixture_report(struct fixture *fixture)
{
    report_free(fixture->report);
    CU_ASSERT_EQUAL_FATAL(report_new(&fixture->report, &fixture->context, fixture->tally, NULL), 0);
}

static void fixture_end(struct fixture *fixture)
{
    report_free(fixture->report);
    tally_free(fixture->tally);
    protocols_free(fixture->protocols);
}

static struct tally_cell *cell_of(const struct fixture *fixture, const char *name)
{
    const int id = protocols_find(fixture->protocols, name);
    CU_ASSERT_FATAL(id >= 0);
    return &fixture->tally->cells[id];
}

static void see(struct tally *tally, uint64_t frames, uint64_t bytes)
{
    tally->seen.frames += frames;
    tally->seen.bytes += bytes;
}

static void fill_cell(const struct fixture *fixture, const char *name, uint64_t packets,
                      uint64_t bytes, uint64_t flows, unsigned hosts)
{
    struct tally_cell *cell = cell_of(fixture, name);
    cell->packets = packets;
    cell->bytes = bytes;
    cell->flows = flows;
    for (unsigned host = 0; host < hosts; host++)
        cell->hosts[host / 64] |= UINT64_C(1) << host % 64;
    see(fixture->tally, packets, bytes);
    fixture->tally->flows.ended += flows;
}

/* splitmix64: the same tallies in every run. */
static uint64_t draw(uint64_t *state, uint64_t below)
{
    uint64_t mixed = *state += UINT64_C(0x9e3779b97f4a7c15);
    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
    return (mixed ^ mixed >> 31) % below;
}

static struct tally_count draw_count(uint64_t *state, struct tally *tally)
{
    const struct tally_count count = {draw(state, 1000), draw(state, 1000000000)};
    see(tally, count.frames, count.bytes);
    return count;
}

static void draw_cell(uint64_t *state, struct tally *tally, struct tally_cell *cell)
{
    const struct tally_count count = draw_count(state, tally);
    cell->packets = count.frames;
    cell->bytes = count.bytes;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        cell->by_tier[tier].flows = draw(state, 50);
        cell->by_tier[tier].bytes = draw(state, count.bytes / TIERS + 1);
        cell->flows += cell->by_tier[tier].flows;
    }
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        cell->packets_before_verdict[step] = draw(state, 100);
    cell->bytes_before_verdict = draw(state, 100000);
    for (uint64_t hosts = draw(state, 12); hosts > 0; hosts--)
        cell->hosts[hosts] = 1;
    tally->flows.ended += cell->flows;
}

static void draw_rest(uint64_t *state, struct tally *tally)
{
    for (unsigned i = 0; i < PACKET_OUTCOMES; i++) {
        if (i >= PACKET_MALFORMED_FIRST && draw(state, 2))
            tally->malformed[i] = draw_count(state, tally);
    }
    for (unsigned i = 0; i < ENCAPSULATIONS; i++)
        tally->encapsulated[i] = draw(state, 2) * draw(state, 100000);
    tally->orphan_fragments = draw_count(state, tally);
    tally->shed = draw_count(state, tally);
    tally->unreported = draw_count(state, tally);
    tally->carried_over = (struct tally_count){draw(state, 100), draw(state, 10000)};
    tally->seen.frames -= tally->carried_over.frames;
    tally->seen.bytes -= tally->carried_over.bytes;
    tally->truncated = draw(state, 100);
    tally->fragments = draw(state, 100);
    tally->tunnels_not_entered = draw(state, 100);
    tally->dropped = (struct tally_losses){draw(state, 100), draw(state, 100), draw(state, 100),
                                           draw(state, 100)};
    tally->flows.evicted = draw(state, 100);
    tally->flows.cut = draw(state, 100);
    tally->flows.one_way = draw(state, 100);
    tally->flows.active = draw(state, 100);
    tally->first_ns = 1 + draw(state, second_ns * second_ns);
    tally->last_ns = tally->first_ns + draw(state, 3600 * second_ns);
}

/* A tally of anything that can be counted; the law holds. */
static void draw_tally(const struct fixture *fixture, uint64_t seed)
{
    uint64_t state = seed;
    struct tally *tally = fixture->tally;
    tally_clear(tally);
    for (unsigned id = 0; id < tally->protocol_count; id++) {
        if (draw(&state, 3) == 0)
            draw_cell(&state, tally, &tally->cells[id]);
        if (draw(&state, 8) == 0)
            tally->non_ip[id] = draw_count(&state, tally);
    }
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = weaker + 1; stronger < TIERS; stronger++)
            tally->agreement[weaker][stronger] = (struct tally_agreement){
                draw(&state, 100), draw(&state, 100), draw(&state, 100), draw(&state, 100)};
    }
    draw_rest(&state, tally);
}

/* ---- reading forms back ---- */

static char *written(const struct fixture *fixture, enum report_format format,
                     const struct report_style *style)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    CU_ASSERT_EQUAL(report_write(fixture->report, format, style, out), 0);
    fclose(out);
    CU_ASSERT_EQUAL(strlen(text), length);
    CU_ASSERT_FATAL(length > 0);
    CU_ASSERT_EQUAL(text[length - 1], '\n');
    return text;
}

static json_t *written_json(const struct fixture *fixture)
{
    char *text = written(fixture, REPORT_JSON, &plain);
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(json);
    free(text);
    return json;
}

static const json_t *member(const json_t *object, const char *key)
{
    const json_t *found = json_object_get(object, key);
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

static uint64_t number(const json_t *object, const char *key)
{
    const json_t *found = member(object, key);
    CU_ASSERT_TRUE(json_is_integer(found));
    return (uint64_t)json_integer_value(found);
}

static const char *string(const json_t *object, const char *key)
{
    const char *found = json_string_value(member(object, key));
    CU_ASSERT_PTR_NOT_NULL_FATAL(found);
    return found;
}

static uint64_t sum(const json_t *array, const char *key)
{
    uint64_t total = 0;
    for (size_t i = 0; i < json_array_size(array); i++)
        total += number(json_array_get(array, i), key);
    return total;
}

/* ---- JSON against the tally ---- */

static void compare_cell(const json_t *row, const struct tally_cell *cell)
{
    CU_ASSERT_EQUAL(number(row, "packets"), cell->packets);
    CU_ASSERT_EQUAL(number(row, "bytes"), cell->bytes);
    CU_ASSERT_EQUAL(number(row, "flows"), cell->flows);
    CU_ASSERT_EQUAL(number(row, "bytes_before_verdict"), cell->bytes_before_verdict);
    const json_t *by_tier = member(row, "by_tier");
    CU_ASSERT_EQUAL(json_object_size(by_tier), TIERS);
    for (unsigned tier = 0; tier < TIERS; tier++) {
        const json_t *at = member(by_tier, tier_name(tier));
        CU_ASSERT_EQUAL(number(at, "flows"), cell->by_tier[tier].flows);
        CU_ASSERT_EQUAL(number(at, "bytes"), cell->by_tier[tier].bytes);
    }
    static const char *const steps[VERDICT_STEPS] = {"1", "2", "4", "8", "16", "32", "more"};
    const json_t *before = member(row, "packets_before_verdict");
    CU_ASSERT_EQUAL(json_object_size(before), VERDICT_STEPS);
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        CU_ASSERT_EQUAL(number(before, steps[step]), cell->packets_before_verdict[step]);
}

static void cell_sum(struct tally_cell *into, const struct tally_cell *from)
{
    into->packets += from->packets;
    into->bytes += from->bytes;
    into->flows += from->flows;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        into->by_tier[tier].flows += from->by_tier[tier].flows;
        into->by_tier[tier].bytes += from->by_tier[tier].bytes;
    }
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        into->packets_before_verdict[step] += from->packets_before_verdict[step];
    into->bytes_before_verdict += from->bytes_before_verdict;
}

static const json_t *row_named(const json_t *rows, const char *name)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i);
        if (strcmp(string(row, "protocol"), name) == 0)
            return row;
    }
    return NULL;
}

/* Each cell is a row, or part of the row `withheld`, or empty; and there is no other row. */
static void compare_protocols(const struct fixture *fixture, const json_t *json)
{
    const json_t *rows = member(json, "protocols");
    struct tally_cell withheld = {0};
    uint64_t withheld_count = 0;
    size_t row_count = 0;
    for (unsigned id = 0; id < fixture->tally->protocol_count; id++) {
        const struct protocol *protocol = protocols_get(fixture->protocols, id);
        const struct tally_cell *cell = &fixture->tally->cells[id];
        const json_t *row = row_named(rows, protocol->name);
        const bool is_empty = !cell->packets && !cell->bytes && !cell->flows;
        if (!is_empty && tally_cell_hosts(cell) < fixture->context.min_endpoints) {
            CU_ASSERT_PTR_NULL(row);
            cell_sum(&withheld, cell);
            withheld_count++;
        } else if (!is_empty || id == PROTOCOL_UNKNOWN) {
            CU_ASSERT_PTR_NOT_NULL_FATAL(row);
            CU_ASSERT_STRING_EQUAL(string(row, "category"), category_name(protocol->category));
            compare_cell(row, cell);
            row_count++;
        }
    }
    if (withheld_count)
        compare_cell(row_named(rows, "withheld"), &withheld);
    CU_ASSERT_EQUAL(json_array_size(rows), row_count + (withheld_count > 0));
    const json_t *privacy = member(json, "privacy");
    CU_ASSERT_EQUAL(number(privacy, "cells_withheld"), withheld_count);
    CU_ASSERT_EQUAL(number(privacy, "min_endpoints"), fixture->context.min_endpoints);
}

static void compare_frames(const struct tally *tally, const json_t *frames)
{
    CU_ASSERT_EQUAL(number(frames, "seen"), tally->seen.frames);
    CU_ASSERT_EQUAL(number(frames, "bytes"), tally->seen.bytes);
    CU_ASSERT_EQUAL(number(frames, "orphan_fragments"), tally->orphan_fragments.frames);
    CU_ASSERT_EQUAL(number(frames, "shed"), tally->shed.frames);
    CU_ASSERT_EQUAL(number(frames, "unreported"), tally->unreported.frames);
    CU_ASSERT_EQUAL(number(frames, "carried_over"), tally->carried_over.frames);
    CU_ASSERT_EQUAL(number(frames, "truncated"), tally->truncated);
    CU_ASSERT_EQUAL(number(frames, "fragments"), tally->fragments);
    CU_ASSERT_EQUAL(number(frames, "tunnels_not_entered"), tally->tunnels_not_entered);
    const json_t *dropped = member(frames, "dropped");
    CU_ASSERT_EQUAL(number(dropped, "nic"), tally->dropped.nic);
    CU_ASSERT_EQUAL(number(dropped, "kernel"), tally->dropped.kernel);
    CU_ASSERT_EQUAL(number(dropped, "source"), tally->dropped.source);
    CU_ASSERT_EQUAL(number(dropped, "forward"), tally->dropped.forward);
    size_t kinds = 0;
    const json_t *malformed = member(frames, "malformed");
    for (unsigned i = PACKET_MALFORMED_FIRST; i < PACKET_OUTCOMES; i++) {
        if (tally->malformed[i].frames == 0)
            continue;
        CU_ASSERT_EQUAL(number(malformed, packet_outcome_name(i)), tally->malformed[i].frames);
        kinds++;
    }
    CU_ASSERT_EQUAL(json_object_size(malformed), kinds);
    kinds = 0;
    const json_t *encapsulations = member(frames, "encapsulations");
    for (unsigned i = 0; i < ENCAPSULATIONS; i++) {
        if (tally->encapsulated[i] == 0)
            continue;
        CU_ASSERT_EQUAL(number(encapsulations, encapsulation_name(i)), tally->encapsulated[i]);
        kinds++;
    }
    CU_ASSERT_EQUAL(json_object_size(encapsulations), kinds);
}

static void compare_non_ip(const struct fixture *fixture, const json_t *json)
{
    const json_t *rows = member(json, "non_ip");
    size_t row_count = 0;
    uint64_t frames = 0;
    for (unsigned id = 0; id < fixture->tally->protocol_count; id++) {
        const struct tally_count count = fixture->tally->non_ip[id];
        if (count.frames == 0 && count.bytes == 0)
            continue;
        const json_t *row = row_named(rows, protocols_get(fixture->protocols, id)->name);
        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        CU_ASSERT_EQUAL(number(row, "frames"), count.frames);
        CU_ASSERT_EQUAL(number(row, "bytes"), count.bytes);
        frames += count.frames;
        row_count++;
    }
    CU_ASSERT_EQUAL(json_array_size(rows), row_count);
    CU_ASSERT_EQUAL(number(member(json, "frames"), "non_ip"), frames);
}

static void compare_flows(const struct tally_flows *flows, const json_t *json)
{
    CU_ASSERT_EQUAL(number(json, "ended"), flows->ended);
    CU_ASSERT_EQUAL(number(json, "active"), flows->active);
    CU_ASSERT_EQUAL(number(json, "evicted"), flows->evicted);
    CU_ASSERT_EQUAL(number(json, "cut"), flows->cut);
    CU_ASSERT_EQUAL(number(json, "one_way"), flows->one_way);
}

static void compare_agreement(const struct fixture *fixture, const json_t *entries)
{
    size_t at = 0;
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = weaker + 1; stronger < TIERS; stronger++) {
            if (!(fixture->context.tiers >> weaker & fixture->context.tiers >> stronger & 1))
                continue;
            const struct tally_agreement *pair = &fixture->tally->agreement[weaker][stronger];
            const json_t *entry = json_array_get(entries, at++);
            const json_t *names = member(entry, "pair");
            CU_ASSERT_EQUAL(json_array_size(names), 2);
            CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(names, 0)), tier_name(weaker));
            CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(names, 1)),
                                   tier_name(stronger));
            CU_ASSERT_EQUAL(number(entry, "same_flows"), pair->same_flows);
            CU_ASSERT_EQUAL(number(entry, "different_flows"), pair->different_flows);
            CU_ASSERT_EQUAL(number(entry, "same_bytes"), pair->same_bytes);
            CU_ASSERT_EQUAL(number(entry, "different_bytes"), pair->different_bytes);
        }
    }
    CU_ASSERT_EQUAL(json_array_size(entries), at);
}

static void compare_conservation(const json_t *law, const json_t *rows, const char *unit)
{
    const json_t *unknown = row_named(rows, "unknown");
    const uint64_t unknown_count = unknown ? number(unknown, unit) : 0;
    CU_ASSERT_EQUAL(number(law, "unknown"), unknown_count);
    CU_ASSERT_EQUAL(number(law, "protocols") + unknown_count, sum(rows, unit));
    CU_ASSERT_EQUAL(number(law, "seen") + number(law, "carried_over"),
                    number(law, "protocols") + number(law, "unknown") + number(law, "non_ip") +
                        number(law, "malformed") + number(law, "orphan_fragments") +
                        number(law, "shed") + number(law, "unreported"));
    CU_ASSERT_EQUAL(number(law, "balance"), 0);
    CU_ASSERT_EQUAL(json_object_size(law), 10);
}

static void compare_json(const struct fixture *fixture)
{
    json_t *json = written_json(fixture);
    CU_ASSERT_STRING_EQUAL(string(json, "schema"), "glassbox.report/1");
    CU_ASSERT_EQUAL(json_object_size(json), 14);
    compare_protocols(fixture, json);
    compare_frames(fixture->tally, member(json, "frames"));
    compare_non_ip(fixture, json);
    compare_flows(&fixture->tally->flows, member(json, "flows"));
    compare_agreement(fixture, member(member(json, "tiers"), "agreement"));
    const json_t *law = member(json, "conservation");
    const json_t *rows = member(json, "protocols");
    compare_conservation(member(law, "frames"), rows, "packets");
    compare_conservation(member(law, "bytes"), rows, "bytes");
    CU_ASSERT_EQUAL(number(member(law, "bytes"), "non_ip"), sum(member(json, "non_ip"), "bytes"));
    CU_ASSERT_EQUAL(sum(rows, "flows"), fixture->tally->flows.ended);
    CU_ASSERT_EQUAL(json_array_size(member(json, "services")), 0);
    CU_ASSERT_TRUE(json_is_null(member(json, "model")));
    CU_ASSERT_TRUE(json_is_null(member(json, "rules")));
    json_decref(json);
}

static void test_json_says_what_the_tally_says(void)
{
    static const unsigned thresholds[] = {0, 1, 3, 6, TALLY_HOST_BITS};
    struct fixture fixture;
    fixture_begin(&fixture);
    for (uint64_t seed = 1; seed <= 20; seed++) {
        draw_tally(&fixture, seed);
        fixture.context.tiers = (unsigned)seed % (ALL_TIERS + 1);
        fixture.context.min_endpoints = thresholds[seed % (sizeof thresholds / sizeof *thresholds)];
        fixture_report(&fixture);
        compare_json(&fixture);
    }
    fixture_end(&fixture);
}

static void test_ndjson_is_json_on_one_line(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    draw_tally(&fixture, 7);
    fixture_report(&fixture);
    char *line = written(&fixture, REPORT_NDJSON, &plain);
    CU_ASSERT_PTR_EQUAL(strchr(line, '\n'), line + strlen(line) - 1);
    json_t *compact = json_loads(line, 0, NULL);
    json_t *pretty = written_json(&fixture);
    CU_ASSERT_TRUE(json_equal(compact, pretty));
    json_decref(compact);
    json_decref(pretty);
    free(line);
    fixture_end(&fixture);
}

static void test_rows_are_sorted(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    draw_tally(&fixture, 3);
    fill_cell(&fixture, "dns", 5, 12345, 1, 1);
    fill_cell(&fixture, "bittorrent", 4, 12345, 1, 1);
    fixture_report(&fixture);
    const struct report *report = fixture.report;
    for (unsigned i = 1; i < report->row_count; i++) {
        const struct report_row *before = &report->rows[i - 1];
        const struct report_row *row = &report->rows[i];
        CU_ASSERT(before->cell.bytes > row->cell.bytes ||
                  (before->cell.bytes == row->cell.bytes && strcmp(before->name, row->name) < 0));
    }
    for (unsigned i = 1; i < report->non_ip_count; i++)
        CU_ASSERT(report->non_ip[i - 1].count.bytes >= report->non_ip[i].count.bytes);
    fixture_end(&fixture);
}

/* ---- withholding ---- */

static void test_withheld_is_the_sum(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    fill_cell(&fixture, "bittorrent", 10, 1000, 3, 5);
    fill_cell(&fixture, "dns", 4, 400, 2, 4);
    fill_cell(&fixture, "ssh", 2, 200, 1, 1);
    fixture.context.min_endpoints = 5;
    fixture_report(&fixture);
    CU_ASSERT_EQUAL(fixture.report->cells_withheld, 2);
    CU_ASSERT_EQUAL_FATAL(fixture.report->row_count, 3);
    CU_ASSERT_STRING_EQUAL(fixture.report->rows[0].name, "bittorrent");
    CU_ASSERT_STRING_EQUAL(fixture.report->rows[1].name, "withheld");
    CU_ASSERT_STRING_EQUAL(fixture.report->rows[1].category, "unknown");
    CU_ASSERT_EQUAL(fixture.report->rows[1].cell.packets, 6);
    CU_ASSERT_EQUAL(fixture.report->rows[1].cell.bytes, 600);
    CU_ASSERT_EQUAL(fixture.report->rows[1].cell.flows, 3);
    CU_ASSERT_STRING_EQUAL(fixture.report->rows[2].name, "unknown");
    CU_ASSERT_TRUE(report_is_conserved(fixture.report));
    fixture_end(&fixture);
}

/* No form may give a withheld protocol's name or, for `unknown`, its size. */
static void test_withheld_shows_nowhere(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    fill_cell(&fixture, "unknown", 7777, 5555, 3333, 1);
    fill_cell(&fixture, "bittorrent", 4, 400, 2, 1);
    fixture.context.min_endpoints = 2;
    fixture_report(&fixture);
    CU_ASSERT_EQUAL(fixture.report->row_count, 1);
    CU_ASSERT_EQUAL(fixture.report->conservation.unknown.frames, 0);
    CU_ASSERT_TRUE(report_is_conserved(fixture.report));
    for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
        char *text = written(&fixture, format, &plain);
        CU_ASSERT_PTR_NULL(strstr(text, "bittorrent"));
        CU_ASSERT_PTR_NULL(strstr(text, "7777"));
        CU_ASSERT_PTR_NULL(strstr(text, "7,777"));
        CU_ASSERT_PTR_NULL(strstr(text, "5555"));
        CU_ASSERT_PTR_NULL(strstr(text, "3333"));
        free(text);
    }
    fixture_end(&fixture);
}

/* ---- services ---- */

static void hear(void *context, const struct error *error)
{
    (void)context;
    printf("\n    %s", error->text);
    CU_FAIL("services that are not good");
}

static void fill_service(const struct fixture *fixture, const char *name, uint64_t packets,
                         unsigned hosts)
{
    const int id = services_find(fixture->context.services, name);
    CU_ASSERT_FATAL(id >= 0);
    struct tally_service *service = &fixture->tally->services[id];
    *service = (struct tally_service){.packets = packets, .bytes = packets * 100, .flows = 3};
    for (unsigned host = 0; host < hosts; host++)
        service->hosts[host / 64] |= UINT64_C(1) << host % 64;
}

static struct services *some_services(void)
{
    static const char list[] = "service tube category video\nsuffix tube.example\n"
                               "service rare category adult\nsuffix rare.example\n"
                               "service seldom category news\nsuffix seldom.example\n";
    struct services *services;
    CU_ASSERT_EQUAL_FATAL(services_new(&services, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(services_read(services, list, strlen(list), hear, NULL), 0);
    return services;
}

/* The few are summed up, named nowhere, and nothing gets lost. */
static void test_services_in_every_form(void)
{
    struct fixture fixture;
    struct services *services = some_services();
    fixture_begin(&fixture);
    fixture.context.services = services;
    fixture.context.min_endpoints = 2;
    fill_service(&fixture, "tube", 50, 9);
    fill_service(&fixture, "rare", 70, 1);
    fill_service(&fixture, "seldom", 7, 1);
    fixture_report(&fixture);
    CU_ASSERT_EQUAL_FATAL(fixture.report->service_count, 2);
    CU_ASSERT_EQUAL(fixture.report->services_withheld, 2);
    CU_ASSERT_STRING_EQUAL(fixture.report->services[0].name, "withheld");
    CU_ASSERT_EQUAL(fixture.report->services[0].count.bytes, 7700);
    CU_ASSERT_EQUAL(fixture.report->services[0].count.flows, 6);
    static const char *const told[REPORT_FORMATS] = {
        [REPORT_TABLE] = "tube       video        3      50  5,000 B",
        [REPORT_JSON] = "\"service\": \"tube\"",
        [REPORT_NDJSON] = "{\"service\":\"tube\",\"category\":\"video\",\"packets\":50,",
        [REPORT_CSV] = ",service_bytes,tube,video,,,,5000,",
        [REPORT_PROMETHEUS] =
            "glassbox_service_bytes_total{service=\"tube\",category=\"video\"} 5000\n",
    };
    for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
        char *text = written(&fixture, format, &plain);
        CU_ASSERT_PTR_NULL(strstr(text, "rare"));
        CU_ASSERT_PTR_NULL(strstr(text, "seldom"));
        CU_ASSERT_PTR_NULL(strstr(text, "adult"));
        const bool is_told = strstr(text, told[format]) != NULL;
        if (!is_told)
            printf("\n%s\n", text);
        CU_ASSERT_TRUE(is_told);
        free(text);
    }
    fixture_end(&fixture);
    services_free(services);
}

static void test_signature_counts_in_every_form(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture.tally->signatures = (struct tally_signatures){.payloads = 11,
                                                          .bytes = 2222,
                                                          .watches_lost = 33,
                                                          .named = 44,
                                                          .named_lost = 55,
                                                          .related_flows = 66};
    static const char *const told[REPORT_FORMATS] = {
        [REPORT_TABLE] = "11 read (33 flows given up), 44 endpoints named (55 lost), 66 flows",
        [REPORT_JSON] = "\"watches_lost\": 33",
        [REPORT_NDJSON] = ",\"signatures\":{\"payloads\":11,\"payload_bytes\":2222,",
        [REPORT_CSV] = ",signatures,endpoints_lost,,,,,55,",
        [REPORT_PROMETHEUS] = "\nglassbox_signature_endpoints_lost_total 55\n",
    };
    for (unsigned with = 0; with < 2; with++) {
        fixture.context.tiers = with ? ALL_TIERS : 1u << TIER_PORTS;
        fixture_report(&fixture);
        for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
            char *text = written(&fixture, format, &plain);
            CU_ASSERT_EQUAL(strstr(text, told[format]) != NULL, with);
            free(text);
        }
    }
    fixture_end(&fixture);
}

static void test_stochastic_counts_in_every_form(void)
{
    static const struct kiss_model model = {.name = "kisses", .site = "there", .sha256 = "abc"};
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture.tally->stochastic =
        (struct tally_stochastic){.endpoints = 77, .evicted = 8, .windows = 1234, .rejected = 56};
    static const char *const told[REPORT_FORMATS] = {
        [REPORT_TABLE] = "1,234 filled (56 like no protocol), 77 endpoints (8 evicted)",
        [REPORT_JSON] = "\"windows\": 1234",
        [REPORT_NDJSON] = ",\"endpoints\":77,\"evicted\":8,\"windows\":1234,\"rejected\":56}",
        [REPORT_CSV] = ",stochastic,rejected,,,,,56,",
        [REPORT_PROMETHEUS] = "\nglassbox_stochastic_windows_total 1234\n",
    };
    static const char info[] =
        "\nglassbox_stochastic_model_info{name=\"kisses\",site=\"there\",sha256=\"abc\"} 1\n";
    for (unsigned with = 0; with < 2; with++) {
        fixture.context.tiers = with ? ALL_TIERS : 1u << TIER_PORTS;
        fixture.context.kiss_model = with ? &model : NULL;
        fixture_report(&fixture);
        for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
            char *text = written(&fixture, format, &plain);
            CU_ASSERT_EQUAL(strstr(text, told[format]) != NULL, with);
            CU_ASSERT_EQUAL(strstr(text, info) != NULL, with && format == REPORT_PROMETHEUS);
            free(text);
        }
    }
    fixture_end(&fixture);
}

/* ---- times ---- */

static void test_interval(void)
{
    static const struct {
        uint64_t first_ns, last_ns, tally_start_ns, length_ns;
        const char *start, *end; /* null: JSON's null */
        const char *seconds;
    } cases[] = {
        {UINT64_MAX, 0, 0, 0, NULL, NULL, "\"seconds\": 0.0"},
        {UINT64_MAX, 0, 0, 60000000000, NULL, NULL, "\"seconds\": 0.0"},
        {0, 0, 0, 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "\"seconds\": 0.0"},
        {1, 60000000001, 0, 0, "1970-01-01T00:00:00.000000001Z", "1970-01-01T00:01:00.000000001Z",
         "\"seconds\": 60.0"},
        {1714564800250000000, 1714564800250000001, 0, 0, "2024-05-01T12:00:00.25Z",
         "2024-05-01T12:00:00.250000001Z", "\"seconds\": 0.000000001"},
        {1714564801000000000, 1714564802000000000, 1714564800000000000, 60500000000,
         "2024-05-01T12:00:00Z", "2024-05-01T12:01:00.5Z", "\"seconds\": 60.5"},
        {UINT64_MAX, 0, 1714564800000000000, 1000000000, "2024-05-01T12:00:00Z",
         "2024-05-01T12:00:01Z", "\"seconds\": 1.0"},
        {0, UINT64_MAX, 0, 0, "1970-01-01T00:00:00Z", "2554-07-21T23:34:33.709551615Z",
         "\"seconds\": 18446744073.709551615"},
        {5, 5, UINT64_MAX, UINT64_MAX, "2554-07-21T23:34:33.709551615Z",
         "2554-07-21T23:34:33.709551615Z", "\"seconds\": 0.0"},
    };
    struct fixture fixture;
    fixture_begin(&fixture);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fixture.tally->first_ns = cases[i].first_ns;
        fixture.tally->last_ns = cases[i].last_ns;
        fixture.tally->interval_ns = cases[i].tally_start_ns;
        fixture.context.interval_ns = cases[i].length_ns;
        fixture_report(&fixture);
        json_t *json = written_json(&fixture);
        const json_t *interval = member(json, "interval");
        CU_ASSERT_EQUAL(json_is_null(member(interval, "start")), cases[i].start == NULL);
        CU_ASSERT_EQUAL(json_is_null(member(interval, "end")), cases[i].end == NULL);
        if (cases[i].start) {
            CU_ASSERT_STRING_EQUAL(string(interval, "start"), cases[i].start);
            CU_ASSERT_STRING_EQUAL(string(interval, "end"), cases[i].end);
        }
        char *text = written(&fixture, REPORT_JSON, &plain);
        const char *seconds = strstr(text, cases[i].seconds);
        CU_ASSERT_PTR_NOT_NULL(seconds);
        CU_ASSERT_EQUAL(seconds ? seconds[strlen(cases[i].seconds)] : 0, '\n');
        free(text);
        json_decref(json);
    }
    fixture_end(&fixture);
}

/* ---- CSV and Prometheus ---- */

enum { CSV_KIND = 2, CSV_FRAMES = 5, CSV_BYTES = 6, CSV_FLOWS = 7, CSV_COLUMNS = 25 };

/* Splits a line without quotes in place. Returns how many fields it has. */
static unsigned csv_split(char *line, char *fields[CSV_COLUMNS])
{
    unsigned count = 0;
    for (char *field = line; field; count++) {
        char *comma = strchr(field, ',');
        if (comma)
            *comma++ = '\0';
        if (count < CSV_COLUMNS)
            fields[count] = field;
        field = comma;
    }
    return count;
}

/* Frames, bytes or flows of the CSV's rows of one kind; null: of all. Wraps like the tally does. */
static uint64_t csv_sum(const char *csv, const char *kind, unsigned column)
{
    uint64_t total = 0;
    char *copy = strdup(csv);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    char *rest = NULL;
    bool is_header = true;
    for (char *line = strtok_r(copy, "\r\n", &rest); line; line = strtok_r(NULL, "\r\n", &rest)) {
        char *fields[CSV_COLUMNS] = {0};
        CU_ASSERT_EQUAL_FATAL(csv_split(line, fields), CSV_COLUMNS);
        const char *line_kind = fields[CSV_KIND] ? fields[CSV_KIND] : "";
        const char *count = fields[column] ? fields[column] : "";
        if (!is_header && (!kind || strcmp(line_kind, kind) == 0))
            total += (uint64_t)strtoll(count, NULL, 10);
        is_header = false;
    }
    free(copy);
    return total;
}

/* The sum of a metric's samples that carry `label` (null: any). */
static uint64_t prometheus_sum(const char *text, const char *name, const char *label)
{
    uint64_t total = 0;
    char *copy = strdup(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    char *rest = NULL;
    const size_t length = strlen(name);
    for (char *line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(line, name, length) != 0 || !strchr("{ ", line[length]))
            continue;
        if (!label || strstr(line, label))
            total += strtoull(strrchr(line, ' ') + 1, NULL, 10);
    }
    free(copy);
    return total;
}

static void compare_csv(const struct fixture *fixture, const json_t *json, const char *csv)
{
    const json_t *frames = member(member(json, "conservation"), "frames");
    const json_t *bytes = member(member(json, "conservation"), "bytes");
    CU_ASSERT_EQUAL(csv_sum(csv, NULL, CSV_FRAMES), fixture->tally->seen.frames);
    CU_ASSERT_EQUAL(csv_sum(csv, NULL, CSV_BYTES), fixture->tally->seen.bytes);
    CU_ASSERT_EQUAL(csv_sum(csv, NULL, CSV_FLOWS), fixture->tally->flows.ended);
    static const char *const kinds[] = {"non_ip", "malformed", "orphan_fragments", "shed",
                                        "unreported"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        CU_ASSERT_EQUAL(csv_sum(csv, kinds[i], CSV_FRAMES), number(frames, kinds[i]));
        CU_ASSERT_EQUAL(csv_sum(csv, kinds[i], CSV_BYTES), number(bytes, kinds[i]));
    }
    CU_ASSERT_EQUAL(csv_sum(csv, "protocol", CSV_FRAMES),
                    number(frames, "protocols") + number(frames, "unknown"));
    CU_ASSERT_EQUAL(csv_sum(csv, "carried_over", CSV_BYTES),
                    (uint64_t)0 - number(bytes, "carried_over"));
}

static void compare_prometheus(const struct fixture *fixture, const json_t *json, const char *text)
{
    const json_t *rows = member(json, "protocols");
    const json_t *law = member(json, "conservation");
    const json_t *frames = member(law, "frames");
    const json_t *bytes = member(law, "bytes");
    const struct {
        const char *name;
        uint64_t total;
    } cases[] = {
        {"glassbox_seen_frames_total", fixture->tally->seen.frames},
        {"glassbox_seen_bytes_total", fixture->tally->seen.bytes},
        {"glassbox_protocol_packets_total", sum(rows, "packets")},
        {"glassbox_protocol_bytes_total", sum(rows, "bytes")},
        {"glassbox_protocol_flows_total", fixture->tally->flows.ended},
        {"glassbox_protocol_bytes_before_verdict_total", sum(rows, "bytes_before_verdict")},
        {"glassbox_non_ip_frames_total", number(frames, "non_ip")},
        {"glassbox_non_ip_bytes_total", number(bytes, "non_ip")},
        {"glassbox_malformed_frames_total", number(frames, "malformed")},
        {"glassbox_malformed_bytes_total", number(bytes, "malformed")},
        {"glassbox_orphan_fragment_bytes_total", number(bytes, "orphan_fragments")},
        {"glassbox_unreported_bytes", number(bytes, "unreported") - number(bytes, "carried_over")},
        {"glassbox_flows_active", fixture->tally->flows.active},
        {"glassbox_flows_ended_total", fixture->tally->flows.ended},
        {"glassbox_dropped_frames_total",
         fixture->tally->dropped.nic + fixture->tally->dropped.kernel +
             fixture->tally->dropped.source + fixture->tally->dropped.forward},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_EQUAL(prometheus_sum(text, cases[i].name, NULL), cases[i].total);
    for (unsigned tier = 0; tier < TIERS; tier++) {
        char label[REPORT_TEXT];
        uint64_t flows = 0;
        snprintf(label, sizeof label, "tier=\"%s\"", tier_name(tier));
        for (unsigned row = 0; row < fixture->report->row_count; row++)
            flows += fixture->report->rows[row].cell.by_tier[tier].flows;
        CU_ASSERT_EQUAL(prometheus_sum(text, "glassbox_verdict_flows_total", label), flows);
    }
}

static void test_forms_agree(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    for (uint64_t seed = 100; seed < 110; seed++) {
        draw_tally(&fixture, seed);
        fixture.context.min_endpoints = (unsigned)seed % 5;
        fixture_report(&fixture);
        json_t *json = written_json(&fixture);
        char *csv = written(&fixture, REPORT_CSV, &plain);
        char *prometheus = written(&fixture, REPORT_PROMETHEUS, &plain);
        compare_csv(&fixture, json, csv);
        compare_prometheus(&fixture, json, prometheus);
        free(prometheus);
        free(csv);
        json_decref(json);
    }
    fixture_end(&fixture);
}

static void test_csv_lines(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    draw_tally(&fixture, 5);
    fixture_report(&fixture);
    struct report_style later = plain;
    later.is_first = false;
    char *first = written(&fixture, REPORT_CSV, &plain);
    char *second = written(&fixture, REPORT_CSV, &later);
    CU_ASSERT_EQUAL(strncmp(first, "interval_start,", 15), 0);
    const char *body = strstr(first, "\r\n");
    CU_ASSERT_STRING_EQUAL(body ? body + 2 : "", second);
    for (const char *end = strchr(first, '\n'); end; end = strchr(end + 1, '\n'))
        CU_ASSERT_EQUAL(end[-1], '\r');
    free(second);
    free(first);
    fixture_end(&fixture);
}

/* Names come from our tables; the strings of the context are whatever the caller has. */
static void test_prometheus_escapes(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    fixture.context.source_kind = "a\"b\\c\nd";
    fixture_report(&fixture);
    char *text = written(&fixture, REPORT_PROMETHEUS, &plain);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "{kind=\"a\\\"b\\\\c\\nd\",link=\"file\""));
    free(text);
    fixture_end(&fixture);
}

/* promtool says nothing and exits 0, or what it says is a complaint. */
static void promtool_check(const char *text)
{
    char path[] = "/tmp/glassbox-test-XXXXXX";
    const int descriptor = mkstemp(path);
    CU_ASSERT_FATAL(descriptor >= 0);
    const size_t length = strlen(text);
    CU_ASSERT_EQUAL(write(descriptor, text, length), (ssize_t)length);
    close(descriptor);
    char command[128];
    snprintf(command, sizeof command, "promtool check metrics <%s 2>&1", path);
    FILE *tool = popen(command, "r"); /* NOLINT(cert-env33-c): a test, and a fixed command */
    CU_ASSERT_PTR_NOT_NULL(tool);
    if (!tool)
        return;
    char complaint[512];
    while (fgets(complaint, sizeof complaint, tool)) {
        printf("promtool: %s", complaint);
        CU_FAIL("promtool complains");
    }
    CU_ASSERT_EQUAL(pclose(tool), 0);
    unlink(path);
}

static void test_promtool(void)
{
    if (system("command -v promtool >/dev/null") != 0) { /* NOLINT(cert-env33-c) */
        test_skip("promtool (package prometheus) is not installed");
        return;
    }
    struct fixture fixture;
    fixture_begin(&fixture);
    for (uint64_t seed = 0; seed < 4; seed++) {
        if (seed > 0) /* the first one reports nothing at all */
            draw_tally(&fixture, seed);
        fixture.context.tiers = seed % 2 ? ALL_TIERS : 1U << TIER_PORTS;
        fixture_report(&fixture);
        char *text = written(&fixture, REPORT_PROMETHEUS, &plain);
        promtool_check(text);
        free(text);
    }
    fixture_end(&fixture);
}

/* ---- the table ---- */

/* The whole table, to be looked at. Its column of packets adds up to its last line: 9,976. */
static void test_table_golden(void)
{
    static const char expected[] =
        "2024-05-01 12:00:00 to 2024-05-01 12:01:00 UTC, 60.0 s\n"
        "source pcap, link file, tiers ports, headers\n"
        "\n"
        "protocol         category      flows packets    bytes  share        decided by\n"
        "--------------------------------------------------------------------------------\n"
        "bittorrent       p2p              12   9,900   6.0 MB  99.9% ###### headers+\n"
        "dns              dns              20      40  4,000 B   0.1%        ports guess\n"
        "arp              (not IP)                 20  1,200 B  <0.1%\n"
        "withheld         unknown           1       7    700 B  <0.1%\n"
        "unknown          unknown           0       0      0 B   0.0%\n"
        "tcp_header       (malformed)               3    180 B  <0.1%\n"
        "orphan fragments (no first)                2  2,000 B  <0.1%\n"
        "in open flows    (to come)                 5    500 B  <0.1%\n"
        "carried over     (from before)            -1   -100 B\n"
        "--------------------------------------------------------------------------------\n"
        "total seen                        33   9,976   6.0 MB\n"
        "\n"
        "bytes by headers 74.9%, ports guess 25.0%\n"
        "flows    33 ended (0 evicted, 0 cut, 0 one-way), 0 active\n"
        "frames   0 truncated, 0 fragments, 0 tunnels not entered\n"
        "inside   vxlan 12 k\n"
        "dropped  0 by the NIC, 17 by the kernel, 0 by the source\n"
        "withheld 1 protocol seen from fewer than 5 addresses\n"
        "check    conservation ok: every frame and byte is accounted for once\n";
    struct fixture fixture;
    fixture_begin(&fixture);
    fill_cell(&fixture, "bittorrent", 9900, 6000000, 12, 9);
    fill_cell(&fixture, "dns", 40, 4000, 20, 9);
    fill_cell(&fixture, "ssh", 7, 700, 1, 1);
    cell_of(&fixture, "bittorrent")->by_tier[TIER_HEADERS].bytes = 4500000;
    cell_of(&fixture, "bittorrent")->by_tier[TIER_PORTS].bytes = 1500000;
    cell_of(&fixture, "dns")->by_tier[TIER_PORTS].flows = 20;
    const int arp = protocols_find(fixture.protocols, "arp");
    CU_ASSERT_FATAL(arp >= 0);
    fixture.tally->non_ip[arp] = (struct tally_count){20, 1200};
    fixture.tally->malformed[PACKET_TCP_HEADER] = (struct tally_count){3, 180};
    fixture.tally->orphan_fragments = (struct tally_count){2, 2000};
    fixture.tally->unreported = (struct tally_count){5, 500};
    fixture.tally->carried_over = (struct tally_count){1, 100};
    see(fixture.tally, 29, 3780);
    fixture.tally->encapsulated[ENCAPSULATION_VXLAN] = 12345;
    fixture.tally->dropped.kernel = 17;
    fixture.tally->first_ns = 1714564800000000000;
    fixture.tally->last_ns = fixture.tally->first_ns + 60 * second_ns;
    fixture.context.tiers = 1U << TIER_PORTS | 1U << TIER_HEADERS;
    fixture.context.min_endpoints = 5;
    fixture_report(&fixture);
    char *text = written(&fixture, REPORT_TABLE, &plain);
    CU_ASSERT_STRING_EQUAL(text, expected);
    if (strcmp(text, expected) != 0)
        printf("\n%s", text);
    free(text);
    fixture_end(&fixture);
}

/* Columns a line takes: its bytes but for UTF-8 continuations. */
static unsigned line_columns(const char *line)
{
    unsigned columns = 0;
    for (; *line && *line != '\n'; line++)
        columns += (*line & 0xc0) != 0x80;
    return columns;
}

/* Every line of the table fits; so the longest is a rule, which a wide terminal makes longer. */
static void check_width(const char *text, unsigned columns)
{
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        const char *end = strchr(line, '\n');
        CU_ASSERT(line_columns(line) <= columns);
        CU_ASSERT(end == line || end[-1] != ' ');
    }
    CU_ASSERT_PTR_NULL(strchr(text, '\033'));
}

static void test_table_fits(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    static const unsigned widths[] = {80, 81, 99, 100, 120, 200, 500};
    for (uint64_t seed = 200; seed < 210; seed++) {
        draw_tally(&fixture, seed);
        fixture.context.tiers = seed % 2 ? ALL_TIERS : 1U << TIER_PORTS;
        fixture_report(&fixture);
        for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
            const struct report_style style = {.columns = widths[i], .has_unicode = seed % 3};
            char *text = written(&fixture, REPORT_TABLE, &style);
            check_width(text, widths[i]);
            free(text);
        }
    }
    fixture_end(&fixture);
}

static void test_colour_only_where_asked(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    draw_tally(&fixture, 11);
    fixture_report(&fixture);
    const struct report_style colourful = {.has_colour = true};
    for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
        char *text = written(&fixture, format, &colourful);
        CU_ASSERT_EQUAL(strchr(text, '\033') != NULL, format == REPORT_TABLE);
        free(text);
    }
    fixture_end(&fixture);
}

/* What is neither a terminal nor wide gets neither colour nor a width. */
static void test_style_of_a_file(void)
{
    FILE *out = tmpfile();
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    const struct report_style style = report_style_detect(out);
    CU_ASSERT_FALSE(style.has_colour);
    CU_ASSERT_EQUAL(style.columns, 0);
    CU_ASSERT_TRUE(style.is_first);
    fclose(out);
}

static void test_texts(void)
{
    static const struct {
        uint64_t amount;
        const char *unit;
        const char *text;
    } amounts[] = {
        {0, "", "0"},
        {999, "B", "999 B"},
        {1000, "", "1,000"},
        {9999, "B", "9,999 B"},
        {10000, "", "10 k"},
        {340499, "B", "340 kB"},
        {999499, "", "999 k"},
        {999500, "", "1.0 M"},
        {1249999999, "B", "1.2 GB"},
        {1250000000, "B", "1.3 GB"},
        {9949999999, "", "9.9 G"},
        {9950000000, "", "10 G"},
        {UINT64_MAX, "B", "18 EB"},
    };
    static const struct {
        uint64_t part, whole;
        const char *text;
    } shares[] = {
        {0, 0, "0.0%"},
        {0, 5, "0.0%"},
        {5, 5, "100.0%"},
        {1, 3, "33.3%"},
        {2, 3, "66.7%"},
        {1, 1000000, "<0.1%"},
        {999999, 1000000, ">99.9%"},
        {UINT64_MAX, UINT64_MAX, "100.0%"},
        {UINT64_MAX / 2, UINT64_MAX, "50.0%"},
        {1, UINT64_MAX, "<0.1%"},
        {UINT64_MAX, 1, "100.0%"},
    };
    char text[REPORT_TEXT];
    for (size_t i = 0; i < sizeof amounts / sizeof *amounts; i++) {
        report_text_amount(text, amounts[i].amount, amounts[i].unit);
        CU_ASSERT_STRING_EQUAL(text, amounts[i].text);
    }
    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        report_text_share(text, shares[i].part, shares[i].whole);
        CU_ASSERT_STRING_EQUAL(text, shares[i].text);
    }
}

/* ---- at the edges ---- */

static void test_nothing_seen(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    for (unsigned threshold = 0; threshold < 10; threshold += 9) {
        fixture.context.min_endpoints = threshold;
        fixture_report(&fixture);
        CU_ASSERT_EQUAL(fixture.report->row_count, 1);
        CU_ASSERT_STRING_EQUAL(fixture.report->rows[0].name, "unknown");
        compare_json(&fixture);
        for (enum report_format format = 0; format < REPORT_FORMATS; format++)
            free(written(&fixture, format, &plain));
        char *table = written(&fixture, REPORT_TABLE, &plain);
        CU_ASSERT_PTR_NOT_NULL(strstr(table, "\ntotal seen ")); /* wider than any name here */
        free(table);
    }
    fixture_end(&fixture);
}

static void test_extreme_numbers(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    memset(cell_of(&fixture, "dns"), 0xff, sizeof(struct tally_cell));
    struct tally *tally = fixture.tally;
    const struct tally_count all = {UINT64_MAX, UINT64_MAX};
    tally->seen = all;
    tally->truncated = UINT64_MAX;
    tally->first_ns = 0;
    tally->last_ns = UINT64_MAX;
    memset(&tally->flows, 0xff, sizeof tally->flows);
    memset(&tally->dropped, 0xff, sizeof tally->dropped);
    memset(tally->encapsulated, 0xff, sizeof tally->encapsulated);
    fixture.context.tiers = 1U << TIER_PORTS | 1U << TIER_HEADERS;
    fixture_report(&fixture);
    CU_ASSERT_TRUE(report_is_conserved(fixture.report));
    char *json = written(&fixture, REPORT_JSON, &plain);
    CU_ASSERT_PTR_NOT_NULL(strstr(json, "\"seen\": 18446744073709551615,"));
    json_t *read = json_loads(json, JSON_DECODE_INT_AS_REAL, NULL);
    CU_ASSERT_PTR_NOT_NULL(read);
    json_decref(read);
    free(json);
    char *table = written(&fixture, REPORT_TABLE, &plain);
    check_width(table, 80);
    free(table);
    char *csv = written(&fixture, REPORT_CSV, &plain);
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, ",18446744073709551615,18446744073709551615,"));
    free(csv);
    free(written(&fixture, REPORT_PROMETHEUS, &plain));
    fixture_end(&fixture);
}

/* A report over numbers that do not add up says so in every form. */
static void test_broken_law_is_said(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    fill_cell(&fixture, "dns", 10, 1000, 1, 1);
    fixture.tally->seen.frames -= 3;
    fixture.tally->seen.bytes += 5;
    fixture_report(&fixture);
    CU_ASSERT_FALSE(report_is_conserved(fixture.report));
    static const struct {
        enum report_format format;
        const char *text;
    } cases[] = {
        {REPORT_TABLE, "conservation FAILED: off by -3 frames, 5 bytes\n"},
        {REPORT_NDJSON, "\"balance\":-3}"},
        {REPORT_NDJSON, "\"balance\":5}"},
        {REPORT_CSV, ",conservation,balance_frames,,,,,-3,"},
        {REPORT_PROMETHEUS, "\nglassbox_conservation_balance_frames -3\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = written(&fixture, cases[i].format, &plain);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, cases[i].text));
        free(text);
    }
    fixture_end(&fixture);
}

static void test_write_error(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    draw_tally(&fixture, 1);
    fixture_report(&fixture);
    for (enum report_format format = 0; format < REPORT_FORMATS; format++) {
        FILE *out = fopen("/dev/full", "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(out);
        CU_ASSERT_EQUAL(report_write(fixture.report, format, &plain, out), -EIO);
        fclose(out);
    }
    fixture_end(&fixture);
}

static void test_refusals(void)
{
    struct fixture fixture;
    fixture_begin(&fixture);
    struct report *report = NULL;
    struct error error = {0};
    fixture.context.min_endpoints = TALLY_HOST_BITS + 1;
    CU_ASSERT_EQUAL(report_new(&report, &fixture.context, fixture.tally, &error), -EINVAL);
    CU_ASSERT_PTR_NULL(report);
    CU_ASSERT_EQUAL(error.code, EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "1025"));
    fixture.context.min_endpoints = 0;
    fixture.tally->protocol_count--;
    CU_ASSERT_EQUAL(report_new(&report, &fixture.context, fixture.tally, &error), -EINVAL);
    CU_ASSERT_PTR_NULL(report);
    fixture.tally->protocol_count++;
    report_free(NULL);
    fixture_end(&fixture);
}

static void test_format_names(void)
{
    for (enum report_format format = 0; format < REPORT_FORMATS; format++)
        CU_ASSERT_EQUAL(report_format_find(report_format_name(format)), (int)format);
    CU_ASSERT_EQUAL(report_format_find("JSON"), -1);
    CU_ASSERT_EQUAL(report_format_find(""), -1);
}

CU_TestInfo report_tests[] = {
    {"JSON says what the tally says", test_json_says_what_the_tally_says},
    {"NDJSON is JSON on one line", test_ndjson_is_json_on_one_line},
    {"rows are sorted by bytes, then name", test_rows_are_sorted},
    {"withheld is the sum of the small", test_withheld_is_the_sum},
    {"what is withheld shows nowhere", test_withheld_shows_nowhere},
    {"services in every form", test_services_in_every_form},
    {"what the signatures tier did in every form", test_signature_counts_in_every_form},
    {"what the stochastic tier did in every form", test_stochastic_counts_in_every_form},
    {"interval, to the nanosecond", test_interval},
    {"all forms give the same totals", test_forms_agree},
    {"CSV: one header, CRLF", test_csv_lines},
    {"Prometheus labels are escaped", test_prometheus_escapes},
    {"promtool has no complaint", test_promtool},
    {"the whole table", test_table_golden},
    {"the table fits its terminal", test_table_fits},
    {"colour only where asked for", test_colour_only_where_asked},
    {"style of a file", test_style_of_a_file},
    {"amounts and shares as text", test_texts},
    {"nothing seen", test_nothing_seen},
    {"extreme numbers", test_extreme_numbers},
    {"a broken law is said in every form", test_broken_law_is_said},
    {"a write error shows in every form", test_write_error},
    {"what report_new refuses", test_refusals},
    {"names of the formats", test_format_names},
    CU_TEST_INFO_NULL,
};
