/* SPDX-License-Identifier: BSD-3-Clause */
/* Where a worker leaves its tallies for ctl: the one way out of the dataplane. A few tallies go
 * round: blank to the worker, filled to ctl, and back. */
#ifndef DATAPLANE_MAILBOX_H
#define DATAPLANE_MAILBOX_H

#include "base/error.h"
#include "classifier/policy.h"
#include "classifier/tally.h"

struct mailbox;

/* Its tallies have room for so many protocols and, unless `policy` is null, for its views. Returns
 * 0 or -errno. */
int mailbox_new(struct mailbox **mailbox, unsigned protocol_room,
                const struct policy_options *policy, struct error *error);
void mailbox_free(struct mailbox *mailbox);

/* Worker: an empty tally to fill, still for no protocol; waits while ctl has them all. */
struct tally *mailbox_blank(struct mailbox *mailbox);

/* Worker: hands over one interval. */
void mailbox_post(struct mailbox *mailbox, struct tally *tally);

/* Worker: nothing will follow. */
void mailbox_end(struct mailbox *mailbox);

/* Ctl: waits for the next interval; null when the worker has ended. */
struct tally *mailbox_take(struct mailbox *mailbox);

/* Ctl: gives a taken tally back. */
void mailbox_return(struct mailbox *mailbox, struct tally *tally);

#endif
