/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds tallies up and checks that nothing is missing. */
#include "classifier/tally.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static size_t cells_size(const struct tally *tally)
{
    return tally->protocol_count * sizeof *tally->cells;
}

static size_t non_ip_size(const struct tally *tally)
{
    return tally->protocol_count * sizeof *tally->non_ip;
}

static size_t headers_size(const struct tally *tally)
{
    return tally->protocol_count * sizeof *tally->headers;
}

int tally_new(struct tally **tally, unsigned protocol_count, struct error *error)
{
    struct tally *made = calloc(1, sizeof *made);
    if (!made)
        goto fail;
    made->protocol_count = protocol_count;
    made->protocol_room = protocol_count;
    made->cells = calloc(protocol_count, sizeof *made->cells);
    made->non_ip = calloc(protocol_count, sizeof *made->non_ip);
    made->headers = calloc(protocol_count, sizeof *made->headers);
    made->services = calloc(SERVICES_MAX, sizeof *made->services);
    if (!made->cells || !made->non_ip || !made->headers || !made->services)
        goto fail;
    made->first_ns = UINT64_MAX;
    *tally = made;
    return 0;
fail:
    tally_free(made);
    return error_set(error, ENOMEM, "out of memory for the counters of %u protocols",
                     protocol_count);
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    free(tally->cells);
    free(tally->non_ip);
    free(tally->headers);
    free(tally->services);
    policy_tally_free(tally->policy);
    free(tally);
}

int tally_add_policy(struct tally *tally, const struct policy_view *views, unsigned count,
                     struct error *error)
{
    return count ? policy_tally_new(&tally->policy, views, count, error) : 0;
}

void tally_clear(struct tally *tally)
{
    struct tally empty = {.first_ns = UINT64_MAX,
                          .protocol_count = tally->protocol_count,
                          .protocol_room = tally->protocol_room,
                          .non_ip = tally->non_ip,
                          .cells = tally->cells,
                          .headers = tally->headers,
                          .services = tally->services,
                          .policy = tally->policy};
    memset(tally->cells, 0, cells_size(tally));
    memset(tally->non_ip, 0, non_ip_size(tally));
    memset(tally->headers, 0, headers_size(tally));
    memset(tally->services, 0, SERVICES_MAX * sizeof *tally->services);
    if (tally->policy)
        policy_tally_clear(tally->policy);
    *tally = empty;
}

void tally_resize(struct tally *tally, unsigned protocol_count)
{
    assert(protocol_count <= tally->protocol_room);
    tally->protocol_count = protocol_count;
}

static void add_count(struct tally_count *into, const struct tally_count *from)
{
    into->frames += from->frames;
    into->bytes += from->bytes;
}

void tally_cell_merge(struct tally_cell *into, const struct tally_cell *from)
{
    into->packets += from->packets;
    into->bytes += from->bytes;
    into->flows += from->flows;
    for (unsigned tier = 0; tier < TIERS; tier++) {
        into->by_tier[tier].flows += from->by_tier[tier].flows;
        into->by_tier[tier].bytes += from->by_tier[tier].bytes;
    }
    for (unsigned step = 0; step < VERDICT_STEPS; step++)
        into->packets_before_verdict[step] += from->packets_before_verdict[step];
    into->bytes_before_verdict += from->bytes_before_verdict;
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        into->hosts[word] |= from->hosts[word];
}

static void merge_agreement(struct tally *into, const struct tally *from)
{
    for (unsigned weaker = 0; weaker < TIERS; weaker++) {
        for (unsigned stronger = 0; stronger < TIERS; stronger++) {
            struct tally_agreement *sum = &into->agreement[weaker][stronger];
            const struct tally_agreement *part = &from->agreement[weaker][stronger];
            sum->same_flows += part->same_flows;
            sum->different_flows += part->different_flows;
            sum->same_bytes += part->same_bytes;
            sum->different_bytes += part->different_bytes;
        }
    }
}

static void merge_frames(struct tally *into, const struct tally *from)
{
    add_count(&into->seen, &from->seen);
    add_count(&into->carried_over, &from->carried_over);
    add_count(&into->orphan_fragments, &from->orphan_fragments);
    add_count(&into->shed, &from->shed);
    add_count(&into->unreported, &from->unreported);
    for (unsigned reason = 0; reason < PACKET_OUTCOMES; reason++)
        add_count(&into->malformed[reason], &from->malformed[reason]);
    into->truncated += from->truncated;
    into->fragments += from->fragments;
    for (unsigned i = 0; i < ENCAPSULATIONS; i++)
        into->encapsulated[i] += from->encapsulated[i];
    into->tunnels_not_entered += from->tunnels_not_entered;
    into->dropped.nic += from->dropped.nic;
    into->dropped.kernel += from->dropped.kernel;
    into->dropped.source += from->dropped.source;
    into->dropped.forward += from->dropped.forward;
}

void tally_service_merge(struct tally_service *into, const struct tally_service *from)
{
    into->packets += from->packets;
    into->bytes += from->bytes;
    into->flows += from->flows;
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        into->hosts[word] |= from->hosts[word];
}

static void merge_services(struct tally *into, const struct tally *from)
{
    for (unsigned id = 0; id < SERVICES_MAX; id++)
        tally_service_merge(&into->services[id], &from->services[id]);
}

static uint64_t add_up_to_max(uint64_t a, uint64_t b)
{
    return b < UINT64_MAX - a ? a + b : UINT64_MAX;
}

void tally_headers_count(struct tally_headers *headers, uint64_t bytes)
{
    const uint64_t most = UINT64_C(1) << 31;
    uint64_t units = (bytes + TALLY_SQUARE_BYTES / 2) / TALLY_SQUARE_BYTES;
    units = units < 1 ? 1 : units < most ? units : most;
    headers->flows++;
    headers->bytes += bytes;
    headers->squares = add_up_to_max(headers->squares, units * units);
}

static void merge_headers(struct tally_headers *into, const struct tally_headers *from)
{
    into->flows += from->flows;
    into->bytes += from->bytes;
    into->squares = add_up_to_max(into->squares, from->squares);
    for (unsigned cell = 0; cell < TALLY_FIT_CELLS; cell++)
        into->fit[cell] += from->fit[cell];
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        into->hosts[word] |= from->hosts[word];
}

static void merge_signatures(struct tally_signatures *into, const struct tally_signatures *from)
{
    into->payloads += from->payloads;
    into->bytes += from->bytes;
    into->watches_lost += from->watches_lost;
    into->named += from->named;
    into->named_lost += from->named_lost;
    into->related_flows += from->related_flows;
}

static void merge_stochastic(struct tally_stochastic *into, const struct tally_stochastic *from)
{
    into->endpoints += from->endpoints;
    into->evicted += from->evicted;
    into->windows += from->windows;
    into->rejected += from->rejected;
}

void tally_merge(struct tally *into, const struct tally *from)
{
    if (from->first_ns < into->first_ns)
        into->first_ns = from->first_ns;
    if (from->last_ns > into->last_ns)
        into->last_ns = from->last_ns;
    if (from->end_ns > into->end_ns)
        into->end_ns = from->end_ns;
    merge_frames(into, from);
    merge_agreement(into, from);
    merge_stochastic(&into->stochastic, &from->stochastic);
    merge_signatures(&into->signatures, &from->signatures);
    merge_services(into, from);
    if (into->policy && from->policy)
        policy_tally_merge(into->policy, from->policy);
    into->flows.ended += from->flows.ended;
    into->flows.evicted += from->flows.evicted;
    into->flows.cut += from->flows.cut;
    into->flows.one_way += from->flows.one_way;
    into->flows.active += from->flows.active;
    for (unsigned id = 0; id < from->protocol_count; id++) {
        add_count(&into->non_ip[id], &from->non_ip[id]);
        tally_cell_merge(&into->cells[id], &from->cells[id]);
        merge_headers(&into->headers[id], &from->headers[id]);
    }
}

void tally_append(struct tally *into, const struct tally *next)
{
    if (next->protocol_count > into->protocol_count)
        tally_resize(into, next->protocol_count);
    struct tally_count carried_over = into->seen.frames ? into->carried_over : next->carried_over;
    tally_merge(into, next);
    into->flows.active = next->flows.active;
    into->unreported = next->unreported;
    into->carried_over = carried_over;
}

static unsigned count_hosts(const uint64_t *hosts)
{
    unsigned count = 0;
    for (unsigned word = 0; word < TALLY_HOST_BITS / 64; word++)
        count += (unsigned)__builtin_popcountll(hosts[word]);
    return count;
}

unsigned tally_service_hosts(const struct tally_service *service)
{
    return count_hosts(service->hosts);
}

unsigned tally_headers_hosts(const struct tally_headers *headers)
{
    return count_hosts(headers->hosts);
}

unsigned tally_cell_hosts(const struct tally_cell *cell)
{
    return count_hosts(cell->hosts);
}

struct tally_balance tally_balance(const struct tally *tally)
{
    struct tally_balance balance = {.seen = tally->seen};
    add_count(&balance.seen, &tally->carried_over);
    for (unsigned reason = 0; reason < PACKET_OUTCOMES; reason++)
        add_count(&balance.malformed, &tally->malformed[reason]);
    for (unsigned id = 0; id < tally->protocol_count; id++) {
        add_count(&balance.non_ip, &tally->non_ip[id]);
        if (id == PROTOCOL_UNKNOWN)
            continue;
        balance.protocols.frames += tally->cells[id].packets;
        balance.protocols.bytes += tally->cells[id].bytes;
    }
    balance.accounted = balance.protocols;
    balance.accounted.frames += tally->cells[PROTOCOL_UNKNOWN].packets;
    balance.accounted.bytes += tally->cells[PROTOCOL_UNKNOWN].bytes;
    add_count(&balance.accounted, &balance.non_ip);
    add_count(&balance.accounted, &balance.malformed);
    add_count(&balance.accounted, &tally->orphan_fragments);
    add_count(&balance.accounted, &tally->shed);
    add_count(&balance.accounted, &tally->unreported);
    return balance;
}
