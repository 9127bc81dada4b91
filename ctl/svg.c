/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats shapes; draws nothing by itself. */
#include "svg.h"

#include "markup.h"

void svg_begin(FILE *out, double width, double height, const char *id, const char *title)
{
    fprintf(out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
            "viewBox=\"0 0 %.0f %.0f\" role=\"img\" aria-labelledby=\"%s-title %s-words\" "
            "font-family=\"'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', sans-serif\" "
            "font-size=\"12\" fill=\"#222\">\n",
            width, height, width, height, id, id);
    fprintf(out, "<title id=\"%s-title\">", id);
    markup_text(out, title);
    fprintf(out, "</title>\n<desc id=\"%s-words\">", id);
}

void svg_say(FILE *out, const char *words)
{
    markup_text(out, words);
}

void svg_draw(FILE *out)
{
    fputs("</desc>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n", out);
}

void svg_end(FILE *out)
{
    fputs("</svg>\n", out);
}

void svg_text(FILE *out, double x, double y, struct svg_face face, const char *text)
{
    static const char *const anchors[] = {[SVG_START] = "",
                                          [SVG_MIDDLE] = " text-anchor=\"middle\"",
                                          [SVG_END] = " text-anchor=\"end\""};
    fprintf(out, "<text x=\"%.1f\" y=\"%.1f\"%s", x, y, anchors[face.anchor]);
    if (face.size > 0)
        fprintf(out, " font-size=\"%g\"", face.size);
    if (face.is_bold)
        fputs(" font-weight=\"bold\"", out);
    if (face.fill)
        fprintf(out, " fill=\"%s\"", face.fill);
    if (face.has_halo)
        fputs(" stroke=\"#fff\" stroke-width=\"3\" paint-order=\"stroke\"", out);
    if (face.turn != 0)
        fprintf(out, " transform=\"rotate(%g %.1f %.1f)\"", face.turn, x, y);
    fputc('>', out);
    markup_text(out, text);
    fputs("</text>\n", out);
}

static void write_stroke(FILE *out, struct svg_stroke stroke)
{
    fprintf(out, " stroke=\"%s\" stroke-width=\"%g\"", stroke.colour, stroke.width);
    if (stroke.dash)
        fprintf(out, " stroke-dasharray=\"%s\"", stroke.dash);
}

void svg_line(FILE *out, double x1, double y1, double x2, double y2, struct svg_stroke stroke)
{
    fprintf(out, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"", x1, y1, x2, y2);
    write_stroke(out, stroke);
    fputs("/>\n", out);
}

void svg_rect(FILE *out, double x, double y, double width, double height, const char *fill,
              const char *note)
{
    fprintf(out, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"", x, y,
            width, height, fill);
    if (!note) {
        fputs("/>\n", out);
        return;
    }
    fputs("><title>", out);
    markup_text(out, note);
    fputs("</title></rect>\n", out);
}

void svg_dot(FILE *out, double x, double y, double radius, const char *fill,
             struct svg_stroke stroke)
{
    fprintf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\"", x, y, radius, fill);
    write_stroke(out, stroke);
    fputs("/>\n", out);
}

void svg_path(FILE *out, const struct svg_point *points, unsigned count, struct svg_stroke stroke,
              const char *fill)
{
    fprintf(out, "<%s points=\"", fill ? "polygon" : "polyline");
    for (unsigned i = 0; i < count; i++)
        fprintf(out, "%s%.1f,%.1f", i ? " " : "", points[i].x, points[i].y);
    fprintf(out, "\" fill=\"%s\"", fill ? fill : "none");
    if (!fill) {
        write_stroke(out, stroke);
        fputs(" stroke-linejoin=\"round\"", out);
    }
    fputs("/>\n", out);
}
