/* SPDX-License-Identifier: BSD-3-Clause */
/* A free list, a clock hand for when it is empty, and streams put together. */
#include "classifier/watch.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { NONE = UINT32_MAX };

struct watch_pool {
    struct watch *watches;
    size_t bytes;
    uint32_t count;
    uint32_t free_slot; /* first of the free ones, NONE when there is none */
    uint32_t hand;      /* who loses the next slot */
};

int watch_pool_new(struct watch_pool **pool, uint32_t count, struct error *error)
{
    struct watch_pool *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the signatures tier");
    made->count = count;
    made->bytes = count * sizeof *made->watches;
    void *memory =
        mmap(NULL, made->bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        free(made);
        return error_set(error, ENOMEM, "out of memory for the first bytes of %u flows", count);
    }
    madvise(memory, made->bytes, MADV_DONTDUMP);
    made->watches = memory;
    for (uint32_t i = 0; i < count; i++)
        made->watches[i].next = i + 1 < count ? i + 1 : NONE;
    *pool = made;
    return 0;
}

void watch_pool_free(struct watch_pool *pool)
{
    if (!pool)
        return;
    explicit_bzero(pool->watches, pool->bytes);
    munmap(pool->watches, pool->bytes);
    free(pool);
}

/* Two zero words are nobody's key, but with a chance of 2^-128. */
static bool is_free(const struct watch *watch)
{
    return !watch->owner.word[0] && !watch->owner.word[1];
}

/* Stretches beyond a gap reach further than what is in order. */
static size_t used_bytes(const struct watch *watch, unsigned direction)
{
    unsigned pieces = watch->piece_count[direction];
    return pieces ? watch->pieces[direction][pieces - 1].end : watch->filled[direction];
}

/* Names reach further than both streams together: with them all of the watch goes, in one call, in
 * which no compiler can take the end of the first stream, at the same place, for theirs. */
static void wipe(struct watch *watch)
{
    if (watch->is_name_state) {
        explicit_bzero(watch, sizeof *watch);
        return;
    }
    explicit_bzero(watch->bytes[0], used_bytes(watch, 0));
    explicit_bzero(watch->bytes[1], used_bytes(watch, 1));
    explicit_bzero(watch, offsetof(struct watch, bytes));
}

struct watch *watch_take(struct watch_pool *pool, const struct flow_key *owner, uint32_t *slot,
                         bool *was_taken)
{
    *was_taken = pool->free_slot == NONE;
    if (*was_taken) {
        *slot = pool->hand;
        pool->hand = (pool->hand + 1) % pool->count;
        wipe(&pool->watches[*slot]);
    } else {
        *slot = pool->free_slot;
        pool->free_slot = pool->watches[*slot].next;
    }
    struct watch *watch = &pool->watches[*slot];
    watch->owner = *owner;
    return watch;
}

struct watch *watch_find(struct watch_pool *pool, uint32_t slot, const struct flow_key *owner)
{
    struct watch *watch = &pool->watches[slot];
    return flow_key_equals(&watch->owner, owner) ? watch : NULL;
}

void watch_release(struct watch_pool *pool, uint32_t slot)
{
    struct watch *watch = &pool->watches[slot];
    if (is_free(watch))
        return;
    wipe(watch);
    watch->next = pool->free_slot;
    pool->free_slot = slot;
}

/* Copies first..end-1 of the stream, but for what pieces hold already. */
static void copy_around_pieces(struct watch *watch, unsigned direction, unsigned first,
                               unsigned end, const uint8_t *bytes)
{
    uint8_t *stream = watch->bytes[direction];
    unsigned at = first;
    for (unsigned i = 0; i < watch->piece_count[direction] && at < end; i++) {
        const struct watch_piece *piece = &watch->pieces[direction][i];
        unsigned gap_end = piece->first < end ? piece->first : end;
        if (at < gap_end)
            memcpy(stream + at, bytes + (at - first), gap_end - at);
        if (piece->end > at)
            at = piece->end;
    }
    if (at < end)
        memcpy(stream + at, bytes + (at - first), end - at);
}

/* The pieces with first..end-1 among them, joined with those it touches. Returns how many there
 * are, which may be one more than fit. */
static unsigned join_pieces(const struct watch *watch, unsigned direction, unsigned first,
                            unsigned end, struct watch_piece *joined)
{
    const struct watch_piece *pieces = watch->pieces[direction];
    struct watch_piece new = {(uint16_t)first, (uint16_t)end};
    unsigned count = 0;
    bool is_placed = false;
    for (unsigned i = 0; i < watch->piece_count[direction]; i++) {
        if (pieces[i].end < new.first) {
            joined[count++] = pieces[i];
        } else if (pieces[i].first > new.end) {
            if (!is_placed)
                joined[count++] = new;
            is_placed = true;
            joined[count++] = pieces[i];
        } else {
            new.first = pieces[i].first < new.first ? pieces[i].first : new.first;
            new.end = pieces[i].end > new.end ? pieces[i].end : new.end;
        }
    }
    if (!is_placed)
        joined[count++] = new;
    return count;
}

/* Keeps what lies beyond a gap; it is dropped when there are too many gaps. */
static void place_beyond(struct watch *watch, unsigned direction, unsigned first, unsigned end,
                         const uint8_t *bytes)
{
    struct watch_piece joined[WATCH_PIECES + 1];
    unsigned count = join_pieces(watch, direction, first, end, joined);
    if (count > WATCH_PIECES)
        return;
    copy_around_pieces(watch, direction, first, end, bytes);
    memcpy(watch->pieces[direction], joined, count * sizeof *joined);
    watch->piece_count[direction] = (uint8_t)count;
}

/* Pieces that meet what is in order become part of it. */
static void absorb_pieces(struct watch *watch, unsigned direction)
{
    struct watch_piece *pieces = watch->pieces[direction];
    while (watch->piece_count[direction] && pieces[0].first <= watch->filled[direction]) {
        if (pieces[0].end > watch->filled[direction])
            watch->filled[direction] = pieces[0].end;
        watch->piece_count[direction]--;
        memmove(pieces, pieces + 1, watch->piece_count[direction] * sizeof *pieces);
    }
}

bool watch_place(struct watch *watch, unsigned direction, uint32_t sequence, const uint8_t *bytes,
                 uint32_t length)
{
    int64_t first = (int32_t)(sequence - watch->base_sequence[direction]);
    int64_t end = first + length;
    unsigned filled = watch->filled[direction];
    if (end > RULE_STREAM_BYTES)
        end = RULE_STREAM_BYTES;
    if (first >= end || end <= filled)
        return false;
    if (first > filled) {
        place_beyond(watch, direction, (unsigned)first, (unsigned)end, bytes);
        return false;
    }
    copy_around_pieces(watch, direction, filled, (unsigned)end, bytes + (filled - first));
    watch->filled[direction] = (uint16_t)end;
    absorb_pieces(watch, direction);
    return true;
}

void watch_count(struct watch *watch, unsigned direction, uint32_t packet_bytes)
{
    unsigned number = watch->packets[direction];
    if (number < RULE_SIZES)
        watch->sizes[direction][number] =
            (uint16_t)(packet_bytes < UINT16_MAX ? packet_bytes : UINT16_MAX);
    if (number < UINT8_MAX)
        watch->packets[direction]++;
}

void watch_keep_last(struct watch *watch, unsigned direction, const uint8_t *bytes,
                     uint32_t captured_bytes, uint32_t length)
{
    uint32_t kept = captured_bytes < WATCH_LAST_BYTES ? captured_bytes : WATCH_LAST_BYTES;
    memcpy(watch->bytes[direction], bytes, kept);
    if (kept < watch->filled[direction])
        memset(watch->bytes[direction] + kept, 0, watch->filled[direction] - kept);
    watch->filled[direction] = (uint16_t)kept;
    watch->last_length[direction] = length;
}

void watch_keep_names(struct watch *watch, const union name_state *state)
{
    watch->is_name_state = true;
    watch->names = *state;
}

struct watch_hit *watch_hit_of(struct watch *watch, uint16_t rule)
{
    for (unsigned i = 0; i < watch->hit_count; i++) {
        if (watch->hits[i].rule == rule)
            return &watch->hits[i];
    }
    if (watch->hit_count == WATCH_HITS)
        return NULL;
    struct watch_hit *hit = &watch->hits[watch->hit_count++];
    *hit = (struct watch_hit){.rule = rule};
    return hit;
}
