/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables and their cells, as the page writes them. */
#include "audit_html_table.h"

#include "audit_words.h"
#include "markup.h"
#include "report_forms.h"

void html_tagged(FILE *out, const char *tag, const char *text)
{
    fprintf(out, "<%s>", tag);
    markup_text(out, text);
    fprintf(out, "</%s>", tag);
}

void html_row_name(FILE *out, const char *name)
{
    fputs("<tr><th scope=\"row\">", out);
    markup_text(out, name);
    fputs("</th>", out);
}

void html_bytes(FILE *out, uint64_t bytes)
{
    char text[REPORT_TEXT] = "0";
    if (bytes)
        audit_describe_bytes(bytes, text, sizeof text);
    html_tagged(out, "td", text);
}

void html_number(FILE *out, uint64_t number)
{
    char text[REPORT_TEXT];
    report_text_amount(text, number, "");
    html_tagged(out, "td", text);
}

void html_share(FILE *out, const struct audit_share *share)
{
    char text[REPORT_TEXT];
    audit_describe_share(share, text, sizeof text);
    fputs("<td>", out);
    markup_text(out, share->is_known ? text : "\xe2\x80\x93");
    if (share->has_interval)
        fprintf(out, "<br><span class=\"small\">%.1f\xe2\x80\x93%.1f</span>", share->low * 100,
                share->high * 100);
    fputs("</td>", out);
}

void html_table_begin(FILE *out, const char *caption, const char *const *heads, unsigned words)
{
    fputs("<div class=\"frame\"><table><caption>", out);
    markup_text(out, caption);
    fputs("</caption><thead><tr>", out);
    for (unsigned i = 0; heads[i]; i++) {
        fprintf(out, "<th scope=\"col\"%s>", words >> i & 1 ? " class=\"words\"" : "");
        markup_text(out, heads[i]);
        fputs("</th>", out);
    }
    fputs("</tr></thead><tbody>\n", out);
}

void html_table_end(FILE *out)
{
    fputs("</tbody></table></div>\n", out);
}
