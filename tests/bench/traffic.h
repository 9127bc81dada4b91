/* SPDX-License-Identifier: BSD-3-Clause */
/* Traffic of a bench: which flow each packet is of, and the packet's frame. Repeatable. */
#ifndef TRAFFIC_H
#define TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "classifier/frame.h"
#include "random.h"

enum traffic_spread {
    TRAFFIC_UNIFORM, /* every flow as likely as any other */
    TRAFFIC_ZIPF,    /* the k-th most frequent flow with a chance of about 1/k */
};

enum traffic_size {
    TRAFFIC_MINIMUM, /* 60 bytes without FCS */
    TRAFFIC_MIXED,   /* 7 of 60 bytes, 4 of 590, 1 of 1514 in 12 */
};

enum { TRAFFIC_FRAME_MAX = 1514 };

/* The flow of the next packet, below `flows`. */
uint32_t traffic_draw(struct random *random, enum traffic_spread spread, uint32_t flows);

/* How long the next frame shall be. */
uint32_t traffic_size(struct random *random, enum traffic_size size);

/* Writes a UDP frame of `flow` between 10.0.0.0/8 and a name server, from the server's side when
 * `is_answer`. */
void traffic_frame(uint8_t *bytes, uint32_t length, uint32_t flow, bool is_answer);

/* Frames side by side in memory, in the order they are to be classified. */
struct traffic {
    uint32_t packets;
    uint32_t *flow_of;    /* [packets] */
    struct frame *frames; /* [packets]; times are 100 ns apart */
    uint8_t *bytes;
    size_t reserved_bytes; /* at `bytes` */
};

struct traffic_options {
    uint32_t flows;
    uint32_t packets;
    enum traffic_spread spread;
    enum traffic_size size;
    uint64_t start_ns;
};

/* Exits when memory is out. */
void traffic_init(struct traffic *traffic, const struct traffic_options *options);
void traffic_clear(struct traffic *traffic);

/* Makes all frames later. */
void traffic_delay(struct traffic *traffic, uint64_t delay_ns);

#endif
