/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the few shapes that plots are made of as SVG 1.1: self-contained, without script, style
 * sheet or font file, so that a plot can stand in a page as well as on its own. Lengths are pixels;
 * y grows downwards. Whoever writes asks the stream once, at the end, whether all went well. */
#ifndef SVG_H
#define SVG_H

#include <stdbool.h>
#include <stdio.h>

enum svg_anchor { SVG_START, SVG_MIDDLE, SVG_END };

/* How text looks; zeros are 12 px, regular, dark, upright, and begin at x. */
struct svg_face {
    double size;
    const char *fill;
    enum svg_anchor anchor;
    bool is_bold;
    double turn; /* degrees, clockwise, about (x, y) */
};

struct svg_stroke {
    const char *colour;
    double width;
    const char *dash; /* null: solid */
};

/* A plot in this order: svg_begin, svg_say as often as it takes to say in words what the eye would
 * take from the plot, svg_draw, shapes, svg_end. `title` is what a reader hears first. Ids begin
 * with `id`, so that several plots fit into one page, which is white. */
void svg_begin(FILE *out, double width, double height, const char *id, const char *title);
void svg_say(FILE *out, const char *words);
void svg_draw(FILE *out);
void svg_end(FILE *out);

/* `text` is UTF-8; bytes that are not, and control characters, become U+FFFD. */
void svg_text(FILE *out, double x, double y, struct svg_face face, const char *text);
void svg_line(FILE *out, double x1, double y1, double x2, double y2, struct svg_stroke stroke);

/* `note` is shown where the pointer rests; null for none. */
void svg_rect(FILE *out, double x, double y, double width, double height, const char *fill,
              const char *note);

/* `fill` "none" for a ring. */
void svg_dot(FILE *out, double x, double y, double radius, const char *fill,
             struct svg_stroke stroke);

/* A line through points given as x, y, x, y ...; `fill` null for a line alone, else the points are
 * a shape's corners and there is no line. */
void svg_path(FILE *out, const double *points, unsigned count, struct svg_stroke stroke,
              const char *fill);

#endif
