/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes small captures for tests: Ethernet, IPv4, one transport, payload of zeros. */
#ifndef CAPTURE_WRITER_H
#define CAPTURE_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct capture_packet {
    uint64_t time_ns;
    uint32_t source, destination; /* IPv4 addresses in host order */
    uint16_t source_port, destination_port;
    uint8_t protocol; /* IP_TCP, IP_UDP; others get no transport header */
    uint8_t tcp_flags;
    uint32_t tcp_sequence;
    uint16_t payload_bytes;
    uint16_t fragment; /* IPv4 flags and offset field */
    uint16_t fragment_id;
};

/* A nanosecond pcap file header; `big_endian` writes it as another machine would. */
void capture_begin(FILE *file, bool big_endian);

/* One record. Returns the frame's length. */
uint32_t capture_write(FILE *file, bool big_endian, const struct capture_packet *packet);

#endif
