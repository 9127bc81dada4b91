/* SPDX-License-Identifier: BSD-3-Clause */
/* Splits over queues: keys, and packets as devices hand them over. A program of its own, because
 * DPDK's flags reach no other test. */
#include <CUnit/Basic.h>
#include <rte_thash.h>
#include <stdio.h>
#include <string.h>

#include "dpdk_split.h"

enum {
    QUEUES = 4,
    TABLE = 128,
    FRAME_BYTES = 64,
    KEY_BITS_USED = 2 * 128 + 31, /* by the two addresses of IPv6 */
};

/* The key of Microsoft's receive-side scaling specification, which most devices start with. */
static const uint8_t usual_key[DPDK_SPLIT_KEY_BYTES] = {
    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

/* What a device is asked for, taken by it. */
static struct dpdk_split split_as_asked(void)
{
    struct rte_eth_conf configuration = {0};
    const struct rte_eth_dev_info device = {
        .hash_key_size = 40, .max_rx_queues = QUEUES, .flow_type_rss_offloads = UINT64_MAX};
    struct dpdk_split split = {.table_size = TABLE};
    CU_ASSERT_TRUE(dpdk_split_is_offered(&device, QUEUES));
    dpdk_split_ask(&configuration, &device, split.key);
    CU_ASSERT_EQUAL(configuration.rxmode.mq_mode, RTE_ETH_MQ_RX_RSS);
    CU_ASSERT_FALSE(configuration.rx_adv_conf.rss_conf.rss_hf &
                    (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP));
    for (unsigned i = 0; i < TABLE; i++)
        split.table[i] = (uint16_t)(i % QUEUES);
    return split;
}

static void asks_for_a_symmetric_key(void)
{
    struct dpdk_split split = split_as_asked();
    CU_ASSERT_TRUE(dpdk_split_is_symmetric(split.key));
    CU_ASSERT_FALSE(dpdk_split_is_symmetric(usual_key));
    for (unsigned bit = 0; bit < KEY_BITS_USED; bit++) {
        split.key[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
        CU_ASSERT_FALSE(dpdk_split_is_symmetric(split.key));
        split.key[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
    }
}

static void wants_queues_a_key_and_both_families(void)
{
    const struct rte_eth_dev_info whole = {.hash_key_size = 40,
                                           .max_rx_queues = 2,
                                           .flow_type_rss_offloads =
                                               RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6};
    struct rte_eth_dev_info device = whole;
    CU_ASSERT_TRUE(dpdk_split_is_offered(&device, 2));
    CU_ASSERT_FALSE(dpdk_split_is_offered(&device, 3));
    CU_ASSERT_FALSE(dpdk_split_is_offered(&device, 1));
    device.hash_key_size = 0;
    CU_ASSERT_FALSE(dpdk_split_is_offered(&device, 2));
    device = whole;
    device.flow_type_rss_offloads = RTE_ETH_RSS_IPV4;
    CU_ASSERT_FALSE(dpdk_split_is_offered(&device, 2));
}

/* A UDP packet between two addresses, as a device that hashes by this key hands it over. */
struct received {
    uint8_t bytes[FRAME_BYTES];
    struct rte_mbuf mbuf;
};

static void receive(struct received *received, const uint8_t *key, uint32_t source,
                    uint32_t destination)
{
    static const uint8_t headers[] = {2, 0,    0, 0, 0,  1, 2, 0, 0, 0,  0,  2, 8,
                                      0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0};
    const uint32_t words[2] = {source, destination};
    memset(received, 0, sizeof *received);
    memcpy(received->bytes, headers, sizeof headers);
    for (unsigned i = 0; i < 8; i++)
        received->bytes[26 + i] = (uint8_t)(words[i / 4] >> (24 - 8 * (i % 4)));
    received->bytes[39] = 8;
    received->mbuf.buf_addr = received->bytes;
    received->mbuf.data_len = FRAME_BYTES;
    received->mbuf.pkt_len = FRAME_BYTES;
    received->mbuf.ol_flags = RTE_MBUF_F_RX_RSS_HASH;
    received->mbuf.hash.rss = rte_softrss((uint32_t[]){source, destination}, 2, key);
}

static void believes_only_what_packets_show(void)
{
    const struct dpdk_split split = split_as_asked();
    struct received there;
    struct received back;
    receive(&there, split.key, 0x0a000001, 0xc0000207);
    receive(&back, split.key, 0xc0000207, 0x0a000001);
    CU_ASSERT_EQUAL(there.mbuf.hash.rss, back.mbuf.hash.rss);
    uint16_t queue = split.table[there.mbuf.hash.rss % TABLE];
    CU_ASSERT_EQUAL(dpdk_split_check(&split, &there.mbuf, queue), DPDK_SPLIT_RIGHT);
    CU_ASSERT_EQUAL(dpdk_split_check(&split, &back.mbuf, queue), DPDK_SPLIT_RIGHT);
    uint16_t other = (uint16_t)(queue ^ 1);
    CU_ASSERT_EQUAL(dpdk_split_check(&split, &back.mbuf, other), DPDK_SPLIT_WRONG);
    receive(&back, usual_key, 0xc0000207, 0x0a000001);
    CU_ASSERT_EQUAL(dpdk_split_check(&split, &back.mbuf, queue), DPDK_SPLIT_WRONG);
    there.mbuf.ol_flags = 0;
    CU_ASSERT_EQUAL(dpdk_split_check(&split, &there.mbuf, queue), DPDK_SPLIT_UNKNOWN);
    back.bytes[13] = 6; /* ARP */
    CU_ASSERT_EQUAL(dpdk_split_check(&split, &back.mbuf, queue), DPDK_SPLIT_UNKNOWN);
}

int main(void)
{
    CU_initialize_registry();
    CU_pSuite suite = CU_add_suite("dpdk_split", NULL, NULL);
    CU_add_test(suite, "asks for a symmetric key", asks_for_a_symmetric_key);
    CU_add_test(suite, "wants queues, a key and both families",
                wants_queues_a_key_and_both_families);
    CU_add_test(suite, "believes only what packets show", believes_only_what_packets_show);
    CU_basic_run_tests();
    unsigned run = CU_get_number_of_tests_run();
    unsigned failed = CU_get_number_of_tests_failed();
    printf("\ntotals: %u passed, %u failed, 0 skipped\n", run - failed, failed);
    CU_cleanup_registry();
    return failed || !run;
}
