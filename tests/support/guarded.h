/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory that ends at a page nobody may touch: reading one byte too far is a crash, with or without
 * a sanitizer. */
#ifndef GUARDED_H
#define GUARDED_H

#include <stddef.h>
#include <stdint.h>

struct guarded {
    uint8_t *pages;
    size_t bytes; /* usable, before the forbidden page */
};

/* At least `bytes` usable ones. Ends the test program when there is no memory. */
struct guarded guarded_new(size_t bytes);
void guarded_free(struct guarded *guarded);

/* A copy of `bytes` whose last byte is the last one that may be read; overwritten by the next. Null
 * `bytes` with a length of 0 is fine. */
uint8_t *guarded_place(const struct guarded *guarded, const void *bytes, size_t length);

#endif
