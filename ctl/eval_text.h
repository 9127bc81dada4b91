/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers as people read them, for documents and plots. */
#ifndef EVAL_TEXT_H
#define EVAL_TEXT_H

#include <stdint.h>

/* A short text, by value. */
struct eval_text {
    char text[32];
};

/* "65,157,927". */
struct eval_text eval_text_count(uint64_t number);

/* "97.24", of a share, with up to 3 decimals. "100" and "0" only where it is exactly that: what
 * rounds to them is ">99.99" and "<0.01". */
struct eval_text eval_text_percent(double share, unsigned decimals);

#endif
