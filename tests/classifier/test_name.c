/* SPDX-License-Identifier: BSD-3-Clause */
/* What the signatures tier is told of whole flows. */
#include "classifier/name.h"

#include <errno.h>
#include <string.h>

#include "allocation.h"
#include "hello_writer.h"
#include "suites.h"

static struct protocols *protocols;
static struct services *services;
static struct name_reader *reader;

static void hear(void *context, const struct error *error)
{
    (void)context;
    CU_ASSERT_STRING_EQUAL(error->text, "");
}

static void start(void)
{
    static const char list[] = "service video category video\nsuffix video.example\n"
                               "service carrier category carrier\nsuffix public.example\n";
    CU_ASSERT_EQUAL_FATAL(protocols_new(&protocols, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(services_new(&services, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(services_read(services, list, strlen(list), hear, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(name_reader_new(&reader, protocols, services, NULL), 0);
}

static void stop(void)
{
    name_reader_free(reader);
    services_free(services);
    protocols_free(protocols);
}

static const struct {
    struct hello hello;
    const char *service;
    const char *protocol;
    unsigned flags;
} cases[] = {
    {{.name = "www.video.example", .alpn = {"h2", "http/1.1"}, .versions = {0x0304}},
     "video",
     "unknown",
     NAME_ALPN_H2 | NAME_ALPN_HTTP1},
    {{.name = "www.example.com", .alpn = {"dot"}}, "other", "dot", NAME_ALPN_OTHER},
    {{.alpn = {"xmpp-client"}}, "none", "xmpp", NAME_ALPN_OTHER},
    {{.alpn = {"radius/1.0", "radius/1.1"}}, "none", "radius", NAME_ALPN_OTHER},
    {{.alpn = {"imap", "pop3"}}, "none", "unknown", NAME_ALPN_OTHER},
    {{.alpn = {"dot", "h2"}}, "none", "unknown", NAME_ALPN_OTHER | NAME_ALPN_H2},
    {{.alpn = {"h2", "dot"}}, "none", "unknown", NAME_ALPN_OTHER | NAME_ALPN_H2},
    {{.alpn = {"do"}}, "none", "unknown", NAME_ALPN_OTHER},
    {{.alpn = {"mqtt"}, .has_grease = true}, "none", "mqtt", NAME_ALPN_OTHER},
    {{.alpn = {"h3-29"}}, "none", "unknown", NAME_ALPN_H3},
    {{.alpn = {"stun.turn"}}, "none", "turn", NAME_ALPN_OTHER},
    {{.alpn = {"stun.nat-discovery"}}, "none", "stun", NAME_ALPN_OTHER},
    {{.name = "public.example", .has_ech = true}, "carrier", "unknown", NAME_ECH},
    {{.name = "192.0.2.1"}, "none", "unknown", NAME_REFUSED},
    {{.has_no_extensions = true}, "none", "unknown", 0},
};

static void tells_services_and_protocols(void)
{
    static struct bytes message;
    static struct bytes stream;
    start();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        message.length = stream.length = 0;
        write_client_hello(&message, &cases[i].hello);
        write_records(&stream, &message, 16384);
        const struct name_answer answer =
            name_of_payload(reader, NAME_TLS_CLIENT, NULL, stream.byte, stream.length);
        CU_ASSERT_EQUAL(answer.outcome, NAME_DONE);
        CU_ASSERT_STRING_EQUAL(services_name(services, answer.service), cases[i].service);
        CU_ASSERT_STRING_EQUAL(protocols_get(protocols, answer.protocol)->name, cases[i].protocol);
        CU_ASSERT_EQUAL(answer.flags, cases[i].flags);
        const bool is_silent = answer.service == SERVICE_NONE && !(answer.flags & NAME_ECH);
        CU_ASSERT_EQUAL(name_wants_server(&answer), is_silent);
        CU_ASSERT_EQUAL(
            name_of_payload(reader, NAME_TLS_CLIENT, NULL, stream.byte, stream.length - 1).outcome,
            NAME_NEED_MORE);
    }
    stop();
}

static void tells_services_of_servers(void)
{
    static struct bytes message;
    static struct bytes stream;
    start();
    message.length = stream.length = 0;
    write_server_hello(&message, 0x0303, 0, "ftp");
    write_certificate(&message, "*.video.example", NULL);
    write_records(&stream, &message, 16384);
    const struct name_answer answer =
        name_of_payload(reader, NAME_TLS_SERVER, NULL, stream.byte, stream.length);
    CU_ASSERT_EQUAL(answer.outcome, NAME_DONE);
    CU_ASSERT_STRING_EQUAL(services_name(services, answer.service), "video");
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, answer.protocol)->name, "ftp");
    CU_ASSERT_EQUAL(answer.flags, NAME_CERTIFICATE | NAME_ALPN_OTHER);
    CU_ASSERT_EQUAL(answer.version, 0x0303);
    stop();
}

static void tells_services_of_datagrams(void)
{
    static const struct hello hello = {.name = "a.video.example", .alpn = {"doq"}};
    static const struct hello dtls = {.is_dtls = true, .name = "a.video.example", .alpn = {"co"}};
    static const struct initial initial = {.version = 1, .id = "12345678", .least_bytes = 1200};
    static struct bytes message;
    static struct bytes frames;
    static struct bytes datagram;
    static union name_state state;
    start();
    message.length = frames.length = datagram.length = 0;
    write_client_hello(&message, &hello);
    write_crypto(&frames, &message, 0, message.length);
    write_initial(&datagram, &initial, &frames);
    struct name_answer answer =
        name_of_payload(reader, NAME_QUIC_CLIENT, &state, datagram.byte, datagram.length);
    CU_ASSERT_EQUAL(answer.outcome, NAME_DONE);
    CU_ASSERT_STRING_EQUAL(services_name(services, answer.service), "video");
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, answer.protocol)->name, "doq");
    name_state_wipe(&state);
    message.length = datagram.length = 0;
    write_client_hello(&message, &dtls);
    write_dtls(&datagram, &message, 0, 0, message.length - 4);
    answer = name_of_payload(reader, NAME_DTLS_CLIENT, &state, datagram.byte, datagram.length);
    CU_ASSERT_EQUAL(answer.outcome, NAME_DONE);
    CU_ASSERT_STRING_EQUAL(services_name(services, answer.service), "video");
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, answer.protocol)->name, "coap");
    answer = name_of_payload(reader, NAME_QUIC_CLIENT, &state, datagram.byte, datagram.length);
    CU_ASSERT_EQUAL(answer.outcome, NAME_NOT);
    stop();
}

static void tells_services_of_requests(void)
{
    static const char request[] = "CONNECT video.example:443 HTTP/1.1\r\n\r\n";
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    start();
    struct name_answer answer =
        name_of_payload(reader, NAME_HTTP_CLIENT, NULL, (const uint8_t *)request, strlen(request));
    CU_ASSERT_EQUAL(answer.outcome, NAME_DONE);
    CU_ASSERT_STRING_EQUAL(services_name(services, answer.service), "video");
    CU_ASSERT_EQUAL(answer.flags, NAME_HTTP_PROXY);
    answer =
        name_of_payload(reader, NAME_HTTP_CLIENT, NULL, (const uint8_t *)preface, strlen(preface));
    CU_ASSERT_STRING_EQUAL(protocols_get(protocols, answer.protocol)->name, "http2");
    CU_ASSERT_EQUAL(answer.flags, NAME_HTTP2_CLEAR);
    stop();
    for (unsigned i = 1; i <= 3; i++) {
        allocation_fail_at(i);
        CU_ASSERT_EQUAL(name_reader_new(&reader, NULL, NULL, NULL), -ENOMEM);
    }
    allocation_fail_at(0);
    name_reader_free(NULL);
}

CU_TestInfo name_tests[] = {
    {"tells services and protocols of hellos", tells_services_and_protocols},
    {"tells services of servers", tells_services_of_servers},
    {"tells services of datagrams", tells_services_of_datagrams},
    {"tells services of requests", tells_services_of_requests},
    CU_TEST_INFO_NULL,
};
