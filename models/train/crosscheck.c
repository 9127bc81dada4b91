/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns a model, and the models without each part that calibrate it. */
#include "crosscheck.h"

#include <errno.h>
#include <stdlib.h>

#include "train_command.h"

/* The part's flows by a model that learned from the others. */
static int hear_part(struct evidence *evidence, const struct learned *learned,
                     const struct crosscheck *given, const bool *is_used, unsigned part,
                     struct error *error)
{
    size_t count = given->rows->flow_count;
    bool *is_part = calloc(count + 1, sizeof *is_part);
    bool *is_heard = calloc(count + 1, sizeof *is_heard);
    struct learned without = {.class_count = 0};
    int failure = is_part && is_heard ? 0 : -ENOMEM;
    for (size_t i = 0; !failure && i < count; i++) {
        bool is_out = given->folds[i] % CROSSCHECK_PARTS == part;
        is_part[i] = is_used[i] && !is_out;
        is_heard[i] = is_used[i] && is_out && i < given->heard_flows;
    }
    if (failure)
        error_set(error, ENOMEM, "out of memory for %zu flows", count);
    else
        failure = learn(&without, given->rows, is_part, &given->options, error);
    if (!failure && evidence_gather(evidence, learned, &without, given->rows, is_heard))
        failure = error_set(error, ENOMEM, "out of memory for scores");
    learned_free(&without);
    free(is_part);
    free(is_heard);
    return failure;
}

int crosscheck(struct learned *learned, struct headers_model **model,
               const struct crosscheck *given, const bool *is_used, struct error *error)
{
    struct evidence evidence = {.count = 0};
    *model = NULL;
    int failure = learn(learned, given->rows, is_used, &given->options, error);
    for (unsigned part = 0; !failure && part < CROSSCHECK_PARTS; part++) {
        train_progress("part %u of %d", part + 1, CROSSCHECK_PARTS);
        failure = hear_part(&evidence, learned, given, is_used, part, error);
    }
    if (!failure)
        failure = learned_calibrate(learned, &evidence, error);
    if (!failure)
        failure =
            learned_model(model, learned, given->rows, &given->words, given->protocols, error);
    if (!failure)
        learned_confirm(learned, *model, &evidence);
    evidence_free(&evidence);
    return failure;
}
