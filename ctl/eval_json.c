/* SPDX-License-Identifier: BSD-3-Clause */
/* The evaluation as JSON, schema glassbox.eval/1 (docs/method-eval.md). */
#include "eval_forms.h"
#include "json_writer.h"

static void write_count(struct json_writer *json, const char *key, const struct eval_count *count)
{
    json_write_object_begin(json, key);
    json_write_unsigned(json, "flows", count->flows);
    json_write_unsigned(json, "bytes", count->bytes);
    json_write_object_end(json);
}

static void write_share(struct json_writer *json, const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.6f", value);
    json_write_number(json, key, text);
}

static void write_rate(struct json_writer *json, const char *key, const struct eval_cell *cell,
                       enum eval_rate rate, bool is_by_bytes, const struct eval_interval *interval)
{
    double value;
    if (!eval_rate_of(cell, rate, is_by_bytes, &value)) {
        json_write_null(json, key);
        return;
    }
    json_write_object_begin(json, key);
    write_share(json, "value", value);
    if (interval->is_known) {
        write_share(json, "low", interval->low);
        write_share(json, "high", interval->high);
    }
    json_write_object_end(json);
}

static void write_rates(struct json_writer *json, const char *key, const struct eval_cell *cell,
                        bool is_by_bytes, const struct eval_interval *const *intervals)
{
    static const char *const names[EVAL_RATES] = {
        [EVAL_PRECISION] = "precision", [EVAL_RECALL] = "recall", [EVAL_F1] = "f1"};
    json_write_object_begin(json, key);
    for (unsigned rate = 0; rate < EVAL_RATES; rate++)
        write_rate(json, names[rate], cell, (enum eval_rate)rate, is_by_bytes, intervals[rate]);
    json_write_object_end(json);
}

static void write_row(struct json_writer *json, const char *key, const char *name_key,
                      const struct eval_result_row *row)
{
    const struct eval_spread *spread = &row->spread;
    const struct eval_interval *by_flows[] = {&row->precision, &row->recall, &spread->flows_f1};
    const struct eval_interval *by_bytes[] = {&spread->bytes[0], &spread->bytes[1],
                                              &spread->bytes[2]};
    json_write_object_begin(json, key);
    json_write_string(json, name_key, row->name);
    write_count(json, "truth", &row->cell.truth);
    write_count(json, "right", &row->cell.right);
    write_count(json, "wrong", &row->cell.wrong);
    write_count(json, "missed", &row->cell.missed);
    write_count(json, "claimed", &row->cell.claimed);
    write_rates(json, "by_flows", &row->cell, false, by_flows);
    write_rates(json, "by_bytes", &row->cell, true, by_bytes);
    json_write_object_end(json);
}

static void write_rows(struct json_writer *json, const char *key, const char *name_key,
                       const struct eval_result_row *rows, unsigned count)
{
    json_write_array_begin(json, key);
    for (unsigned i = 0; i < count; i++)
        write_row(json, NULL, name_key, &rows[i]);
    json_write_array_end(json);
}

static void write_accuracy(struct json_writer *json, const struct eval_result_row *all)
{
    json_write_object_begin(json, "accuracy");
    write_rate(json, "by_flows", &all->cell, EVAL_RECALL, false, &all->recall);
    write_rate(json, "by_bytes", &all->cell, EVAL_RECALL, true, &all->spread.bytes[EVAL_RECALL]);
    json_write_object_end(json);
}

static void write_confusions(struct json_writer *json, const struct eval_result *result,
                             const struct eval_result_method *method)
{
    json_write_array_begin(json, "confusion");
    for (unsigned i = 0; i < method->confusion_count; i++) {
        const struct eval_confusion *confusion = &method->confusions[i];
        json_write_object_begin(json, NULL);
        json_write_string(json, "truth",
                          eval_level_class_name(result->level, result->words, confusion->class));
        json_write_string(json, "verdict",
                          eval_level_class_name(result->level, result->words, confusion->verdict));
        if (confusion->is_held_out)
            json_write_bool(json, "held_out", true);
        json_write_unsigned(json, "flows", confusion->count.flows);
        json_write_unsigned(json, "bytes", confusion->count.bytes);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_bin(struct json_writer *json, const struct eval_bin *bin, unsigned number)
{
    struct eval_interval interval = eval_wilson(bin->right, bin->flows);
    json_write_object_begin(json, NULL);
    write_share(json, "from", (double)number / EVAL_BINS);
    write_share(json, "to", (double)(number + 1) / EVAL_BINS);
    json_write_unsigned(json, "flows", bin->flows);
    json_write_unsigned(json, "right", bin->right);
    if (bin->flows) {
        write_share(json, "mean_confidence", bin->confidence);
        write_share(json, "low", interval.low);
        write_share(json, "high", interval.high);
    }
    json_write_object_end(json);
}

static void write_calibration(struct json_writer *json, const struct eval_calibration *calibration)
{
    if (!calibration->is_known) {
        json_write_null(json, "calibration");
        return;
    }
    json_write_object_begin(json, "calibration");
    json_write_unsigned(json, "flows", calibration->flows);
    write_share(json, "expected_error", calibration->error);
    json_write_array_begin(json, "bins");
    for (unsigned i = 0; i < EVAL_BINS; i++)
        write_bin(json, &calibration->bins[i], i);
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_detection(struct json_writer *json, const char *key,
                            const struct eval_detection *detection)
{
    if (!detection->is_known) {
        json_write_null(json, key);
        return;
    }
    json_write_object_begin(json, key);
    write_share(json, "auroc", detection->auroc);
    json_write_object_begin(json, "at_95_true_positives");
    write_share(json, "threshold", detection->threshold);
    write_share(json, "false_positive_rate", detection->false_positive_rate);
    write_share(json, "byte_share", detection->byte_share);
    json_write_object_end(json);
    json_write_object_end(json);
}

static void write_held_out(struct json_writer *json, const struct eval_held_out *held_out)
{
    if (!held_out->all.flows) {
        json_write_null(json, "held_out");
        return;
    }
    json_write_object_begin(json, "held_out");
    write_count(json, "all", &held_out->all);
    write_count(json, "given", &held_out->given);
    write_share(json, "given_flow_share",
                (double)held_out->given.flows / (double)held_out->all.flows);
    if (held_out->all.bytes)
        write_share(json, "given_byte_share",
                    (double)held_out->given.bytes / (double)held_out->all.bytes);
    write_detection(json, "by_confidence", &held_out->by_confidence);
    write_detection(json, "by_p_value", &held_out->by_p_value);
    json_write_object_end(json);
}

static void write_packets(struct json_writer *json, const struct eval_packets *packets)
{
    json_write_object_begin(json, "packets");
    json_write_unsigned(json, "flows", packets->flows);
    if (packets->decided[EVAL_STEP_END]) {
        json_write_unsigned(json, "median", packets->median);
        json_write_unsigned(json, "percentile_90", packets->percentile_90);
    }
    json_write_array_begin(json, "steps");
    for (unsigned step = 0; step < EVAL_STEPS; step++) {
        json_write_object_begin(json, NULL);
        if (step == EVAL_STEP_END)
            json_write_null(json, "data_packets");
        else
            json_write_unsigned(json, "data_packets", eval_step_packets(step));
        json_write_unsigned(json, "decided", packets->decided[step]);
        json_write_unsigned(json, "right", packets->right[step]);
        json_write_object_end(json);
    }
    json_write_array_end(json);
    json_write_object_end(json);
}

static void write_method(struct json_writer *json, const struct eval_result *result,
                         const struct eval_result_method *method)
{
    const char *level = eval_level_name(result->level, false);
    json_write_object_begin(json, NULL);
    json_write_string(json, method->is_baseline ? "baseline" : "tier", method->name);
    if (method->has_labelled)
        write_count(json, "labelled", &method->labelled);
    write_accuracy(json, &method->all);
    write_share(json, "mean_recall", method->mean_recall);
    write_row(json, "all", level, &method->all);
    write_rows(json, eval_level_name(result->level, true), level, method->classes,
               method->class_count);
    if (result->split_by)
        write_rows(json, "folds", "fold", method->folds, method->fold_count);
    write_confusions(json, result, method);
    write_calibration(json, &method->calibration);
    write_held_out(json, &method->held_out);
    write_packets(json, &method->packets);
    json_write_object_end(json);
}

static void write_summary(struct json_writer *json, const struct eval_result *result)
{
    const struct eval_summary *summary = &result->samples->summary;
    json_write_unsigned(json, "captures", summary->capture_count);
    json_write_string(json, "least_confidence", eval_confidence_name(result->samples->least));
    json_write_string(json, "by", eval_level_name(result->level, false));
    if (result->split_by)
        json_write_string(json, "split_by", result->split_by);
    write_count(json, "scored", &summary->scored);
    write_count(json, "held_out", &summary->held_out);
    write_count(json, "overruled", &summary->overruled);
    write_count(json, "withdrawn", &summary->withdrawn);
    json_write_unsigned(json, "several_flows", summary->split);
    json_write_unsigned(json, "not_seen", summary->unseen);
    write_count(json, "less_confidence", &summary->below);
    write_count(json, "no_label", &summary->silent);
    write_count(json, "not_in_truth", &summary->foreign);
    write_count(json, "seen", &summary->seen);
    write_count(json, "with_service", &summary->named);
    json_write_unsigned(json, "evicted", summary->evicted);
}

static void write_methods(struct json_writer *json, const char *key,
                          const struct eval_result *result, unsigned begin, unsigned end)
{
    json_write_array_begin(json, key);
    for (unsigned i = begin; i < end; i++)
        write_method(json, result, &result->methods[i]);
    json_write_array_end(json);
}

int eval_write_json(const struct eval_result *result, FILE *out)
{
    struct json_writer json;
    json_writer_init(&json, out, JSON_LAYOUT_PRETTY);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "schema", "glassbox.eval/1");
    write_summary(&json, result);
    write_methods(&json, "tiers", result, 0, result->tier_count);
    write_methods(&json, "baselines", result, result->tier_count, result->method_count);
    json_write_object_end(&json);
    return json_writer_finish(&json);
}
