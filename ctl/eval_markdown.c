/* SPDX-License-Identifier: BSD-3-Clause */
/* The evaluation as Markdown tables, for documents. In full are the baselines' sums and the tiers'
 * classes; the other forms hold the rest. */
#include <errno.h>
#include <string.h>

#include "eval_forms.h"
#include "eval_text.h"

enum { CONFUSIONS_MAX = 20 };

static const char dash[] = "–";

/* A bar would end the cell. */
static void write_name(FILE *out, const char *name)
{
    for (; *name; name++) {
        if (*name == '|')
            fputc('\\', out);
        fputc(*name == '\n' ? ' ' : *name, out);
    }
}

static void write_count(FILE *out, uint64_t number)
{
    fprintf(out, " %s |", eval_text_count(number).text);
}

static void write_share(FILE *out, double share)
{
    fprintf(out, " %s |", eval_text_percent(share, 2).text);
}

static void write_rate(FILE *out, const struct eval_cell *cell, enum eval_rate rate,
                       bool is_by_bytes, const struct eval_interval *interval)
{
    double value;
    if (!eval_rate_of(cell, rate, is_by_bytes, &value)) {
        fprintf(out, " %s |", dash);
        return;
    }
    fprintf(out, " %s", eval_text_percent(value, 2).text);
    if (interval->is_known)
        fprintf(out, " (%s–%s)", eval_text_percent(interval->low, 2).text,
                eval_text_percent(interval->high, 2).text);
    fputs(" |", out);
}

static void write_accuracy(FILE *out, const struct eval_result_row *row)
{
    write_rate(out, &row->cell, EVAL_RECALL, false, &row->recall);
    write_rate(out, &row->cell, EVAL_RECALL, true, &row->spread.bytes[EVAL_RECALL]);
}

static void begin_method(FILE *out, const struct eval_result_method *method)
{
    fprintf(out, "| %s %s |", method->is_baseline ? "baseline" : "tier", method->name);
}

static void write_methods(FILE *out, const struct eval_result *result)
{
    fputs("| method | right, % of flows (95 %) | % of bytes (95 %) | precision % (95 %) | "
          "mean recall % | data packets, median | calibration error |\n"
          "|---|--:|--:|--:|--:|--:|--:|\n",
          out);
    for (unsigned i = 0; i < result->method_count; i++) {
        const struct eval_result_method *method = &result->methods[i];
        begin_method(out, method);
        write_accuracy(out, &method->all);
        write_rate(out, &method->all.cell, EVAL_PRECISION, false, &method->all.precision);
        write_share(out, method->mean_recall);
        if (method->packets.decided[EVAL_STEP_END])
            write_count(out, method->packets.median);
        else
            fprintf(out, " %s |", dash);
        if (method->calibration.is_known)
            fprintf(out, " %.4f |\n", method->calibration.error);
        else
            fprintf(out, " %s |\n", dash);
    }
}

static void write_fold(FILE *out, const struct eval_result *result,
                       const struct eval_result_row *first)
{
    fputs("| ", out);
    write_name(out, first->name);
    fputs(" |", out);
    write_count(out, first->cell.truth.flows);
    for (unsigned i = 0; i < result->method_count; i++) {
        const struct eval_result_row *row = eval_result_fold(&result->methods[i], first);
        double value;
        if (!row || !eval_rate_of(&row->cell, EVAL_RECALL, false, &value))
            fprintf(out, " %s |", dash);
        else if (i < result->tier_count)
            write_accuracy(out, row);
        else
            write_share(out, value);
    }
    fputc('\n', out);
}

static void write_folds(FILE *out, const struct eval_result *result)
{
    const struct eval_result_method *first = &result->methods[0];
    fputs("\n| ", out);
    write_name(out, result->split_by);
    fputs(" | flows |", out);
    for (unsigned i = 0; i < result->method_count; i++) {
        const char *name = result->methods[i].name;
        fprintf(out,
                i < result->tier_count ? " %s, flows %% (95 %%) | bytes %% (95 %%) |"
                                       : " baseline %s, flows %% |",
                name);
    }
    fputs("\n|---|--:|", out);
    for (unsigned i = 0; i < result->method_count; i++)
        fputs(i < result->tier_count ? "--:|--:|" : "--:|", out);
    fputc('\n', out);
    for (unsigned fold = 0; fold < first->fold_count; fold++)
        write_fold(out, result, &first->folds[fold]);
}

static void write_detection(FILE *out, const char *number, const struct eval_detection *detection)
{
    if (!detection->is_known) {
        fprintf(out, " %s | %s | %s | %s |", dash, dash, dash, dash);
        return;
    }
    fprintf(out, " %s | %.4f |", number, detection->auroc);
    write_share(out, detection->false_positive_rate);
    write_share(out, detection->byte_share);
}

static void write_held_out(FILE *out, const struct eval_result *result)
{
    fputs(
        "\n| held out | bytes given a known class, % | told by | AUROC | flows taken for known at "
        "95 % true positives, % | bytes, % |\n|---|--:|---|--:|--:|--:|\n",
        out);
    for (unsigned i = 0; i < result->method_count; i++) {
        const struct eval_result_method *method = &result->methods[i];
        const struct eval_held_out *held_out = &method->held_out;
        double bytes = (double)(held_out->all.bytes ? held_out->all.bytes : 1);
        begin_method(out, method);
        write_share(out, (double)held_out->given.bytes / bytes);
        write_detection(out, "confidence", &held_out->by_confidence);
        if (held_out->by_p_value.is_known) {
            fputs("\n| | |", out);
            write_detection(out, "p-value", &held_out->by_p_value);
        }
        fputc('\n', out);
    }
}

static void write_class(FILE *out, const struct eval_result_row *row, bool is_sum)
{
    const char *mark = is_sum ? "**" : "";
    fprintf(out, "| %s", mark);
    write_name(out, row->name);
    fprintf(out, "%s |", mark);
    write_count(out, row->cell.truth.flows);
    write_rate(out, &row->cell, EVAL_PRECISION, false, &row->precision);
    write_rate(out, &row->cell, EVAL_RECALL, false, &row->recall);
    write_rate(out, &row->cell, EVAL_F1, false, &row->spread.flows_f1);
    write_count(out, row->cell.truth.bytes);
    for (unsigned rate = 0; rate < EVAL_RATES; rate++)
        write_rate(out, &row->cell, (enum eval_rate)rate, true, &row->spread.bytes[rate]);
    fputc('\n', out);
}

static void write_packets(FILE *out, const struct eval_packets *packets)
{
    if (!packets->decided[EVAL_STEP_END])
        return;
    fputs("\n| data packets |", out);
    for (unsigned step = 0; step < EVAL_STEP_END; step++)
        write_count(out, eval_step_packets(step));
    fputs(" end |\n|---|", out);
    for (unsigned step = 0; step < EVAL_STEPS; step++)
        fputs("--:|", out);
    fputs("\n| decided, % of flows |", out);
    for (unsigned step = 0; step < EVAL_STEPS; step++)
        write_share(out, (double)packets->decided[step] / (double)packets->flows);
    fputs("\n| right, % of flows |", out);
    for (unsigned step = 0; step < EVAL_STEPS; step++)
        write_share(out, (double)packets->right[step] / (double)packets->flows);
    fputc('\n', out);
}

static void write_calibration(FILE *out, const struct eval_calibration *calibration)
{
    if (!calibration->is_known)
        return;
    fputs("\n| confidence | flows | mean, % | right, % (95 %) |\n|---|--:|--:|--:|\n", out);
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        const struct eval_bin *bin = &calibration->bins[i];
        struct eval_interval interval = eval_wilson(bin->right, bin->flows);
        if (!bin->flows)
            continue;
        fprintf(out, "| %u–%u %% |", i * 100 / EVAL_BINS, (i + 1) * 100 / EVAL_BINS);
        write_count(out, bin->flows);
        write_share(out, bin->confidence);
        fprintf(out, " %s (%s–%s) |\n",
                eval_text_percent((double)bin->right / (double)bin->flows, 2).text,
                eval_text_percent(interval.low, 2).text, eval_text_percent(interval.high, 2).text);
    }
}

static void write_confusions(FILE *out, const struct eval_result *result,
                             const struct eval_result_method *method)
{
    if (method->confusion_count)
        fputs("\n| truth | verdict | flows | bytes |\n|---|---|--:|--:|\n", out);
    for (unsigned i = 0; i < method->confusion_count && i < CONFUSIONS_MAX; i++) {
        const struct eval_confusion *confusion = &method->confusions[i];
        fputs("| ", out);
        write_name(out, eval_level_class_name(result->level, result->words, confusion->class));
        fputs(confusion->is_held_out ? " (held out) | " : " | ", out);
        write_name(out, eval_level_class_name(result->level, result->words, confusion->verdict));
        fputs(" |", out);
        write_count(out, confusion->count.flows);
        write_count(out, confusion->count.bytes);
        fputc('\n', out);
    }
    if (method->confusion_count > CONFUSIONS_MAX)
        fprintf(out, "\n%u more pairs are left out.\n", method->confusion_count - CONFUSIONS_MAX);
}

static void write_tier(FILE *out, const struct eval_result *result,
                       const struct eval_result_method *method)
{
    fprintf(out,
            "\n**Tier %s**\n\n| %s | flows | precision %% (95 %%) | recall %% (95 %%) | "
            "F1 %% (95 %%) | bytes | precision %% (95 %%) | recall %% (95 %%) | F1 %% (95 %%) |\n"
            "|---|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            method->name, eval_level_name(result->level, false));
    write_class(out, &method->all, true);
    for (unsigned i = 0; i < method->class_count; i++)
        write_class(out, &method->classes[i], false);
    write_packets(out, &method->packets);
    write_calibration(out, &method->calibration);
    write_confusions(out, result, method);
}

static void write_summary(FILE *out, const struct eval_result *result)
{
    const struct eval_summary *summary = &result->samples->summary;
    fprintf(out, "%s flows (%s bytes) in %s captures are scored, by %s",
            eval_text_count(summary->scored.flows).text,
            eval_text_count(summary->scored.bytes).text,
            eval_text_count(summary->capture_count).text, eval_level_name(result->level, false));
    if (summary->held_out.flows)
        fprintf(out, "; %s (%s bytes) are held out as of no known class",
                eval_text_count(summary->held_out.flows).text,
                eval_text_count(summary->held_out.bytes).text);
    if (summary->overruled.flows)
        fprintf(out, "; %s by an overruled label", eval_text_count(summary->overruled.flows).text);
    if (summary->unseen)
        fprintf(out, "; %s of the truth were not seen", eval_text_count(summary->unseen).text);
    fputs(". No verdict counts as wrong in *right*.\n\n", out);
}

int eval_write_markdown(const struct eval_result *result, FILE *out)
{
    write_summary(out, result);
    write_methods(out, result);
    if (result->split_by)
        write_folds(out, result);
    if (result->samples->summary.held_out.flows)
        write_held_out(out, result);
    for (unsigned i = 0; i < result->tier_count; i++)
        write_tier(out, result, &result->methods[i]);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
