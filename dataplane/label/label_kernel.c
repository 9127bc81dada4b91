/* SPDX-License-Identifier: BSD-3-Clause */
/* The labeller over the kernel: loads and attaches the programs, reads names while cgroups live and
 * counts when they are done. */
#include "dataplane/label.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "label.skel.h"
#include "label_cgroup.h"
#include "label_flow.h"
#include "label_shared.h"

enum { BATCH = 512 };

/* A flow idle this long is taken over from a map that fills. Deleting races with a packet that
 * arrives in the same instant, which would go uncounted: after half a minute's silence there is
 * practically none. */
static const uint64_t take_over_idle_ns = 30ULL * 1000 * 1000 * 1000;

struct batch {
    struct label_key keys[BATCH];
    struct label_half halves[BATCH];
};

struct label {
    struct label_cgroups *cgroups;
    struct label_bpf *programs;
    struct ring_buffer *events;
    struct bpf_link *egress, *ingress;
    struct error event_error; /* the first thing that went wrong while events were read */
    struct label_options options;
    uint64_t taken; /* entries deleted from the map */
    struct batch *batch;
    struct label_record *records;
    size_t record_count, record_places;
    struct label_flow *flows;
    size_t flow_count;
    struct label_counts counts;
};

static int error_memory(struct error *error)
{
    return error_set(error, ENOMEM, "out of memory");
}

/* What failed is told once, by `error`, in words; libbpf's own are for programmers. */
static int print_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static int event_take(void *context, void *data, size_t size)
{
    struct label *label = context;
    const struct label_event *event = data;
    if (size < sizeof *event || label->event_error.code != 0)
        return 0;
    (void)label_cgroups_learn(label->cgroups, event->cgroup, &label->event_error);
    return 0;
}

static int load_error(int code, struct error *error)
{
    if (code == -EPERM || code == -EACCES)
        return error_set(error, EPERM,
                         "not permitted to load BPF programs: run as root, or with CAP_BPF, "
                         "CAP_NET_ADMIN, CAP_PERFMON and CAP_DAC_READ_SEARCH");
    if (code == -ENOMEM)
        return error_set(error, ENOMEM, "no memory for the kernel's map: ask for fewer flows");
    return error_set(error, -code,
                     "this kernel does not take the BPF programs (needs Linux 5.14 or newer with "
                     "CONFIG_BPF_SYSCALL and CONFIG_CGROUP_BPF): %s",
                     strerror(-code));
}

static int programs_load(struct label *label, struct error *error)
{
    libbpf_set_print(print_nothing);
    label->programs = label_bpf__open();
    if (!label->programs)
        return load_error(-errno, error);
    int code = bpf_map__set_max_entries(label->programs->maps.halves, label->options.halves_max);
    if (code == 0)
        code = label_bpf__load(label->programs);
    if (code < 0)
        return load_error(code, error);
    label->events =
        ring_buffer__new(bpf_map__fd(label->programs->maps.events), event_take, label, NULL);
    return label->events ? 0 : load_error(-errno, error);
}

static int program_attach(struct bpf_program *program, int cgroup_fd, struct bpf_link **link,
                          struct error *error)
{
    *link = bpf_program__attach_cgroup(program, cgroup_fd);
    if (*link)
        return 0;
    int code = errno;
    if (code == EPERM)
        return error_set(error, code,
                         "not permitted to attach to the root cgroup: run as root, and see that no "
                         "program attached there forbids others (bpftool cgroup tree)");
    return error_set(error, code, "this kernel does not attach BPF programs to cgroups: %s",
                     strerror(code));
}

int label_open(struct label **label, const struct label_options *options, struct error *error)
{
    struct label *made = calloc(1, sizeof *made);
    if (!made)
        return error_memory(error);
    made->options = *options;
    made->batch = malloc(sizeof *made->batch);
    int code = made->batch ? 0 : error_memory(error);
    if (code == 0)
        code = label_cgroups_new(&made->cgroups, options, error);
    if (code == 0)
        code = programs_load(made, error);
    if (code < 0)
        goto fail;

    assert(made->programs);
    int root_fd = label_cgroups_root_fd(made->cgroups);
    code = program_attach(made->programs->progs.label_ingress, root_fd, &made->ingress, error);
    if (code == 0)
        code = program_attach(made->programs->progs.label_egress, root_fd, &made->egress, error);
    if (code < 0)
        goto fail;
    *label = made;
    return 0;
fail:
    label_close(made);
    return code;
}

int label_fd(const struct label *label)
{
    return ring_buffer__epoll_fd(label->events);
}

static int record_add(struct label *label, const struct label_key *key,
                      const struct label_half *half, struct error *error)
{
    if (label->record_count == label->record_places) {
        size_t places = label->record_places ? 2 * label->record_places : BATCH;
        struct label_record *records = reallocarray(label->records, places, sizeof *records);
        if (!records)
            return error_memory(error);
        label->records = records;
        label->record_places = places;
    }
    label->records[label->record_count++] = (struct label_record){.key = *key, .half = *half};
    return 0;
}

/* Takes over the first `count` of the batch, if idle since `before_ns`. */
static int batch_take(struct label *label, int map_fd, uint32_t count, uint64_t before_ns,
                      struct error *error)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct label_key *key = &label->batch->keys[i];
        struct label_half half;
        if (label->batch->halves[i].last_ns >= before_ns)
            continue;
        if (bpf_map_lookup_and_delete_elem(map_fd, key, &half) < 0)
            continue;
        label->taken++;
        int code = record_add(label, key, &half, error);
        if (code < 0)
            return code;
    }
    return 0;
}

/* Walks the map and takes over what has been idle since `before_ns`; UINT64_MAX is everything. */
static int map_take(struct label *label, uint64_t before_ns, struct error *error)
{
    int map_fd = bpf_map__fd(label->programs->maps.halves);
    uint64_t place = 0;
    void *from = NULL;
    for (int walk = 0; walk == 0; from = &place) {
        uint32_t count = BATCH;
        walk = bpf_map_lookup_batch(map_fd, from, &place, label->batch->keys, label->batch->halves,
                                    &count, NULL);
        if (walk < 0 && walk != -ENOENT)
            return error_set(error, -walk, "cannot read the kernel's map: %s", strerror(-walk));
        int code = batch_take(label, map_fd, count, before_ns, error);
        if (code < 0)
            return code;
    }
    return 0;
}

int label_poll(struct label *label, uint64_t now_ns, struct error *error)
{
    (void)ring_buffer__consume(label->events);
    if (label->event_error.code != 0) {
        if (error)
            *error = label->event_error;
        return -label->event_error.code;
    }
    uint64_t held = label->programs->bss->counts[LABEL_KERNEL_HALVES] - label->taken;
    if (held < label->options.halves_max / 2 || now_ns < take_over_idle_ns)
        return 0;
    return map_take(label, now_ns - take_over_idle_ns, error);
}

static void detach(struct label *label)
{
    bpf_link__destroy(label->egress);
    bpf_link__destroy(label->ingress);
    label->egress = NULL;
    label->ingress = NULL;
}

/* A cgroup whose event was lost to the end is asked for now. */
static int records_label(struct label *label, struct error *error)
{
    for (size_t i = 0; i < label->record_count; i++) {
        struct label_record *record = &label->records[i];
        int code = label_cgroups_learn(label->cgroups, record->key.cgroup, error);
        if (code < 0)
            return code;
        record->label =
            label_cgroups_find(label->cgroups, record->key.cgroup, &record->is_nameless);
    }
    return 0;
}

static void counts_read(struct label *label)
{
    const uint64_t *counts = (const uint64_t *)label->programs->bss->counts;
    label->counts.full_packets = counts[LABEL_KERNEL_FULL];
    label->counts.events_lost = counts[LABEL_KERNEL_EVENTS_LOST];
    label->counts.other_packets = counts[LABEL_KERNEL_OTHER];
    label->counts.orphan_packets = counts[LABEL_KERNEL_NO_CGROUP];
}

int label_stop(struct label *label, struct error *error)
{
    detach(label);
    int code = label_poll(label, 0, error);
    if (code == 0)
        code = map_take(label, UINT64_MAX, error);
    if (code == 0)
        code = records_label(label, error);
    if (code < 0)
        return code;
    counts_read(label);
    label->flows = calloc(label->record_count + 1, sizeof *label->flows);
    if (!label->flows)
        return error_memory(error);
    label->flow_count = label_flow_join(&label->options, label->records, label->record_count,
                                        label->flows, &label->counts);
    return 0;
}

const struct label_flow *label_flows(const struct label *label, size_t *count)
{
    *count = label->flow_count;
    return label->flows;
}

const struct label_counts *label_counts(const struct label *label)
{
    return &label->counts;
}

void label_close(struct label *label)
{
    if (!label)
        return;
    detach(label);
    ring_buffer__free(label->events);
    label_bpf__destroy(label->programs);
    label_cgroups_free(label->cgroups);
    free(label->batch);
    free(label->records);
    free(label->flows);
    free(label);
}
