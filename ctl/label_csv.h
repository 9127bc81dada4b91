/* SPDX-License-Identifier: BSD-3-Clause */
/* The truth CSV: labelled flows as rows that eval and the trainer read. RFC 4180 but for the line
 * ends, which are LF. */
#ifndef LABEL_CSV_H
#define LABEL_CSV_H

#include <stdio.h>

#include "dataplane/label.h"

/* Writes the header and one row per flow, in their order:
 *
 *   capture                          name of the capture the flows are in, or empty
 *   l4                               tcp or udp
 *   a_ip,a_port,b_ip,b_port          the ends; a is the numerically lower
 *   protocol,service                 the label; service may be empty
 *   first,last                       seconds since 1970-01-01 UTC, nine decimals
 *   ends                             whose sockets were seen: a, b or ab
 *   packets_ab,ip_bytes_ab           on the wire from a to b, as label.h counts; bytes from the IP
 *   packets_ba,ip_bytes_ba           header on, so a captured frame has its link header more
 *   arrived_packets_ab, ...          of these, what the receiving end's sockets saw; 0 where the
 *                                    receiving end is not among `ends`
 *
 * `epoch_ns` is what CLOCK_REALTIME is ahead of CLOCK_MONOTONIC. The caller asks `out` for errors.
 */
void label_csv_write(FILE *out, const char *capture, const struct label_flow *flows, size_t count,
                     uint64_t epoch_ns);

#endif
