/* SPDX-License-Identifier: BSD-3-Clause */
/* Hellos and certificates, whole and in every piece, and what only looks like them. */
#include "classifier/tls.h"

#include <string.h>

#include "guarded.h"
#include "hello_writer.h"
#include "random.h"
#include "suites.h"

typedef enum tls_outcome stream_reader(const uint8_t *bytes, size_t length,
                                       struct tls_scratch *scratch, struct tls_hello *hello);

static struct tls_scratch scratch;
static struct guarded guarded;

static int open_guarded(void)
{
    guarded = guarded_new(sizeof(struct bytes));
    return 0;
}

static bool is_same(const struct tls_hello *a, const struct tls_hello *b)
{
    bool is_equal = a->flags == b->flags && a->version == b->version &&
                    a->name_length == b->name_length && a->alpn_count == b->alpn_count &&
                    memcmp(a->name, b->name, sizeof a->name) == 0;
    for (unsigned i = 0; is_equal && i < a->alpn_count; i++)
        is_equal = a->alpn[i].length == b->alpn[i].length &&
                   memcmp(a->alpn[i].name, b->alpn[i].name, TLS_ALPN_BYTES) == 0;
    return is_equal;
}

static enum tls_outcome read_guarded(stream_reader *read, const struct bytes *stream, size_t length,
                                     struct tls_hello *hello)
{
    return read(guarded_place(&guarded, stream->byte, length), length, &scratch, hello);
}

/* Every prefix needs more, the whole is found, and bytes behind it change nothing. */
static bool reads_every_prefix(stream_reader *read, const struct bytes *stream,
                               struct tls_hello *hello)
{
    struct tls_hello part;
    unsigned wrong = 0;
    for (size_t length = 0; length < stream->length; length++)
        wrong += read_guarded(read, stream, length, &part) != TLS_NEED_MORE;
    wrong += read_guarded(read, stream, stream->length, hello) != TLS_FOUND;
    static struct bytes longer;
    longer = *stream;
    bytes_put(&longer, "\x16\x03\x03\x00\x01\x00\xff", 7);
    wrong += read_guarded(read, &longer, longer.length, &part) != TLS_FOUND;
    wrong += !is_same(hello, &part);
    return wrong == 0;
}

static void make_stream(struct bytes *stream, const struct hello *hello, size_t record_bytes)
{
    static struct bytes message;
    message.length = 0;
    stream->length = 0;
    write_client_hello(&message, hello);
    write_records(stream, &message, record_bytes);
}

static enum tls_outcome read_hello(const struct hello *hello, struct tls_hello *read)
{
    static struct bytes stream;
    make_stream(&stream, hello, 16384);
    return read_guarded(tls_read_client, &stream, stream.length, read);
}

static void reads_client_hello(void)
{
    static const struct hello plain = {.name = "www.example.com",
                                       .alpn = {"h2", "http/1.1"},
                                       .versions = {0x0304, 0x0303},
                                       .padding = 700};
    static const size_t records[] = {16384, 700, 64, 5, 1};
    static struct bytes stream;
    struct tls_hello hello;
    open_guarded();
    for (unsigned i = 0; i < sizeof records / sizeof *records; i++) {
        make_stream(&stream, &plain, records[i]);
        CU_ASSERT_TRUE(reads_every_prefix(tls_read_client, &stream, &hello));
        CU_ASSERT_STRING_EQUAL(hello.name, "www.example.com");
        CU_ASSERT_EQUAL(hello.flags, TLS_CLIENT);
        CU_ASSERT_EQUAL(hello.version, 0x0304);
        CU_ASSERT_EQUAL_FATAL(hello.alpn_count, 2);
        CU_ASSERT_EQUAL(memcmp(hello.alpn[0].name, "h2", 2), 0);
        CU_ASSERT_EQUAL(memcmp(hello.alpn[1].name, "http/1.1", 8), 0);
    }
    guarded_free(&guarded);
}

/* Joined records are copied; what was copied holds names. */
static void wipes_its_scratch(void)
{
    static const struct hello plain = {.name = "www.example.com"};
    static struct bytes stream;
    struct tls_hello hello;
    open_guarded();
    make_stream(&stream, &plain, 20);
    memset(&scratch, 0, sizeof scratch);
    CU_ASSERT_EQUAL(read_guarded(tls_read_client, &stream, stream.length, &hello), TLS_FOUND);
    unsigned left = 0;
    for (size_t i = 0; i < sizeof scratch.byte; i++)
        left += scratch.byte[i] != 0;
    CU_ASSERT_EQUAL(left, 0);
    guarded_free(&guarded);
}

static void tells_partly_read_names(void)
{
    static const struct hello plain = {.name = "www.example.com", .versions = {0x0304}};
    static struct bytes stream;
    struct tls_hello hello;
    open_guarded();
    make_stream(&stream, &plain, 16384);
    CU_ASSERT_EQUAL(read_guarded(tls_read_client, &stream, stream.length - 1, &hello),
                    TLS_NEED_MORE);
    CU_ASSERT_STRING_EQUAL(hello.name, "www.example.com");
    CU_ASSERT_EQUAL(hello.version, 0x0303);
    guarded_free(&guarded);
}

static void refuses_what_is_not_tls(void)
{
    static const struct {
        const char *why;
        size_t at;
        uint8_t value;
    } cases[] = {
        {"record type alert", 0, 21},
        {"record type 0", 0, 0},
        {"record type HTTP", 0, 'G'},
        {"version 2", 1, 2},
        {"version 3.5", 2, 5},
        {"record beyond 2^14", 3, 0x41},
        {"a ServerHello", 5, 2},
        {"a message of another length", 8, 0x10},
        {"legacy version 2.3", 9, 2},
        {"legacy version 3.9", 10, 9},
        {"session beyond the body", 43, 255},
        {"extensions longer than the body", 60, 0xff},
    };
    static const struct hello plain = {.name = "www.example.com"};
    static struct bytes stream;
    struct tls_hello hello;
    open_guarded();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        make_stream(&stream, &plain, 16384);
        stream.byte[cases[i].at] = cases[i].value;
        bytes_put(&stream, "\x17\x03\x03\x00\x01\x00", 6);
        const enum tls_outcome outcome =
            read_guarded(tls_read_client, &stream, stream.length, &hello);
        if (outcome != TLS_NOT)
            printf("%s: %d ", cases[i].why, outcome);
        CU_ASSERT_EQUAL(outcome, TLS_NOT);
        CU_ASSERT_EQUAL(hello.name_length, 0);
    }
    make_stream(&stream, &plain, 16384);
    memcpy(stream.byte + 3, "\0", 2); /* a record without content */
    CU_ASSERT_EQUAL(read_guarded(tls_read_client, &stream, stream.length, &hello), TLS_NOT);
    guarded_free(&guarded);
}

static void refuses_names_that_are_none(void)
{
    char longest[255] = "";
    char too_long[256] = "";
    for (size_t i = 0; i < 127; i++)
        memcpy(longest + 2 * i, i < 126 ? "a." : "a", i < 126 ? 3 : 2);
    memcpy(too_long, longest, 253);
    memcpy(too_long + 253, "a", 2);
    const struct {
        const char *name;
        const char *read;
    } cases[] = {
        {"example.com", "example.com"},
        {"EXAMPLE.com.", "EXAMPLE.com"},
        {"_dmarc.example.com", "_dmarc.example.com"},
        {"localhost", "localhost"},
        {"3com.example", "3com.example"},
        {longest, longest},
        {too_long, NULL},
        {"", NULL},
        {".", NULL},
        {"192.0.2.1", NULL},
        {"2001:db8::1", NULL},
        {"example..com", NULL},
        {".example.com", NULL},
        {"exa mple.com", NULL},
        {"ex\xc3\xa9mple.com", NULL},
        {"example.com/", NULL},
        {"a123456789b123456789c123456789d123456789e123456789f123456789g1234.com", NULL},
    };
    open_guarded();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct hello plain = {.name = cases[i].name};
        struct tls_hello hello;
        CU_ASSERT_EQUAL(read_hello(&plain, &hello), TLS_FOUND);
        CU_ASSERT_STRING_EQUAL(hello.name, cases[i].read ? cases[i].read : "");
        CU_ASSERT_EQUAL(hello.flags, TLS_CLIENT | (cases[i].read ? 0 : TLS_NAME_REFUSED));
    }
    guarded_free(&guarded);
}

static void reads_versions_and_marks(void)
{
    static const struct {
        struct hello hello;
        uint16_t version;
        uint32_t flags;
        unsigned alpn_count;
    } cases[] = {
        {{.has_no_extensions = true}, 0x0303, TLS_CLIENT, 0},
        {{.has_no_extensions = true, .version = 0x0300}, 0x0300, TLS_CLIENT, 0},
        {{.version = 0x0301, .name = "a.example"}, 0x0301, TLS_CLIENT, 0},
        {{.versions = {0x0303, 0x0304, 0x0302}}, 0x0304, TLS_CLIENT, 0},
        {{.versions = {0x0304}, .has_grease = true}, 0x0304, TLS_CLIENT, 0},
        {{.versions = {0x7f1c}}, 0x0304, TLS_CLIENT, 0},
        {{.versions = {0x0a0a, 0x1234}}, 0x0303, TLS_CLIENT, 0},
        {{.alpn = {"h2"}, .has_grease = true}, 0x0303, TLS_CLIENT, 1},
        {{.has_ech = true}, 0x0303, TLS_CLIENT | TLS_ECH, 0},
        {{.alpn = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f", "g"}},
         0x0303,
         TLS_CLIENT,
         16},
        {{.alpn = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f", "g",
                   "h"}},
         0x0303,
         TLS_CLIENT | TLS_ALPN_OVERFLOW,
         16},
    };
    open_guarded();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tls_hello hello;
        CU_ASSERT_EQUAL(read_hello(&cases[i].hello, &hello), TLS_FOUND);
        CU_ASSERT_EQUAL(hello.version, cases[i].version);
        CU_ASSERT_EQUAL(hello.flags, cases[i].flags);
        CU_ASSERT_EQUAL(hello.alpn_count, cases[i].alpn_count);
    }
    guarded_free(&guarded);
}

/* What no scratch holds is not waited for. */
static void stops_at_its_bound(void)
{
    static const struct hello huge = {.name = "www.example.com", .padding = 17000};
    static struct bytes stream;
    struct tls_hello hello;
    open_guarded();
    make_stream(&stream, &huge, 4000);
    CU_ASSERT_EQUAL(read_guarded(tls_read_client, &stream, 16000, &hello), TLS_NEED_MORE);
    CU_ASSERT_EQUAL(read_guarded(tls_read_client, &stream, stream.length, &hello), TLS_FOUND);
    CU_ASSERT_EQUAL(hello.flags, TLS_CLIENT);
    CU_ASSERT_EQUAL(hello.name_length, 0);
    guarded_free(&guarded);
}

struct flight {
    const char *why;
    uint16_t version;
    uint16_t chosen;
    const char *alpn;
    const char *common_name;
    const char *alternative_names;
    const char *read; /* null: no name */
};

static void make_flight(struct bytes *stream, const struct flight *flight, size_t record_bytes)
{
    static struct bytes messages;
    messages.length = 0;
    stream->length = 0;
    write_server_hello(&messages, flight->version, flight->chosen, flight->alpn);
    if (flight->common_name || flight->alternative_names)
        write_certificate(&messages, flight->common_name, flight->alternative_names);
    else if (!flight->chosen)
        bytes_put(&messages, "\x0e\0\0", 4); /* ServerHelloDone */
    write_records(stream, &messages, record_bytes);
}

static const struct flight flights[] = {
    {"a host as common name", 0x0303, 0, "h2", "www.example.com", NULL, "www.example.com"},
    {"which comes before alternatives", 0x0302, 0, NULL, "a.example.com", "DNS:b.example.com",
     "a.example.com"},
    {"a wildcard", 0x0301, 0, NULL, "*.example.com", NULL, "example.com"},
    {"a person as common name", 0x0303, 0, NULL, "Example Ltd.", "DNS:*.example.org",
     "example.org"},
    {"the first name of several kinds", 0x0303, 0, NULL, "WebRTC",
     "IP:192.0.2.1,email:a@example.net,DNS:c.example.net,DNS:d.example.net", "c.example.net"},
    {"TLS 1.3, which hides it", 0x0303, 0x0304, NULL, NULL, NULL, NULL},
    {"no certificate", 0x0303, 0, "http/1.1", NULL, NULL, NULL},
};

static void reads_servers(void)
{
    static const size_t records[] = {16384, 300, 7};
    static struct bytes stream;
    open_guarded();
    for (unsigned i = 0; i < sizeof flights / sizeof *flights; i++) {
        const struct flight *flight = &flights[i];
        for (unsigned j = 0; j < sizeof records / sizeof *records; j++) {
            struct tls_hello hello;
            struct tls_hello part;
            make_flight(&stream, flight, records[j]);
            CU_ASSERT_EQUAL(read_guarded(tls_read_server, &stream, stream.length, &hello),
                            TLS_FOUND);
            CU_ASSERT_STRING_EQUAL(hello.name, flight->read ? flight->read : "");
            CU_ASSERT_EQUAL(!(hello.flags & TLS_CERTIFICATE), !flight->read);
            CU_ASSERT_EQUAL(hello.version, flight->chosen ? flight->chosen : flight->version);
            CU_ASSERT_EQUAL(hello.alpn_count, flight->alpn ? 1 : 0);
            bool is_found = false;
            for (size_t length = 0; length < stream.length; length++) {
                const enum tls_outcome outcome =
                    read_guarded(tls_read_server, &stream, length, &part);
                /* once found, always found, and the same */
                CU_ASSERT_EQUAL(outcome, is_found ? TLS_FOUND : outcome);
                CU_ASSERT_NOT_EQUAL(outcome, TLS_NOT);
                is_found = outcome == TLS_FOUND;
                CU_ASSERT_TRUE(!is_found || is_same(&hello, &part));
            }
        }
    }
    guarded_free(&guarded);
}

static void follows_servers_that_warn_or_resume(void)
{
    static const struct {
        const char *before;
        size_t before_bytes;
        enum tls_outcome outcome;
    } cases[] = {
        {"\x15\x03\x03\x00\x02\x01\x70", 7, TLS_FOUND}, /* warning, unrecognized_name */
        {"\x15\x03\x03\x00\x02\x02\x28", 7, TLS_NOT},   /* fatal, handshake_failure */
        {"\x17\x03\x03\x00\x01\x00", 6, TLS_NOT},
    };
    static struct bytes message;
    static struct bytes stream;
    struct tls_hello hello;
    open_guarded();
    message.length = 0;
    write_server_hello(&message, 0x0303, 0, NULL);
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        stream.length = 0;
        bytes_put(&stream, cases[i].before, cases[i].before_bytes);
        write_records(&stream, &message, 16384);
        CU_ASSERT_EQUAL(read_guarded(tls_read_server, &stream, stream.length, &hello),
                        cases[i].outcome == TLS_FOUND ? TLS_NEED_MORE : cases[i].outcome);
        bytes_put(&stream, "\x14\x03\x03\x00\x01\x01", 6); /* resumed: ChangeCipherSpec */
        CU_ASSERT_EQUAL(read_guarded(tls_read_server, &stream, stream.length, &hello),
                        cases[i].outcome);
        CU_ASSERT_EQUAL(hello.name_length, 0);
    }
    guarded_free(&guarded);
}

/* Any byte of a flight may be wrong: no read beyond it, no name that is none. */
static void survives_damage(void)
{
    static struct bytes stream;
    static struct bytes damaged;
    struct random random = {.state = 3};
    struct tls_hello hello;
    unsigned found = 0;
    open_guarded();
    make_flight(&stream, &flights[4], 16384);
    for (unsigned round = 0; round < 20000; round++) {
        damaged = (struct bytes){.length = stream.length};
        memcpy(damaged.byte, stream.byte, stream.length);
        for (uint64_t i = random_below(&random, 3) + 1; i > 0; i--)
            damaged.byte[random_below(&random, damaged.length)] = (uint8_t)random_next(&random);
        const size_t length = random_below(&random, damaged.length + 1);
        found += read_guarded(tls_read_server, &damaged, length, &hello) == TLS_FOUND;
        CU_ASSERT_FATAL(strlen(hello.name) == hello.name_length);
    }
    CU_ASSERT_TRUE(found > 0);
    guarded_free(&guarded);
}

static void put_fragments(struct bytes *datagrams, const struct bytes *message, unsigned count)
{
    const size_t body = message->length - 4;
    for (unsigned i = 0; i < count; i++) {
        const size_t from = body * i / count;
        datagrams[i].length = 0;
        write_dtls(&datagrams[i], message, 0, from, body * (i + 1) / count - from);
    }
}

static enum tls_outcome read_datagram(struct dtls_state *state, const struct bytes *datagram,
                                      struct tls_hello *hello)
{
    return dtls_read_client(state, guarded_place(&guarded, datagram->byte, datagram->length),
                            datagram->length, hello);
}

static const struct hello dtls_hello = {.is_dtls = true,
                                        .name = "turn.example.com",
                                        .alpn = {"webrtc"},
                                        .versions = {0xfefd, 0xfefc},
                                        .cookie = 20};

static void reads_dtls(void)
{
    static struct bytes message;
    static struct bytes datagram;
    struct tls_hello hello;
    open_guarded();
    message.length = datagram.length = 0;
    write_client_hello(&message, &dtls_hello);
    write_dtls(&datagram, &message, 0, 0, message.length - 4);
    const size_t whole = datagram.length;
    for (datagram.length = 0; datagram.length < whole; datagram.length++) {
        struct dtls_state state = {0};
        CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), TLS_NEED_MORE);
    }
    struct dtls_state state = {0};
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), TLS_FOUND);
    CU_ASSERT_STRING_EQUAL(hello.name, "turn.example.com");
    CU_ASSERT_EQUAL(hello.version, 0xfefc);
    CU_ASSERT_EQUAL(hello.flags, TLS_CLIENT);
    datagram.byte[4] = 1; /* epoch 1: encrypted */
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), TLS_NOT);
    guarded_free(&guarded);
}

static void joins_dtls_fragments(void)
{
    enum { FRAGMENTS = 4, ORDERS = 256 };
    static struct bytes message;
    static struct bytes datagrams[FRAGMENTS];
    open_guarded();
    message.length = 0;
    write_client_hello(&message, &dtls_hello);
    put_fragments(datagrams, &message, FRAGMENTS);
    for (unsigned order = 0; order < ORDERS; order++) {
        struct dtls_state state = {0};
        struct tls_hello hello;
        unsigned arrived = 0;
        for (unsigned i = 0; i < FRAGMENTS; i++) {
            const unsigned which = order >> 2 * i & 3; /* any order, with repetitions */
            arrived |= 1u << which;
            CU_ASSERT_EQUAL(read_datagram(&state, &datagrams[which], &hello),
                            arrived == 15 ? TLS_FOUND : TLS_NEED_MORE);
        }
        CU_ASSERT_TRUE(arrived != 15 || strcmp(hello.name, "turn.example.com") == 0);
    }
    guarded_free(&guarded);
}

static void bounds_dtls(void)
{
    static struct bytes message;
    static struct bytes datagrams[4];
    static struct dtls_state state;
    struct tls_hello hello;
    open_guarded();
    message.length = 0;
    write_client_hello(&message, &dtls_hello);
    put_fragments(datagrams, &message, 4);
    for (unsigned i = 1; i < DTLS_DATAGRAMS_MAX; i++)
        CU_ASSERT_EQUAL(read_datagram(&state, &datagrams[1], &hello), TLS_NEED_MORE);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagrams[1], &hello), TLS_FOUND);
    CU_ASSERT_EQUAL(hello.name_length, 0);
    /* a fragment that reaches beyond its message */
    state = (struct dtls_state){0};
    datagrams[0].byte[13 + 11] = 0xff;
    CU_ASSERT_EQUAL(read_datagram(&state, &datagrams[0], &hello), TLS_NOT);
    /* a message that is not kept */
    struct hello huge = dtls_hello;
    huge.padding = PIECES_BYTES;
    message.length = 0;
    write_client_hello(&message, &huge);
    put_fragments(datagrams, &message, 4);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagrams[0], &hello), TLS_NOT);
    guarded_free(&guarded);
}

CU_TestInfo tls_tests[] = {
    {"reads a ClientHello in every prefix and record size", reads_client_hello},
    {"wipes its scratch", wipes_its_scratch},
    {"tells names that are read before the rest", tells_partly_read_names},
    {"refuses what is not TLS", refuses_what_is_not_tls},
    {"refuses names that are none", refuses_names_that_are_none},
    {"reads versions, ALPN, ECH and skips GREASE", reads_versions_and_marks},
    {"stops at its bound", stops_at_its_bound},
    {"reads servers and their certificates", reads_servers},
    {"follows servers that warn or resume", follows_servers_that_warn_or_resume},
    {"survives damage", survives_damage},
    {"reads a DTLS ClientHello", reads_dtls},
    {"joins DTLS fragments in any order", joins_dtls_fragments},
    {"bounds DTLS", bounds_dtls},
    CU_TEST_INFO_NULL,
};
