/* SPDX-License-Identifier: BSD-3-Clause */
/* A queue of flows that wait for themselves, and sums of what is another. */
#include "ctl/audit_mask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Flows that can end within a burst beside those that are open: what it begins, and what is swept.
 */
enum { FLOWS_A_BURST = 4 * FRAME_BURST };

struct waiting_flow {
    struct flow_key key;
    uint16_t verdict[TIERS];
    uint8_t deeds[POLICY_VIEWS_MAX];
};

struct audit_mask_hold {
    struct audit_mask_tally *tally;
    const struct protocols *protocols;
    unsigned view_count;
    size_t capacity;
    struct waiting_flow *waiting;
    size_t first; /* those before it have been compared */
    size_t end;
    bool is_broken;
};

int audit_mask_hold_new(struct audit_mask_hold **hold, struct audit_mask_tally *tally,
                        const struct protocols *protocols, unsigned view_count, uint64_t flow_count,
                        struct error *error)
{
    struct audit_mask_hold *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for a mask");
    made->tally = tally;
    made->protocols = protocols;
    made->view_count = view_count;
    made->capacity = flow_count + FLOWS_A_BURST;
    made->waiting = calloc(made->capacity, sizeof *made->waiting);
    if (!made->waiting) {
        free(made);
        return error_set(error, ENOMEM,
                         "out of memory for a mask and %llu flows: ask for fewer with --flows",
                         (unsigned long long)flow_count);
    }
    *hold = made;
    return 0;
}

void audit_mask_hold_free(struct audit_mask_hold *hold)
{
    if (!hold)
        return;
    if (hold->end > hold->first)
        explicit_bzero(&hold->waiting[hold->first],
                       (hold->end - hold->first) * sizeof *hold->waiting);
    free(hold->waiting);
    free(hold);
}

void audit_mask_expect(void *context, const struct flow_ended *ended)
{
    struct audit_mask_hold *hold = context;
    if (hold->first == hold->end)
        hold->first = hold->end = 0;
    if (hold->end == hold->capacity) {
        hold->is_broken = true;
        return;
    }
    struct waiting_flow *waiting = &hold->waiting[hold->end++];
    waiting->key = ended->key;
    memcpy(waiting->verdict, ended->verdict, sizeof waiting->verdict);
    memcpy(waiting->deeds, ended->deeds, sizeof waiting->deeds);
}

static unsigned reference_of(const struct protocols *protocols, uint16_t protocol)
{
    if (protocol == PROTOCOL_UNKNOWN)
        return CATEGORY_UNKNOWN;
    enum category category = protocols_get(protocols, protocol)->category;
    return category == CATEGORY_UNKNOWN ? (unsigned)POLICY_REFERENCE_OTHER : (unsigned)category;
}

static void add(struct audit_mask_cell *cell, enum audit_mask_change change,
                const struct flow_ended *ended)
{
    struct audit_mask_amount *amount = &cell->amounts[change];
    amount->flows++;
    amount->packets += ended->packets;
    amount->bytes += ended->bytes;
    cell->hosts[change != AUDIT_MASK_SEEN][ended->host_bit / 64] |= UINT64_C(1)
                                                                    << ended->host_bit % 64;
}

/* Of a verdict or an action; 0 is none. */
static void count(struct audit_mask_cell *cell, unsigned plain, unsigned masked,
                  const struct flow_ended *ended)
{
    add(cell, AUDIT_MASK_SEEN, ended);
    if (plain == masked)
        return;
    enum audit_mask_change change = AUDIT_MASK_OTHER;
    if (!masked)
        change = AUDIT_MASK_LOST;
    else if (!plain)
        change = AUDIT_MASK_NEW;
    add(cell, change, ended);
}

static uint16_t strongest(const uint16_t verdict[TIERS])
{
    uint16_t found = PROTOCOL_UNKNOWN;
    for (unsigned tier = 0; tier < TIERS; tier++)
        found = verdict[tier] != PROTOCOL_UNKNOWN ? verdict[tier] : found;
    return found;
}

void audit_mask_compare(struct audit_mask_hold *hold, const struct flow_ended *ended)
{
    if (hold->first == hold->end ||
        !flow_key_equals(&hold->waiting[hold->first].key, &ended->key)) {
        hold->is_broken = true;
        return;
    }
    struct waiting_flow *masked = &hold->waiting[hold->first++];
    struct audit_mask_tally *tally = hold->tally;
    for (unsigned column = 0; column < AUDIT_MASK_VERDICTS; column++) {
        bool is_strongest = column == AUDIT_MASK_STRONGEST;
        uint16_t plain = is_strongest ? strongest(ended->verdict) : ended->verdict[column];
        uint16_t other = is_strongest ? strongest(masked->verdict) : masked->verdict[column];
        count(&tally->verdicts[column][reference_of(hold->protocols, plain)], plain, other, ended);
    }
    for (unsigned view = 0; view < hold->view_count; view++)
        count(&tally->deeds[view][ended->deeds[view] != 0], ended->deeds[view], masked->deeds[view],
              ended);
    explicit_bzero(masked, sizeof *masked);
}

bool audit_mask_is_whole(const struct audit_mask_hold *hold)
{
    return !hold->is_broken && hold->first == hold->end;
}

unsigned audit_mask_hosts(const struct audit_mask_cell *cell, bool are_changed)
{
    unsigned hosts = 0;
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        hosts += (unsigned)__builtin_popcountll(cell->hosts[are_changed][word]);
    return hosts;
}
