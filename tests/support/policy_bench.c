/* SPDX-License-Identifier: BSD-3-Clause */
/* The policy without the classifier around it. */
#include "policy_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/box_reader.h"
#include "suites.h"

struct box *bench_box(const struct policy_bench *bench, const char *text)
{
    char file[8192];
    struct box *box = NULL;
    struct error error = {0};
    const struct box_words words = {.protocols = bench->protocols};
    static unsigned number;
    int length = snprintf(file, sizeof file, "box: box-%u\ntitle: t\nabout: a\nsources: [s]\n%s",
                          number++, text);
    if (box_read(&box, file, (size_t)length, &words, &error)) {
        printf("line %u: %s\n%s\n", error.line, error.text, file);
        CU_FAIL_FATAL("the test's own box is not good");
    }
    return box;
}

void bench_open(struct policy_bench *bench, const char *const *boxes, unsigned count,
                const struct policy_options *options)
{
    struct keyed_secret secret = {{1, 2, 3}};
    memset(bench, 0, sizeof *bench);
    CU_ASSERT_EQUAL_FATAL(protocols_new(&bench->protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&bench->hash, &secret, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(tally_new(&bench->tally, protocols_count(bench->protocols), NULL), 0);
    if (options)
        bench->options = *options;
    for (unsigned i = 0; i < count; i++) {
        bench->boxes[i] = bench_box(bench, boxes[i]);
        bench->options.views[bench->options.view_count++] =
            (struct policy_view){.box = bench->boxes[i], .tiers = bench->boxes[i]->tiers};
    }
    CU_ASSERT_EQUAL_FATAL(tally_add_policy(bench->tally, bench->options.views, count, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(policy_new(&bench->policy, &bench->options, BENCH_FLOWS, bench->protocols,
                                     NULL, bench->hash, NULL),
                          0);
}

void bench_close(struct policy_bench *bench)
{
    policy_free(bench->policy);
    tally_free(bench->tally);
    keyed_hash_free(bench->hash);
    for (unsigned i = 0; i < bench->options.view_count; i++)
        box_free(bench->boxes[i]);
    protocols_free(bench->protocols);
}

void bench_decide(struct policy_bench *bench, unsigned slot, enum tier tier, const char *protocol)
{
    int id = protocols_find(bench->protocols, protocol);
    CU_ASSERT_FATAL(id >= 0);
    bench->flows[slot].verdict[tier] = (uint16_t)id;
}

static struct packet packet_of(const struct bench_packet *packet)
{
    struct packet made = {.time_ns = packet->time_ns,
                          .wire_bytes = packet->bytes,
                          .ip_version = 4,
                          .protocol = packet->protocol ? packet->protocol : IP_TCP,
                          .has_ports = true};
    const uint8_t client[4] = {10, 0, 0, (uint8_t)(packet->slot + 1)};
    const uint8_t server[4] = {192, 0, 2, 1};
    memcpy(packet->is_back ? made.destination : made.source, client, 4);
    memcpy(packet->is_back ? made.source : made.destination, server, 4);
    made.source_port = packet->is_back ? 80 : (uint16_t)(1000 + packet->slot);
    made.destination_port = packet->is_back ? (uint16_t)(1000 + packet->slot) : 80;
    return made;
}

static void begin_flow(struct policy_bench *bench, unsigned slot, const struct packet *packet)
{
    uint16_t verdict[TIERS];
    memcpy(verdict, bench->flows[slot].verdict, sizeof verdict);
    bench->flows[slot].key = (struct flow_key){{slot + 1, 1}};
    flow_begin(&bench->flows[slot], &bench->details[slot], packet);
    memcpy(bench->flows[slot].verdict, verdict, sizeof verdict);
    bench->details[slot].host_bit = (uint16_t)slot;
    bench->is_open[slot] = true;
}

void bench_packet(struct policy_bench *bench, const struct bench_packet *packet)
{
    struct packet made = packet_of(packet);
    const struct policy_step step = {.slot = packet->slot, .is_new = !bench->is_open[packet->slot]};
    if (step.is_new)
        begin_flow(bench, packet->slot, &made);
    flow_update(&bench->flows[packet->slot], &made);
    policy_take(bench->policy, &bench->flows[packet->slot], &bench->details[packet->slot], &made,
                &step, bench->tally);
    bench->packets++;
    bench->bytes += packet->bytes;
}

void bench_report(struct policy_bench *bench)
{
    for (unsigned slot = 0; slot < BENCH_FLOWS; slot++) {
        struct flow *flow = &bench->flows[slot];
        struct flow_detail *detail = &bench->details[slot];
        if (!bench->is_open[slot])
            continue;
        policy_report(bench->policy, slot, flow, detail, bench->tally);
        flow_report(flow, detail, bench->tally);
    }
}

void bench_finish(struct policy_bench *bench)
{
    for (unsigned slot = 0; slot < BENCH_FLOWS; slot++) {
        struct flow *flow = &bench->flows[slot];
        struct flow_detail *detail = &bench->details[slot];
        if (!bench->is_open[slot])
            continue;
        policy_finish(bench->policy, slot, flow, detail, bench->tally);
        flow_finish(flow, detail, FLOW_ENDED, bench->tally);
        memset(flow->verdict, 0, sizeof flow->verdict);
        bench->is_open[slot] = false;
        bench->ended++;
    }
}

const struct policy_rule_tally *bench_rule(const struct policy_bench *bench, unsigned view,
                                           unsigned rule)
{
    return &bench->tally->policy->views[view].rules[rule];
}

struct policy_amount bench_right(const struct policy_bench *bench, unsigned view, unsigned rule)
{
    struct policy_amount sum = {0};
    for (unsigned i = 0; i < POLICY_REFERENCES; i++)
        policy_amount_merge(&sum, &bench_rule(bench, view, rule)->right[i]);
    return sum;
}

struct policy_amount bench_mistaken(const struct policy_bench *bench, unsigned view, unsigned rule)
{
    struct policy_amount sum = {0};
    for (unsigned i = 1; i < POLICY_REFERENCES; i++)
        policy_amount_merge(&sum, &bench_rule(bench, view, rule)->wrong[i]);
    return sum;
}

struct policy_amount bench_unsure(const struct policy_bench *bench, unsigned view, unsigned rule)
{
    return bench_rule(bench, view, rule)->wrong[CATEGORY_UNKNOWN];
}

struct policy_missed bench_missed(const struct policy_bench *bench, unsigned view, unsigned rule)
{
    struct policy_missed sum = {0};
    for (unsigned i = 0; i < POLICY_REFERENCES; i++)
        policy_missed_merge(&sum, &bench_rule(bench, view, rule)->missed[i]);
    return sum;
}

struct policy_amount bench_acted(const struct policy_bench *bench, unsigned view, unsigned rule)
{
    struct policy_amount sum = bench_right(bench, view, rule);
    struct policy_amount wrong = bench_mistaken(bench, view, rule);
    struct policy_amount unsure = bench_unsure(bench, view, rule);
    policy_amount_merge(&sum, &wrong);
    policy_amount_merge(&sum, &unsure);
    return sum;
}

bool bench_is_conserved(const struct policy_bench *bench)
{
    bool is_good = true;
    for (unsigned view = 0; view < bench->options.view_count; view++) {
        struct policy_amount sum = policy_view_sum(&bench->tally->policy->views[view]);
        is_good &=
            sum.packets == bench->packets && sum.bytes == bench->bytes && sum.flows == bench->ended;
    }
    return is_good;
}
