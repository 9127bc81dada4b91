/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the first inputs of fuzz_packet (one per row of packet_cases.c) into the folder named
 * first, and those of fuzz_source_pcap (small captures of them) into the second. */
#include <stdio.h>
#include <stdlib.h>

#include "packet_cases.h"

static FILE *create(const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    if (!file) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    return file;
}

static void finish(FILE *file)
{
    if (ferror(file) || fclose(file)) {
        perror("write_corpus");
        exit(EXIT_FAILURE);
    }
}

/* The head that fuzz_packet.c takes its options from, and the frame. */
static void write_packet(const char *folder, unsigned n)
{
    const struct packet_case *row = &packet_cases[n];
    struct frame_builder builder;
    packet_case_build(row, &builder);
    const uint8_t head[8] = {
        (uint8_t)(row->link_type >> 8), (uint8_t)row->link_type,
        (uint8_t)(row->options.scope | (row->options.keep_encapsulated ? 8U : 0U)),
        (uint8_t)(builder.length * 2 / 3 >> 8), (uint8_t)(builder.length * 2 / 3)};
    char name[16];
    snprintf(name, sizeof name, "case-%03u", n);
    FILE *file = create(folder, name);
    fwrite(head, 1, sizeof head, file);
    fwrite(builder.bytes, 1, builder.length, file);
    finish(file);
}

static void put(FILE *file, uint32_t number, unsigned bytes, bool is_big)
{
    for (unsigned i = 0; i < bytes; i++)
        fputc((int)(number >> 8 * (is_big ? bytes - 1 - i : i) & 0xff), file);
}

/* Three frames of the table, in the byte order and resolution asked for. */
static void write_pcap(const char *folder, const char *name, uint32_t magic, bool is_big)
{
    FILE *file = create(folder, name);
    fputc(1, file); /* intervals of half a second */
    put(file, magic, 4, is_big);
    put(file, 2, 2, is_big);
    put(file, 4, 2, is_big);
    put(file, 0, 4, is_big);
    put(file, 0, 4, is_big);
    put(file, 262144, 4, is_big);
    put(file, 1, 4, is_big);
    for (uint32_t n = 0; n < 3; n++) {
        struct frame_builder builder;
        packet_case_build(&packet_cases[n], &builder);
        put(file, 1000 + n, 4, is_big);
        put(file, 999, 4, is_big);
        put(file, builder.length, 4, is_big);
        put(file, builder.length + n, 4, is_big);
        fwrite(builder.bytes, 1, builder.length, file);
    }
    finish(file);
}

static void put_block(FILE *file, uint32_t type, const uint8_t *body, uint32_t bytes)
{
    uint32_t padded = (bytes + 3) & ~3U;
    put(file, type, 4, false);
    put(file, padded + 12, 4, false);
    fwrite(body, 1, bytes, file);
    for (uint32_t i = bytes; i < padded; i++)
        fputc(0, file);
    put(file, padded + 12, 4, false);
}

/* One section, one interface with a resolution of nanoseconds, one enhanced and one simple packet.
 */
static void write_pcapng(const char *folder, const char *name)
{
    enum { SECTION = 0x0a0d0d0a, INTERFACE = 1, SIMPLE = 3, ENHANCED = 6 };
    static const uint8_t section[] = {0x4d, 0x3c, 0x2b, 0x1a, 1,    0,    0,    0,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t interface[] = {1, 0, 0, 0, 0, 0, 4, 0, 9, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0};
    FILE *file = create(folder, name);
    fputc(2, file);
    put_block(file, SECTION, section, sizeof section);
    put_block(file, INTERFACE, interface, sizeof interface);
    struct frame_builder builder;
    packet_case_build(&packet_cases[0], &builder);
    uint8_t body[20 + FRAME_BUILDER_BYTES] = {
        [4] = 1, [12] = (uint8_t)builder.length, [16] = (uint8_t)builder.length};
    for (uint32_t i = 0; i < builder.length; i++)
        body[20 + i] = builder.bytes[i];
    put_block(file, ENHANCED, body, 20 + builder.length);
    put_block(file, SIMPLE, body + 16, 4 + builder.length);
    finish(file);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s PACKET-FOLDER PCAP-FOLDER\n", argv[0]);
        return 2;
    }
    for (unsigned n = 0; n < packet_case_count; n++)
        write_packet(argv[1], n);
    write_pcap(argv[2], "little-microseconds", 0xa1b2c3d4, false);
    write_pcap(argv[2], "big-nanoseconds", 0xa1b23c4d, true);
    write_pcapng(argv[2], "pcapng");
    return EXIT_SUCCESS;
}
