/* SPDX-License-Identifier: BSD-3-Clause */
/* The baselines that count, and the list of all. */
#include "baseline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Which label most flows of one kind have. */
struct majority {
    int label;
};

static bool is_counted(const struct rows_flow *flow, bool is_used)
{
    return is_used && flow->variation == VARIATION_WHOLE;
}

static int learn_majority(void **model, const struct rows *rows, const bool *is_used,
                          const struct learner_options *options, struct error *error)
{
    (void)options;
    struct majority *majority = malloc(sizeof *majority);
    unsigned *counts = calloc(rows->labels.count + 1, sizeof *counts);
    *model = majority;
    if (majority && counts) {
        majority->label = 0;
        for (size_t i = 0; i < rows->flow_count; i++)
            counts[rows->flows[i].label] += is_counted(&rows->flows[i], is_used[i]);
        for (unsigned i = 0; i < rows->labels.count; i++)
            majority->label = counts[i] > counts[majority->label] ? (int)i : majority->label;
    }
    bool is_good = majority && counts;
    free(counts);
    return is_good ? 0 : error_set(error, ENOMEM, "out of memory for the majority");
}

static int decide_majority(const void *model, const struct rows *rows, const struct rows_flow *flow)
{
    (void)rows;
    (void)flow;
    return ((const struct majority *)model)->label;
}

static int learn_nothing(void **model, const struct rows *rows, const bool *is_used,
                         const struct learner_options *options, struct error *error)
{
    (void)rows;
    (void)is_used;
    (void)options;
    (void)error;
    *model = NULL;
    return 0;
}

static int decide_ports(const void *model, const struct rows *rows, const struct rows_flow *flow)
{
    (void)model;
    return strcmp(rows->labels.texts[flow->ports], "unknown") ? (int)flow->ports : -1;
}

/* Beginnings of payload, in order, with their labels. */
struct beginning {
    uint64_t bytes;
    uint32_t sides; /* transport, and which sides said something */
    uint32_t label;
};

struct beginnings {
    size_t count;
    struct beginning *sorted;
};

static struct beginning beginning_of(const struct rows_flow *flow)
{
    return (struct beginning){.bytes = (uint64_t)flow->first[0] << 32 | flow->first[1],
                              .sides = flow->protocol * 4u + flow->has_first[0] * 2u +
                                       flow->has_first[1],
                              .label = flow->label};
}

static int compare_bytes(const struct beginning *a, const struct beginning *b)
{
    if (a->bytes != b->bytes)
        return a->bytes < b->bytes ? -1 : 1;
    return (a->sides > b->sides) - (a->sides < b->sides);
}

static int compare_beginnings(const void *left, const void *right)
{
    const struct beginning *a = left;
    const struct beginning *b = right;
    int order = compare_bytes(a, b);
    return order ? order : (a->label > b->label) - (a->label < b->label);
}

static int learn_beginnings(void **model, const struct rows *rows, const bool *is_used,
                            const struct learner_options *options, struct error *error)
{
    (void)options;
    struct beginnings *made = calloc(1, sizeof *made);
    *model = made;
    if (made)
        made->sorted = calloc(rows->flow_count + 1, sizeof *made->sorted);
    if (!made || !made->sorted)
        return error_set(error, ENOMEM, "out of memory for %zu flows", rows->flow_count);
    for (size_t i = 0; i < rows->flow_count; i++) {
        if (is_counted(&rows->flows[i], is_used[i]))
            made->sorted[made->count++] = beginning_of(&rows->flows[i]);
    }
    qsort(made->sorted, made->count, sizeof *made->sorted, compare_beginnings);
    return 0;
}

static int decide_beginning(const void *model, const struct rows *rows,
                            const struct rows_flow *flow)
{
    (void)rows;
    const struct beginnings *learned = model;
    const struct beginning wanted = beginning_of(flow);
    size_t first = 0;
    for (size_t end = learned->count; first < end;) {
        size_t middle = first + (end - first) / 2;
        if (compare_bytes(&learned->sorted[middle], &wanted) < 0)
            first = middle + 1;
        else
            end = middle;
    }
    int best = -1;
    unsigned most = 0;
    unsigned run = 0;
    for (size_t i = first; i < learned->count && !compare_bytes(&learned->sorted[i], &wanted);
         i++) {
        bool goes_on = i > first && learned->sorted[i].label == learned->sorted[i - 1].label;
        run = goes_on ? run + 1 : 1;
        if (run > most) {
            most = run;
            best = (int)learned->sorted[i].label;
        }
    }
    return best;
}

static void free_beginnings(void *model)
{
    struct beginnings *beginnings = model;
    if (beginnings)
        free(beginnings->sorted);
    free(beginnings);
}

void baseline_features(const struct rows *rows, const struct rows_flow *flow,
                       int16_t values[PIETRZYK_FEATURES])
{
    enum { AT_FOUR = 1 };
    uint32_t row = flow->row;
    for (uint32_t i = flow->row; i < flow->row + flow->row_count; i++) {
        if (rows->rows[i].checkpoint <= AT_FOUR)
            row = i;
    }
    memcpy(values, &rows->values[row][FEATURE_SIZE_FIRST], 4 * sizeof *values);
    values[4] = (int16_t)(flow->port[0] - 32768);
    values[5] = (int16_t)(flow->port[1] - 32768);
}

static const struct baseline counting[] = {
    {"majority", learn_majority, decide_majority, free},
    {"ports", learn_nothing, decide_ports, free},
    {"first-four", learn_beginnings, decide_beginning, free_beginnings},
};

const struct baseline *baseline_find(const char *name)
{
    const struct baseline *const all[] = {&counting[0],   &counting[1],    &counting[2],
                                          &baseline_tree, &baseline_bayes, &baseline_xgboost};
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        if (all[i]->learn && !strcmp(all[i]->name, name))
            return all[i];
    }
    return NULL;
}
