/* SPDX-License-Identifier: BSD-3-Clause */
/* Draws flows and writes their frames; knows nothing of how they are classified. */
#include "traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reserved.h"

enum { LINE_BYTES = 64, FRAME_SPACING_NS = 100 };

/* Below flows^u, for u from 0 to 1, lie as many of the ranks as Zipf's law gives them chances.
 * Ranks are spread over the flows, so that the frequent ones do not lie side by side in memory. */
static uint32_t draw_zipf(struct random *random, uint32_t flows)
{
    const uint64_t prime = 2654435761;
    double u = (double)(random_next(random) >> 11) / 9007199254740992.0;
    uint64_t rank = (uint64_t)pow((double)flows, u) - 1;
    return (uint32_t)(rank * prime % flows);
}

uint32_t traffic_draw(struct random *random, enum traffic_spread spread, uint32_t flows)
{
    return spread == TRAFFIC_ZIPF ? draw_zipf(random, flows)
                                  : (uint32_t)random_below(random, flows);
}

uint32_t traffic_size(struct random *random, enum traffic_size size)
{
    if (size == TRAFFIC_MINIMUM)
        return 60;
    uint64_t of_twelve = random_below(random, 12);
    if (of_twelve < 7)
        return 60;
    return of_twelve < 11 ? 590 : TRAFFIC_FRAME_MAX;
}

static void put16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint32_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

void traffic_frame(uint8_t *bytes, uint32_t length, uint32_t flow, bool is_answer)
{
    const uint32_t host = 0x0a000000 + flow;
    const uint32_t server = 0xc0a80001;
    const uint32_t port = 1024 + flow % 60000;
    memset(bytes, 0, length);
    put16(bytes + 12, 0x0800);
    put16(bytes + 14, 0x4500);
    put16(bytes + 16, length - 14);
    bytes[22] = 64;
    bytes[23] = 17;
    put32(bytes + 26, is_answer ? server : host);
    put32(bytes + 30, is_answer ? host : server);
    put16(bytes + 34, is_answer ? 53 : port);
    put16(bytes + 36, is_answer ? port : 53);
    put16(bytes + 38, length - 34);
}

static void *array_of(size_t count, size_t bytes)
{
    void *array = calloc(count, bytes);
    if (!array) {
        fputs("out of memory for the bench's traffic\n", stderr);
        exit(1);
    }
    return array;
}

void traffic_init(struct traffic *traffic, const struct traffic_options *options)
{
    struct random random = {7};
    size_t bytes = 0;
    *traffic = (struct traffic){.packets = options->packets};
    traffic->flow_of = array_of(options->packets, sizeof *traffic->flow_of);
    traffic->frames = array_of(options->packets, sizeof *traffic->frames);
    for (uint32_t i = 0; i < options->packets; i++) {
        uint32_t length = traffic_size(&random, options->size);
        traffic->flow_of[i] = traffic_draw(&random, options->spread, options->flows);
        traffic->frames[i] = (struct frame){.time_ns = options->start_ns + i * FRAME_SPACING_NS,
                                            .captured_bytes = length,
                                            .wire_bytes = length,
                                            .link_type = 1};
        bytes += (length + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    }
    traffic->bytes = reserved_new(bytes, true);
    uint8_t *next = traffic->bytes;
    for (uint32_t i = 0; i < options->packets; i++) {
        uint32_t length = traffic->frames[i].captured_bytes;
        traffic_frame(next, length, traffic->flow_of[i], random_next(&random) & 1);
        traffic->frames[i].bytes = next;
        next += (length + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
    }
    traffic->reserved_bytes = bytes;
}

void traffic_clear(struct traffic *traffic)
{
    free(traffic->flow_of);
    free(traffic->frames);
    reserved_free(traffic->bytes, traffic->reserved_bytes);
}

void traffic_delay(struct traffic *traffic, uint64_t delay_ns)
{
    for (uint32_t i = 0; i < traffic->packets; i++)
        traffic->frames[i].time_ns += delay_ns;
}
