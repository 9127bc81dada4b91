/* SPDX-License-Identifier: BSD-3-Clause */
/* What this program tells on DPDK's telemetry socket, for the field's own tools (dpdk-telemetry.py
 * and collectors): the last report, and how its workers fare. Aggregates only. The build picks
 * telemetry.c, or telemetry_none.c where DPDK is absent.
 *
 *     /glassbox/workers          each worker's work, see struct dataplane_worker
 *     /glassbox/kernel           what the kernel's program counted, see struct source_kernel; null
 *                                where there is none
 *     /glassbox/report           {"number": N, "bytes": B, "chunks": C} of the last report
 *     /glassbox/report,N,I       a string: chunk I, from 0, of report N; null when N is too old
 *
 * DPDK answers with at most 16 KiB and strings of at most 8 KiB, and escapes them: a report is
 * therefore told in chunks of TELEMETRY_CHUNK_BYTES. The last two reports are kept. */
#ifndef DATAPLANE_TELEMETRY_H
#define DATAPLANE_TELEMETRY_H

#include <stddef.h>

#include "base/error.h"
#include "dataplane/dataplane.h"

enum { TELEMETRY_CHUNK_BYTES = 6000 };

/* Once DPDK has started; `dataplane` is borrowed until telemetry_stop. Returns 0 or -errno. */
int telemetry_start(const struct dataplane *dataplane, struct error *error);

/* The last report from now on: taken over, to be freed with free. */
void telemetry_tell(char *report, size_t bytes);

/* From now on the commands answer null. */
void telemetry_stop(void);

#endif
