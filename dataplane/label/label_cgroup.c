/* SPDX-License-Identifier: BSD-3-Clause */
/* Control groups by identifier, path and label. A path is read when the first packet of a cgroup is
 * announced and kept, since a short-lived cgroup is gone when the run ends. */
#include "label_cgroup.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    KERNFS_HANDLE = 0xfe, /* linux/exportfs.h FILEID_KERNFS: the handle is the identifier */
    LABEL_BYTES_MAX = 128,
};

struct rule {
    char *path;        /* below the mount, without '/' at either end; "" is the root */
    const char *label; /* null: cgroups right below `path` are named after their labels */
};

struct named {
    uint64_t id;
    const char *label; /* null: none */
    bool is_nameless;
};

struct label_cgroups {
    char *mount;
    int mount_fd;
    bool by_unit;
    struct rule *rules;
    size_t rule_count;
    struct named *known; /* sorted by id */
    size_t known_count;
    char **labels; /* each text once, so that equal labels are equal pointers */
    size_t label_count;
};

bool label_text_check(const char *text)
{
    bool is_begun = false;
    unsigned slashes = 0;
    for (; *text; text++) {
        if (*text == '/') {
            if (!is_begun || slashes++ > 0)
                return false;
            is_begun = false;
        } else if ((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
                   (*text == '-' && is_begun)) {
            is_begun = true;
        } else {
            return false;
        }
    }
    return is_begun;
}

/* Where the component that names a unit begins, and how long it is without its suffix. */
static const char *unit_find(const char *path, size_t *length)
{
    static const char *const suffixes[] = {".service", ".scope"};
    const char *unit = NULL;
    while (*path) {
        size_t bytes = strcspn(path, "/");
        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
            size_t suffix = strlen(suffixes[i]);
            if (bytes > suffix && memcmp(path + bytes - suffix, suffixes[i], suffix) == 0) {
                unit = path;
                *length = bytes - suffix;
            }
        }
        path += bytes + (path[bytes] == '/');
    }
    return unit;
}

/* The byte at `text`, systemd's \xHH undone; `used` tells how many bytes it took. */
static char unit_byte(const char *text, size_t left, size_t *used)
{
    unsigned value = 0;
    if (left >= 4 && text[0] == '\\' && text[1] == 'x' && isxdigit((unsigned char)text[2]) &&
        isxdigit((unsigned char)text[3])) {
        char digits[3] = {text[2], text[3], 0};
        value = (unsigned)strtoul(digits, NULL, 16);
        *used = 4;
        return (char)value;
    }
    *used = 1;
    return *text;
}

bool label_cgroup_unit(const char *path, char *label, size_t size)
{
    size_t length = 0;
    const char *unit = unit_find(path, &length);
    size_t written = 0;
    for (size_t used, i = 0; unit && i < length; i += used) {
        if (written + 1 >= size)
            return false;
        unsigned char byte = (unsigned char)unit_byte(unit + i, length - i, &used);
        bool is_plain = byte < 0x80 && isalnum(byte);
        if (is_plain || written > 0) /* a label does not begin with '-' */
            label[written++] = is_plain ? (char)tolower(byte) : '-';
    }
    label[written] = '\0';
    return written > 0;
}

/* The one copy of `text`, or null when memory is short. */
static const char *label_intern(struct label_cgroups *cgroups, const char *text)
{
    for (size_t i = 0; i < cgroups->label_count; i++)
        if (strcmp(cgroups->labels[i], text) == 0)
            return cgroups->labels[i];
    char **labels = reallocarray(cgroups->labels, cgroups->label_count + 1, sizeof *labels);
    if (!labels)
        return NULL;
    cgroups->labels = labels;
    char *copy = strdup(text);
    if (copy)
        labels[cgroups->label_count++] = copy;
    return copy;
}

static int mount_find(char **mount, struct error *error)
{
    FILE *mounts = setmntent("/proc/self/mounts", "re");
    if (!mounts)
        return error_set(error, errno, "cannot read /proc/self/mounts: %s", strerror(errno));
    struct mntent entry;
    char text[2 * PATH_MAX];
    *mount = NULL;
    while (!*mount && getmntent_r(mounts, &entry, text, sizeof text))
        if (strcmp(entry.mnt_type, "cgroup2") == 0)
            *mount = strdup(entry.mnt_dir);
    endmntent(mounts);
    if (!*mount)
        return error_set(error, ENOENT,
                         "no cgroup v2 is mounted: mount -t cgroup2 none /sys/fs/cgroup");
    return 0;
}

/* What follows `mount` in `path`, without '/' in front; null when `path` is not below it. */
static const char *path_below(const char *mount, const char *path)
{
    size_t length = strlen(mount);
    if (strncmp(path, mount, length) != 0 || (path[length] != '/' && path[length] != '\0'))
        return NULL;
    path += length;
    return path + strspn(path, "/");
}

/* A rule's cgroup as a path below the mount, by any of the ways to write one. */
static int rule_path(const struct label_cgroups *cgroups, const char *cgroup, char **path,
                     struct error *error)
{
    char text[PATH_MAX], real[PATH_MAX];
    const char *below = path_below(cgroups->mount, cgroup);
    int length = snprintf(text, sizeof text, "%s/%s", cgroups->mount, below ? below : cgroup);
    if (length < 0 || (size_t)length >= sizeof text)
        return error_set(error, ENAMETOOLONG, "cgroup path too long: %s", cgroup);
    if (!realpath(text, real))
        return error_set(error, errno, "no cgroup %s below %s: make it before labelling", cgroup,
                         cgroups->mount);
    below = path_below(cgroups->mount, real);
    if (!below)
        return error_set(error, EINVAL, "cgroup %s is not below %s", cgroup, cgroups->mount);
    *path = strdup(below);
    return *path ? 0 : error_set(error, ENOMEM, "out of memory");
}

/* The deepest rule at or above `path`, or null. */
static const struct rule *rule_match(const struct label_cgroups *cgroups, const char *path)
{
    const struct rule *best = NULL;
    size_t best_length = 0;
    for (size_t i = 0; i < cgroups->rule_count; i++) {
        const struct rule *rule = &cgroups->rules[i];
        size_t length = strlen(rule->path);
        bool is_above = length == 0 || (strncmp(path, rule->path, length) == 0 &&
                                        (path[length] == '/' || path[length] == '\0'));
        if (is_above && (!best || length > best_length)) {
            best = rule;
            best_length = length;
        }
    }
    return best;
}

/* The name right below a rule's cgroup, when it can be a label. */
static bool name_below(const struct rule *rule, const char *path, char *label, size_t size)
{
    const char *name = path + strlen(rule->path);
    name += *name == '/';
    size_t length = strcspn(name, "/");
    if (length >= size)
        return false;
    memcpy(label, name, length);
    label[length] = '\0';
    return label_text_check(label);
}

/* Sets `label` to null where none applies. Returns 0 or -errno. */
static int path_label(struct label_cgroups *cgroups, const char *path, const char **label,
                      struct error *error)
{
    char text[LABEL_BYTES_MAX];
    const struct rule *rule = rule_match(cgroups, path);
    *label = rule ? rule->label : NULL;
    bool has_text = rule ? !rule->label && name_below(rule, path, text, sizeof text)
                         : cgroups->by_unit && label_cgroup_unit(path, text, sizeof text);
    if (!has_text)
        return 0;
    *label = label_intern(cgroups, text);
    return *label ? 0 : error_set(error, ENOMEM, "out of memory");
}

/* Writes the path of cgroup `id` below the mount. Returns 0, -ENOENT when it is gone, or -errno. */
static int path_read(const struct label_cgroups *cgroups, uint64_t id, char *path, size_t size)
{
    _Alignas(struct file_handle) unsigned char space[sizeof(struct file_handle) + sizeof id];
    struct file_handle *handle = (struct file_handle *)space;
    *path = '\0';
    handle->handle_bytes = sizeof id;
    handle->handle_type = KERNFS_HANDLE;
    memcpy(handle->f_handle, &id, sizeof id);
    int fd = open_by_handle_at(cgroups->mount_fd, handle, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ESTALE ? -ENOENT : -errno;

    char link[64], text[PATH_MAX];
    (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, text, sizeof text - 1);
    int code = length < 0 ? -errno : 0;
    (void)close(fd);
    if (code != 0)
        return code;
    text[length] = '\0';
    /* Removed between the two calls: the name is still right. */
    char *removed = strstr(text, " (deleted)");
    if (removed && removed[strlen(" (deleted)")] == '\0')
        *removed = '\0';
    const char *below = path_below(cgroups->mount, text);
    if (!below || strlen(below) >= size)
        return -ENOENT;
    memcpy(path, below, strlen(below) + 1);
    return 0;
}

/* The identifier of the cgroup at `path` below the mount. */
static int id_read(const struct label_cgroups *cgroups, const char *path, uint64_t *id)
{
    _Alignas(struct file_handle) unsigned char space[sizeof(struct file_handle) + sizeof *id];
    struct file_handle *handle = (struct file_handle *)space;
    int mount_id;
    handle->handle_bytes = sizeof *id;
    if (name_to_handle_at(cgroups->mount_fd, path, handle, &mount_id, AT_EMPTY_PATH) < 0)
        return -errno;
    memcpy(id, handle->f_handle, sizeof *id);
    return 0;
}

/* Where `id` is in `known`, or would be. */
static size_t known_place(const struct label_cgroups *cgroups, uint64_t id)
{
    size_t low = 0, high = cgroups->known_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (cgroups->known[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static const struct named *known_find(const struct label_cgroups *cgroups, uint64_t id)
{
    size_t place = known_place(cgroups, id);
    bool is_there = place < cgroups->known_count && cgroups->known[place].id == id;
    return is_there ? &cgroups->known[place] : NULL;
}

static int known_add(struct label_cgroups *cgroups, const struct named *named, struct error *error)
{
    struct named *known = reallocarray(cgroups->known, cgroups->known_count + 1, sizeof *known);
    if (!known)
        return error_set(error, ENOMEM, "out of memory");
    cgroups->known = known;
    size_t place = known_place(cgroups, named->id);
    memmove(known + place + 1, known + place, (cgroups->known_count - place) * sizeof *known);
    known[place] = *named;
    cgroups->known_count++;
    return 0;
}

int label_cgroups_learn(struct label_cgroups *cgroups, uint64_t id, struct error *error)
{
    if (known_find(cgroups, id))
        return 0;
    char path[PATH_MAX];
    struct named named = {.id = id};
    int code = path_read(cgroups, id, path, sizeof path);
    if (code == -ENOENT)
        named.is_nameless = true;
    else if (code < 0)
        return error_set(error, -code,
                         "cannot read a cgroup's name (needs CAP_DAC_READ_SEARCH): %s",
                         strerror(-code));
    else if ((code = path_label(cgroups, path, &named.label, error)) < 0)
        return code;
    return known_add(cgroups, &named, error);
}

const char *label_cgroups_find(const struct label_cgroups *cgroups, uint64_t id, bool *is_nameless)
{
    const struct named *named = known_find(cgroups, id);
    *is_nameless = !named || named->is_nameless;
    return named ? named->label : NULL;
}

static int rules_read(struct label_cgroups *cgroups, const struct label_options *options,
                      struct error *error)
{
    cgroups->rules = calloc(options->rule_count + 1, sizeof *cgroups->rules);
    if (!cgroups->rules)
        return error_set(error, ENOMEM, "out of memory");
    for (size_t i = 0; i < options->rule_count; i++) {
        struct rule *rule = &cgroups->rules[i];
        int code = rule_path(cgroups, options->rules[i].cgroup, &rule->path, error);
        if (code < 0)
            return code;
        assert(rule->path);
        cgroups->rule_count++;
        if (strcmp(options->rules[i].label, LABEL_BY_NAME) == 0)
            continue;
        rule->label = label_intern(cgroups, options->rules[i].label);
        if (!rule->label)
            return error_set(error, ENOMEM, "out of memory");
    }
    return 0;
}

/* A rule's own cgroup is known before its first packet, however short it lives. */
static int rules_learn(struct label_cgroups *cgroups, struct error *error)
{
    for (size_t i = 0; i < cgroups->rule_count; i++) {
        const char *path = cgroups->rules[i].path;
        struct named named = {.label = cgroups->rules[i].label};
        int code = id_read(cgroups, path, &named.id);
        if (code < 0)
            return error_set(error, -code, "cannot identify cgroup %s: %s", path, strerror(-code));
        const struct named *known = known_find(cgroups, named.id);
        if (known && known->label != named.label)
            return error_set(error, EINVAL, "two labels for cgroup %s", path);
        if (!known && (code = known_add(cgroups, &named, error)) < 0)
            return code;
    }
    return 0;
}

int label_cgroups_new(struct label_cgroups **cgroups, const struct label_options *options,
                      struct error *error)
{
    struct label_cgroups *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory");
    made->mount_fd = -1;
    made->by_unit = options->by_unit;
    int code = mount_find(&made->mount, error);
    if (code < 0)
        goto fail;
    assert(made->mount);
    made->mount_fd = open(made->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (made->mount_fd < 0) {
        code = error_set(error, errno, "cannot open %s: %s", made->mount, strerror(errno));
        goto fail;
    }
    code = rules_read(made, options, error);
    if (code == 0)
        code = rules_learn(made, error);
    if (code < 0)
        goto fail;
    *cgroups = made;
    return 0;
fail:
    label_cgroups_free(made);
    return code;
}

int label_cgroups_root_fd(const struct label_cgroups *cgroups)
{
    return cgroups->mount_fd;
}

void label_cgroups_free(struct label_cgroups *cgroups)
{
    if (!cgroups)
        return;
    for (size_t i = 0; i < cgroups->rule_count; i++)
        free(cgroups->rules[i].path);
    for (size_t i = 0; i < cgroups->label_count; i++)
        free(cgroups->labels[i]);
    if (cgroups->mount_fd >= 0)
        (void)close(cgroups->mount_fd);
    free(cgroups->labels);
    free(cgroups->rules);
    free(cgroups->known);
    free(cgroups->mount);
    free(cgroups);
}
