/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs captures through the dataplane as the replay command does, inside the test. */
#ifndef REPLAY_CAPTURE_H
#define REPLAY_CAPTURE_H

#include "classifier/classifier.h"
#include "dataplane/dataplane.h"

enum { REPLAY_INTERVALS_MAX = 64 };

struct replayed {
    unsigned interval_count;
    struct tally *intervals[REPLAY_INTERVALS_MAX];
    unsigned complaints;
    char complaint[256]; /* the last one's text */
};

/* The replay command's defaults. */
struct dataplane_options replay_defaults(const struct protocols *protocols);

/* Fills `replayed`, to be freed. */
void replay_captures(struct replayed *replayed, const struct dataplane_options *options,
                     const char *const *files, unsigned file_count, uint64_t interval_ns);
void replayed_free(struct replayed *replayed);

/* Do both sides of the conservation law agree in every interval? */
bool replayed_balances(const struct replayed *replayed);

/* The sum of all intervals; to be freed by the caller. */
struct tally *replayed_total(const struct replayed *replayed);

#endif
