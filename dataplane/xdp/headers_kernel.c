/* SPDX-License-Identifier: BSD-3-Clause */
/* Fills the program's options in, and finds its maps among this process's descriptors. */
#include "dataplane/xdp_headers.h"

#include <assert.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* the skeleton has the options' type in it */
#include "headers_shared.h"

#include "headers.skel.h"

static_assert(HEADERS_WHOLE == UINT32_MAX, "the two headers agree");

enum { QUEUES_MAX = 128, PROCESSORS_MAX = 4096 };

static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static void fill(struct headers_options *into, const struct xdp_headers_options *options)
{
    into->keep_encapsulated = options->keep_encapsulated;
    into->payload_bytes = options->payload_bytes;
}

/* DPDK's driver only says that it failed: asked here, the kernel says why. */
static int try_to_load(const struct xdp_headers_options *options, struct error *error)
{
    libbpf_print_fn_t before = libbpf_set_print(print_nothing);
    struct headers_bpf *programs = headers_bpf__open();
    int failure = programs ? 0 : -errno;
    if (!failure) {
        fill((struct headers_options *)&programs->rodata->headers_options, options);
        failure = headers_bpf__load(programs);
    }
    headers_bpf__destroy(programs);
    libbpf_set_print(before);
    if (!failure)
        return 0;
    if (failure == -EPERM || failure == -EACCES)
        return error_set(error, EPERM, "not permitted to load XDP programs: run as root");
    return error_set(error, -failure,
                     "this kernel does not take the program that cuts payload off (it needs Linux "
                     "5.18): %s; --whole-frames does without it",
                     strerror(-failure));
}

/* The options' place in the object's bytes, known by their mark. */
static struct headers_options *find_options(void *object, size_t length)
{
    return memmem(object, length, HEADERS_MARK, sizeof HEADERS_MARK);
}

static int write_object(const struct xdp_headers_options *options)
{
    size_t length;
    const void *shipped = headers_bpf__elf_bytes(&length);
    void *object = malloc(length);
    if (!object)
        return -ENOMEM;
    memcpy(object, shipped, length);
    fill(find_options(object, length), options);
    int file = memfd_create("glassbox.headers", MFD_CLOEXEC);
    bool is_written = file >= 0 && write(file, object, length) == (ssize_t)length;
    int failure = is_written ? 0 : -errno;
    free(object);
    if (is_written)
        return file;
    if (file >= 0)
        close(file);
    return failure;
}

int xdp_headers_make(char path[XDP_HEADERS_PATH], const struct xdp_headers_options *options,
                     struct error *error)
{
    int failure = try_to_load(options, error);
    if (failure)
        return failure;
    int file = write_object(options);
    if (file < 0)
        return error_set(error, -file, "no memory for the XDP program: %s", strerror(-file));
    snprintf(path, XDP_HEADERS_PATH, "/proc/self/fd/%d", file);
    return file;
}

static void note_map(struct xdp_headers *headers, int descriptor)
{
    struct bpf_map_info information = {0};
    uint32_t length = sizeof information;
    if (bpf_obj_get_info_by_fd(descriptor, &information, &length))
        return;
    if (information.type == BPF_MAP_TYPE_PERCPU_ARRAY &&
        information.value_size == sizeof(struct headers_counts) &&
        strcmp(information.name, "headers_counts") == 0)
        headers->counts = descriptor;
    if (information.type == BPF_MAP_TYPE_XSKMAP && strcmp(information.name, "xsks_map") == 0)
        headers->sockets = descriptor;
}

/* Programs and maps are told apart by what the kernel calls their descriptors. */
static bool is_map(const char *name)
{
    char path[64];
    char target[64] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%.20s", name);
    return readlink(path, target, sizeof target - 1) > 0 && strstr(target, "bpf-map");
}

void xdp_headers_find(struct xdp_headers *headers)
{
    *headers = (struct xdp_headers){.counts = -1, .sockets = -1};
    DIR *descriptors = opendir("/proc/self/fd");
    if (!descriptors)
        return;
    for (const struct dirent *entry; (entry = readdir(descriptors));) {
        if (is_map(entry->d_name))
            note_map(headers, (int)strtol(entry->d_name, NULL, 10));
    }
    closedir(descriptors);
}

bool xdp_headers_read(const struct xdp_headers *headers, struct xdp_headers_counts *counts)
{
    struct headers_counts each[PROCESSORS_MAX];
    int processors = libbpf_num_possible_cpus();
    uint32_t key = 0;
    *counts = (struct xdp_headers_counts){0};
    if (headers->counts < 0 || processors < 1 || processors > PROCESSORS_MAX ||
        bpf_map_lookup_elem(headers->counts, &key, each))
        return false;
    for (int i = 0; i < processors; i++) {
        counts->seen_frames += each[i].seen_frames;
        counts->seen_bytes += each[i].seen_bytes;
        counts->redirected_frames += each[i].redirected_frames;
        counts->redirected_bytes += each[i].redirected_bytes;
        counts->passed_frames += each[i].passed_frames;
        counts->failed_frames += each[i].failed_frames;
    }
    return true;
}

void xdp_headers_stop(const struct xdp_headers *headers)
{
    for (uint32_t queue = 0; headers->sockets >= 0 && queue < QUEUES_MAX; queue++)
        bpf_map_delete_elem(headers->sockets, &queue);
}
