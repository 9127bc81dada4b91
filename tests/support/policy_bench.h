/* SPDX-License-Identifier: BSD-3-Clause */
/* Boxes against packets made by hand: a policy, flows with verdicts as told, and the counts. */
#ifndef POLICY_BENCH_H
#define POLICY_BENCH_H

#include "classifier/policy.h"
#include "classifier/tally.h"

enum { BENCH_FLOWS = 256 };

struct policy_bench {
    struct protocols *protocols;
    struct keyed_hash *hash;
    struct policy *policy;
    struct policy_options options;
    struct tally *tally;
    struct box *boxes[POLICY_VIEWS_MAX];
    struct flow flows[BENCH_FLOWS];
    struct flow_detail details[BENCH_FLOWS];
    bool is_open[BENCH_FLOWS];
    uint64_t packets, bytes, ended; /* given so far */
};

/* One packet: of flow `slot`, whose client is 10.0.0.<slot + 1>, port 1000 + slot, and whose server
 * is 192.0.2.1:80. */
struct bench_packet {
    unsigned slot;
    uint64_t time_ns;
    uint32_t bytes;
    bool is_back;     /* from the server */
    uint8_t protocol; /* IP_TCP where 0 */
};

/* A box from a YAML text of its `tiers` and `policy` and what else it has; all else is filled in.
 */
struct box *bench_box(const struct policy_bench *bench, const char *text);

/* Opens with one view of each text, seeing the box's own tiers. `options` may be null. */
void bench_open(struct policy_bench *bench, const char *const *boxes, unsigned count,
                const struct policy_options *options);
void bench_close(struct policy_bench *bench);

/* The flow's verdict from now on; of a flow that begins later, too. */
void bench_decide(struct policy_bench *bench, unsigned slot, enum tier tier, const char *protocol);

void bench_packet(struct policy_bench *bench, const struct bench_packet *packet);

/* Ends all flows. */
void bench_finish(struct policy_bench *bench);

/* All flows are reported, as at the end of an interval. */
void bench_report(struct policy_bench *bench);

/* The rule's counts; right and wrong of all references but the unknown one, together. */
const struct policy_rule_tally *bench_rule(const struct policy_bench *bench, unsigned view,
                                           unsigned rule);
struct policy_amount bench_right(const struct policy_bench *bench, unsigned view, unsigned rule);
struct policy_amount bench_mistaken(const struct policy_bench *bench, unsigned view, unsigned rule);
struct policy_amount bench_unsure(const struct policy_bench *bench, unsigned view, unsigned rule);
struct policy_missed bench_missed(const struct policy_bench *bench, unsigned view, unsigned rule);
struct policy_amount bench_acted(const struct policy_bench *bench, unsigned view, unsigned rule);

/* Acted on and left alone make up what was given, in every view. */
bool bench_is_conserved(const struct policy_bench *bench);

#endif
