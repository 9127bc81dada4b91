/* SPDX-License-Identifier: BSD-3-Clause */
/* Accuracy against packets seen: what is decided and what is right, by data packets; what other
 * tiers and the baselines come to stands beside it. */
#include <stdlib.h>
#include <string.h>

#include "eval_plot.h"
#include "eval_text.h"
#include "svg.h"

enum {
    WIDTH = 760,
    LEFT = 64,
    TOP = 84,
    RIGHT_EDGE = 560,
    BOTTOM = 420,
    LABELS_MAX = EVAL_TIERS + EVAL_BASELINES + 1,
    LABEL_HEIGHT = 16,
};

static const char grey[] = "#555";
static const char blue[] = "#014f8b";

/* What stands at the right end of a line. */
struct label {
    double y; /* of the line */
    double shown_y;
    char text[72];
    const char *fill;
    bool is_bold;
};

struct plot {
    FILE *out;
    const struct eval_result *result;
    const struct eval_result_method *subject;
    struct label labels[LABELS_MAX];
    unsigned label_count;
};

static double x_of(unsigned step)
{
    return LEFT + 16 + (double)(RIGHT_EDGE - LEFT - 16) * step / (EVAL_STEPS - 1);
}

static double y_of(double share)
{
    return BOTTOM - (BOTTOM - TOP) * share;
}

static double share_of(uint64_t part, const struct eval_packets *packets)
{
    return packets->flows ? (double)part / (double)packets->flows : 0;
}

static void add_label(struct plot *plot, double share, const char *name, const char *fill,
                      bool is_bold)
{
    struct label *label = &plot->labels[plot->label_count++];
    *label = (struct label){.y = y_of(share), .fill = fill, .is_bold = is_bold};
    snprintf(label->text, sizeof label->text, "%.30s  %s", name, eval_text_percent(share, 1).text);
}

static void draw_axes(FILE *out)
{
    const struct svg_face across = {.anchor = SVG_MIDDLE, .fill = grey};
    const struct svg_face up = {.anchor = SVG_END, .fill = grey};
    for (unsigned percent = 0; percent <= 100; percent += 20) {
        char words[8];
        double y = y_of(percent / 100.0);
        snprintf(words, sizeof words, "%u", percent);
        svg_line(out, LEFT, y, RIGHT_EDGE, y,
                 (struct svg_stroke){percent ? "#e4e4e4" : "#999", 1, NULL});
        svg_text(out, LEFT - 8, y + 4, up, words);
    }
    for (unsigned step = 0; step < EVAL_STEPS; step++) {
        char words[8] = "end";
        if (step != EVAL_STEP_END)
            snprintf(words, sizeof words, "%u", eval_step_packets(step));
        svg_text(out, x_of(step), BOTTOM + 20, across, words);
    }
    svg_text(out, (LEFT + RIGHT_EDGE) / 2.0, BOTTOM + 42, across, "data packets seen");
    svg_text(out, 24, (TOP + BOTTOM) / 2.0,
             (struct svg_face){.anchor = SVG_MIDDLE, .fill = grey, .turn = -90}, "% of flows");
}

static void line_of(const uint64_t *counts, const struct eval_packets *packets, double *points)
{
    for (unsigned step = 0; step < EVAL_STEPS; step++) {
        points[2 * step] = x_of(step);
        points[2 * step + 1] = y_of(share_of(counts[step], packets));
    }
}

/* Between what is decided and what is right lies what is wrong. */
static void draw_wrong(FILE *out, const double *decided, const double *right)
{
    double corners[4 * EVAL_STEPS];
    for (unsigned i = 0; i < EVAL_STEPS; i++) {
        unsigned back = EVAL_STEPS - 1 - i;
        corners[2 * i] = decided[2 * i];
        corners[2 * i + 1] = decided[2 * i + 1];
        corners[2 * (EVAL_STEPS + i)] = right[2 * back];
        corners[2 * (EVAL_STEPS + i) + 1] = right[2 * back + 1];
    }
    svg_path(out, corners, 2 * EVAL_STEPS, (struct svg_stroke){NULL, 0, NULL}, "#fae0cf");
    double gap = right[2 * EVAL_STEPS - 3] - decided[2 * EVAL_STEPS - 3];
    if (gap > 18)
        svg_text(out, x_of(EVAL_STEPS - 2), decided[2 * EVAL_STEPS - 3] + gap / 2 + 4,
                 (struct svg_face){.anchor = SVG_MIDDLE, .fill = "#783b00"}, "wrong");
}

static void draw_subject(struct plot *plot)
{
    const struct eval_packets *packets = &plot->subject->packets;
    double decided[2 * EVAL_STEPS];
    double right[2 * EVAL_STEPS];
    line_of(packets->decided, packets, decided);
    line_of(packets->right, packets, right);
    draw_wrong(plot->out, decided, right);
    svg_path(plot->out, decided, EVAL_STEPS, (struct svg_stroke){"#a85911", 1.5, "6 3"}, NULL);
    svg_path(plot->out, right, EVAL_STEPS, (struct svg_stroke){blue, 2.5, NULL}, NULL);
    struct eval_text shown = {""};
    for (unsigned step = 0; step < EVAL_STEPS; step++) {
        double share = share_of(packets->right[step], packets);
        struct eval_text figure = eval_text_percent(share, 1);
        svg_dot(plot->out, x_of(step), y_of(share), 4, blue,
                (struct svg_stroke){"#fff", 1.5, NULL});
        if (step != EVAL_STEP_END && strcmp(figure.text, shown.text) != 0)
            svg_text(plot->out, x_of(step) + 5, y_of(share) + 18,
                     (struct svg_face){.size = 11, .fill = blue}, figure.text);
        shown = figure;
    }
    add_label(plot, share_of(packets->decided[EVAL_STEP_END], packets), "decided", "#783b00", true);
    add_label(plot, share_of(packets->right[EVAL_STEP_END], packets), "right", blue, true);
}

static void draw_beside(struct plot *plot, const struct eval_result_method *method)
{
    double right[2 * EVAL_STEPS];
    char name[48];
    line_of(method->packets.right, &method->packets, right);
    svg_path(plot->out, right, EVAL_STEPS,
             (struct svg_stroke){"#777", 1, method->is_baseline ? "1.5 3" : "8 3"}, NULL);
    snprintf(name, sizeof name, "%s %.30s", method->is_baseline ? "baseline" : "tier",
             method->name);
    add_label(plot, share_of(method->packets.right[EVAL_STEP_END], &method->packets), name, grey,
              false);
}

static int compare_labels(const void *a, const void *b)
{
    double left = ((const struct label *)a)->y;
    double right = ((const struct label *)b)->y;
    return (left > right) - (left < right);
}

/* Apart by a line's height, as near to their lines as that allows: downwards first, then what hangs
 * over the bottom is pushed back up. */
static void place_labels(struct label *labels, unsigned count)
{
    qsort(labels, count, sizeof *labels, compare_labels);
    for (unsigned i = 0; i < count; i++) {
        labels[i].shown_y = labels[i].y;
        if (i > 0 && labels[i].shown_y < labels[i - 1].shown_y + LABEL_HEIGHT)
            labels[i].shown_y = labels[i - 1].shown_y + LABEL_HEIGHT;
    }
    double limit = BOTTOM;
    for (unsigned i = count; i-- > 0; limit = labels[i].shown_y - LABEL_HEIGHT) {
        if (labels[i].shown_y > limit)
            labels[i].shown_y = limit;
    }
}

static void draw_labels(struct plot *plot)
{
    place_labels(plot->labels, plot->label_count);
    for (unsigned i = 0; i < plot->label_count; i++) {
        const struct label *label = &plot->labels[i];
        svg_line(plot->out, RIGHT_EDGE + 5, label->y, RIGHT_EDGE + 17, label->shown_y,
                 (struct svg_stroke){"#bbb", 1, NULL});
        svg_text(plot->out, RIGHT_EDGE + 21, label->shown_y + 4,
                 (struct svg_face){.fill = label->fill, .is_bold = label->is_bold}, label->text);
    }
}

/* A baseline that is also a tier stands there already. */
static bool is_beside(const struct plot *plot, const struct eval_result_method *method)
{
    for (unsigned i = 0; method->is_baseline && i < plot->result->tier_count; i++) {
        if (!strcmp(plot->result->methods[i].name, method->name))
            return false;
    }
    return method != plot->subject;
}

static void say(const struct plot *plot)
{
    const struct eval_packets *packets = &plot->subject->packets;
    char words[192];
    for (unsigned step = 0; step < EVAL_STEPS; step++) {
        if (step == EVAL_STEP_END)
            snprintf(words, sizeof words, " At the flows' end");
        else
            snprintf(words, sizeof words, " After %u data packets", eval_step_packets(step));
        svg_say(plot->out, words);
        snprintf(words, sizeof words, " %s %% are decided, %s %% rightly.",
                 eval_text_percent(share_of(packets->decided[step], packets), 1).text,
                 eval_text_percent(share_of(packets->right[step], packets), 1).text);
        svg_say(plot->out, words);
    }
    for (unsigned i = 0; i < plot->result->method_count; i++) {
        const struct eval_result_method *method = &plot->result->methods[i];
        if (!is_beside(plot, method))
            continue;
        snprintf(
            words, sizeof words, " The %s %.30s is right about %s %%.",
            method->is_baseline ? "baseline" : "tier", method->name,
            eval_text_percent(share_of(method->packets.right[EVAL_STEP_END], &method->packets), 1)
                .text);
        svg_say(plot->out, words);
    }
}

void eval_plot_packets(const struct eval_result *result, FILE *out)
{
    struct plot plot = {.out = out, .result = result, .subject = eval_plot_subject(result)};
    const struct eval_packets *packets = &plot.subject->packets;
    char title[96];
    char words[192];
    snprintf(title, sizeof title, "How soon the tier %.30s is right, by %s", plot.subject->name,
             eval_level_name(result->level, false));
    snprintf(words, sizeof words,
             "%s flows; half of those decided are so by data packet %u, nine in ten by %u.",
             eval_text_count(packets->flows).text, packets->median, packets->percentile_90);
    svg_begin(out, WIDTH, BOTTOM + 62, "packets", title);
    svg_say(out, words);
    say(&plot);
    svg_draw(out);
    svg_text(out, 24, 34, (struct svg_face){.size = 17, .is_bold = true}, title);
    svg_text(out, 24, 54, (struct svg_face){.size = 13, .fill = grey}, words);
    draw_axes(out);
    for (unsigned i = 0; i < result->method_count; i++) {
        if (is_beside(&plot, &result->methods[i]))
            draw_beside(&plot, &result->methods[i]);
    }
    draw_subject(&plot);
    draw_labels(&plot);
    svg_end(out);
}
