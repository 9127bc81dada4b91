/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads how a forest is to be learned. */
#include "learner_options.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"

const char learner_options_help[] =
    "  --trees N            of each checkpoint's forest (default: 32)\n"
    "  --depth N            of the deepest leaf (default: 14)\n"
    "  --leaf N             rows that a leaf must have (default: 2)\n"
    "  --candidates N       features drawn for a split (default: 12)\n"
    "  --kind extra|forest  extra-trees or a random forest (default: extra)\n"
    "  --seed N             decides all that is drawn (default: 1)\n"
    "  --without LIST       features not to learn from: names, or their beginnings before '*'\n"
    "  --balance N          per mille: 0 counts each flow alike, 1000 each class (default: 500)\n"
    "  --accept N           per mille of confidence at which a checkpoint decides (default: 900)\n"
    "  --error N            per mille of a class's own flows that are rejected (default: 5)\n"
    "  --plain              do not learn from the copies that `dataset --vary` made\n";

static bool matches(const char *name, const char *pattern, size_t length)
{
    if (length && pattern[length - 1] == '*')
        return !strncmp(name, pattern, length - 1);
    return strlen(name) == length && !strncmp(name, pattern, length);
}

static int leave_out(struct learner_options *options, const char *list, struct error *error)
{
    while (*list) {
        size_t length = strcspn(list, ",");
        unsigned found = 0;
        for (unsigned i = 0; i < FEATURES; i++) {
            if (!matches(feature_get(i)->name, list, length))
                continue;
            options->uses[i] = false;
            found++;
        }
        if (!found)
            return error_set(error, EINVAL, "--without: there is no feature '%.*s'", (int)length,
                             list);
        list += length + (list[length] == ',');
    }
    return 0;
}

static int take_number(const char *value, const char *what, uint64_t most, unsigned *number,
                       struct error *error)
{
    uint64_t read = 0;
    int failure = text_read_unsigned(value, what, 0, most, &read, error);
    *number = (unsigned)read;
    return failure;
}

int learner_option_take(struct learner_options *options, int option, const char *value,
                        struct error *error)
{
    switch (option) {
    case LEARNER_OPTION_TREES:
        return take_number(value, "--trees", 1000, &options->grow.trees, error);
    case LEARNER_OPTION_DEPTH:
        return take_number(value, "--depth", 60, &options->grow.depth, error);
    case LEARNER_OPTION_LEAF:
        return take_number(value, "--leaf", 100000, &options->grow.least_rows, error);
    case LEARNER_OPTION_CANDIDATES:
        return take_number(value, "--candidates", FEATURES, &options->grow.candidates, error);
    case LEARNER_OPTION_SEED:
        return text_read_unsigned(value, "--seed", 0, UINT32_MAX, &options->grow.seed, error);
    case LEARNER_OPTION_KIND:
        options->grow.is_extra = !strcmp(value, "extra");
        if (!options->grow.is_extra && strcmp(value, "forest") != 0)
            return error_set(error, EINVAL, "--kind: '%s' is none of extra, forest", value);
        return 0;
    case LEARNER_OPTION_WITHOUT:
        return leave_out(options, value, error);
    case LEARNER_OPTION_BALANCE:
        return take_number(value, "--balance", 1000, &options->balance, error);
    case LEARNER_OPTION_ACCEPT:
        return take_number(value, "--accept", 1000, &options->accept, error);
    case LEARNER_OPTION_EVENING:
        return take_number(value, "--evening", 1000, &options->evening, error);
    case LEARNER_OPTION_BACKGROUND:
        return take_number(value, "--background", 4000, &options->background, error);
    case LEARNER_OPTION_ERROR:
        return take_number(value, "--error", 500, &options->error, error);
    default:
        options->varies = false;
        return 0;
    }
}
