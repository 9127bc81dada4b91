/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks numbers up; nothing else. */
#include "classifier/tier_ports.h"

static uint16_t owner_of_ports(const struct protocols *protocols, enum number_space space,
                               const struct packet *packet)
{
    bool is_source_lower = packet->source_port < packet->destination_port;
    uint16_t lower = is_source_lower ? packet->source_port : packet->destination_port;
    uint16_t higher = is_source_lower ? packet->destination_port : packet->source_port;
    uint16_t owner = protocols_by_number(protocols, space, lower);
    return owner != PROTOCOL_UNKNOWN ? owner : protocols_by_number(protocols, space, higher);
}

uint16_t tier_ports_decide(const struct protocols *protocols, const struct packet *packet)
{
    uint16_t owner = PROTOCOL_UNKNOWN;
    if (packet->has_ports && packet->protocol == IP_TCP)
        owner = owner_of_ports(protocols, NUMBERS_TCP, packet);
    else if (packet->has_ports && packet->protocol == IP_UDP)
        owner = owner_of_ports(protocols, NUMBERS_UDP, packet);
    else if (packet->has_ports && packet->protocol == IP_SCTP)
        owner = owner_of_ports(protocols, NUMBERS_SCTP, packet);
    if (owner != PROTOCOL_UNKNOWN)
        return owner;
    return protocols_by_number(protocols, NUMBERS_IP, packet->protocol);
}
