/* SPDX-License-Identifier: BSD-3-Clause */
/* The rule language: what is read, what is refused and where, and what checks compute. */
#include "classifier/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

#define RULE_HEAD "protocol ssh\nrule a\ntransport tcp\n"
#define RULE_TAIL "strength certain\ncite \"RFC\"\nsample \"a\"\nnear \"b\"\n"

static int read_text(const char *text, struct rules **rules, struct rule_faults *faults)
{
    struct protocols *protocols;
    *faults = (struct rule_faults){0};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(rules_new(rules), 0);
    CU_ASSERT_EQUAL(rules_read_text(*rules, "a.rules", text, strlen(text), faults), 0);
    int failure = rules_resolve(*rules, protocols, faults);
    rule_faults_sort(faults);
    protocols_free(protocols);
    return failure;
}

static void reads_a_rule(void)
{
    struct rules *rules;
    struct rule_faults faults;
    read_text("# comment\nprotocol ssh\n  rule hello # here, too\n"
              "transport tcp udp\ndirection server\nports 22 2000..0x7ff\n"
              "pattern \"a\\\"#\\x00\" at 3..7 caseless\npattern \"b\" anywhere\n"
              "check u8[0] == 1\nhits 2 both\nstrength likely\ncite \"RFC 4253\"\n"
              "sample \"\\x01\\r\" * 2 \"z\" random 4 \\\n server \"\\\\\\\"\"\nnear \"n\"\n"
              "direction either\n",
              &rules, &faults);
    /* The direction stands twice, and 'both' contradicts the first. */
    CU_ASSERT_EQUAL(faults.count, 2);
    CU_ASSERT_EQUAL_FATAL(rules->count, 1);
    const struct rule *rule = &rules->rule[0];
    CU_ASSERT_STRING_EQUAL(rule->full_name, "ssh/hello");
    CU_ASSERT_EQUAL(rule->line, 3);
    CU_ASSERT_EQUAL(rule->transports, 1u << RULE_TCP | 1u << RULE_UDP);
    CU_ASSERT_EQUAL(rule->direction, RULE_SERVER);
    CU_ASSERT_EQUAL(rule->port_range_count, 2);
    CU_ASSERT_EQUAL(rule->ports[1].last, 2047);
    CU_ASSERT_STRING_EQUAL(rule->patterns[0].text, "a\"#\\x00");
    CU_ASSERT_EQUAL(rule->patterns[0].first, 3);
    CU_ASSERT_EQUAL(rule->patterns[0].last, 7);
    CU_ASSERT_TRUE(rule->patterns[0].is_caseless);
    CU_ASSERT_TRUE(rule->patterns[1].is_anywhere);
    CU_ASSERT_EQUAL(rule->hits, 2);
    CU_ASSERT_EQUAL(rule->strength, RULE_LIKELY);
    CU_ASSERT_EQUAL_FATAL(rule->sample_count, 2);
    CU_ASSERT_EQUAL_FATAL(rule->samples[0].payload_count, 2);
    CU_ASSERT_EQUAL(rule->samples[0].payloads[0].length, 9);
    CU_ASSERT_EQUAL(memcmp(rule->samples[0].payloads[0].bytes, "\x01\r\x01\rz", 5), 0);
    CU_ASSERT_EQUAL(memcmp(rule->samples[0].payloads[1].bytes, "\\\"", 2), 0);
    rules_free(rules);
    rule_faults_free(&faults);
}

/* Each text has one fault, in that line, whose reason holds those words. */
static void refuses_what_is_wrong(void)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *words;
    } cases[] = {
        {"rule a\n", 1, "begin with 'protocol NAME'"},
        {"pattern \"a\"\n", 1, "outside a rule"},
        {"protocol nonsense\n"
         "rule a\ntransport tcp\npattern \"a\"\n" RULE_TAIL,
         2, "no protocol 'nonsense'"},
        {"protocol Ssh\n", 1, "no name"},
        {"protocol -9p\n", 1, "no name"},
        {"protocol 9q\n"
         "rule a\ntransport tcp\npattern \"a\"\n" RULE_TAIL,
         2, "no protocol '9q'"},
        {"protocol ssh category vpn description \"a\" specification \"b\"\n", 1, "ssh"},
        {"protocol new-one category sweets description \"a\" specification \"b\"\n", 1, "sweets"},
        {"protocol new-one category vpn description \"a\"\n", 1, "needs"},
        {RULE_HEAD RULE_TAIL, 2, "a pattern or a check"},
        {RULE_HEAD "pattern \"a\"\npattern a\n" RULE_TAIL, 5, "double quotes"},
        {RULE_HEAD "pattern \"a\n" RULE_TAIL "pattern \"b\"\n", 4, "double quotes"},
        {RULE_HEAD "pattern \"a\"\nlength 4\n" RULE_TAIL, 5, "no statement 'length'"},
        {RULE_HEAD "pattern \"a\"\ntransport udp\n" RULE_TAIL, 5, "twice"},
        {RULE_HEAD "pattern \"a\" at 2048\n"
                   "pattern \"b\"\n" RULE_TAIL,
         4, "2047"},
        {RULE_HEAD "pattern \"a\" at 5..4\npattern \"b\"\n" RULE_TAIL, 4, "range"},
        {RULE_HEAD "pattern \"a\" anywhere at 4\npattern \"b\"\n" RULE_TAIL, 4, "after a pattern"},
        {RULE_HEAD "pattern \"a\"\nhits 9\n" RULE_TAIL, 5, "0 to 8"},
        {RULE_HEAD "pattern \"a\"\nhits 2\n" RULE_TAIL, 2, "tcp stream matches once"},
        {RULE_HEAD "pattern \"a\"\npackets 1..5\n" RULE_TAIL, 2, "beyond 4"},
        {RULE_HEAD "pattern \"a\"\nports 70000\n" RULE_TAIL, 5, "65535"},
        {RULE_HEAD "pattern \"a\"\nrequires b\n" RULE_TAIL, 2, "no rule"},
        {RULE_HEAD "pattern \"a\"\nrequires a\n" RULE_TAIL, 2, "itself"},
        {RULE_HEAD "pattern \"a\"\nrefines nonsense\n" RULE_TAIL, 2, "nonsense"},
        {RULE_HEAD "pattern \"a\"\nsample \"\\q\"\n" RULE_TAIL, 5, "no escape"},
        {RULE_HEAD "pattern \"a\"\nsample \"\\x1\"\n" RULE_TAIL, 5, "no escape"},
        {RULE_HEAD "pattern \"a\"\nsample client\n" RULE_TAIL, 5, "empty"},
        {RULE_HEAD "pattern \"a\"\nsample * 4\n" RULE_TAIL, 5, "behind a string"},
        {RULE_HEAD "pattern \"a\"\nsample \"ab\" * 9000\n" RULE_TAIL, 5, "too long"},
        {RULE_HEAD "pattern \"a\"\nstrength certain\ncite \"RFC\"\nsample \"a\"\n", 2, "no 'near'"},
        {RULE_HEAD "pattern \"a\"\ncheck prev.u8[0] == 1\n" RULE_TAIL, 2, "prev."},
        {RULE_HEAD "pattern \"a\"\ncheck u8[0\n" RULE_TAIL, 5, "']'"},
        {RULE_HEAD "pattern \"\xc3\xa4\"\npattern \"a\"\n" RULE_TAIL, 4, "ASCII"},
        {"protocol ssh\nannounces ssh by magic\n", 2, "extractors"},
        {RULE_HEAD "pattern \"a\"\n" RULE_TAIL RULE_HEAD "pattern \"b\"\n" RULE_TAIL, 10,
         "stands already"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rules *rules;
        struct rule_faults faults;
        read_text(cases[i].text, &rules, &faults);
        bool is_good = faults.count == 1 && faults.fault[0].line == cases[i].line &&
                       strstr(faults.fault[0].text, cases[i].words);
        for (unsigned k = 0; !is_good && k < faults.count; k++)
            printf("\n    case %u, %u of %u: %u: %s", i, k + 1, faults.count, faults.fault[k].line,
                   faults.fault[k].text);
        CU_ASSERT_TRUE(is_good);
        rules_free(rules);
        rule_faults_free(&faults);
    }
}

static void reports_all_faults_at_once(void)
{
    struct rules *rules;
    struct rule_faults faults;
    read_text("protocol ssh\nnonsense\nrule a\ntransport carrier-pigeon\npattern \"a\" at 9999\n"
              "check u8[ == 1\nstrength sure\n",
              &rules, &faults);
    static const unsigned lines[] = {2, 3, 3, 3, 3, 4, 5, 6, 7};
    CU_ASSERT_EQUAL_FATAL(faults.count, sizeof lines / sizeof *lines);
    for (unsigned i = 0; i < faults.count; i++)
        CU_ASSERT_EQUAL(faults.fault[i].line, lines[i]);
    rules_free(rules);
    rule_faults_free(&faults);
}

static void declares_protocols(void)
{
    struct protocols *protocols;
    struct rules *rules;
    struct rule_faults faults = {0};
    const char *text = "protocol new-one category p2p numbers \"tcp/4321\" description \"d\" "
                       "specification \"s\"\nrule a\ntransport tcp\npattern \"a\"\n" RULE_TAIL;
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(rules_new(&rules), 0);
    rules_read_text(rules, "a.rules", text, strlen(text), &faults);
    CU_ASSERT_EQUAL(rules_resolve(rules, protocols, &faults), 0);
    int id = protocols_find(protocols, "new-one");
    CU_ASSERT_FATAL(id > 0);
    CU_ASSERT_EQUAL(rules->rule[0].protocol, id);
    CU_ASSERT_EQUAL(protocols_by_number(protocols, NUMBERS_TCP, 4321), id);
    rules_free(rules);
    protocols_free(protocols);
    rule_faults_free(&faults);
}

static struct rule_subject subject_of(const void *bytes, uint32_t length)
{
    static const uint8_t peer[] = {0x12, 0x34, 0xff};
    static const uint16_t sizes[] = {100, 200};
    struct rule_subject subject = {
        .packet_bytes = 77, .count = 2, .client_port = 50000, .server_port = 53};
    subject.view[RULE_VIEW_THIS] = (struct rule_view){.bytes = bytes,
                                                      .captured_bytes = length,
                                                      .length = length,
                                                      .sizes = sizes,
                                                      .size_count = 2,
                                                      .is_there = true};
    subject.view[RULE_VIEW_PEER] = (struct rule_view){.bytes = peer,
                                                      .captured_bytes = 3,
                                                      .length = 3,
                                                      .sizes = sizes,
                                                      .size_count = 1,
                                                      .is_there = true};
    return subject;
}

static bool holds(const char *text, const void *bytes, uint32_t length)
{
    struct rule_expression *expression;
    struct error error = {0};
    struct rule_subject subject = subject_of(bytes, length);
    int failure = rule_expression_new(&expression, text, &error);
    if (failure)
        printf("\n    %s", error.text);
    CU_ASSERT_EQUAL_FATAL(failure, 0);
    bool result = rule_expression_holds(expression, &subject);
    rule_expression_free(expression);
    return result;
}

static void computes_checks(void)
{
    static const uint8_t bytes[] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0x01};
    static const struct {
        const char *text;
        bool is_true;
    } cases[] = {
        {"u8[0] == 0x12", true},
        {"u16be[0] == 0x1234 and u16le[0] == 0x3412", true},
        {"u24be[1] == 0x345678 and u24le[1] == 0x785634", true},
        {"u32be[0] == 0x12345678 and u32le[0] == 0x78563412", true},
        {"u64be[0] == 0x123456789abcdef0", true},
        {"u64le[1] == 0x01f0debc9a785634", true},
        {"u8[-1] == 1 and u8[length - 1] == 1", true},
        {"length == 9 and packet == 77 and count == 2", true},
        {"client_port == 50000 and server_port == 53", true},
        {"size(1) == 100 and size(2) == 200", true},
        {"size(3) == 0 or size(3) != 0", false},
        {"peer.size(2) >= 0", false},
        {"peer.u16be[0] == u16be[0]", true},
        {"prev.length >= 0", false},
        {"u8[9] == 0", false},
        {"u8[9] != 0", false},
        {"not u8[9] == 0", true},
        {"u8[9] not in 1..5", false},
        {"u8[0] in 1..3, 0x10..0x12", true},
        {"u8[0] not in 1..3, 0x10..0x12", false},
        {"1 + 2 * 3 == 7 and (1 + 2) * 3 == 9", true},
        {"7 / 2 == 3 and 7 % 2 == 1 and -7 / 2 == -3", true},
        {"1 / 0 == 0 or 1 % 0 == 0", false},
        {"u8[0] & 0xf0 == 0x10", true},
        {"u8[0] >> 4 == 1 and 1 << 4 == 16", true},
        {"1 | 2 ^ 3 & 1 == 3", true},
        {"~0 == -1 and -(-5) == 5", true},
        {"1 << 64 == 0", true},
        {"u8[u8[8]] == 0x34", true},
        {"0 or 1 and 0", false},
        {"not 0 and 1", true},
        {"u8[-10] == 0", false},
        {"u8[0x10000000000] == 0", false},
        {"u8[0] <= 0x12 and u8[0] >= 0x12 and u8[0] < 0x13 and u8[0] > 0x11", true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_right = holds(cases[i].text, bytes, sizeof bytes) == cases[i].is_true;
        if (!is_right)
            printf("\n    %s", cases[i].text);
        CU_ASSERT_TRUE(is_right);
    }
}

static void refuses_bad_checks(void)
{
    static const char *const cases[] = {
        "",
        "u8",
        "u8[",
        "u8[0",
        "u12[0] == 1",
        "1 +",
        "1 2",
        "(1",
        "1)",
        "u8[0] in",
        "u8[0] in 5..1",
        "entropy(0)",
        "entropy(0, 1, 2)",
        "nonsense(1)",
        "peer.count == 1",
        "prev.size(1) == 1",
        "99999999999999999999",
        "0x",
        "1 = 1",
        "u8[0] == 1 &",
        "((((((((((((((((((((((((((1))))))))))))))))))))))))))",
        "1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+(1+1))))))))))))))))",
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rule_expression *expression = NULL;
        struct error error = {0};
        CU_ASSERT_EQUAL(rule_expression_new(&expression, cases[i], &error), -EINVAL);
        CU_ASSERT_PTR_NOT_NULL(strstr(error.text, "check"));
        rule_expression_free(expression);
    }
}

/* Check values are those of the standards or of the catalogue of parametrised CRC algorithms. */
static void computes_functions(void)
{
    static const struct {
        const char *text;
        const char *bytes;
        uint32_t length;
        bool is_true;
    } cases[] = {
        {"crc32(0, 9) == 0xcbf43926", "123456789", 9, true},
        {"crc32c(0, 9) == 0xe3069283", "123456789", 9, true},
        {"crc16_modbus(0, 9) == 0x4b37", "123456789", 9, true},
        {"crc16_dnp(0, 9) == 0xea82", "123456789", 9, true},
        {"crc16_ccitt(0, 9) == 0x29b1", "123456789", 9, true},
        {"sum8(0, 3) == 0x96 and xor8(0, 3) == 0x30", "123", 3, true},
        {"crc32(0, 10) == 0 or crc32(0, 10) != 0", "123456789", 9, false},
        /* RFC 1071, section 3: 2ddf0 folds to ddf2; the checksum is its complement. */
        {"sum16(0, 8) == 0x220d", "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8, true},
        {"sum16(0, 10) == 0", "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7\x22\x0d", 10, true},
        {"printable(0, length) == 1", "GET /\r\n", 7, true},
        {"printable(0, length) == 1", "GET\0", 4, false},
        {"zeros(0, 3) == 1 and zeros(0, 4) == 0", "\0\0\0a", 4, true},
        {"same(0, 3, 3) == 1 and same(0, 2, 3) == 0", "abcabc", 6, true},
        {"same(0, 4, 3) == 0 or same(0, 4, 3) == 1", "abcabc", 6, false},
        {"find(0x2f, 0, 100) == 4", "GET /", 5, true},
        {"find(0x2e, 0, 100) >= 0", "GET /", 5, false},
        {"decimal(1) == 345 and hex(1) == 0x345", "a345", 4, true},
        {"decimal(0) >= 0", "a345", 4, false},
        {"leb128(0) == 300 and leb128_size(0) == 2", "\xac\x02", 2, true},
        {"leb128_size(0) >= 0", "\xac", 1, false},
        /* RFC 9000, appendix A.1. */
        {"quicint(0) == 15293 and quicint_size(0) == 2", "\x7b\xbd", 2, true},
        {"quicint(0) == 494878333", "\x9d\x7f\x3e\x7d", 4, true},
        {"quicint(0) >= 0", "\x9d\x7f\x3e", 3, false},
        {"der(0) == 5", "\x30\x03\x02\x01\x00", 5, true},
        {"der(0) == 260", "\x30\x82\x01\x00", 4, true},
        {"der(0) == 0", "\x30\x80\x00\x00", 4, true},
        {"bencode(0) == length", "d1:ad2:id3:abce1:y1:qe", 22, true},
        {"bencode(0) == 21", "d1:ad2:id3:abce1:y1:q", 21, true},
        {"bencode(0) == 0", "di1ei2ee", 8, true},
        {"bencode(0) == 0", "l1:ax", 5, true},
        {"bencode(0) == 4", "i-7ez", 5, true},
        {"bencode(0) == 0", "ie", 2, true},
        {"dns_name(0) == 13",
         "\x07"
         "example\x03"
         "com\0",
         13, true},
        {"dns_name(0) == 0",
         "\x47"
         "example\x03"
         "com\0",
         13, true},
        {"dns_name(0) == 2", "\xc0\x0c", 2, true},
        {"entropy(0, 16) == 0", "\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11",
         16, true},
        {"entropy(0, 8) == 4000", "\x01\x23\x45\x67\x89\xab\xcd\xef", 8, true},
        {"entropy(0, 1) == 1000", "\x01", 1, true},
        {"entropy(0, 0) >= 0", "\x01", 1, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool is_right = holds(cases[i].text, cases[i].bytes, cases[i].length) == cases[i].is_true;
        if (!is_right)
            printf("\n    %s", cases[i].text);
        CU_ASSERT_TRUE(is_right);
    }
}

static void knows_which_first_bytes_can_match(void)
{
    static const struct {
        const char *text;
        unsigned place;
        uint8_t yes, no;
    } cases[] = {
        {"u8[0] == 0x12", 0, 0x12, 0x13},
        {"u8[0] in 0x80..0xbf", 0, 0x9f, 0x7f},
        {"u8[2] in 0x80..0xbf", 2, 0x9f, 0x7f},
        {"u8[0] & 0xc0 == 0x80", 0, 0xbf, 0xc0},
        {"u16be[0] == 0x1234", 0, 0x12, 0x34},
        {"u16be[0] == 0x1234", 1, 0x34, 0x12},
        {"u16le[0] == 0x1234", 0, 0x34, 0x12},
        {"u32be[0] & 0xff000000 == 0x21000000", 0, 0x21, 0x22},
        {"u24be[1] & 0x0000f0 == 0x000070", 3, 0x7f, 0x6f},
        {"u8[0] == 1 and u8[1] < 5", 1, 4, 5},
        {"u8[0] == 1 or u8[0] in 7..9 and length > 4", 0, 8, 2},
        {"(u8[0] == 1 or u8[0] == 2) and (u8[7] == 3 or u8[7] == 4)", 7, 4, 1},
        {"not u8[0] == 1 and u8[1] == 1", 0, 0, 1},
        {"u16be[0] in 100..300", 0, 1, 2},
        {"u16be[0] in 100..200, 0x1000..0x1010", 1, 0x64, 0x11},
        {"u16le[2] <= 300", 3, 1, 2},
        {"u32be[0] > 0xfffffff0", 3, 0xf1, 0xf0},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rule_expression *expression;
        CU_ASSERT_EQUAL_FATAL(rule_expression_new(&expression, cases[i].text, NULL), 0);
        CU_ASSERT_TRUE(rule_expression_admits(expression, cases[i].place, cases[i].yes));
        CU_ASSERT_FALSE(rule_expression_admits(expression, cases[i].place, cases[i].no));
        rule_expression_free(expression);
    }
}

static void knows_which_lengths_can_match(void)
{
    static const struct {
        const char *text;
        uint32_t least, most;
        bool is_admitted;
    } cases[] = {
        {"length == 48", 48, 48, true},
        {"length == 48", 47, 47, false},
        {"length == 48", 128, 65535, false},
        {"length in 100..200, 60000", 224, 59999, false},
        {"length in 100..200, 60000", 224, 65535, true},
        {"length >= 100", 0, 99, false},
        {"length >= 100", 0, 100, true},
        {"length % 4 == 0 and length > 8", 9, 11, false},
        {"length % 4 == 0 and length > 8", 9, 12, true},
        {"u32be[4] == 1", 7, 7, false},
        {"u32be[4] == 1", 8, 8, true},
        {"u8[-3] == 1", 2, 2, false},
        {"u8[2] + 4 == length", 2, 2, false},
        {"length < 4 or u8[9] == 1", 3, 3, true},
        {"length < 4 or u8[9] == 1", 4, 9, false},
        {"not u8[9] == 1", 1, 1, true},
        {"u8[9] not in 1, 2", 9, 9, false},
        {"(u8[9] == 1) == 0", 1, 1, true},
        {"prev.length == 4", 5, 5, true},
        {"length == 0", UINT32_MAX, UINT32_MAX, false},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rule_expression *expression;
        CU_ASSERT_EQUAL_FATAL(rule_expression_new(&expression, cases[i].text, NULL), 0);
        bool is_right = rule_expression_admits_length(expression, cases[i].least, cases[i].most) ==
                        cases[i].is_admitted;
        if (!is_right)
            printf("\n    %s, %u to %u", cases[i].text, cases[i].least, cases[i].most);
        CU_ASSERT_TRUE(is_right);
        rule_expression_free(expression);
    }
}

static void knows_which_views_must_be_there(void)
{
    static const struct {
        const char *text;
        enum rule_view_index view;
        bool is_admitted;
    } cases[] = {
        {"u8[0] == prev.u8[0]", RULE_VIEW_PREV, false},
        {"u8[0] == prev.u8[0]", RULE_VIEW_PEER, true},
        {"u8[0] == 1 and peer.length > 4", RULE_VIEW_PEER, false},
        {"u8[0] == 1 or peer.length > 4", RULE_VIEW_PEER, true},
        {"not peer.length > 4", RULE_VIEW_PEER, true},
        {"peer.entropy(0, 8) > 1", RULE_VIEW_PEER, false},
        {"peer.size(1) == 4", RULE_VIEW_PEER, false},
        {"count > 1", RULE_VIEW_PREV, true},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rule_expression *expression;
        CU_ASSERT_EQUAL_FATAL(rule_expression_new(&expression, cases[i].text, NULL), 0);
        CU_ASSERT_EQUAL(rule_expression_admits_absence(expression, cases[i].view),
                        cases[i].is_admitted);
        rule_expression_free(expression);
    }
}

static void digests_a_folder(void)
{
    struct protocols *protocols;
    struct rules *rules;
    struct rule_faults faults = {0};
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL(rules_read(&rules, "/nonexistent", protocols, &faults), -EINVAL);
    CU_ASSERT_EQUAL(faults.count, 1);
    rule_faults_free(&faults);
    const char *folder = getenv("GLASSBOX_TEST_RULES");
    if (folder) {
        CU_ASSERT_EQUAL_FATAL(rules_read(&rules, folder, protocols, &faults), 0);
        CU_ASSERT_EQUAL(strlen(rules->sha256), 64);
        CU_ASSERT(rules->count > 10);
        rules_free(rules);
    }
    protocols_free(protocols);
}

CU_TestInfo rules_tests[] = {
    {"reads a rule", reads_a_rule},
    {"refuses what is wrong, with its line", refuses_what_is_wrong},
    {"reports all faults at once", reports_all_faults_at_once},
    {"declares protocols", declares_protocols},
    {"computes checks", computes_checks},
    {"refuses bad checks", refuses_bad_checks},
    {"computes functions", computes_functions},
    {"knows which first bytes can match", knows_which_first_bytes_can_match},
    {"knows which lengths can match", knows_which_lengths_can_match},
    {"knows which views must be there", knows_which_views_must_be_there},
    {"reads a folder and digests it", digests_a_folder},
    CU_TEST_INFO_NULL,
};
