/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the first inputs of fuzz_tls, fuzz_quic, fuzz_http_host and fuzz_services into the folders
 * of these names below the one named as argument. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hello_writer.h"

static const char *root;

static void save(const char *name, const void *bytes, size_t length)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", root, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, length, file) != length || fclose(file)) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

static const struct {
    const char *name;
    struct hello hello;
    size_t record_bytes;
} clients[] = {
    {"tls/client-plain", {.name = "www.example.com", .alpn = {"h2", "http/1.1"}}, 16384},
    {"tls/client-records", {.name = "www.example.com", .versions = {0x0304, 0x0303}}, 40},
    {"tls/client-grease",
     {.name = "www.example.com", .alpn = {"h2"}, .versions = {0x0304}, .has_grease = true},
     16384},
    {"tls/client-ech", {.name = "public.example", .has_ech = true}, 16384},
    {"tls/client-bare", {.has_no_extensions = true}, 16384},
};

static void write_clients(void)
{
    static struct bytes message;
    static struct bytes stream;
    for (unsigned i = 0; i < sizeof clients / sizeof *clients; i++) {
        message.length = stream.length = 0;
        write_client_hello(&message, &clients[i].hello);
        bytes_number(&stream, 0, 1);
        write_records(&stream, &message, clients[i].record_bytes);
        save(clients[i].name, stream.byte, stream.length);
    }
}

static void write_server(const char *name, const char *common_name, const char *alternatives,
                         size_t record_bytes)
{
    static struct bytes message;
    static struct bytes stream;
    message.length = stream.length = 0;
    write_server_hello(&message, 0x0303, 0, "h2");
    write_certificate(&message, common_name, alternatives);
    bytes_number(&stream, 1, 1);
    bytes_put(&stream, "\x15\x03\x03\x00\x02\x01\x70", 7);
    write_records(&stream, &message, record_bytes);
    save(name, stream.byte, stream.length);
}

static void write_datagrams(const char *name, unsigned count)
{
    static const struct hello hello = {.is_dtls = true, .name = "turn.example.com", .cookie = 8};
    static struct bytes message;
    static struct bytes input;
    message.length = input.length = 0;
    write_client_hello(&message, &hello);
    bytes_number(&input, 2, 1);
    const size_t body = message.length - 4;
    for (unsigned i = count; i-- > 0;) {
        const size_t mark = bytes_open(&input, 2);
        const size_t from = body * i / count;
        write_dtls(&input, &message, 0, from, body * (i + 1) / count - from);
        bytes_close(&input, mark, 2);
    }
    save(name, input.byte, input.length);
}

/* Frames, which the fuzzer seals itself, and one sealed packet. */
static void write_quic(void)
{
    static const struct hello hello = {.name = "www.example.com", .alpn = {"h3"}};
    static const struct initial initial = {.version = 1, .id = "12345678", .token = "token"};
    static struct bytes message;
    static struct bytes frames;
    static struct bytes packet;
    write_client_hello(&message, &hello);
    bytes_number(&frames, 0x0205030104, 5);
    bytes_number(&frames, 0, 4);
    write_crypto(&frames, &message, 60, message.length - 60);
    write_crypto(&frames, &message, 0, 60);
    save("quic/frames", frames.byte, frames.length);
    write_initial(&packet, &initial, &frames);
    save("quic/packet", packet.byte, packet.length);
}

static const struct {
    const char *name;
    const char *text;
} texts[] = {
    {"http_host/origin", "GET /a HTTP/1.1\r\nAccept: */*\r\nHost: www.example.com:80\r\n\r\n"},
    {"http_host/absolute", "GET http://u@www.example.com/ HTTP/1.1\r\nHost: a.example\r\n\r\n"},
    {"http_host/connect", "CONNECT www.example.com:443 HTTP/1.1\r\n\r\n"},
    {"http_host/folded", "GET / HTTP/1.1\r\nHost: www.example.com\r\n .example\r\n\r\n"},
    {"http_host/literal", "GET / HTTP/1.0\nhost:[2001:db8::1]:80\n\n"},
    {"http_host/preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    {"services/good", "# list\nservice a category video\nsuffix a.example b.example # c\n"
                      "service c category carrier\nsuffix c.example\n"},
    {"services/bad", "suffix a.example\nservice A category video\nservice b category b\n"
                     "suffix x *.y.z\nservice c category news\r\n"},
};

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    root = argv[1];
    write_clients();
    write_server("tls/server-host", "www.example.com", NULL, 16384);
    write_server("tls/server-names", "Example Ltd.", "IP:192.0.2.1,DNS:*.example.org", 200);
    write_datagrams("tls/dtls-whole", 1);
    write_datagrams("tls/dtls-fragments", 3);
    write_quic();
    for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++)
        save(texts[i].name, texts[i].text, strlen(texts[i].text));
    return EXIT_SUCCESS;
}
