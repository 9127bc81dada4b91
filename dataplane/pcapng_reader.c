/* SPDX-License-Identifier: BSD-3-Clause */
/* Sections, interfaces and packets; everything else in a pcapng file is stepped over. */
#include "pcapng_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum block_type {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_OLD_PACKET = 2, /* obsolete, still met */
    BLOCK_SIMPLE_PACKET = 3,
    BLOCK_PACKET = 6,
};

enum {
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    BLOCK_BYTES_MIN = 12,
    BLOCK_BYTES_MAX = 16 << 20, /* beyond: a broken length, not a block */
    INTERFACES_MAX = 1 << 20,
    OPTION_END = 0,
    OPTION_TIME_RESOLUTION = 9,
    OPTION_TIME_OFFSET = 14,
};

struct interface {
    uint64_t units_per_second;
    int64_t offset_seconds;
    uint32_t snap_bytes; /* 0: no limit */
    uint16_t link_type;
};

struct pcapng_reader {
    FILE *file;
    bool is_swapped; /* the section's byte order is not ours */
    bool has_section;
    unsigned interface_count;
    unsigned interface_room;
    struct interface *interfaces;
    uint32_t block_room;
    uint32_t body_bytes; /* of the block read last, without type and lengths */
    uint8_t *body;
};

static uint16_t load16(const struct pcapng_reader *reader, const uint8_t *bytes)
{
    uint16_t number;
    memcpy(&number, bytes, sizeof number);
    return reader->is_swapped ? __builtin_bswap16(number) : number;
}

static uint32_t load32(const struct pcapng_reader *reader, const uint8_t *bytes)
{
    uint32_t number;
    memcpy(&number, bytes, sizeof number);
    return reader->is_swapped ? __builtin_bswap32(number) : number;
}

static uint64_t load64(const struct pcapng_reader *reader, const uint8_t *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return reader->is_swapped ? __builtin_bswap64(number) : number;
}

int pcapng_reader_new(struct pcapng_reader **reader, FILE *file, struct error *error)
{
    struct pcapng_reader *made = calloc(1, sizeof *made);
    if (!made) {
        fclose(file);
        return error_set(error, ENOMEM, "out of memory for reading captures");
    }
    made->file = file;
    *reader = made;
    return 0;
}

void pcapng_reader_free(struct pcapng_reader *reader)
{
    if (!reader)
        return;
    fclose(reader->file);
    if (reader->body)
        explicit_bzero(reader->body, reader->block_room);
    free(reader->body);
    free(reader->interfaces);
    free(reader);
}

static enum pcapng_outcome broken(struct error *error, const char *text)
{
    error_set(error, EINVAL, "%s", text);
    return PCAPNG_BROKEN;
}

static enum pcapng_outcome broken_read(const struct pcapng_reader *reader, struct error *error)
{
    if (ferror(reader->file))
        return broken(error, strerror(errno));
    return broken(error, "truncated: the file ends in the middle of a block");
}

/* A section states the byte order of all that follows in it, its own length included. */
static bool take_byte_order(struct pcapng_reader *reader, const uint8_t *magic)
{
    uint32_t stated;
    memcpy(&stated, magic, sizeof stated);
    reader->is_swapped = stated == __builtin_bswap32(BYTE_ORDER_MAGIC);
    reader->has_section = reader->is_swapped || stated == BYTE_ORDER_MAGIC;
    reader->interface_count = 0;
    return reader->has_section;
}

static bool make_room(struct pcapng_reader *reader, uint32_t bytes)
{
    if (bytes <= reader->block_room)
        return true;
    uint8_t *larger = realloc(reader->body, bytes);
    if (!larger)
        return false;
    reader->body = larger;
    reader->block_room = bytes;
    return true;
}

/* Reads one block's type and body; PCAPNG_PACKET stands for any block here. */
static enum pcapng_outcome read_block(struct pcapng_reader *reader, uint32_t *type,
                                      struct error *error)
{
    uint8_t head[12];
    size_t got = fread(head, 1, sizeof head, reader->file);
    if (got == 0 && !ferror(reader->file))
        return PCAPNG_END;
    if (got < sizeof head)
        return broken_read(reader, error);
    *type = load32(reader, head);
    if (*type == BLOCK_SECTION && !take_byte_order(reader, head + 8))
        return broken(error, "a section without a byte order that is known");
    if (!reader->has_section)
        return broken(error, "unknown file format");
    uint32_t block_bytes = load32(reader, head + 4);
    if (block_bytes < BLOCK_BYTES_MIN || block_bytes > BLOCK_BYTES_MAX || block_bytes % 4)
        return broken(error, "a block of impossible length");
    if (!make_room(reader, block_bytes))
        return broken(error, "out of memory for a block");
    /* The last four bytes of `head` are the body's first, or in the shortest block its trailer. */
    reader->body_bytes = block_bytes - BLOCK_BYTES_MIN;
    memcpy(reader->body, head + 8, 4);
    size_t left = block_bytes - sizeof head;
    if (fread(reader->body + 4, 1, left, reader->file) < left)
        return broken_read(reader, error);
    return PCAPNG_PACKET;
}

/* if_tsresol: a power of ten, or of two when the high bit is set. */
static uint64_t units_of_resolution(uint8_t resolution)
{
    unsigned exponent = resolution & 0x7f;
    if (resolution & 0x80)
        return exponent < 64 ? (uint64_t)1 << exponent : 0;
    uint64_t units = 1;
    for (unsigned i = 0; i < exponent; i++) {
        if (units > UINT64_MAX / 10)
            return 0;
        units *= 10;
    }
    return units;
}

static void take_option(const struct pcapng_reader *reader, struct interface *interface,
                        uint16_t code, const uint8_t *value, uint16_t length)
{
    if (code == OPTION_TIME_RESOLUTION && length >= 1)
        interface->units_per_second = units_of_resolution(value[0]);
    if (code == OPTION_TIME_OFFSET && length >= 8)
        interface->offset_seconds = (int64_t)load64(reader, value);
}

static void take_options(const struct pcapng_reader *reader, struct interface *interface,
                         uint32_t offset)
{
    while (offset + 4 <= reader->body_bytes) {
        uint16_t code = load16(reader, reader->body + offset);
        uint16_t length = load16(reader, reader->body + offset + 2);
        if (code == OPTION_END || length > reader->body_bytes - offset - 4)
            return;
        take_option(reader, interface, code, reader->body + offset + 4, length);
        offset += 4 + (length + 3u) / 4 * 4;
    }
}

static bool add_interface(struct pcapng_reader *reader, const struct interface *interface)
{
    if (reader->interface_count == reader->interface_room) {
        unsigned room = reader->interface_room ? 2 * reader->interface_room : 16;
        if (room > INTERFACES_MAX)
            return false;
        struct interface *larger = realloc(reader->interfaces, room * sizeof *larger);
        if (!larger)
            return false;
        reader->interfaces = larger;
        reader->interface_room = room;
    }
    reader->interfaces[reader->interface_count++] = *interface;
    return true;
}

static bool take_interface(struct pcapng_reader *reader)
{
    if (reader->body_bytes < 8)
        return false;
    struct interface interface = {.units_per_second = 1000000,
                                  .snap_bytes = load32(reader, reader->body + 4),
                                  .link_type = load16(reader, reader->body)};
    take_options(reader, &interface, 8);
    return interface.units_per_second && add_interface(reader, &interface);
}

static uint64_t time_of(const struct interface *interface, uint64_t units)
{
    const uint64_t second_ns = 1000000000;
    uint64_t seconds = units / interface->units_per_second;
    unsigned __int128 rest = units % interface->units_per_second;
    uint64_t rest_ns = (uint64_t)(rest * second_ns / interface->units_per_second);
    seconds += (uint64_t)interface->offset_seconds;
    const uint64_t seconds_max = UINT64_MAX / 1000000000 - 1;
    return (seconds < seconds_max ? seconds : seconds_max) * second_ns + rest_ns;
}

/* Fills in what all packet blocks share; false when the block does not hold what it states. */
static bool fill_packet(const struct pcapng_reader *reader, struct pcapng_packet *packet,
                        uint32_t interface_index, uint32_t data_offset)
{
    if (interface_index >= reader->interface_count ||
        packet->captured_bytes > reader->body_bytes - data_offset)
        return false;
    packet->link_type = reader->interfaces[interface_index].link_type;
    packet->bytes = reader->body + data_offset;
    return true;
}

static bool take_packet(const struct pcapng_reader *reader, uint32_t type,
                        struct pcapng_packet *packet)
{
    enum { HEADER_BYTES = 20 };
    const uint8_t *body = reader->body;
    if (reader->body_bytes < HEADER_BYTES)
        return false;
    uint32_t index = type == BLOCK_PACKET ? load32(reader, body) : load16(reader, body);
    packet->captured_bytes = load32(reader, body + 12);
    packet->wire_bytes = load32(reader, body + 16);
    if (!fill_packet(reader, packet, index, HEADER_BYTES))
        return false;
    uint64_t units = (uint64_t)load32(reader, body + 4) << 32 | load32(reader, body + 8);
    packet->time_ns = time_of(&reader->interfaces[index], units);
    return true;
}

/* No captured length is stated: the shortest of wire, snapshot length and block. */
static bool take_simple_packet(const struct pcapng_reader *reader, struct pcapng_packet *packet)
{
    enum { HEADER_BYTES = 4 };
    if (reader->body_bytes < HEADER_BYTES || reader->interface_count == 0)
        return false;
    packet->wire_bytes = load32(reader, reader->body);
    packet->captured_bytes = packet->wire_bytes;
    uint32_t snap_bytes = reader->interfaces[0].snap_bytes;
    if (snap_bytes && packet->captured_bytes > snap_bytes)
        packet->captured_bytes = snap_bytes;
    packet->time_ns = 0;
    return fill_packet(reader, packet, 0, HEADER_BYTES);
}

enum pcapng_outcome pcapng_reader_next(struct pcapng_reader *reader, struct pcapng_packet *packet,
                                       struct error *error)
{
    for (;;) {
        uint32_t type = 0;
        enum pcapng_outcome outcome = read_block(reader, &type, error);
        if (outcome != PCAPNG_PACKET)
            return outcome;
        bool is_packet = type == BLOCK_PACKET || type == BLOCK_OLD_PACKET;
        if (type == BLOCK_INTERFACE && !take_interface(reader))
            return broken(error, "an interface description that does not read");
        if (is_packet && !take_packet(reader, type, packet))
            return broken(error, "a packet block that does not hold what it states");
        if (type == BLOCK_SIMPLE_PACKET && !take_simple_packet(reader, packet))
            return broken(error, "a packet block that does not hold what it states");
        if (is_packet || type == BLOCK_SIMPLE_PACKET)
            return PCAPNG_PACKET;
    }
}
