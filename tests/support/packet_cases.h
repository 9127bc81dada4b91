/* SPDX-License-Identifier: BSD-3-Clause */
/* What packet_parse must make of frames: one table, for its test and for the fuzzers' corpus. */
#ifndef PACKET_CASES_H
#define PACKET_CASES_H

#include "classifier/packet.h"
#include "frame_builder.h"

/* `value` is written over byte `at` of the layer-th layer, counted from 1; 0 ends the list. */
struct patch {
    unsigned layer, at;
    uint8_t value;
};

/* What is not said is zero; `ip` 0 is the last IP layer, `payload` 0 the payload's own layer. */
struct packet_case {
    const char *name;
    uint16_t link_type;
    enum layer layers[FRAME_BUILDER_LAYERS];
    struct patch patches[4];
    uint32_t lost_bytes; /* cut from the frame's end before anything sees it */
    struct packet_options options;

    enum packet_outcome outcome;
    uint32_t link;
    uint32_t encapsulations;
    unsigned ip;      /* which IP layer the packet is, counted from 1 */
    unsigned payload; /* at which layer its payload starts, counted from 1 */
    uint8_t protocol;
    uint16_t source_port, destination_port;
    enum packet_fragment fragment;
    uint32_t fragment_id;
    uint16_t vlan;
    uint32_t vni, teid;
    uint32_t missing_bytes; /* of the payload, by the IP length beyond the frame */
    bool is_truncated, has_unread_tunnel;
};

extern const struct packet_case packet_cases[];
extern const unsigned packet_case_count;

/* The row's frame into `builder`, whatever that held. */
void packet_case_build(const struct packet_case *row, struct frame_builder *builder);

#endif
