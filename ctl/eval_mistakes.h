/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes the rows of truth that got another verdict, for whoever improves the rules. Addresses are
 * those of the truth file, given back to its owner. */
#ifndef EVAL_MISTAKES_H
#define EVAL_MISTAKES_H

#include "eval_sample.h"

struct eval_mistakes;

/* Creates the file, readable by its owner alone, and writes the header
 *
 *   capture,l4,a_ip,a_port,b_ip,b_port,packets,bytes,truth,tier,verdict,strength
 *
 * `verdict` is empty for a flow that was missed; `strength` is certain or likely for the tier
 * signatures. Returns 0 or -errno. */
int eval_mistakes_open(struct eval_mistakes **mistakes, const char *path, struct error *error);

/* One row for each tier that was not right about a judged sample: by protocol, whatever the level;
 * about what is held out, that said anything. */
void eval_mistakes_write(struct eval_mistakes *mistakes, const struct eval_samples *samples,
                         const struct eval_words *words);

/* Returns 0, or -EIO when not all could be written. Null is fine. */
int eval_mistakes_close(struct eval_mistakes *mistakes, struct error *error);

#endif
