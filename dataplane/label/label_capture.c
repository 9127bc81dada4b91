/* SPDX-License-Identifier: BSD-3-Clause */
/* Live capture on the namespace's interfaces into nameless spools; what a spooled frame is, and
 * whether it is written, is label_select.c's business. */
#include "dataplane/label_capture.h"

#include <errno.h>
#include <limits.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <pcap/pcap.h>

#include "label_select.h"

enum {
    BUFFER_BYTES =
        64 * 1024 * 1024, /* of the kernel's ring, per interface: half a second at 1 Gb/s */
    BLOCK_MS = 100,       /* a block of the ring is handed over after this long at most */
    LAST_BLOCKS = 3,      /* and this often it is waited for when all is over */
    SNAP_BYTES = 262144,
    SPOOL_BYTES = 1024 * 1024,
    TAKE_FRAMES = 65536, /* at a time, so that a flood does not keep a signal waiting */
    TAKES_LAST = 64,
};

struct tap {
    pcap_t *pcap;
    FILE *spool; /* unlinked file of struct spool_record and bytes, by turns */
    unsigned interface;
    struct spool_record next; /* while merging: the record at the spool's head */
    bool has_next;
};

struct label_capture {
    char *file;
    int epoll_fd;
    uint16_t link_type;
    struct tap *taps;
    size_t tap_count;
    uint8_t *bytes; /* SNAP_BYTES, the record being written */
};

static int spool_open(const char *file, FILE **spool, struct error *error)
{
    char name[PATH_MAX];
    int length = snprintf(name, sizeof name, "%s.XXXXXX", file);
    if (length < 0 || (size_t)length >= sizeof name)
        return error_set(error, ENAMETOOLONG, "%s: name too long", file);
    int fd = mkstemp(name);
    if (fd < 0)
        return error_set(error, errno, "%s: cannot write beside it: %s", file, strerror(errno));
    (void)unlink(name);
    *spool = fdopen(fd, "w+");
    if (!*spool) {
        (void)close(fd);
        return error_set(error, ENOMEM, "out of memory");
    }
    (void)setvbuf(*spool, NULL, _IOFBF, SPOOL_BYTES);
    return 0;
}

/* pcap_activate warns and fails by code; the text says more where there is one. */
static int tap_activate(pcap_t *pcap, const char *name, struct error *error)
{
    (void)pcap_set_snaplen(pcap, SNAP_BYTES);
    (void)pcap_set_buffer_size(pcap, BUFFER_BYTES);
    (void)pcap_set_timeout(pcap, BLOCK_MS);
    (void)pcap_set_tstamp_precision(pcap, PCAP_TSTAMP_PRECISION_NANO);
    int status = pcap_activate(pcap);
    if (status == PCAP_ERROR_PERM_DENIED)
        return error_set(error, EPERM,
                         "not permitted to capture: run as root, or with CAP_NET_RAW");
    if (status == PCAP_ERROR_NO_SUCH_DEVICE)
        return error_set(error, ENODEV, "no interface %s in this network namespace", name);
    if (status < 0)
        return error_set(error, EIO, "cannot capture on %s: %s", name,
                         *pcap_geterr(pcap) ? pcap_geterr(pcap) : pcap_statustostr(status));
    if (pcap_get_tstamp_precision(pcap) != PCAP_TSTAMP_PRECISION_NANO)
        return error_set(error, ENOTSUP, "%s cannot tell times in nanoseconds", name);
    return 0;
}

/* The LINKTYPE of a live handle: what differs from the DLT on Linux is raw IP alone. */
static uint16_t tap_link_type(pcap_t *pcap)
{
    int link = pcap_datalink(pcap);
    return (uint16_t)(link == DLT_RAW ? LINK_TYPE_RAW : link);
}

static int tap_open(struct label_capture *capture, struct tap *tap, const char *name,
                    struct error *error)
{
    char text[PCAP_ERRBUF_SIZE];
    tap->pcap = pcap_create(name, text);
    if (!tap->pcap)
        return error_set(error, EIO, "cannot capture on %s: %s", name, text);
    int code = tap_activate(tap->pcap, name, error);
    if (code < 0)
        return code;
    bool is_any = strcmp(name, "any") == 0;
    if (is_any && pcap_set_datalink(tap->pcap, DLT_LINUX_SLL2) < 0)
        return error_set(error, ENOTSUP, "libpcap without SLL2: name the interfaces");
    tap->interface = is_any ? 0 : if_nametoindex(name);
    uint16_t link_type = tap_link_type(tap->pcap);
    if (tap != capture->taps && link_type != capture->link_type)
        return error_set(error, EINVAL,
                         "%s is of another link type than the interfaces before it: capture on any",
                         name);
    capture->link_type = link_type;
    if (pcap_setnonblock(tap->pcap, 1, text) < 0)
        return error_set(error, EIO, "cannot capture on %s: %s", name, text);
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(capture->epoll_fd, EPOLL_CTL_ADD, pcap_get_selectable_fd(tap->pcap), &event) < 0)
        return error_set(error, errno, "cannot wait for %s: %s", name, strerror(errno));
    return spool_open(capture->file, &tap->spool, error);
}

/* What would only fail when all is done, hours later, fails now. */
static int file_check(const char *file, struct error *error)
{
    if (access(file, W_OK) < 0 && errno != ENOENT)
        return error_set(error, errno, "%s: cannot write: %s", file, strerror(errno));
    return 0;
}

int label_capture_open(struct label_capture **capture, const struct label_capture_options *options,
                       struct error *error)
{
    static const char *const any = "any";
    const char *const *names = options->interface_count ? options->interfaces : &any;
    size_t name_count = options->interface_count ? options->interface_count : 1;
    int code = file_check(options->file, error);
    if (code < 0)
        return code;
    struct label_capture *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory");
    made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    made->file = strdup(options->file);
    made->bytes = malloc(SNAP_BYTES);
    made->taps = calloc(name_count, sizeof *made->taps);
    if (made->epoll_fd < 0 || !made->file || !made->bytes || !made->taps) {
        code = error_set(error, ENOMEM, "out of memory or descriptors");
        goto fail;
    }
    while (made->tap_count < name_count) {
        size_t i = made->tap_count++;
        code = tap_open(made, &made->taps[i], names[i], error);
        if (code < 0)
            goto fail;
    }
    *capture = made;
    return 0;
fail:
    label_capture_close(made);
    return code;
}

int label_capture_fd(const struct label_capture *capture)
{
    return capture->epoll_fd;
}

static void frame_spool(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
    FILE *spool = (FILE *)context;
    const struct spool_record record = {
        /* By the precision asked for, tv_usec counts nanoseconds. */
        .time_ns = (uint64_t)header->ts.tv_sec * 1000000000U + (uint64_t)header->ts.tv_usec,
        .captured_bytes = header->caplen,
        .wire_bytes = header->len,
    };
    (void)fwrite(&record, sizeof record, 1, spool);
    (void)fwrite(bytes, 1, header->caplen, spool);
}

/* Takes up to TAKE_FRAMES of each interface. Returns 1 when there may be more, 0, or -errno. */
static int frames_take(struct label_capture *capture, struct error *error)
{
    int more = 0;
    for (size_t i = 0; i < capture->tap_count; i++) {
        struct tap *tap = &capture->taps[i];
        int taken = pcap_dispatch(tap->pcap, TAKE_FRAMES, frame_spool, (u_char *)tap->spool);
        if (taken < 0)
            return error_set(error, EIO, "capture ended: %s", pcap_geterr(tap->pcap));
        if (ferror(tap->spool))
            return error_set(error, EIO, "%s: cannot write beside it: is the disk full?",
                             capture->file);
        more |= taken == TAKE_FRAMES;
    }
    return more;
}

int label_capture_poll(struct label_capture *capture, struct error *error)
{
    int code = frames_take(capture, error);
    return code < 0 ? code : 0;
}

/* Waits for what is still under way, but no longer than it can be. */
static int frames_take_last(struct label_capture *capture, struct error *error)
{
    for (int i = 0; i < LAST_BLOCKS; i++) {
        int code = 1;
        (void)usleep(BLOCK_MS * 1000);
        for (int j = 0; code > 0 && j < TAKES_LAST; j++)
            code = frames_take(capture, error);
        if (code < 0)
            return code;
    }
    return 0;
}

/* Reads the head of a spool, or leaves `has_next` false at its end. */
static int tap_advance(struct tap *tap, struct error *error)
{
    tap->has_next = fread(&tap->next, sizeof tap->next, 1, tap->spool) == 1;
    return ferror(tap->spool) ? error_set(error, EIO, "cannot read the spooled capture") : 0;
}

static struct tap *tap_earliest(struct label_capture *capture)
{
    struct tap *earliest = NULL;
    for (size_t i = 0; i < capture->tap_count; i++) {
        struct tap *tap = &capture->taps[i];
        if (tap->has_next && (!earliest || tap->next.time_ns < earliest->next.time_ns))
            earliest = tap;
    }
    return earliest;
}

/* Hands every spooled frame to `select`, in the order of time, and writes what it takes. */
static int spools_merge(struct label_capture *capture, struct label_select *select,
                        pcap_dumper_t *dumper, struct error *error)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < capture->tap_count; i++) {
        if (fseeko(capture->taps[i].spool, 0, SEEK_SET) < 0)
            return error_set(error, errno, "%s: cannot write beside it: %s", capture->file,
                             strerror(errno));
        code = tap_advance(&capture->taps[i], error);
    }
    for (struct tap *tap; code == 0 && (tap = tap_earliest(capture));) {
        const struct spool_record *record = &tap->next;
        if (record->captured_bytes > SNAP_BYTES ||
            fread(capture->bytes, 1, record->captured_bytes, tap->spool) != record->captured_bytes)
            return error_set(error, EIO, "cannot read the spooled capture");
        const struct frame frame = {
            .bytes = capture->bytes,
            .time_ns = record->time_ns,
            .captured_bytes = record->captured_bytes,
            .wire_bytes = record->wire_bytes,
            .link_type = capture->link_type,
        };
        if (label_select_frame(select, &frame, tap->interface)) {
            const struct pcap_pkthdr header = {
                .ts = {.tv_sec = (time_t)(record->time_ns / 1000000000U),
                       .tv_usec = (suseconds_t)(record->time_ns % 1000000000U)},
                .caplen = record->captured_bytes,
                .len = record->wire_bytes,
            };
            pcap_dump((u_char *)dumper, &header, capture->bytes);
        }
        code = tap_advance(tap, error);
    }
    return code;
}

static int file_write(struct label_capture *capture, struct label_select *select,
                      struct error *error)
{
    int dlt = pcap_datalink(capture->taps[0].pcap);
    pcap_t *dead =
        pcap_open_dead_with_tstamp_precision(dlt, SNAP_BYTES, PCAP_TSTAMP_PRECISION_NANO);
    pcap_dumper_t *dumper = dead ? pcap_dump_open(dead, capture->file) : NULL;
    int code = dumper ? spools_merge(capture, select, dumper, error)
                      : error_set(error, EIO, "%s", dead ? pcap_geterr(dead) : "out of memory");
    if (dumper && pcap_dump_flush(dumper) < 0 && code == 0)
        code = error_set(error, EIO, "%s: cannot write: is the disk full?", capture->file);
    if (dumper)
        pcap_dump_close(dumper);
    if (dead)
        pcap_close(dead);
    return code;
}

static void drops_count(struct label_capture *capture, struct label_capture_counts *counts)
{
    for (size_t i = 0; i < capture->tap_count; i++) {
        struct pcap_stat stat;
        if (pcap_stats(capture->taps[i].pcap, &stat) < 0)
            continue;
        counts->dropped_kernel += stat.ps_drop;
        counts->dropped_interface += stat.ps_ifdrop;
    }
}

int label_capture_finish(struct label_capture *capture, const struct label_flow *flows,
                         size_t flow_count, uint64_t until_ns, struct label_capture_counts *counts,
                         struct error *error)
{
    int code = frames_take_last(capture, error);
    if (code < 0)
        return code;
    struct label_select *select = NULL;
    code = label_select_new(&select, flows, flow_count, until_ns, error);
    if (code < 0)
        return code;
    code = file_write(capture, select, error);
    label_select_finish(select, counts);
    drops_count(capture, counts);
    label_select_free(select);
    return code;
}

void label_capture_close(struct label_capture *capture)
{
    if (!capture)
        return;
    for (size_t i = 0; i < capture->tap_count; i++) {
        if (capture->taps[i].pcap)
            pcap_close(capture->taps[i].pcap);
        if (capture->taps[i].spool)
            (void)fclose(capture->taps[i].spool);
    }
    if (capture->epoll_fd >= 0)
        (void)close(capture->epoll_fd);
    free(capture->taps);
    free(capture->bytes);
    free(capture->file);
    free(capture);
}
