/* SPDX-License-Identifier: BSD-3-Clause */
/* What boxes would have done, as counts: the part of a tally that policy.h fills. Sums over flows,
 * by box, rule and reference category; nothing about a single flow, host or moment.
 *
 *     view (a box under a set of tiers)
 *       └─ rule (the last one: no rule)
 *            ├─ right[reference]     done by this rule, as the reference would have it
 *            ├─ wrong[reference]     done by this rule, the reference would have it otherwise
 *            └─ missed[reference]    not done, though by the reference this rule is meant
 *
 * Law, per view: the sum of right and wrong over its rules = what flows were tallied, in flows,
 * packets and bytes. `missed` stands beside it: the same packets, seen from the other side. */
#ifndef CLASSIFIER_POLICY_TALLY_H
#define CLASSIFIER_POLICY_TALLY_H

#include <stdint.h>

#include "base/error.h"
#include "classifier/box.h"

enum { POLICY_VIEWS_MAX = 32 };

/* A box, and the tiers it is imagined to see: its own, or a rung of the ladder. */
struct policy_view {
    const struct box *box; /* borrowed */
    unsigned tiers;        /* set of 1 << enum tier */
};

/* Reference classes: categories; [CATEGORY_UNKNOWN] what the reference cannot name, which is never
 * held against a box; and one more for what it names, but has no category here. */
enum { POLICY_REFERENCES = CATEGORIES + 1, POLICY_REFERENCE_OTHER = CATEGORIES };

/* A flow's packets up to and including the one that brought the first action, as VERDICT_STEPS of
 * tally.h; and the time since its first packet: at most 0, 1 ms, 10 ms, 100 ms, 1 s, 10 s, more. */
enum { POLICY_STEPS = 7, POLICY_AGES = 7 };

/* Waits in a queue: none, then at most 1, 3, 10, 30, 100, 300 ms, 1 s, more. */
enum { POLICY_DELAYS = 9 };

/* In nanoseconds; the last is UINT64_MAX. */
uint64_t policy_age_bound(unsigned age);
uint64_t policy_delay_bound(unsigned delay);

struct policy_amount {
    uint64_t flows; /* that ended */
    uint64_t packets;
    uint64_t bytes;
    uint64_t touched_packets; /* of these: lost, delayed or beyond a quota */
    uint64_t touched_bytes;
    uint64_t squares; /* sum over flows of (bytes / 16)^2, for intervals; stays at UINT64_MAX */
};

struct policy_missed {
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
    uint64_t late_packets; /* of these: passed before the box had made up its mind rightly */
    uint64_t late_bytes;
    uint64_t squares;
};

/* Packets through a bucket or a queue. */
struct policy_waits {
    uint64_t packets[POLICY_DELAYS]; /* passed, by how long they waited */
    uint64_t bytes[POLICY_DELAYS];
    uint64_t lost_packets; /* the queue was full */
    uint64_t lost_bytes;
    uint64_t wait_us; /* of all that passed, together, in microseconds */
};

struct policy_rule_tally {
    struct policy_amount right[POLICY_REFERENCES];
    struct policy_amount wrong[POLICY_REFERENCES]; /* [CATEGORY_UNKNOWN]: the reference is silent */
    struct policy_missed missed[POLICY_REFERENCES];
    uint64_t acted_flows;                 /* of these, in which this rule was the first to act */
    uint64_t after_packets[POLICY_STEPS]; /* flows, by when that was */
    uint64_t after_ns[POLICY_AGES];
    uint64_t bytes_before;     /* passed in these flows before that */
    struct policy_waits waits; /* throttle, quota, prioritise */
    struct policy_waits fifo;  /* prioritise: the same packets, had there been one queue */
    uint64_t sooner_bytes;     /* prioritise: that waited less than in one queue, */
    uint64_t later_bytes;      /* or more, or were lost instead of passing */
    uint64_t hosts[POLICY_REFERENCES][1024 / 64]; /* bits of initiating hosts, as tally_cell's */
};

struct policy_view_tally {
    unsigned rule_count;             /* the box's, and one more: no rule */
    struct policy_rule_tally *rules; /* [rule_count] */
    uint64_t untracked_flows;        /* began while the box held all it can */
    uint64_t untracked_packets;
};

struct policy_tally {
    unsigned view_count;
    struct policy_view_tally views[POLICY_VIEWS_MAX];
    uint64_t hosts_lost;   /* endpoints whose bucket or volume was forgotten for want of room */
    uint64_t no_way_flows; /* whose subscriber's side is not known */
};

/* Empty, with room for these views. Returns 0 or -errno. */
int policy_tally_new(struct policy_tally **tally, const struct policy_view *views, unsigned count,
                     struct error *error);
void policy_tally_free(struct policy_tally *tally);
void policy_tally_clear(struct policy_tally *tally);

/* Adds `from` to `into`; both were made for the same views. */
void policy_tally_merge(struct policy_tally *into, const struct policy_tally *from);

void policy_amount_merge(struct policy_amount *into, const struct policy_amount *from);
void policy_missed_merge(struct policy_missed *into, const struct policy_missed *from);
void policy_waits_merge(struct policy_waits *into, const struct policy_waits *from);

/* Distinct initiating hosts behind one reference class of a rule, at least. */
unsigned policy_rule_hosts(const struct policy_rule_tally *rule, unsigned reference);

/* Both sides of the law's packets and bytes are asked for by the caller: this is the policy's. */
struct policy_amount policy_view_sum(const struct policy_view_tally *view);

#endif
