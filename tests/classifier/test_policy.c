/* SPDX-License-Identifier: BSD-3-Clause */
/* Each action and each condition against cases worked out by hand. */
#include "classifier/policy.h"

#include <stdio.h>
#include <string.h>

#include "link_model.h"
#include "policy_bench.h"
#include "policy_state.h"
#include "random.h"
#include "suites.h"
#include "token_bucket.h"

static const uint64_t second_ns = 1000000000;
static const uint64_t start_ns = UINT64_C(1700000000) * 1000000000; /* 22:13:20 UTC */

/* `count` packets of `bytes` each, `gap_ns` apart, from the client. */
static void send(struct policy_bench *bench, unsigned slot, uint64_t from_ns, unsigned count,
                 uint32_t bytes, uint64_t gap_ns)
{
    for (unsigned i = 0; i < count; i++)
        bench_packet(bench, &(struct bench_packet){
                                .slot = slot, .time_ns = from_ns + i * gap_ns, .bytes = bytes});
}

static void send_back(struct policy_bench *bench, unsigned slot, uint64_t from_ns, unsigned count,
                      uint32_t bytes)
{
    for (unsigned i = 0; i < count; i++)
        bench_packet(bench,
                     &(struct bench_packet){
                         .slot = slot, .time_ns = from_ns + i, .bytes = bytes, .is_back = true});
}

static void open_one(struct policy_bench *bench, const char *box)
{
    bench_open(bench, &box, 1, NULL);
}

static void finish(struct policy_bench *bench)
{
    bench_finish(bench);
    CU_ASSERT_TRUE(bench_is_conserved(bench));
}

static const char block_p2p[] = "tiers: [ports, signatures]\n"
                                "policy:\n"
                                "  - rule: p2p\n"
                                "    match: {category: [p2p]}\n"
                                "    action: block\n";

/* Three packets, the third brings the verdict and is the first to be dropped. */
static void blocks_from_the_deciding_packet_on(void)
{
    struct policy_bench bench;
    open_one(&bench, block_p2p);
    send(&bench, 0, start_ns, 2, 100, second_ns);
    bench_decide(&bench, 0, TIER_SIGNATURES, "bittorrent");
    send(&bench, 0, start_ns + 2 * second_ns, 5, 1000, second_ns);
    send_back(&bench, 0, start_ns + 9 * second_ns, 1, 60);
    finish(&bench);
    struct policy_amount right = bench_right(&bench, 0, 0);
    CU_ASSERT_EQUAL(right.packets, 6);
    CU_ASSERT_EQUAL(right.bytes, 5060);
    CU_ASSERT_EQUAL(right.flows, 1);
    struct policy_missed missed = bench_missed(&bench, 0, 0);
    CU_ASSERT_EQUAL(missed.packets, 2);
    CU_ASSERT_EQUAL(missed.late_bytes, 200);
    CU_ASSERT_EQUAL(missed.flows, 0);
    const struct policy_rule_tally *rule = bench_rule(&bench, 0, 0);
    CU_ASSERT_EQUAL(rule->acted_flows, 1);
    CU_ASSERT_EQUAL(rule->after_packets[2], 1); /* 3 to 4 packets */
    CU_ASSERT_EQUAL(rule->after_ns[5], 1);      /* up to 10 s */
    CU_ASSERT_EQUAL(rule->bytes_before, 200);
    bench_close(&bench);
}

static bool has_past(const struct policy_bench *bench, unsigned slot)
{
    const struct policy *policy = bench->policy;
    const uint8_t *past = policy->pasts + slot * policy->past_bytes;
    for (size_t i = 0; i < policy->past_bytes; i++) {
        if (past[i])
            return true;
    }
    return false;
}

/* What was counted of a flow does not outlive it. */
static void a_past_is_wiped_with_its_flow(void)
{
    struct policy_bench bench;
    open_one(&bench, block_p2p);
    for (unsigned slot = 0; slot < 3; slot++) {
        send(&bench, slot, start_ns, 2, 100, second_ns);
        bench_decide(&bench, slot, TIER_SIGNATURES, slot ? "bittorrent" : "http");
        send(&bench, slot, start_ns + 2 * second_ns, 2, 1000, second_ns);
    }
    CU_ASSERT_FALSE(has_past(&bench, 0)); /* left alone throughout: nothing has changed */
    CU_ASSERT_TRUE(has_past(&bench, 1) && has_past(&bench, 2));
    finish(&bench);
    for (unsigned slot = 0; slot < 3; slot++)
        CU_ASSERT_FALSE(has_past(&bench, slot));
    bench_close(&bench);
}

/* Nobody takes a block back: the verdict changes, the flow stays blocked. */
static void a_block_is_final(void)
{
    struct policy_bench bench;
    open_one(&bench, block_p2p);
    bench_decide(&bench, 0, TIER_PORTS, "bittorrent");
    send(&bench, 0, start_ns, 1, 100, 0);
    bench_decide(&bench, 0, TIER_SIGNATURES, "http");
    send(&bench, 0, start_ns + 1, 3, 100, 0);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_mistaken(&bench, 0, 0).packets, 4);
    CU_ASSERT_EQUAL(bench_mistaken(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_rule(&bench, 0, 0)->wrong[CATEGORY_WEB].bytes, 400);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).packets, 0);
    bench_close(&bench);
}

static void a_reset_comes_after_the_deciding_packet(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: [signatures]\n"
                     "policy:\n"
                     "  - {rule: r, match: {category: [p2p]}, action: reset}\n");
    bench_decide(&bench, 0, TIER_SIGNATURES, "bittorrent");
    send(&bench, 0, start_ns, 4, 100, 1);
    bench_decide(&bench, 1, TIER_SIGNATURES, "bittorrent");
    for (unsigned i = 0; i < 3; i++)
        bench_packet(&bench, &(struct bench_packet){
                                 .slot = 1, .time_ns = start_ns, .bytes = 100, .protocol = IP_UDP});
    finish(&bench);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).packets, 3);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_rule(&bench, 0, 0)->bytes_before, 100);
    /* datagrams cannot be reset, and by the policy are not meant to be */
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 1).packets, 3);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).flows, 0);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).late_packets, 1);
    bench_close(&bench);
}

/* 8 kbit/s is 1,000 bytes a second; the bucket holds two packets of 500. */
static void a_policer_drops_what_finds_no_tokens(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: []\n"
                     "policy:\n"
                     "  - rule: all\n"
                     "    action: {throttle: {rate: 8kbit/s, burst: 1000B, per: class}}\n");
    send(&bench, 0, start_ns, 2, 500, 0);                   /* empty the bucket */
    send(&bench, 1, start_ns + second_ns / 4, 1, 500, 0);   /* 250 tokens: lost */
    send(&bench, 1, start_ns + second_ns / 2, 2, 500, 0);   /* 500 tokens: passes, lost */
    send(&bench, 0, start_ns + 100 * second_ns, 3, 500, 0); /* full: two pass */
    finish(&bench);
    const struct policy_waits *waits = &bench_rule(&bench, 0, 0)->waits;
    CU_ASSERT_EQUAL(waits->packets[0], 5);
    CU_ASSERT_EQUAL(waits->lost_packets, 3);
    CU_ASSERT_EQUAL(waits->lost_bytes, 1500);
    CU_ASSERT_EQUAL(waits->wait_us, 0);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 8);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).touched_packets, 3);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).touched_bytes, 1500);
    bench_close(&bench);
}

/* Ten packets of 500 bytes at once: two find tokens, the n-th after waits n halves of a second, and
 * where that is more than a second and a half it is lost. */
static void a_shaper_delays_first(void)
{
    struct policy_bench bench;
    open_one(&bench,
             "tiers: []\n"
             "policy:\n"
             "  - rule: all\n"
             "    action: {throttle: {rate: 8kbit/s, burst: 1kB, queue: 1500ms, per: class}}\n");
    send(&bench, 0, start_ns, 10, 500, 0);
    finish(&bench);
    const struct policy_waits *waits = &bench_rule(&bench, 0, 0)->waits;
    CU_ASSERT_EQUAL(waits->packets[0], 2);
    CU_ASSERT_EQUAL(waits->packets[7], 2); /* half a second, a second */
    CU_ASSERT_EQUAL(waits->packets[8], 1); /* one and a half */
    CU_ASSERT_EQUAL(waits->lost_packets, 5);
    CU_ASSERT_EQUAL(waits->wait_us, 3000000);
    bench_close(&bench);
}

/* Sent at twice the rate for a time, a bucket passes its burst and rate times time. */
static void a_bucket_passes_burst_and_rate(void)
{
    struct random random = {7};
    for (unsigned run = 0; run < 50; run++) {
        const struct box_throttle throttle = {.rate_bits = 1 + random_below(&random, 100000000),
                                              .burst_bytes = 3000 + random_below(&random, 1000000)};
        struct token_rate rate = token_rate_of(&throttle);
        struct token_bucket bucket = {0};
        const uint32_t bytes = 100 + (uint32_t)random_below(&random, 1400);
        uint64_t gap_ns = bytes * tokens_a_byte / (2 * throttle.rate_bits);
        uint64_t passed = 0;
        uint64_t wait_ns;
        const unsigned count = 20000;
        for (unsigned i = 0; i < count; i++)
            passed +=
                token_bucket_take(&bucket, &rate, 1 + i * gap_ns, bytes, &wait_ns) ? bytes : 0;
        uint64_t earned = (count - 1) * gap_ns * throttle.rate_bits / tokens_a_byte;
        uint64_t offered = (uint64_t)count * bytes;
        uint64_t expected = throttle.burst_bytes + earned;
        expected = expected < offered ? expected : offered;
        CU_ASSERT_TRUE(passed <= expected);
        CU_ASSERT_TRUE(passed + bytes > expected);
    }
}

/* A shaper conserves: what passed is in order and never faster than burst and rate allow. */
static void a_shaper_is_never_too_fast(void)
{
    const struct box_throttle throttle = {
        .rate_bits = 1000000, .burst_bytes = 5000, .queue_ns = 200000000};
    struct token_rate rate = token_rate_of(&throttle);
    struct token_bucket bucket = {0};
    struct random random = {3};
    uint64_t now_ns = start_ns;
    uint64_t last_ns = 0;
    uint64_t passed = 0;
    for (unsigned i = 0; i < 20000; i++) {
        uint32_t bytes = 60 + (uint32_t)random_below(&random, 1440);
        uint64_t wait_ns;
        now_ns += random_below(&random, 8000000);
        if (!token_bucket_take(&bucket, &rate, now_ns, bytes, &wait_ns))
            continue;
        passed += bytes;
        CU_ASSERT_TRUE(wait_ns <= throttle.queue_ns);
        CU_ASSERT_TRUE(now_ns + wait_ns >= last_ns);
        last_ns = now_ns + wait_ns;
        double allowed = 5000 + (double)(last_ns - start_ns) * 1e6 / 8e9;
        CU_ASSERT_TRUE((double)passed <= allowed + 1);
    }
    CU_ASSERT_TRUE(passed > 1000000);
}

static void buckets_per_flow_and_per_endpoint(void)
{
    static const char *const boxes[] = {
        "tiers: []\npolicy:\n"
        "  - rule: a\n    action: {throttle: {rate: 8bit/s, burst: 500B, per: class}}\n",
        "tiers: []\npolicy:\n"
        "  - rule: a\n    action: {throttle: {rate: 8bit/s, burst: 500B, per: flow}}\n",
        "tiers: []\npolicy:\n"
        "  - rule: a\n    action: {throttle: {rate: 8bit/s, burst: 500B, per: endpoint}}\n",
    };
    struct prefixes subscribers = {0};
    struct policy_bench bench;
    CU_ASSERT_EQUAL(prefixes_read(&subscribers, "192.0.2.0/24", NULL), 0);
    bench_open(&bench, boxes, 3, &(struct policy_options){.subscribers = &subscribers});
    for (unsigned slot = 0; slot < 4; slot++)
        send(&bench, slot, start_ns, 2, 500, 0);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_rule(&bench, 0, 0)->waits.packets[0], 1);
    CU_ASSERT_EQUAL(bench_rule(&bench, 1, 0)->waits.packets[0], 4);
    CU_ASSERT_EQUAL(bench_rule(&bench, 2, 0)->waits.packets[0], 1); /* one subscriber: the server */
    bench_close(&bench);
    bench_open(&bench, boxes, 3, NULL);
    for (unsigned slot = 0; slot < 4; slot++)
        send(&bench, slot, start_ns, 2, 500, 0);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_rule(&bench, 2, 0)->waits.packets[0], 4); /* four initiators */
    bench_close(&bench);
}

static void endpoints_beyond_the_table_are_forgotten_and_counted(void)
{
    static const char box[] =
        "tiers: []\npolicy:\n"
        "  - rule: a\n    action: {throttle: {rate: 8bit/s, burst: 500B, per: endpoint}}\n";
    const char *boxes[] = {box};
    struct policy_bench bench;
    bench_open(&bench, boxes, 1, &(struct policy_options){.endpoint_count = 1});
    for (unsigned slot = 0; slot < 20; slot++)
        send(&bench, slot, start_ns + slot, 1, 500, 0);
    CU_ASSERT_EQUAL(bench.tally->policy->hosts_lost, 12); /* a set holds eight */
    finish(&bench);
    bench_close(&bench);
}

/* 1,000 bytes a day, then nothing; the next day begins anew. */
static void a_quota_acts_beyond_its_volume(void)
{
    struct policy_bench bench;
    const uint64_t day_ns = 86400 * second_ns;
    const uint64_t morning_ns = start_ns - start_ns % day_ns;
    open_one(&bench, "tiers: []\n"
                     "policy:\n"
                     "  - rule: all\n"
                     "    action: {quota: {volume: 1kB, per: endpoint, every: 1d, then: block}}\n");
    send(&bench, 0, morning_ns, 4, 300, second_ns);
    send(&bench, 1, morning_ns, 2, 300, second_ns);
    send(&bench, 0, morning_ns + day_ns, 1, 300, 0);
    finish(&bench);
    const struct policy_waits *waits = &bench_rule(&bench, 0, 0)->waits;
    CU_ASSERT_EQUAL(waits->packets[0], 3 + 2 + 1);
    CU_ASSERT_EQUAL(waits->lost_packets, 1);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).touched_bytes, 300);
    bench_close(&bench);
}

static void a_quota_may_slow_down(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: []\n"
                     "policy:\n"
                     "  - rule: all\n"
                     "    action:\n"
                     "      quota:\n"
                     "        volume: 1kB\n"
                     "        per: flow\n"
                     "        then: {rate: 8kbit/s, burst: 500B, queue: 1s}\n");
    send(&bench, 0, start_ns, 6, 500, 0); /* two within, one burst, two wait, one is lost */
    finish(&bench);
    const struct policy_waits *waits = &bench_rule(&bench, 0, 0)->waits;
    CU_ASSERT_EQUAL(waits->packets[0], 3);
    CU_ASSERT_EQUAL(waits->packets[7], 2);
    CU_ASSERT_EQUAL(waits->lost_packets, 1);
    bench_close(&bench);
}

static void zero_rates_and_leaves_alone(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: [signatures]\n"
                     "policy:\n"
                     "  - {rule: not-mail, match: {category: [mail]}, action: none}\n"
                     "  - {rule: free, action: zero_rate}\n");
    bench_decide(&bench, 0, TIER_SIGNATURES, "http");
    send(&bench, 0, start_ns, 3, 100, 1);
    bench_decide(&bench, 1, TIER_SIGNATURES, "smtp");
    send(&bench, 1, start_ns, 2, 100, 1);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 1).bytes, 300);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).bytes, 200);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 1).packets, 0);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 1).flows, 0);
    bench_close(&bench);
}

/* A line of 8 kbit/s: a packet of 500 bytes takes half a second. */
static void strict_priority_overtakes(void)
{
    struct policy_bench bench;
    open_one(&bench,
             "tiers: [signatures]\n"
             "link: {capacity: 8kbit/s, queue: 10s, schedule: strict, others: {level: 4}}\n"
             "policy:\n"
             "  - {rule: calls, match: {category: [calls]}, action: {prioritise: {level: 1}}}\n"
             "  - {rule: p2p, match: {category: [p2p]}, action: {prioritise: {level: 7}}}\n");
    bench_decide(&bench, 0, TIER_SIGNATURES, "bittorrent");
    bench_decide(&bench, 1, TIER_SIGNATURES, "sip");
    bench_decide(&bench, 2, TIER_SIGNATURES, "http");
    send(&bench, 0, start_ns, 4, 500, 0); /* 2 s of the line */
    send(&bench, 2, start_ns, 1, 500, 0); /* waits 0 instead of 2 s */
    send(&bench, 1, start_ns, 1, 500, 0); /* waits 0 instead of 2.5 s */
    send(&bench, 0, start_ns, 1, 500, 0); /* waits 3 s either way */
    send(&bench, 1, start_ns + 4 * second_ns, 1, 500, 0);
    finish(&bench);
    const struct policy_rule_tally *calls = bench_rule(&bench, 0, 0);
    const struct policy_rule_tally *p2p = bench_rule(&bench, 0, 1);
    const struct policy_rule_tally *others = bench_rule(&bench, 0, 2);
    CU_ASSERT_EQUAL(calls->waits.wait_us, 0);
    CU_ASSERT_EQUAL(calls->fifo.wait_us, 2500000);
    CU_ASSERT_EQUAL(calls->sooner_bytes, 500);
    CU_ASSERT_EQUAL(others->waits.wait_us, 0);
    CU_ASSERT_EQUAL(others->fifo.wait_us, 2000000);
    CU_ASSERT_EQUAL(p2p->waits.wait_us, 500000 + 1000000 + 1500000 + 3000000);
    CU_ASSERT_EQUAL(p2p->fifo.wait_us, 500000 + 1000000 + 1500000 + 3000000);
    CU_ASSERT_EQUAL(p2p->later_bytes, 0);
    bench_close(&bench);
}

/* Two queues, three to one: the light one's packet waits for four times its own queue. */
static void weighted_queues_share(void)
{
    const struct box_link link = {.capacity_bits = 8000,
                                  .queue_ns = 10 * second_ns,
                                  .is_weighted = true,
                                  .queue_count = 2,
                                  .weight = {3, 1}};
    struct link_model model = {0};
    struct link_fate single, queued;
    link_model_put(&model, &link, second_ns, 0, 3000, &single, &queued);
    CU_ASSERT_EQUAL(queued.wait_ns, 0);
    link_model_put(&model, &link, second_ns, 1, 1000, &single, &queued);
    CU_ASSERT_EQUAL(queued.wait_ns, 0);
    CU_ASSERT_EQUAL(single.wait_ns, 3 * second_ns);
    link_model_put(&model, &link, second_ns, 1, 1000, &single, &queued);
    CU_ASSERT_EQUAL(queued.wait_ns, 4 * second_ns); /* 1,000 bytes at a quarter of the line */
    /* two seconds serve 1,500 and 500 bytes */
    link_model_put(&model, &link, 3 * second_ns, 0, 1000, &single, &queued);
    CU_ASSERT_EQUAL(queued.wait_ns, 2 * second_ns); /* 1,500 bytes at three quarters */
    CU_ASSERT_EQUAL(single.wait_ns, 3 * second_ns);
}

/* Whatever comes, both models serve as much as the line can: what waits is the same in sum. */
static void models_of_the_line_conserve_work(void)
{
    struct random random = {11};
    for (unsigned is_weighted = 0; is_weighted < 2; is_weighted++) {
        const struct box_link link = {.capacity_bits = 10000000,
                                      .queue_ns = 60 * second_ns,
                                      .is_weighted = is_weighted,
                                      .queue_count = 4,
                                      .weight = {1, 7, 100, 3}};
        struct link_model model = {0};
        uint64_t now_ns = start_ns;
        for (unsigned i = 0; i < 20000; i++) {
            struct link_fate single, queued;
            now_ns += random_below(&random, 1400000);
            link_model_put(&model, &link, now_ns, (unsigned)random_below(&random, 4),
                           60 + (uint32_t)random_below(&random, 1440), &single, &queued);
            uint64_t waiting = 0;
            for (unsigned queue = 0; queue < 4; queue++)
                waiting += model.backlog[queue];
            uint64_t apart =
                waiting > model.single ? waiting - model.single : model.single - waiting;
            CU_ASSERT_FALSE(single.is_lost || queued.is_lost);
            CU_ASSERT_TRUE(apart <= 4 * (i + 1)); /* shares are rounded down */
        }
    }
}

static void a_full_queue_loses(void)
{
    const struct box_link link = {
        .capacity_bits = 8000, .queue_ns = second_ns, .queue_count = 2, .weight = {0, 4}};
    struct link_model model = {0};
    struct link_fate single, queued;
    link_model_put(&model, &link, second_ns, 1, 1000, &single, &queued);
    CU_ASSERT_FALSE(single.is_lost || queued.is_lost);
    link_model_put(&model, &link, second_ns, 0, 1000, &single, &queued);
    CU_ASSERT_TRUE(single.is_lost);
    CU_ASSERT_FALSE(queued.is_lost);
    link_model_put(&model, &link, second_ns, 1, 1, &single, &queued);
    CU_ASSERT_TRUE(queued.is_lost);
}

static void directions_are_the_subscribers(void)
{
    static const char *const boxes[] = {
        "tiers: []\npolicy:\n  - {rule: up, match: {direction: up}, action: zero_rate}\n"};
    struct prefixes subscribers = {0};
    struct policy_bench bench;
    CU_ASSERT_EQUAL(prefixes_read(&subscribers, "10.0.0.1", NULL), 0);
    bench_open(&bench, boxes, 1, &(struct policy_options){.subscribers = &subscribers});
    send(&bench, 0, start_ns, 3, 100, 1); /* the client is one: up */
    send_back(&bench, 0, start_ns + 10, 5, 1000);
    send(&bench, 1, start_ns, 7, 100, 1); /* neither side is */
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).bytes, 300);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench.tally->policy->no_way_flows, 1);
    bench_close(&bench);
}

/* A block of what runs down leaves the request alone, drops the answer, and is final. */
static void a_block_waits_for_its_direction(void)
{
    static const char *const boxes[] = {
        "tiers: []\npolicy:\n  - {rule: down, match: {direction: down}, action: block}\n"};
    struct prefixes subscribers = {0};
    struct policy_bench bench;
    CU_ASSERT_EQUAL(prefixes_read(&subscribers, "10.0.0.0/8", NULL), 0);
    bench_open(&bench, boxes, 1, &(struct policy_options){.subscribers = &subscribers});
    send(&bench, 0, start_ns, 2, 100, 1);
    send_back(&bench, 0, start_ns + 10, 1, 1000);
    send(&bench, 0, start_ns + 20, 1, 100, 1);
    send(&bench, 1, start_ns, 1, 100, 1); /* never answered: never blocked */
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 2);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_rule(&bench, 0, 0)->bytes_before, 200);
    bench_close(&bench);
}

static void age_bytes_and_answers(void)
{
    static const char *const boxes[] = {
        "tiers: []\npolicy:\n"
        "  - {rule: old, match: {age: {from: 10s, below: 20s}}, action: zero_rate}\n",
        "tiers: []\npolicy:\n"
        "  - {rule: large, match: {bytes: {from: 1kB}}, action: zero_rate}\n",
        "tiers: []\npolicy:\n"
        "  - {rule: silent, match: {answered: false}, action: zero_rate}\n",
    };
    struct policy_bench bench;
    bench_open(&bench, boxes, 3, NULL);
    send(&bench, 0, start_ns, 6, 200, 5 * second_ns); /* at 0, 5, 10, 15, 20, 25 s */
    send_back(&bench, 0, start_ns + 26 * second_ns, 1, 200);
    send(&bench, 0, start_ns + 27 * second_ns, 1, 200, 0);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 2); /* at 10 and 15 s */
    CU_ASSERT_EQUAL(bench_acted(&bench, 1, 0).packets, 4); /* the fifth makes it 1,000 */
    CU_ASSERT_EQUAL(bench_acted(&bench, 2, 0).packets, 6);
    bench_close(&bench);
}

static void uploads_run_one_way(void)
{
    static const char *const boxes[] = {
        "tiers: []\npolicy:\n  - {rule: up, match: {one_way: up}, action: zero_rate}\n"};
    struct prefixes subscribers = {0};
    struct policy_bench bench;
    CU_ASSERT_EQUAL(prefixes_read(&subscribers, "10.0.0.0/8", NULL), 0);
    bench_open(&bench, boxes, 1, &(struct policy_options){.subscribers = &subscribers});
    send_back(&bench, 0, start_ns, 1, 100);     /* a peer calls: down */
    send(&bench, 0, start_ns + 10, 1, 100, 0);  /* half up */
    send(&bench, 0, start_ns + 20, 1, 1000, 0); /* 1,100 of 1,200: nine tenths */
    send(&bench, 0, start_ns + 30, 1, 1000, 0);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 2);
    bench_close(&bench);
}

/* start_ns is 22:13:20; the box's clock is an hour ahead. */
static void hours_are_the_boxs(void)
{
    static const char *const boxes[] = {
        "tiers: []\nclock: '+01:00'\npolicy:\n"
        "  - {rule: late, match: {hours: ['23:14-00:30', '03:00-04:00']}, action: zero_rate}\n"};
    struct policy_bench bench;
    bench_open(&bench, boxes, 1, NULL);
    const uint64_t minute_ns = 60 * second_ns;
    send(&bench, 0, start_ns, 1, 100, 0);                   /* 23:13:20 */
    send(&bench, 0, start_ns + minute_ns, 1, 100, 0);       /* 23:14:20 */
    send(&bench, 0, start_ns + 60 * minute_ns, 1, 100, 0);  /* 00:13:20 */
    send(&bench, 0, start_ns + 77 * minute_ns, 1, 100, 0);  /* 00:30:20 */
    send(&bench, 0, start_ns + 227 * minute_ns, 1, 100, 0); /* 03:00:20 */
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 3);
    bench_close(&bench);
}

/* Two uploads are allowed; the third is reset, which makes it two again. */
static void a_threshold_hits_the_one_too_many(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: [signatures]\n"
                     "policy:\n"
                     "  - rule: bt\n"
                     "    match: {protocol: [bittorrent], flows_above: 2}\n"
                     "    action: reset\n");
    for (unsigned slot = 0; slot < 5; slot++) {
        bench_decide(&bench, slot, TIER_SIGNATURES, slot == 4 ? "http" : "bittorrent");
        send(&bench, slot, start_ns, 3, 100, 1);
    }
    for (unsigned slot = 0; slot < 5; slot++)
        send(&bench, slot, start_ns + second_ns, 1, 100, 0);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).flows, 2); /* slots 2 and 3 */
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).packets, 2 * 3);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 1).flows, 3);
    CU_ASSERT_EQUAL(bench_mistaken(&bench, 0, 0).flows, 0);
    bench_close(&bench);
}

/* A throttle above a threshold lets go once flows have ended. */
static void a_threshold_lets_go(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: []\n"
                     "policy:\n"
                     "  - {rule: many, match: {flows_above: 2}, action: zero_rate}\n");
    for (unsigned slot = 0; slot < 3; slot++)
        send(&bench, slot, start_ns, 1, 100, 0); /* the third is one too many */
    for (unsigned slot = 0; slot < 3; slot++)
        send(&bench, slot, start_ns + second_ns, 1, 100, 0); /* now all are */
    CU_ASSERT_EQUAL(bench.ended, 0);
    policy_finish(bench.policy, 2, &bench.flows[2], &bench.details[2], bench.tally);
    flow_finish(&bench.flows[2], &bench.details[2], FLOW_ENDED, bench.tally);
    bench.is_open[2] = false;
    bench.ended++;
    for (unsigned slot = 0; slot < 2; slot++)
        send(&bench, slot, start_ns + 2 * second_ns, 1, 100, 0); /* two are left */
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 1 + 3);
    bench_close(&bench);
}

static void bounds_blind_a_box(void)
{
    static const char *const boxes[] = {
        "tiers: [signatures]\nbounds: {packets_inspected: 2}\npolicy:\n"
        "  - {rule: p2p, match: {category: [p2p]}, action: block}\n",
        "tiers: []\nbounds: {flows_held: 1}\npolicy:\n"
        "  - {rule: all, action: zero_rate}\n",
    };
    struct policy_bench bench;
    bench_open(&bench, boxes, 2, NULL);
    send(&bench, 0, start_ns, 2, 100, 1);
    bench_decide(&bench, 0, TIER_SIGNATURES, "bittorrent"); /* by the third packet: too late */
    send(&bench, 0, start_ns + 2, 3, 100, 1);
    send(&bench, 1, start_ns + 3, 1, 100, 1); /* the second box is full */
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 0);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).packets, 5);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).late_packets, 0);
    CU_ASSERT_EQUAL(bench_acted(&bench, 1, 0).packets, 5);
    CU_ASSERT_EQUAL(bench.tally->policy->views[1].untracked_flows, 1);
    CU_ASSERT_EQUAL(bench.tally->policy->views[1].untracked_packets, 1);
    send(&bench, 2, start_ns + 9, 1, 100, 1); /* there is room again */
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 1, 0).packets, 6);
    bench_close(&bench);
}

/* A box by ports against the signatures: all four outcomes. */
static void is_held_against_the_reference(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: [ports]\n"
                     "policy:\n"
                     "  - {rule: p2p, match: {category: [p2p]}, action: block}\n");
    static const char *const verdicts[4][2] = {{"bittorrent", "edonkey"},
                                               {"bittorrent", "http"},
                                               {"bittorrent", NULL},
                                               {"http", "bittorrent"}};
    for (unsigned slot = 0; slot < 4; slot++) {
        bench_decide(&bench, slot, TIER_PORTS, verdicts[slot][0]);
        send(&bench, slot, start_ns, 1, 100, 0);
        if (verdicts[slot][1])
            bench_decide(&bench, slot, TIER_SIGNATURES, verdicts[slot][1]);
        send(&bench, slot, start_ns + 1, 9, 100, 0);
    }
    finish(&bench);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).bytes, 1000);
    CU_ASSERT_EQUAL(bench_mistaken(&bench, 0, 0).bytes, 1000);
    CU_ASSERT_EQUAL(bench_unsure(&bench, 0, 0).bytes, 1000);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).bytes, 1000);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).late_bytes, 0);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_mistaken(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_unsure(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).flows, 1);
    CU_ASSERT_EQUAL(bench_rule(&bench, 0, 0)->missed[CATEGORY_P2P].flows, 1);
    bench_close(&bench);
}

static void answer(void *context, const struct flow_key *key, struct policy_truth *truth)
{
    *truth = *(const struct policy_truth *)context;
    CU_ASSERT_EQUAL(key->word[1], 1);
}

/* The truth overrules what signatures say, also where it says that it is nothing known here. */
static void asks_the_oracle(void)
{
    static const char *const boxes[] = {block_p2p};
    struct policy_truth truth = {.is_known = true};
    const struct policy_options options = {.oracle = {.ask = answer, .context = &truth}};
    struct policy_bench bench;
    bench_open(&bench, boxes, 1, &options);
    bench_decide(&bench, 0, TIER_SIGNATURES, "bittorrent");
    send(&bench, 0, start_ns, 5, 100, 1);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_rule(&bench, 0, 0)->wrong[POLICY_REFERENCE_OTHER].packets, 5);
    truth.is_known = false;
    bench_decide(&bench, 0, TIER_SIGNATURES, "bittorrent");
    send(&bench, 0, start_ns, 5, 100, 1);
    finish(&bench);
    CU_ASSERT_EQUAL(bench_unsure(&bench, 0, 0).packets, 5);
    bench_close(&bench);
}

/* Two rules that do the same are the same to whoever they are done to. */
static void the_same_action_is_right(void)
{
    struct policy_bench bench;
    open_one(&bench, "tiers: [ports]\n"
                     "policy:\n"
                     "  - rule: p2p\n"
                     "    match: {category: [p2p]}\n"
                     "    action: {throttle: {rate: 1Mbit/s, burst: 10kB, per: flow}}\n"
                     "  - rule: web\n"
                     "    match: {category: [web]}\n"
                     "    action: {throttle: {rate: 1Mbit/s, burst: 10kB, per: flow}}\n"
                     "  - rule: mail\n"
                     "    match: {category: [mail]}\n"
                     "    action: {throttle: {rate: 2Mbit/s, burst: 10kB, per: flow}}\n");
    for (unsigned slot = 0; slot < 2; slot++) {
        bench_decide(&bench, slot, TIER_PORTS, "http");
        bench_decide(&bench, slot, TIER_SIGNATURES, slot ? "smtp" : "bittorrent");
        send(&bench, slot, start_ns, 2, 100, 1);
    }
    finish(&bench);
    CU_ASSERT_EQUAL(bench_right(&bench, 0, 1).packets, 2);
    CU_ASSERT_EQUAL(bench_mistaken(&bench, 0, 1).packets, 2);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 2).packets, 2);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).packets, 0);
    bench_close(&bench);
}

static void a_box_without_tiers_acts_on_no_class(void)
{
    struct policy_bench bench;
    open_one(&bench, block_p2p);
    bench.options.views[0].tiers = 0;
    policy_free(bench.policy);
    CU_ASSERT_EQUAL_FATAL(policy_new(&bench.policy, &bench.options, BENCH_FLOWS, bench.protocols,
                                     NULL, bench.hash, NULL),
                          0);
    for (unsigned slot = 0; slot < 20; slot++) {
        bench_decide(&bench, slot, TIER_PORTS, "bittorrent");
        bench_decide(&bench, slot, TIER_SIGNATURES, "bittorrent");
        send(&bench, slot, start_ns, 3, 100, 1);
    }
    finish(&bench);
    CU_ASSERT_EQUAL(bench_acted(&bench, 0, 0).packets, 0);
    CU_ASSERT_EQUAL(bench_missed(&bench, 0, 0).packets, 60);
    bench_close(&bench);
}

static const char *const all_kinds[] = {
    block_p2p,
    "tiers: [ports]\npolicy:\n"
    "  - {rule: r, match: {category: [p2p, web], one_way: up, flows_above: 3}, action: reset}\n",
    "tiers: [ports, headers]\npolicy:\n"
    "  - {rule: t, match: {category: [web], bytes: {from: 500B}},\n"
    "     action: {throttle: {rate: 1kbit/s, burst: 500B, queue: 1s, per: flow}}}\n"
    "  - {rule: u, match: {category: [mail], direction: up},\n"
    "     action: {throttle: {rate: 1kbit/s, burst: 500B, queue: 1s, per: endpoint}}}\n"
    "  - {rule: v, match: {direction: down},\n"
    "     action: {throttle: {rate: 2kbit/s, burst: 500B, per: flow}}}\n",
    "tiers: [signatures]\nbounds: {packets_inspected: 3, flows_held: 20}\n"
    "link: {capacity: 10kbit/s, queue: 2s, schedule: weighted, others: {weight: 2}}\npolicy:\n"
    "  - {rule: none, match: {protocol: [unknown]}, action: none}\n"
    "  - {rule: p, match: {category: [p2p], age: {from: 1s}}, action: {prioritise: {weight: 5}}}\n"
    "  - {rule: q, match: {answered: true},\n"
    "     action: {quota: {volume: 2kB, per: endpoint, every: 1min, then: block}}}\n"
    "  - {rule: z, action: zero_rate}\n",
};

/* Random packets, verdicts, reports and ends: nothing is lost, nothing is counted twice. */
static void everything_is_counted_once(void)
{
    static const char *const names[] = {"bittorrent", "http", "smtp", "sip", "unknown"};
    struct random random = {42};
    struct prefixes subscribers = {0};
    struct policy_bench bench;
    CU_ASSERT_EQUAL(prefixes_read(&subscribers, "10.0.0.0/25", NULL), 0);
    bench_open(&bench, all_kinds, sizeof all_kinds / sizeof *all_kinds,
               &(struct policy_options){.subscribers = &subscribers, .endpoint_count = 8});
    uint64_t now_ns = start_ns;
    for (unsigned i = 0; i < 30000; i++) {
        unsigned slot = (unsigned)random_below(&random, 60);
        now_ns += random_below(&random, 20000000);
        if (random_below(&random, 6) == 0)
            bench_decide(&bench, slot, (enum tier)random_below(&random, TIERS),
                         names[random_below(&random, 5)]);
        if (random_below(&random, 4000) == 0)
            now_ns -= random_below(&random, 1000) * second_ns;
        bench_packet(&bench, &(struct bench_packet){
                                 .slot = slot,
                                 .time_ns = now_ns,
                                 .bytes = 60 + (uint32_t)random_below(&random, 1440),
                                 .is_back = slot >= 12 && random_below(&random, 3) == 0,
                                 .protocol = slot % 3 ? IP_TCP : IP_UDP,
                             });
        if (random_below(&random, 1000) == 0)
            bench_report(&bench);
        if (random_below(&random, 2000) == 0)
            finish(&bench);
    }
    finish(&bench);
    CU_ASSERT_TRUE(bench_acted(&bench, 0, 0).packets > 0);
    CU_ASSERT_TRUE(bench_acted(&bench, 1, 0).packets > 0);
    for (unsigned rule = 0; rule < 3; rule++)
        CU_ASSERT_TRUE(bench_acted(&bench, 2, rule).packets > 0);
    for (unsigned rule = 0; rule < 4; rule++)
        CU_ASSERT_TRUE(bench_acted(&bench, 3, rule).packets > 0);
    bench_close(&bench);
}

CU_TestInfo policy_tests[] = {
    {"a block begins with the deciding packet", blocks_from_the_deciding_packet_on},
    {"a past is wiped with its flow", a_past_is_wiped_with_its_flow},
    {"a block is final", a_block_is_final},
    {"a reset comes after the deciding packet", a_reset_comes_after_the_deciding_packet},
    {"a policer drops what finds no tokens", a_policer_drops_what_finds_no_tokens},
    {"a shaper delays first", a_shaper_delays_first},
    {"a bucket passes burst and rate", a_bucket_passes_burst_and_rate},
    {"a shaper is never too fast", a_shaper_is_never_too_fast},
    {"buckets per flow and per endpoint", buckets_per_flow_and_per_endpoint},
    {"forgotten endpoints are counted", endpoints_beyond_the_table_are_forgotten_and_counted},
    {"a quota acts beyond its volume", a_quota_acts_beyond_its_volume},
    {"a quota may slow down", a_quota_may_slow_down},
    {"zero rating, and rules that leave alone", zero_rates_and_leaves_alone},
    {"strict priority overtakes", strict_priority_overtakes},
    {"weighted queues share", weighted_queues_share},
    {"both models of the line serve alike", models_of_the_line_conserve_work},
    {"a full queue loses", a_full_queue_loses},
    {"directions are the subscribers'", directions_are_the_subscribers},
    {"a block waits for its direction", a_block_waits_for_its_direction},
    {"age, bytes and answers", age_bytes_and_answers},
    {"uploads run one way", uploads_run_one_way},
    {"hours are by the box's clock", hours_are_the_boxs},
    {"a threshold hits the one too many", a_threshold_hits_the_one_too_many},
    {"a threshold lets go", a_threshold_lets_go},
    {"bounds blind a box", bounds_blind_a_box},
    {"right, mistaken, unsure and missed", is_held_against_the_reference},
    {"the oracle overrules", asks_the_oracle},
    {"the same action is right", the_same_action_is_right},
    {"a box without tiers acts on no class", a_box_without_tiers_acts_on_no_class},
    {"everything is counted once", everything_is_counted_once},
    CU_TEST_INFO_NULL,
};
