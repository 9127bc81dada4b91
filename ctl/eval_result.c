/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns counts into rows that can be written: sorted, with their intervals. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eval_forms.h"

const char *eval_confidence_name(enum eval_confidence confidence)
{
    static const char *const names[] = {
        [EVAL_CONFIDENCE_ANY] = "any",
        [EVAL_CONFIDENCE_MEDIUM] = "medium",
        [EVAL_CONFIDENCE_HIGH] = "high",
    };
    return names[confidence];
}

static int compare_classes(const void *a, const void *b)
{
    const struct eval_result_class *left = a;
    const struct eval_result_class *right = b;
    if (left->cell.truth.flows != right->cell.truth.flows)
        return left->cell.truth.flows < right->cell.truth.flows ? 1 : -1;
    return strcmp(left->name, right->name);
}

static int compare_confusions(const void *a, const void *b)
{
    const struct eval_confusion *left = a;
    const struct eval_confusion *right = b;
    if (left->count.flows != right->count.flows)
        return left->count.flows < right->count.flows ? 1 : -1;
    if (left->class != right->class)
        return left->class < right->class ? -1 : 1;
    return left->verdict - right->verdict;
}

static struct eval_result_class make_class(const char *name, const struct eval_cell *cell,
                                           const struct eval_spread *spread)
{
    uint64_t right = cell->right.flows;
    return (struct eval_result_class){
        .name = name,
        .cell = *cell,
        .precision = eval_wilson(right, right + cell->claimed.flows),
        .recall = eval_wilson(right, cell->truth.flows),
        .spread = *spread,
    };
}

static void fill_classes(struct eval_result_tier *tier, const struct eval_words *words,
                         const struct eval_cell *cells, const struct eval_spread *spreads)
{
    for (unsigned class = 0; class < words->class_count; class ++) {
        if (cells[class].truth.flows || cells[class].claimed.flows)
            tier->classes[tier->class_count++] =
                make_class(eval_words_class_name(words, class), &cells[class], &spreads[class]);
    }
    if (tier->class_count)
        qsort(tier->classes, tier->class_count, sizeof *tier->classes, compare_classes);
    tier->all = make_class("all", &cells[words->class_count], &spreads[words->class_count]);
}

static int fill_confusions(struct eval_result_tier *tier, struct error *error)
{
    size_t size = tier->score->confusion_count * sizeof *tier->confusions;
    tier->confusions = malloc(size + 1);
    if (!tier->confusions)
        return error_set(error, ENOMEM, "out of memory for the confusion matrix");
    if (size) {
        memcpy(tier->confusions, tier->score->confusions, size);
        qsort(tier->confusions, tier->score->confusion_count, sizeof *tier->confusions,
              compare_confusions);
    }
    tier->confusion_count = (unsigned)tier->score->confusion_count;
    return 0;
}

static int make_tier(struct eval_result_tier *tier, const struct eval_score *score,
                     const struct eval_words *words, struct error *error)
{
    unsigned count = words->class_count;
    struct eval_cell *cells = calloc(count + 1, sizeof *cells);
    struct eval_spread *spreads = calloc(count + 1, sizeof *spreads);
    tier->classes = calloc(count + 1, sizeof *tier->classes);
    int failure = -ENOMEM;
    if (!cells || !spreads || !tier->classes)
        error_set(error, ENOMEM, "out of memory for the figures");
    else
        failure = eval_bootstrap(tier->score, count, score->capture_count, spreads, error);
    if (!failure) {
        eval_score_sum(tier->score, count, cells);
        fill_classes(tier, words, cells, spreads);
        failure = fill_confusions(tier, error);
    }
    free(cells);
    free(spreads);
    return failure;
}

int eval_result_make(struct eval_result *result, const struct eval_score *score,
                     const struct eval_words *words, struct error *error)
{
    *result = (struct eval_result){.score = score, .words = words};
    unsigned own = score->tiers & ~(1u << EVAL_COMBINED);
    bool is_single = !(own & (own - 1));
    int failure = 0;
    for (unsigned id = 0; !failure && id < EVAL_TIERS; id++) {
        if (!(score->tiers & 1u << id) || (id == EVAL_COMBINED && is_single))
            continue;
        struct eval_result_tier *tier = &result->tiers[result->tier_count++];
        tier->name = id == EVAL_COMBINED ? "combined" : tier_name((enum tier)id);
        tier->score = &score->tier[id];
        failure = make_tier(tier, score, words, error);
    }
    return failure;
}

void eval_result_free(struct eval_result *result)
{
    for (unsigned i = 0; i < result->tier_count; i++) {
        free(result->tiers[i].classes);
        free(result->tiers[i].confusions);
    }
}
