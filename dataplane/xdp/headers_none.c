/* SPDX-License-Identifier: BSD-3-Clause */
/* Without BPF: frames come whole, and the kernel counts nothing for us. */
#include <errno.h>

#include "dataplane/xdp_headers.h"

int xdp_headers_make(char path[XDP_HEADERS_PATH], const struct xdp_headers_options *options,
                     struct error *error)
{
    (void)path;
    (void)options;
    return error_set(error, ENOTSUP, "BPF was not built in");
}

void xdp_headers_find(struct xdp_headers *headers)
{
    *headers = (struct xdp_headers){.counts = -1, .sockets = -1};
}

bool xdp_headers_read(const struct xdp_headers *headers, struct xdp_headers_counts *counts)
{
    (void)headers;
    *counts = (struct xdp_headers_counts){0};
    return false;
}

void xdp_headers_stop(const struct xdp_headers *headers)
{
    (void)headers;
}
