/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads pcapng (draft-ietf-opsawg-pcapng) block by block. libpcap reads it too, but refuses a file
 * whose interfaces differ in link type or snapshot length, as most captures of several do. */
#ifndef PCAPNG_READER_H
#define PCAPNG_READER_H

#include <stdint.h>
#include <stdio.h>

#include "base/error.h"

struct pcapng_reader;

/* One packet, of whichever interface. */
struct pcapng_packet {
    const uint8_t *bytes; /* borrowed until the next call */
    uint64_t time_ns;     /* since 1970; 0 in blocks that carry no time */
    uint32_t captured_bytes;
    uint32_t wire_bytes; /* as the file states it */
    uint16_t link_type;  /* LINKTYPE */
};

enum pcapng_outcome { PCAPNG_PACKET, PCAPNG_END, PCAPNG_BROKEN };

/* Takes `file` over, standing at its first byte; closed also when this fails. Returns 0 or -errno.
 */
int pcapng_reader_new(struct pcapng_reader **reader, FILE *file, struct error *error);

/* Closes the file. Null is fine. */
void pcapng_reader_free(struct pcapng_reader *reader);

/* The next packet; blocks of other kinds are passed over. After PCAPNG_BROKEN, with `error` filled,
 * there is nothing more to be had. */
enum pcapng_outcome pcapng_reader_next(struct pcapng_reader *reader, struct pcapng_packet *packet,
                                       struct error *error);

#endif
