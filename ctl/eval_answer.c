/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the tiers' answers off the samples. */
#include "eval_answer.h"

#include <errno.h>
#include <stdlib.h>

unsigned eval_answer_truth(const struct eval_sample *sample, const struct eval_words *words,
                           enum eval_level level)
{
    return eval_level_of(level, words, sample->word->class);
}

static struct eval_answer answer_of(const struct eval_sample *sample,
                                    const struct eval_words *words, enum eval_level level,
                                    unsigned tier)
{
    const struct eval_unit *unit = &sample->unit;
    const struct eval_word *word = sample->word;
    uint16_t verdict = unit->verdict[tier];
    bool is_sure = tier == TIER_HEADERS && unit->headers.is_known;
    return (struct eval_answer){
        .class = eval_level_of(level, words, verdict),
        .is_right = !word->is_held_out && eval_level_accepts(level, words, word, verdict),
        .is_exact = !word->is_held_out && eval_word_accepts(word, verdict),
        .confidence = is_sure ? unit->headers.confidence : 0,
        .p_value = is_sure ? unit->headers.p_value : 0,
        .data_before = unit->data_before[tier],
    };
}

int eval_answers_of_tier(struct eval_answers *answers, const struct eval_samples *samples,
                         const struct eval_words *words, enum eval_level level, unsigned tier,
                         struct error *error)
{
    *answers = (struct eval_answers){
        .name = tier == EVAL_COMBINED ? "combined" : tier_name((enum tier)tier),
        .labelled = &samples->summary.labelled[tier],
        .count = samples->count,
        .all = calloc(samples->count + 1, sizeof *answers->all),
    };
    if (!answers->all)
        return error_set(error, ENOMEM, "out of memory for the answers");
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_sample *sample = &samples->all[i];
        answers->all[i] = answer_of(sample, words, level, tier);
        if (tier == TIER_HEADERS && sample->unit.headers.is_known)
            answers->has_confidence = answers->has_p_value = true;
    }
    return 0;
}

void eval_answers_free(struct eval_answers *answers)
{
    free(answers->all);
    *answers = (struct eval_answers){.all = NULL};
}
