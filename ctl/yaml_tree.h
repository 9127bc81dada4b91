/* SPDX-License-Identifier: BSD-3-Clause */
/* A YAML document as a tree of what its text says: mappings, lists and words, each with its line.
 * Words are text and nothing else; what they mean is the reader's. Refused: anchors, aliases, tags,
 * a second document, a key twice, a key that is not a word, more than YAML_NODES_MAX nodes or
 * YAML_DEPTH_MAX levels. */
#ifndef YAML_TREE_H
#define YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { YAML_NODES_MAX = 4096, YAML_DEPTH_MAX = 8 };

enum yaml_kind { YAML_WORD, YAML_LIST, YAML_MAPPING };

struct yaml_node {
    enum yaml_kind kind;
    unsigned line;
    char *text;              /* a word's; no zero inside */
    char *key;               /* in a mapping: under which this stands; else null */
    struct yaml_node *first; /* of a list or mapping; null when empty */
    struct yaml_node *next;  /* in the same list or mapping */
    bool is_used;            /* the reader's: asked for */
};

/* Returns 0, -EINVAL with `error` and its line filled, or -ENOMEM. */
int yaml_tree_read(struct yaml_node **root, const char *text, size_t length, struct error *error);

/* Null is fine. */
void yaml_tree_free(struct yaml_node *root);

/* "a word", "a list", "a mapping". */
const char *yaml_kind_name(enum yaml_kind kind);

#endif
