/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory as the flow table gets its own: anonymous, in huge pages where the kernel gives them. */
#ifndef RESERVED_H
#define RESERVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

/* Zeroed; exits when memory is out. */
static inline void *reserved_new(size_t bytes, bool is_huge)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        perror("memory for the bench");
        exit(1);
    }
    madvise(memory, bytes, is_huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return memory;
}

static inline void reserved_free(void *memory, size_t bytes)
{
    munmap(memory, bytes);
}

#endif
