/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the readers of TLS and DTLS. The first byte chooses the reader. A stream's answer, once
 * reached, is that of every longer stream; names are host names; scratch is left wiped. */
#include <string.h>

#include "classifier/host_name.h"
#include "classifier/tls.h"
#include "require.h"

static struct tls_scratch scratch;

static void check_hello(enum tls_outcome outcome, const struct tls_hello *hello)
{
    require(hello->name_length == 0 ||
            host_name_is_good((const uint8_t *)hello->name, hello->name_length));
    require(strlen(hello->name) == hello->name_length);
    require(hello->alpn_count <= TLS_ALPN_MAX);
    require(outcome != TLS_NOT || (hello->flags == 0 && hello->version == 0 &&
                                   hello->name_length == 0 && hello->alpn_count == 0));
}

typedef enum tls_outcome stream_reader(const uint8_t *bytes, size_t length,
                                       struct tls_scratch *scratch, struct tls_hello *hello);

static void check_stream(stream_reader *read, const uint8_t *bytes, size_t length)
{
    enum tls_outcome outcome = TLS_NEED_MORE;
    struct tls_hello first = {0};
    const size_t step = 1 + length / 64;
    for (size_t part = 0; part <= length;
         part = part < length && part + step > length ? length : part + step) {
        struct tls_hello hello;
        const enum tls_outcome now = read(bytes, part, &scratch, &hello);
        check_hello(now, &hello);
        require(outcome == TLS_NEED_MORE || now == outcome);
        if (outcome != TLS_NEED_MORE)
            require(strcmp(hello.name, first.name) == 0 && hello.flags == first.flags &&
                    hello.version == first.version && hello.alpn_count == first.alpn_count);
        outcome = now;
        first = hello;
    }
    for (size_t i = 0; i < sizeof scratch.byte; i++)
        require(scratch.byte[i] == 0);
}

/* Each datagram has its length in front, two bytes. */
static void check_datagrams(const uint8_t *bytes, size_t length)
{
    struct dtls_state state = {0};
    struct tls_hello hello;
    enum tls_outcome outcome = TLS_NEED_MORE;
    for (unsigned read = 0; length >= 2 && outcome == TLS_NEED_MORE; read++) {
        const size_t wanted = (size_t)bytes[0] << 8 | bytes[1];
        const size_t taken = wanted < length - 2 ? wanted : length - 2;
        outcome = dtls_read_client(&state, bytes + 2, taken, &hello);
        check_hello(outcome, &hello);
        require(read < DTLS_DATAGRAMS_MAX);
        bytes += 2 + taken;
        length -= 2 + taken;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length == 0)
        return 0;
    switch (bytes[0] % 3) {
    case 0:
        check_stream(tls_read_client, bytes + 1, length - 1);
        break;
    case 1:
        check_stream(tls_read_server, bytes + 1, length - 1);
        break;
    default:
        check_datagrams(bytes + 1, length - 1);
        break;
    }
    return 0;
}
