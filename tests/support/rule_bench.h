/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules from a string, compiled, and flows played against them: what tests of the signatures tier
 * share. */
#ifndef RULE_BENCH_H
#define RULE_BENCH_H

#include "classifier/signature.h"

struct rule_bench {
    struct protocols *protocols;
    struct rules *rules;
    struct signatures *signatures;
    struct keyed_hash *hash;
    struct signature_clock *clock;
    struct tally *tally;
    struct rule_faults faults;
    uint64_t time_ns;
};

/* False, with a test skipped, when Hyperscan was not built in; a failed test when the rules are
 * wrong. To be closed in any case. */
bool rule_bench_open(struct rule_bench *bench, const char *text, uint32_t watch_count);
void rule_bench_close(struct rule_bench *bench);

/* The id of a protocol that must exist. */
uint16_t rule_bench_protocol(const struct rule_bench *bench, const char *name);

/* A flow between 192.0.2.1:50000 and 192.0.2.2:PORT. */
struct rule_bench_flow {
    struct rule_bench *bench;
    struct flow flow;
    struct flow_detail detail;
    uint8_t protocol;
    uint16_t server_port;
};

/* TCP with a handshake unless `is_midstream`. */
void rule_bench_begin(struct rule_bench_flow *flow, struct rule_bench *bench, uint8_t protocol,
                      uint16_t server_port, bool is_midstream);

/* One packet; for TCP the payload begins `offset` bytes into its stream. Returns the verdict. */
uint16_t rule_bench_send(struct rule_bench_flow *flow, bool is_server, uint32_t offset,
                         const void *payload, uint32_t length);

void rule_bench_end(struct rule_bench_flow *flow);

#endif
