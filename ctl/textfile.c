/* SPDX-License-Identifier: BSD-3-Clause */
/* Written aside, synced, renamed. */
#include "textfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct textfile {
    const char *path;
    char *aside; /* in the same folder, so that renaming replaces at once */
    struct report_context context;
    struct tally *total;
};

static int fail(const struct textfile *textfile, struct error *error)
{
    return error_set(error, errno, "%s: cannot be written: %s", textfile->path, strerror(errno));
}

static int write_report(const struct report *report, FILE *out)
{
    const struct report_style style = {.is_first = true};
    int failure = report_write(report, REPORT_PROMETHEUS, &style, out);
    if (!failure && (fflush(out) || fsync(fileno(out))))
        failure = -errno;
    if (fclose(out) && !failure)
        failure = -errno;
    return failure;
}

static int replace(const struct textfile *textfile, const struct report *report,
                   struct error *error)
{
    FILE *out = fopen(textfile->aside, "we");
    if (!out)
        return fail(textfile, error);
    int failure = write_report(report, out);
    if (!failure && rename(textfile->aside, textfile->path) == 0)
        return 0;
    if (failure)
        errno = -failure;
    failure = fail(textfile, error);
    unlink(textfile->aside);
    return failure;
}

static int write_total(const struct textfile *textfile, struct error *error)
{
    struct report *report;
    int failure = report_new(&report, &textfile->context, textfile->total, error);
    if (failure)
        return failure;
    failure = replace(textfile, report, error);
    report_free(report);
    return failure;
}

int textfile_new(struct textfile **textfile, const char *path, const struct report_context *context,
                 struct error *error)
{
    static const char suffix[] = ".new";
    struct textfile *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for %s", path);
    made->path = path;
    made->context = *context;
    size_t aside_bytes = strlen(path) + sizeof suffix;
    made->aside = malloc(aside_bytes);
    if (!made->aside) {
        textfile_free(made);
        return error_set(error, ENOMEM, "out of memory for %s", path);
    }
    snprintf(made->aside, aside_bytes, "%s%s", path, suffix);
    int failure = tally_new(&made->total, PROTOCOLS_MAX, error);
    if (!failure) {
        tally_resize(made->total, protocols_count(context->protocols));
        failure = write_total(made, error);
    }
    if (failure) {
        textfile_free(made);
        return failure;
    }
    *textfile = made;
    return 0;
}

void textfile_change(struct textfile *textfile, const struct report_context *context)
{
    textfile->context = *context;
    tally_resize(textfile->total, protocols_count(context->protocols));
}

int textfile_write(struct textfile *textfile, const struct tally *tally, struct error *error)
{
    tally_append(textfile->total, tally);
    return write_total(textfile, error);
}

void textfile_free(struct textfile *textfile)
{
    if (!textfile)
        return;
    tally_free(textfile->total);
    free(textfile->aside);
    free(textfile);
}
