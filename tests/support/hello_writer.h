/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the messages that the readers of names are tried with, from the specifications and not
 * from the readers: hellos, certificates, records, datagrams, QUIC Initials. */
#ifndef HELLO_WRITER_H
#define HELLO_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classifier/quic.h"

struct bytes {
    size_t length;
    uint8_t byte[32768];
};

void bytes_put(struct bytes *bytes, const void *from, size_t length);
void bytes_number(struct bytes *bytes, uint64_t value,
                  unsigned size);                      /* big-endian, `size` bytes */
size_t bytes_open(struct bytes *bytes, unsigned size); /* a length, filled in by */
void bytes_close(struct bytes *bytes, size_t mark, unsigned size);

enum { HELLO_ALPN_MAX = 20, HELLO_VERSIONS_MAX = 8 };

struct hello {
    uint16_t version; /* legacy_version; 0: 0x0303, with DTLS 0xfefd */
    bool is_dtls;
    bool has_grease; /* extension, version and ALPN of RFC 8701 */
    bool has_ech;
    bool has_no_extensions;
    const char *name; /* SNI; null: none */
    const char *alpn[HELLO_ALPN_MAX];
    uint16_t versions[HELLO_VERSIONS_MAX];
    size_t padding; /* bytes of extension 21, RFC 7685 */
    size_t cookie;  /* bytes of DTLS cookie */
};

/* Bodies with the four bytes of handshake header in front. */
void write_client_hello(struct bytes *out, const struct hello *hello);
void write_server_hello(struct bytes *out, uint16_t version, uint16_t chosen, const char *alpn);

/* Certificate message with one certificate, made and signed by libcrypto. Null: without. */
void write_certificate(struct bytes *out, const char *common_name, const char *alternative_names);

/* Cuts `message` into TLS records of at most `record_bytes`. */
void write_records(struct bytes *out, const struct bytes *message, size_t record_bytes);

/* One DTLS record with one fragment of `message`. */
void write_dtls(struct bytes *out, const struct bytes *message, uint16_t sequence, size_t from,
                size_t length);

/* A frame of QUIC, a CRYPTO one. */
void write_crypto(struct bytes *out, const struct bytes *message, size_t from, size_t length);

struct initial {
    uint32_t version;
    uint32_t number;
    const char *id;     /* destination: eight characters */
    const char *key_id; /* that the keys follow from; null: `id` */
    const char *token;  /* null: none */
    size_t least_bytes; /* of the whole packet, filled up with PADDING */
};

/* Seals `frames` into an Initial packet, by libcrypto; keys by quic_derive_keys, which tests hold
 * to the published ones. */
void write_initial(struct bytes *out, const struct initial *initial, const struct bytes *frames);

#endif
