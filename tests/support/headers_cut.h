/* SPDX-License-Identifier: BSD-3-Clause */
/* What the XDP program would leave of a frame: its walk, run in this process. */
#ifndef HEADERS_CUT_H
#define HEADERS_CUT_H

#include "classifier/packet.h"

/* `cut` becomes an Ethernet frame that is all there, without more than so much of its payload; its
 * bytes are in memory of their own length, to be freed. */
void headers_cut(struct frame *cut, const struct frame *frame, const struct packet_options *options,
                 uint32_t payload_bytes);

#endif
