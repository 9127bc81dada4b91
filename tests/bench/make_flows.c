/* SPDX-License-Identifier: BSD-3-Clause */
/* make_flows OUT PACKETS FLOWS: a capture of minimum-size UDP frames, each of a flow drawn at
 * random. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { FRAME_BYTES = 60, RECORD_BYTES = 16 };

static void put16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint32_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

/* The first rounds visit every flow once, the rest is drawn: exactly so many flows come out. */
static uint32_t flow_of(struct random *random, uint64_t packet, uint32_t flows)
{
    return packet < flows ? (uint32_t)packet : (uint32_t)random_below(random, flows);
}

static void write_packet(FILE *out, uint64_t packet, uint32_t flow)
{
    uint8_t frame[FRAME_BYTES] = {0};
    uint32_t record[4] = {1700000000 + (uint32_t)(packet / 1000000), (uint32_t)(packet % 1000000),
                          FRAME_BYTES, FRAME_BYTES};
    put16(frame + 12, 0x0800);
    put16(frame + 14, 0x4500);
    put16(frame + 16, 46);
    frame[22] = 64;
    frame[23] = 17;
    put32(frame + 26, 0x0a000000 + flow);
    put32(frame + 30, 0xc0a80001);
    put16(frame + 34, 1024 + flow % 60000);
    put16(frame + 36, 53);
    put16(frame + 38, 26);
    fwrite(record, 1, RECORD_BYTES, out);
    fwrite(frame, 1, FRAME_BYTES, out);
}

int main(int argc, char **argv)
{
    static const uint32_t header[6] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, 65535, 1};
    struct random random = {1};
    if (argc != 4) {
        fputs("usage: make_flows OUT PACKETS FLOWS\n", stderr);
        return 2;
    }
    uint64_t packets = strtoull(argv[2], NULL, 10);
    uint32_t flows = (uint32_t)strtoul(argv[3], NULL, 10);
    FILE *out = fopen(argv[1], "wb");
    if (!out || !flows) {
        perror(argv[1]);
        return 1;
    }
    fwrite(header, 1, sizeof header, out);
    for (uint64_t packet = 0; packet < packets; packet++)
        write_packet(out, packet, flow_of(&random, packet, flows));
    return fclose(out) ? 1 : 0;
}
