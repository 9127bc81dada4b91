/* SPDX-License-Identifier: BSD-3-Clause */
/* What decides, for people who decide: first which evidence each box goes by, in words, then the
 * figures by box and by kind of guess. */
#include "audit_mask_html.h"

#include <inttypes.h>

#include "audit_forms.h"
#include "audit_html_table.h"
#include "audit_words.h"
#include "markup.h"
#include "report_forms.h"

static bool has_effect(const struct audit_mask_effect *effect)
{
    return effect->lost.flows || effect->other.flows || effect->gained.flows;
}

/* The mask that changes most of the bytes that the box acts on; null when none changes any. */
static const struct audit_mask *strongest_mask(const struct audit *audit, unsigned box)
{
    const struct audit_mask *found = NULL;
    for (unsigned i = 0; i < audit->mask_count; i++) {
        const struct audit_mask *mask = &audit->masks[i];
        if (has_effect(&mask->boxes[box]) && (!found || mask->boxes[box].changed_bytes.value >
                                                            found->boxes[box].changed_bytes.value))
            found = mask;
    }
    return found;
}

static bool is_withheld(const struct audit *audit, unsigned box)
{
    for (unsigned i = 0; i < audit->mask_count; i++) {
        if (audit->masks[i].boxes[box].is_withheld)
            return true;
    }
    return false;
}

static void write_effect_words(FILE *out, const struct audit_mask *mask,
                               const struct audit_mask_effect *effect)
{
    char bytes[REPORT_TEXT];
    audit_describe_share(&effect->changed_bytes, bytes, sizeof bytes);
    fprintf(out, "with the %s, ", audit_describe_mask(mask->mask));
    if (effect->had.flows)
        fprintf(out,
                "it would let go %" PRIu64 " and treat otherwise %" PRIu64 " of the %" PRIu64
                " connections it acts on (%s of their bytes)%s",
                effect->lost.flows, effect->other.flows, effect->had.flows, bytes,
                effect->gained.flows ? ", and " : "");
    if (effect->gained.flows)
        fprintf(out, "it would act on %" PRIu64 " that it leaves alone", effect->gained.flows);
}

static void write_box_words(FILE *out, const struct audit *audit, unsigned box)
{
    const struct audit_mask *mask = strongest_mask(audit, box);
    fputs("<li><b>", out);
    markup_text(out, audit->boxes[box].box->title);
    fputs("</b>: ", out);
    if (is_withheld(audit, box)) {
        fputs("withheld, too few addresses.</li>\n", out);
        return;
    }
    if (!mask) {
        fputs("nothing that was destroyed here changes what it does.</li>\n", out);
        return;
    }
    fputs("most hangs on this: ", out);
    write_effect_words(out, mask, &mask->boxes[box]);
    fputs(".</li>\n", out);
}

static void write_effect(FILE *out, const char *name, const char *of,
                         const struct audit_mask_effect *effect)
{
    html_row_name(out, name);
    fputs("<td class=\"words\">", out);
    markup_text(out, of);
    fputs("</td>", out);
    if (effect->is_withheld) {
        fputs("<td class=\"words\" colspan=\"6\">withheld: too few addresses</td></tr>\n", out);
        return;
    }
    html_number(out, effect->had.flows);
    html_number(out, effect->lost.flows);
    html_number(out, effect->other.flows);
    html_number(out, effect->gained.flows);
    html_share(out, &effect->changed_flows);
    html_share(out, &effect->changed_bytes);
    fputs("</tr>\n", out);
}

static void write_boxes(FILE *out, const struct audit *audit)
{
    static const char *const heads[] = {
        "destroyed",         "box",         "acted on", "let go", "otherwise", "newly acted on",
        "connections, in %", "bytes, in %", NULL};
    html_table_begin(out,
                     "Connections that a box would treat otherwise; shares of those it acts on",
                     heads, 1 | 2);
    for (unsigned i = 0; i < audit->mask_count; i++) {
        for (unsigned box = 0; box < audit->box_count; box++)
            write_effect(out, mask_name(audit->masks[i].mask), audit->boxes[box].box->name,
                         &audit->masks[i].boxes[box]);
    }
    html_table_end(out);
}

static void write_verdicts(FILE *out, const struct audit *audit)
{
    static const char *const heads[] = {"destroyed",         "guess by",     "named",
                                        "name lost",         "another name", "newly named",
                                        "connections, in %", "bytes, in %",  NULL};
    html_table_begin(out,
                     "Connections that are guessed otherwise, by the evidence of the guess; "
                     "\"strongest\" is what wins when guesses differ",
                     heads, 1 | 2);
    for (unsigned i = 0; i < audit->mask_count; i++) {
        for (unsigned column = 0; column < AUDIT_MASK_VERDICTS; column++) {
            if (audit_mask_column_ran(&audit->context, column))
                write_effect(out, mask_name(audit->masks[i].mask), audit_mask_column_name(column),
                             &audit->masks[i].verdicts[column]);
        }
    }
    html_table_end(out);
}

static void write_kinds(FILE *out, const struct audit *audit)
{
    static const char *const heads[] = {"kind of traffic", "destroyed",   "named", "name lost",
                                        "another name",    "bytes of it", NULL};
    html_table_begin(out,
                     "Kinds of traffic, by their strongest guess, of which any is guessed "
                     "otherwise",
                     heads, 1 | 2);
    for (unsigned i = 0; i < audit->mask_count; i++) {
        const struct audit_mask *mask = &audit->masks[i];
        for (unsigned row = 0; row < mask->row_counts[AUDIT_MASK_STRONGEST]; row++) {
            const struct audit_mask_row *kind = &mask->rows[AUDIT_MASK_STRONGEST][row];
            if (!kind->lost.flows && !kind->other.flows)
                continue;
            html_row_name(out, kind->name);
            fprintf(out, "<td class=\"words\">%s</td>", mask_name(mask->mask));
            html_number(out, kind->had.flows);
            html_number(out, kind->lost.flows);
            html_number(out, kind->other.flows);
            html_bytes(out, kind->lost.bytes + kind->other.bytes);
            fputs("</tr>\n", out);
        }
    }
    html_table_end(out);
}

void audit_mask_html_write(const struct audit *audit, FILE *out)
{
    if (!audit->mask_count)
        return;
    fputs("<h2 class=\"box\" id=\"decides\">What decides</h2>\n"
          "<p>A box does not know what a connection is; it goes by evidence. Here the same traffic "
          "was judged again with one kind of evidence destroyed, all else as it was. Where a box "
          "then does something else, it is this evidence that it acted on: a connection treated "
          "by its port number, say, is treated by a mere convention that anyone may keep or "
          "not.</p>\n<ul>",
          out);
    for (unsigned box = 0; box < audit->box_count; box++)
        write_box_words(out, audit, box);
    fputs("</ul>\n<p>What was destroyed:</p>\n<ul>", out);
    for (unsigned i = 0; i < audit->mask_count; i++)
        fprintf(out, "<li><b>%s</b>: %s</li>", mask_name(audit->masks[i].mask),
                audit_describe_mask(audit->masks[i].mask));
    fputs("</ul>\n", out);
    write_boxes(out, audit);
    write_verdicts(out, audit);
    write_kinds(out, audit);
}
