/* SPDX-License-Identifier: BSD-3-Clause */
/* Look-ups from a key of the flow to the most common class of other folds. */
#include "eval_baseline.h"

#include <errno.h>
#include <stdlib.h>

/* A sample under its key. */
struct entry {
    uint64_t key;
    unsigned fold;
    unsigned class;
    size_t sample;
    bool is_taught; /* learned from */
};

struct lesson {
    const struct eval_samples *samples;
    const struct eval_words *words;
    struct eval_answers *answers;
    struct entry *entries; /* by key, then fold */
    uint64_t *flows;       /* by class, of the key at hand */
    uint64_t all_flows;    /* their sum */
    unsigned *classes;     /* that the key at hand has */
    unsigned class_count;
    enum eval_level level;
};

/* The keys; false where a flow has none. */
typedef bool key_of(const struct eval_unit *unit, uint64_t *key);

static bool no_key(const struct eval_unit *unit, uint64_t *key)
{
    (void)unit;
    *key = 0;
    return true;
}

static bool port_key(const struct packet *tuple, uint16_t port, uint64_t *key)
{
    *key = (uint64_t)tuple->protocol << 16 | port;
    return true;
}

static bool lower_port(const struct eval_unit *unit, uint64_t *key)
{
    const struct packet *tuple = &unit->row->tuple;
    bool is_source = tuple->source_port < tuple->destination_port;
    return port_key(tuple, is_source ? tuple->source_port : tuple->destination_port, key);
}

static bool higher_port(const struct eval_unit *unit, uint64_t *key)
{
    const struct packet *tuple = &unit->row->tuple;
    bool is_source = tuple->source_port > tuple->destination_port;
    return port_key(tuple, is_source ? tuple->source_port : tuple->destination_port, key);
}

static bool first_bytes(const struct eval_unit *unit, uint64_t *key)
{
    *key = (uint64_t)unit->row->tuple.protocol << 8 | unit->first_count;
    for (unsigned i = 0; i < EVAL_FIRST_BYTES; i++)
        *key = *key << 8 | unit->first_bytes[i];
    return unit->first_count > 0;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a;
    const struct entry *right = b;
    if (left->key != right->key)
        return left->key < right->key ? -1 : 1;
    return (left->fold > right->fold) - (left->fold < right->fold);
}

static size_t fill_entries(const struct lesson *lesson, key_of *find_key)
{
    size_t count = 0;
    for (size_t i = 0; i < lesson->samples->count; i++) {
        const struct eval_sample *sample = &lesson->samples->all[i];
        struct entry *entry = &lesson->entries[count];
        *entry = (struct entry){
            .fold = sample->unit.row->fold_id,
            .class = eval_answer_truth(sample, lesson->words, lesson->level),
            .sample = i,
            .is_taught = !sample->word->is_held_out,
        };
        count += find_key(&sample->unit, &entry->key);
    }
    if (count)
        qsort(lesson->entries, count, sizeof *lesson->entries, compare_entries);
    return count;
}

/* What the flows of other folds say. */
static struct eval_answer best_class(const struct lesson *lesson)
{
    struct eval_answer best = {.class = PROTOCOL_UNKNOWN};
    uint64_t most = 0;
    for (unsigned i = 0; i < lesson->class_count; i++) {
        unsigned class = lesson->classes[i];
        uint64_t flows = lesson->flows[class];
        if (flows > most || (flows && flows == most && class < best.class)) {
            most = flows;
            best.class = class;
        }
    }
    if (most)
        best.confidence = (uint16_t)(most * UINT16_MAX / lesson->all_flows);
    return best;
}

/* Counts them into the key at hand. */
static void learn(struct lesson *lesson, const struct entry *entries, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_taught)
            continue;
        if (!lesson->flows[entries[i].class]++)
            lesson->classes[lesson->class_count++] = entries[i].class;
        lesson->all_flows++;
    }
}

/* Counts flows that were learned once more or once less. */
static void weigh(struct lesson *lesson, const struct entry *entries, size_t count, int times)
{
    for (size_t i = 0; i < count; i++) {
        if (!entries[i].is_taught)
            continue;
        lesson->flows[entries[i].class] += (uint64_t)times;
        lesson->all_flows += (uint64_t)times;
    }
}

/* Only where an earlier key had no answer. */
static void answer_fold(struct lesson *lesson, const struct entry *entries, size_t count)
{
    struct eval_answer best = best_class(lesson);
    for (size_t i = 0; i < count; i++) {
        struct eval_answer *answer = &lesson->answers->all[entries[i].sample];
        if (answer->class != PROTOCOL_UNKNOWN)
            continue;
        answer->class = best.class;
        answer->confidence = best.confidence;
        answer->is_right = best.class != PROTOCOL_UNKNOWN && best.class == entries[i].class &&
                           entries[i].is_taught;
        answer->is_exact = answer->is_right;
    }
}

/* All entries of one key: each fold is asked with its own flows forgotten. */
static void take_key(struct lesson *lesson, const struct entry *entries, size_t count)
{
    learn(lesson, entries, count);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && entries[end].fold == entries[begin].fold;)
            end++;
        weigh(lesson, entries + begin, end - begin, -1);
        answer_fold(lesson, entries + begin, end - begin);
        weigh(lesson, entries + begin, end - begin, 1);
    }
    while (lesson->class_count)
        lesson->flows[lesson->classes[--lesson->class_count]] = 0;
    lesson->all_flows = 0;
}

static void teach(struct lesson *lesson, key_of *find_key)
{
    size_t count = fill_entries(lesson, find_key);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin; end < count && lesson->entries[end].key == lesson->entries[begin].key;)
            end++;
        take_key(lesson, lesson->entries + begin, end - begin);
    }
}

static int learn_by(struct eval_answers *answers, const struct eval_samples *samples,
                    const struct eval_words *words, enum eval_level level, key_of *const *keys,
                    struct error *error)
{
    unsigned classes = eval_level_classes(level, words);
    struct lesson lesson = {
        .samples = samples,
        .words = words,
        .answers = answers,
        .level = level,
        .entries = calloc(samples->count + 1, sizeof *lesson.entries),
        .flows = calloc(classes, sizeof *lesson.flows),
        .classes = calloc(classes, sizeof *lesson.classes),
    };
    bool has_room = answers->all && lesson.entries && lesson.flows && lesson.classes;
    for (unsigned i = 0; has_room && i < 2 && keys[i]; i++)
        teach(&lesson, keys[i]);
    free(lesson.entries);
    free(lesson.flows);
    free(lesson.classes);
    return has_room ? 0 : error_set(error, ENOMEM, "out of memory for a baseline");
}

int eval_answers_of_baseline(struct eval_answers *answers, const struct eval_samples *samples,
                             const struct eval_words *words, enum eval_level level,
                             enum eval_baseline baseline, struct error *error)
{
    static const struct {
        const char *name;
        key_of *keys[2];
        uint16_t data_before;
    } known[EVAL_BASELINES] = {
        [EVAL_MAJORITY] = {"majority", {no_key}, 0},
        [EVAL_REGISTERED_PORTS] = {"ports", {NULL}, 0},
        [EVAL_LEARNED_PORTS] = {"learned-ports", {lower_port, higher_port}, 0},
        [EVAL_LEARNED_BYTES] = {"first-bytes", {first_bytes}, 1},
    };
    if (baseline == EVAL_REGISTERED_PORTS) {
        int failure = eval_answers_of_tier(answers, samples, words, level, TIER_PORTS, error);
        answers->is_baseline = true;
        return failure;
    }
    *answers = (struct eval_answers){
        .name = known[baseline].name,
        .is_baseline = true,
        .has_confidence = true,
        .count = samples->count,
        .all = calloc(samples->count + 1, sizeof *answers->all),
    };
    int failure = learn_by(answers, samples, words, level, known[baseline].keys, error);
    for (size_t i = 0; !failure && i < answers->count; i++)
        answers->all[i].data_before = known[baseline].data_before;
    return failure;
}
