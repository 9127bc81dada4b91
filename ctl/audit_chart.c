/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws; works nothing out but shares of what the audit counted. */
#include "audit_chart.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "audit_forms.h"
#include "audit_words.h"
#include "report_forms.h"
#include "svg.h"

static const char grey[] = "#555";
static const char pale[] = "#e4e4e4";
static const char blue[] = "#014f8b";
static const char brown[] = "#a85911";

static const struct svg_stroke thin = {"#bbb", 1, NULL};

const char *audit_chart_rung_words(unsigned tiers)
{
    if (tiers >> TIER_SIGNATURES & 1)
        return "and content of first packets";
    if (tiers >> TIER_STOCHASTIC & 1)
        return "and statistics of first bytes";
    if (tiers >> TIER_HEADERS & 1)
        return "and sizes and times of packets";
    return tiers >> TIER_PORTS & 1 ? "port numbers alone" : "nothing";
}

/* ---- the ladder -------------------------------------------------------------------------------*/

enum {
    LADDER_WIDTH = 760,
    LADDER_NAMES = 214, /* where the first panel begins */
    LADDER_PANEL = 210,
    LADDER_GAP = 62, /* between the panels: room for a figure */
    LADDER_TOP = 52,
    LADDER_ROW = 34,
};

static void draw_share(FILE *out, double x, double y, const struct audit_share *share,
                       const char *fill)
{
    char words[32];
    audit_describe_share(share, words, sizeof words);
    svg_rect(out, x, y, LADDER_PANEL, 16, "#f2f2f2", NULL);
    if (!share->is_known) {
        svg_text(out, x + 6, y + 12, (struct svg_face){.size = 11, .fill = grey},
                 "nothing to share out");
        return;
    }
    svg_rect(out, x, y, LADDER_PANEL * share->value, 16, fill, NULL);
    if (share->has_interval) {
        double low = x + LADDER_PANEL * share->low;
        double high = x + LADDER_PANEL * share->high;
        svg_line(out, low, y + 20, high, y + 20, (struct svg_stroke){"#222", 1.5, NULL});
        svg_line(out, low, y + 17, low, y + 23, (struct svg_stroke){"#222", 1.5, NULL});
        svg_line(out, high, y + 17, high, y + 23, (struct svg_stroke){"#222", 1.5, NULL});
    }
    svg_text(out, x + LADDER_PANEL + 6, y + 12, (struct svg_face){.is_bold = true}, words);
}

static void say_rung(FILE *out, const struct audit_view *view)
{
    char found[32];
    char mistaken[32];
    char words[192];
    audit_describe_share(&view->outcome.found_bytes, found, sizeof found);
    audit_describe_share(&view->outcome.mistaken_bytes, mistaken, sizeof mistaken);
    snprintf(words, sizeof words, "Seeing %s: found %s, mistaken %s. ",
             audit_chart_rung_words(view->tiers), found, mistaken);
    svg_say(out, words);
}

void audit_chart_ladder(FILE *out, const struct audit_box *box, const char *id)
{
    if (!box->rung_count)
        return;
    double second = LADDER_NAMES + LADDER_PANEL + LADDER_GAP;
    svg_begin(out, LADDER_WIDTH, LADDER_TOP + LADDER_ROW * box->rung_count + 6, id,
              "What seeing more buys this box");
    for (unsigned i = 0; i < box->rung_count; i++)
        say_rung(out, &box->ladder[i]);
    svg_draw(out);
    svg_text(out, 0, 18, (struct svg_face){.fill = grey}, "The same orders, seeing \xe2\x80\xa6");
    svg_text(out, LADDER_NAMES, 18, (struct svg_face){.is_bold = true, .fill = blue},
             "finds, of what its rules are about");
    svg_text(out, second, 18, (struct svg_face){.is_bold = true, .fill = "#783b00"},
             "is mistaken about, of what it acts on");
    svg_text(out, LADDER_NAMES, 36, (struct svg_face){.size = 11, .fill = grey}, "share of bytes");
    svg_text(out, second, 36, (struct svg_face){.size = 11, .fill = grey}, "share of bytes");
    for (unsigned i = 0; i < box->rung_count; i++) {
        const struct audit_view *view = &box->ladder[i];
        double y = LADDER_TOP + LADDER_ROW * i;
        bool is_own = view->tiers == box->own.tiers;
        svg_text(out, 0, y + 12, (struct svg_face){.is_bold = is_own},
                 audit_chart_rung_words(view->tiers));
        if (is_own)
            svg_text(out, 0, y + 25, (struct svg_face){.size = 10, .fill = grey},
                     "what this box sees");
        draw_share(out, LADDER_NAMES, y, &view->outcome.found_bytes, blue);
        draw_share(out, second, y, &view->outcome.mistaken_bytes, brown);
    }
    svg_end(out);
}

/* ---- actions by kind of traffic ---------------------------------------------------------------*/

enum {
    ACTIONS_NAMES = 150,
    ACTIONS_CELL = 92,
    ACTIONS_ROW = 26,
    ACTIONS_TOP = 44,
    SHADES = 6,
};

/* Lighter to darker; even steps of lightness. */
static const char *const shades[SHADES] = {"#ffffff", "#dbe6f0", "#b3cade",
                                           "#86a9c8", "#4f7fab", "#0d4a80"};

struct columns {
    unsigned count;
    enum box_action_kind kinds[BOX_ACTIONS];
};

static const char *column_name(enum box_action_kind kind)
{
    static const char *const names[BOX_ACTIONS] = {
        [BOX_NONE] = "left alone",      [BOX_BLOCK] = "blocked",
        [BOX_RESET] = "broken off",     [BOX_THROTTLE] = "speed limit",
        [BOX_PRIORITISE] = "reordered", [BOX_ZERO_RATE] = "not billed",
        [BOX_QUOTA] = "volume counted",
    };
    return names[kind];
}

static struct columns columns_of(const struct audit_view *view)
{
    struct columns columns = {.count = 0};
    for (unsigned kind = 0; kind < BOX_ACTIONS; kind++) {
        uint64_t packets = 0;
        for (unsigned i = 0; i < view->reference_count; i++)
            packets += view->references[i].acted[kind].packets;
        if (packets || kind == BOX_NONE)
            columns.kinds[columns.count++] = (enum box_action_kind)kind;
    }
    return columns;
}

/* What is left alone needs no eye, so it has no shade; a mistake has its own, and a bar as long as
 * its share. */
enum cell { CELL_ALONE, CELL_ACTED, CELL_MISTAKEN };

static void draw_cell(FILE *out, double x, double y, uint64_t part, uint64_t whole, enum cell kind)
{
    char words[REPORT_TEXT];
    double share = whole ? (double)part / (double)whole : 0;
    unsigned shade = kind == CELL_ACTED && part ? 1 + (unsigned)(share * (SHADES - 1) * 0.9999) : 0;
    bool is_mistake = kind == CELL_MISTAKEN && part;
    svg_rect(out, x + 1, y + 1, ACTIONS_CELL - 2, ACTIONS_ROW - 2,
             is_mistake ? "#fae0cf" : shades[shade], NULL);
    if (is_mistake)
        svg_line(out, x + 2, y + ACTIONS_ROW - 2, x + 2 + (ACTIONS_CELL - 4) * share,
                 y + ACTIONS_ROW - 2, (struct svg_stroke){brown, 3, NULL});
    if (!part) {
        svg_text(out, x + ACTIONS_CELL / 2.0, y + 17,
                 (struct svg_face){.anchor = SVG_MIDDLE, .fill = "#999"}, "\xc2\xb7");
        return;
    }
    report_text_share(words, part, whole);
    svg_text(out, x + ACTIONS_CELL / 2.0, y + 17,
             (struct svg_face){.anchor = SVG_MIDDLE,
                               .fill = kind == CELL_ALONE    ? grey
                                       : shade >= SHADES - 2 ? "#fff"
                                                             : "#222",
                               .is_bold = is_mistake},
             words);
}

static void say_row(FILE *out, const struct audit_reference *row, const struct columns *columns)
{
    char words[256];
    char share[REPORT_TEXT];
    snprintf(words, sizeof words, "%s: ", row->name);
    svg_say(out, words);
    for (unsigned k = 0; k < columns->count; k++) {
        report_text_share(share, row->acted[columns->kinds[k]].bytes, row->seen.bytes);
        snprintf(words, sizeof words, "%s %s, ", share, column_name(columns->kinds[k]));
        svg_say(out, words);
    }
    report_text_share(share, row->mistaken.bytes, row->seen.bytes);
    snprintf(words, sizeof words, "%s by mistake. ", share);
    svg_say(out, words);
}

void audit_chart_actions(FILE *out, const struct audit_view *view, const char *id)
{
    const struct columns columns = columns_of(view);
    const struct svg_face head = {.anchor = SVG_MIDDLE, .fill = grey};
    double mistakes = ACTIONS_NAMES + ACTIONS_CELL * columns.count + 14;
    svg_begin(out, mistakes + ACTIONS_CELL + 2,
              ACTIONS_TOP + ACTIONS_ROW * view->reference_count + 8, id,
              "What would have been done to which traffic");
    for (unsigned i = 0; i < view->reference_count; i++)
        say_row(out, &view->references[i], &columns);
    svg_draw(out);
    svg_text(out, 0, 14, (struct svg_face){.fill = grey}, "kind of traffic");
    svg_text(out, 0, 30, (struct svg_face){.size = 11, .fill = grey}, "(share of its bytes)");
    for (unsigned k = 0; k < columns.count; k++)
        svg_text(out, ACTIONS_NAMES + ACTIONS_CELL * (k + 0.5), 30, head,
                 column_name(columns.kinds[k]));
    svg_text(out, mistakes + ACTIONS_CELL / 2.0, 30,
             (struct svg_face){.anchor = SVG_MIDDLE, .fill = "#783b00", .is_bold = true},
             "by mistake");
    for (unsigned i = 0; i < view->reference_count; i++) {
        const struct audit_reference *row = &view->references[i];
        double y = ACTIONS_TOP + ACTIONS_ROW * i;
        svg_line(out, 0, y, mistakes + ACTIONS_CELL, y, thin);
        svg_text(out, 0, y + 17, (struct svg_face){.is_bold = row->mistaken.packets > 0},
                 row->name);
        for (unsigned k = 0; k < columns.count; k++)
            draw_cell(out, ACTIONS_NAMES + ACTIONS_CELL * k, y, row->acted[columns.kinds[k]].bytes,
                      row->seen.bytes, columns.kinds[k] == BOX_NONE ? CELL_ALONE : CELL_ACTED);
        draw_cell(out, mistakes, y, row->mistaken.bytes, row->seen.bytes, CELL_MISTAKEN);
    }
    svg_end(out);
}

/* ---- how soon ---------------------------------------------------------------------------------*/

enum {
    DELAYS_WIDTH = 760,
    DELAYS_PANEL = 268,
    DELAYS_LEFT = 48,
    DELAYS_SECOND = 376,
    DELAYS_TOP = 46,
    DELAYS_BOTTOM = 206,
    DELAYS_LINES = 6,
};

/* Lines are told apart by dash and by the mark at their points, and named below. */
static const struct {
    const char *colour;
    const char *dash;
} lines[DELAYS_LINES] = {{"#014f8b", NULL},       {"#a85911", "7 3"}, {"#333333", "2 3"},
                         {"#2b7a3d", "10 3 2 3"}, {"#8a3b74", "4 2"}, {"#777777", NULL}};

static_assert((int)POLICY_AGES <= (int)VERDICT_STEPS, "draw_line has room for either");

static bool has_delays(const struct audit_rule *rule)
{
    return rule->acted_flows && !rule->outcome.is_withheld;
}

bool audit_chart_has_delays(const struct audit_view *view)
{
    for (unsigned i = 0; i < view->rule_count; i++) {
        if (has_delays(&view->rules[i]))
            return true;
    }
    return false;
}

static void draw_axes(FILE *out, double left, const char *title, const char *const *names,
                      unsigned steps)
{
    svg_text(out, left, 18, (struct svg_face){.is_bold = true}, title);
    svg_text(out, left, 34, (struct svg_face){.size = 11, .fill = grey},
             "% of the connections the rule acts on");
    for (unsigned percent = 0; percent <= 100; percent += 25) {
        char words[8];
        double y = DELAYS_BOTTOM - (DELAYS_BOTTOM - DELAYS_TOP) * percent / 100.0;
        snprintf(words, sizeof words, "%u", percent);
        svg_line(out, left, y, left + DELAYS_PANEL, y,
                 (struct svg_stroke){percent ? pale : "#999", 1, NULL});
        svg_text(out, left - 6, y + 4,
                 (struct svg_face){.size = 11, .anchor = SVG_END, .fill = grey}, words);
    }
    for (unsigned step = 0; step < steps; step++)
        svg_text(out, left + 14 + (DELAYS_PANEL - 28.0) * step / (steps - 1), DELAYS_BOTTOM + 16,
                 (struct svg_face){.size = 11, .anchor = SVG_MIDDLE, .fill = grey}, names[step]);
}

static void draw_line(FILE *out, double left, const uint64_t *counts, unsigned steps,
                      unsigned number)
{
    struct svg_point points[VERDICT_STEPS];
    uint64_t all = 0;
    uint64_t before = 0;
    for (unsigned step = 0; step < steps; step++)
        all += counts[step];
    for (unsigned step = 0; step < steps; step++) {
        before += counts[step];
        points[step].x = left + 14 + (DELAYS_PANEL - 28.0) * step / (steps - 1);
        points[step].y =
            DELAYS_BOTTOM - (DELAYS_BOTTOM - DELAYS_TOP) * (all ? (double)before / (double)all : 0);
    }
    const struct svg_stroke stroke = {lines[number].colour, 2, lines[number].dash};
    svg_path(out, points, steps, stroke, NULL);
    for (unsigned step = 0; step < steps; step++)
        svg_dot(out, points[step].x, points[step].y, 3.5,
                number % 2 ? "#fff" : lines[number].colour,
                (struct svg_stroke){lines[number].colour, 1.5, NULL});
}

static void say_delay(FILE *out, const struct audit_rule *rule)
{
    char words[256];
    uint64_t soon = rule->after_packets[0] + rule->after_packets[1] + rule->after_packets[2];
    char share[REPORT_TEXT];
    report_text_share(share, soon, rule->acted_flows);
    snprintf(words, sizeof words, "%s: %" PRIu64 " connections, %s of them within 4 packets. ",
             rule->rule->name, rule->acted_flows, share);
    svg_say(out, words);
}

static void draw_key(FILE *out, unsigned number, const struct audit_rule *rule)
{
    char words[96];
    unsigned row = number / 2;
    double y = DELAYS_BOTTOM + 44 + 18.0 * row;
    double x = number % 2 ? DELAYS_SECOND : DELAYS_LEFT;
    const struct svg_point points[] = {{x, y - 4}, {x + 34, y - 4}};
    svg_path(out, points, 2, (struct svg_stroke){lines[number].colour, 2, lines[number].dash},
             NULL);
    svg_dot(out, x + 17, y - 4, 3.5, number % 2 ? "#fff" : lines[number].colour,
            (struct svg_stroke){lines[number].colour, 1.5, NULL});
    snprintf(words, sizeof words, "%s (%" PRIu64 ")", rule->rule->name, rule->acted_flows);
    svg_text(out, x + 42, y, (struct svg_face){.size = 12}, words);
}

void audit_chart_delays(FILE *out, const struct audit_view *view, const char *id)
{
    const struct audit_rule *shown[DELAYS_LINES];
    unsigned count = 0;
    for (unsigned i = 0; i < view->rule_count && count < DELAYS_LINES; i++) {
        if (has_delays(&view->rules[i]))
            shown[count++] = &view->rules[i];
    }
    if (!count)
        return;
    unsigned key_rows = (count + 1) / 2;
    svg_begin(out, DELAYS_WIDTH, DELAYS_BOTTOM + 40 + 18.0 * key_rows, id,
              "How soon the box would have acted");
    for (unsigned i = 0; i < count; i++)
        say_delay(out, shown[i]);
    svg_draw(out);
    draw_axes(out, DELAYS_LEFT, "after so many packets", report_step_names, VERDICT_STEPS);
    draw_axes(out, DELAYS_SECOND, "after so much time", audit_age_names, POLICY_AGES);
    for (unsigned i = 0; i < count; i++) {
        draw_line(out, DELAYS_LEFT, shown[i]->after_packets, VERDICT_STEPS, i);
        draw_line(out, DELAYS_SECOND, shown[i]->after_ns, POLICY_AGES, i);
        draw_key(out, i, shown[i]);
    }
    svg_end(out);
}
