/* SPDX-License-Identifier: BSD-3-Clause */
/* Parts data sets by capture. */
#include "folds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SEVERAL = -2, NONE = -1 };

/* FNV-1a, the same in every run. */
static unsigned hash_name(const char *text)
{
    unsigned hash = 2166136261u;
    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 16777619u;
    return hash ^ hash >> 15;
}

/* Which capture all flows of a label are of, SEVERAL, or NONE. */
static void find_captures(int *capture_of, const struct rows *rows)
{
    for (unsigned i = 0; i < rows->labels.count; i++)
        capture_of[i] = NONE;
    for (size_t i = 0; i < rows->flow_count; i++) {
        int *capture = &capture_of[rows->flows[i].label];
        if (*capture == NONE)
            *capture = (int)rows->flows[i].capture;
        else if (*capture != (int)rows->flows[i].capture)
            *capture = SEVERAL;
    }
}

int folds_by_capture(uint8_t *folds, const struct rows *rows, unsigned count,
                     unsigned *split_labels)
{
    int *capture_of = calloc(rows->labels.count + 1, sizeof *capture_of);
    if (!capture_of)
        return -ENOMEM;
    find_captures(capture_of, rows);
    for (size_t i = 0; i < rows->flow_count; i++) {
        const struct rows_flow *flow = &rows->flows[i];
        const char *name = strchr(rows->captures.texts[flow->capture], '/') + 1;
        unsigned fold = hash_name(name) + flow->site;
        if (capture_of[flow->label] >= 0)
            fold = flow->hosts ^ flow->hosts >> 16 ^ flow->hosts >> 8;
        folds[i] = (uint8_t)(fold % count);
    }
    *split_labels = 0;
    for (unsigned i = 0; i < rows->labels.count; i++)
        *split_labels += capture_of[i] >= 0;
    free(capture_of);
    return 0;
}
