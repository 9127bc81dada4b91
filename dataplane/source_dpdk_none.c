/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK in a build without it: says so. */
#include "dataplane/source_dpdk.h"

#include <errno.h>

static int refuse(struct error *error)
{
    return error_set(error, ENOTSUP,
                     "this glassbox was built without DPDK: install libdpdk-dev and build it with "
                     "-Ddpdk=enabled");
}

int source_dpdk_start(unsigned argument_count, const char *const *arguments, struct error *error)
{
    (void)argument_count;
    (void)arguments;
    return refuse(error);
}

unsigned source_dpdk_ports(void)
{
    return 0;
}

bool source_dpdk_has_link(uint16_t port)
{
    (void)port;
    return false;
}

void source_dpdk_stop(void)
{
}

int source_dpdk_open(struct source **sources, unsigned wanted, unsigned *count,
                     const struct source_dpdk_options *options, struct error *error)
{
    (void)sources;
    (void)wanted;
    (void)count;
    (void)options;
    return refuse(error);
}
