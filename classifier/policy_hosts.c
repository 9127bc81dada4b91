/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of eight, searched one after the other. */
#include "policy_hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SET_PLACES = 8 };

struct host_set {
    struct flow_key key[SET_PLACES]; /* zero: free */
    uint64_t last_ns[SET_PLACES];
};

struct policy_hosts {
    uint32_t set_count;
    unsigned account_count;
    struct host_set *sets;
    struct policy_account *accounts; /* [set][place][account] */
};

static size_t accounts_in(const struct policy_hosts *hosts)
{
    return (size_t)hosts->set_count * SET_PLACES * hosts->account_count;
}

int policy_hosts_new(struct policy_hosts **hosts, uint32_t count, unsigned accounts,
                     struct error *error)
{
    struct policy_hosts *made = calloc(1, sizeof *made);
    if (!made)
        goto fail;
    made->set_count = count / SET_PLACES + 1;
    made->account_count = accounts;
    made->sets = calloc(made->set_count, sizeof *made->sets);
    made->accounts = calloc(accounts_in(made), sizeof *made->accounts);
    if (!made->sets || !made->accounts)
        goto fail;
    *hosts = made;
    return 0;
fail:
    policy_hosts_free(made);
    return error_set(error, ENOMEM, "out of memory for the buckets of %u endpoints", count);
}

void policy_hosts_free(struct policy_hosts *hosts)
{
    if (!hosts)
        return;
    if (hosts->sets)
        explicit_bzero(hosts->sets, hosts->set_count * sizeof *hosts->sets);
    free(hosts->sets);
    free(hosts->accounts);
    free(hosts);
}

static struct policy_account *accounts_at(struct policy_hosts *hosts, uint32_t set, unsigned place)
{
    return &hosts->accounts[((size_t)set * SET_PLACES + place) * hosts->account_count];
}

struct policy_account *policy_hosts_find(struct policy_hosts *hosts, const struct flow_key *key,
                                         uint64_t now_ns, bool *was_lost)
{
    uint32_t number = (uint32_t)((key->word[0] >> 32) * hosts->set_count >> 32);
    struct host_set *set = &hosts->sets[number];
    unsigned oldest = 0;
    *was_lost = false;
    for (unsigned place = 0; place < SET_PLACES; place++) {
        if (flow_key_equals(&set->key[place], key)) {
            set->last_ns[place] = now_ns;
            return accounts_at(hosts, number, place);
        }
        if (set->last_ns[place] < set->last_ns[oldest])
            oldest = place;
    }
    struct policy_account *accounts = accounts_at(hosts, number, oldest);
    *was_lost = set->key[oldest].word[0] || set->key[oldest].word[1];
    set->key[oldest] = *key;
    set->last_ns[oldest] = now_ns;
    memset(accounts, 0, hosts->account_count * sizeof *accounts);
    return accounts;
}
