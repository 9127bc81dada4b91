/* SPDX-License-Identifier: BSD-3-Clause */
/* The run so far as a Prometheus textfile (node_exporter's textfile collector): replaced whole, so
 * that a reader sees the old one or the new one and never half of it. */
#ifndef TEXTFILE_H
#define TEXTFILE_H

#include "ctl/report.h"

struct textfile;

/* Proves that it can be written. `path` and the context's strings are borrowed. Returns 0 or
 * -errno. */
int textfile_new(struct textfile **textfile, const char *path, const struct report_context *context,
                 struct error *error);

/* What follows is told by this: of as many protocols or more, whose ids are the same. */
void textfile_change(struct textfile *textfile, const struct report_context *context);

/* Adds an interval and replaces the file. Returns 0 or -errno. */
int textfile_write(struct textfile *textfile, const struct tally *tally, struct error *error);

/* Leaves the file. Null is fine. */
void textfile_free(struct textfile *textfile);

#endif
