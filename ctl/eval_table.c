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

static void write_summary(FILE *out, const struct eval_result *result)
{
    const struct eval_score *score = result->score;
    fprintf(out, "%-52s %10u\n", "captures", score->capture_count);
    fprintf(out, "%-52s %10s\n", "least confidence", eval_confidence_name(score->least));
    write_count(out, "scored", &score->scored);
    write_count(out, "  of these by an overruled label", &score->overruled);
    write_flows(out, "  of these several flows under one 5-tuple", score->split);
    write_count(out, "not scored: withdrawn, as overruled", &score->withdrawn);
    write_flows(out, "not scored: in the truth, not seen", score->unseen);
    write_count(out, "not scored: of less confidence", &score->below);
    write_count(out, "not scored: the truth does not say what it is", &score->silent);
    write_count(out, "not scored: seen, not in the truth", &score->foreign);
    write_count(out, "seen of all that is in the truth", &score->seen);
    write_count(out, "  of these with a service's name", &score->named);
    if (score->evicted)
        write_flows(out, "cut in two for want of room: raise --flows", score->evicted);
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

static void write_flow_row(FILE *out, const struct eval_result_class *class)
{
    const struct eval_cell *cell = &class->cell;
    fprintf(out, "%-24s %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64, class->name,
            cell->truth.flows, cell->right.flows, cell->wrong.flows, cell->missed.flows,
            cell->claimed.flows);
    write_rate(out, cell, EVAL_PRECISION, false, &class->precision);
    write_rate(out, cell, EVAL_RECALL, false, &class->recall);
    write_rate(out, cell, EVAL_F1, false, &class->spread.flows_f1);
    fputc('\n', out);
}

static void write_byte_row(FILE *out, const struct eval_result_class *class)
{
    const struct eval_cell *cell = &class->cell;
    fprintf(out, "%-24s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64, class->name,
            cell->truth.bytes, cell->right.bytes, cell->wrong.bytes, cell->claimed.bytes);
    for (unsigned rate = 0; rate < EVAL_RATES; rate++)
        write_rate(out, cell, (enum eval_rate)rate, true, &class->spread.bytes[rate]);
    fputc('\n', out);
}

static void write_confusions(FILE *out, const struct eval_result *result,
                             const struct eval_result_tier *tier)
{
    if (tier->confusion_count)
        fprintf(out, "\n%-24s %-24s %7s %12s\n", "TRUTH", "VERDICT", "FLOWS", "BYTES");
    for (unsigned i = 0; i < tier->confusion_count; i++) {
        const struct eval_confusion *confusion = &tier->confusions[i];
        fprintf(out, "%-24s %-24s %7" PRIu64 " %12" PRIu64 "\n",
                eval_words_class_name(result->words, confusion->class),
                protocols_get(result->words->protocols, confusion->verdict)->name,
                confusion->count.flows, confusion->count.bytes);
    }
}

static void write_tier(FILE *out, const struct eval_result *result,
                       const struct eval_result_tier *tier)
{
    fprintf(out, "\nTier %s\n", tier->name);
    write_count(out, "labelled, of all seen that is in the truth", &tier->score->labelled);
    fprintf(out, "\n%-24s %7s %7s %7s %7s %7s  %-20s  %-20s  %-20s\n", "BY FLOWS", "TRUTH", "RIGHT",
            "WRONG", "MISSED", "CLAIMED", "PRECISION % (95 %)", "RECALL % (95 %)", "F1 % (95 %)");
    for (unsigned i = 0; i < tier->class_count; i++)
        write_flow_row(out, &tier->classes[i]);
    write_flow_row(out, &tier->all);
    fprintf(out, "\n%-24s %12s %12s %12s %12s  %-20s  %-20s  %-20s\n", "BY BYTES", "TRUTH", "RIGHT",
            "WRONG", "CLAIMED", "PRECISION % (95 %)", "RECALL % (95 %)", "F1 % (95 %)");
    for (unsigned i = 0; i < tier->class_count; i++)
        write_byte_row(out, &tier->classes[i]);
    write_byte_row(out, &tier->all);
    write_confusions(out, result, tier);
}

int eval_write_table(const struct eval_result *result, FILE *out)
{
    write_summary(out, result);
    for (unsigned i = 0; i < result->tier_count; i++)
        write_tier(out, result, &result->tiers[i]);
    fputs("\nMissed flows (no verdict) lower recall and leave precision as it is; wrong ones lower "
          "both.\n",
          out);
    return fflush(out) || ferror(out) ? -EIO : 0;
}
