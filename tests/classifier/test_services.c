/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of services: what is read, what is refused, what a name matches; and the list we ship. */
#include "classifier/services.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "guarded.h"
#include "random.h"
#include "skip.h"
#include "suites.h"

struct heard {
    unsigned count;
    unsigned line[32];
    char text[32][320];
};

static void hear(void *context, const struct error *error)
{
    struct heard *heard = context;
    if (heard->count < 32) {
        heard->line[heard->count] = error->line;
        snprintf(heard->text[heard->count], sizeof heard->text[0], "%s", error->text);
    }
    heard->count++;
}

static struct services *read_list(const char *text, struct heard *heard, int outcome)
{
    struct services *services = NULL;
    *heard = (struct heard){0};
    CU_ASSERT_EQUAL_FATAL(services_new(&services, NULL), 0);
    CU_ASSERT_EQUAL(services_read(services, text, strlen(text), hear, heard), outcome);
    return services;
}

static const char list[] = "# a list\n"
                           "service video-a category video\n"
                           "suffix video.example\tvideocdn.example # both\n"
                           "\n"
                           "suffix\tlive.carrier.example\n"
                           "service mail category mail\n"
                           "suffix mail.video.example\n"
                           "service carrier-a category carrier\n"
                           "suffix carrier.example edge.video.example";

static void matches_suffixes(void)
{
    static char label[300];
    memset(label, 'a', sizeof label - 1);
    label[60] = '.';
    label[120] = '.';
    label[180] = '.';
    memcpy(label + 286, ".video.example", 13);
    const struct {
        const char *name;
        const char *service;
    } cases[] = {
        {"video.example", "video-a"},
        {"www.video.example", "video-a"},
        {"a.b.c.VIDEO.Example.", "video-a"},
        {"notvideo.example", "other"},
        {"video.example.com", "other"},
        {"example", "other"},
        {"mail.video.example", "mail"},
        {"x.mail.video.example", "mail"},
        {"xmail.video.example", "video-a"},
        {"carrier.example", "carrier-a"},
        {"x.carrier.example", "carrier-a"},
        {"live.carrier.example", "video-a"},
        {"edge.video.example", "video-a"}, /* a carrier's, though longer, comes second */
        {"", "none"},
        {".", "none"},
        {"video.example..", "none"},
        {".video.example", "none"},
        {"192.0.2.1", "none"},
        {"vi deo.example", "none"},
        {"video.ex\xc3\xa4mple", "none"},
        {label, "none"},
        {label + 46, "none"}, /* 253 bytes, but labels of more than 63 */
    };
    struct heard heard;
    struct services *services = read_list(list, &heard, 0);
    struct guarded guarded = guarded_new(512);
    CU_ASSERT_EQUAL(heard.count, 0);
    CU_ASSERT_EQUAL(services_count(services), 5);
    CU_ASSERT_EQUAL(services_category(services, 2), SERVICE_CATEGORY_VIDEO);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t length = strlen(cases[i].name);
        const uint16_t id =
            services_match(services, guarded_place(&guarded, cases[i].name, length), length);
        if (strcmp(services_name(services, id), cases[i].service) != 0)
            printf("%s: %s ", cases[i].name, services_name(services, id));
        CU_ASSERT_STRING_EQUAL(services_name(services, id), cases[i].service);
    }
    guarded_free(&guarded);
    services_free(services);
}

static void tells_every_mistake(void)
{
    static const char text[] =
        "suffix early.example\n"     /* 1 */
        "service\n"                  /* 2 */
        "service a category video\n" /* 3: no suffix */
        "service A category video\n" /* 4 */
        "suffix kept.example\n"      /* 5 */
        "service b category films\n" /* 6 */
        "suffix UPPER.example *.x.example one .a.example b.example. 1.2.3.4\n"
        "service c category video more\n" /* 8 */
        "suffix\n"                        /* 9 */
        "service d category video\n"      /* 10 */
        "suffix d.example d.example\n"    /* 11 */
        "service d category video\n"      /* 12 */
        "suffix e.example\r\n"            /* 13 */
        "suffix e.example\n"              /* 14: good */
        "servise f category video\n"      /* 15 */
        "service other category video\n"  /* 16 */
        "suffix f.\xc3\xa9xample\n"       /* 17 */
        "service g category video";       /* 18: no suffix */
    static const unsigned expected[] = {1, 2, 2, 3,  4,  6,  7,  7,  7,  7,  7, 7,
                                        8, 9, 8, 11, 12, 13, 15, 16, 17, 16, 18};
    struct heard heard;
    struct services *services = read_list(text, &heard, -EINVAL);
    CU_ASSERT_EQUAL(heard.count, sizeof expected / sizeof *expected);
    for (unsigned i = 0; i < heard.count && i < sizeof expected / sizeof *expected; i++) {
        if (heard.line[i] != expected[i])
            printf("%u: line %u, %s\n", i, heard.line[i], heard.text[i]);
        CU_ASSERT_EQUAL(heard.line[i], expected[i]);
    }
    services_free(services);
}

static void bounds_the_list(void)
{
    static char text[SERVICES_MAX * 64];
    size_t length = 0;
    for (unsigned i = 0; i < SERVICES_MAX; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "service s%u category news\nsuffix s%u.example\n", i, i);
    struct heard heard;
    struct services *services = read_list(text, &heard, -EINVAL);
    CU_ASSERT_EQUAL(services_count(services), SERVICES_MAX);
    CU_ASSERT_EQUAL(heard.count, 2); /* two ids are taken by none and other */
    CU_ASSERT_EQUAL(services_match(services, (const uint8_t *)"a.s2045.example", 15),
                    services_find(services, "s2045"));
    services_free(services);
    services_free(NULL);
    allocation_fail_at(1);
    CU_ASSERT_EQUAL(services_new(&services, NULL), -ENOMEM);
    allocation_fail_at(0);
}

/* The hashed lookup against a plain walk over all suffixes. */
static void matches_like_a_plain_walk(void)
{
    static const char *const labels[] = {"a", "b", "aa", "ab"};
    enum { LABELS = 4, SUFFIXES = 60 };
    char suffix[SUFFIXES][32];
    char text[8192];
    struct random random = {.state = 17};
    size_t length = 0;
    unsigned count = 0;
    for (unsigned i = 0; i < SUFFIXES; i++) {
        char made[32] = "";
        for (uint64_t left = random_below(&random, 3) + 2; left > 0; left--)
            snprintf(made + strlen(made), sizeof made - strlen(made), "%s%s", *made ? "." : "",
                     labels[random_below(&random, LABELS)]);
        bool is_new = true;
        for (unsigned j = 0; j < count; j++)
            is_new = is_new && strcmp(suffix[j], made) != 0;
        if (is_new)
            memcpy(suffix[count++], made, sizeof made);
    }
    for (unsigned i = 0; i < count; i++)
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "service s%u category games\nsuffix %s\n", i, suffix[i]);
    struct heard heard;
    struct services *services = read_list(text, &heard, 0);
    for (unsigned round = 0; round < 5000; round++) {
        char name[64] = "";
        for (uint64_t left = random_below(&random, 5) + 1; left > 0; left--)
            snprintf(name + strlen(name), sizeof name - strlen(name), "%s%s", *name ? "." : "",
                     labels[random_below(&random, LABELS)]);
        size_t best = 0;
        int expected = SERVICE_OTHER;
        for (unsigned i = 0; i < count; i++) {
            const size_t bytes = strlen(suffix[i]);
            const size_t all = strlen(name);
            if (bytes > best && bytes <= all && strcmp(name + all - bytes, suffix[i]) == 0 &&
                (bytes == all || name[all - bytes - 1] == '.')) {
                best = bytes;
                expected = (int)i + 2;
            }
        }
        CU_ASSERT_EQUAL(services_match(services, (const uint8_t *)name, strlen(name)), expected);
    }
    services_free(services);
}

/* Null where the suite runs by hand, without the variable that names the file. */
static char *read_shipped(size_t *length)
{
    static char text[200000];
    const char *path = getenv("GLASSBOX_SERVICES");
    FILE *file = path ? fopen(path, "rb") : NULL;
    if (!file)
        return NULL;
    *length = fread(text, 1, sizeof text, file);
    fclose(file);
    return text;
}

static void ships_a_good_list(void)
{
    static const struct {
        const char *name;
        const char *service;
    } cases[] = {
        {"rr3---sn-25ge7nzr.googlevideo.com", "youtube"},
        {"www.google.com", "google"},
        {"mail.google.com", "gmail"},
        {"static.xx.fbcdn.net", "facebook"},
        {"e4478.a.akamaiedge.net", "akamai"},
        {"cloudflare-ech.com", "cloudflare"},
        {"www.impots.gouv.fr", "french-state"},
        {"fr.wikipedia.org", "wikipedia"},
        {"example.org", "other"},
    };
    size_t length = 0;
    const char *text = read_shipped(&length);
    if (!text) {
        test_skip("GLASSBOX_SERVICES names no file");
        return;
    }
    struct heard heard = {0};
    struct services *services = NULL;
    CU_ASSERT_EQUAL_FATAL(services_new(&services, NULL), 0);
    CU_ASSERT_EQUAL(services_read(services, text, length, hear, &heard), 0);
    for (unsigned i = 0; i < heard.count && i < 32; i++)
        printf("line %u: %s\n", heard.line[i], heard.text[i]);
    CU_ASSERT_TRUE(services_count(services) >= 170 + 2);
    unsigned carriers = 0;
    for (unsigned i = 0; i < services_count(services); i++)
        carriers += services_category(services, i) == SERVICE_CATEGORY_CARRIER;
    CU_ASSERT_TRUE(carriers >= 10);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++)
        CU_ASSERT_STRING_EQUAL(
            services_name(services, services_match(services, (const uint8_t *)cases[i].name,
                                                   strlen(cases[i].name))),
            cases[i].service);
    services_free(services);
}

static void names_categories(void)
{
    for (int i = 0; i < SERVICE_CATEGORIES; i++)
        CU_ASSERT_EQUAL(service_category_find(service_category_name((enum service_category)i)), i);
    CU_ASSERT_EQUAL(service_category_find("films"), -1);
}

static uint16_t match(const struct services *services, const char *name)
{
    return services_match(services, (const uint8_t *)name, strlen(name));
}

static void keeps_ids_from_list_to_list(void)
{
    static const char old[] = "service one category video\nsuffix one.example\n"
                              "service two category music\nsuffix two.example\n";
    static const char new[] = "service zero category mail\nsuffix zero.example\n"
                              "service two category games\nsuffix zwei.example\n";
    struct services *before;
    struct services *after;
    CU_ASSERT_EQUAL_FATAL(services_new(&before, NULL), 0);
    CU_ASSERT_EQUAL(services_read(before, old, sizeof old - 1, NULL, NULL), 0);
    int one = services_find(before, "one");
    int two = services_find(before, "two");
    CU_ASSERT_EQUAL_FATAL(services_new_after(&after, before, NULL), 0);
    services_free(before);
    CU_ASSERT_EQUAL(services_find(after, "two"), -1);
    CU_ASSERT_EQUAL(services_read(after, new, sizeof new - 1, NULL, NULL), 0);
    CU_ASSERT_EQUAL(services_find(after, "one"), -1);
    CU_ASSERT_STRING_EQUAL(services_name(after, (unsigned)one), "one");
    CU_ASSERT_EQUAL(match(after, "www.one.example"), SERVICE_OTHER);
    CU_ASSERT_EQUAL(match(after, "www.zwei.example"), two);
    CU_ASSERT_EQUAL(match(after, "www.zero.example"), two + 1);
    CU_ASSERT_EQUAL(services_category(after, (unsigned)two), SERVICE_CATEGORY_GAMES);
    services_free(after);
}

CU_TestInfo services_tests[] = {
    {"matches suffixes at label boundaries", matches_suffixes},
    {"tells every mistake with its line", tells_every_mistake},
    {"bounds the list", bounds_the_list},
    {"matches like a plain walk", matches_like_a_plain_walk},
    {"ships a good list", ships_a_good_list},
    {"names its categories", names_categories},
    {"keeps ids from list to list", keeps_ids_from_list_to_list},
    CU_TEST_INFO_NULL,
};
