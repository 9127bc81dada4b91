/* SPDX-License-Identifier: BSD-3-Clause */
/* Capture files of every kind that libpcap reads, and what is said of those it does not. */
#include "dataplane/source_pcap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture_writer.h"
#include "classifier/packet.h"
#include "suites.h"

enum { PATH_BYTES = 64 };

struct input {
    char path[PATH_BYTES];
    FILE *file;
};

static struct input input_begin(void)
{
    struct input input = {.path = "/tmp/glassbox-test-XXXXXX"};
    input.file = fdopen(mkstemp(input.path), "wb");
    CU_ASSERT_PTR_NOT_NULL_FATAL(input.file);
    return input;
}

static void input_end(struct input *input)
{
    fclose(input->file);
}

struct outcome {
    unsigned frames;
    uint64_t bytes;
    uint64_t first_ns, last_ns;
    unsigned complaints;
    char complaint[256];
    uint64_t content; /* sum of all bytes seen */
};

static void note_complaint(void *context, const char *input, const char *text)
{
    struct outcome *outcome = context;
    CU_ASSERT_PTR_NOT_NULL(input);
    outcome->complaints++;
    snprintf(outcome->complaint, sizeof outcome->complaint, "%s", text);
}

/* Leaves nothing of what the reader's own variables will be at zero by luck. */
static __attribute__((noinline)) void soil_stack(void)
{
    volatile uint8_t soil[4096];
    for (unsigned i = 0; i < sizeof soil; i++)
        soil[i] = 1;
}

static void note_frame(struct outcome *outcome, const struct frame *frame)
{
    CU_ASSERT(!frame->is_cut);
    if (!outcome->frames)
        outcome->first_ns = frame->time_ns;
    outcome->last_ns = frame->time_ns;
    outcome->frames++;
    outcome->bytes += frame->wire_bytes;
    CU_ASSERT(frame->captured_bytes <= frame->wire_bytes);
    for (uint32_t i = 0; i < frame->captured_bytes; i++)
        outcome->content += frame->bytes[i];
}

static struct outcome read_all(const char *const *files, unsigned count)
{
    struct outcome outcome = {0};
    const struct source_pcap_options options = {
        .files = files,
        .file_count = count,
        .complaint = {.tell = note_complaint, .context = &outcome},
    };
    struct source *source;
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &options, NULL), 0);
    for (bool is_end = false; !is_end;) {
        struct burst burst;
        soil_stack();
        source_burst(source, &burst);
        CU_ASSERT(burst.count || burst.is_end);
        for (unsigned i = 0; i < burst.count; i++)
            note_frame(&outcome, &burst.frames[i]);
        is_end = burst.is_end;
        source_release(source, &burst);
    }
    source_close(source);
    return outcome;
}

static struct outcome read_one(const char *path)
{
    return read_all(&path, 1);
}

static const struct capture_packet one_packet = {
    .time_ns = 1700000000123456789, .source = 1, .destination = 2, .protocol = IP_UDP};

static void reads_either_byte_order_to_the_nanosecond(void)
{
    for (unsigned big_endian = 0; big_endian < 2; big_endian++) {
        struct input input = input_begin();
        capture_begin(input.file, big_endian);
        uint32_t length = capture_write(input.file, big_endian, &one_packet);
        input_end(&input);
        struct outcome outcome = read_one(input.path);
        CU_ASSERT_EQUAL(outcome.frames, 1);
        CU_ASSERT_EQUAL(outcome.bytes, length);
        CU_ASSERT_EQUAL(outcome.first_ns, one_packet.time_ns);
        CU_ASSERT_EQUAL(outcome.complaints, 0);
        unlink(input.path);
    }
}

/* Bursts are bounded by bytes as well as by frames; nothing of a large frame may be overwritten. */
static void keeps_large_frames_apart(void)
{
    struct input input = input_begin();
    uint64_t bytes = 0;
    capture_begin(input.file, false);
    for (unsigned i = 0; i < 200; i++) {
        struct capture_packet packet = one_packet;
        packet.payload_bytes = (uint16_t)(i * 300);
        packet.time_ns += i;
        bytes += capture_write(input.file, false, &packet);
    }
    input_end(&input);
    struct outcome outcome = read_one(input.path);
    CU_ASSERT_EQUAL(outcome.frames, 200);
    CU_ASSERT_EQUAL(outcome.bytes, bytes);
    CU_ASSERT_EQUAL(outcome.last_ns, one_packet.time_ns + 199);
    CU_ASSERT(outcome.content > 0);
    unlink(input.path);
}

/* The smallest pcapng (draft-ietf-opsawg-pcapng): section, interface with nanoseconds, one packet.
 */
static void reads_pcapng(void)
{
    static const uint8_t blocks[] = {
        0x0a, 0x0d, 0x0d, 0x0a, 28,   0,    0,    0,    0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,
        0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 28,   0,    0,    0,    1, 0, 0, 0,
        32,   0,    0,    0,    1,    0,    0,    0,    0,    0,    4,    0,    9, 0, 1, 0,
        9,    0,    0,    0,    0,    0,    0,    0,    32,   0,    0,    0,    6, 0, 0, 0,
        48,   0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    7, 0, 0, 0,
        14,   0,    0,    0,    60,   0,    0,    0,    1,    2,    3,    4,    5, 6, 7, 8,
        9,    10,   11,   12,   13,   14,   0,    0,    48,   0,    0,    0};
    struct input input = input_begin();
    fwrite(blocks, 1, sizeof blocks, input.file);
    input_end(&input);
    struct outcome outcome = read_one(input.path);
    CU_ASSERT_EQUAL(outcome.frames, 1);
    CU_ASSERT_EQUAL(outcome.bytes, 60);
    CU_ASSERT_EQUAL(outcome.first_ns, 7);
    CU_ASSERT_EQUAL(outcome.content, 105);
    unlink(input.path);
}

static void goes_on_after_a_bad_file(void)
{
    struct input good = input_begin();
    capture_begin(good.file, false);
    capture_write(good.file, false, &one_packet);
    input_end(&good);
    struct input empty = input_begin();
    input_end(&empty);
    struct input foreign = input_begin();
    fputs("this is no capture at all, but long enough for one\n", foreign.file);
    input_end(&foreign);
    const struct {
        const char *path, *says;
    } cases[] = {
        {"/nonexistent/capture.pcap", "No such file"},
        {"/tmp", "Is a directory"},
        {empty.path, "empty"},
        {foreign.path, "unknown file format"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *files[] = {good.path, cases[i].path, good.path};
        struct outcome outcome = read_all(files, 3);
        CU_ASSERT_EQUAL(outcome.frames, 2);
        CU_ASSERT_EQUAL(outcome.complaints, 1);
        if (!strstr(outcome.complaint, cases[i].says))
            CU_FAIL(outcome.complaint);
    }
    unlink(good.path);
    unlink(empty.path);
    unlink(foreign.path);
}

/* Cut at every byte: whole records are counted, and a cut inside one is named. */
static void counts_what_is_before_a_cut(void)
{
    struct input input = input_begin();
    capture_begin(input.file, false);
    uint32_t frame_bytes = capture_write(input.file, false, &one_packet);
    capture_write(input.file, false, &one_packet);
    input_end(&input);
    const uint32_t header_bytes = 24;
    const uint32_t record_bytes = 16 + frame_bytes;
    for (uint32_t length = header_bytes + 2 * record_bytes; length > 0; length--) {
        CU_ASSERT_EQUAL_FATAL(truncate(input.path, length), 0);
        struct outcome outcome = read_one(input.path);
        bool is_whole = length >= header_bytes && (length - header_bytes) % record_bytes == 0;
        unsigned expected = length < header_bytes ? 0 : (length - header_bytes) / record_bytes;
        CU_ASSERT_EQUAL(outcome.frames, expected);
        CU_ASSERT_EQUAL(outcome.complaints, !is_whole);
        if (!is_whole && length >= header_bytes)
            CU_ASSERT_PTR_NOT_NULL(strstr(outcome.complaint, "truncated"));
    }
    unlink(input.path);
}

static void absurd_times_do_not_wrap(void)
{
    struct input input = input_begin();
    capture_begin(input.file, false);
    struct capture_packet packet = one_packet;
    packet.time_ns = UINT32_MAX * 1000000000ull + 999999999;
    capture_write(input.file, false, &packet);
    input_end(&input);
    struct outcome outcome = read_one(input.path);
    CU_ASSERT_EQUAL(outcome.first_ns, packet.time_ns);
    unlink(input.path);
}

CU_TestInfo source_pcap_tests[] = {
    {"reads either byte order, to the nanosecond", reads_either_byte_order_to_the_nanosecond},
    {"keeps large frames apart", keeps_large_frames_apart},
    {"reads pcapng", reads_pcapng},
    {"goes on after a bad file", goes_on_after_a_bad_file},
    {"counts what is before a cut", counts_what_is_before_a_cut},
    {"absurd times do not wrap", absurd_times_do_not_wrap},
    CU_TEST_INFO_NULL,
};
