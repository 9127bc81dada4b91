/* SPDX-License-Identifier: BSD-3-Clause */
/* One place for each hash of values; the latest stays. */
#include "classifier/look_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1024, QUESTION_WORDS = (FEATURES + 1 + 3) / 4 };

/* The values of the model's features and the checkpoint, in words; the rest is zero. */
struct question {
    uint64_t word[QUESTION_WORDS];
};

struct place {
    struct question question;
    struct headers_look look;
    bool is_used;
};

struct look_cache {
    const struct headers_model *model;
    struct place places[PLACES];
};

int look_cache_new(struct look_cache **cache, const struct headers_model *model,
                   struct error *error)
{
    struct look_cache *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the headers tier");
    made->model = model;
    *cache = made;
    return 0;
}

void look_cache_free(struct look_cache *cache)
{
    if (!cache)
        return;
    explicit_bzero(cache, sizeof *cache);
    free(cache);
}

static struct question ask(const struct headers_model *model, unsigned checkpoint,
                           const int16_t *values)
{
    int16_t packed[4 * QUESTION_WORDS] = {(int16_t)checkpoint};
    for (unsigned i = 0; i < model->feature_count; i++)
        packed[1 + i] = values[model->features[i]];
    struct question question;
    memcpy(&question, packed, sizeof question);
    return question;
}

/* Multiplications by odd numbers lose nothing; the high bits depend on all of the words. */
static unsigned place_of(const struct question *question)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < QUESTION_WORDS; i++)
        hash = ((hash ^ question->word[i]) * 0x9e3779b97f4a7c15) ^ hash >> 32;
    return (unsigned)(hash >> 32) % PLACES;
}

struct headers_look look_cache_look(struct look_cache *cache, unsigned checkpoint,
                                    const int16_t values[FEATURES])
{
    struct question question = ask(cache->model, checkpoint, values);
    struct place *place = &cache->places[place_of(&question)];
    if (place->is_used && !memcmp(&place->question, &question, sizeof question))
        return place->look;
    place->look = headers_model_look(cache->model, checkpoint, values);
    place->question = question;
    place->is_used = true;
    return place->look;
}
