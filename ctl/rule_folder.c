/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds, reads and compiles a folder of rules; tells its faults. */
#include "ctl/rule_folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/rules_prove.h"
#include "own_path.h"

static int find_folder(struct rule_folder *folder, const char *path, struct error *error)
{
    if (path) {
        int written = snprintf(folder->path, sizeof folder->path, "%s", path);
        if (written < (int)sizeof folder->path)
            return 0;
        return error_set(error, ENAMETOOLONG, "the name of the rules folder is too long");
    }
    if (own_path_find(folder->path, sizeof folder->path, "rules") == 0)
        return 0;
    return error_set(error, ENOENT,
                     "no rules lie where this program looks for its own: name a folder");
}

static void tell_faults(const struct rule_folder *folder, const struct rule_faults *faults,
                        rule_complaint *complain)
{
    char text[5120];
    for (unsigned i = 0; i < faults->count; i++) {
        const struct rule_fault *fault = &faults->fault[i];
        const char *slash = fault->file && *fault->file ? "/" : "";
        const char *file = fault->file ? fault->file : "";
        const char *what = fault->text ? fault->text : "out of memory";
        if (fault->line)
            snprintf(text, sizeof text, "%s%s%s:%u: %s", folder->path, slash, file, fault->line,
                     what);
        else
            snprintf(text, sizeof text, "%s%s%s: %s", folder->path, slash, file, what);
        complain(text);
    }
}

/* Says how it ended when faults were told. */
static int conclude(const struct rule_folder *folder, int failure, struct rule_faults *faults,
                    rule_complaint *complain, struct error *error)
{
    tell_faults(folder, faults, complain);
    if (failure && faults->count)
        error_set(error, EINVAL, "%.200s: %u faults: these rules are not used", folder->path,
                  faults->count);
    else if (failure == -ENOMEM)
        error_set(error, ENOMEM, "out of memory for rules");
    rule_faults_free(faults);
    return failure;
}

struct service_faults {
    struct rule_faults *faults;
};

static void note_service_fault(void *context, const struct error *error)
{
    struct service_faults *services = context;
    rule_faults_add(services->faults, "services.rules", error->line, "%s", error->text);
}

/* The file's bytes; null, with `*length` 0, when there is no such file. */
static char *load_services(const struct rule_folder *folder, size_t *length)
{
    enum { BYTES_MAX = 4 << 20 };
    char path[sizeof folder->path + 32];
    snprintf(path, sizeof path, "%s/services.rules", folder->path);
    FILE *in = fopen(path, "re");
    char *bytes = in ? malloc(BYTES_MAX) : NULL;
    *length = bytes ? fread(bytes, 1, BYTES_MAX, in) : 0;
    if (in)
        fclose(in);
    return bytes;
}

static int read_services(struct rule_folder *folder, struct rule_faults *faults,
                         struct error *error)
{
    int failure = services_new(&folder->services, error);
    if (failure)
        return failure;
    size_t length;
    char *bytes = load_services(folder, &length);
    struct service_faults context = {.faults = faults};
    failure = services_read(folder->services, bytes, length, note_service_fault, &context);
    free(bytes);
    return failure;
}

int rule_folder_read(struct rule_folder *folder, const char *path, struct protocols *protocols,
                     rule_complaint *complain, struct error *error)
{
    struct rule_faults faults = {0};
    *folder = (struct rule_folder){.rules = NULL};
    int failure = find_folder(folder, path, error);
    if (failure)
        return failure;
    int services_failure = read_services(folder, &faults, error);
    failure = rules_read(&folder->rules, folder->path, protocols, &faults);
    if (!failure)
        failure = services_failure;
    return conclude(folder, failure, &faults, complain, error);
}

int rule_folder_compile(struct rule_folder *folder, const struct protocols *protocols,
                        rule_complaint *complain, struct error *error)
{
    struct rule_faults faults = {0};
    int failure = signatures_new(&folder->signatures, folder->rules, protocols_count(protocols),
                                 &faults, error);
    rule_faults_sort(&faults);
    return conclude(folder, failure, &faults, complain, error);
}

int rule_folder_prove(const struct rule_folder *folder, const struct protocols *protocols,
                      rule_complaint *complain, struct error *error)
{
    struct rule_faults faults = {0};
    int failure = rules_prove(folder->signatures, protocols, &faults, error);
    return conclude(folder, failure, &faults, complain, error);
}

int rule_folder_open(struct rule_folder *folder, const char *path, struct protocols *protocols,
                     rule_complaint *complain, struct error *error)
{
    int failure = rule_folder_read(folder, path, protocols, complain, error);
    if (!failure)
        failure = rule_folder_compile(folder, protocols, complain, error);
    if (!failure)
        failure = rule_folder_prove(folder, protocols, complain, error);
    return failure;
}

void rule_folder_close(struct rule_folder *folder)
{
    signatures_free(folder->signatures);
    rules_free(folder->rules);
    services_free(folder->services);
    *folder = (struct rule_folder){.rules = NULL};
}
