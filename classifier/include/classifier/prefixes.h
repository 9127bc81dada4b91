/* SPDX-License-Identifier: BSD-3-Clause */
/* Address prefixes given by the user: which side of a packet is the subscriber's. Not a routing
 * table: short lists, asked when a flow begins. Read only once made. */
#ifndef CLASSIFIER_PREFIXES_H
#define CLASSIFIER_PREFIXES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { PREFIXES_MAX = 256 };

struct prefix {
    uint8_t ip_version;  /* 4 or 6 */
    uint8_t bits;        /* 0 to 32, or to 128 */
    uint8_t address[16]; /* IPv4: the first four bytes, the rest zero; zero beyond `bits` */
};

struct prefixes {
    unsigned count;
    struct prefix list[PREFIXES_MAX];
};

/* Adds a list such as "10.0.0.0/8,2001:db8::/32". An address without length is one host. Returns 0,
 * or -EINVAL with `error` saying which part is wrong: also where bits beyond the length are set. */
int prefixes_read(struct prefixes *prefixes, const char *text, struct error *error);

/* Does one of them hold the address? False where there are none. */
bool prefixes_hold(const struct prefixes *prefixes, uint8_t ip_version, const uint8_t *address);

#endif
