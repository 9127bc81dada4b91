/* SPDX-License-Identifier: BSD-3-Clause */
/* Large zeroed memory for tables: resident once touched, never part of a core dump, in huge pages
 * where the kernel has them to give. */
#ifndef RESERVED_H
#define RESERVED_H

#include <stddef.h>

/* Null when there is none. */
void *reserved_new(size_t bytes);

/* Null is fine. */
void reserved_free(void *memory, size_t bytes);

#endif
