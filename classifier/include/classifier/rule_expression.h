/* SPDX-License-Identifier: BSD-3-Clause */
/* The checks of rules: arithmetic over a payload's bytes and sizes, compiled once and evaluated
 * without failing. The language is docs/rules-format.md, section 5. */
#ifndef CLASSIFIER_RULE_EXPRESSION_H
#define CLASSIFIER_RULE_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum { RULE_SIZES = 4 }; /* payload packets a direction whose sizes can be asked for */

/* One payload. Never null where read: a view that does not exist has no bytes and length 0. */
struct rule_view {
    const uint8_t *bytes;    /* borrowed */
    uint32_t captured_bytes; /* readable at `bytes` */
    uint32_t length;         /* what the rule language calls `length` */
    const uint16_t *sizes;   /* wire bytes of this direction's first payload packets */
    uint32_t size_count;     /* at most RULE_SIZES */
    bool is_there;           /* false: everything asked of it is short */
};

enum rule_view_index {
    RULE_VIEW_THIS, /* the payload that is looked at */
    RULE_VIEW_PEER, /* the other direction's */
    RULE_VIEW_PREV, /* the one before it in the same direction */
    RULE_VIEWS,
};

struct rule_subject {
    struct rule_view view[RULE_VIEWS];
    uint32_t packet_bytes; /* the newest payload packet's, on the wire */
    uint32_t count;        /* its number within its direction, from 1 */
    uint16_t client_port;
    uint16_t server_port;
};

struct rule_expression;

/* Returns 0, -EINVAL with `error` saying what is wrong where, or -ENOMEM. */
int rule_expression_new(struct rule_expression **expression, const char *text, struct error *error);

/* Null is fine. */
void rule_expression_free(struct rule_expression *expression);

/* Hot: cannot fail. What the payload is too short for is false. */
bool rule_expression_holds(const struct rule_expression *expression,
                           const struct rule_subject *subject);

/* Does it ask for RULE_VIEW_PEER or RULE_VIEW_PREV? */
bool rule_expression_uses(const struct rule_expression *expression, enum rule_view_index view);

/* What a check asks can be seen at a glance, before it is run: could it hold for some payload that
 * is like this? True wherever that is not known. */

/* One that has `byte` at `place`. True for places from RULE_PLACES on. */
enum { RULE_PLACES = 8 };
bool rule_expression_admits(const struct rule_expression *expression, unsigned place, uint8_t byte);

/* One whose `length` is from `least` to `most`; no more bytes are readable than that. */
bool rule_expression_admits_length(const struct rule_expression *expression, uint32_t least,
                                   uint32_t most);

/* One beside which `view` is not there. */
bool rule_expression_admits_absence(const struct rule_expression *expression,
                                    enum rule_view_index view);

#endif
