/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes what the signatures tier keeps of a flow. The input is a row of segments: a head byte with
 * the direction, an offset, a length. Every byte of a stream is a function of its place, so
 * whatever arrives in whatever order, the part that is in order must be those bytes, all of them
 * arrived; and a watch given back is empty. Messages are read for endpoints as well: never more
 * than there is room for. */
#include <string.h>

#include "base/cursor.h"
#include "classifier/relation.h"
#include "classifier/watch.h"
#include "require.h"

enum { STREAM_MAX = 4096, BASE = 0xfffffff0u };

static uint8_t byte_at(unsigned direction, uint32_t offset)
{
    return (uint8_t)((offset * 31 + direction * 7) >> 2);
}

static void check_stream(const struct watch *watch, const uint8_t *has_arrived, unsigned direction)
{
    require(watch->filled[direction] <= RULE_STREAM_BYTES);
    for (uint32_t i = 0; i < watch->filled[direction]; i++) {
        require(has_arrived[i]);
        require(watch->bytes[direction][i] == byte_at(direction, i));
    }
    require(watch->filled[direction] == RULE_STREAM_BYTES || watch->piece_count[direction] == 0 ||
            watch->pieces[direction][0].first > watch->filled[direction]);
}

static void check_streams(const uint8_t *bytes, size_t length)
{
    static uint8_t has_arrived[2][STREAM_MAX];
    struct watch_pool *pool;
    uint32_t slot;
    bool was_taken;
    const struct flow_key owner = {{1, 2}};
    memset(has_arrived, 0, sizeof has_arrived);
    require(watch_pool_new(&pool, 1, NULL) == 0);
    struct watch *watch = watch_take(pool, &owner, &slot, &was_taken);
    watch->base_sequence[0] = watch->base_sequence[1] = BASE;
    struct cursor cursor = cursor_over(bytes, length);
    for (const uint8_t *head; (head = cursor_take(&cursor, 4));) {
        unsigned direction = head[0] & 1;
        uint32_t offset = load_be16(head) >> 4;
        uint32_t count = load_be16(head + 2) % 700;
        uint8_t segment[700];
        for (uint32_t i = 0; i < count; i++)
            segment[i] = byte_at(direction, offset + i);
        unsigned before = watch->filled[direction];
        bool has_grown = watch_place(watch, direction, BASE + offset, segment, count);
        for (uint32_t i = offset; i < offset + count && i < STREAM_MAX; i++)
            has_arrived[direction][i] = 1;
        require(has_grown == (watch->filled[direction] > before));
        check_stream(watch, has_arrived[direction], direction);
    }
    watch_release(pool, slot);
    for (size_t i = 0; i < sizeof watch->bytes; i++)
        require(((const uint8_t *)watch->bytes)[i] == 0);
    watch_pool_free(pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    check_streams(bytes, length);
    const struct packet packet = {.ip_version = 4,
                                  .protocol = 6,
                                  .source = {192, 0, 2, 1},
                                  .destination = {192, 0, 2, 2},
                                  .payload = bytes,
                                  .payload_bytes = (uint32_t)length,
                                  .payload_captured_bytes = (uint32_t)length};
    for (unsigned i = 0; i < EXTRACTORS && length; i++) {
        struct relation_names names;
        relation_extract((enum rule_extractor)i, &packet, &names);
        require(names.count <= RELATION_ENDPOINTS);
        for (unsigned k = 0; k < names.count; k++)
            require(names.endpoint[k].port != 0 &&
                    (names.endpoint[k].ip_version == 4 || names.endpoint[k].ip_version == 6));
    }
    return 0;
}
