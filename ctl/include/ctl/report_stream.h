/* SPDX-License-Identifier: BSD-3-Clause */
/* A run's reports, one after the other, in one form: checks each against the conservation law,
 * knows how the forms follow each other, and whether a person is looking. */
#ifndef CTL_REPORT_STREAM_H
#define CTL_REPORT_STREAM_H

#include <stdio.h>

#include "ctl/report.h"

struct report_stream;

/* `context` is copied, its strings and `out` are borrowed. Returns 0 or -errno. */
int report_stream_new(struct report_stream **stream, const struct report_context *context,
                      enum report_format format, FILE *out, struct error *error);

/* What follows is told by this: of as many protocols or more, whose ids are the same. */
void report_stream_change(struct report_stream *stream, const struct report_context *context);

/* Null is fine. */
void report_stream_free(struct report_stream *stream);

/* Writes one interval's report. Several JSON reports are written as NDJSON; the Prometheus form,
 * whose counters only grow, adds them up for the end. Returns 0; -EIO when it could not be written;
 * -EDOM when the tally does not balance, after it has been written all the same. */
int report_stream_write(struct report_stream *stream, const struct tally *tally,
                        struct error *error);

/* Writes what was left for the end. Returns 0 or -EIO. */
int report_stream_end(struct report_stream *stream, struct error *error);

#endif
