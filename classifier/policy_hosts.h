/* SPDX-License-Identifier: BSD-3-Clause */
/* Buckets and volumes of single endpoints, found by the keyed hash of their address. A fixed number
 * of endpoints, in sets of eight; a full set forgets the one idle for longest. Private to the
 * policy.
 *
 *     keyed hash ─► set [8 names | 8 times] ─► accounts [one for each rule per endpoint]
 */
#ifndef POLICY_HOSTS_H
#define POLICY_HOSTS_H

#include "base/error.h"
#include "classifier/flow_key.h"
#include "token_bucket.h"

/* What a bucket or a volume remembers. All zero: nothing yet. */
struct policy_account {
    struct token_bucket bucket;
    uint64_t used_bytes; /* of a volume */
    uint64_t period;     /* number of its period since 1970 */
};

struct policy_hosts;

/* Room for `count` endpoints with `accounts` each. Returns 0 or -errno. */
int policy_hosts_new(struct policy_hosts **hosts, uint32_t count, unsigned accounts,
                     struct error *error);

/* Wipes. Null is fine. */
void policy_hosts_free(struct policy_hosts *hosts);

/* The endpoint's accounts, made now if need be; `*was_lost` says that another's were given up. */
struct policy_account *policy_hosts_find(struct policy_hosts *hosts, const struct flow_key *key,
                                         uint64_t now_ns, bool *was_lost);

#endif
