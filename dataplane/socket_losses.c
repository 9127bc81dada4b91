/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks the sockets themselves. */
#include "dataplane/socket_losses.h"

#include <dirent.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_xdp.h>
#include <stdlib.h>
#include <sys/socket.h>

static int note(int *sockets, unsigned *count, int descriptor)
{
    if (*count == SOCKET_LOSSES_MAX)
        return -E2BIG;
    sockets[(*count)++] = descriptor;
    return 0;
}

static int note_descriptor(struct socket_losses *losses, int descriptor)
{
    int domain;
    socklen_t length = sizeof domain;
    if (getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &length))
        return 0; /* not a socket */
    if (domain == AF_PACKET)
        return note(losses->packet_sockets, &losses->packet_count, descriptor);
    if (domain == AF_XDP)
        return note(losses->xdp_sockets, &losses->xdp_count, descriptor);
    return 0;
}

int socket_losses_find(struct socket_losses *losses)
{
    *losses = (struct socket_losses){.packet_count = 0};
    DIR *descriptors = opendir("/proc/self/fd");
    if (!descriptors)
        return -errno;
    int failure = 0;
    for (struct dirent *entry; !failure && (entry = readdir(descriptors));) {
        if (entry->d_name[0] != '.')
            failure = note_descriptor(losses, (int)strtol(entry->d_name, NULL, 10));
    }
    closedir(descriptors);
    return failure;
}

/* What the first version of the statistics counted, and the full ring that it had among it. */
static uint64_t xdp_drops(int descriptor)
{
    struct xdp_statistics statistics = {0};
    socklen_t length = sizeof statistics;
    if (getsockopt(descriptor, SOL_XDP, XDP_STATISTICS, &statistics, &length))
        return 0;
    return statistics.rx_dropped + statistics.rx_ring_full;
}

uint64_t socket_losses_of_xdp(const struct socket_losses *losses)
{
    uint64_t drops = 0;
    for (unsigned i = 0; i < losses->xdp_count; i++)
        drops += xdp_drops(losses->xdp_sockets[i]);
    return drops;
}

void socket_losses_stop(const struct socket_losses *losses)
{
    struct sock_filter nothing[] = {{.code = BPF_RET | BPF_K, .k = 0}};
    const struct sock_fprog program = {.len = 1, .filter = nothing};
    for (unsigned i = 0; i < losses->packet_count; i++)
        setsockopt(losses->packet_sockets[i], SOL_SOCKET, SO_ATTACH_FILTER, &program,
                   sizeof program);
}

uint64_t socket_losses_read(struct socket_losses *losses)
{
    for (unsigned i = 0; i < losses->packet_count; i++) {
        struct tpacket_stats statistics = {0};
        socklen_t length = sizeof statistics;
        if (!getsockopt(losses->packet_sockets[i], SOL_PACKET, PACKET_STATISTICS, &statistics,
                        &length))
            losses->packet_drops += statistics.tp_drops;
    }
    return losses->packet_drops + socket_losses_of_xdp(losses);
}
