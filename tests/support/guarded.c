/* SPDX-License-Identifier: BSD-3-Clause */
/* Two mappings side by side, the second without permissions. */
#include "guarded.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct guarded guarded_new(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t usable = (bytes + page - 1) / page * page;
    uint8_t *pages = mmap(NULL, usable + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (pages == MAP_FAILED || mprotect(pages, usable, PROT_READ | PROT_WRITE)) {
        perror("guarded_new");
        exit(2);
    }
    return (struct guarded){.pages = pages, .bytes = usable};
}

void guarded_free(struct guarded *guarded)
{
    munmap(guarded->pages, guarded->bytes + (size_t)sysconf(_SC_PAGESIZE));
    *guarded = (struct guarded){0};
}

uint8_t *guarded_place(const struct guarded *guarded, const void *bytes, size_t length)
{
    assert(length <= guarded->bytes);
    uint8_t *placed = guarded->pages + guarded->bytes - length;
    if (length)
        memcpy(placed, bytes, length);
    return placed;
}
