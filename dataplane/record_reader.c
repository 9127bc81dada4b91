/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a file's records in place. What is wrong with a file is said as libpcap says it. */
#include "record_reader.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    FILE_HEADER_BYTES = 24,
    MICROSECONDS_FIRST = 0xd4, /* of 0xa1b2c3d4, low byte first */
    NANOSECONDS_FIRST = 0x4d,  /* of 0xa1b23c4d */
};

/* seconds, fraction, captured, wire */
struct record_header {
    uint32_t word[4];
};

bool record_reader_open(struct record_reader *reader, pcap_t *opened, int first)
{
    struct stat status;
    int file = fileno(pcap_file(opened));
    bool is_plain = file != STDIN_FILENO &&
                    (first == MICROSECONDS_FIRST || first == NANOSECONDS_FIRST) &&
                    !pcap_is_swapped(opened) && pcap_datalink(opened) == DLT_EN10MB &&
                    pcap_major_version(opened) == 2 && pcap_minor_version(opened) == 4 &&
                    pcap_snapshot(opened) > 0;
    if (!is_plain || fstat(file, &status) || !S_ISREG(status.st_mode) ||
        lseek(file, FILE_HEADER_BYTES, SEEK_SET) != FILE_HEADER_BYTES)
        return false;
    reader->file = file;
    reader->snapshot_bytes = (uint32_t)pcap_snapshot(opened);
    reader->unit_ns = first == NANOSECONDS_FIRST ? 1 : 1000;
    reader->at = 0;
    reader->end = 0;
    reader->is_over = false;
    return true;
}

/* What comes behind a fault is not looked at. */
static enum record_outcome give_up(struct record_reader *reader)
{
    reader->at = reader->end;
    reader->is_over = true;
    return RECORD_BROKEN;
}

static enum record_outcome truncated(struct record_reader *reader, const char *what,
                                     size_t wanted_bytes, size_t got_bytes, struct error *error)
{
    error_set(error, EINVAL, "truncated dump file; tried to read %zu %s bytes, only got %zu",
              wanted_bytes, what, got_bytes);
    return give_up(reader);
}

/* Fractions beyond a second are a broken file's. */
static uint64_t time_of(const struct record_reader *reader, const struct record_header *header)
{
    const uint64_t second_ns = 1000000000;
    return header->word[0] * second_ns + (uint64_t)header->word[1] * reader->unit_ns % second_ns;
}

enum record_outcome record_reader_next(struct record_reader *reader, struct frame *record,
                                       struct error *error)
{
    struct record_header header;
    size_t left = reader->end - reader->at;
    if (left < sizeof header && !reader->is_over)
        return RECORD_WAITS;
    if (left < sizeof header)
        return left ? truncated(reader, "header", sizeof header, left, error) : RECORD_END;
    memcpy(&header, reader->bytes + reader->at, sizeof header);
    uint32_t captured_bytes = header.word[2];
    if (captured_bytes > RECORD_BYTES_MAX) {
        error_set(error, EINVAL, "invalid packet capture length %u, bigger than maximum of %d",
                  captured_bytes, RECORD_BYTES_MAX);
        return give_up(reader);
    }
    if (left < sizeof header + captured_bytes && !reader->is_over)
        return RECORD_WAITS;
    if (left < sizeof header + captured_bytes)
        return truncated(reader, "captured", captured_bytes, left - sizeof header, error);
    reader->at += sizeof header;
    *record = (struct frame){
        .bytes = reader->bytes + reader->at,
        .time_ns = time_of(reader, &header),
        .captured_bytes =
            captured_bytes < reader->snapshot_bytes ? captured_bytes : reader->snapshot_bytes,
        .wire_bytes = header.word[3],
        .link_type = DLT_EN10MB,
    };
    reader->at += captured_bytes;
    return RECORD_READ;
}

int record_reader_fill(struct record_reader *reader)
{
    size_t left = reader->end - reader->at;
    memmove(reader->bytes, reader->bytes + reader->at, left);
    reader->at = 0;
    reader->end = left;
    ssize_t got;
    do {
        got = read(reader->file, reader->bytes + left, sizeof reader->bytes - left);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return -errno;
    reader->end += (size_t)got;
    reader->is_over = got == 0;
    return 0;
}
