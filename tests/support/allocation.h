/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes memory run out at a chosen point: the test binary's calloc, malloc and mmap (mmap64) pass
 * through here. */
#ifndef ALLOCATION_H
#define ALLOCATION_H

/* The n-th allocation from now on fails, and only that one; 0: none does. */
void allocation_fail_at(unsigned n);

/* How many allocations were made since allocation_fail_at was called. */
unsigned allocation_count(void);

#endif
