/* SPDX-License-Identifier: BSD-3-Clause */
/* Scores, calibrates and tests for conformity; reads no file. */
#include "classifier/headers_model.h"

#include <stdlib.h>

const uint16_t headers_levels[HEADERS_LEVELS] = {1,   2,   5,   10,  20,  50,  100, 200,
                                                 300, 400, 500, 600, 700, 800, 900, 1000};

void headers_model_free(struct headers_model *model)
{
    if (!model)
        return;
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        forest_free(model->checkpoints[i].forest);
        free(model->checkpoints[i].conformal);
    }
    free(model->classes);
    free(model->confusion);
    free(model->fit);
    free(model);
}

int headers_model_class(const struct headers_model *model, uint16_t protocol)
{
    for (unsigned i = 0; i < model->class_count; i++) {
        if (model->classes[i].protocol == protocol)
            return (int)i;
    }
    return -1;
}

uint64_t headers_model_confusion(const struct headers_model *model, unsigned is, unsigned claimed)
{
    return model->confusion[is * (model->class_count + 1) + claimed];
}

uint64_t headers_model_fit(const struct headers_model *model, unsigned class_index, unsigned cell)
{
    return model->fit[class_index * HEADERS_LEVELS + cell];
}

/* Between (from, low) and (to, high) at `at`; from < to, from <= at <= to. */
static uint16_t between(uint32_t from, uint32_t to, uint32_t low, uint32_t high, uint32_t at)
{
    return (uint16_t)(low + (uint64_t)(high - low) * (at - from) / (to - from));
}

static uint16_t confidence_of(const struct headers_checkpoint *checkpoint, uint16_t score)
{
    uint32_t steps = checkpoint->knot_count - 1u;
    uint32_t scaled = score * steps;
    uint32_t knot = scaled / FOREST_SCORE_MAX;
    if (knot == steps)
        return checkpoint->knots[steps];
    return between(0, FOREST_SCORE_MAX, checkpoint->knots[knot], checkpoint->knots[knot + 1],
                   scaled - knot * FOREST_SCORE_MAX);
}

/* How many quantiles the score reaches. */
static unsigned reached(const struct headers_conformal *conformal, uint16_t score)
{
    unsigned count = 0;
    for (unsigned i = 0; i < HEADERS_LEVELS; i++)
        count += conformal->quantile[i] <= score;
    return count;
}

static uint16_t p_value_of(const struct headers_conformal *conformal, uint16_t score)
{
    unsigned count = reached(conformal, score);
    if (count == 0)
        return 0;
    if (count == HEADERS_LEVELS)
        return PER_MILLE;
    return between(conformal->quantile[count - 1], conformal->quantile[count],
                   headers_levels[count - 1], headers_levels[count], score);
}

struct headers_look headers_model_look(const struct headers_model *model, unsigned checkpoint,
                                       const int16_t values[FEATURES])
{
    const struct headers_checkpoint *at = &model->checkpoints[checkpoint];
    uint16_t scores[FOREST_CLASSES_MAX];
    forest_score(at->forest, values, scores);
    unsigned highest = 0;
    for (unsigned i = 1; i < model->class_count; i++) {
        if (scores[i] > scores[highest])
            highest = i;
    }
    return (struct headers_look){.class_index = highest,
                                 .score = scores[highest],
                                 .confidence = confidence_of(at, scores[highest]),
                                 .p_value = p_value_of(&at->conformal[highest], scores[highest])};
}

enum headers_outcome headers_model_decide(const struct headers_model *model, unsigned checkpoint,
                                          const struct headers_look *look, bool is_end)
{
    bool is_last = is_end || checkpoint == FEATURE_CHECKPOINTS - 1;
    bool is_like_its_own = look->p_value >= model->error_per_mille;
    if (!is_last && (look->confidence < model->checkpoints[checkpoint].accept || !is_like_its_own))
        return HEADERS_WAITS;
    bool is_known = model->classes[look->class_index].protocol != PROTOCOL_UNKNOWN;
    return is_like_its_own && is_known ? HEADERS_DECIDES : HEADERS_REJECTS;
}

static unsigned width_of(unsigned cell)
{
    return headers_levels[cell] - (cell ? headers_levels[cell - 1] : 0u);
}

void headers_fit_cells(const struct headers_conformal *conformal, uint16_t score, uint64_t *cells)
{
    unsigned last = reached(conformal, score);
    unsigned first = last;
    while (first > 0 && conformal->quantile[first - 1] == score)
        first--;
    if (last == HEADERS_LEVELS)
        last--;
    if (first > last)
        first = last;
    unsigned widths = 0;
    for (unsigned cell = first; cell <= last; cell++)
        widths += width_of(cell);
    unsigned left = PER_MILLE;
    for (unsigned cell = first; cell < last; cell++) {
        unsigned part = PER_MILLE * width_of(cell) / widths;
        cells[cell] += part;
        left -= part;
    }
    cells[last] += left;
}
