/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests in every form, and what is none. */
#include "classifier/http_host.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "guarded.h"
#include "random.h"
#include "suites.h"

static const struct {
    const char *request;
    const char *host; /* null: none */
    enum http_outcome outcome;
    unsigned flags;
} cases[] = {
    {"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "example.com", HTTP_FOUND, 0},
    {"GET / HTTP/1.1\nhOsT:example.com\n\n", "example.com", HTTP_FOUND, 0},
    {"POST /a?b=c HTTP/1.0\r\nAccept: */*\r\nHOST: \t Example.COM.:8080 \t\r\nX", "Example.COM",
     HTTP_FOUND, 0},
    {"GET / HTTP/1.1\r\nHost: one.example\r\nHost: two.example\r\n\r\n", "one.example", HTTP_FOUND,
     0},
    {"GET / HTTP/1.1\r\nX-Host: one.example\r\nHost: two.example\r\n\r\n", "two.example",
     HTTP_FOUND, 0},
    {"GET / HTTP/1.1\r\nHost: xn--bcher-kva.example\r\n\r\n", "xn--bcher-kva.example", HTTP_FOUND,
     0},
    {"M-SEARCH * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\n\r\n", NULL, HTTP_FOUND,
     HTTP_NAME_REFUSED},
    {"GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", NULL, HTTP_FOUND, HTTP_NAME_REFUSED},
    {"GET / HTTP/1.1\r\nHost: a b.example\r\n\r\n", NULL, HTTP_FOUND, HTTP_NAME_REFUSED},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", NULL, HTTP_FOUND, 0},
    {"GET / HTTP/1.0\r\n\r\n", NULL, HTTP_FOUND, 0},
    {"GET http://proxied.example/x HTTP/1.1\r\n", "proxied.example", HTTP_FOUND, HTTP_PROXY},
    {"GET http://u:p@proxied.example:81?q HTTP/1.1\r\nHost: other.example\r\n\r\n",
     "proxied.example", HTTP_FOUND, HTTP_PROXY},
    {"GET https://proxied.example HTTP/1.1\r\n", "proxied.example", HTTP_FOUND, HTTP_PROXY},
    {"GET http:///x HTTP/1.1\r\n", NULL, HTTP_FOUND, HTTP_PROXY},
    {"CONNECT tunnel.example:443 HTTP/1.1\r\n", "tunnel.example", HTTP_FOUND, HTTP_CONNECT},
    {"CONNECT 192.0.2.1:443 HTTP/1.1\r\n", NULL, HTTP_FOUND, HTTP_CONNECT | HTTP_NAME_REFUSED},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NULL, HTTP_FOUND, HTTP_PRIOR_KNOWLEDGE},
    /* near misses */
    {"GET / HTTP/1.1\r\nHost: example.com\r\n .evil.example\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/1.1\r\n Host: example.com\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/1.1\r\nHost : example.com\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/1.1\r\nNo colon here\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/1.1\r\n: empty\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/1.1 \r\nHost: example.com\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/1.x\r\nHost: example.com\r\n\r\n", NULL, HTTP_NOT, 0},
    {"GET / HTTP/2.0\r\nHost: example.com\r\n\r\n", NULL, HTTP_NOT, 0},
    {"OPTIONS * RTSP/1.0\r\n", NULL, HTTP_NOT, 0},
    {"INVITE sip:a@example.com SIP/2.0\r\n", NULL, HTTP_NOT, 0},
    {"GET  / HTTP/1.1\r\n", NULL, HTTP_NOT, 0},
    {"GET /\r\n", NULL, HTTP_NOT, 0},
    {" GET / HTTP/1.1\r\n", NULL, HTTP_NOT, 0},
    {"PRI * HTTP/2.0\r\n\r\nSN", NULL, HTTP_NOT, 0},
    {"HTTP/1.1 200 OK\r\n", NULL, HTTP_NOT, 0},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n", NULL, HTTP_NOT, 0},
    {"\x16\x03\x01\x02", NULL, HTTP_NOT, 0},
};

static bool is_name(const struct http_host *host, const char *name)
{
    return name ? host->name && host->name_bytes == strlen(name) &&
                      memcmp(host->name, name, strlen(name)) == 0
                : !host->name;
}

static void reads_requests(void)
{
    struct guarded guarded = guarded_new(4096);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t length = strlen(cases[i].request);
        struct http_host host;
        const enum http_outcome outcome =
            http_read_request(guarded_place(&guarded, cases[i].request, length), length, &host);
        if (outcome != cases[i].outcome || !is_name(&host, cases[i].host))
            printf("%s ", cases[i].request);
        CU_ASSERT_EQUAL(outcome, cases[i].outcome);
        CU_ASSERT_TRUE(is_name(&host, cases[i].host));
        CU_ASSERT_EQUAL(host.flags, cases[i].flags);
    }
    guarded_free(&guarded);
}

/* A prefix needs more until the answer is certain, which is then the whole's. */
static void reads_every_prefix(void)
{
    struct guarded guarded = guarded_new(4096);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        enum http_outcome outcome = HTTP_NEED_MORE;
        for (size_t length = 0; length <= strlen(cases[i].request); length++) {
            struct http_host host;
            const uint8_t *bytes = guarded_place(&guarded, cases[i].request, length);
            const enum http_outcome now = http_read_request(bytes, length, &host);
            CU_ASSERT_EQUAL(now, outcome == HTTP_NEED_MORE ? now : outcome);
            CU_ASSERT_TRUE(now != HTTP_FOUND || is_name(&host, cases[i].host));
            outcome = now;
        }
        CU_ASSERT_EQUAL(outcome, cases[i].outcome);
    }
    guarded_free(&guarded);
}

static void survives_damage(void)
{
    struct guarded guarded = guarded_new(4096);
    struct random random = {.state = 5};
    for (unsigned round = 0; round < 20000; round++) {
        const char *request = cases[random_below(&random, sizeof cases / sizeof *cases)].request;
        const size_t length = random_below(&random, strlen(request) + 1);
        uint8_t *bytes = guarded_place(&guarded, request, length);
        if (length > 0)
            bytes[random_below(&random, length)] = (uint8_t)random_next(&random);
        struct http_host host;
        http_read_request(bytes, length, &host);
        CU_ASSERT_FATAL(!host.name ||
                        (host.name >= bytes && host.name + host.name_bytes <= bytes + length));
    }
    guarded_free(&guarded);
}

CU_TestInfo http_host_tests[] = {
    {"reads requests and refuses the rest", reads_requests},
    {"reads every prefix", reads_every_prefix},
    {"survives damage", survives_damage},
    CU_TEST_INFO_NULL,
};
