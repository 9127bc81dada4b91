/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds what belongs to this program: rules and models, where it is installed or was built. */
#ifndef OWN_PATH_H
#define OWN_PATH_H

#include <stddef.h>

/* `name` in ../share/glassbox beside the running program's folder, else in models/ of the tree it
 * was built in. Returns 0, or -ENOENT when it lies in neither; `path` is then the last tried. */
int own_path_find(char *path, size_t size, const char *name);

#endif
