/* SPDX-License-Identifier: BSD-3-Clause */
/* Names of control groups: the kernel tells identifiers, rules and systemd name paths, and what
 * comes out is a label. Counts nothing. */
#ifndef DATAPLANE_LABEL_CGROUP_H
#define DATAPLANE_LABEL_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "dataplane/label.h"

struct label_cgroups;

/* Finds the cgroup v2 mount and the rules' cgroups in it, which must exist. Returns 0 or -errno. */
int label_cgroups_new(struct label_cgroups **cgroups, const struct label_options *options,
                      struct error *error);
void label_cgroups_free(struct label_cgroups *cgroups);

/* The directory the programs are attached to; owned by `cgroups`. */
int label_cgroups_root_fd(const struct label_cgroups *cgroups);

/* Reads the name of cgroup `id` and remembers its label; does nothing when it is known. A cgroup
 * already gone is no error: it stays nameless. Returns 0 or -errno. */
int label_cgroups_learn(struct label_cgroups *cgroups, uint64_t id, struct error *error);

/* The label of cgroup `id`, or null when it has none; it lives as long as `cgroups`. `is_nameless`
 * says whether that is for want of a name. */
const char *label_cgroups_find(const struct label_cgroups *cgroups, uint64_t id, bool *is_nameless);

/* Writes the systemd unit of a cgroup's path as a label: the deepest .service or .scope, its
 * suffix dropped and its escapes undone, in lower case, with '-' for all that is neither letter
 * nor digit. Returns false when the path has none or `size` does not hold it. */
bool label_cgroup_unit(const char *path, char *label, size_t size);

#endif
