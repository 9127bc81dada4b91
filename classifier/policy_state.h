/* SPDX-License-Identifier: BSD-3-Clause */
/* What the policy remembers, and the seam between deciding (policy.c), acting per packet
 * (policy_work.c) and counting (policy_count.c). Private to the policy.
 *
 *     slot ─┬─► line      every packet: the flow's counts, what would make it due
 *           ├─► head      busy packets: which views, whose bucket
 *           ├─► decision  [view]  what is being done, and by what belief
 *           └─► past      [view]  once that has changed: since when, and what was before
 */
#ifndef POLICY_STATE_H
#define POLICY_STATE_H

#include "classifier/tally.h"
#include "link_model.h"
#include "policy_hosts.h"
#include "policy_rules.h"

enum { POLICY_NO_RULE = 255 };

enum policy_busy {
    POLICY_BUSY = 1,   /* some view has work with each packet of this direction */
    POLICY_PENDING = 2 /* some view would block this direction's next packet */
};

struct policy_line {
    uint64_t bytes[2]; /* of the flow, by direction, up to the packet before */
    uint64_t recheck_ns;
    uint64_t recheck_bytes;
    uint64_t verdicts; /* the flow's four, when last decided upon */
    uint32_t packets[2];
    uint32_t generation; /* of thresholds, likewise */
    uint16_t service;    /* likewise */
    uint8_t way;         /* enum box_way of direction 0 */
    uint8_t busy[2];     /* sets of enum policy_busy */
};

struct policy_head {
    uint32_t busy_views[2]; /* sets of 1 << view */
    uint64_t begin_ns;
    struct flow_key host; /* whose endpoint accounts apply */
};

enum policy_flag {
    POLICY_FINAL = 1,     /* blocked or reset */
    POLICY_UNTRACKED = 2, /* the box was full */
    POLICY_PAST = 4,      /* the past is valid; else all since the beginning is as decided */
    POLICY_NOTED = 8,     /* << direction: this direction's rule has been noted as acting */
    POLICY_WAITING = 32,  /* << direction: a rule would block its next packet */
};

struct policy_decision {
    uint32_t open[2];    /* rules whose other conditions hold, by direction */
    uint32_t counted;    /* thresholds this flow counts for */
    uint32_t acted_open; /* `open` when a rule last began to act */
    uint16_t protocol;   /* what the view believes */
    uint16_t service;
    uint8_t rule[2];     /* by direction; the number of rules: none */
    uint8_t acted_rule;  /* the last that acted; POLICY_NO_RULE */
    uint8_t missed_rule; /* the last that was meant while nothing was done; likewise */
    uint8_t flags;
};

/* A stretch of a flow under the same decision. */
struct policy_part {
    uint64_t bytes[2];
    uint64_t touched_bytes[2];
    uint32_t packets[2];
    uint32_t touched_packets[2];
    uint32_t open[2];
    uint8_t rule[2];
};

struct policy_past {
    uint64_t since_bytes[2]; /* of the line, when the decision was taken */
    uint64_t touched_bytes[2];
    uint32_t since_packets[2];
    uint32_t touched_packets[2];
    struct policy_part earlier;       /* the stretch before, not counted yet */
    struct policy_account account[2]; /* of rules per flow */
    uint8_t account_rule[2];          /* whose they are, plus 1; 0: nobody's */
};

/* A view with what all its flows share. */
struct policy_seer {
    const struct policy_rules *rules;
    unsigned tiers;
    unsigned account_base;                         /* first of its accounts among an endpoint's */
    struct policy_account accounts[BOX_RULES_MAX]; /* of rules per class */
    uint32_t member_counts[BOX_RULES_MAX];         /* flows that count for a threshold */
    uint32_t above;                                /* thresholds that are exceeded */
    uint64_t held;                                 /* flows tracked */
    struct link_model links[2];                    /* [1]: upward */
};

struct policy {
    struct policy_options options;
    const struct protocols *protocols;
    struct keyed_hash *hash;
    unsigned rules_count;
    struct policy_rules rules[POLICY_VIEWS_MAX]; /* one for each box */
    uint8_t rules_of[POLICY_VIEWS_MAX];          /* by view */
    struct policy_seer seers[POLICY_VIEWS_MAX];
    uint32_t link_views; /* set: every packet is work for them */
    uint32_t generation; /* changes whenever a threshold is crossed */
    bool asks_answer;
    struct policy_hosts *hosts; /* null: no rule is per endpoint */
    uint64_t capacity;
    uint32_t slots;                 /* those below may have been used */
    size_t fixed_bytes, past_bytes; /* of a slot, in each region */
    uint8_t *fixed;                 /* line, head, decisions */
    uint8_t *pasts;
};

/* A packet in hand. */
struct policy_hand {
    struct policy *policy;
    struct policy_line *line;
    struct policy_head *head;
    struct policy_decision *decisions;
    struct policy_past *pasts;
    const struct flow *flow;
    const struct flow_detail *detail;
    const struct packet *packet;
    unsigned direction;
    struct tally *tally;
};

static inline struct policy_line *policy_line_of(const struct policy *policy, uint32_t slot)
{
    return (struct policy_line *)(policy->fixed + slot * policy->fixed_bytes);
}

static inline struct policy_head *policy_head_of(const struct policy *policy, uint32_t slot)
{
    return (struct policy_head *)(policy->fixed + slot * policy->fixed_bytes + 64);
}

static inline struct policy_decision *policy_decisions_of(const struct policy *policy,
                                                          uint32_t slot)
{
    return (struct policy_decision *)(policy->fixed + slot * policy->fixed_bytes + 128);
}

static inline struct policy_past *policy_pasts_of(const struct policy *policy, uint32_t slot)
{
    return (struct policy_past *)(policy->pasts + slot * policy->past_bytes);
}

/* The view's past, made valid. */
struct policy_past *policy_past_begin(struct policy_decision *decision, struct policy_past *past);

/* Which packets of the flow are work for this view from now on. */
void policy_work_plan(const struct policy_hand *hand, unsigned view);

/* The views' work with this packet. */
void policy_work(const struct policy_hand *hand);

/* A rule begins to act on the flow with this packet, or after it. */
void policy_note_action(const struct policy_hand *hand, unsigned view, bool is_after);

/* What is held to be true of a flow. */
struct policy_reference {
    bool is_known;
    uint8_t class; /* of POLICY_REFERENCES */
    uint16_t protocol;
    uint16_t service;
};
struct policy_reference policy_reference_of(const struct policy *policy, const struct flow *flow,
                                            const struct flow_detail *detail);

/* Counts a stretch against the reference. `decision` says what is being done now: what was missed
 * and is done by now was late. */
void policy_count_part(const struct policy *policy, unsigned view, const struct policy_part *part,
                       struct policy_decision *decision, const struct policy_reference *reference,
                       unsigned host_bit, struct tally *tally);

/* What was done to the flow as a whole: the last rule that acted, else what left it alone. A rule
 * that only waited for the other direction did nothing. */
uint8_t policy_done_to(const struct policy_rules *rules, const struct policy_decision *decision);

/* Counts the flow itself, which is over. */
void policy_count_flow(const struct policy *policy, unsigned view,
                       const struct policy_decision *decision,
                       const struct policy_reference *reference, unsigned host_bit,
                       struct tally *tally);

#endif
