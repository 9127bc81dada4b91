/* SPDX-License-Identifier: BSD-3-Clause */
/* The confusion matrix: truth down, verdicts across, shares of each class's flows. */
#include <inttypes.h>
#include <string.h>

#include "eval_plot.h"
#include "eval_text.h"
#include "svg.h"

enum {
    RIGHT,
    WRONG,
    SILENT,
    KINDS,
    RAMP = 11, /* colours of a kind, for 0, 10 .. 100 % */
    COLUMNS = EVAL_PLOT_CLASSES + 2,
};

/* Even steps of lightness in OKLab, the same for each hue: 98.5 to 36 %. */
static const uint32_t ramps[KINDS][RAMP] = {
    [RIGHT] = {0xf7fafe, 0xd3e8fe, 0xb4d5f8, 0x95c1f0, 0x78aee6, 0x5c9bd9, 0x4287ca, 0x2a74b9,
               0x1061a5, 0x014f8b, 0x003e70},
    [WRONG] = {0xfff9f5, 0xfae0cf, 0xf1c7ac, 0xe7af8b, 0xda986b, 0xcc824d, 0xbb6d30, 0xa85911,
               0x914901, 0x783b00, 0x602e00},
    [SILENT] = {0xfafafa, 0xe5e5e5, 0xd1d1d1, 0xbdbdbd, 0xa9a9a9, 0x969696, 0x838383, 0x717171,
                0x5f5f5f, 0x4e4e4e, 0x3d3d3d},
};

/* Rows are classes, then what is held out; columns are classes, other classes, no verdict. */
struct matrix {
    const struct eval_result *result;
    const struct eval_result_method *method;
    unsigned count; /* of classes drawn, which are the method's first ones */
    unsigned columns;
    unsigned other; /* its column, or `columns` where there is none */
    unsigned silent;
    bool has_held_out;
    uint64_t flows[EVAL_PLOT_CLASSES + 1][COLUMNS];
    uint64_t sums[EVAL_PLOT_CLASSES + 1];
    double cell; /* px */
    double left; /* of the cells */
    double top;
};

static unsigned column_of(const struct matrix *matrix, unsigned class)
{
    if (class == PROTOCOL_UNKNOWN)
        return matrix->silent;
    for (unsigned i = 0; i < matrix->count; i++) {
        if (matrix->method->classes[i].id == class)
            return i;
    }
    return matrix->other;
}

static void count_flows(struct matrix *matrix)
{
    const struct eval_result_method *method = matrix->method;
    const struct eval_held_out *held_out = &method->held_out;
    for (unsigned i = 0; i < matrix->count; i++) {
        matrix->flows[i][i] = method->classes[i].cell.right.flows;
        matrix->sums[i] = method->classes[i].cell.truth.flows;
    }
    for (unsigned i = 0; i < method->confusion_count; i++) {
        const struct eval_confusion *confusion = &method->confusions[i];
        unsigned row = confusion->is_held_out ? matrix->count : column_of(matrix, confusion->class);
        if (row <= matrix->count && (row < matrix->count) != confusion->is_held_out)
            matrix->flows[row][column_of(matrix, confusion->verdict)] += confusion->count.flows;
    }
    matrix->sums[matrix->count] = held_out->all.flows;
    matrix->flows[matrix->count][matrix->silent] = held_out->all.flows - held_out->given.flows;
}

/* Other classes get a column only where somebody was called one of them. */
static bool has_other_verdicts(const struct matrix *matrix)
{
    for (unsigned i = 0; i < matrix->method->confusion_count; i++) {
        if (column_of(matrix, matrix->method->confusions[i].verdict) == matrix->other)
            return true;
    }
    return false;
}

static size_t longest_name(const struct matrix *matrix)
{
    size_t longest = strlen("held out");
    for (unsigned i = 0; i < matrix->count; i++) {
        size_t length = strlen(matrix->method->classes[i].name);
        if (length > longest)
            longest = length;
    }
    return longest;
}

/* Are there classes with flows that are not drawn? */
static bool is_cut(const struct matrix *matrix)
{
    return matrix->count == EVAL_PLOT_CLASSES && matrix->method->class_count > matrix->count &&
           matrix->method->classes[matrix->count].cell.truth.flows;
}

static struct matrix lay_out(const struct eval_result *result)
{
    struct matrix matrix = {.result = result, .method = eval_plot_subject(result)};
    const struct eval_result_method *method = matrix.method;
    while (matrix.count < EVAL_PLOT_CLASSES && matrix.count < method->class_count &&
           method->classes[matrix.count].cell.truth.flows)
        matrix.count++;
    matrix.other = COLUMNS;
    matrix.silent = COLUMNS + 1;
    bool has_other = has_other_verdicts(&matrix);
    matrix.other = has_other ? matrix.count : COLUMNS;
    matrix.silent = matrix.count + has_other;
    matrix.columns = matrix.silent + 1;
    matrix.has_held_out = method->held_out.all.flows;
    count_flows(&matrix);
    matrix.cell = matrix.count > 14 ? 32 : 42;
    matrix.left = 92 + 6.8 * (double)longest_name(&matrix);
    matrix.top =
        82 + 4.8 * (double)longest_name(&matrix) + 18 * (is_cut(&matrix) + matrix.has_held_out);
    return matrix;
}

/* Where a row or column begins; the last ones stand apart. */
static double row_y(const struct matrix *matrix, unsigned row)
{
    return matrix->top + row * matrix->cell + (row >= matrix->count ? 8 : 0);
}

static double column_x(const struct matrix *matrix, unsigned column)
{
    return matrix->left + column * matrix->cell + (column >= matrix->count ? 8 : 0);
}

static void colour_of(unsigned kind, double share, char colour[8])
{
    double at = share * (RAMP - 1);
    unsigned step = at < RAMP - 1 ? (unsigned)at : RAMP - 2;
    unsigned mixed = 0;
    for (unsigned shift = 0; shift <= 16; shift += 8) {
        double low = ramps[kind][step] >> shift & 0xff;
        double high = ramps[kind][step + 1] >> shift & 0xff;
        mixed |= (unsigned)(low + (high - low) * (at - step) + 0.5) << shift;
    }
    snprintf(colour, 8, "#%06x", mixed);
}

static const char *column_name(const struct matrix *matrix, unsigned column)
{
    if (column == matrix->silent)
        return "no verdict";
    return column == matrix->other ? "other" : matrix->method->classes[column].name;
}

static const char *row_name(const struct matrix *matrix, unsigned row)
{
    return row < matrix->count ? matrix->method->classes[row].name : "held out";
}

/* Silence is right about what is held out. */
static unsigned kind_of(const struct matrix *matrix, unsigned row, unsigned column)
{
    if (row == matrix->count ? column == matrix->silent : column == row)
        return RIGHT;
    return column == matrix->silent ? SILENT : WRONG;
}

static void draw_cell(FILE *out, const struct matrix *matrix, unsigned row, unsigned column)
{
    double x = column_x(matrix, column);
    double y = row_y(matrix, row);
    uint64_t flows = matrix->flows[row][column];
    double share = (double)flows / (double)matrix->sums[row];
    unsigned kind = kind_of(matrix, row, column);
    if (!flows && kind != RIGHT) {
        svg_rect(out, x, y, matrix->cell - 1, matrix->cell - 1, "#f7f7f7", NULL);
        return;
    }
    char colour[8];
    char note[256];
    struct eval_text percent = eval_text_percent(share, 0);
    snprintf(note, sizeof note, "%.60s, called %.60s: %s of %s flows, %s %%", row_name(matrix, row),
             column_name(matrix, column), eval_text_count(flows).text,
             eval_text_count(matrix->sums[row]).text, eval_text_percent(share, 2).text);
    colour_of(kind, share, colour);
    svg_rect(out, x, y, matrix->cell - 1, matrix->cell - 1, colour, note);
    const struct svg_face face = {.size = matrix->cell > 40 ? 13 : 11,
                                  .anchor = SVG_MIDDLE,
                                  .is_bold = kind == RIGHT,
                                  .fill = share > 0.55 ? "#fff" : NULL};
    svg_text(out, x + (matrix->cell - 1) / 2, y + matrix->cell / 2 + 4, face, percent.text);
}

static void draw_row(FILE *out, const struct matrix *matrix, unsigned row)
{
    const struct svg_face name = {.anchor = SVG_END, .is_bold = row < matrix->count};
    const struct svg_face count = {.anchor = SVG_END, .fill = "#555"};
    double y = row_y(matrix, row) + matrix->cell / 2 + 4;
    svg_text(out, matrix->left - 70, y, name, row_name(matrix, row));
    svg_text(out, matrix->left - 10, y, count, eval_text_count(matrix->sums[row]).text);
    for (unsigned column = 0; column < matrix->columns; column++)
        draw_cell(out, matrix, row, column);
}

static void draw_heads(FILE *out, const struct matrix *matrix)
{
    const struct svg_face turned = {.turn = -45, .is_bold = true};
    const struct svg_face plain = {.turn = -45};
    const struct svg_face side = {.anchor = SVG_END, .fill = "#555"};
    for (unsigned column = 0; column < matrix->columns; column++)
        svg_text(out, column_x(matrix, column) + matrix->cell / 2 + 2, matrix->top - 8,
                 column < matrix->count ? turned : plain, column_name(matrix, column));
    svg_text(out, matrix->left - 70, matrix->top - 8, side, "truth");
    svg_text(out, matrix->left - 10, matrix->top - 8, side, "flows");
}

static double foot_y(const struct matrix *matrix)
{
    return row_y(matrix, matrix->count + matrix->has_held_out) + (matrix->has_held_out ? 0 : -8);
}

static void draw_precision(FILE *out, const struct matrix *matrix)
{
    const struct svg_face head = {.anchor = SVG_END, .fill = "#555"};
    const struct svg_face figure = {.anchor = SVG_MIDDLE, .fill = "#555"};
    double y = foot_y(matrix) + 22;
    svg_text(out, matrix->left - 10, y, head, "precision, %");
    for (unsigned i = 0; i < matrix->count; i++) {
        double value;
        if (eval_rate_of(&matrix->method->classes[i].cell, EVAL_PRECISION, false, &value))
            svg_text(out, column_x(matrix, i) + (matrix->cell - 1) / 2, y, figure,
                     eval_text_percent(value, 0).text);
    }
}

static void draw_legend(FILE *out, const struct matrix *matrix)
{
    static const char *const words[KINDS] = {
        [RIGHT] = "right", [WRONG] = "wrong", [SILENT] = "no verdict"};
    double x = matrix->left;
    double y = foot_y(matrix) + 46;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        for (unsigned i = 0; i < 5; i++) {
            char colour[8];
            colour_of(kind, 0.1 + i * 0.2, colour);
            svg_rect(out, x + i * 14, y, 13, 13, colour, NULL);
        }
        svg_text(out, x + 76, y + 11, (struct svg_face){.fill = "#555"}, words[kind]);
        x += kind == RIGHT || kind == WRONG ? 128 : 0;
    }
}

static void say_class(FILE *out, const struct matrix *matrix, unsigned row)
{
    char words[320];
    unsigned worst = row ? 0 : 1;
    for (unsigned column = 0; column < matrix->columns; column++) {
        if (column != row && matrix->flows[row][column] > matrix->flows[row][worst])
            worst = column;
    }
    double sum = (double)matrix->sums[row];
    double wrong = (double)matrix->flows[row][worst] / sum;
    snprintf(words, sizeof words, " %.60s: %s flows, %s %% right", row_name(matrix, row),
             eval_text_count(matrix->sums[row]).text,
             eval_text_percent((double)matrix->flows[row][row] / sum, 1).text);
    svg_say(out, words);
    snprintf(words, sizeof words, ", %s %% %s%.60s", eval_text_percent(wrong, 1).text,
             worst == matrix->silent ? "" : "called ", column_name(matrix, worst));
    svg_say(out, wrong > 0 ? words : "");
    svg_say(out, ".");
}

static void say_held_out(FILE *out, const struct matrix *matrix)
{
    char words[192];
    uint64_t silent = matrix->flows[matrix->count][matrix->silent];
    snprintf(words, sizeof words, " Held out, of no known class: %s flows, %s %% left unnamed.",
             eval_text_count(matrix->sums[matrix->count]).text,
             eval_text_percent((double)silent / (double)matrix->sums[matrix->count], 1).text);
    svg_say(out, words);
}

static void say(FILE *out, const struct matrix *matrix)
{
    svg_say(out, "A matrix with a row for each class and a column for each verdict. Each cell has "
                 "the share of the row's flows that got the column's verdict.");
    for (unsigned row = 0; row < matrix->count; row++)
        say_class(out, matrix, row);
    if (matrix->has_held_out)
        say_held_out(out, matrix);
}

static void draw_titles(FILE *out, const struct matrix *matrix, const char *title)
{
    const struct eval_result_row *all = &matrix->method->all;
    char words[256];
    double right = 0;
    eval_rate_of(&all->cell, EVAL_RECALL, false, &right);
    snprintf(words, sizeof words,
             "%% of each class's flows, by verdict. %s flows in %s captures, %s %% right.",
             eval_text_count(all->cell.truth.flows).text,
             eval_text_count(matrix->result->samples->summary.capture_count).text,
             eval_text_percent(right, 1).text);
    svg_text(out, 24, 34, (struct svg_face){.size = 17, .is_bold = true}, title);
    svg_text(out, 24, 54, (struct svg_face){.size = 13, .fill = "#555"}, words);
    double y = 72;
    if (is_cut(matrix)) {
        svg_text(out, 24, y, (struct svg_face){.size = 13, .fill = "#555"},
                 "Shown are the classes with the most flows; other are verdicts of the rest.");
        y += 18;
    }
    if (matrix->has_held_out)
        svg_text(out, 24, y, (struct svg_face){.size = 13, .fill = "#555"},
                 "Held out is traffic of no known class: no verdict is right there.");
}

void eval_plot_confusion(const struct eval_result *result, FILE *out)
{
    struct matrix matrix = lay_out(result);
    char title[128];
    snprintf(title, sizeof title, "What the tier %.30s took for what, by %s", matrix.method->name,
             eval_level_name(result->level, false));
    double width = column_x(&matrix, matrix.columns) + 80;
    svg_begin(out, width < 600 ? 600 : width, foot_y(&matrix) + 80, "confusion", title);
    say(out, &matrix);
    svg_draw(out);
    draw_titles(out, &matrix, title);
    draw_heads(out, &matrix);
    for (unsigned row = 0; row < matrix.count + matrix.has_held_out; row++)
        draw_row(out, &matrix, row);
    draw_precision(out, &matrix);
    draw_legend(out, &matrix);
    svg_end(out);
}
