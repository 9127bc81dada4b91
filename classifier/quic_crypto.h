/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the QUIC reader: keys and the opening of one packet, by libcrypto. */
#ifndef CLASSIFIER_QUIC_CRYPTO_H
#define CLASSIFIER_QUIC_CRYPTO_H

#include <stdbool.h>

#include "classifier/quic.h"

struct quic_crypto;

/* Returns null without memory, or without SHA-256 or AES-128 in libcrypto. */
struct quic_crypto *quic_crypto_new(void);
void quic_crypto_free(struct quic_crypto *crypto);

/* Is it a version whose Initials can be opened? */
bool quic_version_is_known(uint32_t version);

/* False when the version is not known. */
bool quic_crypto_derive(struct quic_crypto *crypto, uint32_t version, const uint8_t *id,
                        size_t id_length, struct quic_keys *keys);

/* A long header packet: `number_at` bytes of header in front of the packet number, `length` in all.
 */
struct quic_packet {
    const uint8_t *bytes;
    size_t number_at;
    size_t length;
};

/* Removes header protection and decrypts into `plain`, which has room for QUIC_PACKET_MAX. False
 * when it is not authentic under these keys; `plain` is then wiped. */
bool quic_crypto_open(struct quic_crypto *crypto, const struct quic_keys *keys,
                      const struct quic_packet *packet, uint8_t *plain, size_t *plain_bytes);

#endif
