/* SPDX-License-Identifier: BSD-3-Clause */
/* The chi-square signature of an endpoint's payloads: how far each of the first 24 nibbles is from
 * being uniform over a window of 80 packets. Not a classifier: kiss_model.h is.
 *
 *     payload   b0      b1      b2            b11
 *     nibbles   0   1   2   3   4   5   ...   22  23        high half of a byte first
 *               │
 *               └─► counts[0][16]: how often each value stood there in this window
 *                   squares[0]:    the sum of these counts' squares, kept up as they grow
 *
 * Finamore, Mellia, Meo, Rossi, "KISS: Stochastic Packet Inspection Classifier for UDP Traffic",
 * IEEE/ACM ToN 18(5), 2010: with C = 80 packets, G = 24 nibbles and E = C/16 = 5 expected of each
 * value, X = sum over values of (O - E)^2 / E = 0.2 * sum O^2 - 80. A nibble that never changes
 * gives 1200, one with k of its 4 bits constant about 80 * (2^k - 1), a uniform one about 15.
 *
 * An endpoint is one (address, transport, port); a packet belongs to the endpoint that sent it and
 * to the one it was sent to, so that an endpoint's window holds what it sends and receives as they
 * come. Windows follow each other without overlap. A packet with fewer than 12 payload bytes says
 * nothing about some nibbles and is left out. The paper's abstract leaves these three open; they
 * are read as by the published reimplementation (P. Foremski, libspi, 2011). The sums do not depend
 * on order; where a capture has one direction only, a window fills with that direction alone, so
 * models are trained on such windows, too.
 *
 * TCP (La Mantia, Rossi, Finamore, Mellia, Meo, ICC 2010): only the first five data segments of
 * each connection count, so that what is learnt is how connections begin, not what they carry. */
#ifndef CLASSIFIER_KISS_H
#define CLASSIFIER_KISS_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    KISS_BYTES = 12,   /* N: of each payload */
    KISS_NIBBLES = 24, /* G */
    KISS_VALUES = 16,  /* of a nibble */
    KISS_WINDOW = 80,  /* C: packets */
    KISS_SEGMENTS = 5, /* P: data segments of a TCP connection */
    KISS_LEVEL = 400,  /* sum O^2 of a window in which all values are equally often */
    KISS_DEVIATION_MOST = KISS_WINDOW * KISS_WINDOW - KISS_LEVEL,
};

/* A window under way: 434 bytes. All zero is an empty one. */
struct kiss {
    uint8_t counts[KISS_NIBBLES][KISS_VALUES];
    uint16_t squares[KISS_NIBBLES];
    uint16_t packets;
};

static_assert(KISS_WINDOW <= UINT8_MAX, "a count fits its byte");
static_assert(sizeof(struct kiss) == 434, "what DESIGN reckons with");

/* Deviation of each nibble in a full window: the root of chi-square, sqrt(5 X KISS_DEVIATION_MOST)
 * with 5 X = sum O^2 - 400, rounded down; from 0 to KISS_DEVIATION_MOST. Of a uniform nibble it is
 * about 670 with a spread of 120, of one with one constant bit 1660 with 70, of a constant one
 * 6000.
 *
 * The paper takes X as it is. Chance moves X in proportion to its root, so that on X's own scale a
 * uniform nibble (75 of 6000) and one of which half the values are missing (400 of 6000) lie as
 * close as two halves of one mixed nibble do; on this scale they lie apart. */
struct kiss_signature {
    int16_t deviation[KISS_NIBBLES];
};

/* Counts one payload of at least KISS_BYTES bytes. True when that was the window's last packet: it
 * is then to be read and restarted before the next update. Hot. */
bool kiss_update(struct kiss *kiss, const uint8_t *payload);

/* Reads a full window. */
void kiss_read(const struct kiss *kiss, struct kiss_signature *signature);

/* Begins the next window. */
void kiss_restart(struct kiss *kiss);

#endif
