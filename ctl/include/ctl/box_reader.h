/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads boxes from YAML files (docs/box-format.md), strictly: what is not known, said twice, of the
 * wrong kind or in the wrong unit is refused with its line and what was expected. */
#ifndef CTL_BOX_READER_H
#define CTL_BOX_READER_H

#include <stddef.h>

#include "base/error.h"
#include "classifier/box.h"

/* What names in a box file are looked up in; both borrowed for the call. */
struct box_words {
    const struct protocols *protocols;
    const struct services *services; /* null: service names are only checked for their form */
};

/* `text` need not end with a zero. On success the box is the caller's, to be freed by box_free.
 * Returns 0, -EINVAL with `error` and its line filled, or -ENOMEM. */
int box_read(struct box **box, const char *text, size_t length, const struct box_words *words,
             struct error *error);

/* Likewise, from a file of at most 256 KiB; and -errno where it cannot be read. */
int box_read_file(struct box **box, const char *path, const struct box_words *words,
                  struct error *error);

#endif
