/* SPDX-License-Identifier: BSD-3-Clause */
/* The names under which tables know flows, fragments and hosts: keyed hashes of addresses, never
 * the addresses. */
#ifndef CLASSIFIER_FLOW_KEY_H
#define CLASSIFIER_FLOW_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cursor.h"
#include "base/keyed_hash.h"
#include "classifier/packet.h"

/* 128 bits: among a thousand million flows two share a name with a chance of about 10^-21. */
struct flow_key {
    uint64_t word[2];
};

static inline bool flow_key_equals(const struct flow_key *a, const struct flow_key *b)
{
    return a->word[0] == b->word[0] && a->word[1] == b->word[1];
}

/* The smaller (address, port) first: both directions have one name. Asked several times a packet.
 */
static inline bool flow_key_is_reversed(const struct packet *packet)
{
    uint64_t source = load_be64(packet->source);
    uint64_t destination = load_be64(packet->destination);
    if (source == destination) {
        source = load_be64(packet->source + 8);
        destination = load_be64(packet->destination + 8);
    }
    bool is_tie = source == destination;
    bool is_higher_port = packet->source_port > packet->destination_port;
    return (source > destination) | (is_tie & is_higher_port);
}

/* Names the flows of up to KEYED_HASH_BURST packets: transport, both addresses and ports, and
 * the packet's VLAN, VNI and TEID. Canonical: independent of the packet's direction. Hot. */
void flow_key_of_flows(struct keyed_hash *hash, const struct packet *const *packets,
                       struct flow_key *keys, size_t count);

/* Names what the fragments of one datagram share: addresses in order, protocol, identification. */
struct flow_key flow_key_of_datagram(struct keyed_hash *hash, const struct packet *packet);

/* Names the host that sent the packet. */
struct flow_key flow_key_of_source(struct keyed_hash *hash, const struct packet *packet);

/* Names the host that it is for: the same name when that host sends. */
struct flow_key flow_key_of_destination(struct keyed_hash *hash, const struct packet *packet);

/* Names one end of flows: 16 bytes of address (IPv4: the first four, the rest zero), port and IP
 * protocol number. */
struct flow_key flow_key_of_endpoint(struct keyed_hash *hash, uint8_t ip_version,
                                     const uint8_t *address, uint16_t port, uint8_t protocol);

#endif
