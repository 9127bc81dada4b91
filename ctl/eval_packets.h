/* SPDX-License-Identifier: BSD-3-Clause */
/* Accuracy against packets seen: how much was decided, and rightly, by a flow's n-th data packet.
 */
#ifndef EVAL_PACKETS_H
#define EVAL_PACKETS_H

#include "eval_answer.h"

/* Data packets 1, 2, 4 .. 64, and the flow's end. */
enum { EVAL_STEPS = 8, EVAL_STEP_END = EVAL_STEPS - 1 };

/* How many data packets a step stands for; UINT16_MAX at the end. */
unsigned eval_step_packets(unsigned step);

struct eval_packets {
    uint64_t flows;               /* judged, of known classes */
    uint64_t decided[EVAL_STEPS]; /* of these: with that many data packets or fewer */
    uint64_t right[EVAL_STEPS];   /* of the decided, at the level */
    unsigned median;              /* data packets before a verdict (nearest rank, 50) */
    unsigned percentile_90;       /* likewise; both 0 when nothing was decided */
};

/* Returns 0 or -ENOMEM. */
int eval_packets_count(struct eval_packets *packets, const struct eval_samples *samples,
                       const struct eval_answers *answers, struct error *error);

#endif
