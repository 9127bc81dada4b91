/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of flows: the same for both directions, different for everything else. */
#include "classifier/flow_key.h"

#include <string.h>

#include "random.h"
#include "suites.h"

static const struct keyed_secret secret = {{1, 2, 3}};

static struct packet random_packet(struct random *random)
{
    struct packet packet = {.ip_version = random_below(random, 2) ? 4 : 6,
                            .protocol = random_below(random, 2) ? IP_TCP : IP_UDP,
                            .source_port = (uint16_t)random_next(random),
                            .destination_port = (uint16_t)random_next(random)};
    unsigned address_bytes = packet.ip_version == 4 ? 4 : 16;
    for (unsigned i = 0; i < address_bytes; i++) {
        packet.source[i] = (uint8_t)random_next(random);
        packet.destination[i] = (uint8_t)random_next(random);
    }
    return packet;
}

static struct packet turned(const struct packet *packet)
{
    struct packet back = *packet;
    memcpy(back.source, packet->destination, 16);
    memcpy(back.destination, packet->source, 16);
    back.source_port = packet->destination_port;
    back.destination_port = packet->source_port;
    return back;
}

static struct flow_key key_of(struct keyed_hash *hash, const struct packet *packet)
{
    struct flow_key key;
    const struct packet *one[] = {packet};
    flow_key_of_flows(hash, one, &key, 1);
    return key;
}

static void both_directions_share_a_name(void)
{
    struct random random = {3};
    struct keyed_hash *hash;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&hash, &secret, NULL), 0);
    for (unsigned i = 0; i < 1000; i++) {
        struct packet packet = random_packet(&random);
        struct packet back = turned(&packet);
        struct flow_key there = key_of(hash, &packet);
        struct flow_key and_back = key_of(hash, &back);
        CU_ASSERT_TRUE(flow_key_equals(&there, &and_back));
        CU_ASSERT_NOT_EQUAL(flow_key_is_reversed(&packet), flow_key_is_reversed(&back));
    }
    keyed_hash_free(hash);
}

static void every_part_matters(void)
{
    struct random random = {4};
    struct keyed_hash *hash;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&hash, &secret, NULL), 0);
    for (unsigned i = 0; i < 200; i++) {
        struct packet packet = random_packet(&random);
        struct packet changed[9];
        for (unsigned part = 0; part < 9; part++)
            changed[part] = packet;
        changed[0].source[3] ^= 1;
        changed[1].destination[0] ^= 128;
        changed[2].source_port ^= 1;
        changed[3].destination_port ^= 256;
        changed[4].protocol = IP_SCTP;
        changed[5].vlan = 1;
        changed[6].vni = 1;
        changed[7].teid = 1;
        changed[8].ip_version = packet.ip_version == 4 ? 6 : 4;
        struct flow_key key = key_of(hash, &packet);
        for (unsigned part = 0; part < 9; part++) {
            struct flow_key other = key_of(hash, &changed[part]);
            CU_ASSERT_FALSE(flow_key_equals(&key, &other));
        }
    }
    keyed_hash_free(hash);
}

static void bursts_name_like_single_packets(void)
{
    struct random random = {5};
    struct keyed_hash *hash;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&hash, &secret, NULL), 0);
    struct packet packets[KEYED_HASH_BURST];
    const struct packet *pointers[KEYED_HASH_BURST];
    struct flow_key keys[KEYED_HASH_BURST];
    for (unsigned i = 0; i < KEYED_HASH_BURST; i++) {
        packets[i] = random_packet(&random);
        packets[i].vlan = (uint16_t)random_below(&random, 2);
        pointers[i] = &packets[i];
    }
    flow_key_of_flows(hash, pointers, keys, KEYED_HASH_BURST);
    for (unsigned i = 0; i < KEYED_HASH_BURST; i++) {
        struct flow_key alone = key_of(hash, &packets[i]);
        CU_ASSERT_TRUE(flow_key_equals(&keys[i], &alone));
    }
    keyed_hash_free(hash);
}

static void subjects_do_not_mix(void)
{
    struct keyed_hash *hash;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&hash, &secret, NULL), 0);
    struct packet packet = {.ip_version = 6};
    struct flow_key flow = key_of(hash, &packet);
    struct flow_key datagram = flow_key_of_datagram(hash, &packet);
    struct flow_key host = flow_key_of_source(hash, &packet);
    CU_ASSERT_FALSE(flow_key_equals(&flow, &datagram));
    CU_ASSERT_FALSE(flow_key_equals(&flow, &host));
    CU_ASSERT_FALSE(flow_key_equals(&datagram, &host));
    keyed_hash_free(hash);
}

CU_TestInfo flow_key_tests[] = {
    {"both directions share a name", both_directions_share_a_name},
    {"every part of the tuple matters", every_part_matters},
    {"bursts name like single packets", bursts_name_like_single_packets},
    {"flows, datagrams and hosts do not mix", subjects_do_not_mix},
    CU_TEST_INFO_NULL,
};
