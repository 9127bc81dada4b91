/* SPDX-License-Identifier: BSD-3-Clause */
/* Hands pointers from one thread to one other, in order. Putting never waits: the two sides pass a
 * fixed set of objects back and forth, fewer than there are places. */
#ifndef DATAPLANE_HANDOFF_H
#define DATAPLANE_HANDOFF_H

#include <semaphore.h>
#include <stdbool.h>

enum { HANDOFF_PLACES = 64 };

/* The semaphore orders memory as well as counting; each index is one side's own. */
struct handoff {
    sem_t filled;
    void *place[HANDOFF_PLACES];
    unsigned put_next;  /* written by the giving thread */
    unsigned take_next; /* written by the taking thread */
};

void handoff_init(struct handoff *handoff);
void handoff_destroy(struct handoff *handoff);

void handoff_put(struct handoff *handoff, void *object);

/* Waits for an object. */
void *handoff_take(struct handoff *handoff);

/* Null when there is none just now. */
void *handoff_try(struct handoff *handoff);

#endif
