/* SPDX-License-Identifier: BSD-3-Clause */
/* Initial packets: the published ones, then every way a ClientHello can be spread over them. */
#include "classifier/quic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "allocation.h"
#include "guarded.h"
#include "hello_writer.h"
#include "quic_vectors.h"
#include "random.h"
#include "suites.h"

static struct quic_reader *reader;
static struct guarded guarded;

static void start(void)
{
    CU_ASSERT_EQUAL_FATAL(quic_reader_new(&reader, NULL), 0);
    guarded = guarded_new(sizeof(struct bytes));
}

static void stop(void)
{
    guarded_free(&guarded);
    quic_reader_free(reader);
}

static void read_hex(const char *text, struct bytes *out)
{
    out->length = 0;
    for (; text[0] && text[1]; text += 2) {
        const char pair[3] = {text[0], text[1], 0};
        bytes_number(out, strtoul(pair, NULL, 16), 1);
    }
}

static enum quic_outcome read_datagram(struct quic_state *state, const struct bytes *datagram,
                                       struct tls_hello *hello)
{
    return quic_read_client(reader, state,
                            guarded_place(&guarded, datagram->byte, datagram->length),
                            datagram->length, hello);
}

static bool is_hex(const uint8_t *bytes, size_t length, const char *text)
{
    static struct bytes expected;
    read_hex(text, &expected);
    return expected.length == length && memcmp(expected.byte, bytes, length) == 0;
}

/* RFC 9001 appendix A.1, RFC 9369 appendix A.1. */
static void derives_published_keys(void)
{
    static const uint8_t id[8] = {0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08};
    struct quic_keys keys;
    start();
    CU_ASSERT_TRUE(quic_derive_keys(1, id, sizeof id, &keys));
    CU_ASSERT_TRUE(is_hex(keys.key, 16, "1f369613dd76d5467730efcbe3b1a22d"));
    CU_ASSERT_TRUE(is_hex(keys.iv, 12, "fa044b2f42a3fd3b46fb255c"));
    CU_ASSERT_TRUE(is_hex(keys.header, 16, "9f50449e04a0e810283a1e9933adedd2"));
    CU_ASSERT_TRUE(quic_derive_keys(0x6b3343cf, id, sizeof id, &keys));
    CU_ASSERT_TRUE(is_hex(keys.key, 16, "8b1a0bc121284290a29e0971b5cd045d"));
    CU_ASSERT_TRUE(is_hex(keys.iv, 12, "91f73e2351d8fa91660e909f"));
    CU_ASSERT_TRUE(is_hex(keys.header, 16, "45b95e15235d6f45a6b19cbcb0294ba9"));
    CU_ASSERT_FALSE(quic_derive_keys(0xff000016, id, sizeof id, &keys)); /* draft 22 */
    CU_ASSERT_FALSE(quic_derive_keys(0xff000023, id, sizeof id, &keys)); /* draft 35 */
    CU_ASSERT_FALSE(quic_derive_keys(0, id, sizeof id, &keys));
    stop();
}

static void opens_published_packets(void)
{
    static const char *const packets[] = {rfc9001_client, rfc9369_client};
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    for (unsigned i = 0; i < 2; i++) {
        read_hex(packets[i], &datagram);
        CU_ASSERT_EQUAL(datagram.length, 1200);
        for (datagram.length = 7; datagram.length < 1200; datagram.length += 53) {
            memset(&state, 0, sizeof state);
            CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_NOT);
        }
        datagram.length = 1200;
        memset(&state, 0, sizeof state);
        CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
        CU_ASSERT_STRING_EQUAL(hello.name, "example.com");
        CU_ASSERT_EQUAL(hello.version, 0x0304);
        CU_ASSERT_EQUAL_FATAL(hello.alpn_count, 1);
        CU_ASSERT_EQUAL(memcmp(hello.alpn[0].name, "alpn", 4), 0);
    }
    stop();
}

/* One bit anywhere wrong: not authentic. The server's packets are under other keys. */
static void opens_only_authentic_clients(void)
{
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    for (size_t at = 0; at < 1200; at += 7) {
        read_hex(rfc9001_client, &datagram);
        datagram.byte[at] ^= 0x10;
        memset(&state, 0, sizeof state);
        CU_ASSERT_NOT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
        CU_ASSERT_EQUAL(hello.name_length, 0);
    }
    read_hex(rfc9001_server, &datagram);
    memset(&state, 0, sizeof state);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_NEED_MORE);
    read_hex(rfc9001_client, &datagram);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
    stop();
}

static void make_message(struct bytes *message, size_t padding)
{
    const struct hello hello = {
        .name = "video.example.com", .alpn = {"h3"}, .versions = {0x0304}, .padding = padding};
    message->length = 0;
    write_client_hello(message, &hello);
}

static void opens_every_version(void)
{
    static const uint32_t versions[] = {
        1,          0x6b3343cf, 0xff000017, 0xff000018, 0xff000019,
        0xff00001a, 0xff00001b, 0xff00001c, 0xff00001d, 0xff00001e,
        0xff00001f, 0xff000020, 0xff000021, 0xff000022, 0xfaceb002,
    };
    static struct bytes message;
    static struct bytes frames;
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    make_message(&message, 100);
    frames.length = 0;
    write_crypto(&frames, &message, 0, message.length);
    for (unsigned i = 0; i < sizeof versions / sizeof *versions; i++) {
        const struct initial initial = {
            .version = versions[i], .id = "12345678", .token = "token", .least_bytes = 1200};
        memset(&state, 0, sizeof state);
        datagram.length = 0;
        write_initial(&datagram, &initial, &frames);
        CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
        CU_ASSERT_STRING_EQUAL(hello.name, "video.example.com");
    }
    stop();
}

enum { PARTS = 5 };

/* Packet `i` of a ClientHello cut into PARTS, the cuts of one packet in reverse order. */
static void make_part(struct bytes *out, const struct bytes *message, unsigned i, bool is_moved)
{
    static struct bytes frames;
    const size_t from = message->length * i / PARTS;
    const size_t to = message->length * (i + 1) / PARTS;
    const size_t middle = (from + to) / 2;
    frames.length = 0;
    bytes_number(&frames, 1, 1); /* PING */
    write_crypto(&frames, message, middle, to - middle);
    bytes_number(&frames, 0x0205030104, 5); /* ACK of 5, delay 3, one range more */
    bytes_number(&frames, 0x0000, 2);
    bytes_number(&frames, 0, 3); /* PADDING */
    write_crypto(&frames, message, from, middle - from);
    const struct initial initial = {.version = 1,
                                    .number = i,
                                    .id = is_moved ? "servers1" : "12345678",
                                    .key_id = "12345678",
                                    .least_bytes = 1200};
    write_initial(out, &initial, &frames);
}

static void joins_packets_in_any_order(void)
{
    static struct bytes message;
    static struct bytes part[PARTS];
    static struct quic_state state;
    struct random random = {.state = 9};
    struct tls_hello hello;
    start();
    make_message(&message, 1800);
    for (unsigned round = 0; round < 50; round++) {
        memset(&state, 0, sizeof state);
        const unsigned first = (unsigned)random_below(&random, PARTS);
        unsigned arrived = 0;
        for (unsigned i = 0; i < 10 && arrived != 31; i++) {
            const unsigned which = i == 0 ? first : (unsigned)random_below(&random, PARTS);
            part[which].length = 0;
            make_part(&part[which], &message, which, i > 0); /* later ones go to the server's id */
            arrived |= 1u << which;
            CU_ASSERT_EQUAL(read_datagram(&state, &part[which], &hello),
                            arrived == 31 ? QUIC_FOUND : QUIC_NEED_MORE);
        }
        CU_ASSERT_TRUE(arrived != 31 || strcmp(hello.name, "video.example.com") == 0);
    }
    stop();
}

static void reads_coalesced_packets(void)
{
    static struct bytes message;
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    make_message(&message, 1800);
    datagram.length = 0;
    make_part(&datagram, &message, 0, false);
    bytes_put(&datagram, "\xd3\0\0\0\1\x08", 6); /* 0-RTT, stepped over by its length */
    bytes_put(&datagram, "12345678\0\x05zeros", 15);
    for (unsigned i = 1; i < PARTS; i++)
        make_part(&datagram, &message, i, false);
    bytes_put(&datagram, NULL, 99); /* zeroes behind the packets */
    memset(&state, 0, sizeof state);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
    CU_ASSERT_STRING_EQUAL(hello.name, "video.example.com");
    stop();
}

/* After a Retry the keys follow from the identifier that the server chose (RFC 9001 section 5.2).
 */
static void follows_retry(void)
{
    static struct bytes message;
    static struct bytes frames;
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    make_message(&message, 0);
    frames.length = datagram.length = 0;
    write_crypto(&frames, &message, 0, 20);
    struct initial initial = {.version = 1, .id = "12345678", .least_bytes = 1200};
    write_initial(&datagram, &initial, &frames);
    memset(&state, 0, sizeof state);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_NEED_MORE);
    frames.length = datagram.length = 0;
    write_crypto(&frames, &message, 0, message.length);
    initial = (struct initial){
        .version = 1, .number = 1, .id = "retryids", .token = "retry", .least_bytes = 1200};
    write_initial(&datagram, &initial, &frames);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
    stop();
}

static void refuses_what_is_not_quic(void)
{
    static const struct {
        const char *why;
        const char *bytes;
        size_t length;
    } cases[] = {
        {"nothing", "", 0},
        {"a short header",
         "\x40\0\0\0\1\x08"
         "12345678",
         14},
        {"no fixed bit",
         "\x80\0\0\0\1\x08"
         "12345678\0\0\x04zero",
         21},
        {"version negotiation",
         "\xc0\0\0\0\0\x08"
         "12345678\0\0\0\0\1",
         19},
        {"a version for greasing",
         "\xc0\x1a\x2a\x3a\x4a\x08"
         "12345678\0\0\x04zero",
         21},
        {"an identifier of 21 bytes",
         "\xc0\0\0\0\1\x15"
         "123456789012345678901\0\0\x04zero",
         34},
        {"a length beyond the datagram",
         "\xc0\0\0\0\1\x08"
         "12345678\0\0\x40\x40zero",
         22},
        {"a token beyond the datagram",
         "\xc0\0\0\0\1\x08"
         "12345678\0\xff\xff\xff\xff\xff\xff\xff\xff",
         23},
        {"DTLS", "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x10", 13},
    };
    static struct quic_state state;
    static struct bytes datagram;
    struct tls_hello hello;
    start();
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        memset(&state, 0, sizeof state);
        datagram.length = 0;
        bytes_put(&datagram, cases[i].bytes, cases[i].length);
        CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_NOT);
    }
    stop();
}

/* Frames that an Initial must not hold, or that are cut, end the reading; so does the bound. */
static void bounds_what_it_keeps(void)
{
    static struct bytes message;
    static struct bytes frames;
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    make_message(&message, 0);
    frames.length = datagram.length = 0;
    bytes_number(&frames, 8, 1); /* STREAM */
    write_crypto(&frames, &message, 0, message.length);
    const struct initial initial = {.version = 1, .id = "12345678", .least_bytes = 1200};
    write_initial(&datagram, &initial, &frames);
    memset(&state, 0, sizeof state);
    for (unsigned i = 1; i < QUIC_DATAGRAMS_MAX; i++)
        CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_NEED_MORE);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
    CU_ASSERT_EQUAL(hello.flags, 0);
    frames.length = datagram.length = 0;
    bytes_number(&frames, 0x0690001000, 5); /* CRYPTO at offset 4,096 */
    bytes_number(&frames, 0x0158, 2);
    write_initial(&datagram, &initial, &frames);
    memset(&state, 0, sizeof state);
    CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_NEED_MORE);
    CU_ASSERT_EQUAL(pieces_ready(&state.pieces), 0);
    stop();
}

static void allocates_at_start_only(void)
{
    static struct bytes datagram;
    static struct quic_state state;
    struct tls_hello hello;
    start();
    read_hex(rfc9001_client, &datagram);
    allocation_fail_at(0);
    for (unsigned i = 0; i < 100; i++) {
        memset(&state, 0, sizeof state);
        CU_ASSERT_EQUAL(read_datagram(&state, &datagram, &hello), QUIC_FOUND);
    }
    CU_ASSERT_EQUAL(allocation_count(), 0);
    stop();
    for (unsigned i = 1; i <= 2; i++) {
        allocation_fail_at(i);
        CU_ASSERT_EQUAL(quic_reader_new(&reader, NULL), -ENOMEM);
    }
    allocation_fail_at(0);
    quic_reader_free(NULL);
}

CU_TestInfo quic_tests[] = {
    {"derives the published keys", derives_published_keys},
    {"opens the published packets", opens_published_packets},
    {"opens only authentic packets of clients", opens_only_authentic_clients},
    {"opens every version", opens_every_version},
    {"joins packets in any order", joins_packets_in_any_order},
    {"reads coalesced packets", reads_coalesced_packets},
    {"follows a Retry", follows_retry},
    {"refuses what is not QUIC", refuses_what_is_not_quic},
    {"bounds what it keeps", bounds_what_it_keeps},
    {"allocates nothing of its own after start", allocates_at_start_only},
    CU_TEST_INFO_NULL,
};
