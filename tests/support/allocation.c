/* SPDX-License-Identifier: BSD-3-Clause */
/* Wrappers that the linker puts before the real ones (--wrap). */
#include "allocation.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>

static unsigned failing;
static unsigned counted;

void allocation_fail_at(unsigned n)
{
    failing = n;
    counted = 0;
}

unsigned allocation_count(void)
{
    return counted;
}

static bool must_fail(void)
{
    if (++counted != failing)
        return false;
    errno = ENOMEM;
    return true;
}

void *__real_calloc(size_t count, size_t size);
void *__real_malloc(size_t size);
void *__real_mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset);

void *__wrap_calloc(size_t count, size_t size)
{
    return must_fail() ? NULL : __real_calloc(count, size);
}

void *__wrap_malloc(size_t size)
{
    return must_fail() ? NULL : __real_malloc(size);
}

void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return must_fail() ? MAP_FAILED : __real_mmap64(at, size, protection, flags, file, offset);
}
