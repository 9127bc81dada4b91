/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads model files into memory and hands them to the reader of their kind. */
#include "ctl/model_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own_path.h"

static const size_t bytes_max = (size_t)1 << 30;

const char *model_kind_name(enum model_kind kind)
{
    static const char *const names[MODEL_KINDS] = {"headers", "kiss"};
    return names[kind];
}

enum tier model_kind_tier(enum model_kind kind)
{
    return kind == MODEL_KISS ? TIER_STOCHASTIC : TIER_HEADERS;
}

/* Puts the file's name, and the line where there is one, before the reason. */
static int blame(const char *path, int failure, struct error *error)
{
    char reason[sizeof error->text];
    snprintf(reason, sizeof reason, "%s", error->text);
    if (error->line)
        return error_set(error, -failure, "%.120s:%u: %.180s", path, error->line, reason);
    return error_set(error, -failure, "%.120s: %.190s", path, reason);
}

/* All of `in`; null when memory or the file fails. */
static char *load(FILE *in, size_t *length)
{
    size_t room = 1 << 16;
    char *bytes = malloc(room);
    *length = 0;
    while (bytes) {
        *length += fread(bytes + *length, 1, room - *length, in);
        if (*length < room)
            break;
        char *grown = room < bytes_max ? realloc(bytes, 2 * room) : NULL;
        if (!grown)
            free(bytes);
        bytes = grown;
        room *= 2;
    }
    if (bytes && ferror(in)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* What the second line says; the reader of any other kind would say that it is not its own. */
static bool is_kiss(const char *text, size_t length)
{
    static const char second[] = "\nkind kiss\n";
    const char *end = memchr(text, '\n', length);
    size_t left = end ? length - (size_t)(end - text) : 0;
    return left >= sizeof second - 1 && !memcmp(end, second, sizeof second - 1);
}

int model_file_open(struct model_file *file, const char *path, const struct protocols *protocols,
                    struct error *error)
{
    *file = (struct model_file){.headers = NULL};
    snprintf(file->path, sizeof file->path, "%s", path);
    FILE *in = fopen(path, "re");
    if (!in) {
        int failure = -errno;
        error_set(error, -failure, "%s", strerror(-failure));
        return blame(path, failure, error);
    }
    size_t length;
    char *text = load(in, &length);
    fclose(in);
    if (!text)
        return error_set(error, EIO, "%.200s: the model could not be read", path);
    int failure = is_kiss(text, length)
                      ? kiss_model_read(&file->kiss, text, length, protocols, error)
                      : headers_model_read(&file->headers, text, length, protocols, error);
    free(text);
    return failure ? blame(path, failure, error) : 0;
}

/* Returns 0, or -ENOENT when there is none. */
static int find_own(char path[MODEL_PATH], enum model_kind kind)
{
    char name[64];
    snprintf(name, sizeof name, "default.%s.model", model_kind_name(kind));
    return own_path_find(path, MODEL_PATH, name);
}

bool model_file_has_own(enum model_kind kind)
{
    char path[MODEL_PATH];
    return find_own(path, kind) == 0;
}

int model_file_open_own(struct model_file *file, enum model_kind kind,
                        const struct protocols *protocols, struct error *error)
{
    char path[MODEL_PATH];
    *file = (struct model_file){.headers = NULL};
    if (find_own(path, kind))
        return error_set(error, ENOENT,
                         "no default.%s.model lies where this program looks for its own: name a "
                         "model with --model",
                         model_kind_name(kind));
    return model_file_open(file, path, protocols, error);
}

void model_file_close(struct model_file *file)
{
    headers_model_free(file->headers);
    kiss_model_free(file->kiss);
    *file = (struct model_file){.headers = NULL};
}

/* Which tier asks for models of which kind, and where a run keeps them. */
static struct model_file *file_of(struct model_files *files, enum model_kind kind)
{
    return kind == MODEL_KISS ? &files->kiss : &files->headers;
}

static bool is_wanted(unsigned tiers, enum model_kind kind)
{
    return tiers >> model_kind_tier(kind) & 1;
}

static bool is_open(const struct model_file *file)
{
    return file->headers || file->kiss;
}

/* The kind is known once the file was read. */
static int open_given(struct model_files *files, unsigned tiers, const char *path,
                      const struct protocols *protocols, struct error *error)
{
    struct model_file given;
    int failure = model_file_open(&given, path, protocols, error);
    enum model_kind kind = given.kiss ? MODEL_KISS : MODEL_HEADERS;
    if (!failure && !is_wanted(tiers, kind))
        failure = error_set(error, EINVAL, "%.200s: a model of kind %s needs --tiers %s", path,
                            model_kind_name(kind), tier_name(model_kind_tier(kind)));
    if (!failure && is_open(file_of(files, kind)))
        failure = error_set(error, EINVAL, "%.200s: there is a model of kind %s already", path,
                            model_kind_name(kind));
    if (failure)
        model_file_close(&given);
    else
        *file_of(files, kind) = given;
    return failure;
}

int model_files_open(struct model_files *files, unsigned tiers, const char *const *paths,
                     unsigned path_count, const struct protocols *protocols, struct error *error)
{
    int failure = 0;
    *files = (struct model_files){.headers = {.headers = NULL}};
    for (unsigned i = 0; i < path_count && !failure; i++)
        failure = open_given(files, tiers, paths[i], protocols, error);
    for (unsigned kind = 0; kind < MODEL_KINDS && !failure; kind++) {
        struct model_file *file = file_of(files, kind);
        if (is_wanted(tiers, kind) && !is_open(file))
            failure = model_file_open_own(file, kind, protocols, error);
    }
    return failure;
}

void model_files_close(struct model_files *files)
{
    model_file_close(&files->headers);
    model_file_close(&files->kiss);
}
