/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts the headers tier's counts into groups that may be told, and has them corrected. */
#include "report_headers.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Groups that are no class's or category's own. */
enum { GROUP_WITHHELD = 1u << 16 };

struct groups {
    unsigned protocol[FOREST_CLASSES_MAX + 1]; /* by class, and of none */
    unsigned category[FOREST_CLASSES_MAX + 1];
};

/* Fewer initiating addresses than asked for: not told. What nobody was called tells of nobody. */
static bool is_told(const struct report_context *context, const struct tally_headers *headers)
{
    return !headers->flows || tally_headers_hosts(headers) >= context->min_endpoints;
}

static void group(struct groups *groups, const struct report_context *context,
                  const struct tally *tally)
{
    const struct headers_model *model = context->headers_model;
    for (unsigned i = 0; i <= model->class_count; i++) {
        unsigned id = i < model->class_count ? model->classes[i].protocol : PROTOCOL_UNKNOWN;
        const struct protocol *protocol = protocols_get(context->protocols, id);
        bool is_withheld = !is_told(context, &tally->headers[id]);
        groups->protocol[i] = is_withheld ? GROUP_WITHHELD : id;
        groups->category[i] = is_withheld ? GROUP_WITHHELD : protocol->category;
    }
}

static uint64_t whole(double amount)
{
    return amount > 0 ? (uint64_t)llround(amount) : 0;
}

static void append(struct report_share *shares, unsigned *count, const char *name,
                   const char *category, const struct model_share *share, uint64_t bytes)
{
    const struct report_share made = {.name = name,
                                      .category = category,
                                      .flows = share->claimed,
                                      .bytes = bytes,
                                      .corrected = whole(share->flows.estimate),
                                      .low = whole(share->flows.low),
                                      .high = whole(share->flows.high),
                                      .adjusted = llround(share->adjusted),
                                      .corrected_bytes = whole(share->bytes.estimate),
                                      .low_bytes = whole(share->bytes.low),
                                      .high_bytes = whole(share->bytes.high)};
    if (made.flows || made.corrected || made.corrected_bytes)
        shares[(*count)++] = made;
}

static int compare(const void *left, const void *right)
{
    const struct report_share *a = left;
    const struct report_share *b = right;
    if (a->corrected != b->corrected)
        return a->corrected < b->corrected ? 1 : -1;
    return strcmp(a->name, b->name);
}

/* Bytes of a group. Those of none and of background are counted in one place. */
static uint64_t bytes_of(const struct report_headers *headers, const struct tally *tally,
                         const unsigned *group, unsigned chosen)
{
    uint64_t bytes = 0;
    for (unsigned i = 0; i < headers->model->class_count; i++) {
        unsigned id = headers->model->classes[i].protocol;
        if (group[i] == chosen && id != PROTOCOL_UNKNOWN)
            bytes += tally->headers[id].bytes;
    }
    if (group[headers->model->class_count] == chosen)
        bytes += tally->headers[PROTOCOL_UNKNOWN].bytes;
    return bytes;
}

static void collect(struct report_headers *headers, const struct report_context *context,
                    const struct groups *groups, const struct model_shares *shares,
                    const struct tally *tally)
{
    for (unsigned i = 0; i <= headers->model->class_count; i++) {
        unsigned id = groups->protocol[i];
        bool is_first = true;
        for (unsigned k = 0; k < i; k++)
            is_first &= groups->protocol[k] != id;
        if (!is_first)
            continue;
        struct model_share share = model_shares_of(shares, groups->protocol, id);
        const struct protocol *protocol =
            id == GROUP_WITHHELD ? NULL : protocols_get(context->protocols, id);
        append(headers->shares, &headers->share_count, protocol ? protocol->name : "withheld",
               category_name(protocol ? protocol->category : CATEGORY_UNKNOWN), &share,
               bytes_of(headers, tally, groups->protocol, id));
    }
    for (unsigned category = 0; category <= CATEGORIES; category++) {
        unsigned id = category < CATEGORIES ? category : GROUP_WITHHELD;
        const char *name = category < CATEGORIES ? category_name(category) : "withheld";
        struct model_share share = model_shares_of(shares, groups->category, id);
        append(headers->categories, &headers->category_count, name, name, &share,
               bytes_of(headers, tally, groups->category, id));
    }
    qsort(headers->shares, headers->share_count, sizeof *headers->shares, compare);
    qsort(headers->categories, headers->category_count, sizeof *headers->categories, compare);
}

static struct model_claim claim_of(const struct tally_headers *headers)
{
    return (struct model_claim){
        .flows = headers->flows, .bytes = headers->bytes, .squares = headers->squares};
}

static int correct(struct report_headers *headers, const struct report_context *context,
                   const struct tally *tally)
{
    struct model_claim claims[FOREST_CLASSES_MAX + 1];
    for (unsigned i = 0; i < headers->model->class_count; i++)
        claims[i] = claim_of(&tally->headers[headers->model->classes[i].protocol]);
    claims[headers->model->class_count] = claim_of(&tally->headers[PROTOCOL_UNKNOWN]);
    struct model_shares *shares;
    int failure = model_shares_new(&shares, headers->model, claims);
    if (failure)
        return failure;
    struct groups groups;
    group(&groups, context, tally);
    headers->flows = model_shares_flows(shares);
    collect(headers, context, &groups, shares, tally);
    model_shares_free(shares);
    return 0;
}

int report_headers_new(struct report_headers **headers, const struct report_context *context,
                       const struct tally *tally)
{
    struct report_headers *made = calloc(1, sizeof *made);
    if (!made)
        return -ENOMEM;
    made->model = context->headers_model;
    made->fit = model_fit_of(made->model, tally);
    made->shares = calloc((size_t)made->model->class_count + 2, sizeof *made->shares);
    made->categories = calloc(CATEGORIES + 1, sizeof *made->categories);
    if (!made->shares || !made->categories || correct(made, context, tally)) {
        report_headers_free(made);
        return -ENOMEM;
    }
    *headers = made;
    return 0;
}

void report_headers_free(struct report_headers *headers)
{
    if (!headers)
        return;
    free(headers->shares);
    free(headers->categories);
    free(headers);
}
