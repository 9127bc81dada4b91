/* SPDX-License-Identifier: BSD-3-Clause */
/* Three plots of an evaluation. Their subject is the last tier of the result: `combined` where
 * there are several, else the one there is; the others and the baselines stand beside it where
 * there is room. Colours differ in lightness as much as in hue, every mark that carries a figure is
 * labelled, and each plot says in words what it shows: they can be read in black and white, by
 * people who do not tell colours apart, and by those who hear them. */
#ifndef EVAL_PLOT_H
#define EVAL_PLOT_H

#include <stdio.h>

#include "eval_result.h"

const struct eval_result_method *eval_plot_subject(const struct eval_result *result);

/* Which class was taken for which, in shares of the class. At most EVAL_PLOT_CLASSES classes, those
 * with the most flows. */
enum { EVAL_PLOT_CLASSES = 24 };
void eval_plot_confusion(const struct eval_result *result, FILE *out);

/* How often verdicts of some confidence are right, and how many there are. */
void eval_plot_reliability(const struct eval_result *result, FILE *out);

/* How much is decided, and rightly, by how many data packets. */
void eval_plot_packets(const struct eval_result *result, FILE *out);

/* Writes confusion.svg, reliability.svg and packets.svg into the folder, which is made if need be.
 * Returns 0 or -errno. */
int eval_plots_write(const struct eval_result *result, const char *folder, struct error *error);

#endif
