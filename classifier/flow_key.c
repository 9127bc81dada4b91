/* SPDX-License-Identifier: BSD-3-Clause */
/* Lays tuples out in blocks and chains them (CBC-MAC): one block for IPv4, two with tunnel
 * identities, three for IPv6. Every first block says how long its chain is and what it names, so
 * that no tuple is the beginning of another. */
#include "classifier/flow_key.h"

#include <endian.h>
#include <string.h>

enum { BLOCKS_MAX = 3 };

enum subject { SUBJECT_FLOW = 0, SUBJECT_DATAGRAM = 1, SUBJECT_HOST = 2, SUBJECT_ENDPOINT = 3 };

/* Laid out on the stack, and wiped there: on a quiet line addresses would stay for long. */
struct tuple {
    struct block blocks[BLOCKS_MAX];
    unsigned count;
};

static bool has_scope(const struct packet *packet)
{
    return packet->vlan || packet->vni || packet->teid;
}

/* Byte 13 of the first block: subject and chain length. */
static uint8_t mark_of(enum subject subject, unsigned blocks)
{
    return (uint8_t)(subject << 4 | blocks);
}

static void mark(struct tuple *tuple, enum subject subject)
{
    ((uint8_t *)tuple->blocks)[13] = mark_of(subject, tuple->count);
}

/* First block: 0-3 address, 4-7 address, 8-9 port, 10-11 port, 12 protocol, 13 mark; IPv6 has the
 * addresses in the second and third. The scope of IPv4 is in the second, that of IPv6 in bytes 0-7
 * and 14-15 of the first. */
static uint64_t addresses_of(const struct packet *packet, bool is_reversed)
{
    uint64_t source = load_le32(packet->source);
    uint64_t destination = load_le32(packet->destination);
    return is_reversed ? destination | source << 32 : source | destination << 32;
}

static uint64_t ports_of(const struct packet *packet, bool is_reversed)
{
    uint64_t source = packet->source_port;
    uint64_t destination = packet->destination_port;
    return is_reversed ? destination | source << 16 : source | destination << 16;
}

/* How many blocks the chain has. Which way a packet runs nobody can foresee: no branch is taken on
 * it. */
static unsigned lay_out_first(const struct packet *packet, struct block *block)
{
    bool is_reversed = flow_key_is_reversed(packet);
    bool is_short = packet->ip_version == 4;
    unsigned blocks = is_short ? 1 + has_scope(packet) : 3;
    uint64_t first =
        is_short ? addresses_of(packet, is_reversed) : packet->vni | (uint64_t)packet->teid << 32;
    uint64_t second = ports_of(packet, is_reversed) | (uint64_t)packet->protocol << 32 |
                      (uint64_t)mark_of(SUBJECT_FLOW, blocks) << 40;
    if (!is_short)
        second |= (uint64_t)packet->vlan << 48;
    block->word[0] = htole64(first);
    block->word[1] = htole64(second);
    return blocks;
}

/* All of them. */
static void lay_out_flow(const struct packet *packet, struct tuple *tuple)
{
    bool is_reversed = flow_key_is_reversed(packet);
    uint8_t *bytes = (uint8_t *)tuple->blocks;
    memset(tuple->blocks, 0, sizeof tuple->blocks);
    tuple->count = lay_out_first(packet, &tuple->blocks[0]);
    if (packet->ip_version == 4) {
        memcpy(bytes + 16, &packet->vni, 4);
        memcpy(bytes + 20, &packet->teid, 4);
        memcpy(bytes + 24, &packet->vlan, 2);
    } else {
        memcpy(bytes + 16, is_reversed ? packet->destination : packet->source, 16);
        memcpy(bytes + 32, is_reversed ? packet->source : packet->destination, 16);
    }
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

/* Goes on with the tuples that have a block number `round`, from what the rounds before left in
 * `keys`. */
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
        in[used].word[0] = tuples[i].blocks[round].word[0] ^ keys[i].word[0];
        in[used].word[1] = tuples[i].blocks[round].word[1] ^ keys[i].word[1];
        owner[used++] = (uint8_t)i;
    }
    keyed_hash_blocks(hash, in, out, used);
    for (size_t i = 0; i < used; i++)
        memcpy(&keys[owner[i]], &out[i], sizeof *keys);
    explicit_bzero(in, used * sizeof *in);
}

/* Of a whole burst, some longer than a block. */
static void name_long(struct keyed_hash *hash, const struct packet *const *packets,
                      struct flow_key *keys, size_t count, unsigned longest)
{
    struct tuple tuples[KEYED_HASH_BURST];
    for (size_t i = 0; i < count; i++)
        lay_out_flow(packets[i], &tuples[i]);
    for (unsigned round = 1; round < longest; round++)
        hash_round(hash, tuples, keys, count, round);
    explicit_bzero(tuples, count * sizeof *tuples);
}

void flow_key_of_flows(struct keyed_hash *hash, const struct packet *const *packets,
                       struct flow_key *keys, size_t count)
{
    struct block first[KEYED_HASH_BURST];
    struct block names[KEYED_HASH_BURST];
    unsigned longest = 1;
    if (!count)
        return;
    for (size_t i = 0; i < count; i++) {
        unsigned blocks = lay_out_first(packets[i], &first[i]);
        longest = blocks > longest ? blocks : longest;
    }
    keyed_hash_blocks(hash, first, names, count);
    memcpy(keys, names, count * sizeof *keys);
    if (longest > 1)
        name_long(hash, packets, keys, count, longest);
    explicit_bzero(first, count * sizeof *first);
}

static struct flow_key key_of_tuple(struct keyed_hash *hash, struct tuple *tuple)
{
    struct block out;
    hash_tuple(hash, tuple, &out);
    explicit_bzero(tuple, sizeof *tuple);
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
