/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads model files into memory and hands them to the reader of their kind. */
#include "ctl/model_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "own_path.h"

static const size_t bytes_max = (size_t)1 << 30;

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
    int failure = headers_model_read(&file->headers, text, length, protocols, error);
    free(text);
    return failure ? blame(path, failure, error) : 0;
}

int model_file_open_own(struct model_file *file, const struct protocols *protocols,
                        struct error *error)
{
    char path[MODEL_PATH];
    *file = (struct model_file){.headers = NULL};
    if (own_path_find(path, sizeof path, "default.headers.model"))
        return error_set(error, ENOENT,
                         "no headers model lies where this program looks for its own: name one "
                         "with --model");
    return model_file_open(file, path, protocols, error);
}

void model_file_close(struct model_file *file)
{
    headers_model_free(file->headers);
    *file = (struct model_file){.headers = NULL};
}

static int open_given(struct model_files *files, unsigned tiers, const char *path,
                      const struct protocols *protocols, struct error *error)
{
    if (!(tiers & 1u << TIER_HEADERS))
        return error_set(error, EINVAL, "%.200s: a model of kind headers needs --tiers headers",
                         path);
    if (files->headers.headers)
        return error_set(error, EINVAL, "%.200s: there is a model of kind headers already", path);
    return model_file_open(&files->headers, path, protocols, error);
}

int model_files_open(struct model_files *files, unsigned tiers, const char *const *paths,
                     unsigned path_count, const struct protocols *protocols, struct error *error)
{
    int failure = 0;
    *files = (struct model_files){.headers = {.headers = NULL}};
    for (unsigned i = 0; i < path_count && !failure; i++)
        failure = open_given(files, tiers, paths[i], protocols, error);
    if (!failure && tiers & 1u << TIER_HEADERS && !files->headers.headers)
        failure = model_file_open_own(&files->headers, protocols, error);
    return failure;
}

void model_files_close(struct model_files *files)
{
    model_file_close(&files->headers);
}
