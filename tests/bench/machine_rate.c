/* SPDX-License-Identifier: BSD-3-Clause */
/* Random access in groups, and nothing else. */
#include "machine_rate.h"

#include "reserved.h"

struct record {
    _Alignas(64) uint64_t touched;
};

struct machine_rate {
    struct record *records;
    size_t bytes;
};

struct machine_rate *machine_rate_new(uint32_t records, bool is_huge)
{
    struct machine_rate *made = calloc(1, sizeof *made);
    if (!made) {
        perror("memory for the bench");
        exit(1);
    }
    made->bytes = records * sizeof *made->records;
    made->records = reserved_new(made->bytes, is_huge);
    for (uint32_t i = 0; i < records; i++)
        made->records[i].touched = 1;
    return made;
}

void machine_rate_free(struct machine_rate *rate)
{
    reserved_free(rate->records, rate->bytes);
    free(rate);
}

/* Inlined for each group size, so that the compiler knows it. */
static inline __attribute__((always_inline)) void run(struct record *records, const uint32_t *order,
                                                      uint32_t count, unsigned group)
{
    for (uint32_t first = 0; first + group <= count; first += group) {
        for (unsigned i = 0; i < group; i++)
            __builtin_prefetch(&records[order[first + i]], 1);
        for (unsigned i = 0; i < group; i++)
            records[order[first + i]].touched++;
    }
}

void machine_rate_run(struct machine_rate *rate, const uint32_t *order, uint32_t count,
                      unsigned group)
{
    if (group == 16)
        run(rate->records, order, count, 16);
    else
        run(rate->records, order, count, 32);
}
