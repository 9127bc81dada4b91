/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks beside the running program. */
#include "own_path.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder that the running program lies in. */
static int find_own_folder(char *path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0)
        return -ENOENT;
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash)
        return -ENOENT;
    *slash = '\0';
    return 0;
}

int own_path_find(char *path, size_t size, const char *name)
{
    static const char *const beside[] = {"../share/glassbox", "../../models"};
    char own[2048];
    path[0] = '\0';
    bool is_found = find_own_folder(own, sizeof own) == 0;
    for (unsigned i = 0; is_found && i < sizeof beside / sizeof *beside; i++) {
        snprintf(path, size, "%s/%s/%s", own, beside[i], name);
        if (access(path, R_OK) == 0)
            return 0;
    }
    return -ENOENT;
}
