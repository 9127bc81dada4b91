/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of a report for people: a table as wide as the terminal. Amounts are rounded for the
 * eye; who wants to count takes one of the other forms. */
#include <inttypes.h>
#include <string.h>

#include "report_forms.h"
#include "report_headers.h"

/* Column widths, in columns of the terminal. */
enum {
    WIDTH_DEFAULT = 80,
    WIDTH_MIN = 60,           /* narrower terminals wrap */
    WIDTH_WITH_BAR = 80,      /* from here on there is a bar */
    WIDTH_WITH_CATEGORY = 75, /* from here on there are categories */
    WIDTH_ROOMY = 100,        /* from here on two spaces separate columns */
    WIDTH_NAME = 17,
    WIDTH_NAME_ROOMY = 40,
    WIDTH_FLOWS = 5,
    WIDTH_PACKETS = 7,
    WIDTH_BYTES = 8,
    WIDTH_SHARE = 6,
    WIDTH_NUMBERS = WIDTH_FLOWS + WIDTH_PACKETS + WIDTH_BYTES + WIDTH_SHARE,
    WIDTH_BAR_MIN = 4,
    WIDTH_BAR_WISH = 12, /* before the column of deciding tiers is given all it could fill */
    WIDTH_BAR_MAX = 40,
    WIDTH_DECIDED_MIN = 12,
    DECIDED_TEXT = 160,
};

enum paint { PAINT_PLAIN, PAINT_STRONG, PAINT_FAINT, PAINT_BAR, PAINT_WARNING, PAINT_FAILURE };

struct table {
    const struct report *report;
    const struct report_style *style;
    FILE *out;
    uint64_t whole_bytes; /* what shares are of: all that had to be accounted for */
    unsigned gap;
    unsigned columns;
    unsigned name; /* widths; 0 where a column is left out */
    unsigned category;
    unsigned bar;
    unsigned decided;
};

/* One line of the table's body. */
struct line {
    const char *name;
    const char *category;
    struct tally_count count;
    const struct tally_cell *cell; /* null: not a protocol's */
    bool is_taken_off;
};

/* Walks the lines in the order they are shown: what has a name by bytes, then the rest. */
struct line_walk {
    const struct report *report;
    unsigned row;
    unsigned non_ip;
    unsigned reason; /* next malformed outcome */
    unsigned rest;   /* next of the three last lines */
};

static struct line_walk lines_of(const struct report *report)
{
    return (struct line_walk){.report = report, .reason = PACKET_MALFORMED_FIRST};
}

static bool next_named(struct line_walk *walk, struct line *line)
{
    const struct report *report = walk->report;
    const struct report_row *row = walk->row < report->row_count ? &report->rows[walk->row] : NULL;
    const struct report_non_ip *non_ip =
        walk->non_ip < report->non_ip_count ? &report->non_ip[walk->non_ip] : NULL;
    if (row && (!non_ip || row->cell.bytes >= non_ip->count.bytes)) {
        *line = (struct line){.name = row->name,
                              .category = row->category,
                              .count = {row->cell.packets, row->cell.bytes},
                              .cell = &row->cell};
        walk->row++;
        return true;
    }
    if (non_ip) {
        *line = (struct line){.name = non_ip->name, .category = "(not IP)", .count = non_ip->count};
        walk->non_ip++;
    }
    return non_ip != NULL;
}

static bool next_malformed(struct line_walk *walk, struct line *line)
{
    const struct tally *tally = walk->report->tally;
    while (walk->reason < PACKET_OUTCOMES) {
        const unsigned reason = walk->reason++;
        if (tally->malformed[reason].frames == 0 && tally->malformed[reason].bytes == 0)
            continue;
        *line = (struct line){.name = packet_outcome_name(reason),
                              .category = "(malformed)",
                              .count = tally->malformed[reason]};
        return true;
    }
    return false;
}

static bool next_rest(struct line_walk *walk, struct line *line)
{
    const struct tally *tally = walk->report->tally;
    const struct line rest[] = {
        {.name = "orphan fragments", .category = "(no first)", .count = tally->orphan_fragments},
        {.name = "shed", .category = "(overload)", .count = tally->shed},
        {.name = "in open flows", .category = "(to come)", .count = tally->unreported},
        {.name = "carried over",
         .category = "(from before)",
         .count = tally->carried_over,
         .is_taken_off = true},
    };
    while (walk->rest < sizeof rest / sizeof *rest) {
        *line = rest[walk->rest++];
        if (line->count.frames || line->count.bytes)
            return true;
    }
    return false;
}

static bool next_line(struct line_walk *walk, struct line *line)
{
    return next_named(walk, line) || next_malformed(walk, line) || next_rest(walk, line);
}

static void paint(const struct table *table, enum paint paint)
{
    static const char *const escapes[] = {
        [PAINT_PLAIN] = "0", [PAINT_STRONG] = "1",   [PAINT_FAINT] = "2",
        [PAINT_BAR] = "36",  [PAINT_WARNING] = "33", [PAINT_FAILURE] = "1;31",
    };
    if (table->style->has_colour)
        fprintf(table->out, "\033[%sm", escapes[paint]);
}

/* What a tier decided: bytes, or flows where the cell has no bytes. */
static uint64_t tier_weight(const struct tally_cell *cell, unsigned tier)
{
    uint64_t bytes = 0;
    for (unsigned each = 0; each < TIERS; each++)
        bytes |= cell->by_tier[each].bytes;
    return bytes ? cell->by_tier[tier].bytes : cell->by_tier[tier].flows;
}

/* The tier with the most weight among those in `left`, the stronger one of equals; -1 when none has
 * any. */
static int heaviest_tier(const struct tally_cell *cell, unsigned left)
{
    int heaviest = -1;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        const uint64_t weight = tier_weight(cell, tier);
        if (!(left >> tier & 1) || weight == 0)
            continue;
        if (heaviest < 0 || weight >= tier_weight(cell, (unsigned)heaviest))
            heaviest = (int)tier;
    }
    return heaviest;
}

static const char *tier_label(int tier)
{
    return tier == TIER_PORTS ? "ports guess" : tier_name((enum tier)tier);
}

/* Who decided: all tiers with their shares where that fits into `width`, else the first and "+". */
static void text_decided(char text[DECIDED_TEXT], const struct tally_cell *cell, size_t width)
{
    uint64_t whole = 0;
    for (unsigned tier = 0; tier < TIERS; tier++)
        whole += tier_weight(cell, tier);
    unsigned left = (1U << TIERS) - 1;
    const int first = heaviest_tier(cell, left);
    text[0] = '\0';
    if (first < 0)
        return;
    if (tier_weight(cell, (unsigned)first) == whole) {
        snprintf(text, DECIDED_TEXT, "%s", tier_label(first));
        return;
    }
    size_t used = 0;
    for (int tier = first; tier >= 0; tier = heaviest_tier(cell, left)) {
        char share[REPORT_TEXT];
        report_text_share(share, tier_weight(cell, (unsigned)tier), whole);
        used += (size_t)snprintf(text + used, DECIDED_TEXT - used, "%s%s %s", used ? ", " : "",
                                 tier_label(tier), share);
        left &= ~(1U << tier);
    }
    if (used > width)
        snprintf(text, DECIDED_TEXT, "%s+", tier_label(first));
}

static unsigned at_least(unsigned width, size_t other)
{
    return other > width ? (unsigned)other : width;
}

static unsigned at_most(unsigned width, unsigned other)
{
    return other < width ? other : width;
}

/* As wide as the contents would like it. */
static void measure(struct table *table)
{
    struct line_walk walk = lines_of(table->report);
    struct line line;
    table->name = sizeof "total seen" - 1;
    table->category = sizeof "category" - 1;
    table->decided = sizeof "decided by" - 1;
    while (next_line(&walk, &line)) {
        char decided[DECIDED_TEXT] = "";
        if (line.cell)
            text_decided(decided, line.cell, DECIDED_TEXT);
        table->name = at_least(table->name, strlen(line.name));
        table->category = at_least(table->category, strlen(line.category));
        table->decided = at_least(table->decided, strlen(decided));
    }
    for (unsigned i = 0; i < table->report->service_count; i++) {
        table->name = at_least(table->name, strlen(table->report->services[i].name));
        table->category = at_least(table->category, strlen(table->report->services[i].category));
    }
}

/* As wide as the terminal allows it. */
static void fit(struct table *table)
{
    const unsigned columns = table->style->columns ? table->style->columns : WIDTH_DEFAULT;
    table->columns = at_least(columns, WIDTH_MIN);
    table->gap = table->columns < WIDTH_ROOMY ? 1 : 2;
    table->name =
        at_most(table->name, table->columns < WIDTH_ROOMY ? WIDTH_NAME : WIDTH_NAME_ROOMY);
    if (table->columns < WIDTH_WITH_CATEGORY)
        table->category = 0;
    const unsigned used = table->name + WIDTH_NUMBERS + 4 * table->gap +
                          (table->category ? table->category + table->gap : 0);
    const unsigned left = table->columns - at_most(used, table->columns);
    const unsigned wish = 2 * table->gap + WIDTH_BAR_WISH;
    table->decided =
        at_most(table->decided, at_least(WIDTH_DECIDED_MIN, left > wish ? left - wish : 0));
    const unsigned other = 2 * table->gap + table->decided;
    table->bar = left > other ? at_most(left - other, WIDTH_BAR_MAX) : 0;
    if (table->columns < WIDTH_WITH_BAR || table->bar < WIDTH_BAR_MIN)
        table->bar = 0;
}

static void put_padding(const struct table *table, unsigned count)
{
    fprintf(table->out, "%*s", (int)count, "");
}

/* Left-aligned, cut where it is too long. */
static void put_left(const struct table *table, const char *text, unsigned width)
{
    const size_t length = strlen(text);
    if (length > width)
        fprintf(table->out, "%.*s%s", (int)width - 1, text, table->style->has_unicode ? "…" : "~");
    else
        fprintf(table->out, "%-*s", (int)width, text);
}

static void put_right(const struct table *table, const char *text, unsigned width)
{
    fprintf(table->out, "%*s", (int)(width + table->gap), text);
}

static void put_names(const struct table *table, const char *name, const char *category)
{
    put_left(table, name, table->name);
    if (table->category == 0)
        return;
    put_padding(table, table->gap);
    put_left(table, category, table->category);
}

static void put_rule(const struct table *table)
{
    const unsigned bar = table->bar ? table->bar + table->gap : 0;
    const unsigned category = table->category ? table->category + table->gap : 0;
    const unsigned width =
        table->name + category + WIDTH_NUMBERS + 4 * table->gap + bar + table->gap + table->decided;
    paint(table, PAINT_FAINT);
    for (unsigned i = 0; i < width; i++)
        fputs(table->style->has_unicode ? "─" : "-", table->out);
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

static void put_titles(const struct table *table)
{
    paint(table, PAINT_STRONG);
    put_names(table, "protocol", "category");
    put_right(table, "flows", WIDTH_FLOWS);
    put_right(table, "packets", WIDTH_PACKETS);
    put_right(table, "bytes", WIDTH_BYTES);
    put_right(table, "share", WIDTH_SHARE);
    if (table->bar)
        put_padding(table, table->gap + table->bar);
    put_padding(table, table->gap);
    fputs("decided by", table->out);
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

static void put_amount(const struct table *table, uint64_t amount, const char *unit,
                       bool is_taken_off, unsigned width)
{
    char text[REPORT_TEXT];
    char signed_text[REPORT_TEXT + 1];
    report_text_amount(text, amount, unit);
    snprintf(signed_text, sizeof signed_text, "%s%s", is_taken_off ? "-" : "", text);
    put_right(table, signed_text, width);
}

/* A bar of the full width is the whole, so bars can be compared between reports. Returns the
 * columns used, the gap before it included; 0 where there is nothing to draw. */
static unsigned put_bar(const struct table *table, const struct line *line)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    const unsigned steps = table->style->has_unicode ? 8 : 1;
    if (table->bar == 0 || line->is_taken_off)
        return 0;
    const unsigned filled =
        (unsigned)report_scale(line->count.bytes, table->whole_bytes, table->bar * steps);
    if (filled == 0)
        return 0;
    put_padding(table, table->gap);
    paint(table, PAINT_BAR);
    for (unsigned i = 0; i < filled / steps; i++)
        fputs(table->style->has_unicode ? "█" : "#", table->out);
    fputs(eighths[filled % steps], table->out);
    paint(table, PAINT_PLAIN);
    return table->gap + (filled + steps - 1) / steps;
}

static void put_bar_and_decided(const struct table *table, const struct line *line)
{
    char decided[DECIDED_TEXT] = "";
    if (line->cell)
        text_decided(decided, line->cell, table->decided);
    const unsigned used = put_bar(table, line);
    if (!decided[0])
        return;
    put_padding(table, (table->bar ? table->gap + table->bar : 0) - used + table->gap);
    paint(table, strstr(decided, "guess") ? PAINT_FAINT : PAINT_PLAIN);
    fputs(decided, table->out);
    paint(table, PAINT_PLAIN);
}

static void put_line(const struct table *table, const struct line *line)
{
    char share[REPORT_TEXT] = "";
    if (!line->is_taken_off)
        report_text_share(share, line->count.bytes, table->whole_bytes);
    paint(table, line->cell ? PAINT_PLAIN : PAINT_FAINT);
    put_names(table, line->name, line->category);
    if (line->cell)
        put_amount(table, line->cell->flows, "", false, WIDTH_FLOWS);
    else
        put_right(table, "", WIDTH_FLOWS);
    put_amount(table, line->count.frames, "", line->is_taken_off, WIDTH_PACKETS);
    put_amount(table, line->count.bytes, "B", line->is_taken_off, WIDTH_BYTES);
    if (share[0])
        put_right(table, share, WIDTH_SHARE);
    paint(table, PAINT_PLAIN);
    put_bar_and_decided(table, line);
    fputc('\n', table->out);
}

static void put_total(const struct table *table)
{
    const struct report_conservation *law = &table->report->conservation;
    paint(table, PAINT_STRONG);
    put_names(table, "total seen", "");
    put_amount(table, table->report->tally->flows.ended, "", false, WIDTH_FLOWS);
    put_amount(table, law->seen.frames, "", false, WIDTH_PACKETS);
    put_amount(table, law->seen.bytes, "B", false, WIDTH_BYTES);
    if (law->seen.bytes == table->whole_bytes && table->whole_bytes)
        put_right(table, "100.0%", WIDTH_SHARE);
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

/* Parts of the lines above, by whom they are for. */
static void put_services(const struct table *table)
{
    const struct report *report = table->report;
    if (report->service_count == 0)
        return;
    fputc('\n', table->out);
    paint(table, PAINT_STRONG);
    put_names(table, "service", "category");
    put_right(table, "flows", WIDTH_FLOWS);
    put_right(table, "packets", WIDTH_PACKETS);
    put_right(table, "bytes", WIDTH_BYTES);
    put_right(table, "share", WIDTH_SHARE);
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
    for (unsigned i = 0; i < report->service_count; i++) {
        const struct report_service *service = &report->services[i];
        char share[REPORT_TEXT];
        report_text_share(share, service->count.bytes, table->whole_bytes);
        put_names(table, service->name, service->category);
        put_amount(table, service->count.flows, "", false, WIDTH_FLOWS);
        put_amount(table, service->count.packets, "", false, WIDTH_PACKETS);
        put_amount(table, service->count.bytes, "B", false, WIDTH_BYTES);
        put_right(table, share, WIDTH_SHARE);
        fputc('\n', table->out);
    }
}

/* "2024-05-01 12:00:00": whole seconds, for the eye. */
static void text_moment(char text[REPORT_TEXT], uint64_t time_ns)
{
    report_text_time(text, time_ns);
    text[sizeof "2024-05-01T12:00:00" - 1] = '\0';
    text[sizeof "2024-05-01" - 1] = ' ';
}

static void put_interval(const struct table *table)
{
    const struct report *report = table->report;
    paint(table, PAINT_STRONG);
    if (report->has_time) {
        char start[REPORT_TEXT];
        char end[REPORT_TEXT];
        char seconds[REPORT_TEXT];
        const uint64_t span_ns = report->end_ns - report->start_ns;
        const uint64_t ms_ns = 1000000;
        text_moment(start, report->start_ns);
        text_moment(end, report->end_ns);
        report_text_seconds(seconds, span_ns < ms_ns ? span_ns : span_ns / ms_ns * ms_ns);
        fprintf(table->out, "%s to %s UTC, %s s", start, end, seconds);
    } else {
        fputs("no frame was seen", table->out);
    }
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

static void put_source(const struct table *table)
{
    const struct report_context *context = &table->report->context;
    fprintf(table->out, "source %s, link %s, tiers", context->source_kind, context->link);
    const char *separator = " ";
    for (unsigned tier = 0; tier < TIERS; tier++) {
        if (!report_has_tier(table->report, tier))
            continue;
        fprintf(table->out, "%s%s", separator, tier_name(tier));
        separator = ", ";
    }
    fputs(context->tiers ? "\n\n" : " none\n\n", table->out);
}

/* A footer line is a title and a list of amounts in words. */
static void footer_begin(const struct table *table, const char *title)
{
    paint(table, PAINT_STRONG);
    fprintf(table->out, "%-9s", title);
    paint(table, PAINT_PLAIN);
}

static void put_words(const struct table *table, const char *before, uint64_t amount,
                      const char *after)
{
    char text[REPORT_TEXT];
    report_text_amount(text, amount, "");
    fprintf(table->out, "%s%s%s", before, text, after);
}

static void put_fit(const struct table *table, const struct model_fit *fit)
{
    if (fit->verdict == MODEL_FIT_UNTOLD) {
        put_words(table, "too few flows (", fit->flows, ") to tell whether it fits here\n");
        return;
    }
    paint(table, fit->verdict == MODEL_FIT_GOOD ? PAINT_PLAIN : PAINT_WARNING);
    fputs(model_fit_name(fit->verdict), table->out);
    paint(table, PAINT_PLAIN);
    put_words(table, " (", fit->flows, " flows");
    fprintf(table->out, ", %u.%u%% off, %u.%u%% by chance)\n", fit->distance / 10,
            fit->distance % 10, fit->margin / 10, fit->margin % 10);
}

static void put_model(const struct table *table, const struct report_headers *headers)
{
    footer_begin(table, "model");
    fprintf(table->out, "%s of %s: ", headers->model->name, headers->model->site);
    put_fit(table, &headers->fit);
}

static void text_share(char text[4 * REPORT_TEXT], const struct report_share *share, uint64_t flows)
{
    char counted[REPORT_TEXT];
    char low[REPORT_TEXT];
    char high[REPORT_TEXT];
    report_text_share(counted, share->flows, flows);
    report_text_share(low, share->low, flows);
    report_text_share(high, share->high, flows);
    snprintf(text, (size_t)4 * REPORT_TEXT, "%s %s (%s-%s)", share->name, counted, low, high);
}

/* Shares of flows by kind of use, as counted, and the interval they are in without the model's
 * errors. Where it is not known to fit, nobody knows what errors it makes, and the lines above say
 * all there is. Wrapped to the width. */
static void put_shares(const struct table *table, const struct report_headers *headers)
{
    static const char title[] = "flows counted (and corrected, 95 %): ";
    if (headers->fit.verdict != MODEL_FIT_GOOD)
        return;
    unsigned column = 0;
    for (unsigned i = 0; i < headers->category_count; i++) {
        char text[4 * REPORT_TEXT];
        text_share(text, &headers->categories[i], headers->flows);
        const unsigned length = (unsigned)strlen(text);
        if (column == 0 || column + 3 + length > table->columns) {
            fputs(column ? ",\n" : "", table->out);
            footer_begin(table, column ? "" : "headers");
            if (column == 0)
                fputs(title, table->out);
            column = 9 + (column ? 0 : (unsigned)strlen(title));
        } else {
            fputs(", ", table->out);
            column += 2;
        }
        fputs(text, table->out);
        column += length;
    }
    if (column)
        fputc('\n', table->out);
}

static void put_flows(const struct table *table)
{
    const struct tally_flows *flows = &table->report->tally->flows;
    footer_begin(table, "flows");
    put_words(table, "", flows->ended, " ended");
    put_words(table, " (", flows->evicted, " evicted");
    put_words(table, ", ", flows->cut, " cut");
    put_words(table, ", ", flows->one_way, " one-way");
    put_words(table, "), ", flows->active, " active\n");
}

static void put_frames(const struct table *table)
{
    const struct tally *tally = table->report->tally;
    footer_begin(table, "frames");
    put_words(table, "", tally->truncated, " truncated");
    put_words(table, ", ", tally->fragments, " fragments");
    put_words(table, ", ", tally->tunnels_not_entered, " tunnels not entered\n");
}

static void put_dropped(const struct table *table)
{
    const struct tally_losses *dropped = &table->report->tally->dropped;
    const bool is_lossy = dropped->nic || dropped->kernel || dropped->source;
    footer_begin(table, "dropped");
    paint(table, is_lossy ? PAINT_WARNING : PAINT_PLAIN);
    put_words(table, "", dropped->nic, " by the NIC");
    put_words(table, ", ", dropped->kernel, " by the kernel");
    put_words(table, ", ", dropped->source, " by the source");
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

static void put_not_forwarded(const struct table *table)
{
    const uint64_t count = table->report->tally->dropped.forward;
    if (count == 0)
        return;
    footer_begin(table, "unsent");
    paint(table, PAINT_WARNING);
    put_words(table, "", count, " seen, but not forwarded");
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

/* Wrapped to the width, since a frame can show up to all of them. */
static void put_encapsulations(const struct table *table)
{
    const struct tally *tally = table->report->tally;
    unsigned column = 0;
    for (unsigned kind = 0; kind < ENCAPSULATIONS; kind++) {
        if (tally->encapsulated[kind] == 0)
            continue;
        char amount[REPORT_TEXT];
        char text[2 * REPORT_TEXT];
        report_text_amount(amount, tally->encapsulated[kind], "");
        snprintf(text, sizeof text, "%s %s", encapsulation_name(kind), amount);
        const unsigned length = (unsigned)strlen(text);
        if (column == 0 || column + 3 + length > table->columns) {
            fputs(column ? ",\n" : "", table->out);
            footer_begin(table, column ? "" : "inside");
            column = 9;
        } else {
            fputs(", ", table->out);
            column += 2;
        }
        fputs(text, table->out);
        column += length;
    }
    if (column)
        fputc('\n', table->out);
}

/* What the ports tier alone decided is a guess, so its part of the whole is said. */
static void put_verdicts(const struct table *table)
{
    uint64_t bytes[TIERS] = {0};
    for (unsigned row = 0; row < table->report->row_count; row++) {
        for (unsigned tier = 0; tier < TIERS; tier++)
            bytes[tier] += table->report->rows[row].cell.by_tier[tier].bytes;
    }
    footer_begin(table, "bytes by");
    const char *separator = "";
    for (unsigned tier = TIERS; tier-- > 0;) {
        if (!report_has_tier(table->report, tier))
            continue;
        char share[REPORT_TEXT];
        report_text_share(share, bytes[tier], table->whole_bytes);
        fprintf(table->out, "%s%s %s", separator, tier_label((int)tier), share);
        separator = ", ";
    }
    fputs(*separator ? "\n" : "no tier\n", table->out);
}

static void put_withheld(const struct table *table)
{
    const struct report *report = table->report;
    fprintf(table->out, "%u %s", report->cells_withheld,
            report->cells_withheld == 1 ? "protocol" : "protocols");
    if (report->services_withheld)
        fprintf(table->out, ", %u %s", report->services_withheld,
                report->services_withheld == 1 ? "service" : "services");
    fprintf(table->out, " seen from fewer than %u addresses\n", report->context.min_endpoints);
}

static void put_signatures(const struct table *table)
{
    const struct tally_signatures *counts = &table->report->tally->signatures;
    if (!report_has_tier(table->report, TIER_SIGNATURES))
        return;
    footer_begin(table, "payload");
    put_words(table, "", counts->payloads, " read");
    put_words(table, " (", counts->watches_lost, " flows given up), ");
    put_words(table, "", counts->named, " endpoints named");
    put_words(table, " (", counts->named_lost, " lost), ");
    put_words(table, "", counts->related_flows, " flows related\n");
}

static void put_stochastic(const struct table *table)
{
    const struct tally_stochastic *counts = &table->report->tally->stochastic;
    if (!report_has_tier(table->report, TIER_STOCHASTIC))
        return;
    footer_begin(table, "windows");
    put_words(table, "", counts->windows, " filled");
    put_words(table, " (", counts->rejected, " like no protocol), ");
    put_words(table, "", counts->endpoints, " endpoints");
    put_words(table, " (", counts->evicted, " evicted)\n");
}

static void put_privacy(const struct table *table)
{
    const struct report *report = table->report;
    footer_begin(table, "withheld");
    if (report->context.min_endpoints == 0)
        fputs("nothing: no threshold was set\n", table->out);
    else
        put_withheld(table);
}

static void put_conservation(const struct table *table)
{
    const struct report_conservation *law = &table->report->conservation;
    const bool is_ok = report_is_conserved(table->report);
    footer_begin(table, "check");
    paint(table, is_ok ? PAINT_PLAIN : PAINT_FAILURE);
    if (is_ok)
        fputs("conservation ok: every frame and byte is accounted for once", table->out);
    else
        fprintf(table->out, "conservation FAILED: off by %" PRId64 " frames, %" PRId64 " bytes",
                law->balance_frames, law->balance_bytes);
    paint(table, PAINT_PLAIN);
    fputc('\n', table->out);
}

static void put_footer(const struct table *table)
{
    fputc('\n', table->out);
    put_verdicts(table);
    if (table->report->headers) {
        put_model(table, table->report->headers);
        put_shares(table, table->report->headers);
    }
    put_flows(table);
    put_stochastic(table);
    put_signatures(table);
    put_frames(table);
    put_encapsulations(table);
    put_dropped(table);
    put_not_forwarded(table);
    put_privacy(table);
    put_conservation(table);
}

void report_table_write(const struct report *report, const struct report_style *style, FILE *out)
{
    const struct tally *tally = report->tally;
    struct table table = {.report = report,
                          .style = style,
                          .out = out,
                          .whole_bytes = tally->seen.bytes + tally->carried_over.bytes};
    measure(&table);
    fit(&table);
    if (!style->is_first)
        fputc('\n', out);
    put_interval(&table);
    put_source(&table);
    put_titles(&table);
    put_rule(&table);
    struct line_walk walk = lines_of(report);
    struct line line;
    while (next_line(&walk, &line))
        put_line(&table, &line);
    put_rule(&table);
    put_total(&table);
    put_services(&table);
    put_footer(&table);
}
