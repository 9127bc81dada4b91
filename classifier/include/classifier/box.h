/* SPDX-License-Identifier: BSD-3-Clause */
/* A box as data: what one kind of equipment can see of traffic, and what it has been told to do.
 * Read from a file (docs/box-format.md), never run against traffic: policy.h works out what it
 * would have done.
 *
 *     tiers, bounds ──► what the box believes a flow to be
 *                          │
 *     rules, in order ─────┴─► the first whose every condition holds: its action
 *                              none: the packet is left alone
 *
 * Written by the reader, then read only. */
#ifndef CLASSIFIER_BOX_H
#define CLASSIFIER_BOX_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/protocol.h"
#include "classifier/services.h"
#include "classifier/tier.h"

enum {
    BOX_NAME_MAX = 31,
    BOX_RULES_MAX = 24,
    BOX_NAMES_MAX = 64,  /* protocols or services one condition lists */
    BOX_HOURS_MAX = 4,   /* stretches of the day one condition lists */
    BOX_SOURCES_MAX = 8, /* citations */
    BOX_QUEUES_MAX = 8,  /* classes at a box's link */
    BOX_WEIGHT_MAX = 1000,
};

/* Ordered by nothing; the names are the words of the file. */
enum box_action_kind {
    BOX_NONE,       /* leave alone */
    BOX_BLOCK,      /* drop every packet from the deciding one on; final for the flow */
    BOX_RESET,      /* end the TCP connection after the deciding packet; final for the flow */
    BOX_THROTTLE,   /* hold to a rate by a token bucket */
    BOX_PRIORITISE, /* serve earlier or later at the box's link */
    BOX_ZERO_RATE,  /* do not bill */
    BOX_QUOTA,      /* count against a volume, act on what is beyond it */
    BOX_ACTIONS,
};

/* "zero_rate". */
const char *box_action_name(enum box_action_kind kind);

/* Whose bucket or volume a packet is held against. */
enum box_scope {
    BOX_PER_CLASS,    /* all that the rule is about share one */
    BOX_PER_FLOW,     /* each flow has its own, in both directions */
    BOX_PER_ENDPOINT, /* each subscriber; where that is not known, each initiating host */
    BOX_SCOPES,
};

const char *box_scope_name(enum box_scope scope);

/* A token bucket with a queue before it: a packet that finds fewer tokens than it has bytes waits
 * until they have come, or is lost when that would take longer than `queue_ns`. With no queue it is
 * a policer. Bounds: rate 1 bit/s to 1 Tbit/s; burst to 256 MiB; rate times queue likewise. */
struct box_throttle {
    uint64_t rate_bits; /* per second */
    uint64_t burst_bytes;
    uint64_t queue_ns;
    enum box_scope scope;
};

/* Beyond the volume, packets are lost (`has_throttle` false) or held to the throttle's rate. */
struct box_quota {
    uint64_t volume_bytes;
    uint64_t period_ns; /* begins anew at multiples of it since 1970; 0: once for the run */
    enum box_scope scope;
    bool has_throttle;
    struct box_throttle throttle; /* its scope is the quota's */
};

struct box_action {
    enum box_action_kind kind;
    struct box_throttle throttle; /* BOX_THROTTLE */
    struct box_quota quota;       /* BOX_QUOTA */
    unsigned queue;               /* BOX_PRIORITISE: of the link; lower ones first when strict */
};

/* Which way a packet runs, as seen from the subscriber. */
enum box_way { BOX_ANY_WAY, BOX_UP, BOX_DOWN };

enum box_answer { BOX_ANSWER_ANY, BOX_ANSWERED, BOX_UNANSWERED };

/* Minutes of the box's day; where the end is before the beginning, over midnight. */
struct box_hours {
    uint16_t begin_minute;
    uint16_t end_minute; /* excluded */
};

struct box_rule {
    char name[BOX_NAME_MAX + 1];
    unsigned line; /* where the file says it */

    /* The class: all three hold of what the box believes. Empty ones hold of everything. */
    unsigned protocol_count;
    uint16_t protocols[BOX_NAMES_MAX]; /* PROTOCOL_UNKNOWN: what the box cannot name */
    uint32_t categories;               /* set of 1 << enum category */
    unsigned service_count;
    uint16_t services[BOX_NAMES_MAX];
    uint32_t service_categories; /* set of 1 << enum service_category */

    /* Further conditions: all hold. */
    uint8_t transport; /* IP protocol number; 0: any */
    enum box_way way;
    enum box_way one_way; /* nine tenths of the flow's bytes so far ran this way */
    enum box_answer answer;
    uint64_t age_from_ns, age_below_ns; /* since the flow's first packet; below 0: no end */
    uint64_t bytes_from, bytes_below;   /* of the flow, this packet included; likewise */
    uint32_t
        flows_above; /* more flows than this meet the rule's other conditions; 0: no threshold */
    unsigned hours_count; /* 0: always */
    struct box_hours hours[BOX_HOURS_MAX];

    struct box_action action;
    unsigned treatment; /* box_seal: rules whose actions are the same share it; 0: left alone */
};

/* The line that prioritise is about: each direction has this capacity. */
struct box_link {
    uint64_t capacity_bits; /* per second; 0: the box has no link */
    uint64_t queue_ns;      /* each queue holds what the capacity carries in this time */
    bool is_weighted;       /* else strict: a queue is served when all lower ones are empty */
    unsigned queue_count;
    uint32_t weight[BOX_QUEUES_MAX]; /* weighted: its share while it is not empty */
    unsigned others;                 /* the queue of what no rule prioritises */
};

struct box {
    char name[BOX_NAME_MAX + 1];
    char *title; /* one line */
    char *about; /* a paragraph in plain words */
    unsigned source_count;
    char *sources[BOX_SOURCES_MAX]; /* where the practice is documented */
    char sha256[65];                /* of the file */
    unsigned tiers;             /* set of 1 << enum tier: what it sees. None: it sees no class */
    uint32_t packets_inspected; /* of a flow; later ones change its mind no more; 0: all */
    uint64_t flows_held;        /* at once; flows beyond are left alone; 0: any number */
    int32_t clock_offset_s;     /* its clock less UTC, for hours */
    struct box_link link;
    unsigned rule_count;
    struct box_rule rules[BOX_RULES_MAX];
};

/* Does the rule ask what the flow is, or for whom? */
bool box_rule_has_class(const struct box_rule *rule);

/* Numbers the treatments. Last step of making a box. */
void box_seal(struct box *box);

/* Null is fine. */
void box_free(struct box *box);

#endif
