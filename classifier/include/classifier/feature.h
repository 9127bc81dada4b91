/* SPDX-License-Identifier: BSD-3-Clause */
/* What the headers tier sees of a flow: sizes, directions and times of its first data packets, in
 * integers. No payload byte, address, port, TTL, sequence number or absolute time is among them.
 *
 *     data packet   1 2 3 4 5 6 7 8 │ 9 ... 64
 *                   feature_head    │ feature_tail      28 bytes in every flow │ 64 where needed
 *                     ▲   ▲     ▲         ▲
 *     checkpoints     2   4     8        16  32  64     feature_read: values for a model
 *
 * Sides: `forward` is the side that opened the connection where its SYN or the answer to it was
 * seen, else the side of the first packet; so each half of an asymmetric connection counts on the
 * side it does in the whole. Times are whole microseconds; a gap is kept as
 * floor(4 log2(microseconds)), quarter octaves, 0 below one microsecond. Gaps behind which time
 * ran backwards are 0; gaps are right up to 35 minutes.
 *
 * The round trip is the time from the last SYN of direction 0 to the next packet of that direction
 * that is none, which takes both ways once wherever the capture stands, and can be told from one
 * half; without one, from a forward data packet to a backward one right behind it. Paces are gaps
 * divided by it: a satellite link stretches gaps and leaves paces as they are. */
#ifndef CLASSIFIER_FEATURE_H
#define CLASSIFIER_FEATURE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "classifier/packet.h"

enum {
    FEATURE_HEAD_PACKETS = 8,
    FEATURE_LAST_PACKET = 64, /* nothing is counted behind it */
    FEATURE_CHECKPOINTS = 6,  /* data packets 2, 4, 8, 16, 32, 64 */
    FEATURE_RUNS = 4,
    FEATURE_SIZE_MAX = 2047, /* larger payloads are what a machine joined before it was captured */
    FEATURE_MISSING = INT16_MIN,
};

/* Numbers, in the order of feature_get. They are stable within one program only: files name
 * features by name. */
enum feature {
    FEATURE_TRANSPORT,
    FEATURE_PACKETS,
    FEATURE_SIZE_FIRST,
    FEATURE_GAP_FIRST = FEATURE_SIZE_FIRST + FEATURE_HEAD_PACKETS,
    FEATURE_PACE_FIRST = FEATURE_GAP_FIRST + FEATURE_HEAD_PACKETS - 1,
    FEATURE_RUN_FIRST = FEATURE_PACE_FIRST + FEATURE_HEAD_PACKETS - 1,
    FEATURE_FORWARD_PACKETS = FEATURE_RUN_FIRST + FEATURE_RUNS,
    FEATURE_FORWARD_MEAN,
    FEATURE_FORWARD_SPREAD,
    FEATURE_FORWARD_LEAST,
    FEATURE_FORWARD_MOST,
    FEATURE_BACKWARD_PACKETS,
    FEATURE_BACKWARD_MEAN,
    FEATURE_BACKWARD_SPREAD,
    FEATURE_BACKWARD_LEAST,
    FEATURE_BACKWARD_MOST,
    FEATURE_FORWARD_SHARE,
    FEATURE_TURNS,
    FEATURE_MEAN_GAP,
    FEATURE_MEAN_PACE,
    FEATURE_GAP_SPREAD,
    FEATURE_LONGEST_GAP,
    FEATURE_LONGEST_PACE,
    FEATURE_RUN_GAP,
    FEATURE_RUN_PACE,
    FEATURE_TURN_GAP,
    FEATURE_TURN_PACE,
    FEATURE_REPEATS,
    FEATURE_RESIDUES,
    FEATURE_MULTIPLES_OF_8,
    FEATURE_MULTIPLES_OF_16,
    FEATURE_FULL,
    FEATURES,
};

/* Begins zeroed. Direction and whether there was a packet are in the size: payload bytes + 1,
 * negative for backward ones, 0 for none. */
struct feature_head {
    int16_t sizes[FEATURE_HEAD_PACKETS];
    uint8_t gaps[FEATURE_HEAD_PACKETS - 1]; /* quarter octaves, before the 2nd, 3rd ... packet */
    uint8_t round_trip : 7;  /* quarter octaves; 0 not known, FEATURE_ROUND_TRIP_RUNS */
    uint8_t is_reversed : 1; /* direction 1 is the forward side */
    uint32_t last_us;        /* low bits of the last data packet's time; before: of the SYN's */
};

enum { FEATURE_ROUND_TRIP_RUNS = 127 };

struct feature_side {
    uint32_t bytes;   /* of payload, each packet clipped to FEATURE_SIZE_MAX as all below */
    uint32_t squares; /* their sum */
    uint16_t least, most, last;
    uint8_t packets;
    uint8_t full; /* packets as large as `most` */
};

/* What is counted from data packet 9 on, over all packets from the first. */
struct feature_tail {
    struct feature_side sides[2]; /* forward, backward */
    uint32_t last_us;
    uint32_t gap_squares;
    uint16_t gaps[2]; /* sums: within runs, at turns */
    uint8_t turns;
    uint8_t repeats;
    uint8_t residues;
    uint8_t multiples_of_8;
    uint8_t multiples_of_16;
    uint8_t longest_gap;
    uint8_t last_side;
    uint8_t is_reversed;
    uint8_t unused[12];
};

static_assert(sizeof(struct feature_head) == 28, "what flow_detail has to spare");
static_assert(sizeof(struct feature_tail) == 64, "one cache line");

struct feature_info {
    const char *name;       /* in models and data sets: "size_1" */
    const char *unit;       /* "bytes" */
    const char *definition; /* one line */
};

const struct feature_info *feature_get(enum feature feature);

/* The feature of that name, or -1. */
int feature_find(const char *name);

/* Data packets at checkpoint 0 to FEATURE_CHECKPOINTS - 1. */
unsigned feature_checkpoint_packets(unsigned checkpoint);

/* The first checkpoint at which that many data packets, 1 to FEATURE_LAST_PACKET, are complete. */
unsigned feature_checkpoint_of(unsigned data_packets);

/* A TCP packet, before feature_count where it carries data; only those up to the one behind the
 * flow's first data packet matter. `direction` is flow_direction's. Hot. */
void feature_open(struct feature_head *head, const struct packet *packet, unsigned direction);

/* The flow's data packet number `data_packets`, 1 to FEATURE_HEAD_PACKETS. Hot. */
void feature_count(struct feature_head *head, const struct packet *packet, unsigned direction,
                   unsigned data_packets);

/* A full head's counts become a tail's. Hot. */
void feature_tail_begin(struct feature_tail *tail, const struct feature_head *head);

/* Any later data packet up to FEATURE_LAST_PACKET. Hot. */
void feature_tail_count(struct feature_tail *tail, const struct packet *packet, unsigned direction);

/* The values after `data_packets` data packets. `tail` may be null up to FEATURE_HEAD_PACKETS;
 * `protocol` is the IP protocol number. What cannot be told is FEATURE_MISSING. */
void feature_read(const struct feature_head *head, const struct feature_tail *tail,
                  uint8_t protocol, unsigned data_packets, int16_t values[FEATURES]);

#endif
