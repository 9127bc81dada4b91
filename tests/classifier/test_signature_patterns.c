/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns through all ways behind the seam: as shapes or as states, and as Hyperscan's. */
#include "signature_patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skip.h"
#include "suites.h"

enum { PATTERN_BYTES = 256, ROUNDS = 200, PAYLOAD_BYTES = 96 };

struct way {
    struct rule_pattern pattern;
    struct pattern_set *set;
    struct pattern_scratch *scratch;
};

static void count_found(void *context, unsigned index)
{
    CU_ASSERT_EQUAL(index, 0);
    ++*(unsigned *)context;
}

static void way_open(struct way *way, char *text, const struct rule_pattern *like)
{
    const struct rule_pattern *patterns[] = {&way->pattern};
    struct error error = {0};
    int culprit;
    way->pattern = *like;
    way->pattern.text = text;
    int failure = pattern_set_new(&way->set, patterns, 1, &culprit, &error);
    if (failure)
        printf("%s: %s\n", text, error.text);
    CU_ASSERT_EQUAL_FATAL(failure, 0);
    CU_ASSERT_EQUAL_FATAL(pattern_scratch_new(&way->scratch, way->set, &error), 0);
}

static void way_close(struct way *way)
{
    pattern_scratch_free(way->scratch);
    pattern_set_free(way->set);
}

static bool way_finds(const struct way *way, const void *bytes, size_t length)
{
    unsigned count = 0;
    pattern_set_scan(way->set, way->scratch, bytes, (uint32_t)length, count_found, &count);
    CU_ASSERT(count <= 1);
    return count;
}

/* Shapes and automata leave inline flags to Hyperscan, and (?s) changes nothing. */
static void both_open(struct way ways[2], char text[2][PATTERN_BYTES],
                      const struct rule_pattern *pattern)
{
    snprintf(text[0], PATTERN_BYTES, "%s", pattern->text);
    snprintf(text[1], PATTERN_BYTES, "(?s)%s", pattern->text);
    for (unsigned i = 0; i < 2; i++)
        way_open(&ways[i], text[i], pattern);
}

static bool has_patterns(void)
{
    struct error error;
    if (!pattern_sets_are_built(&error))
        return true;
    test_skip("built without Hyperscan");
    return false;
}

static void finds_what_is_there(void)
{
#define PAYLOAD(text) text, sizeof text - 1
    static const struct {
        struct rule_pattern pattern;
        const char *payload;
        size_t length;
        bool is_there;
    } cases[] = {
        {{.text = "abc"}, PAYLOAD("abcd"), true},
        {{.text = "abc"}, PAYLOAD("ab"), false},
        {{.text = "abc"}, PAYLOAD("xabc"), false},
        {{.text = "abc", .first = 1, .last = 1}, PAYLOAD("xabc"), true},
        {{.text = "abc", .first = 1, .last = 3}, PAYLOAD("xxxabc"), true},
        {{.text = "abc", .first = 1, .last = 3}, PAYLOAD("abc"), false},
        {{.text = "abc", .first = 1, .last = 3}, PAYLOAD("xxxxabc"), false},
        {{.text = "a+bc", .first = 2, .last = 3}, PAYLOAD("xxxabc"), true},
        {{.text = "a+bc", .first = 2, .last = 3}, PAYLOAD("xxxxabc"), false},
        {{.text = "abc", .is_anywhere = true}, PAYLOAD("xxxxabcx"), true},
        {{.text = "a|bc", .is_anywhere = true}, PAYLOAD("xxbc"), true},
        {{.text = "a.\\x00[\\x80-\\xff]"}, PAYLOAD("a\n\0\x80"), true},
        {{.text = "a.\\x00[\\x80-\\xff]"}, PAYLOAD("a\n\0\x7f"), false},
        {{.text = "[^a-c]z"}, PAYLOAD("dz"), true},
        {{.text = "[^a-c]z"}, PAYLOAD("bz"), false},
        {{.text = "[^a-c]z", .is_caseless = true}, PAYLOAD("Bz"), false},
        {{.text = "get [a-f]", .is_caseless = true}, PAYLOAD("GeT F"), true},
        {{.text = "[a-]\\-[\\]x]"}, PAYLOAD("--]"), true},
        {{.text = "USER [ -~]+\\r?\\n"}, PAYLOAD("USER x\r\n"), true},
        {{.text = "USER [ -~]+\\r?\\n"}, PAYLOAD("USER x\n"), true},
        {{.text = "USER [ -~]+\\r?\\n"}, PAYLOAD("USER \r\n"), false},
        {{.text = "USER [ -~]+\\r?\\n"}, PAYLOAD("USER x\r"), false},
        {{.text = "[0-9]{2,4}:"}, PAYLOAD("1234:"), true},
        {{.text = "[0-9]{2,4}:"}, PAYLOAD("12345:"), false},
        {{.text = "[0-9]{2,4}:"}, PAYLOAD("1:"), false},
        {{.text = "[0-9]{2,4}5x"}, PAYLOAD("555x"), true},
        {{.text = "[0-9]{2,4}5x"}, PAYLOAD("55555x"), true},
        {{.text = "[0-9]{2,4}5x"}, PAYLOAD("555555x"), false},
        {{.text = "[^ ]* /x"}, PAYLOAD("abc /x"), true},
        {{.text = "[^ ]* /x"}, PAYLOAD(" /x"), true},
        {{.text = "(ab|a)(bc|c)d"}, PAYLOAD("abcd"), true},
        {{.text = "(ab|a)(bc|c)d"}, PAYLOAD("abbcd"), true},
        {{.text = "(ab|a)(bc|c)d"}, PAYLOAD("abbd"), false},
        {{.text = "(a[0-9]+){2}x"}, PAYLOAD("a12a3x"), true},
        {{.text = "(a[0-9]+){2}x"}, PAYLOAD("a12x"), false},
        {{.text = "(a.*b)"}, PAYLOAD("axxbxx"), true},
        {{.text = "a(b|$)"}, PAYLOAD("a"), true},
        {{.text = "a$"}, PAYLOAD("a\n"), false},
        {{.text = "(a|b\\$)$"}, PAYLOAD("b$"), true},
        {{.text = "[]$]$"}, PAYLOAD("$"), true},
        {{.text = "[^]$]$"}, PAYLOAD("$"), false},
        {{.text = "[$]b"}, PAYLOAD("$b"), true},
    };
    if (!has_patterns())
        return;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct way ways[2];
        char text[2][PATTERN_BYTES];
        both_open(ways, text, &cases[i].pattern);
        for (unsigned k = 0; k < 2; k++) {
            bool is_there = way_finds(&ways[k], cases[i].payload, cases[i].length);
            if (is_there != cases[i].is_there)
                printf("case %u: %s\n", i, text[k]);
            CU_ASSERT_EQUAL(is_there, cases[i].is_there);
            way_close(&ways[k]);
        }
    }
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* A pattern out of pieces that overlap as badly as they can. */
static void make_pattern(char *text, uint64_t *seed)
{
    static const char *const pieces[] = {
        "a",         "b",           "[ab]",      ".",         "[^a]",        "a+",
        "[ab]{1,3}", "b*",          "(a|bb)",    "(ab|a)?",   "c",           "[bc]+",
        "(a|b){2}",  "a{3}",        "(?:c|ab+)", "(ab|c)*",   "(a|b+c)+",    ".{2,5}",
        "a*",        "((a|b)+c?)*", "[^c]*",     "(a?b){2,}", "(?:a{1,3}b)?"};
    static const char *const ends[] = {"", "", "", "$", "(ab|$)"};
    unsigned count = 1 + next_random(seed) % 5;
    strcpy(text, "c");
    for (unsigned i = 0; i < count; i++)
        strcat(text, pieces[next_random(seed) % (sizeof pieces / sizeof *pieces)]);
    strcat(text, ends[next_random(seed) % (sizeof ends / sizeof *ends)]);
}

/* Both ways agree on random payloads over a small alphabet. */
static void both_ways_agree(void)
{
    uint64_t seed = 1;
    unsigned found = 0;
    if (!has_patterns())
        return;
    for (unsigned i = 0; i < ROUNDS; i++) {
        char made[PATTERN_BYTES - 8];
        char text[2][PATTERN_BYTES];
        struct way ways[2];
        make_pattern(made, &seed);
        uint16_t first = (uint16_t)(next_random(&seed) % 3);
        uint16_t last = (uint16_t)(first + (i % 2 ? next_random(&seed) % 4 : 0));
        both_open(ways, text, &(struct rule_pattern){.text = made, .first = first, .last = last});
        for (unsigned k = 0; k < ROUNDS; k++) {
            uint8_t payload[PAYLOAD_BYTES];
            size_t length = 1 + next_random(&seed) % 12;
            for (size_t at = 0; at < length; at++)
                payload[at] = (uint8_t)(at > first ? 'a' + next_random(&seed) % 4 : 'c');
            bool is_there = way_finds(&ways[0], payload, length);
            found += is_there;
            if (is_there != way_finds(&ways[1], payload, length)) {
                printf("%s: '%.*s'\n", made, (int)length, (const char *)payload);
                CU_FAIL("the ways disagree");
            }
        }
        way_close(&ways[0]);
        way_close(&ways[1]);
    }
    CU_ASSERT(found > ROUNDS);
}

static void knows_named_classes(void)
{
    static const char *const classes[] = {"x\\s",    "x\\S",        "x\\w",      "x\\W",
                                          "x\\d",    "x\\D",        "x[\\s\\d]", "x[^\\w]",
                                          "x[\\d-]", "x[^\\s\\-a]", "x.",        "x[\\x00-\\x1f]"};
    if (!has_patterns())
        return;
    for (unsigned i = 0; i < 2 * sizeof classes / sizeof *classes; i++) {
        struct way ways[2];
        char text[2][PATTERN_BYTES];
        char made[PATTERN_BYTES - 8];
        snprintf(made, sizeof made, "%s", classes[i / 2]);
        both_open(ways, text, &(struct rule_pattern){.text = made, .is_caseless = i % 2});
        for (unsigned byte = 0; byte < 256; byte++) {
            const uint8_t payload[] = {'x', (uint8_t)byte};
            CU_ASSERT_EQUAL(way_finds(&ways[0], payload, 2), way_finds(&ways[1], payload, 2));
        }
        way_close(&ways[0]);
        way_close(&ways[1]);
    }
}

/* The pattern has 2^12 states, of which no more than a quarter fit. */
static void goes_on_when_states_run_out(void)
{
    struct way ways[2];
    char text[2][PATTERN_BYTES];
    char made[] = "([ab]|ba)*a[ab]{11}d";
    uint64_t seed = 7;
    unsigned found = 0;
    if (!has_patterns())
        return;
    both_open(ways, text, &(struct rule_pattern){.text = made});
    for (unsigned k = 0; k < 20 * ROUNDS; k++) {
        uint8_t payload[PAYLOAD_BYTES];
        for (size_t at = 0; at < sizeof payload; at++)
            payload[at] = (uint8_t)('a' + next_random(&seed) % 2);
        payload[30 + next_random(&seed) % 60] = 'd';
        bool is_there = way_finds(&ways[0], payload, sizeof payload);
        found += is_there;
        CU_ASSERT_EQUAL(is_there, way_finds(&ways[1], payload, sizeof payload));
    }
    CU_ASSERT(found > 5 * ROUNDS && found < 15 * ROUNDS);
    way_close(&ways[0]);
    way_close(&ways[1]);
}

CU_TestInfo signature_patterns_tests[] = {
    {"knows named classes as Hyperscan does", knows_named_classes},
    {"goes on when states run out", goes_on_when_states_run_out},
    {"finds what is there", finds_what_is_there},
    {"agrees with Hyperscan", both_ways_agree},
    CU_TEST_INFO_NULL,
};
