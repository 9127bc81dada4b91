/* SPDX-License-Identifier: BSD-3-Clause */
/* Joins what the sockets of both ends saw of a flow, and settles its label. A pure function of its
 * records: it asks nobody and keeps nothing. */
#ifndef DATAPLANE_LABEL_FLOW_H
#define DATAPLANE_LABEL_FLOW_H

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/label.h"
#include "label_shared.h"

/* One half with its cgroup's label. Several may have equal keys: their counts add up. */
struct label_record {
    struct label_key key;
    struct label_half half;
    const char *label; /* null: none; equal labels may be different pointers */
    bool is_nameless;  /* none because the cgroup's name could not be read */
};

/* Sorts `records` and joins them into `flows`, which holds `count` places: the labelled ones,
 * sorted. Of `options` the endpoints count. Adds to the flow counters of `counts`. Returns how many
 * flows were written. */
size_t label_flow_join(const struct label_options *options, struct label_record *records,
                       size_t count, struct label_flow *flows, struct label_counts *counts);

/* Orders two ends: less than 0 when the first is end a, 0 when both are the same. */
int label_end_compare(const uint8_t *address, uint16_t port, const uint8_t *other_address,
                      uint16_t other_port);

/* The order of label_flows, by IP version, transport and both ends; labels and counts do not
 * matter. */
int label_flow_compare(const struct label_flow *flow, const struct label_flow *other);

#endif
