/* SPDX-License-Identifier: BSD-3-Clause */
/* What decides: the same frames classified beside the plain run with one kind of evidence destroyed
 * (classifier/mask.h), and what of verdicts and of boxes' actions is another then.
 *
 *     burst ─┬─► classifier, masked ──► expect: its ended flows wait ─┐
 *            └─► classifier, plain  ──► hold:   each against the first that waits ──► sums
 *
 * Both are given the same bursts under the same secret and differ in no flow, so their flows end in
 * the same order. Only sums over flows leave; what waits is wiped once it is compared. */
#ifndef CTL_AUDIT_MASK_H
#define CTL_AUDIT_MASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/classifier.h"
#include "classifier/mask.h"
#include "classifier/policy_tally.h"

/* Columns of verdicts: each tier's own, and the strongest tier's that has one. */
enum { AUDIT_MASK_VERDICTS = TIERS + 1, AUDIT_MASK_STRONGEST = TIERS };

struct audit_mask_amount {
    uint64_t flows;
    uint64_t packets; /* of those flows, all of them */
    uint64_t bytes;
};

enum audit_mask_change {
    AUDIT_MASK_SEEN,  /* all flows of the cell */
    AUDIT_MASK_LOST,  /* named plainly, not when masked; for boxes: acted on plainly, then not */
    AUDIT_MASK_OTHER, /* named otherwise; for boxes: another action */
    AUDIT_MASK_NEW,   /* not named plainly, but when masked; for boxes: left alone, then not */
    AUDIT_MASK_CHANGES,
};

struct audit_mask_cell {
    struct audit_mask_amount amounts[AUDIT_MASK_CHANGES];
    uint64_t hosts[2][TALLY_HOST_BITS / 64]; /* of the seen; of the changed */
};

/* One mask's sums. Of verdicts, cells are by the plain verdict's category (POLICY_REFERENCES); of
 * boxes, [false] was left alone plainly, [true] was acted on. */
struct audit_mask_tally {
    enum mask mask;
    struct audit_mask_cell verdicts[AUDIT_MASK_VERDICTS][POLICY_REFERENCES];
    struct audit_mask_cell deeds[POLICY_VIEWS_MAX][2];
};

struct audit_mask_hold;

/* `tally` and `protocols` are borrowed; room is made for `flow_count` open flows, resident once
 * used. Returns 0 or -errno. */
int audit_mask_hold_new(struct audit_mask_hold **hold, struct audit_mask_tally *tally,
                        const struct protocols *protocols, unsigned view_count, uint64_t flow_count,
                        struct error *error);

/* Wipes. Null is fine. */
void audit_mask_hold_free(struct audit_mask_hold *hold);

/* A flow of the masked run is over (flow_observer.tell). */
void audit_mask_expect(void *hold, const struct flow_ended *ended);

/* The same flow of the plain run. */
void audit_mask_compare(struct audit_mask_hold *hold, const struct flow_ended *ended);

/* Did every flow meet itself? Else the sums mean nothing, and the program is wrong. */
bool audit_mask_is_whole(const struct audit_mask_hold *hold);

/* Distinct hosts behind a cell, at least. */
unsigned audit_mask_hosts(const struct audit_mask_cell *cell, bool are_changed);

#endif
