/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns a machine of the stochastic tier from signature rows, through libsvm.
 *
 *     rows ── balance ──► sample ── folds by site ──► grid over C and gamma
 *                                                        │ best mean recall
 *                                    margins, reaches ◄──┤ from rows their fold had not seen
 *                                    support vectors  ◄──┘ from the whole sample
 *
 * Background, in models the class `unknown`, is learnt like any other: windows that are nobody's
 * then lie on somebody's side. What is known to be none of the classes belongs there.
 *
 * Folds hold whole sites where a class was seen at two or more, else whole captures, else every
 * n-th row: a window must not be judged by its neighbours. */
#ifndef KISS_LEARN_H
#define KISS_LEARN_H

#include "kiss_rows.h"

enum { KISS_SAME_MAX = 64 };

struct kiss_learning {
    const struct protocols *protocols;
    enum kiss_transport transport;
    uint64_t seed;
    uint32_t most;  /* signatures of a class that are learnt from */
    uint32_t least; /* a class with fewer is background; so is what is no protocol's name */
    unsigned folds;
    double cost, gamma; /* 0: by grid */
    unsigned rejected;  /* per 10,000: how many right windows of a class its limits may reject */
    double slack;       /* the reach, in distances that were seen on held-out rows */
    struct {
        const char *label, *class;
    } same[KISS_SAME_MAX]; /* labels that cannot be told apart by their first bytes */
    unsigned same_count;
    void (*progress)(const char *format, ...) __attribute__((format(printf, 1, 2)));
};

/* What was chosen, for the log. */
struct kiss_learned {
    double cost, gamma;
    double recall; /* mean over classes, on folds not learnt from */
};

/* Fills `machine`, to be freed with its model. Returns 0 or -errno: -ENODATA when fewer than two
 * classes have enough rows; the machine is then left as it was. */
int kiss_learn(struct kiss_machine *machine, const struct kiss_learning *learning,
               const struct kiss_rows *rows, struct kiss_learned *learned, struct error *error);

#endif
