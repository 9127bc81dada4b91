/* SPDX-License-Identifier: BSD-3-Clause */
/* The XDP program in front of an AF_XDP socket: cuts every frame behind its last header before the
 * socket gets it, so that payload never reaches the process that listens. It stamps the wire's
 * length over the link addresses, counts, and changes nothing that is not on its way to the
 * socket. */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "headers_shared.h"
#include "headers_walk.h"

/* The name is the driver's: it puts its sockets there. */
struct {
    __uint(type, BPF_MAP_TYPE_XSKMAP);
    __uint(max_entries, 128);
    __type(key, __u32);
    __type(value, __u32);
} xsks_map SEC(".maps");

struct {
    __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    __uint(max_entries, 1);
    __type(key, __u32);
    __type(value, struct headers_counts);
} headers_counts SEC(".maps");

const volatile struct headers_options headers_options = {.mark = HEADERS_MARK};

static int headers_load(void *frame, __u32 offset, void *bytes, __u32 length)
{
    return (int)bpf_xdp_load_bytes(frame, offset, bytes, length);
}

static void headers_wipe(void *frame, __u32 offset, __u32 length)
{
    __u8 nothing[12] = {0};
    bpf_xdp_store_bytes(frame, offset, nothing, length);
}

/* Not static: the verifier then proves one step for any walk, instead of every walk there can be.
 * True when it was the last. */
int walk_on(struct xdp_md *xdp, struct headers_walk *walk);

__attribute__((noinline)) int walk_on(struct xdp_md *xdp, struct headers_walk *walk)
{
    if (!walk)
        return true;
    struct headers_walk step = *walk;
    step.frame = xdp;
    bool is_last = headers_advance(&step);
    step.frame = 0;
    *walk = step;
    return is_last;
}

static __always_inline bool put_stamp(struct xdp_md *xdp, __u32 wire_bytes)
{
    struct headers_stamp *stamp = (void *)(long)xdp->data;
    if ((void *)(stamp + 1) > (void *)(long)xdp->data_end)
        return false;
    *stamp = (struct headers_stamp){.mark = HEADERS_STAMP_MARK, .wire_bytes = wire_bytes};
    return true;
}

static __always_inline __u32 walk_headers(struct xdp_md *xdp, __u32 wire_bytes)
{
    struct headers_walk walk = {
        .length = wire_bytes,
        .end = wire_bytes,
        .wire_end = wire_bytes,
        .keep_encapsulated = headers_options.keep_encapsulated,
        .wipes_addresses = headers_options.payload_bytes == 0,
    };
    for (int i = 0; i < HEADERS_STEPS_MAX && !walk_on(xdp, &walk); i++)
        continue;
    return headers_left(&walk, headers_options.payload_bytes);
}

static __always_inline bool cut(struct xdp_md *xdp, __u32 wire_bytes)
{
    if (wire_bytes < HEADERS_LEAST_BYTES)
        return true;
    __u32 left = headers_plain((void *)(long)xdp->data, (void *)(long)xdp->data_end,
                               headers_options.payload_bytes);
    if (!left)
        left = walk_headers(xdp, wire_bytes);
    if (left < HEADERS_LEAST_BYTES)
        left = HEADERS_LEAST_BYTES;
    if (left < wire_bytes && bpf_xdp_adjust_tail(xdp, (int)left - (int)wire_bytes))
        return false;
    return put_stamp(xdp, wire_bytes);
}

SEC("xdp")
int headers(struct xdp_md *xdp)
{
    __u32 zero = 0;
    __u32 queue = xdp->rx_queue_index;
    __u32 wire_bytes = (__u32)bpf_xdp_get_buff_len(xdp);
    struct headers_counts *counts = bpf_map_lookup_elem(&headers_counts, &zero);
    if (!counts)
        return XDP_PASS;
    counts->seen_frames++;
    counts->seen_bytes += wire_bytes;
    if (!bpf_map_lookup_elem(&xsks_map, &queue)) {
        counts->passed_frames++;
        return XDP_PASS;
    }
    bool is_ready = headers_options.payload_bytes == HEADERS_WHOLE || cut(xdp, wire_bytes);
    if (!is_ready || bpf_redirect_map(&xsks_map, queue, XDP_DROP) != XDP_REDIRECT) {
        counts->failed_frames++;
        return XDP_DROP;
    }
    counts->redirected_frames++;
    counts->redirected_bytes += wire_bytes;
    return XDP_REDIRECT;
}

/* No helper used here asks for the GPL. */
char headers_license[] SEC("license") = "BSD";
