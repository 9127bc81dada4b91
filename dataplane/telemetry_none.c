/* SPDX-License-Identifier: BSD-3-Clause */
/* Without DPDK there is no socket to tell anything on. */
#include "dataplane/telemetry.h"

#include <stdlib.h>

int telemetry_start(const struct dataplane *dataplane, struct error *error)
{
    (void)dataplane;
    (void)error;
    return 0;
}

void telemetry_tell(char *report, size_t bytes)
{
    (void)bytes;
    free(report);
}

void telemetry_stop(void)
{
}
