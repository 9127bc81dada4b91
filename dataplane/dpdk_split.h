/* SPDX-License-Identifier: BSD-3-Clause */
/* How a device deals frames out to its queues so that both directions of a flow, and all fragments
 * of a datagram, come to the same one: by a hash of addresses alone (fragments have no ports) with
 * a key that makes it symmetric. Nothing is taken on trust: the device is asked what it took, and
 * its first packets are hashed again. Private to the DPDK part of the dataplane. */
#ifndef DPDK_SPLIT_H
#define DPDK_SPLIT_H

#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <stdbool.h>
#include <stdint.h>

enum { DPDK_SPLIT_KEY_BYTES = 64, DPDK_SPLIT_TABLE = 1024 };

struct dpdk_split {
    uint8_t key[DPDK_SPLIT_KEY_BYTES]; /* as the device has it */
    uint16_t table_size;               /* 0: it does not tell which queue a hash leads to */
    uint16_t table[DPDK_SPLIT_TABLE];  /* queue by hash % table_size */
};

/* Does the device offer what it takes, for that many queues? */
bool dpdk_split_is_offered(const struct rte_eth_dev_info *device, uint16_t queue_count);

/* Asks for it in `configuration`; `key` is lent until the device is configured. */
void dpdk_split_ask(struct rte_eth_conf *configuration, const struct rte_eth_dev_info *device,
                    uint8_t key[DPDK_SPLIT_KEY_BYTES]);

/* What the device made of it, once it has started. Returns 0, or -ENOTSUP when it does not tell,
 * took another key or other fields, or leaves queues out. */
int dpdk_split_learn(struct dpdk_split *split, uint16_t port, const struct rte_eth_dev_info *device,
                     uint16_t queue_count);

/* Does the Toeplitz hash by this key of 40 bytes or more stay the same when source and destination
 * change places? */
bool dpdk_split_is_symmetric(const uint8_t *key);

enum dpdk_split_verdict {
    DPDK_SPLIT_UNKNOWN, /* not IP, not whole, or the device does not say how it hashed it */
    DPDK_SPLIT_RIGHT,
    DPDK_SPLIT_WRONG,
};

/* Did this frame come by the hash that was asked for, and to the right queue? */
enum dpdk_split_verdict dpdk_split_check(const struct dpdk_split *split,
                                         const struct rte_mbuf *frame, uint16_t queue);

#endif
