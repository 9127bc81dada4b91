/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane without the command around it. */
#include "replay_capture.h"

#include <stdio.h>
#include <string.h>

#include "dataplane/source_pcap.h"
#include "suites.h"

struct dataplane_options replay_defaults(const struct protocols *protocols)
{
    return (struct dataplane_options){
        .classifier = {.tiers = 1u << TIER_PORTS,
                       .flow_count = 100000,
                       .timeouts = flow_timeouts_default()},
        .worker_count = 1,
        .protocols = protocols,
    };
}

static void note_complaint(void *context, const char *input, const char *text)
{
    struct replayed *replayed = context;
    (void)input;
    replayed->complaints++;
    snprintf(replayed->complaint, sizeof replayed->complaint, "%s", text);
}

void replay_captures(struct replayed *replayed, const struct dataplane_options *options,
                     const char *const *files, unsigned file_count, uint64_t interval_ns)
{
    memset(replayed, 0, sizeof *replayed);
    const struct source_pcap_options pcap = {
        .files = files,
        .file_count = file_count,
        .interval_ns = interval_ns,
        .complaint = {.tell = note_complaint, .context = replayed},
    };
    struct source *source;
    struct dataplane *dataplane;
    CU_ASSERT_EQUAL_FATAL(source_pcap_new(&source, &pcap, NULL), 0);
    CU_ASSERT_EQUAL_FATAL(dataplane_start(&dataplane, options, source, NULL), 0);
    for (;;) {
        CU_ASSERT_FATAL(replayed->interval_count < REPLAY_INTERVALS_MAX);
        struct tally **next = &replayed->intervals[replayed->interval_count];
        CU_ASSERT_EQUAL_FATAL(tally_new(next, protocols_count(options->protocols), NULL), 0);
        if (!dataplane_next(dataplane, *next))
            break;
        replayed->interval_count++;
    }
    tally_free(replayed->intervals[replayed->interval_count]);
    dataplane_free(dataplane);
}

void replayed_free(struct replayed *replayed)
{
    for (unsigned i = 0; i < replayed->interval_count; i++)
        tally_free(replayed->intervals[i]);
}

bool replayed_balances(const struct replayed *replayed)
{
    for (unsigned i = 0; i < replayed->interval_count; i++) {
        struct tally_balance balance = tally_balance(replayed->intervals[i]);
        if (balance.seen.frames != balance.accounted.frames ||
            balance.seen.bytes != balance.accounted.bytes)
            return false;
    }
    return true;
}

struct tally *replayed_total(const struct replayed *replayed)
{
    struct tally *total;
    CU_ASSERT_EQUAL_FATAL(tally_new(&total, replayed->intervals[0]->protocol_count, NULL), 0);
    for (unsigned i = 0; i < replayed->interval_count; i++)
        tally_merge(total, replayed->intervals[i]);
    return total;
}
