/* SPDX-License-Identifier: BSD-3-Clause */
/* Anonymous mappings with the right advice. */
#include "reserved.h"

#include <sys/mman.h>

void *reserved_new(size_t bytes, bool is_huge)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED)
        return NULL;
    if (is_huge)
        madvise(memory, bytes, MADV_HUGEPAGE);
    madvise(memory, bytes, MADV_DONTDUMP);
    return memory;
}

void reserved_free(void *memory, size_t bytes)
{
    if (memory)
        munmap(memory, bytes);
}
