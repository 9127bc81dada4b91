/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens QUIC Initial packets, whose keys follow from bytes that every observer sees (RFC 9001
 * section 5.2), and reads the ClientHello in their CRYPTO frames. Versions 1 (RFC 9000), 2 (RFC
 * 9369), drafts 23 to 34, and mvfst's 0xfaceb002, which is draft 27. Opens nothing else: keys of
 * all later packets come from the handshake.
 *
 *     datagram  | Initial | Initial | 0-RTT | Handshake | padding      coalesced, RFC 9000
 * section 12.2 Initial   | flags | version | DCID | SCID | token | length | packet number | frames
 * | tag |
 *                                                                  \__ protected, opened here __/
 *     frames    PADDING, PING, ACK, CRYPTO (offset, length, piece of the ClientHello), CLOSE
 */
#ifndef CLASSIFIER_QUIC_H
#define CLASSIFIER_QUIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/pieces.h"
#include "classifier/tls.h"

enum quic_outcome {
    QUIC_NEED_MORE, /* reads as QUIC; the ClientHello is not complete. `hello` holds what there was
                     */
    QUIC_NOT,       /* no QUIC long header of a version known here, or none that could be opened in
                       QUIC_DATAGRAMS_MAX */
    QUIC_FOUND, /* an Initial was opened, and `hello` is all there will be: without TLS_CLIENT it
                   held something else than a ClientHello */
};

enum {
    QUIC_ID_MAX = 20,       /* bytes of a connection identifier (RFC 9000 section 17.2) */
    QUIC_PACKET_MAX = 4096, /* bytes of a longer Initial are not opened */
    QUIC_DATAGRAMS_MAX = 16,
    QUIC_INITIALS_MAX = 8, /* in one datagram; the rest is not opened */
};

/* What is remembered of a client between its datagrams, in the caller's memory. All zero is fresh.
 * Holds plaintext: the caller wipes it when the flow needs it no longer. */
struct quic_state {
    uint8_t
        id[QUIC_ID_MAX]; /* the destination the keys follow from; unknown while the version is 0 */
    uint8_t id_length;
    uint8_t datagrams; /* read so far; at QUIC_DATAGRAMS_MAX the reader says what it has */
    uint32_t version;  /* of the last Initial that was opened */
    struct pieces pieces;
};

/* libcrypto's contexts and room for one opened packet: one per worker. */
struct quic_reader;

/* Returns 0 or -errno with `error` filled. */
int quic_reader_new(struct quic_reader **reader, struct error *error);

/* Null is fine. */
void quic_reader_free(struct quic_reader *reader);

/* One datagram of a client, in any order. The keys are those of the first Initial that could be
 * opened; after a Retry, or when the first was lost to us, those of a later one's own identifier.
 * Packets that do not open are passed over. Hot: cannot fail, allocates nothing. */
enum quic_outcome quic_read_client(struct quic_reader *reader, struct quic_state *state,
                                   const uint8_t *bytes, size_t length, struct tls_hello *hello);

/* The client's keys for Initial packets. */
struct quic_keys {
    uint8_t key[16];
    uint8_t iv[12];
    uint8_t header[16]; /* "hp" */
};

/* Derives them; false when the version is not known. For tests, and for quic_read_client. */
bool quic_derive_keys(struct quic_reader *reader, uint32_t version, const uint8_t *id,
                      size_t id_length, struct quic_keys *keys);

#endif
