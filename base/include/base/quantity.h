/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict reading of quantities that people write with their unit: 1.5Mbit/s, 64KiB, 250ms. All of
 * the text must be the quantity, and the unit must be there. Exact: no floating point. */
#ifndef BASE_QUANTITY_H
#define BASE_QUANTITY_H

#include <stdint.h>

#include "base/error.h"

/* bit/s, kbit/s, Mbit/s, Gbit/s; at most three decimals, and a whole number of bits per second.
 * From 1 bit/s to 1 Tbit/s. Returns 0, or -EINVAL with `error` saying what was expected. */
int quantity_read_rate(const char *text, uint64_t *bits_per_second, struct error *error);

/* B, kB, MB, GB, TB, KiB, MiB, GiB, TiB; whole numbers. Up to `most`. */
int quantity_read_size(const char *text, uint64_t most, uint64_t *bytes, struct error *error);

/* ms, s, min, h, d; whole numbers. Up to 400 days. */
int quantity_read_duration(const char *text, uint64_t *ns, struct error *error);

#endif
