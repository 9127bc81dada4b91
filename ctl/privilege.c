/* SPDX-License-Identifier: BSD-3-Clause */
/* Users and capabilities through plain system calls: two of them do not merit a library. */
#include "privilege.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SETS = _LINUX_CAPABILITY_U32S_3 };

static struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};

/* Capabilities from 32 on are none that is wanted here: the second word stays zero. */
static int set_capabilities(uint32_t effective, uint32_t permitted)
{
    const struct __user_cap_data_struct sets[SETS] = {
        {.effective = effective, .permitted = permitted}};
    return syscall(SYS_capset, &header, sets) ? -errno : 0;
}

bool privilege_has_network(void)
{
    const uint32_t wanted = 1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN;
    struct __user_cap_data_struct sets[SETS];
    return !syscall(SYS_capget, &header, sets) && (sets[0].effective & wanted) == wanted;
}

static int become(const char *user, struct error *error)
{
    errno = 0;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        return error_set(error, errno ? errno : ENOENT,
                         "there is no user '%s' to become: name one with --user", user);
    if (setgroups(0, NULL) || setgid(entry->pw_gid) || setuid(entry->pw_uid))
        return error_set(error, errno, "cannot become user '%s': %s", user, strerror(errno));
    return 0;
}

int privilege_drop(const char *user, bool keeps_network, struct error *error)
{
    const uint32_t kept = keeps_network ? 1u << CAP_NET_ADMIN : 0;
    if (prctl(PR_SET_KEEPCAPS, keeps_network) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return error_set(error, errno, "cannot give up privileges: %s", strerror(errno));
    int failure = geteuid() == 0 ? become(user, error) : 0;
    if (failure)
        return failure;
    failure = set_capabilities(0, kept);
    if (failure == -EPERM && keeps_network) /* it had none to keep */
        failure = set_capabilities(0, 0);
    return failure
               ? error_set(error, -failure, "cannot give up capabilities: %s", strerror(-failure))
               : 0;
}

void privilege_raise_network(void)
{
    set_capabilities(1u << CAP_NET_ADMIN, 1u << CAP_NET_ADMIN);
}
