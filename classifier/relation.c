/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of named endpoints. */
#include "classifier/relation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/keyed_hash.h"
#include "classifier/flow_key.h"
#include "classifier/protocol.h"

enum { BUCKETS = 1 << 14, WAYS = 4, PORT_WORDS = (UINT16_MAX + 1) / 64 };

static const uint64_t life_ns = 300000000000;

struct entry {
    uint32_t tag;      /* never 0 where used */
    uint16_t protocol; /* PROTOCOL_UNKNOWN: free */
    uint64_t named_ns;
};

/* Ports of named endpoints, without addresses: a flow between other ports needs no hash. */
struct named_ports {
    uint64_t word[PORT_WORDS];
};

struct relations {
    struct keyed_hash *hash;
    bool is_used;                /* something was ever put: until then nothing is looked up */
    uint64_t ports_since_ns;     /* when ports[0] was begun */
    struct named_ports ports[2]; /* those named since, and in the life before it */
    struct entry entries[BUCKETS][WAYS];
};

int relations_new(struct relations **relations, struct keyed_hash *hash, struct error *error)
{
    *relations = calloc(1, sizeof **relations);
    if (!*relations)
        return error_set(error, ENOMEM, "out of memory for related flows");
    (*relations)->hash = hash;
    return 0;
}

void relations_free(struct relations *relations)
{
    if (!relations)
        return;
    if (relations->is_used)
        explicit_bzero(relations, sizeof *relations);
    free(relations);
}

/* An entry of the future is another recording's. */
static bool is_alive(const struct entry *entry, uint64_t now_ns)
{
    return entry->protocol && entry->named_ns <= now_ns && now_ns - entry->named_ns <= life_ns;
}

static struct flow_key key_of(struct relations *relations, const struct relation_endpoint *endpoint)
{
    return flow_key_of_endpoint(relations->hash, endpoint->ip_version, endpoint->address,
                                endpoint->port, endpoint->protocol);
}

static struct entry *bucket_of(struct relations *relations, const struct flow_key *key)
{
    return relations->entries[key->word[0] % BUCKETS];
}

static uint32_t tag_of(const struct flow_key *key)
{
    return (uint32_t)key->word[1] | 1;
}

/* What was named before the last two lives began has expired. */
static void note_port(struct relations *relations, uint16_t port, uint64_t now_ns)
{
    if (!relations->is_used)
        relations->ports_since_ns = now_ns;
    if (now_ns > relations->ports_since_ns && now_ns - relations->ports_since_ns > life_ns) {
        relations->ports[1] = relations->ports[0];
        relations->ports[0] = (struct named_ports){{0}};
        relations->ports_since_ns = now_ns;
    }
    relations->ports[0].word[port / 64] |= (uint64_t)1 << port % 64;
}

static bool is_port_named(const struct relations *relations, uint16_t port)
{
    return (relations->ports[0].word[port / 64] | relations->ports[1].word[port / 64]) >>
               port % 64 &
           1;
}

static bool put_one(struct relations *relations, const struct relation_endpoint *endpoint,
                    uint16_t protocol, uint64_t now_ns)
{
    struct flow_key key = key_of(relations, endpoint);
    struct entry *bucket = bucket_of(relations, &key);
    struct entry *chosen = bucket;
    for (unsigned i = 0; i < WAYS; i++) {
        if (bucket[i].tag == tag_of(&key) && bucket[i].protocol) {
            chosen = &bucket[i];
            break;
        }
        bool is_better = is_alive(chosen, now_ns) &&
                         (!is_alive(&bucket[i], now_ns) || bucket[i].named_ns < chosen->named_ns);
        if (is_better)
            chosen = &bucket[i];
    }
    bool is_lost = is_alive(chosen, now_ns) && chosen->tag != tag_of(&key);
    *chosen = (struct entry){.tag = tag_of(&key), .protocol = protocol, .named_ns = now_ns};
    note_port(relations, endpoint->port, now_ns);
    relations->is_used = true;
    return is_lost;
}

bool relations_put(struct relations *relations, const struct relation_endpoint *endpoint,
                   uint16_t protocol, uint64_t now_ns)
{
    if (endpoint->protocol)
        return put_one(relations, endpoint, protocol, now_ns);
    struct relation_endpoint one = *endpoint;
    one.protocol = IP_TCP;
    bool is_lost = put_one(relations, &one, protocol, now_ns);
    one.protocol = IP_UDP;
    return put_one(relations, &one, protocol, now_ns) || is_lost;
}

static uint16_t find_one(struct relations *relations, const struct packet *packet,
                         const uint8_t *address, uint16_t port)
{
    if (!is_port_named(relations, port))
        return PROTOCOL_UNKNOWN;
    struct relation_endpoint endpoint = {
        .ip_version = packet->ip_version, .protocol = packet->protocol, .port = port};
    memcpy(endpoint.address, address, sizeof endpoint.address);
    struct flow_key key = key_of(relations, &endpoint);
    const struct entry *bucket = bucket_of(relations, &key);
    for (unsigned i = 0; i < WAYS; i++) {
        if (bucket[i].tag == tag_of(&key) && is_alive(&bucket[i], packet->time_ns))
            return bucket[i].protocol;
    }
    return PROTOCOL_UNKNOWN;
}

uint16_t relations_find(struct relations *relations, const struct packet *packet)
{
    if (!relations->is_used || !packet->has_ports)
        return PROTOCOL_UNKNOWN;
    uint16_t found = find_one(relations, packet, packet->destination, packet->destination_port);
    if (found)
        return found;
    return find_one(relations, packet, packet->source, packet->source_port);
}
