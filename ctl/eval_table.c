/* SPDX-License-Identifier: BSD-3-Clause */
/* The evaluation as a table for people. */
#include <errno.h>
#include <inttypes.h>

#include "eval_forms.h"

static void write_count(FILE *out, const char *what, const struct eval_count *count)
{
    fprintf(out, "%-52s %10" PRIu64 " flows %14" PRIu64 " bytes\n", what, count->flows,
            count->bytes);
}

static void write_flows(FILE *out, const char *what, uint64_t flows)
{
    fprintf(out, "%-52s %10" PRIu64 " flows\n", what, flows);
}

static void write_summary(FILE *out, const struct eval_samples *samples)
{
    const struct eval_summary *summary = &samples->summary;
    fprintf(out, "%-52s %10u\n", "captures", summary->capture_count);
    fprintf(out, "%-52s %10s\n", "least confidence", eval_confidence_name(samples->least));
    write_count(out, "scored", &summary->scored);
    write_count(out, "  of these by an overruled label", &summary->overruled);
    write_flows(out, "  of these several flows under one 5-tuple", summary->split);
    if (summary->held_out.flows)
        write_count(out, "held out, as of no known class", &summary->held_out);
    write_count(out, "not scored: withdrawn, as overruled", &summary->withdrawn);
    write_flows(out, "not scored: in the truth, not seen", summary->unseen);
    write_count(out, "not scored: of less confidence", &summary->below);
    write_count(out, "not scored: the truth does not say what it is", &summary->silent);
    write_count(out, "not scored: seen, not in the truth", &summary->foreign);
    write_count(out, "seen of all that is in the truth", &summary->seen);
    write_count(out, "  of these with a service's name", &summary->named);
    if (summary->evicted)
        write_flows(out, "cut in two for want of room: raise --flows", summary->evicted);
}

static void write_rate(FILE *out, const struct eval_cell *cell, enum eval_rate rate,
                       bool is_by_bytes, const struct eval_interval *interval)
{
    double value;
    if (!eval_rate_of(cell, rate, is_by_bytes, &value))
        fprintf(out, "  %6s %13s", "-", "");
    else if (!interval->is_known)
        fprintf(out, "  %6.2f %13s", value * 100, "");
    else
        fprintf(out, "  %6.2f %6.2f-%6.2f", value * 100, interval->low * 100, interval->high * 100);
}

static void write_accuracy(FILE *out, const struct eval_result_row *row)
{
    write_rate(out, &row->cell, EVAL_RECALL, false, &row->recall);
    write_rate(out, &row->cell, EVAL_RECALL, true, &row->spread.bytes[EVAL_RECALL]);
}

static void write_methods(FILE *out, const struct eval_result *result)
{
    fprintf(out, "\n%-24s  %-20s  %-20s  %-20s %13s %8s %10s\n", "ACCURACY", "FLOWS % (95 %)",
            "BYTES % (95 %)", "PRECISION % (95 %)", "MEAN RECALL %", "PACKETS", "CALIB.ERR");
    for (unsigned i = 0; i < result->method_count; i++) {
        const struct eval_result_method *method = &result->methods[i];
        const char *kind = method->is_baseline ? "baseline" : "tier";
        fprintf(out, "%-9s%-15s", kind, method->name);
        write_accuracy(out, &method->all);
        write_rate(out, &method->all.cell, EVAL_PRECISION, false, &method->all.precision);
        fprintf(out, " %13.2f", method->mean_recall * 100);
        if (method->packets.decided[EVAL_STEP_END])
            fprintf(out, " %8u", method->packets.median);
        else
            fprintf(out, " %8s", "-");
        if (method->calibration.is_known)
            fprintf(out, " %10.4f\n", method->calibration.error);
        else
            fprintf(out, " %10s\n", "-");
    }
}

/* Folds down, methods across; more is in the other forms. */
static void write_folds(FILE *out, const struct eval_result *result, bool is_by_bytes)
{
    const struct eval_result_method *first = &result->methods[0];
    fprintf(out, "\nRIGHT, %% OF %-11s %14s", is_by_bytes ? "BYTES" : "FLOWS", "TRUTH");
    for (unsigned i = 0; i < result->method_count; i++)
        fprintf(out, " %13s", result->methods[i].name);
    fputc('\n', out);
    for (unsigned fold = 0; fold < first->fold_count; fold++) {
        const struct eval_count *truth = &first->folds[fold].cell.truth;
        fprintf(out, "%-24s %14" PRIu64, first->folds[fold].name,
                is_by_bytes ? truth->bytes : truth->flows);
        for (unsigned i = 0; i < result->method_count; i++) {
            const struct eval_result_row *row =
                eval_result_fold(&result->methods[i], &first->folds[fold]);
            double value;
            if (row && eval_rate_of(&row->cell, EVAL_RECALL, is_by_bytes, &value))
                fprintf(out, " %13.2f", value * 100);
            else
                fprintf(out, " %13s", "-");
        }
        fputc('\n', out);
    }
}

static void write_detection(FILE *out, const char *number, const struct eval_detection *detection)
{
    if (detection->is_known)
        fprintf(out, "  %-22s %8.4f %14.2f %14.2f", number, detection->auroc,
                detection->false_positive_rate * 100, detection->byte_share * 100);
    else
        fprintf(out, "  %-22s %8s %14s %14s", number, "-", "-", "-");
}

static void write_held_out(FILE *out, const struct eval_result *result)
{
    fprintf(out, "\n%-24s  %-22s %8s %14s %14s %14s\n", "HELD OUT", "TOLD BY", "AUROC",
            "FLOWS % AT 95", "BYTES % AT 95", "BYTES % GIVEN");
    for (unsigned i = 0; i < result->method_count; i++) {
        const struct eval_result_method *method = &result->methods[i];
        const struct eval_held_out *held_out = &method->held_out;
        double given = (double)held_out->given.bytes / (double)held_out->all.bytes;
        const char *kind = method->is_baseline ? "baseline" : "tier";
        fprintf(out, "%-9s%-15s", kind, method->name);
        write_detection(out, "confidence", &held_out->by_confidence);
        fprintf(out, " %14.2f\n", held_out->all.bytes ? given * 100 : 0);
        if (!held_out->by_p_value.is_known)
            continue;
        fprintf(out, "%-24s", "");
        write_detection(out, "p-value", &held_out->by_p_value);
        fputc('\n', out);
    }
}

static void write_flow_row(FILE *out, const struct eval_result_row *row)
{
    const struct eval_cell *cell = &row->cell;
    fprintf(out, "%-24s %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64, row->name,
            cell->truth.flows, cell->right.flows, cell->wrong.flows, cell->missed.flows,
            cell->claimed.flows);
    write_rate(out, cell, EVAL_PRECISION, false, &row->precision);
    write_rate(out, cell, EVAL_RECALL, false, &row->recall);
    write_rate(out, cell, EVAL_F1, false, &row->spread.flows_f1);
    fputc('\n', out);
}

static void write_byte_row(FILE *out, const struct eval_result_row *row)
{
    const struct eval_cell *cell = &row->cell;
    fprintf(out, "%-24s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64, row->name,
            cell->truth.bytes, cell->right.bytes, cell->wrong.bytes, cell->claimed.bytes);
    for (unsigned rate = 0; rate < EVAL_RATES; rate++)
        write_rate(out, cell, (enum eval_rate)rate, true, &row->spread.bytes[rate]);
    fputc('\n', out);
}

static void write_calibration(FILE *out, const struct eval_calibration *calibration)
{
    if (!calibration->is_known)
        return;
    fprintf(out, "\n%-24s %10s %12s %12s\n", "CONFIDENCE", "FLOWS", "MEAN %", "RIGHT %");
    for (unsigned i = 0; i < EVAL_BINS; i++) {
        const struct eval_bin *bin = &calibration->bins[i];
        if (bin->flows)
            fprintf(out, "%u %% to %-17u %10" PRIu64 " %12.2f %12.2f\n", i * 100 / EVAL_BINS,
                    (i + 1) * 100 / EVAL_BINS, bin->flows, bin->confidence * 100,
                    (double)bin->right / (double)bin->flows * 100);
    }
}

static void write_packets(FILE *out, const struct eval_packets *packets)
{
    if (!packets->decided[EVAL_STEP_END])
        return;
    fprintf(out, "\n%-24s %12s %12s\n", "DATA PACKETS", "DECIDED %", "RIGHT %");
    for (unsigned step = 0; step < EVAL_STEPS; step++) {
        if (step == EVAL_STEP_END)
            fprintf(out, "%-24s", "at the end");
        else
            fprintf(out, "%-24u", eval_step_packets(step));
        fprintf(out, " %12.2f %12.2f\n",
                (double)packets->decided[step] / (double)packets->flows * 100,
                (double)packets->right[step] / (double)packets->flows * 100);
    }
}

static void write_confusions(FILE *out, const struct eval_result *result,
                             const struct eval_result_method *method)
{
    if (method->confusion_count)
        fprintf(out, "\n%-24s %-24s %7s %12s\n", "TRUTH", "VERDICT", "FLOWS", "BYTES");
    for (unsigned i = 0; i < method->confusion_count; i++) {
        const struct eval_confusion *confusion = &method->confusions[i];
        fprintf(out, "%-24s %-24s %7" PRIu64 " %12" PRIu64 "%s\n",
                eval_level_class_name(result->level, result->words, confusion->class),
                eval_level_class_name(result->level, result->words, confusion->verdict),
                confusion->count.flows, confusion->count.bytes,
                confusion->is_held_out ? "  (held out)" : "");
    }
}

static void write_tier(FILE *out, const struct eval_result *result,
                       const struct eval_result_method *method)
{
    fprintf(out, "\nTier %s\n", method->name);
    write_count(out, "labelled, of all seen that is in the truth", &method->labelled);
    fprintf(out, "\n%-24s %7s %7s %7s %7s %7s  %-20s  %-20s  %-20s\n", "BY FLOWS", "TRUTH", "RIGHT",
            "WRONG", "MISSED", "CLAIMED", "PRECISION % (95 %)", "RECALL % (95 %)", "F1 % (95 %)");
    for (unsigned i = 0; i < method->class_count; i++)
        write_flow_row(out, &method->classes[i]);
    write_flow_row(out, &method->all);
    fprintf(out, "\n%-24s %12s %12s %12s %12s  %-20s  %-20s  %-20s\n", "BY BYTES", "TRUTH", "RIGHT",
            "WRONG", "CLAIMED", "PRECISION % (95 %)", "RECALL % (95 %)", "F1 % (95 %)");
    for (unsigned i = 0; i < method->class_count; i++)
        write_byte_row(out, &method->classes[i]);
    write_byte_row(out, &method->all);
    write_packets(out, &method->packets);
    write_calibration(out, &method->calibration);
    write_confusions(out, result, method);
}

int eval_write_table(const struct eval_result *result, FILE *out)
{
    write_summary(out, result->samples);
    write_methods(out, result);
    if (result->split_by) {
        write_folds(out, result, false);
        write_folds(out, result, true);
    }
    if (result->samples->summary.held_out.flows)
        write_held_out(out, result);
    for (unsigned i = 0; i < result->tier_count; i++)
        write_tier(out, result, &result->methods[i]);
    fputs("\nMissed flows (no verdict) lower recall and leave precision as it is; wrong ones lower "
          "both.\nAccuracy is right of all: what was missed counts as wrong there.\n",
          out);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
