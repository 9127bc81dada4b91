/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture files, one after the other: pcap, pcapng, micro- and nanoseconds. */
#ifndef DATAPLANE_SOURCE_PCAP_H
#define DATAPLANE_SOURCE_PCAP_H

#include "base/error.h"
#include "dataplane/source.h"

struct source_pcap_options {
    const char *const *files; /* "-" is standard input; borrowed for the source's life */
    unsigned file_count;
    uint64_t interval_ns; /* 0: the whole run is one interval */
    struct complaint complaint;
};

/* Files are opened one by one as they are reached: one that cannot be opened, or ends in the middle
 * of a record, is complained about, and the next is read. Returns 0 or -errno. */
int source_pcap_new(struct source **source, const struct source_pcap_options *options,
                    struct error *error);

#endif
