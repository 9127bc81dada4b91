/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes reports in order, and proves each before it goes. */
#include "ctl/report_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct report_stream {
    struct report_context context;
    enum report_format format;
    struct report_style style;
    struct tally *total; /* of all intervals; for Prometheus only */
    FILE *out;
};

int report_stream_new(struct report_stream **stream, const struct report_context *context,
                      enum report_format format, FILE *out, struct error *error)
{
    *stream = NULL;
    struct report_stream *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for reports");
    made->context = *context;
    made->format = format == REPORT_JSON && context->interval_ns ? REPORT_NDJSON : format;
    made->style = report_style_detect(out);
    made->out = out;
    int failure = format == REPORT_PROMETHEUS ? tally_new(&made->total, PROTOCOLS_MAX, error) : 0;
    if (failure) {
        report_stream_free(made);
        return failure;
    }
    if (made->total)
        tally_resize(made->total, protocols_count(context->protocols));
    *stream = made;
    return 0;
}

void report_stream_change(struct report_stream *stream, const struct report_context *context)
{
    stream->context = *context;
    if (stream->total)
        tally_resize(stream->total, protocols_count(context->protocols));
}

void report_stream_free(struct report_stream *stream)
{
    if (!stream)
        return;
    tally_free(stream->total);
    free(stream);
}

static int check_balance(const struct tally *tally, struct error *error)
{
    struct tally_balance balance = tally_balance(tally);
    if (balance.seen.frames == balance.accounted.frames &&
        balance.seen.bytes == balance.accounted.bytes)
        return 0;
    return error_set(error, EDOM,
                     "the report does not add up: %llu frames seen, %llu accounted for; this is a "
                     "defect of glassbox, please report it",
                     (unsigned long long)balance.seen.frames,
                     (unsigned long long)balance.accounted.frames);
}

static int write_report(struct report_stream *stream, const struct tally *tally,
                        struct error *error)
{
    struct report *report;
    int failure = report_new(&report, &stream->context, tally, error);
    if (failure)
        return failure;
    failure = report_write(report, stream->format, &stream->style, stream->out);
    report_free(report);
    stream->style.is_first = false;
    return failure ? error_set(error, EIO, "standard output: %s", strerror(errno)) : 0;
}

int report_stream_write(struct report_stream *stream, const struct tally *tally,
                        struct error *error)
{
    int failure = 0;
    if (stream->total)
        tally_append(stream->total, tally);
    else
        failure = write_report(stream, tally, error);
    return failure ? failure : check_balance(tally, error);
}

int report_stream_end(struct report_stream *stream, struct error *error)
{
    return stream->total ? write_report(stream, stream->total, error) : 0;
}
