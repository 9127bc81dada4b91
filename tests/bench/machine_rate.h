/* SPDX-License-Identifier: BSD-3-Clause */
/* What the machine's memory allows: records of one cache line are read and written in an order
 * given beforehand, each group's fetched together before they are touched. Nothing is computed, so
 * no flow table with a record of its own for each flow can be faster. */
#ifndef MACHINE_RATE_H
#define MACHINE_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct machine_rate;

/* `records` of 64 bytes; exits when memory is out. */
struct machine_rate *machine_rate_new(uint32_t records, bool is_huge);
void machine_rate_free(struct machine_rate *rate);

/* Touches records[order[i]] for all i, `group` at a time (16 or 32). */
void machine_rate_run(struct machine_rate *rate, const uint32_t *order, uint32_t count,
                      unsigned group);

#endif
