/* SPDX-License-Identifier: BSD-3-Clause */
/* What a method said about each sample. A method is a tier, the tiers combined, or a baseline; from
 * here on all are judged by the same code. */
#ifndef EVAL_ANSWER_H
#define EVAL_ANSWER_H

#include "eval_level.h"
#include "eval_sample.h"

struct eval_answer {
    unsigned class;       /* at the level; PROTOCOL_UNKNOWN for nothing */
    bool is_right;        /* at the level; never about what is held out */
    bool is_exact;        /* right as a protocol, whatever the level; baselines: as is_right */
    uint16_t confidence;  /* of UINT16_MAX, also where nothing was said; 0 where there is none */
    uint16_t p_value;     /* per mille, likewise */
    uint16_t data_before; /* data packets before it was said */
};

struct eval_answers {
    const char *name;
    bool is_baseline;
    bool has_confidence;
    bool has_p_value;
    const struct eval_count *labelled; /* null for baselines */
    size_t count;
    struct eval_answer *all; /* one for each sample, in their order */
};

/* The word of a tier, or of EVAL_COMBINED. Returns 0 or -ENOMEM; to be freed in either case. */
int eval_answers_of_tier(struct eval_answers *answers, const struct eval_samples *samples,
                         const struct eval_words *words, enum eval_level level, unsigned tier,
                         struct error *error);
void eval_answers_free(struct eval_answers *answers);

/* The class of a sample at the level. */
unsigned eval_answer_truth(const struct eval_sample *sample, const struct eval_words *words,
                           enum eval_level level);

#endif
