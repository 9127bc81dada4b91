/* SPDX-License-Identifier: BSD-3-Clause */
/* Lays tuples out in blocks and chains them (CBC-MAC): one block for IPv4, two with tunnel
 * identities, three for IPv6. Every first block says how long its chain is and what it names, so
 * that no tuple is the beginning of another. */
#include "classifier/flow_key.h"

#include <string.h>

enum { BLOCKS_MAX = 3 };

enum subject { SUBJECT_FLOW = 0, SUBJECT_DATAGRAM = 1, SUBJECT_HOST = 2, SUBJECT_ENDPOINT = 3 };

struct tuple {
    struct block blocks[BLOCKS_MAX];
    unsigned count;
};

static bool has_scope(const struct packet *packet)
{
    return packet->vlan || packet->vni || packet->teid;
}

bool flow_key_is_reversed(const struct packet *packet)
{
    int order = memcmp(packet->source, packet->destination, sizeof packet->source);
    return order > 0 || (order == 0 && packet->source_port > packet->destination_port);
}

/* Byte 13 of the first block: subject and chain length. */
static void mark(struct tuple *tuple, enum subject subject)
{
    ((uint8_t *)tuple->blocks)[13] = (uint8_t)(subject << 4 | tuple->count);
}

/* First block: 0-3 address, 4-7 address, 8-9 port, 10-11 port, 12 protocol, 13 mark; IPv6 has the
 * addresses in the second and third. The scope of IPv4 is in the second, that of IPv6 in bytes 0-7
 * and 14-15 of the first. */
static void lay_out_flow(const struct packet *packet, struct tuple *tuple)
{
    bool is_reversed = flow_key_is_reversed(packet);
    const uint8_t *low = is_reversed ? packet->destination : packet->source;
    const uint8_t *high = is_reversed ? packet->source : packet->destination;
    uint16_t ports[2] = {is_reversed ? packet->destination_port : packet->source_port,
                         is_reversed ? packet->source_port : packet->destination_port};
    uint8_t *bytes = (uint8_t *)tuple->blocks;
    memset(tuple->blocks, 0, sizeof tuple->blocks);
    memcpy(bytes + 8, ports, sizeof ports);
    bytes[12] = packet->protocol;
    if (packet->ip_version == 4) {
        memcpy(bytes, low, 4);
        memcpy(bytes + 4, high, 4);
        memcpy(bytes + 16, &packet->vni, 4);
        memcpy(bytes + 20, &packet->teid, 4);
        memcpy(bytes + 24, &packet->vlan, 2);
        tuple->count = has_scope(packet) ? 2 : 1;
    } else {
        memcpy(bytes, &packet->vni, 4);
        memcpy(bytes + 4, &packet->teid, 4);
        memcpy(bytes + 14, &packet->vlan, 2);
        memcpy(bytes + 16, low, 16);
        memcpy(bytes + 32, high, 16);
        tuple->count = 3;
    }
    mark(tuple, SUBJECT_FLOW);
}

static void hash_tuple(struct keyed_hash *hash, const struct tuple *tuple, struct block *out)
{
    struct block chained = tuple->blocks[0];
    keyed_hash_blocks(hash, &chained, out, 1);
    for (unsigned i = 1; i < tuple->count; i++) {
        chained.word[0] = tuple->blocks[i].word[0] ^ out->word[0];
        chained.word[1] = tuple->blocks[i].word[1] ^ out->word[1];
        keyed_hash_blocks(hash, &chained, out, 1);
    }
}

/* One pass over all tuples that have a block number `round`. */
static void hash_round(struct keyed_hash *hash, const struct tuple *tuples, struct flow_key *keys,
                       size_t count, unsigned round)
{
    struct block in[KEYED_HASH_BURST];
    struct block out[KEYED_HASH_BURST];
    uint8_t owner[KEYED_HASH_BURST];
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (tuples[i].count <= round)
            continue;
        in[used] = tuples[i].blocks[round];
        if (round) {
            in[used].word[0] ^= keys[i].word[0];
            in[used].word[1] ^= keys[i].word[1];
        }
        owner[used++] = (uint8_t)i;
    }
    if (!used)
        return;
    keyed_hash_blocks(hash, in, out, used);
    for (size_t i = 0; i < used; i++)
        memcpy(&keys[owner[i]], &out[i], sizeof *keys);
}

void flow_key_of_flows(struct keyed_hash *hash, const struct packet *const *packets,
                       struct flow_key *keys, size_t count)
{
    struct tuple tuples[KEYED_HASH_BURST];
    for (size_t i = 0; i < count; i++)
        lay_out_flow(packets[i], &tuples[i]);
    for (unsigned round = 0; round < BLOCKS_MAX; round++)
        hash_round(hash, tuples, keys, count, round);
}

static struct flow_key key_of_tuple(struct keyed_hash *hash, const struct tuple *tuple)
{
    struct block out;
    hash_tuple(hash, tuple, &out);
    return (struct flow_key){{out.word[0], out.word[1]}};
}

struct flow_key flow_key_of_datagram(struct keyed_hash *hash, const struct packet *packet)
{
    struct tuple tuple = {.count = 3};
    uint8_t *bytes = (uint8_t *)tuple.blocks;
    memcpy(bytes, &packet->fragment_id, 4);
    bytes[12] = packet->protocol;
    bytes[14] = packet->ip_version;
    memcpy(bytes + 16, packet->source, 16);
    memcpy(bytes + 32, packet->destination, 16);
    mark(&tuple, SUBJECT_DATAGRAM);
    return key_of_tuple(hash, &tuple);
}

static struct flow_key key_of_host(struct keyed_hash *hash, uint8_t ip_version,
                                   const uint8_t *address)
{
    struct tuple tuple = {.count = 2};
    uint8_t *bytes = (uint8_t *)tuple.blocks;
    bytes[14] = ip_version;
    memcpy(bytes + 16, address, 16);
    mark(&tuple, SUBJECT_HOST);
    return key_of_tuple(hash, &tuple);
}

struct flow_key flow_key_of_source(struct keyed_hash *hash, const struct packet *packet)
{
    return key_of_host(hash, packet->ip_version, packet->source);
}

struct flow_key flow_key_of_destination(struct keyed_hash *hash, const struct packet *packet)
{
    return key_of_host(hash, packet->ip_version, packet->destination);
}

struct flow_key flow_key_of_endpoint(struct keyed_hash *hash, uint8_t ip_version,
                                     const uint8_t *address, uint16_t port, uint8_t protocol)
{
    struct tuple tuple = {.count = 2};
    uint8_t *bytes = (uint8_t *)tuple.blocks;
    memcpy(bytes + 8, &port, sizeof port);
    bytes[12] = protocol;
    bytes[14] = ip_version;
    memcpy(bytes + 16, address, 16);
    mark(&tuple, SUBJECT_ENDPOINT);
    return key_of_tuple(hash, &tuple);
}
