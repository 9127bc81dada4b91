/* SPDX-License-Identifier: BSD-3-Clause */
/* What a command needs for an audit: boxes read, views laid out, the policy's options and the
 * audit's context filled. */
#ifndef AUDIT_SETUP_H
#define AUDIT_SETUP_H

#include "classifier/policy.h"
#include "ctl/audit.h"
#include "ctl/box_reader.h"
#include "run_knowledge.h"

struct audit_setup {
    /* From the command line. */
    unsigned path_count;
    const char *paths[POLICY_VIEWS_MAX];
    bool has_ladder;
    bool has_truth;   /* the reference is a truth; else the signatures tier, where it runs */
    bool keeps_tiers; /* reports stand beside the audit: no tier is dropped */
    struct prefixes subscribers;

    /* Made by audit_setup_open. */
    unsigned box_count;
    struct box *boxes[POLICY_VIEWS_MAX];
    struct policy_options policy;
    struct audit_context context; /* but for source_kind, link and truth_sha256 */
};

/* Notes one --box. Returns 0 or -EINVAL. */
int audit_setup_add(struct audit_setup *setup, const char *path, struct error *error);

/* Reads the boxes and enters the policy into the run, whose tiers, unless they are kept, become
 * those that boxes, ladder and reference need of those it has; `knowledge` is open. To be closed in
 * either case, after the classifier. Returns 0 or -errno. */
int audit_setup_open(struct audit_setup *setup, struct run_options *run,
                     const struct run_knowledge *knowledge, struct error *error);
void audit_setup_close(struct audit_setup *setup);

/* Makes and writes the audit of a tally; also where it does not add up, so that its reader sees
 * how. Returns 0, -EIO, -ENOMEM, or -EDOM when it does not add up. */
int audit_setup_write(const struct audit_setup *setup, const struct tally *tally,
                      enum audit_format format, FILE *out, struct error *error);

#endif
