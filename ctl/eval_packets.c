/* SPDX-License-Identifier: BSD-3-Clause */
/* Counts answers by the data packets they needed. */
#include "eval_packets.h"

#include <errno.h>
#include <stdlib.h>

unsigned eval_step_packets(unsigned step)
{
    return step == EVAL_STEP_END ? UINT16_MAX : 1u << step;
}

/* Nearest rank: the fewest packets that `share` per cent of the decided flows did not exceed. */
static unsigned rank_of(const uint64_t *flows_by, uint64_t decided, unsigned share)
{
    uint64_t rank = (decided * share + 99) / 100;
    unsigned packets = 0;
    for (uint64_t below = 0; packets < UINT16_MAX; packets++) {
        below += flows_by[packets];
        if (below >= rank)
            break;
    }
    return packets;
}

int eval_packets_count(struct eval_packets *packets, const struct eval_samples *samples,
                       const struct eval_answers *answers, struct error *error)
{
    *packets = (struct eval_packets){.flows = 0};
    uint64_t *flows_by = calloc(UINT16_MAX + 1, sizeof *flows_by);
    if (!flows_by)
        return error_set(error, ENOMEM, "out of memory for packets");
    for (size_t i = 0; i < samples->count; i++) {
        const struct eval_answer *answer = &answers->all[i];
        if (!samples->all[i].is_judged || samples->all[i].word->is_held_out)
            continue;
        packets->flows++;
        if (answer->class == PROTOCOL_UNKNOWN)
            continue;
        flows_by[answer->data_before]++;
        for (unsigned step = 0; step < EVAL_STEPS; step++) {
            packets->decided[step] += answer->data_before <= eval_step_packets(step);
            packets->right[step] +=
                answer->is_right && answer->data_before <= eval_step_packets(step);
        }
    }
    uint64_t decided = packets->decided[EVAL_STEP_END];
    if (decided) {
        packets->median = rank_of(flows_by, decided, 50);
        packets->percentile_90 = rank_of(flows_by, decided, 90);
    }
    free(flows_by);
    return 0;
}
