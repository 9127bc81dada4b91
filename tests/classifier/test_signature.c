/* SPDX-License-Identifier: BSD-3-Clause */
/* The signatures tier on flows: streams in every order, bounds, hits, refinements, relations. */
#include "classifier/signature.h"

#include <stdlib.h>
#include <string.h>

#include "classifier/rules_prove.h"
#include "rule_bench.h"
#include "suites.h"

#define PROOF "cite \"c\"\nsample \"a\"\nnear \"b\"\n"

static const char http_text[] = "protocol http\n"
                                "rule request\ntransport tcp\ndirection client\n"
                                "pattern \"GET [^ ]+ HTTP/1\"\nstrength certain\n" PROOF
                                "rule response\ntransport tcp\ndirection server\n"
                                "pattern \"HTTP/1\"\nstrength certain\n" PROOF
                                "protocol websocket\nrule upgrade\ntransport tcp\nrefines http\n"
                                "pattern \"HTTP/1.1 101\"\nstrength certain\n" PROOF;

static const char request[] = "GET /index.html HTTP/1.1\r\n\r\n";

static uint16_t send_text(struct rule_bench_flow *flow, bool is_server, uint32_t offset,
                          const char *text)
{
    return rule_bench_send(flow, is_server, offset, text, (uint32_t)strlen(text));
}

static void joins_streams_in_every_order(void)
{
    struct rule_bench bench;
    if (!rule_bench_open(&bench, http_text, 4)) {
        rule_bench_close(&bench);
        return;
    }
    static const unsigned char orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                              {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const uint32_t starts[] = {0, 5, 12, sizeof request - 1};
    uint16_t http = rule_bench_protocol(&bench, "http");
    for (unsigned i = 0; i < sizeof orders / sizeof *orders; i++) {
        struct rule_bench_flow flow;
        uint16_t verdict = 0;
        rule_bench_begin(&flow, &bench, IP_TCP, 80, false);
        for (unsigned k = 0; k < 3; k++) {
            CU_ASSERT_EQUAL(verdict, 0);
            unsigned part = orders[i][k];
            verdict = rule_bench_send(&flow, false, starts[part], request + starts[part],
                                      starts[part + 1] - starts[part]);
        }
        CU_ASSERT_EQUAL(verdict, http);
        rule_bench_end(&flow);
    }
    rule_bench_close(&bench);
}

/* What was there first stays: a retransmission cannot rewrite a stream. */
static void ignores_retransmissions_and_overlaps(void)
{
    struct rule_bench bench;
    if (rule_bench_open(&bench, http_text, 4)) {
        struct rule_bench_flow flow;
        rule_bench_begin(&flow, &bench, IP_TCP, 80, false);
        send_text(&flow, false, 0, "GET /");
        for (unsigned i = 0; i < 10; i++)
            CU_ASSERT_EQUAL(send_text(&flow, false, 0, "XXX X"), 0);
        CU_ASSERT_EQUAL(send_text(&flow, false, 2, "XXX HTTP/1.1"),
                        rule_bench_protocol(&bench, "http"));
        rule_bench_end(&flow);
    }
    rule_bench_close(&bench);
}

static void stops_at_its_bounds(void)
{
    struct rule_bench bench;
    if (rule_bench_open(&bench, http_text, 4)) {
        struct rule_bench_flow flow;
        rule_bench_begin(&flow, &bench, IP_TCP, 80, false);
        for (uint32_t i = 0; i < 4; i++)
            send_text(&flow, false, i, "x");
        CU_ASSERT_FALSE(signature_is_watched(&flow.flow, 0));
        CU_ASSERT_TRUE(signature_is_watched(&flow.flow, 1));
        uint64_t before = bench.tally->signatures.payloads;
        send_text(&flow, false, 4, "x");
        CU_ASSERT_EQUAL(bench.tally->signatures.payloads, before);
        /* The server's side is its own. */
        CU_ASSERT_EQUAL(send_text(&flow, true, 0, "HTTP/1.1 200"),
                        rule_bench_protocol(&bench, "http"));
        rule_bench_end(&flow);

        char block[3000];
        memset(block, 'x', sizeof block);
        rule_bench_begin(&flow, &bench, IP_TCP, 80, false);
        rule_bench_send(&flow, false, 0, block, sizeof block);
        CU_ASSERT_FALSE(signature_is_watched(&flow.flow, 0));
        CU_ASSERT_EQUAL(bench.tally->signatures.bytes, 1 + 2 + 3 + 4 + 12 + RULE_STREAM_BYTES);
        rule_bench_end(&flow);
    }
    rule_bench_close(&bench);
}

static void knows_who_speaks(void)
{
    struct rule_bench bench;
    if (rule_bench_open(&bench, http_text, 4)) {
        uint16_t http = rule_bench_protocol(&bench, "http");
        struct rule_bench_flow flow;
        rule_bench_begin(&flow, &bench, IP_TCP, 80, false);
        CU_ASSERT_EQUAL(send_text(&flow, true, 0, request), 0);
        CU_ASSERT_EQUAL(send_text(&flow, false, 0, "HTTP/1.1 200 OK"), 0);
        rule_bench_end(&flow);
        /* Who began was not captured: either may be the server. */
        rule_bench_begin(&flow, &bench, IP_TCP, 80, true);
        CU_ASSERT_EQUAL(send_text(&flow, false, 900, "HTTP/1.1 200 OK"), http);
        rule_bench_end(&flow);
    }
    rule_bench_close(&bench);
}

static void refines(void)
{
    struct rule_bench bench;
    if (rule_bench_open(&bench, http_text, 4)) {
        struct rule_bench_flow flow;
        rule_bench_begin(&flow, &bench, IP_TCP, 80, false);
        CU_ASSERT_EQUAL(send_text(&flow, false, 0, request), rule_bench_protocol(&bench, "http"));
        CU_ASSERT_EQUAL(send_text(&flow, true, 0, "HTTP/1.1 101 "),
                        rule_bench_protocol(&bench, "websocket"));
        /* Nothing refines that: the flow is done with. */
        CU_ASSERT_FALSE(signature_is_watched(&flow.flow, 0));
        CU_ASSERT_FALSE(signature_is_watched(&flow.flow, 1));
        rule_bench_end(&flow);
    }
    rule_bench_close(&bench);
}

static void weighs_hits_and_strength(void)
{
    static const char text[] =
        "protocol rtp\nrule counted\ntransport udp\ncheck u8[0] == 0x80\n"
        "check prev.u32be[8] == u32be[8]\ncheck u16be[2] - prev.u16be[2] == 1\nhits 2\n"
        "strength likely\n" PROOF
        "protocol stun\nrule sure\ntransport udp\npattern \"sure\"\nstrength certain\n" PROOF
        "protocol dns\nrule asked\ntransport udp\ndirection client\npattern \"Q\"\n"
        "strength part\n" PROOF
        "rule answered\ntransport udp\ndirection server\npattern \"A\"\nrequires asked\n"
        "check peer.u8[1] == u8[1]\nstrength certain\n" PROOF
        "protocol quic\nrule both\ntransport udp\npattern \"B\"\nhits 2 both\n"
        "strength certain\n" PROOF;
    struct rule_bench bench;
    if (rule_bench_open(&bench, text, 4)) {
        uint16_t rtp = rule_bench_protocol(&bench, "rtp");
        struct rule_bench_flow flow;
        rule_bench_begin(&flow, &bench, IP_UDP, 5004, false);
        CU_ASSERT_EQUAL(rule_bench_send(&flow, false, 0, "\x80\0\0\1xxxxSSRC", 12), 0);
        CU_ASSERT_EQUAL(rule_bench_send(&flow, false, 0, "\x80\0\0\2xxxxSSRC", 12), 0);
        CU_ASSERT_EQUAL(rule_bench_send(&flow, false, 0, "\x80\0\0\3xxxxSSRC", 12), rtp);
        /* Likely gives way to certain, and certain to nothing. */
        CU_ASSERT_EQUAL(send_text(&flow, false, 0, "sure"), rule_bench_protocol(&bench, "stun"));
        rule_bench_end(&flow);
        rule_bench_begin(&flow, &bench, IP_UDP, 53, false);
        CU_ASSERT_EQUAL(send_text(&flow, false, 0, "Q1"), 0);
        CU_ASSERT_EQUAL(send_text(&flow, true, 0, "A2"), 0);
        CU_ASSERT_EQUAL(send_text(&flow, true, 0, "A1"), rule_bench_protocol(&bench, "dns"));
        rule_bench_end(&flow);
        rule_bench_begin(&flow, &bench, IP_UDP, 53, false);
        CU_ASSERT_EQUAL(send_text(&flow, false, 0, "B"), 0);
        CU_ASSERT_EQUAL(send_text(&flow, false, 0, "B"), 0);
        CU_ASSERT_EQUAL(send_text(&flow, true, 0, "B"), rule_bench_protocol(&bench, "quic"));
        rule_bench_end(&flow);
    }
    rule_bench_close(&bench);
}

static void ties_related_flows(void)
{
    static const char text[] =
        "protocol ftp\nannounces ftp-data by ftp-data\n"
        "rule hello\ntransport tcp\npattern \"220 \"\nstrength certain\n" PROOF
        "protocol sip\nannounces rtp by sdp\nrule invite\ntransport udp\n"
        "pattern \"INVITE \"\nstrength certain\n" PROOF;
    static const struct {
        const char *command;
        bool is_server;
        uint16_t port;
    } cases[] = {
        {"227 Entering Passive Mode (192,0,2,2,78,32)\r\n", true, 20000},
        {"229 Entering Extended Passive Mode (|||20001|)\r\n", true, 20001},
        {"PORT 192,0,2,2,78,34\r\n", false, 20002},
        {"EPRT |1|192.0.2.2|20003|\r\n", false, 20003},
    };
    struct rule_bench bench;
    if (rule_bench_open(&bench, text, 4)) {
        uint16_t data = rule_bench_protocol(&bench, "ftp-data");
        struct rule_bench_flow control;
        rule_bench_begin(&control, &bench, IP_TCP, 21, false);
        send_text(&control, true, 0, "220 welcome\r\n");
        uint32_t offset = 100;
        for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++, offset += 100) {
            struct rule_bench_flow flow;
            rule_bench_begin(&flow, &bench, IP_TCP, cases[i].port, false);
            CU_ASSERT_EQUAL(flow.flow.verdict[TIER_SIGNATURES], 0);
            send_text(&control, cases[i].is_server, offset, cases[i].command);
            rule_bench_begin(&flow, &bench, IP_TCP, cases[i].port, false);
            CU_ASSERT_EQUAL(flow.flow.verdict[TIER_SIGNATURES], data);
        }
        rule_bench_end(&control);

        struct rule_bench_flow call;
        struct rule_bench_flow media;
        rule_bench_begin(&call, &bench, IP_UDP, 5060, false);
        send_text(&call, false, 0,
                  "INVITE sip:a@b SIP/2.0\r\n\r\nv=0\r\nc=IN IP4 192.0.2.2\r\n"
                  "m=audio 30000 RTP/AVP 0\r\n");
        rule_bench_begin(&media, &bench, IP_UDP, 30001, false);
        CU_ASSERT_EQUAL(media.flow.verdict[TIER_SIGNATURES], rule_bench_protocol(&bench, "rtp"));
        /* Five minutes later nobody remembers. */
        bench.time_ns += 301 * (uint64_t)1000000000;
        rule_bench_begin(&media, &bench, IP_UDP, 30000, false);
        CU_ASSERT_EQUAL(media.flow.verdict[TIER_SIGNATURES], 0);
        rule_bench_end(&call);
    }
    rule_bench_close(&bench);
}

static void loses_the_oldest_watch_first(void)
{
    struct rule_bench bench;
    if (rule_bench_open(&bench, http_text, 2)) {
        struct rule_bench_flow flows[3];
        for (unsigned i = 0; i < 3; i++) {
            rule_bench_begin(&flows[i], &bench, IP_TCP, 80, false);
            send_text(&flows[i], false, 0, "GET /");
        }
        CU_ASSERT_EQUAL(bench.tally->signatures.watches_lost, 1);
        CU_ASSERT_EQUAL(send_text(&flows[0], false, 5, " HTTP/1.1"), 0);
        CU_ASSERT_FALSE(signature_is_watched(&flows[0].flow, 0));
        uint16_t http = rule_bench_protocol(&bench, "http");
        CU_ASSERT_EQUAL(send_text(&flows[2], false, 5, "x HTTP/1.1"), http);
        CU_ASSERT_EQUAL(send_text(&flows[1], false, 5, "x HTTP/1.1"), http);
        for (unsigned i = 0; i < 3; i++)
            rule_bench_end(&flows[i]);
    }
    rule_bench_close(&bench);
}

static void finds_faults_of_patterns(void)
{
    static const char text[] =
        "protocol ssh\nrule empty\ntransport tcp\npattern \"a*\"\nstrength certain\n" PROOF
        "rule broken\ntransport tcp\npattern \"(a\"\nstrength certain\n" PROOF
        "rule one\ntransport tcp\npattern \"same\"\nstrength certain\n" PROOF
        "rule two\ntransport tcp udp\npattern \"same\"\nstrength certain\n" PROOF;
    struct protocols *protocols;
    struct rules *rules;
    struct signatures *signatures = NULL;
    struct rule_faults faults = {0};
    struct error error = {0};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(rules_new(&rules), 0);
    rules_read_text(rules, "a.rules", text, strlen(text), &faults);
    rules_resolve(rules, protocols, &faults);
    CU_ASSERT_EQUAL(faults.count, 0);
    CU_ASSERT(signatures_new(&signatures, rules, protocols_count(protocols), &faults, &error) < 0);
    CU_ASSERT(strlen(error.text) > 0);
    if (!strstr(error.text, "without Hyperscan")) {
        rule_faults_sort(&faults);
        CU_ASSERT_EQUAL_FATAL(faults.count, 3);
        CU_ASSERT_EQUAL(faults.fault[0].line, 4);
        CU_ASSERT_PTR_NOT_NULL(strstr(faults.fault[0].text, "without a single byte"));
        CU_ASSERT_EQUAL(faults.fault[1].line, 11);
        CU_ASSERT_EQUAL(faults.fault[2].line, 25);
        CU_ASSERT_PTR_NOT_NULL(strstr(faults.fault[2].text, "same pattern"));
    }
    rules_free(rules);
    protocols_free(protocols);
    rule_faults_free(&faults);
}

/* Samples that lie, and near misses that hit. */
static void finds_faults_of_samples(void)
{
    static const char text[] =
        "protocol ssh\nrule a\ntransport tcp\npattern \"SSH-\"\nstrength certain\ncite \"c\"\n"
        "sample \"SSH-2\"\nsample \"SSX-2\"\nnear \"SSX\"\nnear \"SSH-9\"\n"
        "protocol telnet\nrule b\ntransport tcp\npattern \"SS\"\nstrength certain\ncite \"c\"\n"
        "sample \"SSH-1\"\nnear \"TT\"\n";
    struct rule_bench bench;
    if (rule_bench_open(&bench, text, 4)) {
        struct rule_faults faults = {0};
        CU_ASSERT(rules_prove(bench.signatures, bench.protocols, &faults, NULL) < 0);
        CU_ASSERT_EQUAL_FATAL(faults.count, 3);
        CU_ASSERT_EQUAL(faults.fault[0].line, 8);
        CU_ASSERT_EQUAL(faults.fault[1].line, 10);
        CU_ASSERT_EQUAL(faults.fault[2].line, 17);
        CU_ASSERT_PTR_NOT_NULL(strstr(faults.fault[2].text, "ssh/a"));
        rule_faults_free(&faults);
    }
    rule_bench_close(&bench);
}

CU_TestInfo signature_tests[] = {
    {"joins streams that come in every order", joins_streams_in_every_order},
    {"ignores retransmissions and overlaps", ignores_retransmissions_and_overlaps},
    {"stops at its bounds", stops_at_its_bounds},
    {"knows who speaks, where it can", knows_who_speaks},
    {"refines a verdict", refines},
    {"weighs hits, pairs and strength", weighs_hits_and_strength},
    {"ties related flows", ties_related_flows},
    {"loses the oldest watch first", loses_the_oldest_watch_first},
    {"finds faults of patterns", finds_faults_of_patterns},
    {"finds faults of samples", finds_faults_of_samples},
    CU_TEST_INFO_NULL,
};
