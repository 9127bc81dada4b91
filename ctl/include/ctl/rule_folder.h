/* SPDX-License-Identifier: BSD-3-Clause */
/* The rules a run uses: which folder, read and compiled, or refused with every fault told. */
#ifndef CTL_RULE_FOLDER_H
#define CTL_RULE_FOLDER_H

#include "classifier/rules.h"
#include "classifier/services.h"
#include "classifier/signature.h"

struct rule_folder {
    char path[4096];
    struct rules *rules;
    struct services *services;     /* of services.rules; without it, "other" alone */
    struct signatures *signatures; /* null unless compiled */
};

/* Hears one fault: "FILE:LINE: what is wrong". */
typedef void rule_complaint(const char *text);

/* Reads `path`, or where that is null the folder that belongs to this program: ../share/glassbox
 * /rules beside its own folder, or models/rules of the tree it was built in. Adds what the rules
 * declare to `protocols`. Services keep the ids they had in `before`, which may be null. Every
 * fault is told to `complain`. Returns 0 or -errno with `error` filled. To be closed in either
 * case. */
int rule_folder_read(struct rule_folder *folder, const char *path, const struct rule_folder *before,
                     struct protocols *protocols, rule_complaint *complain, struct error *error);

/* Compiles what was read. Likewise. */
int rule_folder_compile(struct rule_folder *folder, const struct protocols *protocols,
                        rule_complaint *complain, struct error *error);

/* Runs the samples. Likewise. */
int rule_folder_prove(const struct rule_folder *folder, const struct protocols *protocols,
                      rule_complaint *complain, struct error *error);

/* All three, for a command that classifies: a folder with a fault is never used. Likewise. */
int rule_folder_open(struct rule_folder *folder, const char *path, const struct rule_folder *before,
                     struct protocols *protocols, rule_complaint *complain, struct error *error);

void rule_folder_close(struct rule_folder *folder);

#endif
