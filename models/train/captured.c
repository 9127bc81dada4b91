/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads captures and changes copies of them. Only headers and lengths are changed: no tier that is
 * trained on the copies reads what payload says. */
#include "captured.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "dataplane/source_pcap.h"

enum {
    LINK_ETHERNET = 1,
    ETHERNET_BYTES = 14,
    IPV6_BYTES = 40,
    TCP_BYTES = 20,
    FULL_BYTES = 1200, /* segments at least so large, and as large as any, may be full ones */
};

uint32_t captured_find(const struct captured *captured, const struct flow_key *key)
{
    uint32_t slot = (uint32_t)key->word[0] & captured->mask;
    while (captured->slots[slot] &&
           !flow_key_equals(&captured->units[captured->slots[slot] - 1].key, key))
        slot = (slot + 1) & captured->mask;
    return captured->slots[slot] - 1;
}

static int index_units(struct captured *captured, struct keyed_hash *hash,
                       const struct eval_row *rows, struct error *error)
{
    captured->mask = 15;
    while (captured->mask < captured->unit_count * 2)
        captured->mask = captured->mask * 2 + 1;
    captured->units = calloc(captured->unit_count + 1, sizeof *captured->units);
    captured->slots = calloc((size_t)captured->mask + 1, sizeof *captured->slots);
    if (!captured->units || !captured->slots)
        return error_set(error, ENOMEM, "out of memory for %zu rows of truth",
                         captured->unit_count);
    for (uint32_t i = 0; i < captured->unit_count; i++) {
        const struct packet *tuple = &rows[i].tuple;
        flow_key_of_flows(hash, &tuple, &captured->units[i].key, 1);
        uint32_t slot = (uint32_t)captured->units[i].key.word[0] & captured->mask;
        while (captured->slots[slot])
            slot = (slot + 1) & captured->mask;
        captured->slots[slot] = i + 1;
    }
    return 0;
}

static bool make_room(struct captured *captured, size_t bytes)
{
    if (captured->count == captured->room) {
        size_t room = captured->room ? captured->room * 2 : 1024;
        struct captured_frame *frames = realloc(captured->frames, room * sizeof *frames);
        if (!frames)
            return false;
        captured->frames = frames;
        captured->room = room;
    }
    if (captured->byte_room - captured->byte_count < bytes) {
        size_t room = captured->byte_room * 2 + bytes + 65536;
        uint8_t *wider = realloc(captured->bytes, room);
        if (!wider)
            return false;
        captured->bytes = wider;
        captured->byte_room = room;
    }
    return true;
}

/* While frames are added their bytes may move: until captured_settle, `bytes` is an offset. */
static uint8_t *add_frame(struct captured *captured, const struct captured_frame *frame)
{
    if (!make_room(captured, frame->frame.captured_bytes))
        return NULL;
    uint8_t *bytes = captured->bytes + captured->byte_count;
    if (frame->frame.captured_bytes)
        memcpy(bytes, frame->frame.bytes, frame->frame.captured_bytes);
    captured->frames[captured->count++] = *frame;
    captured->byte_count += frame->frame.captured_bytes;
    return bytes;
}

static void settle_frames(struct captured *captured)
{
    size_t offset = 0;
    for (size_t i = 0; i < captured->count; i++) {
        captured->frames[i].frame.bytes = captured->bytes + offset;
        offset += captured->frames[i].frame.captured_bytes;
    }
}

static void note_first(struct captured_unit *unit, const struct packet *packet, unsigned side)
{
    if (unit->has_first[side] || !packet->payload_captured_bytes)
        return;
    unit->has_first[side] = true;
    for (uint32_t i = 0; i < 4; i++) {
        uint8_t byte = i < packet->payload_captured_bytes ? packet->payload[i] : 0;
        unit->first[side] = unit->first[side] << 8 | byte;
    }
}

/* Which unit the frame is of, and which way it runs. */
static void recognise(struct captured *captured, struct keyed_hash *hash,
                      struct captured_frame *frame)
{
    const struct packet_options options = {0};
    struct packet packet;
    struct flow_key key;
    const struct packet *pointer = &packet;
    frame->unit = CAPTURED_FOREIGN;
    if (packet_parse(&frame->frame, &options, &packet) != PACKET_FLOW || !packet.has_ports)
        return;
    flow_key_of_flows(hash, &pointer, &key, 1);
    frame->unit = captured_find(captured, &key);
    if (frame->unit == CAPTURED_FOREIGN)
        return;
    struct captured_unit *unit = &captured->units[frame->unit];
    bool is_reversed = flow_key_is_reversed(&packet);
    if (!unit->is_seen[0])
        unit->begins_reversed = is_reversed;
    frame->is_second = is_reversed != unit->begins_reversed;
    unit->is_seen[frame->is_second] = true;
    note_first(unit, &packet, frame->is_second);
}

static int load_frames(struct captured *captured, struct keyed_hash *hash, struct source *source)
{
    struct burst burst;
    int failure = 0;
    do {
        source_burst(source, &burst);
        for (unsigned i = 0; !failure && i < burst.count; i++) {
            struct captured_frame frame = {.frame = burst.frames[i]};
            recognise(captured, hash, &frame);
            failure = add_frame(captured, &frame) ? 0 : -ENOMEM;
        }
        source_release(source, &burst);
    } while (!burst.is_end);
    settle_frames(captured);
    return failure;
}

int captured_read(struct captured *captured, const char *path, const struct eval_row *rows,
                  size_t count, struct complaint complaint, struct error *error)
{
    const struct source_pcap_options options = {
        .files = &path, .file_count = 1, .complaint = complaint};
    struct keyed_hash *hash = NULL;
    struct source *source = NULL;
    *captured = (struct captured){.unit_count = count};
    int failure = keyed_secret_draw(&captured->secret, error);
    if (!failure)
        failure = keyed_hash_new(&hash, &captured->secret, error);
    if (!failure)
        failure = index_units(captured, hash, rows, error);
    if (!failure)
        failure = source_pcap_new(&source, &options, error);
    if (!failure && load_frames(captured, hash, source))
        failure = error_set(error, ENOMEM, "out of memory for the capture");
    source_close(source);
    keyed_hash_free(hash);
    return failure;
}

void captured_free(struct captured *captured)
{
    explicit_bzero(&captured->secret, sizeof captured->secret);
    free(captured->units);
    free(captured->slots);
    free(captured->frames);
    free(captured->bytes);
    *captured = (struct captured){.count = 0};
}

/* One way of a TCP flow while it is cut anew. */
struct stream {
    bool is_open;
    uint32_t expected;   /* sequence number of the next byte in order */
    uint32_t next;       /* of the next byte to be sent on */
    uint32_t held_bytes; /* came, and wait for more */
    uint32_t full_bytes; /* the largest segment so far */
};

/* Where the headers of a TCP packet in Ethernet are. */
struct layout {
    unsigned ip;  /* version */
    unsigned tcp; /* offset in the frame */
    unsigned payload;
    uint32_t payload_bytes;
};

static bool find_layout(const struct frame *frame, struct layout *layout)
{
    const uint8_t *bytes = frame->bytes;
    if (frame->link_type != LINK_ETHERNET || frame->captured_bytes < ETHERNET_BYTES + 20)
        return false;
    unsigned type = load_be16(bytes + 12);
    uint32_t ip_bytes;
    if (type == 0x0800 && bytes[23] == IP_TCP && !(load_be16(bytes + 20) & 0x3fff)) {
        *layout = (struct layout){.ip = 4, .tcp = ETHERNET_BYTES + 4u * (bytes[14] & 15u)};
        ip_bytes = load_be16(bytes + 16);
    } else if (type == 0x86dd && bytes[20] == IP_TCP) {
        *layout = (struct layout){.ip = 6, .tcp = ETHERNET_BYTES + IPV6_BYTES};
        ip_bytes = load_be16(bytes + 18) + (uint32_t)IPV6_BYTES;
    } else {
        return false;
    }
    if (frame->captured_bytes < layout->tcp + TCP_BYTES)
        return false;
    layout->payload = layout->tcp + 4u * (bytes[layout->tcp + 12] >> 4);
    if (ETHERNET_BYTES + ip_bytes < layout->payload)
        return false;
    layout->payload_bytes = ETHERNET_BYTES + ip_bytes - layout->payload;
    return true;
}

static void store_be16(uint8_t *bytes, uint32_t number)
{
    bytes[0] = (uint8_t)(number >> 8);
    bytes[1] = (uint8_t)number;
}

/* A frame like `like` with other payload, at another place of the stream. */
static bool add_segment(struct captured *copy, const struct captured_frame *like,
                        const struct layout *layout, uint32_t sequence, uint32_t payload_bytes)
{
    struct captured_frame frame = *like;
    uint32_t wire_bytes = layout->payload + payload_bytes;
    frame.frame.wire_bytes = wire_bytes;
    if (frame.frame.captured_bytes > wire_bytes)
        frame.frame.captured_bytes = wire_bytes;
    if (frame.frame.captured_bytes < layout->tcp + TCP_BYTES)
        return false;
    uint8_t *bytes = add_frame(copy, &frame);
    if (!bytes)
        return false;
    if (layout->ip == 4)
        store_be16(bytes + 16, wire_bytes - ETHERNET_BYTES);
    else
        store_be16(bytes + 18, wire_bytes - ETHERNET_BYTES - IPV6_BYTES);
    store_be16(bytes + layout->tcp + 4, sequence >> 16);
    store_be16(bytes + layout->tcp + 6, sequence);
    return true;
}

/* The stream goes on with this packet: what came so far leaves as full segments, the rest waits
 * unless the packet ends a piece. */
static bool pass_segment(struct captured *copy, struct stream *stream,
                         const struct captured_frame *frame, const struct layout *layout,
                         uint32_t segment_bytes)
{
    unsigned flags = frame->frame.bytes[layout->tcp + 13];
    uint32_t bytes = layout->payload_bytes;
    stream->full_bytes = bytes > stream->full_bytes ? bytes : stream->full_bytes;
    stream->expected += bytes;
    stream->held_bytes += bytes;
    bool is_kept = true;
    while (is_kept && stream->held_bytes >= segment_bytes) {
        is_kept = add_segment(copy, frame, layout, stream->next, segment_bytes);
        stream->next += segment_bytes;
        stream->held_bytes -= segment_bytes;
    }
    bool is_full = bytes >= FULL_BYTES && bytes == stream->full_bytes;
    if (is_kept && stream->held_bytes && (!is_full || flags & (TCP_PSH | TCP_FIN | TCP_RST))) {
        is_kept = add_segment(copy, frame, layout, stream->next, stream->held_bytes);
        stream->next += stream->held_bytes;
        stream->held_bytes = 0;
    }
    return is_kept;
}

static bool cut_frame(struct captured *copy, struct stream *stream,
                      const struct captured_frame *frame, uint32_t segment_bytes)
{
    struct layout layout;
    if (frame->unit == CAPTURED_FOREIGN || !find_layout(&frame->frame, &layout))
        return add_frame(copy, frame);
    uint32_t sequence = load_be32(frame->frame.bytes + layout.tcp + 4);
    bool is_syn = frame->frame.bytes[layout.tcp + 13] & TCP_SYN;
    if (is_syn || !stream->is_open || (int32_t)(sequence - stream->expected) > 0)
        *stream = (struct stream){
            .is_open = true, .expected = sequence + is_syn, .next = sequence + is_syn};
    if (!layout.payload_bytes || sequence != stream->expected)
        return add_frame(copy, frame); /* nothing to cut, or sent once more */
    return pass_segment(copy, stream, frame, &layout, segment_bytes);
}

static bool is_left(const struct captured_frame *frame, enum variation variation)
{
    if (frame->unit == CAPTURED_FOREIGN)
        return false;
    return variation == VARIATION_FORWARD    ? !frame->is_second
           : variation == VARIATION_BACKWARD ? frame->is_second
                                             : true;
}

int captured_vary(struct captured *copy, const struct captured *captured, enum variation variation,
                  uint32_t segment_bytes)
{
    *copy = (struct captured){.count = 0};
    struct stream *streams = calloc(captured->unit_count * 2 + 1, sizeof *streams);
    bool is_good = streams;
    for (size_t i = 0; is_good && i < captured->count; i++) {
        const struct captured_frame *frame = &captured->frames[i];
        if (!is_left(frame, variation))
            continue;
        if (variation == VARIATION_SEGMENTS)
            is_good = cut_frame(copy, &streams[2 * (size_t)frame->unit + frame->is_second], frame,
                                segment_bytes);
        else
            is_good = add_frame(copy, frame);
    }
    settle_frames(copy);
    free(streams);
    return is_good ? 0 : -ENOMEM;
}
