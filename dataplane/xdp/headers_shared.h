/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program and its user side agree on: options, the stamp on each frame, counts. */
#ifndef HEADERS_SHARED_H
#define HEADERS_SHARED_H

#include <linux/types.h>
#include <stdbool.h>

/* By this the options are found in the program's object file, where they are filled in before it is
 * loaded: a program is never attached with options that are not yet known. */
#define HEADERS_MARK "glassbox.headers"

/* Payload bytes left: all of them, that is, frames pass as they are, without a stamp. */
#define HEADERS_WHOLE 0xffffffffu

struct headers_options {
    char mark[sizeof HEADERS_MARK];
    bool keep_encapsulated; /* as in struct packet_options */
    __u32 payload_bytes;    /* left of each packet's payload, or HEADERS_WHOLE */
};

enum {
    HEADERS_STAMP_MARK = 0x676c6273,
    HEADERS_LEAST_BYTES = 14, /* an Ethernet header: a shorter frame is left alone */
};

/* Stands where the link addresses were, which nobody reads. In the machine's byte order. */
struct headers_stamp {
    __u32 mark;
    __u32 wire_bytes; /* as the frame came */
    __u32 zero;
};

/* One processor's. */
struct headers_counts {
    __u64 seen_frames; /* by the program, of all queues */
    __u64 seen_bytes;
    __u64 redirected_frames; /* handed over to a socket: fetched, waiting, or dropped by it */
    __u64 redirected_bytes;  /* on the wire */
    __u64 passed_frames;     /* left to the kernel: nobody listens to their queue */
    __u64 failed_frames;     /* dropped here: could not be cut, or the socket was just gone */
};

#endif
