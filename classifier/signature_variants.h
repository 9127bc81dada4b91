/* SPDX-License-Identifier: BSD-3-Clause */
/* A pattern written out as rows of byte classes, each so many times: one row for each way through
 * its alternatives and optional parts.
 *
 *     "(GET|PUT) /.?x"      G E T _ / . x      P U T _ / . x
 *                           G E T _ / x        P U T _ / x
 *
 * Every row can be walked without ever going back: the class behind a run shares no byte with it.
 */
#ifndef CLASSIFIER_SIGNATURE_VARIANTS_H
#define CLASSIFIER_SIGNATURE_VARIANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "classifier/rules.h"
#include "pattern_text.h"

enum { VARIANT_ITEMS = 128 };

struct item {
    struct byte_class class;
    bool is_any;
    uint16_t least,
        most; /* how often, as often as possible; most PATTERN_ANY_NUMBER: without end */
};

struct variant {
    unsigned count;
    struct item items[VARIANT_ITEMS];
};

/* Begins as zeros; its memory serves pattern after pattern. */
struct variants {
    unsigned count, room;
    struct variant *variant; /* [room] */
};

/* Reads a good pattern (pattern_examine). Returns 1 when it is plain: then `variants` are its own,
 * 0 when it is not, or -ENOMEM. */
int variants_read(struct variants *variants, const struct rule_pattern *pattern);

void variants_free(struct variants *variants);

#endif
