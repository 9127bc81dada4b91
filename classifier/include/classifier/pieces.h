/* SPDX-License-Identifier: BSD-3-Clause */
/* The beginning of a handshake that arrives in pieces, in any order: QUIC CRYPTO frames (RFC 9000
 * section 19.6) and DTLS handshake fragments (RFC 9147 section 5.5). Bounded; not for TCP, whose
 * order is kept elsewhere.
 *
 *     byte     0         1         2         3 ...           PIECES_BYTES
 *     present  1111111111111111000000001111111000000000...
 *              |<-- pieces_ready -->|
 */
#ifndef CLASSIFIER_PIECES_H
#define CLASSIFIER_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PIECES_BYTES = 4096 };

/* All zero is empty. Holds payload: whoever owns one wipes it when its flow needs it no longer. */
struct pieces {
    uint64_t present[PIECES_BYTES / 64]; /* bit i of word w: byte 64 w + i has arrived */
    uint8_t byte[PIECES_BYTES];
};

/* Places `length` bytes at `offset`; where a piece overlaps an earlier one the later one counts
 * (both RFCs forbid them to differ). False, with nothing placed, when they reach beyond
 * PIECES_BYTES. */
bool pieces_add(struct pieces *pieces, uint64_t offset, const uint8_t *bytes, size_t length);

/* How many bytes there are without a gap from the first on. */
size_t pieces_ready(const struct pieces *pieces);

#endif
