/* SPDX-License-Identifier: BSD-3-Clause */
/* One slot a datagram, no search: fragments are rare and follow each other closely. */
#include "classifier/fragment_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4096 };

/* RFC 8200, section 4.5 gives a datagram 60 seconds, hosts give it 30. */
static const uint64_t lifetime_ns = 30000000000;

struct slot {
    struct flow_key datagram;
    uint64_t time_ns;
    uint16_t source_port;
    uint16_t destination_port;
    bool has_ports;
};

struct fragment_table {
    struct slot slots[SLOTS];
};

int fragment_table_new(struct fragment_table **table, struct error *error)
{
    *table = calloc(1, sizeof **table);
    return *table ? 0 : error_set(error, ENOMEM, "out of memory for the fragment table");
}

void fragment_table_free(struct fragment_table *table)
{
    if (!table)
        return;
    explicit_bzero(table, sizeof *table);
    free(table);
}

void fragment_table_put(struct fragment_table *table, const struct flow_key *datagram,
                        const struct packet *packet)
{
    table->slots[datagram->word[0] % SLOTS] =
        (struct slot){.datagram = *datagram,
                      .time_ns = packet->time_ns,
                      .source_port = packet->source_port,
                      .destination_port = packet->destination_port,
                      .has_ports = packet->has_ports};
}

bool fragment_table_complete(const struct fragment_table *table, const struct flow_key *datagram,
                             struct packet *packet)
{
    const struct slot *slot = &table->slots[datagram->word[0] % SLOTS];
    uint64_t age_ns = packet->time_ns - slot->time_ns; /* wraps, and so fails, when it ran back */
    if (!flow_key_equals(&slot->datagram, datagram) || age_ns > lifetime_ns)
        return false;
    packet->source_port = slot->source_port;
    packet->destination_port = slot->destination_port;
    packet->has_ports = slot->has_ports;
    return true;
}
