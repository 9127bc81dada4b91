/* SPDX-License-Identifier: BSD-3-Clause */
/* From halves to flows: sort by canonical 5-tuple, add up each end, settle the label. */
#include "label_flow.h"

#include <stdlib.h>
#include <string.h>

/* What the sockets at one end of a flow saw, over all the cgroups they were in. */
struct side {
    const char *label; /* null: none */
    bool is_endpoint;  /* the label is the endpoint's own, and stands above every cgroup's */
    bool is_present;
    bool is_conflicting; /* cgroups of different labels: a port that passed on, or was shared */
    bool is_nameless;
    uint64_t flags;
    struct label_total sent, arrived;
};

enum verdict { UNLABELLED, LABELLED, SETTLED, CONFLICTING };

int label_end_compare(const uint8_t *address, uint16_t port, const uint8_t *other_address,
                      uint16_t other_port)
{
    int order = memcmp(address, other_address, 16);
    return order != 0 ? order : (port > other_port) - (port < other_port);
}

int label_flow_compare(const struct label_flow *flow, const struct label_flow *other)
{
    if (flow->ip_version != other->ip_version)
        return flow->ip_version - other->ip_version;
    if (flow->transport != other->transport)
        return flow->transport - other->transport;
    int order = label_end_compare(flow->a_address, flow->a_port, other->a_address, other->a_port);
    return order != 0
               ? order
               : label_end_compare(flow->b_address, flow->b_port, other->b_address, other->b_port);
}

static bool local_is_a(const struct label_key *key)
{
    return label_end_compare(key->local_address, key->local_port, key->remote_address,
                             key->remote_port) <= 0;
}

/* The flow a half belongs to, without label and counts. */
static struct label_flow flow_of(const struct label_key *key)
{
    struct label_flow flow = {.ip_version = key->ip_version, .transport = key->transport};
    bool is_a = local_is_a(key);
    memcpy(flow.a_address, is_a ? key->local_address : key->remote_address, 16);
    memcpy(flow.b_address, is_a ? key->remote_address : key->local_address, 16);
    flow.a_port = is_a ? key->local_port : key->remote_port;
    flow.b_port = is_a ? key->remote_port : key->local_port;
    return flow;
}

static int record_compare(const void *left, const void *right)
{
    const struct label_flow flow = flow_of(&((const struct label_record *)left)->key);
    const struct label_flow other = flow_of(&((const struct label_record *)right)->key);
    return label_flow_compare(&flow, &other);
}

/* Whether one packet sent to `address` arrives at every socket that listens. */
static bool is_group(uint8_t ip_version, const uint8_t *address)
{
    return ip_version == 4 ? address[0] >= 224 : address[0] == 0xff;
}

static void total_add(struct label_total *total, const struct label_count *count)
{
    total->packets += count->packets;
    total->ip_bytes += count->ip_bytes;
}

static bool total_is_less(const struct label_total *total, const struct label_total *other)
{
    return total->ip_bytes < other->ip_bytes;
}

static void side_add(struct side *side, const struct label_record *record)
{
    const struct label_count *arrived = &record->half.arrived;
    side->is_present = true;
    side->is_nameless |= record->is_nameless;
    side->flags |= record->half.flags;
    total_add(&side->sent, &record->half.sent);
    if (is_group(record->key.ip_version, record->key.local_address)) {
        struct label_total copy = {arrived->packets, arrived->ip_bytes};
        if (total_is_less(&side->arrived, &copy))
            side->arrived = copy;
    } else {
        total_add(&side->arrived, arrived);
    }
    if (!side->label)
        side->label = record->label;
    else if (record->label && strcmp(side->label, record->label) != 0)
        side->is_conflicting = true;
}

/* Gives a side the label its address and port were given, if they were. */
static void side_name(struct side *side, const struct label_options *options, uint8_t ip_version,
                      const uint8_t *address, uint16_t port)
{
    for (size_t i = 0; i < options->endpoint_count; i++) {
        const struct label_endpoint *endpoint = &options->endpoints[i];
        if (endpoint->ip_version == ip_version &&
            label_end_compare(endpoint->address, endpoint->port, address, port) == 0) {
            side->label = endpoint->label;
            side->is_endpoint = true;
            side->is_conflicting = false;
        }
    }
}

/* The end that was called defines the protocol: a program that serves speaks what it serves, one
 * that calls also looks up names. */
static enum verdict settle(const struct side *a, const struct side *b, const char **label)
{
    if (a->is_endpoint != b->is_endpoint) {
        *label = a->is_endpoint ? a->label : b->label;
        return LABELLED;
    }
    if (a->is_conflicting || b->is_conflicting)
        return CONFLICTING;
    *label = a->label ? a->label : b->label;
    if (!*label)
        return UNLABELLED;
    if (!a->label || !b->label || strcmp(a->label, b->label) == 0)
        return LABELLED;
    bool a_called = (a->flags & LABEL_HALF_CALLED) || (b->flags & LABEL_HALF_ANSWERED);
    bool b_called = (b->flags & LABEL_HALF_CALLED) || (a->flags & LABEL_HALF_ANSWERED);
    if (a_called == b_called)
        return CONFLICTING;
    *label = a_called ? b->label : a->label;
    return SETTLED;
}

/* One direction on the wire: the receiver's sockets see less by what was lost, the sender's by what
 * a connection without socket sent. What was sent to a group arrives many times. */
static struct label_total wire_total(const struct side *sender, const struct side *receiver,
                                     bool to_group)
{
    bool take_arrived =
        total_is_less(&sender->sent, &receiver->arrived) && !(to_group && sender->sent.packets > 0);
    return take_arrived ? receiver->arrived : sender->sent;
}

static void flow_fill(struct label_flow *flow, const struct side *a, const struct side *b)
{
    flow->ends = (uint8_t)((a->is_present ? LABEL_END_A : 0) | (b->is_present ? LABEL_END_B : 0));
    flow->a_to_b = wire_total(a, b, is_group(flow->ip_version, flow->b_address));
    flow->b_to_a = wire_total(b, a, is_group(flow->ip_version, flow->a_address));
    flow->a_to_b_arrived = b->arrived;
    flow->b_to_a_arrived = a->arrived;
}

static void count_flow(struct label_counts *counts, enum verdict verdict,
                       const struct label_flow *flow, bool is_nameless)
{
    struct label_total *total = &counts->labelled;
    switch (verdict) {
    case SETTLED:
        counts->flows_settled++;
        /* fall through */
    case LABELLED:
        counts->flows_labelled++;
        break;
    case CONFLICTING:
        counts->flows_conflicting++;
        total = &counts->conflicting;
        break;
    case UNLABELLED:
        counts->flows_unlabelled++;
        counts->flows_nameless += is_nameless;
        total = &counts->unlabelled;
        break;
    }
    total->packets += flow->a_to_b.packets + flow->b_to_a.packets;
    total->ip_bytes += flow->a_to_b.ip_bytes + flow->b_to_a.ip_bytes;
}

/* Joins the records of one flow. Returns whether it has a label. */
static bool flow_join(const struct label_options *options, const struct label_record *records,
                      size_t count, struct label_flow *flow, struct label_counts *counts)
{
    struct side a = {0}, b = {0};
    *flow = flow_of(&records[0].key);
    flow->first_ns = UINT64_MAX;
    for (size_t i = 0; i < count; i++) {
        const struct label_half *half = &records[i].half;
        side_add(local_is_a(&records[i].key) ? &a : &b, &records[i]);
        flow->first_ns = half->first_ns < flow->first_ns ? half->first_ns : flow->first_ns;
        flow->last_ns = half->last_ns > flow->last_ns ? half->last_ns : flow->last_ns;
    }
    side_name(&a, options, flow->ip_version, flow->a_address, flow->a_port);
    side_name(&b, options, flow->ip_version, flow->b_address, flow->b_port);
    flow_fill(flow, &a, &b);
    enum verdict verdict = settle(&a, &b, &flow->label);
    count_flow(counts, verdict, flow, a.is_nameless || b.is_nameless);
    return verdict == LABELLED || verdict == SETTLED;
}

size_t label_flow_join(const struct label_options *options, struct label_record *records,
                       size_t count, struct label_flow *flows, struct label_counts *counts)
{
    size_t written = 0;
    qsort(records, count, sizeof *records, record_compare);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count; end++)
            if (record_compare(&records[begin], &records[end]) != 0)
                break;
        written += flow_join(options, records + begin, end - begin, &flows[written], counts);
    }
    return written;
}
