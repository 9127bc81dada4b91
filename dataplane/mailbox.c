/* SPDX-License-Identifier: BSD-3-Clause */
/* Two handoffs and the tallies that travel them. */
#include "dataplane/mailbox.h"

#include <errno.h>
#include <stdlib.h>

#include "dataplane/handoff.h"

enum { TALLIES = 4 };

struct mailbox {
    struct handoff filled; /* a null pointer is the end */
    struct handoff blank;
    struct tally *tallies[TALLIES];
};

int mailbox_new(struct mailbox **mailbox, unsigned protocol_room,
                const struct policy_options *policy, struct error *error)
{
    struct mailbox *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for a mailbox");
    handoff_init(&made->filled);
    handoff_init(&made->blank);
    for (unsigned i = 0; i < TALLIES; i++) {
        int failure = tally_new(&made->tallies[i], protocol_room, error);
        if (!failure && policy)
            failure = tally_add_policy(made->tallies[i], policy->views, policy->view_count, error);
        if (failure) {
            mailbox_free(made);
            return failure;
        }
        tally_resize(made->tallies[i], 0);
        handoff_put(&made->blank, made->tallies[i]);
    }
    *mailbox = made;
    return 0;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (!mailbox)
        return;
    handoff_destroy(&mailbox->filled);
    handoff_destroy(&mailbox->blank);
    for (unsigned i = 0; i < TALLIES; i++)
        tally_free(mailbox->tallies[i]);
    free(mailbox);
}

struct tally *mailbox_blank(struct mailbox *mailbox)
{
    struct tally *tally = handoff_take(&mailbox->blank);
    tally_clear(tally);
    return tally;
}

void mailbox_post(struct mailbox *mailbox, struct tally *tally)
{
    handoff_put(&mailbox->filled, tally);
}

void mailbox_end(struct mailbox *mailbox)
{
    handoff_put(&mailbox->filled, NULL);
}

struct tally *mailbox_take(struct mailbox *mailbox)
{
    return handoff_take(&mailbox->filled);
}

void mailbox_return(struct mailbox *mailbox, struct tally *tally)
{
    handoff_put(&mailbox->blank, tally);
}
