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

static void write_class(struct json_writer *json, const char *key,
                        const struct eval_result_class *class)
{
    const struct eval_spread *spread = &class->spread;
    const struct eval_interval *by_flows[] = {&class->precision, &class->recall, &spread->flows_f1};
    const struct eval_interval *by_bytes[] = {&spread->bytes[0], &spread->bytes[1],
                                              &spread->bytes[2]};
    json_write_object_begin(json, key);
    json_write_string(json, "protocol", class->name);
    write_count(json, "truth", &class->cell.truth);
    write_count(json, "right", &class->cell.right);
    write_count(json, "wrong", &class->cell.wrong);
    write_count(json, "missed", &class->cell.missed);
    write_count(json, "claimed", &class->cell.claimed);
    write_rates(json, "by_flows", &class->cell, false, by_flows);
    write_rates(json, "by_bytes", &class->cell, true, by_bytes);
    json_write_object_end(json);
}

static void write_confusions(struct json_writer *json, const struct eval_words *words,
                             const struct eval_result_tier *tier)
{
    json_write_array_begin(json, "confusion");
    for (unsigned i = 0; i < tier->confusion_count; i++) {
        const struct eval_confusion *confusion = &tier->confusions[i];
        json_write_object_begin(json, NULL);
        json_write_string(json, "truth", eval_words_class_name(words, confusion->class));
        json_write_string(json, "verdict",
                          protocols_get(words->protocols, confusion->verdict)->name);
        json_write_unsigned(json, "flows", confusion->count.flows);
        json_write_unsigned(json, "bytes", confusion->count.bytes);
        json_write_object_end(json);
    }
    json_write_array_end(json);
}

static void write_tier(struct json_writer *json, const struct eval_words *words,
                       const struct eval_result_tier *tier)
{
    json_write_object_begin(json, NULL);
    json_write_string(json, "tier", tier->name);
    write_count(json, "labelled", &tier->score->labelled);
    write_class(json, "all", &tier->all);
    json_write_array_begin(json, "protocols");
    for (unsigned i = 0; i < tier->class_count; i++)
        write_class(json, NULL, &tier->classes[i]);
    json_write_array_end(json);
    write_confusions(json, words, tier);
    json_write_object_end(json);
}

static void write_summary(struct json_writer *json, const struct eval_score *score)
{
    json_write_unsigned(json, "captures", score->capture_count);
    json_write_string(json, "least_confidence", eval_confidence_name(score->least));
    write_count(json, "scored", &score->scored);
    write_count(json, "overruled", &score->overruled);
    write_count(json, "withdrawn", &score->withdrawn);
    json_write_unsigned(json, "several_flows", score->split);
    json_write_unsigned(json, "not_seen", score->unseen);
    write_count(json, "less_confidence", &score->below);
    write_count(json, "no_label", &score->silent);
    write_count(json, "not_in_truth", &score->foreign);
    write_count(json, "seen", &score->seen);
    write_count(json, "with_service", &score->named);
    json_write_unsigned(json, "evicted", score->evicted);
}

int eval_write_json(const struct eval_result *result, FILE *out)
{
    struct json_writer json;
    json_writer_init(&json, out, JSON_LAYOUT_PRETTY);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "schema", "glassbox.eval/1");
    write_summary(&json, result->score);
    json_write_array_begin(&json, "tiers");
    for (unsigned i = 0; i < result->tier_count; i++)
        write_tier(&json, result->words, &result->tiers[i]);
    json_write_array_end(&json);
    json_write_object_end(&json);
    return json_writer_finish(&json);
}
