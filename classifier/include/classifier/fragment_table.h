/* SPDX-License-Identifier: BSD-3-Clause */
/* Lends the ports of a datagram's first fragment to its later ones. Holds keyed hashes and ports of
 * datagrams in flight, for half a minute of packet time, in a fixed number of slots. */
#ifndef CLASSIFIER_FRAGMENT_TABLE_H
#define CLASSIFIER_FRAGMENT_TABLE_H

#include <stdbool.h>

#include "base/error.h"
#include "classifier/flow_key.h"
#include "classifier/packet.h"

struct fragment_table;

/* Returns 0 or -errno. */
int fragment_table_new(struct fragment_table **table, struct error *error);
void fragment_table_free(struct fragment_table *table);

/* Remembers the ports of a first fragment. A full slot is overwritten: its later fragments will be
 * counted as orphans. */
void fragment_table_put(struct fragment_table *table, const struct flow_key *datagram,
                        const struct packet *packet);

/* Gives a later fragment its ports; false when its first fragment is not known. */
bool fragment_table_complete(const struct fragment_table *table, const struct flow_key *datagram,
                             struct packet *packet);

#endif
