/* SPDX-License-Identifier: BSD-3-Clause */
/* A ring of places counted by a semaphore. */
#include "dataplane/handoff.h"

#include <errno.h>
#include <stddef.h>

void handoff_init(struct handoff *handoff)
{
    sem_init(&handoff->filled, 0, 0);
    handoff->put_next = 0;
    handoff->take_next = 0;
}

void handoff_destroy(struct handoff *handoff)
{
    sem_destroy(&handoff->filled);
}

void handoff_put(struct handoff *handoff, void *object)
{
    handoff->place[handoff->put_next++ % HANDOFF_PLACES] = object;
    sem_post(&handoff->filled);
}

void *handoff_take(struct handoff *handoff)
{
    while (sem_wait(&handoff->filled) && errno == EINTR)
        continue;
    return handoff->place[handoff->take_next++ % HANDOFF_PLACES];
}

void *handoff_try(struct handoff *handoff)
{
    if (sem_trywait(&handoff->filled))
        return NULL;
    return handoff->place[handoff->take_next++ % HANDOFF_PLACES];
}
