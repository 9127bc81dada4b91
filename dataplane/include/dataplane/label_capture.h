/* SPDX-License-Identifier: BSD-3-Clause */
/* The capture beside the labels: what interfaces of this network namespace carry while a labeller
 * runs, of which the frames of labelled flows, and no others, end up in the file.
 *
 * Frames wait in spool files that have no name (so that nothing of other programs' traffic is left
 * behind, however the run ends) until the labels are known. Several interfaces, or `any`, show one
 * packet several times where it crosses bridges, bonds, VLANs or is forwarded: the first is kept.
 * Frames are kept whole, in the order they were captured in; several interfaces are merged by time.
 *
 * In another network namespace: nsenter --net=/run/netns/NAME glassbox label ... (`ip netns exec`
 * would also hide the cgroup mount). */
#ifndef DATAPLANE_LABEL_CAPTURE_H
#define DATAPLANE_LABEL_CAPTURE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dataplane/label.h"

struct label_capture_options {
    const char *file;              /* pcap, nanoseconds; written when all is known */
    const char *const *interfaces; /* of one link type; none: "any", in the cooked form SLL2 */
    size_t interface_count;
};

/* Where every captured frame went, and how the file compares with what the kernel counted. */
struct label_capture_counts {
    uint64_t frames_written;
    uint64_t bytes_written;  /* as on the wire, link headers included */
    uint64_t frames_other;   /* left out: of no labelled flow */
    uint64_t frames_again;   /* left out: seen on another interface already */
    uint64_t frames_late;    /* left out: after labelling ended */
    uint64_t frames_joined;  /* written, but longer than the interface's MTU: several packets that
                                segmentation offload left or made one */
    uint64_t dropped_kernel; /* for want of room in the capture buffer */
    uint64_t dropped_interface; /* by interface or driver */
    uint64_t flows_whole;       /* labelled flows with as many frames each way as packets counted */
    uint64_t flows_partly;      /* with more or fewer */
    uint64_t flows_absent;      /* with none: they passed by other interfaces or namespaces */
};

struct label_capture;

/* Begins to capture, which is to be done before labelling begins. Copies what it needs of
 * `options`. Returns 0 or -errno. */
int label_capture_open(struct label_capture **capture, const struct label_capture_options *options,
                       struct error *error);

/* A descriptor that turns readable when label_capture_poll has work; owned by the capture. */
int label_capture_fd(const struct label_capture *capture);

/* Takes what has been captured to the spool. Returns 0 or -errno. */
int label_capture_poll(struct label_capture *capture, struct error *error);

/* Takes what is still under way (for 0.3 s), ends the capture and writes the file: the frames of
 * `flows` (sorted, as label_flows gives them) up to `until_ns`, CLOCK_REALTIME. Fills `counts`.
 * Returns 0 or -errno. */
int label_capture_finish(struct label_capture *capture, const struct label_flow *flows,
                         size_t flow_count, uint64_t until_ns, struct label_capture_counts *counts,
                         struct error *error);

/* Null is fine. */
void label_capture_close(struct label_capture *capture);

#endif
