/* SPDX-License-Identifier: BSD-3-Clause */
/* Typed access to a tree of words: each call takes what it expects or says, with the line, what was
 * expected instead. All return 0, or -EINVAL with the error filled. */
#ifndef BOX_NODE_H
#define BOX_NODE_H

#include <stdint.h>

#include "base/error.h"
#include "yaml_tree.h"

/* Fills the error with the line and what is wrong there; returns -EINVAL. */
int box_node_refuse(struct error *error, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The member under `key`, of that kind. Missing: null and 0, unless it is required. */
int box_node_find(struct yaml_node *mapping, const char *key, enum yaml_kind kind, bool is_required,
                  struct yaml_node **found, struct error *error);

/* Refuses the first member nobody asked for; `known` lists the keys there are. */
int box_node_end(const struct yaml_node *mapping, const char *known, struct error *error);

/* Does the node have the kind? */
int box_node_expect(const struct yaml_node *node, const char *what, enum yaml_kind kind,
                    struct error *error);

/* A member that is a list of `least` to `most` words. Missing: none and 0, unless required. */
int box_node_words(struct yaml_node *mapping, const char *key, bool is_required, unsigned least,
                   unsigned most, struct yaml_node **first, unsigned *count, struct error *error);

/* A member that is a quantity; missing leaves `*value` as it is, unless it is required. */
int box_node_rate(struct yaml_node *mapping, const char *key, bool is_required, uint64_t *value,
                  struct error *error);
int box_node_size(struct yaml_node *mapping, const char *key, bool is_required, uint64_t most,
                  uint64_t *value, struct error *error);
int box_node_duration(struct yaml_node *mapping, const char *key, bool is_required, uint64_t *value,
                      struct error *error);
int box_node_number(struct yaml_node *mapping, const char *key, bool is_required, uint64_t least,
                    uint64_t most, uint64_t *value, struct error *error);

/* A member that is one of `words`, which end with null; its index. Likewise. */
int box_node_choice(struct yaml_node *mapping, const char *key, bool is_required,
                    const char *const *words, unsigned *index, struct error *error);

#endif
