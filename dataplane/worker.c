/* SPDX-License-Identifier: BSD-3-Clause */
/* The loop every frame goes through. */
#include "dataplane/worker.h"

static void note_losses(const struct worker *worker, struct tally_losses *known,
                        struct tally *tally)
{
    struct tally_losses now;
    source_losses(worker->source, &now);
    tally->dropped.nic = now.nic - known->nic;
    tally->dropped.kernel = now.kernel - known->kernel;
    tally->dropped.source = now.source - known->source;
    *known = now;
}

void worker_run(const struct worker *worker)
{
    struct tally *tally = mailbox_blank(worker->mailbox);
    struct tally_losses losses = {0};
    uint64_t now_ns = 0;
    bool has_begun = false;
    bool is_over = false;
    while (!is_over) {
        struct burst burst;
        source_burst(worker->source, &burst);
        if (has_begun && burst.interval_ns != tally->interval_ns) {
            classifier_close_interval(worker->classifier, now_ns, tally);
            note_losses(worker, &losses, tally);
            mailbox_post(worker->mailbox, tally);
            tally = mailbox_blank(worker->mailbox);
        }
        has_begun = true;
        tally->interval_ns = burst.interval_ns;
        now_ns = burst.now_ns;
        classifier_burst(worker->classifier, burst.frames, burst.count, tally);
        source_release(worker->source, &burst);
        is_over = burst.is_end || atomic_load_explicit(worker->stop, memory_order_relaxed);
    }
    classifier_finish(worker->classifier, now_ns, tally);
    note_losses(worker, &losses, tally);
    mailbox_post(worker->mailbox, tally);
    mailbox_end(worker->mailbox);
}
