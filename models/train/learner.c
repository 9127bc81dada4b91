/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns a forest for each checkpoint, fits what its scores are worth, and decides flows. */
#include "learner.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lesson.h"

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
        .most_rows = 3000,
        .evening = 250,
        .background = 0,
        .varies = true,
    };
    for (unsigned i = 0; i < FEATURES; i++)
        options.uses[i] = true;
    return options;
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
        if (counts[i] >= learned->options.least_flows &&
            learned->class_count < GROWER_CLASSES_MAX - 1)
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

/* Where no flow lasts to a checkpoint, what was learned before it is all that there is. */
static int prepare(struct lesson *lesson, const struct learned *learned, const struct rows *rows,
                   const bool *is_used, unsigned number)
{
    int failure = lesson_prepare(lesson, learned, rows, is_used, number);
    for (; !failure && !lesson->count && number; number--) {
        lesson_free(lesson);
        failure = lesson_prepare(lesson, learned, rows, is_used, number - 1);
    }
    return failure;
}

static int learn_checkpoint(struct learned *learned, const struct rows *rows, const bool *is_used,
                            unsigned number, struct error *error)
{
    struct learned_checkpoint *checkpoint = &learned->checkpoints[number];
    struct lesson lesson;
    int failure = prepare(&lesson, learned, rows, is_used, number);
    checkpoint->conformal = calloc(learned->class_count + 1, sizeof *checkpoint->conformal);
    for (unsigned i = 0; i < LEARNER_KNOTS; i++)
        checkpoint->calibration[i] = (uint16_t)(i * LEARNER_FULL / (LEARNER_KNOTS - 1));
    checkpoint->accept = (uint16_t)(learned->options.accept * LEARNER_FULL / 1000);
    if (failure || !checkpoint->conformal)
        failure = error_set(error, ENOMEM, "out of memory for %zu rows", rows->count);
    else if (!lesson.count)
        failure = error_set(error, EINVAL, "no flow to learn from comes to %u data packets",
                            feature_checkpoint_packets(number));
    if (!failure) {
        struct grow_options grow = learned->options.grow;
        grow.seed = grow.seed * FEATURE_CHECKPOINTS + number;
        const struct grow_rows given = {.count = lesson.count,
                                        .feature_count = learned->feature_count,
                                        .class_count = learned->class_count + 1,
                                        .columns = (const int16_t *const *)lesson.columns,
                                        .classes = lesson.classes,
                                        .weights = lesson.weights};
        failure = grow_forest(&checkpoint->forest, &given, &grow, error);
    }
    lesson_free(&lesson);
    return failure;
}

int learned_begin(struct learned *learned, const struct rows *rows, const bool *is_used,
                  const struct learner_options *options, struct error *error)
{
    *learned = (struct learned){.options = *options};
    for (unsigned i = 0; i < FEATURES; i++) {
        if (options->uses[i])
            learned->features[learned->feature_count++] = i;
    }
    if (find_classes(learned, rows, is_used))
        return error_set(error, ENOMEM, "out of memory for the classes");
    size_t width = learned->class_count + 2;
    learned->confusion = calloc(width * width, sizeof *learned->confusion);
    learned->fit = calloc(width * HEADERS_LEVELS, sizeof *learned->fit);
    if (!learned->confusion || !learned->fit)
        return error_set(error, ENOMEM, "out of memory for the classes");
    if (learned->class_count < 2)
        return error_set(error, EINVAL, "%u classes of enough flows: there is nothing to learn",
                         learned->class_count);
    return 0;
}

int learn(struct learned *learned, const struct rows *rows, const bool *is_used,
          const struct learner_options *options, struct error *error)
{
    int failure = learned_begin(learned, rows, is_used, options, error);
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
    free(learned->confusion);
    free(learned->fit);
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

int evidence_add(struct evidence *evidence, const struct witness *witness)
{
    if (evidence->count == evidence->room) {
        size_t room = evidence->room ? evidence->room * 2 : 4096;
        struct witness *wider = realloc(evidence->witnesses, room * sizeof *wider);
        if (!wider)
            return -ENOMEM;
        evidence->witnesses = wider;
        evidence->room = room;
    }
    evidence->witnesses[evidence->count++] = *witness;
    return 0;
}

int evidence_gather(struct evidence *evidence, const struct learned *whole,
                    const struct learned *part, const struct rows *rows, const bool *is_heard)
{
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        const struct rows_flow *flow = &rows->flows[row->flow];
        int truth = whole->class_of_label[flow->label];
        if (!is_heard[row->flow] || truth < 0 || !lesson_includes(whole, flow))
            continue;
        uint16_t scores[GROWER_CLASSES_MAX];
        score_all(part, row, rows->values[i], scores);
        unsigned best = 0;
        for (unsigned class = 1; class <= part->class_count; class ++)
            best = scores[class] > scores[best] ? class : best;
        int class = (int)whole->class_count; /* the background */
        if (best < part->class_count)
            class = whole->class_of_label[part->classes[best]];
        const struct witness witness = {.flow = row->flow,
                                        .checkpoint = row->checkpoint,
                                        .class = (uint8_t) class,
                                        .truth = (uint8_t)truth,
                                        .is_varied = flow->variation != VARIATION_WHOLE,
                                        .score = scores[best]};
        if (evidence_add(evidence, &witness))
            return -ENOMEM;
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

/* Quantiles of each class's own scores where the class was the highest: what a flow called so
 * looks like when it is one. A quantile that lies below the lowest score there is is not known: it
 * is put as far down as there are too few. */
static void fit_conformal(struct learned_checkpoint *checkpoint, const struct evidence *evidence,
                          unsigned number, unsigned class, uint16_t *scores)
{
    enum { FEW_OF_LEVEL = 1 };
    size_t count = 0;
    for (size_t i = 0; i < evidence->count; i++) {
        const struct witness *witness = &evidence->witnesses[i];
        if (witness->checkpoint == number && witness->truth == class && witness->class == class)
            scores[count++] = witness->score;
    }
    struct headers_conformal *conformal = &checkpoint->conformal[class];
    const size_t few = (size_t)FEW_OF_LEVEL * PER_MILLE;
    if (!count)
        return;
    qsort(scores, count, sizeof *scores, compare_scores);
    for (unsigned i = 0; i < HEADERS_LEVELS; i++) {
        size_t rank = (count * headers_levels[i] + PER_MILLE - 1) / PER_MILLE;
        conformal->quantile[i] = scores[rank - 1];
        if (headers_levels[i] * count < few)
            conformal->quantile[i] =
                (uint16_t)(conformal->quantile[i] * count * headers_levels[i] / few);
    }
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
        /* whatever looks like background waits for more, and is nothing at the end */
        for (unsigned level = 0; level < HEADERS_LEVELS; level++)
            learned->checkpoints[i].conformal[learned->class_count].quantile[level] = LEARNER_FULL;
    }
    free(scores);
    return 0;
}

unsigned learned_written_classes(const struct learned *learned)
{
    return learned->class_count + (learned->options.background > 0);
}

/* The flow's witnesses stand in a row, in the order in which they were looked at. */
static void confirm_flow(struct learned *learned, const struct headers_model *model,
                         const struct witness *witnesses, size_t count)
{
    unsigned width = learned->class_count + 2;
    for (size_t i = 0; i < count; i++) {
        const struct witness *witness = &witnesses[i];
        struct headers_look look =
            headers_model_judge(model, witness->checkpoint, witness->class, witness->score);
        enum headers_outcome outcome =
            headers_model_decide(model, witness->checkpoint, &look, i + 1 == count);
        if (outcome == HEADERS_WAITS)
            continue;
        unsigned claimed = outcome == HEADERS_DECIDES ? witness->class : width - 1;
        learned->confusion[witness->truth * width + claimed]++;
        headers_fit_cells(&model->checkpoints[witness->checkpoint].conformal[witness->class],
                          witness->score, &learned->fit[(size_t)witness->class * HEADERS_LEVELS]);
        return;
    }
}

void learned_confirm(struct learned *learned, const struct headers_model *model,
                     const struct evidence *evidence)
{
    for (size_t i = 0, count; i < evidence->count; i += count) {
        const struct witness *first = &evidence->witnesses[i];
        for (count = 1; i + count < evidence->count && first[count].flow == first->flow;)
            count++;
        if (!first->is_varied)
            confirm_flow(learned, model, first, count);
    }
}
