/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports tier: what a box of 1999 knows. */
#ifndef CLASSIFIER_TIER_PORTS_H
#define CLASSIFIER_TIER_PORTS_H

#include "classifier/packet.h"
#include "classifier/protocol.h"

/* Who owns the packet's lower port, else its higher one, else its IP protocol number;
 * PROTOCOL_UNKNOWN when nobody does. */
uint16_t tier_ports_decide(const struct protocols *protocols, const struct packet *packet);

#endif
