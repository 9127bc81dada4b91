/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames that the kernel dropped because nobody fetched them from this process's packet (AF_PACKET)
 * and XDP (AF_XDP) sockets in time. Drivers that open such sockets do not tell. */
#ifndef DATAPLANE_SOCKET_LOSSES_H
#define DATAPLANE_SOCKET_LOSSES_H

#include <stdint.h>

enum { SOCKET_LOSSES_MAX = 128 };

struct socket_losses {
    int packet_sockets[SOCKET_LOSSES_MAX]; /* borrowed from whoever opened them */
    int xdp_sockets[SOCKET_LOSSES_MAX];
    unsigned packet_count;
    unsigned xdp_count;
    uint64_t packet_drops; /* so far: the kernel forgets them when asked */
};

/* Finds the sockets this process has open now. Returns 0; -errno where they cannot be listed, or
 * -E2BIG. */
int socket_losses_find(struct socket_losses *losses);

/* All drops since the sockets were opened. */
uint64_t socket_losses_read(struct socket_losses *losses);

/* Of these, the XDP sockets' alone. Any thread may ask. */
uint64_t socket_losses_of_xdp(const struct socket_losses *losses);

/* The packet sockets take in nothing more; what waits in them stays to be fetched. What passes from
 * now on counts as lost nowhere. */
void socket_losses_stop(const struct socket_losses *losses);

#endif
