/* SPDX-License-Identifier: BSD-3-Clause */
/* The walk over memory instead of a kernel's buffer. */
#include "headers_cut.h"

#include <stdlib.h>
#include <string.h>

#include "headers_walk.h"

struct copy {
    uint8_t *bytes;
    uint32_t length;
};

static int headers_load(void *frame, __u32 offset, void *bytes, __u32 length)
{
    const struct copy *from = frame;
    if (length > from->length || offset > from->length - length)
        return -1;
    memcpy(bytes, from->bytes + offset, length);
    return 0;
}

static void headers_wipe(void *frame, __u32 offset, __u32 length)
{
    const struct copy *from = frame;
    memset(from->bytes + offset, 0, length);
}

void headers_cut(struct frame *cut, const struct frame *frame, const struct packet_options *options,
                 uint32_t payload_bytes)
{
    const uint32_t length = frame->captured_bytes;
    struct copy copy = {.bytes = malloc(length ? length : 1), .length = length};
    struct headers_walk walk = {
        .frame = &copy,
        .length = length,
        .end = length,
        .wire_end = frame->wire_bytes,
        .keep_encapsulated = options->keep_encapsulated,
        .wipes_addresses = payload_bytes == 0,
    };
    if (!copy.bytes)
        abort();
    if (length)
        memcpy(copy.bytes, frame->bytes, length);
    for (int i = 0; i < HEADERS_STEPS_MAX && !headers_advance(&walk); i++)
        continue;
    uint32_t left = headers_left(&walk, payload_bytes);
    uint32_t plain = headers_plain(frame->bytes, frame->bytes + length, payload_bytes);
    if (left > length || (plain && plain != left))
        abort();
    uint8_t *bytes = realloc(copy.bytes, left ? left : 1);
    *cut = *frame;
    cut->bytes = bytes ? bytes : copy.bytes;
    cut->captured_bytes = left;
    cut->is_cut = true;
}
