/* SPDX-License-Identifier: BSD-3-Clause */
/* The models a run uses: which files, read and proved. What kind a file is, it says itself. */
#ifndef CTL_MODEL_FILE_H
#define CTL_MODEL_FILE_H

#include "classifier/headers_model.h"

enum { MODEL_PATH = 4096 };

/* One file. */
struct model_file {
    char path[MODEL_PATH];
    struct headers_model *headers; /* null unless it is of that kind */
};

/* Reads and proves `path`. Returns 0 or -errno, with `error` naming file, line and reason. To be
 * closed in either case. */
int model_file_open(struct model_file *file, const char *path, const struct protocols *protocols,
                    struct error *error);

/* Likewise the headers model that belongs to this program: default.headers.model. */
int model_file_open_own(struct model_file *file, const struct protocols *protocols,
                        struct error *error);

void model_file_close(struct model_file *file);

/* The models of a run. */
struct model_files {
    struct model_file headers; /* empty without that tier */
};

/* Opens what a run of these tiers needs: `paths`, one a kind at most, and this program's own for
 * kinds that none of them is of. A path for a tier that is not asked for is refused. Likewise. */
int model_files_open(struct model_files *files, unsigned tiers, const char *const *paths,
                     unsigned path_count, const struct protocols *protocols, struct error *error);
void model_files_close(struct model_files *files);

#endif
