/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks the packets of a datagram (RFC 9000 section 17.2) and the frames of its Initials (section
 * 19), and collects the ClientHello. */
#include "classifier/quic.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "quic_crypto.h"

struct quic_reader {
    struct quic_crypto *crypto;
    uint8_t plain[QUIC_PACKET_MAX];
};

int quic_reader_new(struct quic_reader **reader, struct error *error)
{
    struct quic_reader *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the QUIC reader");
    made->crypto = quic_crypto_new();
    if (!made->crypto) {
        free(made);
        return error_set(error, ENOTSUP, "libcrypto offers no AES-128-GCM or SHA-256");
    }
    *reader = made;
    return 0;
}

void quic_reader_free(struct quic_reader *reader)
{
    if (!reader)
        return;
    quic_crypto_free(reader->crypto);
    explicit_bzero(reader->plain, sizeof reader->plain);
    free(reader);
}

bool quic_derive_keys(struct quic_reader *reader, uint32_t version, const uint8_t *id,
                      size_t id_length, struct quic_keys *keys)
{
    return quic_crypto_derive(reader->crypto, version, id, id_length, keys);
}

/* Variable-length integer (RFC 9000 section 16); 0 when short. */
static uint64_t take_varint(struct cursor *in)
{
    const uint8_t *first = cursor_take(in, 1);
    const size_t more = first ? (size_t)(1 << (first[0] >> 6)) - 1 : 0;
    const uint8_t *rest = cursor_take(in, more);
    if (!rest || !first)
        return 0;
    uint64_t value = first[0] & 0x3f;
    for (size_t i = 0; i < more; i++)
        value = value << 8 | rest[i];
    return value;
}

/* Steps over `length` bytes, which may be more than a size_t holds. */
static const uint8_t *take_bytes(struct cursor *in, uint64_t length)
{
    return cursor_take(in, length > SIZE_MAX ? SIZE_MAX : (size_t)length);
}

/* Long header packets, by the two type bits; version 2 numbers them anew (RFC 9369 section 3.2). */
static bool is_initial(uint8_t first, uint32_t version)
{
    const unsigned type = first >> 4 & 3;
    return type == (version == 0x6b3343cf ? 1 : 0);
}

static bool is_retry(uint8_t first, uint32_t version)
{
    const unsigned type = first >> 4 & 3;
    return type == (version == 0x6b3343cf ? 0 : 3);
}

/* One long header. */
struct long_header {
    uint32_t version;
    uint8_t id_length;
    const uint8_t *id;
    bool is_initial;
    struct quic_packet packet;
};

/* Reads the next packet's header and steps over the packet. False when it has none, or is cut: a
 * packet that is not all there cannot be opened. */
static bool take_packet(struct cursor *in, struct long_header *header)
{
    enum { LONG_FORM = 0x80, FIXED_BIT = 0x40 };
    const uint8_t *start = in->at;
    const uint8_t *fixed = cursor_take(in, 6);
    if (!fixed || (fixed[0] & (LONG_FORM | FIXED_BIT)) != (LONG_FORM | FIXED_BIT))
        return false;
    header->version = load_be32(fixed + 1);
    if (!quic_version_is_known(header->version) || fixed[5] > QUIC_ID_MAX)
        return false;
    header->id_length = fixed[5];
    header->id = cursor_take(in, fixed[5]);
    const uint8_t *source = cursor_take(in, 1);
    if (!source || source[0] > QUIC_ID_MAX || !cursor_take(in, source[0]) ||
        is_retry(fixed[0], header->version))
        return false;
    header->is_initial = is_initial(fixed[0], header->version);
    if (header->is_initial)
        take_bytes(in, take_varint(in)); /* token */
    const uint64_t length = take_varint(in);
    const size_t number_at = (size_t)(in->at - start);
    if (!take_bytes(in, length))
        return false;
    header->packet = (struct quic_packet){start, number_at, number_at + (size_t)length};
    return true;
}

/* ACK frames (RFC 9000 section 19.3): stepped over. */
static void skip_ack(struct cursor *in, bool has_ecn)
{
    take_varint(in); /* largest acknowledged */
    take_varint(in); /* delay */
    const uint64_t ranges = take_varint(in);
    take_varint(in); /* first range */
    for (uint64_t i = 0; i < ranges && !in->is_short; i++) {
        take_varint(in);
        take_varint(in);
    }
    for (unsigned i = 0; has_ecn && i < 3; i++)
        take_varint(in);
}

/* CRYPTO frame (section 19.6). False when it lies beyond what is collected. */
static bool read_crypto(struct cursor *in, struct pieces *pieces)
{
    const uint64_t offset = take_varint(in);
    const uint64_t length = take_varint(in);
    const uint8_t *bytes = take_bytes(in, length);
    return !bytes || pieces_add(pieces, offset, bytes, (size_t)length);
}

/* The frames an Initial may hold (section 12.4); the first that is another, or cut, or a piece that
 * cannot be kept, ends the reading. */
static void read_frames(struct cursor in, struct pieces *pieces)
{
    enum { PADDING = 0, PING = 1, ACK = 2, ACK_ECN = 3, CRYPTO = 6 };
    bool is_good = true;
    while (in.left > 0 && is_good && !in.is_short) {
        switch (take_varint(&in)) {
        case PADDING:
        case PING:
            break;
        case ACK:
            skip_ack(&in, false);
            break;
        case ACK_ECN:
            skip_ack(&in, true);
            break;
        case CRYPTO:
            is_good = read_crypto(&in, pieces);
            break;
        default:
            return;
        }
    }
}

/* Opens under the keys of `id`. */
static bool open_packet(struct quic_reader *reader, const struct long_header *header,
                        const uint8_t *id, size_t id_length, size_t *plain_bytes)
{
    struct quic_keys keys;
    return quic_crypto_derive(reader->crypto, header->version, id, id_length, &keys) &&
           quic_crypto_open(reader->crypto, &keys, &header->packet, reader->plain, plain_bytes);
}

static bool open_initial(struct quic_reader *reader, struct quic_state *state,
                         const struct long_header *header, size_t *plain_bytes)
{
    const bool is_known = state->version != 0;
    if (is_known && open_packet(reader, header, state->id, state->id_length, plain_bytes)) {
        state->version = header->version;
        return true;
    }
    if (is_known && state->id_length == header->id_length &&
        memcmp(state->id, header->id, header->id_length) == 0)
        return false;
    if (!open_packet(reader, header, header->id, header->id_length, plain_bytes))
        return false;
    memcpy(state->id, header->id, header->id_length);
    state->id_length = header->id_length;
    state->version = header->version;
    return true;
}

/* Reads every packet of a datagram. False when none was QUIC. */
static bool read_datagram(struct quic_reader *reader, struct quic_state *state, struct cursor in)
{
    bool is_quic = false;
    struct long_header header;
    unsigned initials = 0;
    while (in.left > 0 && initials < QUIC_INITIALS_MAX && take_packet(&in, &header)) {
        size_t plain_bytes = 0;
        is_quic = true;
        initials += header.is_initial;
        if (!header.is_initial || !open_initial(reader, state, &header, &plain_bytes))
            continue;
        read_frames(cursor_over(reader->plain, plain_bytes), &state->pieces);
        explicit_bzero(reader->plain, plain_bytes);
    }
    return is_quic;
}

enum quic_outcome quic_read_client(struct quic_reader *reader, struct quic_state *state,
                                   const uint8_t *bytes, size_t length, struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    const bool is_quic = read_datagram(reader, state, cursor_over(bytes, length));
    const bool is_opened = state->version != 0;
    if (!is_quic && !is_opened)
        return QUIC_NOT;
    const enum tls_outcome outcome =
        tls_read_client_message(state->pieces.byte, pieces_ready(&state->pieces), hello);
    const bool is_last = ++state->datagrams >= QUIC_DATAGRAMS_MAX;
    if (is_opened && (outcome != TLS_NEED_MORE || is_last))
        return QUIC_FOUND;
    return is_last ? QUIC_NOT : QUIC_NEED_MORE;
}
