/* SPDX-License-Identifier: BSD-3-Clause */
/* Which flows have names, whose payload holds them, and when to stop asking; the reading itself is
 * name.h's. */
#ifndef CLASSIFIER_SIGNATURE_NAMES_H
#define CLASSIFIER_SIGNATURE_NAMES_H

#include "classifier/name.h"
#include "classifier/watch.h"

/* Payload packets a side that are read for a name. */
enum { SIGNATURE_NAME_PACKETS = 16 };

struct signature_names;

/* `protocols` and `services` are borrowed. Returns 0 or -errno with `error` filled. */
int signature_names_new(struct signature_names **names, const struct protocols *protocols,
                        const struct services *services, struct error *error);

/* Null is fine. */
void signature_names_free(struct signature_names *names);

/* One payload of a flow whose protocol is certain. */
struct signature_naming {
    uint16_t protocol;
    enum watch_naming state; /* in and out */
    union name_state *names; /* of the flow; null while it has none */
    bool is_client;
    bool are_sides_known;
    bool is_stream;
    const uint8_t *bytes; /* a stream from its first byte on, or a datagram */
    size_t length;
    uint16_t service;             /* out: SERVICE_NONE when none was told */
    uint16_t inner;               /* out: what runs inside, or PROTOCOL_UNKNOWN */
    const union name_state *kept; /* out: to be kept for the flow; null when there is nothing */
};

/* Returns whether more payload is wanted. Hot: cannot fail. */
bool signature_names_read(struct signature_names *names, struct signature_naming *naming);

#endif
