/* SPDX-License-Identifier: BSD-3-Clause */
/* The pcap format by hand, so that libpcap is not tested against itself. */
#include "capture_writer.h"

#include <string.h>

#include "classifier/packet.h"

static void put(FILE *file, bool big_endian, uint32_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        unsigned shift = 8 * (big_endian ? bytes - 1 - i : i);
        fputc((int)(number >> shift & 255), file);
    }
}

void capture_begin(FILE *file, bool big_endian)
{
    put(file, big_endian, 0xa1b23c4d, 4);
    put(file, big_endian, 2, 2);
    put(file, big_endian, 4, 2);
    put(file, big_endian, 0, 4);
    put(file, big_endian, 0, 4);
    put(file, big_endian, 262144, 4);
    put(file, big_endian, 1, 4);
}

static uint8_t *store16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
    return at + 2;
}

static uint8_t *store32(uint8_t *at, uint32_t number)
{
    return store16(store16(at, number >> 16), number & 0xffff);
}

static uint8_t *store_transport(uint8_t *at, const struct capture_packet *packet)
{
    bool is_later = packet->fragment & 0x1fff;
    if (is_later || (packet->protocol != IP_TCP && packet->protocol != IP_UDP))
        return at;
    at = store16(store16(at, packet->source_port), packet->destination_port);
    if (packet->protocol == IP_UDP)
        return store16(store16(at, 8u + packet->payload_bytes), 0);
    at = store32(store32(at, packet->tcp_sequence), 0);
    at = store16(at, 5u << 12 | packet->tcp_flags);
    return store32(store16(at, 1024), 0);
}

uint32_t capture_write(FILE *file, bool big_endian, const struct capture_packet *packet)
{
    uint8_t frame[65536] = {0};
    uint8_t *ip = store16(frame + 12, 0x0800);
    uint8_t *end = store_transport(ip + 20, packet) + packet->payload_bytes;
    uint8_t *at = store16(store16(ip, 0x4500), (uint32_t)(end - ip));
    at = store16(store16(at, packet->fragment_id), packet->fragment);
    at = store16(store16(at, 64u << 8 | packet->protocol), 0);
    store32(store32(at, packet->source), packet->destination);
    uint32_t length = (uint32_t)(end - frame);
    put(file, big_endian, (uint32_t)(packet->time_ns / 1000000000), 4);
    put(file, big_endian, (uint32_t)(packet->time_ns % 1000000000), 4);
    put(file, big_endian, length, 4);
    put(file, big_endian, length, 4);
    fwrite(frame, 1, length, file);
    return length;
}
