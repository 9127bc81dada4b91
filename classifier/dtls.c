/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes DTLS records and fragments away (RFC 6347 section 4.1, 4.2; RFC 9147 section 4, 5) and
 * hands on the ClientHello in them. */
#include <string.h>

#include "base/cursor.h"
#include "classifier/tls.h"
#include "tls_message.h"

enum { RECORD_HANDSHAKE = 22, RECORD_BYTES = 13, FRAGMENT_BYTES = 12 };

static bool is_version(uint16_t version)
{
    return version == 0xfeff || version == 0xfefd || version == 0x0100;
}

/* A plaintext (epoch 0) handshake record. */
static bool is_handshake(const uint8_t *record)
{
    return record[0] == RECORD_HANDSHAKE && is_version(load_be16(record + 1)) &&
           load_be16(record + 3) == 0;
}

/* One handshake fragment, of which `there` bytes are captured. */
struct fragment {
    uint8_t type;
    uint16_t sequence;
    uint32_t message_bytes;
    uint32_t offset;
    uint32_t length;
    const uint8_t *bytes;
    size_t there;
};

/* False when it is cut before its body, or reaches beyond its message. */
static bool take_fragment(struct cursor *in, struct fragment *fragment)
{
    const uint8_t *header = cursor_take(in, FRAGMENT_BYTES);
    if (!header)
        return false;
    *fragment = (struct fragment){.type = header[0],
                                  .sequence = load_be16(header + 4),
                                  .message_bytes = load_be24(header + 1),
                                  .offset = load_be24(header + 6),
                                  .length = load_be24(header + 9),
                                  .bytes = in->at};
    fragment->there = fragment->length < in->left ? fragment->length : in->left;
    cursor_take(in, fragment->there);
    return fragment->offset <= fragment->message_bytes &&
           fragment->length <= fragment->message_bytes - fragment->offset;
}

/* A later message takes the place of an earlier one (the ClientHello that answers a cookie); an
 * earlier one, or one of another length, is left aside. */
static bool is_collected(struct dtls_state *state, const struct fragment *fragment)
{
    if (state->length == 0 || fragment->sequence > state->message_sequence) {
        explicit_bzero(&state->pieces, sizeof state->pieces);
        state->length = fragment->message_bytes;
        state->message_sequence = fragment->sequence;
    }
    return fragment->sequence == state->message_sequence &&
           fragment->message_bytes == state->length;
}

static enum tls_outcome read_fragment(struct dtls_state *state, const struct fragment *fragment,
                                      struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    if (fragment->type != TLS_CLIENT_HELLO || fragment->message_bytes > PIECES_BYTES ||
        fragment->message_bytes == 0)
        return TLS_NOT;
    if (fragment->length < fragment->message_bytes) {
        if (is_collected(state, fragment))
            pieces_add(&state->pieces, fragment->offset, fragment->bytes, fragment->there);
        return TLS_NEED_MORE;
    }
    const struct tls_body body = {fragment->bytes, fragment->there, fragment->message_bytes};
    return tls_read_client_hello(body, true, hello);
}

/* The fragments of one record. */
static enum tls_outcome read_record(struct dtls_state *state, struct cursor record,
                                    struct tls_hello *hello)
{
    enum tls_outcome outcome = TLS_NEED_MORE;
    while (record.left > 0 && outcome == TLS_NEED_MORE) {
        struct fragment fragment;
        if (!take_fragment(&record, &fragment))
            return record.is_short ? TLS_NEED_MORE : TLS_NOT;
        outcome = read_fragment(state, &fragment, hello);
    }
    return outcome;
}

static enum tls_outcome read_datagram(struct dtls_state *state, struct cursor in,
                                      struct tls_hello *hello)
{
    enum tls_outcome outcome = TLS_NEED_MORE;
    while (in.left > 0 && outcome == TLS_NEED_MORE) {
        const uint8_t *header = cursor_take(&in, RECORD_BYTES);
        if (!header)
            return TLS_NEED_MORE;
        if (!is_handshake(header))
            return TLS_NOT;
        const size_t length = load_be16(header + 11);
        const size_t there = length < in.left ? length : in.left;
        outcome = read_record(state, cursor_over(in.at, there), hello);
        cursor_take(&in, there);
    }
    return outcome;
}

/* What the collected fragments say. */
static enum tls_outcome read_collected(const struct dtls_state *state, struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    const size_t ready = pieces_ready(&state->pieces);
    const struct tls_body body = {state->pieces.byte, ready < state->length ? ready : state->length,
                                  state->length};
    return tls_read_client_hello(body, true, hello);
}

enum tls_outcome dtls_read_client(struct dtls_state *state, const uint8_t *bytes, size_t length,
                                  struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    enum tls_outcome outcome = read_datagram(state, cursor_over(bytes, length), hello);
    /* What is not a ClientHello does not spoil the fragments of one that is. */
    if (outcome != TLS_FOUND && state->length > 0)
        outcome = read_collected(state, hello);
    if (outcome == TLS_NEED_MORE && ++state->datagrams >= DTLS_DATAGRAMS_MAX)
        outcome = hello->flags & TLS_CLIENT ? TLS_FOUND : TLS_NOT;
    if (outcome == TLS_NOT)
        explicit_bzero(hello, sizeof *hello);
    return outcome;
}
