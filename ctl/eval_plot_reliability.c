/* SPDX-License-Identifier: BSD-3-Clause */
/* The reliability diagram: confidence across, share right up, and below it how many verdicts there
 * are at each confidence. */
#include "eval_plot.h"
#include "eval_text.h"
#include "svg.h"

enum { WIDTH = 600, LEFT = 76, TOP = 84, SIDE = 420, STRIP_TOP = TOP + SIDE + 36, STRIP = 64 };

static const char grey[] = "#555";
static const char faint[] = "#e4e4e4";
static const char blue[] = "#1061a5";

static double x_of(double confidence)
{
    return LEFT + SIDE * confidence;
}

static double y_of(double share)
{
    return TOP + SIDE * (1 - share);
}

/* The subject, or the last tier before it that states confidence; null where none does. */
static const struct eval_result_method *find_method(const struct eval_result *result)
{
    for (unsigned i = result->tier_count; i-- > 0;) {
        if (result->methods[i].calibration.is_known)
            return &result->methods[i];
    }
    return NULL;
}

static void draw_axes(FILE *out)
{
    const struct svg_face across = {.anchor = SVG_MIDDLE, .fill = grey};
    const struct svg_face up = {.anchor = SVG_END, .fill = grey};
    for (unsigned percent = 0; percent <= 100; percent += 20) {
        char words[8];
        double share = percent / 100.0;
        snprintf(words, sizeof words, "%u", percent);
        svg_line(out, x_of(share), TOP, x_of(share), TOP + SIDE,
                 (struct svg_stroke){faint, 1, NULL});
        svg_line(out, LEFT, y_of(share), LEFT + SIDE, y_of(share),
                 (struct svg_stroke){faint, 1, NULL});
        svg_text(out, x_of(share), STRIP_TOP + STRIP + 18, across, words);
        svg_text(out, LEFT - 8, y_of(share) + 4, up, words);
    }
    svg_text(out, LEFT + SIDE / 2.0, STRIP_TOP + STRIP + 38, across, "confidence stated, %");
    svg_text(out, 26, TOP + SIDE / 2.0,
             (struct svg_face){.anchor = SVG_MIDDLE, .fill = grey, .turn = -90}, "right, %");
}

static void draw_diagonal(FILE *out)
{
    const struct svg_face above = {.fill = "#777"};
    const struct svg_face below = {.fill = "#777", .anchor = SVG_END};
    svg_line(out, x_of(0), y_of(0), x_of(1), y_of(1), (struct svg_stroke){"#777", 1, "5 4"});
    svg_text(out, LEFT + 12, TOP + 22, above, "right more often than stated");
    svg_text(out, LEFT + SIDE - 12, TOP + SIDE - 12, below, "right less often than stated");
}

static void draw_bin(FILE *out, const struct eval_bin *bin)
{
    double share = (double)bin->right / (double)bin->flows;
    double x = x_of(bin->confidence);
    bool is_above = share > bin->confidence;
    struct eval_interval interval = eval_wilson(bin->right, bin->flows);
    const struct svg_face face = {.is_bold = true, .anchor = is_above ? SVG_END : SVG_START};
    svg_line(out, x, y_of(interval.low), x, y_of(interval.high),
             (struct svg_stroke){blue, 1.5, NULL});
    svg_dot(out, x, y_of(share), 5, blue, (struct svg_stroke){"#fff", 1.5, NULL});
    svg_text(out, x + (is_above ? -10 : 10), y_of(share) + 4, face,
             eval_text_percent(share, 1).text);
}

static void draw_strip(FILE *out, const struct eval_calibration *calibration)
{
    const struct svg_face figure = {.anchor = SVG_MIDDLE, .size = 11, .fill = grey};
    uint64_t most = 1;
    for (unsigned i = 0; i < EVAL_BINS; i++)
        most = calibration->bins[i].flows > most ? calibration->bins[i].flows : most;
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        uint64_t flows = calibration->bins[i].flows;
        double height = STRIP * (double)flows / (double)most;
        double x = x_of((double)i / EVAL_BINS);
        if (!flows)
            continue;
        double share = (double)flows / (double)calibration->flows;
        svg_rect(out, x + 1, STRIP_TOP + STRIP - height, (double)SIDE / EVAL_BINS - 2, height,
                 "#b4d5f8", NULL);
        svg_text(out, x + (double)SIDE / EVAL_BINS / 2, STRIP_TOP + STRIP - height - 4, figure,
                 eval_text_percent(share, 1).text);
    }
    svg_line(out, LEFT, STRIP_TOP + STRIP, LEFT + SIDE, STRIP_TOP + STRIP,
             (struct svg_stroke){"#999", 1, NULL});
    svg_text(out, LEFT + SIDE + 10, STRIP_TOP + STRIP - 4, (struct svg_face){.fill = grey},
             "% of verdicts");
}

static void say(FILE *out, const struct eval_calibration *calibration)
{
    svg_say(out, "Share of verdicts that are right, by the confidence stated with them.");
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        const struct eval_bin *bin = &calibration->bins[i];
        char words[192];
        if (!bin->flows)
            continue;
        snprintf(words, sizeof words,
                 " %u to %u %%: %s verdicts, %s %% confident on average, %s %% right.",
                 i * 100 / EVAL_BINS, (i + 1) * 100 / EVAL_BINS, eval_text_count(bin->flows).text,
                 eval_text_percent(bin->confidence, 1).text,
                 eval_text_percent((double)bin->right / (double)bin->flows, 1).text);
        svg_say(out, words);
    }
}

static void draw_calibration(FILE *out, const struct eval_calibration *calibration)
{
    double line[2 * EVAL_BINS];
    unsigned count = 0;
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        const struct eval_bin *bin = &calibration->bins[i];
        if (!bin->flows)
            continue;
        line[2 * count] = x_of(bin->confidence);
        line[2 * count++ + 1] = y_of((double)bin->right / (double)bin->flows);
    }
    svg_path(out, line, count, (struct svg_stroke){"#95c1f0", 1.5, NULL}, NULL);
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        if (calibration->bins[i].flows)
            draw_bin(out, &calibration->bins[i]);
    }
    draw_strip(out, calibration);
}

void eval_plot_reliability(const struct eval_result *result, FILE *out)
{
    const struct eval_result_method *method = find_method(result);
    char title[96] = "No tier states confidence";
    char words[192] = "Neither ports nor signatures do; evaluate the tier headers.";
    if (method) {
        snprintf(title, sizeof title, "Is the tier %.30s as right as it says?", method->name);
        snprintf(words, sizeof words,
                 "Expected calibration error %.4f over %s verdicts; bars are 95 %% intervals.",
                 method->calibration.error, eval_text_count(method->calibration.flows).text);
    }
    svg_begin(out, WIDTH, method ? STRIP_TOP + STRIP + 56 : 80, "reliability", title);
    svg_say(out, words);
    svg_say(out, " ");
    if (method)
        say(out, &method->calibration);
    svg_draw(out);
    svg_text(out, 24, 34, (struct svg_face){.size = 17, .is_bold = true}, title);
    svg_text(out, 24, 54, (struct svg_face){.size = 13, .fill = grey}, words);
    if (method) {
        draw_axes(out);
        draw_diagonal(out);
        draw_calibration(out, &method->calibration);
    }
    svg_end(out);
}
