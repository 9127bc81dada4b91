/* SPDX-License-Identifier: BSD-3-Clause */
/* The models a run uses: which files, read and proved. What kind a file is, it says itself. */
#ifndef CTL_MODEL_FILE_H
#define CTL_MODEL_FILE_H

#include "classifier/headers_model.h"
#include "classifier/kiss_model.h"

enum { MODEL_PATH = 4096 };

enum model_kind { MODEL_HEADERS, MODEL_KISS, MODEL_KINDS };

/* The word in model files ("kiss"). */
const char *model_kind_name(enum model_kind kind);

/* The tier that asks for it. */
enum tier model_kind_tier(enum model_kind kind);

/* One file: of the members below one is not null once it was read. */
struct model_file {
    char path[MODEL_PATH];
    struct headers_model *headers;
    struct kiss_model *kiss;
};

/* Reads and proves `path`. Returns 0 or -errno, with `error` naming file, line and reason. To be
 * closed in either case. */
int model_file_open(struct model_file *file, const char *path, const struct protocols *protocols,
                    struct error *error);

/* Likewise the model of that kind that belongs to this program: default.KIND.model. */
int model_file_open_own(struct model_file *file, enum model_kind kind,
                        const struct protocols *protocols, struct error *error);

/* Is there such a file? */
bool model_file_has_own(enum model_kind kind);

void model_file_close(struct model_file *file);

/* The models of a run. */
struct model_files {
    struct model_file headers; /* empty without that tier */
    struct model_file kiss;    /* likewise, of the stochastic tier */
};

/* Opens what a run of these tiers needs: `paths`, one a kind at most, and this program's own for
 * kinds that none of them is of. A path for a tier that is not asked for is refused. Likewise. */
int model_files_open(struct model_files *files, unsigned tiers, const char *const *paths,
                     unsigned path_count, const struct protocols *protocols, struct error *error);
void model_files_close(struct model_files *files);

#endif
