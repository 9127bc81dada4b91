/* SPDX-License-Identifier: BSD-3-Clause */
/* A frame: bytes as captured, when, and how long it was on the wire. */
#ifndef CLASSIFIER_FRAME_H
#define CLASSIFIER_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* How many frames the parts hand to each other at a time. */
enum { FRAME_BURST = 32 };

/* Link types are LINKTYPE_ values of the pcap file format (tcpdump.org/linktypes.html). */
struct frame {
    const uint8_t *bytes;    /* borrowed from the source between its burst and its release */
    uint64_t time_ns;        /* since 1970-01-01 UTC */
    uint32_t captured_bytes; /* readable at `bytes` */
    uint32_t wire_bytes;     /* original length without FCS; never less than captured_bytes */
    uint16_t link_type;
    bool is_cut; /* on purpose, behind the headers: that payload is missing is no truncation */
};

#endif
