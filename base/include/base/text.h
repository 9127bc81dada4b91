/* SPDX-License-Identifier: BSD-3-Clause */
/* Strict reading of numbers that people write: all of the text must be the number, or it is
 * refused. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdint.h>

#include "base/error.h"

/* Decimal digits only. Returns 0, or -EINVAL with `error` saying what was expected of `what`. */
int text_read_unsigned(const char *text, const char *what, uint64_t least, uint64_t most,
                       uint64_t *value, struct error *error);

/* Seconds with up to nine decimals ("0.5", "300"), more than 0 and at most ten years; returned in
 * nanoseconds. */
int text_read_seconds(const char *text, const char *what, uint64_t *value_ns, struct error *error);

#endif
