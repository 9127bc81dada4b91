/* SPDX-License-Identifier: BSD-3-Clause */
/* Gives up the rights that opening a device took, before the first frame is looked at. */
#ifndef PRIVILEGE_H
#define PRIVILEGE_H

#include <stdbool.h>

#include "base/error.h"

/* Can the process open raw sockets and change interfaces? */
bool privilege_has_network(void);

/* Where run as root: becomes `user`. In any case gives up all capabilities and the way to get new
 * ones; with `keeps_network`, the right to take an XDP program off an interface again stays within
 * reach of privilege_raise_network. Threads made later inherit what is left. Returns 0 or
 * -errno. */
int privilege_drop(const char *user, bool keeps_network, struct error *error);

/* Before the device is closed; does nothing where nothing was kept. */
void privilege_raise_network(void);

#endif
