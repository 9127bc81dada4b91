/* SPDX-License-Identifier: BSD-3-Clause */
/* Learns a machine of the stochastic tier from signature rows, through libsvm.
 *
 *     rows ── balance ──► sample ── folds by site ──► grid over C and gamma
 *                                                        │ best mean recall
 *                                    margins, reaches ◄──┤ from rows their fold had not seen
 *                                    support vectors  ◄──┘ from the whole sample
 *
 * Folds hold whole sites where a class was seen at two or more, else whole captures, else every
 * n-th row: a window must not be judged by its neighbours. */
#ifndef KISS_LEARN_H
#define KISS_LEARN_H

#include "kiss_rows.h"

enum { KISS_SAME_MAX = 16 };

struct kiss_learning {
    const struct protocols *protocols;
    enum kiss_transport transport;
    uint64_t seed;
    uint32_t most;  /* signatures of a class that are learnt from */
    uint32_t least; /* a class with fewer is left out */
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

/* Fills `machine`, to be freed with its model. Returns 0 or -errno: -EINVAL when fewer than two
 * classes have enough rows. */
int kiss_learn(struct kiss_machine *machine, const struct kiss_learning *learning,
               const struct kiss_rows *rows, struct kiss_learned *learned, struct error *error);

#endif
