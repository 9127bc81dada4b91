/* SPDX-License-Identifier: BSD-3-Clause */
/* Endpoints that one flow's messages named for others: a SIP call's media, an FTP transfer's data
 * connection, a tracker's peers. Kept as keyed hashes, never as addresses; bounded and expiring.
 *
 *     endpoint ─ keyed hash ─► bucket [4 entries: tag, protocol, when]      one line
 *
 * A full bucket gives up its oldest entry, which is counted while it had not expired. One writer,
 * no locks. */
#ifndef CLASSIFIER_RELATION_H
#define CLASSIFIER_RELATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/packet.h"
#include "classifier/rules.h"

/* `protocol` is IP_TCP or IP_UDP, or 0 for both. */
struct relation_endpoint {
    uint8_t ip_version;
    uint8_t protocol;
    uint16_t port;
    uint8_t address[16]; /* IPv4: the first four bytes, the rest zero */
};

enum { RELATION_ENDPOINTS = 64 }; /* taken from one message */

/* What a message names: at most RELATION_ENDPOINTS, the rest is left out. */
struct relation_names {
    unsigned count;
    struct relation_endpoint endpoint[RELATION_ENDPOINTS];
};

/* Reads the endpoints out of one payload. `packet` says who sent it to whom. Hot: cannot fail. */
void relation_extract(enum rule_extractor extractor, const struct packet *packet,
                      struct relation_names *names);

struct keyed_hash;
struct relations;

/* `hash` is borrowed. Returns 0 or -errno with `error` filled. */
int relations_new(struct relations **relations, struct keyed_hash *hash, struct error *error);

/* Wipes. Null is fine. */
void relations_free(struct relations *relations);

/* Notes that a flow from or to the endpoint is `protocol`. Returns whether an entry that had not
 * expired was given up for it. */
bool relations_put(struct relations *relations, const struct relation_endpoint *endpoint,
                   uint16_t protocol, uint64_t now_ns);

/* What the packet's destination or source was said to be; PROTOCOL_UNKNOWN when neither was named
 * within the last five minutes. */
uint16_t relations_find(struct relations *relations, const struct packet *packet);

#endif
