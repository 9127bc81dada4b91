/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys, fields, and the hash in software. */
#include "dpdk_split.h"

#include <errno.h>
#include <rte_thash.h>
#include <string.h>

#include "base/cursor.h"
#include "classifier/packet.h"

enum {
    LINK_TYPE_ETHERNET = 1,
    KEY_BYTES_LEAST = 40, /* what the addresses of IPv6 take, rounded up as devices do */
    PAIRS = 64,
    WORDS_MAX = 8,
};

static const uint64_t fields = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_FRAG_IPV4 |
                               RTE_ETH_RSS_NONFRAG_IPV4_OTHER | RTE_ETH_RSS_IPV6 |
                               RTE_ETH_RSS_FRAG_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_OTHER;

bool dpdk_split_is_offered(const struct rte_eth_dev_info *device, uint16_t queue_count)
{
    const uint64_t both_families = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6;
    return queue_count > 1 && device->max_rx_queues >= queue_count &&
           device->hash_key_size >= KEY_BYTES_LEAST &&
           device->hash_key_size <= DPDK_SPLIT_KEY_BYTES &&
           (device->flow_type_rss_offloads & both_families) == both_families;
}

/* A key that repeats every 16 bits makes the Toeplitz hash the same for a packet and its answer
 * (Woo and Park, Scalable TCP Session Monitoring with Symmetric Receive-side Scaling, 2012). */
void dpdk_split_ask(struct rte_eth_conf *configuration, const struct rte_eth_dev_info *device,
                    uint8_t key[DPDK_SPLIT_KEY_BYTES])
{
    for (unsigned i = 0; i < DPDK_SPLIT_KEY_BYTES; i += 2) {
        key[i] = 0x6d;
        key[i + 1] = 0x5a;
    }
    configuration->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    configuration->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
        .rss_key = key,
        .rss_key_len = device->hash_key_size,
        .rss_hf = device->flow_type_rss_offloads & fields,
    };
}

/* Both addresses as the hash takes them, source first: words of four bytes. */
static uint32_t hash_of(const uint8_t *source, const uint8_t *destination, uint32_t bytes,
                        const uint8_t *key)
{
    uint32_t words[WORDS_MAX];
    for (size_t i = 0; i < bytes / 4; i++) {
        words[i] = load_be32(source + 4 * i);
        words[bytes / 4 + i] = load_be32(destination + 4 * i);
    }
    return rte_softrss(words, bytes / 2, key);
}

bool dpdk_split_is_symmetric(const uint8_t *key)
{
    uint8_t ends[2][16];
    uint32_t state = 1;
    for (unsigned pair = 0; pair < PAIRS; pair++) {
        for (unsigned i = 0; i < sizeof ends; i++) {
            state = state * 1664525 + 1013904223;
            ends[i / 16][i % 16] = (uint8_t)(state >> 24);
        }
        if (hash_of(ends[0], ends[1], 4, key) != hash_of(ends[1], ends[0], 4, key) ||
            hash_of(ends[0], ends[1], 16, key) != hash_of(ends[1], ends[0], 16, key))
            return false;
    }
    return true;
}

/* Which queue a hash leads to, where the device tells; false when some queue gets nothing. */
static bool learn_table(struct dpdk_split *split, uint16_t port, uint16_t size,
                        uint16_t queue_count)
{
    struct rte_eth_rss_reta_entry64 groups[DPDK_SPLIT_TABLE / RTE_ETH_RETA_GROUP_SIZE];
    bool is_fed[RTE_MAX_QUEUES_PER_PORT] = {false};
    split->table_size = 0;
    memset(groups, 0xff, sizeof groups);
    if (!size || size > DPDK_SPLIT_TABLE || size % RTE_ETH_RETA_GROUP_SIZE ||
        rte_eth_dev_rss_reta_query(port, groups, size))
        return true;
    for (uint16_t i = 0; i < size; i++) {
        split->table[i] = groups[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
        if (split->table[i] >= queue_count)
            return false;
        is_fed[split->table[i]] = true;
    }
    split->table_size = size;
    for (uint16_t queue = 0; queue < queue_count; queue++) {
        if (!is_fed[queue])
            return false;
    }
    return true;
}

int dpdk_split_learn(struct dpdk_split *split, uint16_t port, const struct rte_eth_dev_info *device,
                     uint16_t queue_count)
{
    struct rte_eth_rss_conf taken = {.rss_key = split->key, .rss_key_len = device->hash_key_size};
    memset(split, 0, sizeof *split);
    if (rte_eth_dev_rss_hash_conf_get(port, &taken) || taken.rss_hf & ~fields || !taken.rss_hf)
        return -ENOTSUP;
    if (!dpdk_split_is_symmetric(split->key))
        return -ENOTSUP;
    return learn_table(split, port, device->reta_size, queue_count) ? 0 : -ENOTSUP;
}

enum dpdk_split_verdict dpdk_split_check(const struct dpdk_split *split,
                                         const struct rte_mbuf *mbuf, uint16_t queue)
{
    const struct packet_options outermost = {.keep_encapsulated = true};
    const struct frame frame = {.bytes = rte_pktmbuf_mtod(mbuf, const uint8_t *),
                                .captured_bytes = mbuf->data_len,
                                .wire_bytes = mbuf->pkt_len,
                                .link_type = LINK_TYPE_ETHERNET};
    struct packet packet;
    if (!(mbuf->ol_flags & RTE_MBUF_F_RX_RSS_HASH) ||
        packet_parse(&frame, &outermost, &packet) != PACKET_FLOW)
        return DPDK_SPLIT_UNKNOWN;
    uint32_t bytes = packet.ip_version == 4 ? 4 : 16;
    uint32_t hash = hash_of(packet.source, packet.destination, bytes, split->key);
    bool is_right = hash == mbuf->hash.rss &&
                    (!split->table_size || split->table[hash % split->table_size] == queue);
    return is_right ? DPDK_SPLIT_RIGHT : DPDK_SPLIT_WRONG;
}
