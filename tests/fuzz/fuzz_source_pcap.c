/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes source_pcap: any bytes as a capture file end, are told about at most once, and every frame
 * lies in readable memory with a length and an interval that make sense. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/source_pcap.h"
#include "require.h"

enum { RECORDS_BYTES_MIN = 16 }; /* a record's header in either format is no shorter */

/* The input as a file that has a name. */
struct input {
    FILE *file;
    char name[32];
};

static struct input input_of(const uint8_t *bytes, size_t length)
{
    struct input input = {.file = tmpfile()};
    require(input.file != NULL);
    require(fwrite(bytes, 1, length, input.file) == length && fflush(input.file) == 0);
    rewind(input.file);
    snprintf(input.name, sizeof input.name, "/dev/fd/%d", fileno(input.file));
    return input;
}

static void count(void *context, const char *name, const char *text)
{
    unsigned *complaints = context;
    require(name && text && *text);
    ++*complaints;
}

static void check_frame(const struct frame *frame, const struct burst *burst, uint64_t interval_ns)
{
    uint8_t sum = 0;
    for (uint32_t i = 0; i < frame->captured_bytes; i++)
        sum ^= frame->bytes[i];
    volatile uint8_t kept = sum; /* so that every byte is indeed read */
    (void)kept;
    require(frame->captured_bytes <= frame->wire_bytes);
    if (interval_ns)
        require(burst->interval_ns % interval_ns == 0);
}

/* Frames read until the end, which must come. */
static void drain(struct source *source, size_t length, uint64_t interval_ns)
{
    size_t frames = 0;
    struct burst burst = {0};
    for (size_t bursts = 0; !burst.is_end; bursts++) {
        require(bursts <= length);
        source_burst(source, &burst);
        require(burst.count <= FRAME_BURST);
        for (unsigned i = 0; i < burst.count; i++)
            check_frame(&burst.frames[i], &burst, interval_ns);
        frames += burst.count;
        source_release(source, &burst);
    }
    require(frames <= length / RECORDS_BYTES_MIN);
}

/* Input: a byte that chooses intervals, then the file. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (!length)
        return 0;
    struct input input = input_of(bytes + 1, length - 1);
    const char *files[] = {input.name};
    unsigned complaints = 0;
    const struct source_pcap_options options = {
        .files = files,
        .file_count = 1,
        .interval_ns = (uint64_t)(bytes[0] & 3) * 500000000,
        .complaint = {.tell = count, .context = &complaints},
    };
    struct source *source;
    struct error error;
    require(source_pcap_new(&source, &options, &error) == 0);
    drain(source, length, options.interval_ns);
    require(complaints <= 1);
    source_close(source);
    fclose(input.file);
    return 0;
}
