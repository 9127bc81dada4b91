/* SPDX-License-Identifier: BSD-3-Clause */
/* make_flood REAL OUT SYNS: the frames of an Ethernet capture, 100 us apart, with so many SYNs
 * spread between them that nobody sent: each from an address and port of its own, never answered.
 * With 0, the capture as it would be without them. */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { SYN_BYTES = 60, SPACING_US = 100 };

static const unsigned long start_s = 1700000000;

struct flood {
    FILE *out;
    unsigned long real; /* frames written */
    unsigned long syns;
    struct random random;
};

static void write_frame(struct flood *flood, const uint8_t *bytes, uint32_t captured_bytes,
                        uint32_t wire_bytes)
{
    unsigned long time_us = flood->real * SPACING_US;
    uint32_t record[4] = {(uint32_t)(start_s + time_us / 1000000), (uint32_t)(time_us % 1000000),
                          captured_bytes, wire_bytes};
    fwrite(record, sizeof record, 1, flood->out);
    fwrite(bytes, captured_bytes, 1, flood->out);
}

static void write_syn(struct flood *flood)
{
    uint8_t frame[SYN_BYTES] = {[12] = 0x08, [14] = 0x45, [17] = 40, [22] = 64, [23] = 6};
    uint64_t drawn = random_next(&flood->random);
    memcpy(frame + 26, &drawn, 4);             /* from anywhere */
    memcpy(frame + 30, "\xc0\xa8\x00\x01", 4); /* to one server */
    memcpy(frame + 34, (const uint8_t *)&drawn + 4, 2);
    frame[36] = 443 >> 8;
    frame[37] = 443 & 255;
    frame[46] = 0x50;
    frame[47] = 2; /* SYN */
    write_frame(flood, frame, SYN_BYTES, SYN_BYTES);
    flood->syns++;
}

static pcap_t *open_real(const char *path)
{
    char reason[PCAP_ERRBUF_SIZE];
    pcap_t *reader = pcap_open_offline(path, reason);
    if (!reader) {
        fprintf(stderr, "make_flood: %s\n", reason);
        exit(1);
    }
    return reader;
}

static unsigned long count_real(const char *path)
{
    pcap_t *reader = open_real(path);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    unsigned long count = 0;
    while (pcap_next_ex(reader, &header, &bytes) == 1)
        count++;
    pcap_close(reader);
    return count;
}

static void mix(struct flood *flood, const char *path, unsigned long syns)
{
    const unsigned long all = count_real(path);
    pcap_t *reader = open_real(path);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    while (pcap_next_ex(reader, &header, &bytes) == 1) {
        write_frame(flood, bytes, header->caplen, header->len);
        flood->real++;
        while (flood->syns < (unsigned long)((double)syns * (double)flood->real / (double)all))
            write_syn(flood);
    }
    while (flood->syns < syns)
        write_syn(flood);
    pcap_close(reader);
}

int main(int argc, char **argv)
{
    static const uint32_t header[6] = {0xa1b2c3d4, 4u << 16 | 2, 0, 0, 262144, 1};
    struct flood flood = {.random = {11}};
    if (argc != 4) {
        fputs("usage: make_flood REAL OUT SYNS\n", stderr);
        return 2;
    }
    flood.out = fopen(argv[2], "wb");
    if (!flood.out) {
        perror(argv[2]);
        return 1;
    }
    fwrite(header, sizeof header, 1, flood.out);
    mix(&flood, argv[1], strtoul(argv[3], NULL, 10));
    printf("{\"real\": %lu, \"syns\": %lu}\n", flood.real, flood.syns);
    return fclose(flood.out) ? 1 : 0;
}
