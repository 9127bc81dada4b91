/* SPDX-License-Identifier: BSD-3-Clause */
/* The audit's result: what boxes would have done to one interval's traffic, and how much of it by
 * mistake, ready to be written. Made from the policy part of a tally; every written form
 * (docs/audit-report.md) says what stands here and works nothing out itself.
 *
 *     audit
 *       └─ box                        as its file says it
 *            ├─ own      view ─┬─ outcome      all it did
 *            └─ ladder[] view  ├─ rules[]      by rule, with waits and delays of verdicts
 *                              └─ references[] by what the flow is, and by action
 *
 * Four numbers tell a view, in flows, packets and bytes:
 *
 *     right      acted on, and the reference says that this is what the policy means
 *     mistaken   acted on, though by the reference the policy means something else, or nothing
 *     unsure     acted on, and the reference does not know what it is: held against nobody
 *     missed     not acted on so, though by the reference the policy means it
 *
 *     acted = right + mistaken + unsure       acted + left alone = seen
 */
#ifndef CTL_AUDIT_H
#define CTL_AUDIT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "classifier/policy_tally.h"
#include "classifier/tally.h"
#include "ctl/audit_mask.h"

enum audit_reference_kind { AUDIT_BY_SIGNATURES, AUDIT_BY_TRUTH, AUDIT_BY_NOTHING };

/* "signatures", "truth", "none". */
const char *audit_reference_name(enum audit_reference_kind kind);

/* A box among the audit's views. The own view comes first; rungs follow, weaker tiers first. A rung
 * that sees the same tiers as the box has no view of its own: the ladder names the own one. */
struct audit_request_box {
    const struct box *box;
    const char *path;           /* as the user named it */
    unsigned own_view;          /* index into the tally's views */
    unsigned rung_count;        /* 0: no ladder was asked for */
    unsigned rung_views[TIERS]; /* indices likewise, weaker first */
};

/* What an audit says of the run itself; everything borrowed, and outlives it. */
struct audit_context {
    const char *source_kind; /* "pcap" or "dpdk" */
    const char *link;        /* "file", "mirror" or "inline" */
    unsigned tiers;          /* set that ran */
    unsigned min_endpoints;
    uint64_t interval_ns; /* 0: the whole run is one interval */
    enum audit_reference_kind reference;
    bool has_subscribers; /* prefixes were given */
    const struct protocols *protocols;
    const char *rules_sha256; /* null when no tier uses rules */
    const char *truth_sha256; /* null without truth */
    unsigned box_count;
    struct audit_request_box boxes[POLICY_VIEWS_MAX];
    unsigned view_count;
    struct policy_view views[POLICY_VIEWS_MAX];
    unsigned mask_count;
    const struct audit_mask_tally *masks; /* [mask_count], in the order asked for */
};

struct audit_count {
    uint64_t flows;
    uint64_t packets;
    uint64_t bytes;
};

/* part / whole, with its 95 % interval: Wilson's by flows; by bytes that of a ratio of sums over
 * flows. */
struct audit_share {
    bool is_known; /* the whole is not 0 */
    double value;
    bool has_interval; /* by bytes: five flows or more on each side of the ratio's sums */
    double low;
    double high;
};

struct audit_outcome {
    bool is_withheld; /* from fewer initiating hosts than --min-endpoints: all else is 0 */
    struct audit_count acted;
    struct audit_count right;
    struct audit_count mistaken;
    struct audit_count unsure;
    struct audit_count missed;
    uint64_t late_packets; /* of the missed: passed before the box had made up its mind rightly */
    uint64_t late_bytes;
    uint64_t touched_packets; /* of the acted on: lost, delayed or beyond a quota */
    uint64_t touched_bytes;
    uint64_t mistaken_touched_bytes;
    struct audit_share mistaken_flows; /* mistaken / (right + mistaken) */
    struct audit_share mistaken_bytes;
    struct audit_share found_flows; /* right / (right + missed) */
    struct audit_share found_bytes;
};

struct audit_rule {
    const struct box_rule *rule;
    char action[160]; /* "throttle to 1.5 Mbit/s per flow, burst 64 KiB, queue 100 ms" */
    struct audit_outcome outcome;
    /* Withheld with the outcome. */
    uint64_t acted_flows; /* in which this rule was the first to act */
    uint64_t after_packets[POLICY_STEPS];
    uint64_t after_ns[POLICY_AGES];
    uint64_t bytes_before;
    struct policy_waits waits; /* throttle, quota, prioritise; else all 0 */
    struct policy_waits fifo;  /* prioritise */
    uint64_t sooner_bytes;
    uint64_t later_bytes;
};

/* All flows of one kind, as the reference has it; the unknown ones last, before it the withheld. */
struct audit_reference {
    const char *name; /* of a category; "other": known, without a category; "withheld"; "unknown" */
    struct audit_count seen;
    struct audit_count acted[BOX_ACTIONS]; /* [BOX_NONE]: left alone */
    struct audit_count mistaken;
    struct audit_count missed;
    uint64_t touched_bytes;
    uint64_t mistaken_touched_bytes;
};

enum { AUDIT_REFERENCES_MAX = POLICY_REFERENCES + 1 };

struct audit_view {
    unsigned tiers;         /* what it sees of what ran */
    unsigned tiers_missing; /* what it would see besides, were it built */
    struct audit_count seen;
    struct audit_count left_alone; /* and what a withheld outcome hides */
    struct audit_outcome outcome;  /* over all rules that act */
    uint64_t untracked_flows;      /* began while the box held all it can */
    uint64_t untracked_packets;
    int64_t balance_packets; /* acted + left alone - seen; 0, or the numbers are wrong */
    int64_t balance_bytes;
    unsigned rule_count;
    struct audit_rule *rules; /* those of the box, in its order */
    /* With a link: how what no rule is about fares on it. */
    struct policy_waits others_waits;
    struct policy_waits others_fifo;
    uint64_t others_sooner_bytes;
    uint64_t others_later_bytes;
    unsigned reference_count;
    struct audit_reference references[AUDIT_REFERENCES_MAX]; /* most bytes first but for the last */
    unsigned cells_withheld; /* rows of rules and references that min_endpoints hides */
};

enum { AUDIT_SENTENCES_MAX = 8 };

struct audit_box {
    const struct box *box;
    const char *path;
    struct audit_view own;
    unsigned rung_count; /* 0: no ladder */
    struct audit_view ladder[TIERS];
    unsigned sentence_count;
    char *sentences[AUDIT_SENTENCES_MAX]; /* plain words about the own view and the ladder */
};

/* What a mask changes. Of verdicts: flows that have one, lose it, get another, or come by one; of a
 * box: flows it acts on, lets go, treats otherwise, or acts on newly. Packets and bytes are all of
 * those flows'. */
struct audit_mask_effect {
    bool is_withheld; /* from fewer hosts than --min-endpoints: all else is 0 */
    struct audit_count had;
    struct audit_count lost;
    struct audit_count other;
    struct audit_count gained;
    struct audit_share changed_flows; /* lost + other, of `had` */
    struct audit_share changed_packets;
    struct audit_share changed_bytes;
};

/* Of those that had a verdict, the ones of a category. */
struct audit_mask_row {
    const char *name; /* as audit_reference's; without "unknown" */
    struct audit_count had;
    struct audit_count lost;
    struct audit_count other;
};

struct audit_mask {
    enum mask mask;
    struct audit_mask_effect verdicts[AUDIT_MASK_VERDICTS]; /* had: 0 of tiers that did not run */
    unsigned row_counts[AUDIT_MASK_VERDICTS];
    struct audit_mask_row rows[AUDIT_MASK_VERDICTS][POLICY_REFERENCES]; /* most bytes first */
    struct audit_mask_effect boxes[POLICY_VIEWS_MAX];                   /* as audit.boxes */
    unsigned cells_withheld;
};

struct audit {
    struct audit_context context;
    bool has_time;
    uint64_t start_ns, end_ns; /* as in a report */
    struct tally_count seen;   /* all frames; those in no flow are out of any box's reach here */
    struct tally_count in_flows;
    struct audit_count reference_known; /* flows, packets and bytes that the reference can name */
    struct audit_count reference_unknown;
    uint64_t no_way_flows; /* whose subscriber's side is not known */
    uint64_t hosts_lost;
    unsigned cells_withheld;
    unsigned box_count;
    struct audit_box boxes[POLICY_VIEWS_MAX];
    unsigned mask_count;
    struct audit_mask masks[MASKS];
};

/* Of POLICY_REFERENCES: a category's name, "other", "unknown". */
const char *audit_class_name(unsigned reference);

/* What every audit must be read with: plain sentences, ended by null. */
const char *const *audit_limits(void);

/* Makes an audit of a tally that has a policy part made for context->views. Returns 0 or -errno. */
int audit_new(struct audit **audit, const struct audit_context *context, const struct tally *tally,
              struct error *error);
void audit_free(struct audit *audit);

/* Does acted on + left alone = seen hold in every view? */
bool audit_is_conserved(const struct audit *audit);

enum audit_format {
    AUDIT_TABLE,
    AUDIT_JSON,
    AUDIT_NDJSON,
    AUDIT_MARKDOWN,
    AUDIT_HTML,
    AUDIT_FORMATS
};

/* "markdown". */
const char *audit_format_name(enum audit_format format);

/* The format of that name, or -1. */
int audit_format_find(const char *name);

/* Writes and flushes. Returns 0, or -EIO when `out` failed. */
int audit_write(const struct audit *audit, enum audit_format format, FILE *out);

#endif
