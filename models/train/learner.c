/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns a forest for each checkpoint, fits what its scores are worth, and decides flows. */
#include "learner.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"

enum { WEIGHT_MOST = 60000 };

struct learner_options learner_options_default(void)
{
    struct learner_options options = {
        .grow = {.trees = 32,
                 .depth = 14,
                 .least_rows = 2,
                 .candidates = 12,
                 .threads = 2,
                 .seed = 1,
                 .is_extra = true},
        .least_flows = 5,
        .balance = 500,
        .error = 5,
        .accept = 900,
        .evening = 500,
        .background = 0,
        .varies = true,
    };
    for (unsigned i = 0; i < FEATURES; i++)
        options.uses[i] = true;
    return options;
}

static bool is_learned_from(const struct learned *learned, const struct rows_flow *flow)
{
    return flow->variation == VARIATION_WHOLE || learned->options.varies;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Classes are the labels with enough whole flows that have a group, in the order of their names. */
static int find_classes(struct learned *learned, const struct rows *rows, const bool *is_used)
{
    unsigned labels = rows->labels.count;
    unsigned *counts = calloc(labels + 1, sizeof *counts);
    char **names = calloc(labels + 1, sizeof *names);
    learned->classes = calloc(labels + 1, sizeof *learned->classes);
    learned->class_of_label = calloc(labels + 1, sizeof *learned->class_of_label);
    if (!counts || !names || !learned->classes || !learned->class_of_label) {
        free(counts);
        free(names);
        return -ENOMEM;
    }
    for (size_t i = 0; i < rows->flow_count; i++) {
        const struct rows_flow *flow = &rows->flows[i];
        bool has_group = strcmp(rows->groups.texts[flow->group], "-") != 0;
        counts[flow->label] += is_used[i] && has_group && flow->variation == VARIATION_WHOLE;
    }
    for (unsigned i = 0; i < labels; i++) {
        learned->class_of_label[i] = LEARNER_NONE;
        if (counts[i] >= learned->options.least_flows && learned->class_count < GROWER_CLASSES_MAX - 1)
            names[learned->class_count++] = rows->labels.texts[i];
    }
    qsort(names, learned->class_count, sizeof *names, compare_texts);
    for (unsigned i = 0; i < learned->class_count; i++) {
        learned->classes[i] = (uint32_t)names_find(&rows->labels, names[i]);
        learned->class_of_label[learned->classes[i]] = (int)i;
    }
    free(counts);
    free(names);
    return 0;
}

/* The rows of one checkpoint, by column. */
struct table {
    size_t count;
    int16_t *columns[FEATURES];
    uint8_t *classes;
    uint32_t *weights;
};

static void table_free(struct table *table)
{
    for (unsigned i = 0; i < FEATURES; i++)
        free(table->columns[i]);
    free(table->classes);
    free(table->weights);
}

static int table_new(struct table *table, const struct learned *learned, size_t count)
{
    *table = (struct table){.classes = calloc(count + 1, sizeof *table->classes),
                            .weights = calloc(count + 1, sizeof *table->weights)};
    bool is_made = table->classes && table->weights;
    for (unsigned i = 0; i < learned->feature_count; i++) {
        table->columns[i] = calloc(count + 1, sizeof *table->columns[i]);
        is_made = is_made && table->columns[i];
    }
    return is_made ? 0 : -ENOMEM;
}

/* A class weighs its rows to the power of 1 - balance: 0 leaves them as they are, 1 makes classes
 * equal. The power is rounded to whole weights, so that they are the same everywhere. */
static void weigh(struct table *table, unsigned balance)
{
    uint32_t rows[GROWER_CLASSES_MAX] = {0};
    uint32_t weights[GROWER_CLASSES_MAX];
    for (size_t i = 0; i < table->count; i++)
        rows[table->classes[i]]++;
    for (unsigned i = 0; i < GROWER_CLASSES_MAX; i++) {
        double weight = WEIGHT_MOST * pow(rows[i] ? rows[i] : 1, -(double)balance / 1000);
        weights[i] = (uint32_t)lround(weight);
        weights[i] = weights[i] ? weights[i] : 1;
    }
    for (size_t i = 0; i < table->count; i++)
        table->weights[i] = weights[table->classes[i]];
}

/* Rows of no class: each value is that of a row drawn anew, so that each alone is as usual, and what
 * belongs together is not. */
static void make_background(struct table *table, const struct learned *learned, size_t count,
                            struct draw *draw)
{
    uint32_t real = (uint32_t)table->count;
    for (; count; count--) {
        for (unsigned f = 0; f < learned->feature_count; f++)
            table->columns[f][table->count] = table->columns[f][draw_below(draw, real)];
        table->classes[table->count++] = (uint8_t)learned->class_count;
    }
}

static int fill_table(struct table *table, const struct learned *learned, const struct rows *rows,
                      const bool *is_used, unsigned checkpoint)
{
    size_t count = 0;
    for (size_t i = 0; i < rows->count; i++)
        count += rows->rows[i].checkpoint == checkpoint;
    if (table_new(table, learned, count + count * learned->options.background / 1000))
        return -ENOMEM;
    for (size_t i = 0; i < rows->count; i++) {
        const struct rows_flow *flow = &rows->flows[rows->rows[i].flow];
        int class = learned->class_of_label[flow->label];
        if (rows->rows[i].checkpoint != checkpoint || class < 0 || !is_used[rows->rows[i].flow] ||
            !is_learned_from(learned, flow))
            continue;
        for (unsigned f = 0; f < learned->feature_count; f++)
            table->columns[f][table->count] = rows->values[i][learned->features[f]];
        table->classes[table->count++] = (uint8_t) class;
    }
    struct draw draw = draw_from(learned->options.grow.seed, checkpoint);
    make_background(table, learned, table->count * learned->options.background / 1000, &draw);
    weigh(table, learned->options.balance);
    return 0;
}

static int learn_checkpoint(struct learned *learned, const struct rows *rows, const bool *is_used,
                            unsigned number, struct error *error)
{
    struct learned_checkpoint *checkpoint = &learned->checkpoints[number];
    struct table table;
    int failure = fill_table(&table, learned, rows, is_used, number);
    checkpoint->conformal = calloc(learned->class_count, sizeof *checkpoint->conformal);
    for (unsigned i = 0; i < LEARNER_KNOTS; i++)
        checkpoint->calibration[i] = (uint16_t)(i * LEARNER_FULL / (LEARNER_KNOTS - 1));
    checkpoint->accept = (uint16_t)(learned->options.accept * LEARNER_FULL / 1000);
    if (failure || !checkpoint->conformal)
        failure = error_set(error, ENOMEM, "out of memory for %zu rows", rows->count);
    else if (!table.count)
        failure = error_set(error, EINVAL, "no flow comes to %u data packets",
                            feature_checkpoint_packets(number));
    if (!failure) {
        struct grow_options grow = learned->options.grow;
        grow.seed = grow.seed * FEATURE_CHECKPOINTS + number;
        const struct grow_rows given = {.count = table.count,
                                        .feature_count = learned->feature_count,
                                        .class_count = learned->class_count + 1,
                                        .columns = (const int16_t *const *)table.columns,
                                        .classes = table.classes,
                                        .weights = table.weights};
        failure = grow_forest(&checkpoint->forest, &given, &grow, error);
    }
    table_free(&table);
    return failure;
}

int learn(struct learned *learned, const struct rows *rows, const bool *is_used,
          const struct learner_options *options, struct error *error)
{
    *learned = (struct learned){.options = *options};
    for (unsigned i = 0; i < FEATURES; i++) {
        if (options->uses[i])
            learned->features[learned->feature_count++] = i;
    }
    if (find_classes(learned, rows, is_used))
        return error_set(error, ENOMEM, "out of memory for the classes");
    if (learned->class_count < 2)
        return error_set(error, EINVAL, "%u classes of enough flows: there is nothing to learn",
                         learned->class_count);
    int failure = 0;
    for (unsigned i = 0; !failure && i < FEATURE_CHECKPOINTS; i++)
        failure = learn_checkpoint(learned, rows, is_used, i, error);
    return failure;
}

void learned_free(struct learned *learned)
{
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        grown_forest_free(&learned->checkpoints[i].forest);
        free(learned->checkpoints[i].conformal);
    }
    free(learned->classes);
    free(learned->class_of_label);
    *learned = (struct learned){.class_count = 0};
}

static void score_all(const struct learned *learned, const struct row *row, const int16_t *values,
                      uint16_t *scores)
{
    int16_t used[FEATURES];
    for (unsigned i = 0; i < learned->feature_count; i++)
        used[i] = values[learned->features[i]];
    grown_forest_score(&learned->checkpoints[row->checkpoint].forest, used, scores);
}

struct scored learned_score(const struct learned *learned, const struct row *row,
                            const int16_t *values)
{
    uint16_t scores[GROWER_CLASSES_MAX];
    struct scored best = {.class = 0};
    score_all(learned, row, values, scores);
    for (unsigned i = 1; i < learned->class_count; i++) {
        if (scores[i] > scores[best.class])
            best.class = (int)i;
    }
    best.score = scores[best.class];
    for (unsigned i = 0; i < learned->class_count; i++) {
        if ((int)i != best.class && scores[i] > best.second)
            best.second = scores[i];
    }
    return best;
}

static struct witness *add_witness(struct evidence *evidence)
{
    if (evidence->count == evidence->room) {
        size_t room = evidence->room ? evidence->room * 2 : 4096;
        struct witness *wider = realloc(evidence->witnesses, room * sizeof *wider);
        if (!wider)
            return NULL;
        evidence->witnesses = wider;
        evidence->room = room;
    }
    return &evidence->witnesses[evidence->count++];
}

int evidence_gather(struct evidence *evidence, const struct learned *whole,
                    const struct learned *part, const struct rows *rows, const bool *is_heard)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        const struct rows_flow *flow = &rows->flows[row->flow];
        int truth = whole->class_of_label[flow->label];
        int own = part->class_of_label[flow->label];
        if (!is_heard[row->flow] || truth < 0 || own < 0 || !is_learned_from(whole, flow))
            continue;
        uint16_t scores[GROWER_CLASSES_MAX];
        score_all(part, row, rows->values[i], scores);
        unsigned best = 0;
        for (unsigned class = 1; class < part->class_count; class ++)
            best = scores[class] > scores[best] ? class : best;
        struct witness *witness = add_witness(evidence);
        if (!witness)
            return -ENOMEM;
        *witness = (struct witness){.checkpoint = row->checkpoint,
                                    .class = (uint8_t)whole->class_of_label[part->classes[best]],
                                    .truth = (uint8_t)truth,
                             .is_varied = flow->variation != VARIATION_WHOLE,
                                    .score = scores[best],
                                    .own = scores[own]};
    }
    return 0;
}

void evidence_free(struct evidence *evidence)
{
    free(evidence->witnesses);
    *evidence = (struct evidence){.count = 0};
}

static unsigned knot_of(uint16_t score)
{
    return (score * (LEARNER_KNOTS - 1u) + LEARNER_FULL / 2) / LEARNER_FULL;
}

/* Shares of right ones in each bin, pooled until they do not fall (Ayer and others 1955); a bin
 * begins with one right and one wrong, so that few do not say all. */
static void fit_calibration(uint16_t *calibration, const struct evidence *evidence,
                            unsigned checkpoint, double evening)
{
    unsigned flows[GROWER_CLASSES_MAX] = {0};
    for (size_t i = 0; i < evidence->count; i++) {
        const struct witness *witness = &evidence->witnesses[i];
        flows[witness->truth] += witness->checkpoint == checkpoint && !witness->is_varied;
    }
    double right[LEARNER_KNOTS];
    double all[LEARNER_KNOTS];
    unsigned width[LEARNER_KNOTS];
    for (unsigned i = 0; i < LEARNER_KNOTS; i++) {
        all[i] = 0.01;
        right[i] = all[i] * i / (LEARNER_KNOTS - 1);
    }
    for (size_t i = 0; i < evidence->count; i++) {
        const struct witness *witness = &evidence->witnesses[i];
        if (witness->checkpoint != checkpoint || witness->is_varied)
            continue;
        double weight = pow(flows[witness->truth], -evening);
        all[knot_of(witness->score)] += weight;
        right[knot_of(witness->score)] += witness->class == witness->truth ? weight : 0;
    }
    unsigned blocks = 0;
    for (unsigned i = 0; i < LEARNER_KNOTS; i++) {
        right[blocks] = right[i];
        all[blocks] = all[i];
        width[blocks++] = 1;
        while (blocks > 1 &&
               right[blocks - 2] * all[blocks - 1] >= right[blocks - 1] * all[blocks - 2]) {
            blocks--;
            right[blocks - 1] += right[blocks];
            all[blocks - 1] += all[blocks];
            width[blocks - 1] += width[blocks];
        }
    }
    unsigned knot = 0;
    for (unsigned i = 0; i < blocks; i++) {
        for (unsigned k = 0; k < width[i]; k++)
            calibration[knot++] = (uint16_t)lround(right[i] / all[i] * LEARNER_FULL);
    }
}

static int compare_scores(const void *a, const void *b)
{
    uint16_t left = *(const uint16_t *)a;
    uint16_t right = *(const uint16_t *)b;
    return (left > right) - (left < right);
}

/* The score below which a share `numerator / denominator` of the sorted ones lies. */
static uint16_t quantile_of(const uint16_t *sorted, size_t count, size_t numerator,
                            size_t denominator)
{
    size_t at = numerator * (count - 1) / denominator;
    return sorted[at];
}

/* Quantiles of each class's own scores where the class was the highest: what a flow called so
 * looks like when it is one. Few scores promise nothing: the least quantile is 0 until there are
 * enough to speak of the error rate. */
static void fit_conformal(struct learned_checkpoint *checkpoint, const struct evidence *evidence,
                          unsigned number, unsigned class, uint16_t *scores)
{
    enum { FEW = 20 };
    size_t count = 0;
    for (size_t i = 0; i < evidence->count; i++) {
        const struct witness *witness = &evidence->witnesses[i];
        if (witness->checkpoint == number && witness->truth == class && witness->class == class)
            scores[count++] = witness->score;
    }
    uint16_t *quantiles = checkpoint->conformal[class];
    if (!count)
        return;
    qsort(scores, count, sizeof *scores, compare_scores);
    for (unsigned i = 0; i < LEARNER_QUANTILES; i++)
        quantiles[i] = quantile_of(scores, count, i, LEARNER_QUANTILES - 1);
    if (count < FEW)
        quantiles[0] = (uint16_t)(quantiles[0] * count / FEW);
}

int learned_calibrate(struct learned *learned, const struct evidence *evidence, struct error *error)
{
    uint16_t *scores = calloc(evidence->count + 1, sizeof *scores);
    if (!scores)
        return error_set(error, ENOMEM, "out of memory for %zu scores", evidence->count);
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        fit_calibration(learned->checkpoints[i].calibration, evidence, i,
                        learned->options.evening / 1000.0);
        for (unsigned class = 0; class < learned->class_count; class ++)
            fit_conformal(&learned->checkpoints[i], evidence, i, class, scores);
    }
    free(scores);
    return 0;
}

/* Between the knots on both sides. */
static uint16_t confidence_of(const struct learned_checkpoint *checkpoint, uint16_t score)
{
    unsigned at = score * (LEARNER_KNOTS - 1u);
    unsigned knot = at / LEARNER_FULL;
    if (knot == LEARNER_KNOTS - 1)
        return checkpoint->calibration[knot];
    unsigned rest = at % LEARNER_FULL;
    unsigned low = checkpoint->calibration[knot];
    unsigned high = checkpoint->calibration[knot + 1];
    return (uint16_t)(low + (uint64_t)(high - low) * rest / LEARNER_FULL);
}

/* The share of the class's own scores that are no higher, by its quantiles. */
static uint16_t p_value_of(const uint16_t *quantiles, uint16_t score)
{
    if (score < quantiles[0])
        return (uint16_t)(quantiles[0] ? 0 : LEARNER_FULL);
    for (unsigned i = 0; i + 1 < LEARNER_QUANTILES; i++) {
        if (score >= quantiles[i + 1])
            continue;
        unsigned width = quantiles[i + 1] - (unsigned)quantiles[i];
        unsigned part = (score - (unsigned)quantiles[i]) * LEARNER_FULL / width;
        return (uint16_t)((i * LEARNER_FULL + part) / (LEARNER_QUANTILES - 1));
    }
    return LEARNER_FULL;
}

struct decision learned_decide(const struct learned *learned, const struct rows *rows,
                               const struct rows_flow *flow)
{
    struct decision decision = {.class = LEARNER_NONE};
    for (uint32_t i = flow->row; i < flow->row + flow->row_count; i++) {
        const struct row *row = &rows->rows[i];
        const struct learned_checkpoint *checkpoint = &learned->checkpoints[row->checkpoint];
        struct scored scored = learned_score(learned, row, rows->values[i]);
        decision = (struct decision){
            .class = LEARNER_NONE,
            .best = scored.class,
            .checkpoint = row->checkpoint,
            .packets = row->packets,
            .score = scored.score,
            .second = scored.second,
            .confidence = confidence_of(checkpoint, scored.score),
            .p_value = p_value_of(checkpoint->conformal[scored.class], scored.score),
        };
        bool is_last = i + 1 == flow->row + flow->row_count;
        bool is_rejected = decision.p_value < learned->options.error * LEARNER_FULL / 1000;
        if (!is_rejected && (is_last || decision.confidence >= checkpoint->accept)) {
            decision.class = scored.class;
            break;
        }
    }
    return decision;
}
