/* SPDX-License-Identifier: BSD-3-Clause */
/* record_reader.c lends a burst of records where they lie; libpcap and pcapng_reader.c, which read
 * what it does not, lend one at a time: these are copied side by side so that a burst of them can
 * be worked on together. */
#include "dataplane/source_pcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/interval.h"
#include "pcapng_reader.h"
#include "record_reader.h"

enum {
    ARENA_BYTES = RECORD_BYTES_MAX + 65536,
    READ_AHEAD_BYTES = 1 << 18,
};

struct source_pcap {
    struct source source;
    struct source_pcap_options options;
    unsigned next_file;
    const char *file;    /* being read */
    pcap_t *reader;      /* of a pcap file */
    bool reads_in_place; /* then `records` reads it, and `reader` only closes it */
    struct record_reader records;
    uint16_t link_type;           /* likewise */
    struct pcapng_reader *blocks; /* of a pcapng file */
    struct interval interval;
    uint64_t now_ns;
    struct frame pending; /* read, but of the next interval */
    bool has_pending;
    size_t arena_used;
    uint8_t arena[ARENA_BYTES];
    uint8_t read_ahead[READ_AHEAD_BYTES]; /* of the file being read */
};

static void complain(struct source_pcap *pcap, const char *text)
{
    pcap->options.complaint.tell(pcap->options.complaint.context, pcap->file, text);
}

/* A file that can be read and is not empty, with its first byte; null after a complaint. */
static FILE *open_readable(struct source_pcap *pcap, int *first)
{
    bool is_stdin = strcmp(pcap->file, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(pcap->file, "rb");
    if (!file) {
        complain(pcap, strerror(errno));
        return NULL;
    }
    setvbuf(file, (char *)pcap->read_ahead, _IOFBF, READ_AHEAD_BYTES);
    errno = 0;
    *first = getc(file);
    if (*first == EOF) {
        complain(pcap, errno ? strerror(errno) : "is empty: not even a capture's file header");
        fclose(file);
        return NULL;
    }
    ungetc(*first, file);
    return file;
}

static void open_pcap(struct source_pcap *pcap, FILE *file, int first)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    pcap->reader =
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!pcap->reader) {
        complain(pcap, reason);
        fclose(file);
        return;
    }
    pcap->link_type = (uint16_t)pcap_datalink(pcap->reader);
    pcap->reads_in_place = record_reader_open(&pcap->records, pcap->reader, first);
}

/* No pcap file begins with the byte that every pcapng file begins with. */
static void open_file(struct source_pcap *pcap)
{
    enum { PCAPNG_FIRST_BYTE = 0x0a };
    struct error error;
    int first;
    pcap->file = pcap->options.files[pcap->next_file++];
    FILE *file = open_readable(pcap, &first);
    if (file && first != PCAPNG_FIRST_BYTE)
        open_pcap(pcap, file, first);
    else if (file && pcapng_reader_new(&pcap->blocks, file, &error))
        complain(pcap, error.text);
}

static void close_file(struct source_pcap *pcap)
{
    if (pcap->reader)
        pcap_close(pcap->reader);
    pcapng_reader_free(pcap->blocks);
    pcap->reader = NULL;
    pcap->reads_in_place = false;
    pcap->blocks = NULL;
}

/* libpcap leaves nanoseconds in tv_usec when asked for them, and reads the unsigned seconds of a
 * pcap file as signed: what looks like before 1970 is after 2038. Fractions beyond a second are a
 * broken file's. */
static uint64_t time_of(const struct pcap_pkthdr *header)
{
    const uint64_t second_ns = 1000000000;
    const uint64_t seconds_max = UINT64_MAX / 1000000000 - 1;
    int64_t stated = header->ts.tv_sec;
    uint64_t seconds = stated < 0 ? (uint32_t)stated : (uint64_t)stated;
    if (seconds > seconds_max)
        seconds = seconds_max;
    return seconds * second_ns + (uint64_t)header->ts.tv_usec % second_ns;
}

/* Copies the record behind those already kept. */
static void keep_record(struct source_pcap *pcap, const struct frame *record, struct frame *frame)
{
    *frame = *record;
    if (frame->captured_bytes > RECORD_BYTES_MAX)
        frame->captured_bytes = RECORD_BYTES_MAX;
    if (frame->wire_bytes < record->captured_bytes)
        frame->wire_bytes = record->captured_bytes;
    uint8_t *kept = pcap->arena + pcap->arena_used;
    memcpy(kept, record->bytes, frame->captured_bytes);
    pcap->arena_used += frame->captured_bytes;
    frame->bytes = kept;
}

static bool read_pcap(struct source_pcap *pcap, struct frame *record)
{
    struct pcap_pkthdr *header;
    const uint8_t *bytes;
    int outcome = pcap_next_ex(pcap->reader, &header, &bytes);
    if (outcome == PCAP_ERROR)
        complain(pcap, pcap_geterr(pcap->reader));
    if (outcome != 1)
        return false;
    *record = (struct frame){.bytes = bytes,
                             .time_ns = time_of(header),
                             .captured_bytes = header->caplen,
                             .wire_bytes = header->len,
                             .link_type = pcap->link_type};
    return true;
}

static bool read_pcapng(struct source_pcap *pcap, struct frame *record)
{
    struct pcapng_packet packet;
    struct error error;
    enum pcapng_outcome outcome = pcapng_reader_next(pcap->blocks, &packet, &error);
    if (outcome == PCAPNG_BROKEN)
        complain(pcap, error.text);
    if (outcome != PCAPNG_PACKET)
        return false;
    *record = (struct frame){.bytes = packet.bytes,
                             .time_ns = packet.time_ns,
                             .captured_bytes = packet.captured_bytes,
                             .wire_bytes = packet.wire_bytes,
                             .link_type = packet.link_type};
    return true;
}

/* As libpcap's and pcapng's, with the record left where it is. */
static enum record_outcome read_in_place(struct source_pcap *pcap, bool may_fill,
                                         struct frame *record)
{
    struct error error;
    enum record_outcome outcome = record_reader_next(&pcap->records, record, &error);
    while (outcome == RECORD_WAITS && may_fill) {
        int failure = record_reader_fill(&pcap->records);
        if (failure) {
            complain(pcap, strerror(-failure));
            return RECORD_END;
        }
        outcome = record_reader_next(&pcap->records, record, &error);
    }
    if (outcome == RECORD_BROKEN)
        complain(pcap, error.text);
    if (outcome == RECORD_READ && record->wire_bytes < record->captured_bytes)
        record->wire_bytes = record->captured_bytes;
    return outcome;
}

static bool read_one(struct source_pcap *pcap, struct frame *frame)
{
    struct frame record;
    bool is_read =
        (pcap->reader && read_pcap(pcap, &record)) || (pcap->blocks && read_pcapng(pcap, &record));
    if (is_read)
        keep_record(pcap, &record, frame);
    return is_read;
}

/* The next record of whichever file has one. RECORD_WAITS: what is lent has to be given back before
 * there can be more. */
static enum record_outcome read_frame(struct source_pcap *pcap, bool has_lent, struct frame *frame)
{
    for (;;) {
        enum record_outcome outcome = RECORD_END;
        if (pcap->reads_in_place)
            outcome = read_in_place(pcap, !has_lent, frame);
        else if (read_one(pcap, frame))
            outcome = RECORD_READ;
        if (outcome == RECORD_READ || outcome == RECORD_WAITS)
            return outcome;
        if (has_lent && pcap->reads_in_place)
            return RECORD_WAITS;
        close_file(pcap);
        if (pcap->next_file == pcap->options.file_count)
            return RECORD_END;
        open_file(pcap);
    }
}

static void take_frame(struct source_pcap *pcap, const struct frame *frame, struct burst *burst)
{
    burst->frames[burst->count++] = *frame;
    pcap->now_ns = frame->time_ns;
}

/* A frame that opened an interval was held back until the burst before it had been worked off. */
static void take_pending(struct source_pcap *pcap, struct burst *burst)
{
    memmove(pcap->arena, pcap->pending.bytes, pcap->pending.captured_bytes);
    pcap->pending.bytes = pcap->arena;
    pcap->arena_used = pcap->pending.captured_bytes;
    pcap->has_pending = false;
    interval_begin(&pcap->interval, pcap->pending.time_ns);
    take_frame(pcap, &pcap->pending, burst);
}

static void pcap_burst(struct source *source, struct burst *burst)
{
    struct source_pcap *pcap = (struct source_pcap *)source;
    burst->count = 0;
    burst->is_end = false;
    pcap->arena_used = 0;
    if (pcap->has_pending)
        take_pending(pcap, burst);
    while (burst->count < FRAME_BURST && ARENA_BYTES - pcap->arena_used >= RECORD_BYTES_MAX) {
        struct frame frame;
        enum record_outcome outcome = read_frame(pcap, burst->count > 0, &frame);
        burst->is_end = outcome == RECORD_END;
        if (outcome != RECORD_READ)
            break;
        if (interval_is_over(&pcap->interval, frame.time_ns)) {
            pcap->pending = frame;
            pcap->has_pending = true;
            break;
        }
        take_frame(pcap, &frame, burst);
    }
    burst->now_ns = pcap->now_ns;
    burst->interval_ns = pcap->interval.start_ns;
}

static void pcap_release(struct source *source, struct burst *burst)
{
    (void)source;
    burst->count = 0;
}

/* A file has no losses of its own to tell: what was dropped while it was made is not in it. */
static void pcap_losses(const struct source *source, struct tally_losses *losses)
{
    (void)source;
    *losses = (struct tally_losses){0};
}

static void pcap_close_source(struct source *source)
{
    struct source_pcap *pcap = (struct source_pcap *)source;
    close_file(pcap);
    explicit_bzero(pcap->arena, sizeof pcap->arena);
    explicit_bzero(pcap->read_ahead, sizeof pcap->read_ahead);
    explicit_bzero(pcap->records.bytes, sizeof pcap->records.bytes);
    free(pcap);
}

int source_pcap_new(struct source **source, const struct source_pcap_options *options,
                    struct error *error)
{
    static const struct source_operations operations = {
        .burst = pcap_burst,
        .release = pcap_release,
        .losses = pcap_losses,
        .close = pcap_close_source,
    };
    struct source_pcap *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for reading captures");
    made->source.operations = &operations;
    made->options = *options;
    made->interval.length_ns = options->interval_ns;
    *source = &made->source;
    return 0;
}
