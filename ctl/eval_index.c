/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys to rows of truth. */
#include "eval_index.h"

#include <errno.h>
#include <stdlib.h>

static uint32_t find_slot(const struct eval_index *index, const struct flow_key *key)
{
    uint32_t slot = (uint32_t)key->word[0] & index->mask;
    while (index->slots[slot] && !flow_key_equals(&index->keys[index->slots[slot] - 1], key))
        slot = (slot + 1) & index->mask;
    return slot;
}

int eval_index_make(struct eval_index *index, struct keyed_hash *hash, const struct eval_row *rows,
                    size_t count, struct error *error)
{
    *index = (struct eval_index){.mask = 15};
    while (index->mask < count * 2)
        index->mask = index->mask * 2 + 1;
    index->keys = calloc(count + 1, sizeof *index->keys);
    index->slots = calloc((size_t)index->mask + 1, sizeof *index->slots);
    if (!index->keys || !index->slots)
        return error_set(error, ENOMEM, "out of memory for %zu rows of truth", count);
    for (size_t i = 0; i < count; i++) {
        const struct packet *tuple = &rows[i].tuple;
        flow_key_of_flows(hash, &tuple, &index->keys[i], 1);
        index->slots[find_slot(index, &index->keys[i])] = (uint32_t)i + 1;
    }
    return 0;
}

void eval_index_free(struct eval_index *index)
{
    free(index->keys);
    free(index->slots);
}

int64_t eval_index_find(const struct eval_index *index, const struct flow_key *key)
{
    return (int64_t)index->slots[find_slot(index, key)] - 1;
}
