/* SPDX-License-Identifier: BSD-3-Clause */
/* The form of an audit for people who decide: one file that asks for nothing else, to be read on a
 * screen, heard, or printed. Plain words come first, then charts, each with its figures as a
 * table, then how it was done and what it cannot show. */
#include <inttypes.h>
#include <time.h>

#include "audit_chart.h"
#include "audit_forms.h"
#include "audit_html_table.h"
#include "audit_mask_html.h"
#include "audit_words.h"
#include "build_info.h"
#include "markup.h"
#include "report_forms.h"

static const char style[] =
    "html{font:16px/1.5 Georgia,'Times New Roman','Liberation "
    "Serif',serif;color:#222;background:#fff}\n"
    "body{max-width:50rem;margin:0 auto;padding:1.5rem}\n"
    "h1,h2,h3,th,caption,figcaption,nav{font-family:'Helvetica Neue',Helvetica,Arial,'Liberation "
    "Sans',sans-serif}\n"
    "h1{font-size:1.9rem;line-height:1.2;margin:.5rem 0 1rem}\n"
    "h2{font-size:1.35rem;line-height:1.3;margin:2.5rem 0 .6rem;border-top:2px solid "
    "#222;padding-top:.8rem}\n"
    "h3{font-size:1.05rem;margin:1.8rem 0 .4rem}\n"
    "p,ul{margin:.5rem 0}li{margin:.25rem 0}\n"
    ".lead{font-size:1.1rem}\n"
    ".small,code{font-size:.85rem}code{overflow-wrap:anywhere}\n"
    ".frame{overflow-x:auto}\n"
    "table{border-collapse:collapse;margin:.8rem 0 1.2rem;font-size:.86rem;line-height:1.35;"
    "font-variant-numeric:tabular-nums}\n"
    "caption{text-align:left;color:#555;padding:0 0 .3rem}\n"
    "th,td{padding:.22rem .7rem .22rem 0;text-align:right;vertical-align:top;border-bottom:1px "
    "solid #ddd}\n"
    "th{font-weight:600}thead th{border-bottom:1px solid #222;vertical-align:bottom}\n"
    "td{white-space:nowrap}th[scope=row],.words{text-align:left;white-space:normal}\n"
    "figure{margin:1rem 0}figure svg{max-width:100%;height:auto}\n"
    "figcaption{font-size:.86rem;color:#555}\n"
    "a{color:#014f8b}.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}\n"
    "@media print{html{font-size:10.5pt}body{max-width:none;padding:0}nav{display:none}\n"
    "h2.box{break-before:page}h2,h3{break-after:avoid}figure,.frame,li{break-inside:avoid}.frame{"
    "overflow:visible}\n"
    "thead{display:table-header-group}a{color:inherit;text-decoration:none}\n"
    "*{print-color-adjust:exact;-webkit-print-color-adjust:exact}@page{margin:18mm 16mm}}\n";

static void write_outcome(FILE *out, const char *name, const struct audit_outcome *outcome)
{
    html_row_name(out, name);
    if (outcome->is_withheld) {
        fputs("<td class=\"words\" colspan=\"6\">withheld: too few addresses</td></tr>\n", out);
        return;
    }
    html_bytes(out, outcome->acted.bytes);
    html_bytes(out, outcome->mistaken.bytes);
    html_share(out, &outcome->mistaken_bytes);
    html_bytes(out, outcome->unsure.bytes);
    html_bytes(out, outcome->missed.bytes);
    html_share(out, &outcome->found_bytes);
    fputs("</tr>\n", out);
}

static const char *const outcome_heads[] = {"",       "acted on", "by mistake", "mistaken share",
                                            "unsure", "missed",   "found",      NULL};

static void write_overview(FILE *out, const struct audit *audit)
{
    html_table_begin(out, "Every box at a glance, by bytes; shares in % with their 95 % intervals",
                     outcome_heads, 1);
    for (unsigned i = 0; i < audit->box_count; i++)
        write_outcome(out, audit->boxes[i].box->name, &audit->boxes[i].own.outcome);
    html_table_end(out);
}

static void write_ladder(FILE *out, const struct audit_box *box, const char *id)
{
    if (!box->rung_count)
        return;
    fputs("<h3>What seeing more buys it</h3>\n<figure>", out);
    audit_chart_ladder(out, box, id);
    fputs("<figcaption>The same orders given to boxes that see less or more. Bars are shares, thin "
          "lines their 95 % intervals.</figcaption></figure>\n",
          out);
    html_table_begin(out, "The same in figures, by bytes; shares in % with their 95 % intervals",
                     outcome_heads, 1);
    for (unsigned i = 0; i < box->rung_count; i++)
        write_outcome(out, audit_chart_rung_words(box->ladder[i].tiers), &box->ladder[i].outcome);
    html_table_end(out);
}

static void write_references(FILE *out, const struct audit_view *view, const char *id)
{
    static const char *const heads[] = {"kind of traffic", "connections", "bytes",
                                        "acted on",        "by mistake",  "of it slowed or lost",
                                        "missed",          NULL};
    fputs("<h3>What it does to which traffic</h3>\n<figure>", out);
    audit_chart_actions(out, view, id);
    fputs("<figcaption>Each row is one kind of traffic, as the reference names it; its cells say "
          "what share of its bytes would have met which treatment, darker for more. Bold names "
          "are hit by mistake.</figcaption></figure>\n",
          out);
    html_table_begin(out, "The same in figures", heads, 1);
    for (unsigned i = 0; i < view->reference_count; i++) {
        const struct audit_reference *row = &view->references[i];
        html_row_name(out, row->name);
        html_number(out, row->seen.flows);
        html_bytes(out, row->seen.bytes);
        html_bytes(out, row->seen.bytes - row->acted[BOX_NONE].bytes);
        html_bytes(out, row->mistaken.bytes);
        html_bytes(out, row->mistaken_touched_bytes);
        html_bytes(out, row->missed.bytes);
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

static void write_steps(FILE *out, const struct audit_rule *rule)
{
    html_row_name(out, rule->rule->name);
    for (unsigned step = 0; step < POLICY_STEPS; step++)
        html_number(out, rule->after_packets[step]);
    html_bytes(out, rule->bytes_before);
    fputs("</tr>\n", out);
}

static void write_delays(FILE *out, const struct audit_view *view, const char *id)
{
    static const char *const heads[] = {"rule",  "1 packet", "2",    "to 4",         "to 8",
                                        "to 16", "to 32",    "more", "bytes before", NULL};
    if (!audit_chart_has_delays(view))
        return;
    fputs("<h3>How soon</h3>\n<figure>", out);
    audit_chart_delays(out, view, id);
    fputs("<figcaption>How many packets, and how much time, a connection had before the rule first "
          "acted on it. What had passed by then was out of reach.</figcaption></figure>\n",
          out);
    html_table_begin(out, "Connections by the packets before the rule first acted", heads, 1);
    for (unsigned i = 0; i < view->rule_count; i++) {
        if (view->rules[i].acted_flows && !view->rules[i].outcome.is_withheld)
            write_steps(out, &view->rules[i]);
    }
    html_table_end(out);
}

static void write_rules(FILE *out, const struct audit_view *view)
{
    static const char *const heads[] = {"rule",       "does",   "connections", "bytes",
                                        "by mistake", "unsure", "missed",      NULL};
    fputs("<h3>Rule by rule</h3>\n", out);
    html_table_begin(out,
                     "In the order the box goes through them; a connection counts under the last "
                     "rule that acted on it",
                     heads, 1 | 2);
    for (unsigned i = 0; i < view->rule_count; i++) {
        const struct audit_rule *rule = &view->rules[i];
        html_row_name(out, rule->rule->name);
        fputs("<td class=\"words\">", out);
        markup_text(out, rule->action);
        fputs("</td>", out);
        if (rule->outcome.is_withheld) {
            fputs("<td class=\"words\" colspan=\"5\">withheld: too few addresses</td></tr>\n", out);
            continue;
        }
        html_number(out, rule->outcome.acted.flows);
        html_bytes(out, rule->outcome.acted.bytes);
        html_bytes(out, rule->outcome.mistaken.bytes);
        html_bytes(out, rule->outcome.unsure.bytes);
        html_bytes(out, rule->outcome.missed.bytes);
        fputs("</tr>\n", out);
    }
    html_table_end(out);
}

static void write_sentences(FILE *out, const struct audit_box *box)
{
    fputs("<ul>", out);
    for (unsigned i = 0; i < box->sentence_count; i++)
        html_tagged(out, "li", box->sentences[i]);
    fputs("</ul>\n", out);
}

/* A box that did nothing and should have done nothing has nothing to chart. */
static bool has_figures(const struct audit_view *view)
{
    const struct audit_outcome *outcome = &view->outcome;
    return !outcome->is_withheld && (outcome->acted.packets || outcome->missed.packets);
}

static void write_box(FILE *out, const struct audit_box *box, unsigned number)
{
    char id[32];
    char tiers[64];
    fprintf(out, "<h2 class=\"box\" id=\"box-%u\">", number);
    markup_text(out, box->box->title);
    fputs("</h2>\n", out);
    html_tagged(out, "p", box->box->about);
    audit_describe_tiers(box->own.tiers, tiers, sizeof tiers);
    fprintf(out, "\n<p class=\"small\">Model <code>");
    markup_text(out, box->box->name);
    fputs("</code>; of the evidence here it sees: ", out);
    markup_text(out, tiers);
    fputs(".</p>\n", out);
    write_sentences(out, box);
    if (has_figures(&box->own)) {
        snprintf(id, sizeof id, "actions-%u", number);
        write_references(out, &box->own, id);
        snprintf(id, sizeof id, "ladder-%u", number);
        write_ladder(out, box, id);
        snprintf(id, sizeof id, "delays-%u", number);
        write_delays(out, &box->own, id);
    }
    write_rules(out, &box->own);
    fputs("<h3>Where the practice is documented</h3>\n<ul>", out);
    for (unsigned i = 0; i < box->box->source_count; i++)
        html_tagged(out, "li", box->box->sources[i]);
    fputs("</ul>\n", out);
}

/* ", recorded on 22 November 2026 from 03:02 UTC for 20 minutes". */
static void write_when(FILE *out, const struct audit *audit)
{
    char start[64];
    struct tm date;
    time_t second = (time_t)(audit->start_ns / 1000000000);
    uint64_t seconds = (audit->end_ns - audit->start_ns + 500000000) / 1000000000;
    if (!audit->has_time || !gmtime_r(&second, &date) ||
        !strftime(start, sizeof start, "%-d %B %Y from %H:%M UTC", &date))
        return;
    uint64_t unit = seconds < 120 ? 1 : seconds < 7200 ? 60 : 3600;
    fprintf(out, ", recorded on %s for %" PRIu64 " %s", start, (seconds + unit / 2) / unit,
            unit == 1    ? "seconds"
            : unit == 60 ? "minutes"
                         : "hours");
}

static void write_lead(FILE *out, const struct audit *audit)
{
    char bytes[REPORT_TEXT];
    char unknown[REPORT_TEXT];
    audit_describe_bytes(audit->in_flows.bytes, bytes, sizeof bytes);
    audit_describe_bytes(audit->reference_unknown.bytes, unknown, sizeof unknown);
    fprintf(out,
            "<p class=\"lead\">A box on an Internet line looks at traffic, guesses what it is and "
            "treats it accordingly. Below is what %u such box%s could have done to the same %s of "
            "traffic (%" PRIu64 " connections",
            audit->box_count, audit->box_count == 1 ? "" : "es", bytes,
            audit->reference_known.flows + audit->reference_unknown.flows);
    write_when(out, audit);
    fputs("), to what of it by mistake, and how soon. Nothing was done to any of it.</p>\n", out);
    switch (audit->context.reference) {
    case AUDIT_BY_TRUTH:
        fputs("<p>Mistakes are told by a list of what each connection really was.", out);
        break;
    case AUDIT_BY_SIGNATURES:
        fputs("<p>Mistakes are told by the most thorough look there is here, at the content of "
              "connections' first packets.",
              out);
        break;
    case AUDIT_BY_NOTHING:
        fputs("<p>There is nothing here to tell mistakes by.", out);
        break;
    }
    fprintf(out,
            " It cannot say what %s of the traffic was; what is done to that is counted as "
            "unsure, never as right or wrong.</p>\n",
            unknown);
}

static void write_summary(FILE *out, const struct audit *audit)
{
    fputs("<h2 id=\"summary\">In plain words</h2>\n", out);
    for (unsigned i = 0; i < audit->box_count; i++) {
        fprintf(out, "<h3><a href=\"#box-%u\">", i + 1);
        markup_text(out, audit->boxes[i].box->title);
        fputs("</a></h3>\n", out);
        write_sentences(out, &audit->boxes[i]);
    }
    write_overview(out, audit);
}

static void write_limits(FILE *out, const struct audit *audit)
{
    fputs("<h2 id=\"limits\">What this cannot show</h2>\n<ul>", out);
    for (const char *const *limit = audit_limits(); *limit; limit++)
        html_tagged(out, "li", *limit);
    fputs("</ul>\n<h2 id=\"words\">Words</h2>\n<ul>"
          "<li><b>Connection</b>: all packets both ways between two programs, until they stop.</li>"
          "<li><b>Acted on</b>: at least one packet met a rule that does something. <b>Left "
          "alone</b> is the rest; both together are all that was seen.</li>"
          "<li><b>By mistake</b>: acted on, though by the reference the rules mean something else. "
          "<b>Missed</b>: left alone, though they mean it. <b>Unsure</b>: nobody here knows.</li>"
          "<li><b>Found</b>: of what the rules mean, the share they catch.</li>"
          "<li><b>95 % interval</b>: for traffic like this, the figure lies in it 19 times out of "
          "20; it says nothing about other lines.</li></ul>\n",
          out);
    if (audit->cells_withheld)
        fprintf(out,
                "<p>%u figures stem from fewer than %u addresses and are withheld, so that nobody "
                "can be told from them.</p>\n",
                audit->cells_withheld, audit->context.min_endpoints);
}

static void write_digest(FILE *out, const char *what, const char *digest)
{
    html_row_name(out, what);
    fputs("<td class=\"words\"><code>", out);
    markup_text(out, digest);
    fputs("</code></td></tr>\n", out);
}

/* What it takes to make the same page again. */
static void write_digests(FILE *out, const struct audit *audit)
{
    static const char *const heads[] = {"what", "SHA-256, or version", NULL};
    char tiers[64];
    fputs("<h2 id=\"method\">How this was made</h2>\n", out);
    audit_describe_tiers(audit->context.tiers, tiers, sizeof tiers);
    fputs("<p>Glassbox read the traffic once, guessed with each kind of evidence separately (",
          out);
    markup_text(out, tiers);
    fputs("), and worked out for every packet what each box, believing its own guess, would have "
          "done with it. All counts are exact; acted on and left alone add up to what was seen. No "
          "address, name or content is in this file or in what it was made of.</p>\n",
          out);
    html_table_begin(out, "What it takes to make this page again", heads, 1 | 2);
    write_digest(out, "Glassbox", BUILD_VERSION);
    if (audit->context.rules_sha256)
        write_digest(out, "rules of the signatures", audit->context.rules_sha256);
    if (audit->context.truth_sha256)
        write_digest(out, "list of what is true", audit->context.truth_sha256);
    for (unsigned i = 0; i < audit->box_count; i++)
        write_digest(out, audit->boxes[i].box->name, audit->boxes[i].box->sha256);
    html_table_end(out);
}

void audit_html_write(const struct audit *audit, FILE *out)
{
    fprintf(out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta name=\"viewport\" content=\"width=device-width\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
            "'unsafe-inline'\">\n"
            "<title>What boxes could have done to this traffic</title>\n<style>\n%s</style>\n"
            "</head>\n<body>\n<a class=\"skip\" href=\"#summary\">To the summary</a>\n<main>\n"
            "<h1>What boxes could have done to this traffic</h1>\n",
            style);
    write_lead(out, audit);
    write_summary(out, audit);
    for (unsigned i = 0; i < audit->box_count; i++)
        write_box(out, &audit->boxes[i], i + 1);
    audit_mask_html_write(audit, out);
    write_limits(out, audit);
    write_digests(out, audit);
    fputs("</main>\n</body>\n</html>\n", out);
}
