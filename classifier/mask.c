/* SPDX-License-Identifier: BSD-3-Clause */
/* Destroys evidence, one kind at a time, in what tiers are shown. */
#include "classifier/mask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "reserved.h"

enum { WINDOW = 8, PAYLOAD_MAX = 65536, PORT_COUNT = 65536 - MASK_PORT_FIRST };

/* A data packet that waits until its window is full. */
struct waiting_packet {
    uint64_t time_ns;
    uint32_t payload_bytes;
    uint8_t direction;
};

struct window {
    struct waiting_packet packets[WINDOW];
    uint8_t count;
};

struct masker {
    enum mask mask;
    struct keyed_hash *hash;
    struct packet shown;
    uint8_t *payload; /* MASK_PAYLOAD: [PAYLOAD_MAX] */
    uint32_t payload_used;
    uint64_t flow_count;
    uint32_t slots;         /* windows below may have been used */
    struct window *windows; /* MASK_ORDER: by slot */
};

static const char *const names[MASKS] = {
    [MASK_PORTS] = "ports",     [MASK_SIZES] = "sizes", [MASK_TIMING] = "timing",
    [MASK_PAYLOAD] = "payload", [MASK_ORDER] = "order",
};

const char *mask_name(enum mask mask)
{
    return names[mask];
}

enum mask mask_find(const char *name)
{
    for (unsigned mask = MASK_NONE + 1; mask < MASKS; mask++) {
        if (!strcmp(names[mask], name))
            return (enum mask)mask;
    }
    return MASK_NONE;
}

int masker_new(struct masker **masker, enum mask mask, uint64_t flow_count, struct keyed_hash *hash,
               struct error *error)
{
    struct masker *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for a mask");
    *made = (struct masker){.mask = mask, .hash = hash, .flow_count = flow_count};
    if (mask == MASK_PAYLOAD)
        made->payload = malloc(PAYLOAD_MAX);
    if (mask == MASK_ORDER)
        made->windows = reserved_new(flow_count * sizeof *made->windows, false);
    if ((mask == MASK_PAYLOAD && !made->payload) || (mask == MASK_ORDER && !made->windows)) {
        masker_free(made);
        return error_set(error, ENOMEM, "out of memory for the mask of %s", mask_name(mask));
    }
    *masker = made;
    return 0;
}

void masker_free(struct masker *masker)
{
    if (!masker)
        return;
    masker_forget(masker);
    free(masker->payload);
    if (masker->windows)
        explicit_bzero(masker->windows, masker->slots * sizeof *masker->windows);
    reserved_free(masker->windows, masker->flow_count * sizeof *masker->windows);
    free(masker);
}

static uint16_t hash_of(const struct masker *masker, const struct packet *packet,
                        const uint8_t *address, uint16_t port)
{
    struct flow_key key =
        flow_key_of_endpoint(masker->hash, packet->ip_version, address, port, packet->protocol);
    return (uint16_t)(key.word[0] % PORT_COUNT);
}

/* Between two ports of one address, which is the lower one tells the direction, and that must not
 * change: the lower keeps to the lower half. */
static void hide_ports(const struct masker *masker, const struct packet *packet,
                       struct packet *shown)
{
    unsigned source = hash_of(masker, packet, packet->source, packet->source_port);
    unsigned destination = hash_of(masker, packet, packet->destination, packet->destination_port);
    if (!memcmp(packet->source, packet->destination, sizeof packet->source)) {
        unsigned half = PORT_COUNT / 2;
        source = source % half + (packet->source_port > packet->destination_port ? half : 0);
        destination =
            destination % half + (packet->destination_port > packet->source_port ? half : 0);
    }
    shown->source_port = (uint16_t)(MASK_PORT_FIRST + source);
    shown->destination_port = (uint16_t)(MASK_PORT_FIRST + destination);
}

static void invert_payload(struct masker *masker, struct packet *shown)
{
    uint32_t captured = shown->payload_captured_bytes;
    if (captured > PAYLOAD_MAX)
        captured = PAYLOAD_MAX;
    for (uint32_t i = 0; i < captured; i++)
        masker->payload[i] = (uint8_t)~shown->payload[i];
    if (captured > masker->payload_used)
        masker->payload_used = captured;
    shown->payload_captured_bytes = captured;
    shown->payload = captured ? masker->payload : NULL;
}

/* A datagram's length is the payload's, so no more of it can be readable; in a stream it says
 * nothing about where the bytes belong. */
static void pad_payload(struct packet *shown)
{
    if (shown->payload_bytes)
        shown->payload_bytes = MASK_PAYLOAD_BYTES;
    if (shown->protocol != IP_TCP && shown->payload_captured_bytes > MASK_PAYLOAD_BYTES)
        shown->payload_captured_bytes = MASK_PAYLOAD_BYTES;
}

const struct packet *masker_show(struct masker *masker, const struct packet *packet)
{
    bool has_ports = packet->source_port || packet->destination_port;
    struct packet *shown = &masker->shown;
    switch (masker->mask) {
    case MASK_PORTS:
        *shown = *packet;
        if (has_ports)
            hide_ports(masker, packet, shown);
        return shown;
    case MASK_SIZES:
        *shown = *packet;
        pad_payload(shown);
        return shown;
    case MASK_PAYLOAD:
        *shown = *packet;
        invert_payload(masker, shown);
        return shown;
    default:
        return packet;
    }
}

void masker_forget(struct masker *masker)
{
    explicit_bzero(&masker->shown, sizeof masker->shown);
    if (masker->payload)
        explicit_bzero(masker->payload, masker->payload_used);
    masker->payload_used = 0;
}

/* A handshake takes one gap there and back, then each data packet comes one after the last. */
static uint64_t even_time(const struct flow *flow, const struct packet *packet)
{
    bool is_opening = packet->tcp_flags & TCP_SYN;
    uint64_t gaps = flow->data_packets ? flow->data_packets + 1u : !is_opening;
    return gaps * MASK_GAP_NS;
}

static bool is_full(unsigned data_packets)
{
    return data_packets == 2 || data_packets == 4 || data_packets % WINDOW == 0;
}

/* Any 64 bits from any 64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014, the finishing steps of SplitMix64). */
static uint64_t mix(uint64_t number)
{
    number = (number ^ number >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    number = (number ^ number >> 27) * UINT64_C(0x94d049bb133111eb);
    return number ^ number >> 31;
}

/* Sizes and sides change places; times stay in order. The flow's name is a keyed hash: nobody can
 * foresee the places. */
static void shuffle(struct window *window, const struct flow *flow)
{
    uint64_t seed = mix(flow->key.word[0] + flow->data_packets);
    for (unsigned left = window->count; left > 1; left--) {
        seed = mix(seed + left);
        struct waiting_packet *one = &window->packets[seed % left];
        struct waiting_packet *other = &window->packets[left - 1];
        struct waiting_packet before = *one;
        one->payload_bytes = other->payload_bytes;
        one->direction = other->direction;
        other->payload_bytes = before.payload_bytes;
        other->direction = before.direction;
    }
}

/* A packet of the flow that runs this way and says nothing else. */
static struct packet stand_in(const struct flow *flow, const struct waiting_packet *waiting)
{
    bool is_reversed = (flow->state & FLOW_STARTED_HIGH) ? !waiting->direction : waiting->direction;
    return (struct packet){.time_ns = waiting->time_ns,
                           .protocol = flow->protocol,
                           .source_port = is_reversed,
                           .destination_port = !is_reversed,
                           .payload_bytes = waiting->payload_bytes};
}

/* The tier counts on with each as if it had just come. */
static void show_window(struct window *window, struct headers_clock *clock, struct flow *flow,
                        struct flow_detail *detail, struct tally *tally)
{
    const uint16_t data_packets = flow->data_packets;
    shuffle(window, flow);
    for (unsigned i = 0; i < window->count && headers_clock_wants(flow); i++) {
        const struct packet packet = stand_in(flow, &window->packets[i]);
        flow->data_packets = (uint16_t)(data_packets + 1u + i - window->count);
        headers_clock_tick(clock, flow, detail, &packet, true, tally);
    }
    flow->data_packets = data_packets;
    window->count = 0;
}

/* The round trip is told by the first data packet that really came. */
static void open_flow(struct feature_head *head, const struct packet *packet, unsigned direction)
{
    feature_open(head, packet, direction);
    if (head->round_trip == FEATURE_ROUND_TRIP_RUNS && !(packet->tcp_flags & TCP_SYN))
        head->round_trip = 0;
}

static void tick_in_windows(struct masker *masker, struct headers_clock *clock, uint32_t slot,
                            struct flow *flow, struct flow_detail *detail,
                            const struct packet *packet, bool is_data, struct tally *tally)
{
    struct window *window = &masker->windows[slot];
    unsigned direction = flow_direction(flow, packet);
    masker->slots = slot < masker->slots ? masker->slots : slot + 1;
    if (!is_data) {
        if (!flow->data_packets)
            headers_clock_tick(clock, flow, detail, packet, false, tally);
        return;
    }
    if (flow->data_packets == 1 && flow->protocol == IP_TCP)
        open_flow(&detail->head, packet, direction);
    window->packets[window->count++] =
        (struct waiting_packet){.time_ns = packet->time_ns,
                                .payload_bytes = packet->payload_bytes,
                                .direction = (uint8_t)direction};
    if (is_full(flow->data_packets))
        show_window(window, clock, flow, detail, tally);
}

void masker_tick_headers(struct masker *masker, struct headers_clock *clock, uint32_t slot,
                         struct flow *flow, struct flow_detail *detail, const struct packet *shown,
                         bool is_data, struct tally *tally)
{
    if (masker->mask == MASK_ORDER) {
        tick_in_windows(masker, clock, slot, flow, detail, shown, is_data, tally);
        return;
    }
    struct packet timed = *shown;
    if (masker->mask == MASK_TIMING)
        timed.time_ns = even_time(flow, shown);
    headers_clock_tick(clock, flow, detail, &timed, is_data, tally);
    explicit_bzero(&timed, sizeof timed);
}

void masker_end_headers(struct masker *masker, struct headers_clock *clock, uint32_t slot,
                        struct flow *flow, struct flow_detail *detail, struct tally *tally)
{
    if (masker->mask == MASK_ORDER && slot < masker->slots && masker->windows[slot].count)
        show_window(&masker->windows[slot], clock, flow, detail, tally);
}
