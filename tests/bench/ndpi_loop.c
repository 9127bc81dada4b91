/* SPDX-License-Identifier: BSD-3-Clause */
/* ndpi_loop FILE: the least that a program around libndpi does: reads a capture, finds each
 * packet's flow in a hash table of its own, and hands packets to libndpi until it knows the
 * protocol or is told to give up, after as many packets as ndpiReader gives it. No report, no
 * statistics: a floor for what libndpi costs. Ethernet, VLAN, IPv4, IPv6, TCP, UDP; no tunnels. */
#include <ndpi/ndpi_api.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    PLACES = 1 << 22, /* half full at two million flows */
    UDP_PACKETS = 24, /* ndpiReader's own bounds */
    TCP_PACKETS = 80,
};

struct key {
    uint8_t low[16];
    uint8_t high[16];
    uint16_t low_port;
    uint16_t high_port;
    uint32_t protocol; /* 0 where the place is free */
};

struct entry {
    struct key key;
    struct ndpi_flow_struct *flow; /* null once it is decided */
    uint32_t packets;
    uint32_t decided; /* the protocol */
};

struct loop {
    struct ndpi_detection_module_struct *ndpi;
    struct entry *entries;
    unsigned long packets;
    unsigned long flows;
    unsigned long known;
};

struct view {
    const uint8_t *ip;
    uint32_t ip_bytes;
    struct key key;
};

static void out_of_memory(void)
{
    fputs("ndpi_loop: out of memory\n", stderr);
    exit(1);
}

static uint16_t read16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static void order(struct key *key, const uint8_t *from, const uint8_t *to, unsigned address_bytes,
                  const uint8_t *ports)
{
    int way = memcmp(from, to, address_bytes);
    bool is_swapped = way > 0 || (way == 0 && read16(ports) > read16(ports + 2));
    memcpy(key->low, is_swapped ? to : from, address_bytes);
    memcpy(key->high, is_swapped ? from : to, address_bytes);
    key->low_port = read16(ports + (is_swapped ? 2 : 0));
    key->high_port = read16(ports + (is_swapped ? 0 : 2));
}

/* False when it is nothing that has a flow here. */
static bool look_at(const uint8_t *frame, uint32_t length, struct view *view)
{
    uint32_t at = 12;
    while (at + 6 <= length && read16(frame + at) == 0x8100)
        at += 4;
    if (at + 2 + 40 > length)
        return false;
    uint16_t type = read16(frame + at);
    view->ip = frame + at + 2;
    view->ip_bytes = length - at - 2;
    memset(&view->key, 0, sizeof view->key);
    bool is_four = type == 0x0800;
    if (!is_four && type != 0x86dd)
        return false;
    uint32_t header_bytes = is_four ? (view->ip[0] & 15u) * 4 : 40;
    view->key.protocol = view->ip[is_four ? 9 : 6];
    if ((view->key.protocol != 6 && view->key.protocol != 17) || header_bytes + 4 > view->ip_bytes)
        return false;
    order(&view->key, view->ip + (is_four ? 12 : 8), view->ip + (is_four ? 16 : 24),
          is_four ? 4 : 16, view->ip + header_bytes);
    return true;
}

static uint64_t hash_of(const struct key *key)
{
    const uint64_t *words = (const uint64_t *)key;
    uint64_t hash = 0;
    for (unsigned i = 0; i < sizeof *key / 8; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15;
        hash ^= hash >> 32;
    }
    return hash;
}

static struct entry *find(struct loop *loop, const struct key *key)
{
    uint64_t place = hash_of(key) % PLACES;
    while (loop->entries[place].key.protocol &&
           memcmp(&loop->entries[place].key, key, sizeof *key) != 0)
        place = (place + 1) % PLACES;
    struct entry *entry = &loop->entries[place];
    if (entry->key.protocol)
        return entry;
    entry->key = *key;
    entry->flow = calloc(1, SIZEOF_FLOW_STRUCT);
    if (!entry->flow || ++loop->flows == PLACES)
        out_of_memory();
    return entry;
}

static void decide(struct loop *loop, struct entry *entry, ndpi_protocol protocol)
{
    entry->decided = protocol.app_protocol ? protocol.app_protocol : protocol.master_protocol;
    loop->known += entry->decided != NDPI_PROTOCOL_UNKNOWN;
    ndpi_free_flow(entry->flow);
    entry->flow = NULL;
}

static void give_up(struct loop *loop, struct entry *entry)
{
    u_int8_t was_guessed;
    decide(loop, entry, ndpi_detection_giveup(loop->ndpi, entry->flow, 1, &was_guessed));
}

static void take(struct loop *loop, const struct pcap_pkthdr *header, const uint8_t *frame)
{
    struct view view;
    loop->packets++;
    if (!look_at(frame, header->caplen, &view))
        return;
    struct entry *entry = find(loop, &view.key);
    entry->packets++;
    if (!entry->flow)
        return;
    uint64_t time_ms = (uint64_t)header->ts.tv_sec * 1000 + (uint64_t)header->ts.tv_usec / 1000;
    uint16_t bytes = view.ip_bytes < 65535 ? (uint16_t)view.ip_bytes : 65535;
    ndpi_protocol protocol =
        ndpi_detection_process_packet(loop->ndpi, entry->flow, view.ip, bytes, time_ms);
    if (protocol.app_protocol != NDPI_PROTOCOL_UNKNOWN)
        decide(loop, entry, protocol);
    else if (entry->packets >= (view.key.protocol == 6 ? TCP_PACKETS : UDP_PACKETS))
        give_up(loop, entry);
}

static void start(struct loop *loop)
{
    NDPI_PROTOCOL_BITMASK all;
    loop->ndpi = ndpi_init_detection_module(ndpi_no_prefs);
    loop->entries = calloc(PLACES, sizeof *loop->entries);
    if (!loop->ndpi || !loop->entries)
        out_of_memory();
    NDPI_BITMASK_SET_ALL(all);
    ndpi_set_protocol_detection_bitmask2(loop->ndpi, &all);
    ndpi_finalize_initialization(loop->ndpi);
}

static void finish(struct loop *loop)
{
    for (unsigned i = 0; i < PLACES; i++) {
        if (loop->entries[i].flow)
            give_up(loop, &loop->entries[i]);
    }
    printf("%lu packets, %lu flows, %lu of them known\n", loop->packets, loop->flows, loop->known);
    ndpi_exit_detection_module(loop->ndpi);
    free(loop->entries);
}

int main(int argc, char **argv)
{
    char reason[PCAP_ERRBUF_SIZE];
    struct loop loop = {.packets = 0};
    pcap_t *reader = argc == 2 ? pcap_open_offline(argv[1], reason) : NULL;
    if (!reader) {
        fprintf(stderr, "ndpi_loop: %s\n", argc == 2 ? reason : "usage: ndpi_loop FILE");
        return 1;
    }
    start(&loop);
    struct pcap_pkthdr *header;
    const u_char *bytes;
    while (pcap_next_ex(reader, &header, &bytes) == 1)
        take(&loop, header, bytes);
    finish(&loop);
    pcap_close(reader);
    return 0;
}
