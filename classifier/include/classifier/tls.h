/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads what TLS and DTLS say in the clear: the client's ClientHello, and the server's ServerHello
 * and first certificate up to TLS 1.2. Decrypts nothing, keeps nothing.
 *
 *     TCP    | record header 5 | handshake header 4 | body ...            RFC 8446 section 5.1
 *            a message may be cut over several records, a record may hold several messages
 *     UDP    | record header 13 | handshake header 12 | piece of body ... RFC 9147 section 4, 5.2
 *     QUIC   | handshake header 4 | body ...                              RFC 9001 section 4.1.3
 *
 * The readers of streams are pure functions of the bytes from the first TLS byte on: they are
 * called again with more of the stream until they stop saying TLS_NEED_MORE. The answer to a longer
 * stream is the same once it is TLS_FOUND or TLS_NOT.
 */
#ifndef CLASSIFIER_TLS_H
#define CLASSIFIER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classifier/pieces.h"

enum tls_outcome {
    TLS_NEED_MORE, /* so far it reads as TLS; `hello` holds what was complete, for a caller who can
                      or will not wait */
    TLS_NOT,       /* not TLS, or not well formed; `hello` says nothing */
    TLS_FOUND,     /* `hello` is all there is to know */
};

enum tls_flag {
    TLS_CLIENT = 1,         /* a ClientHello */
    TLS_SERVER = 2,         /* a ServerHello */
    TLS_CERTIFICATE = 4,    /* `name` is the certificate's, not the client's */
    TLS_ECH = 8,            /* Encrypted ClientHello (RFC 9849, extension 0xfe0d, outer form) or its
                               forerunner ESNI (0xffce): `name`, if any, may be the provider's public
                               name. Browsers send it as GREASE too, which nobody can tell apart */
    TLS_NAME_REFUSED = 16,  /* there was a name that is no host name: it is not given */
    TLS_ALPN_OVERFLOW = 32, /* more ALPN names than TLS_ALPN_MAX were offered */
};

enum { TLS_NAME_MAX = 253, TLS_ALPN_MAX = 16, TLS_ALPN_BYTES = 20 };

struct tls_alpn {
    uint8_t length; /* of the name on the wire; names longer than TLS_ALPN_BYTES are cut */
    char name[TLS_ALPN_BYTES]; /* not ended by a zero; any byte may occur (RFC 7301 section 3.1) */
};

/* Copied from the stream, so it outlives it; wiped by the caller. */
struct tls_hello {
    uint32_t flags;      /* set of enum tls_flag */
    uint16_t version;    /* client: the highest it offers; server: the one chosen. As on the wire:
                            0x0303 is TLS 1.2, 0xfefd DTLS 1.2; 0 while unknown. Drafts of TLS 1.3
                            (0x7f..) are 0x0304 */
    uint8_t name_length; /* 0: no name */
    uint8_t alpn_count;
    char
        name[TLS_NAME_MAX + 1]; /* SNI (RFC 6066 section 3) or the certificate's, ended by a zero */
    struct tls_alpn alpn[TLS_ALPN_MAX]; /* client: offered, in its order, without GREASE (RFC 8701);
                                           server: the one chosen */
};

/* A handshake message that is cut over records is joined here. Contents mean nothing between calls
 * and are wiped by the reader. */
enum { TLS_JOINED_MAX = 16384 };
struct tls_scratch {
    uint8_t byte[TLS_JOINED_MAX];
};

/* The client's side of a TLS stream. `scratch` is only written to. */
enum tls_outcome tls_read_client(const uint8_t *bytes, size_t length, struct tls_scratch *scratch,
                                 struct tls_hello *hello);

/* The server's side: ServerHello, then for TLS 1.2 and below the first certificate's subject common
 * name (RFC 5280 section 4.1.2.6) if it is a host name, else its first dNSName (section 4.2.1.6). A
 * leading "*." is dropped. A resumed or a TLS 1.3 handshake shows none. Alerts of level warning
 * before the ServerHello are passed over (RFC 6066 section 3: unrecognized_name). */
enum tls_outcome tls_read_server(const uint8_t *bytes, size_t length, struct tls_scratch *scratch,
                                 struct tls_hello *hello);

/* A ClientHello handshake message without records, as QUIC carries it. Not all of it need be there.
 */
enum tls_outcome tls_read_client_message(const uint8_t *bytes, size_t length,
                                         struct tls_hello *hello);

/* What is remembered of a DTLS client between datagrams: fragments of its ClientHello. All zero is
 * fresh. */
struct dtls_state {
    uint32_t length;           /* of the message that is collected; 0: none yet */
    uint16_t message_sequence; /* its number */
    uint8_t datagrams;         /* read without a result; at DTLS_DATAGRAMS_MAX the reader says
                                  TLS_FOUND of what it has, or TLS_NOT */
    struct pieces pieces;      /* body of the message */
};

enum { DTLS_DATAGRAMS_MAX = 16 };

/* One datagram of a DTLS 1.0, 1.2 or 1.3 client (RFC 4347, 6347, 9147), in any order. TLS_NOT when
 * it is no plaintext handshake record, or the ClientHello does not fit PIECES_BYTES. */
enum tls_outcome dtls_read_client(struct dtls_state *state, const uint8_t *bytes, size_t length,
                                  struct tls_hello *hello);

#endif
