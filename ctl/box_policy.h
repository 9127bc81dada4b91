/* SPDX-License-Identifier: BSD-3-Clause */
/* The part of the box reader that reads rules. */
#ifndef BOX_POLICY_H
#define BOX_POLICY_H

#include "box_node.h"
#include "ctl/box_reader.h"

/* The rules of `root`'s policy; tiers and link have been read. */
int box_policy_take(struct box *box, struct yaml_node *root, const struct box_words *words,
                    struct error *error);

/* A name such as "video-held-down", copied to `name`. */
int box_name_take(char name[BOX_NAME_MAX + 1], const struct yaml_node *node, const char *what,
                  struct error *error);

/* `level` or `weight` of the mapping, whichever the link's schedule has, made a queue of it. */
int box_queue_take(struct box *box, struct yaml_node *mapping, unsigned *queue,
                   struct error *error);

/* "18:30", five bytes or more, in minutes. Returns 0 or -EINVAL. */
int box_clock_read(const char *text, unsigned *minutes);

/* Is what waits for `queue_ns` at that rate at most 256 MiB? */
bool box_queue_fits(uint64_t rate_bits, uint64_t queue_ns);

#endif
