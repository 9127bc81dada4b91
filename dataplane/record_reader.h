/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the records of a plain pcap file where they lie in its buffer, many to a system call. For
 * what nearly every capture file is, once libpcap has opened it: a regular file of version 2.4 in
 * this machine's byte order, of Ethernet. libpcap, which reads all the others, copies each record
 * twice. */
#ifndef RECORD_READER_H
#define RECORD_READER_H

#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/frame.h"

enum {
    RECORD_BYTES_MAX = 262144, /* libpcap's own limit for what a record holds */
    RECORD_READER_BYTES = RECORD_BYTES_MAX + 65536,
};

/* Start with file -1. */
struct record_reader {
    int file;                /* borrowed; -1 while there is none */
    uint32_t snapshot_bytes; /* longer records are cut to this, as libpcap does */
    uint32_t unit_ns;        /* of the fractions of seconds */
    size_t at;               /* first byte not read yet */
    size_t end;              /* behind the last byte there is */
    bool is_over;            /* the file has no more */
    uint8_t bytes[RECORD_READER_BYTES];
};

/* Takes over the reading of `opened`, which has read no more than the file's header; false when it
 * is none of the plain ones, and nothing has changed. `first` is the file's first byte. */
bool record_reader_open(struct record_reader *reader, pcap_t *opened, int first);

enum record_outcome {
    RECORD_READ,
    RECORD_WAITS, /* for record_reader_fill */
    RECORD_END,
    RECORD_BROKEN, /* `error` says how; nothing more is to be had */
};

/* The next record, borrowed until record_reader_fill. */
enum record_outcome record_reader_next(struct record_reader *reader, struct frame *record,
                                       struct error *error);

/* Reads on; what was lent is gone. Returns 0 or -errno. */
int record_reader_fill(struct record_reader *reader);

#endif
