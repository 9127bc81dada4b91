/* SPDX-License-Identifier: BSD-3-Clause */
/* Opens a file for each plot. */
#include "eval_plot.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

const struct eval_result_method *eval_plot_subject(const struct eval_result *result)
{
    return &result->methods[result->tier_count - 1];
}

static int write_plot(const struct eval_result *result, const char *folder, const char *name,
                      void (*plot)(const struct eval_result *result, FILE *out),
                      struct error *error)
{
    char path[4096];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length >= (int)sizeof path)
        return error_set(error, ENAMETOOLONG, "--output-dir: the path is too long");
    FILE *out = fopen(path, "we");
    if (!out)
        return error_set(error, errno, "%.200s: %s", path, strerror(errno));
    plot(result, out);
    bool has_failed = ferror(out);
    has_failed = fclose(out) || has_failed;
    return has_failed ? error_set(error, EIO, "%.200s: could not be written", path) : 0;
}

int eval_plots_write(const struct eval_result *result, const char *folder, struct error *error)
{
    static const struct {
        const char *name;
        void (*plot)(const struct eval_result *result, FILE *out);
    } plots[] = {{"confusion.svg", eval_plot_confusion},
                 {"reliability.svg", eval_plot_reliability},
                 {"packets.svg", eval_plot_packets}};
    if (mkdir(folder, 0777) && errno != EEXIST)
        return error_set(error, errno, "%.200s: %s", folder, strerror(errno));
    int failure = 0;
    for (unsigned i = 0; !failure && i < sizeof plots / sizeof *plots; i++)
        failure = write_plot(result, folder, plots[i].name, plots[i].plot, error);
    return failure;
}
