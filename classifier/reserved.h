/* SPDX-License-Identifier: BSD-3-Clause */
/* Large zeroed memory for tables: resident once touched, never part of a core dump. */
#ifndef RESERVED_H
#define RESERVED_H

#include <stdbool.h>
#include <stddef.h>

/* Null when there is none. `is_huge`: in huge pages where the kernel has them to give, for tables
 * that are touched all over. Those that grow slowly stay small without. */
void *reserved_new(size_t bytes, bool is_huge);

/* Null is fine. */
void reserved_free(void *memory, size_t bytes);

#endif
