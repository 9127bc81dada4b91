/* SPDX-License-Identifier: BSD-3-Clause */
/* From --box options to views. */
#include "audit_setup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int audit_setup_add(struct audit_setup *setup, const char *path, struct error *error)
{
    if (setup->path_count == POLICY_VIEWS_MAX)
        return error_set(error, EINVAL, "--box: more than %d boxes", POLICY_VIEWS_MAX);
    setup->paths[setup->path_count++] = path;
    return 0;
}

static int blame(const char *path, int failure, struct error *error)
{
    struct error said = *error;
    if (said.line)
        snprintf(error->text, sizeof error->text, "%.100s:%u: %.200s", path, said.line, said.text);
    else
        snprintf(error->text, sizeof error->text, "%.100s: %.200s", path, said.text);
    return failure;
}

static int read_boxes(struct audit_setup *setup, const struct run_knowledge *knowledge,
                      struct error *error)
{
    const struct box_words words = {.protocols = knowledge->protocols,
                                    .services = knowledge->rules.services};
    for (unsigned i = 0; i < setup->path_count; i++) {
        int failure = box_read_file(&setup->boxes[i], setup->paths[i], &words, error);
        if (failure)
            return blame(setup->paths[i], failure, error);
        setup->box_count++;
        for (unsigned other = 0; other < i; other++) {
            if (!strcmp(setup->boxes[other]->name, setup->boxes[i]->name))
                return error_set(error, EINVAL, "%.100s: the box %s a second time", setup->paths[i],
                                 setup->boxes[i]->name);
        }
    }
    return 0;
}

static int add_view(struct audit_setup *setup, const struct box *box, unsigned tiers,
                    unsigned *index, struct error *error)
{
    struct audit_context *context = &setup->context;
    if (context->view_count == POLICY_VIEWS_MAX)
        return error_set(error, EINVAL,
                         "boxes and rungs of their ladders are more than %d together: name fewer "
                         "boxes, or give --no-ladder",
                         POLICY_VIEWS_MAX);
    *index = context->view_count++;
    context->views[*index] = (struct policy_view){.box = box, .tiers = tiers};
    return 0;
}

/* The ladder: one tier more at a time, as far as they run. */
static int add_rungs(struct audit_setup *setup, struct audit_request_box *request, unsigned tiers,
                     struct error *error)
{
    const struct box *box = request->box;
    unsigned seen = 0;
    int failure = 0;
    for (unsigned tier = 0; !failure && tier < TIERS; tier++) {
        if (!(tiers >> tier & 1))
            continue;
        seen |= 1u << tier;
        unsigned *rung = &request->rung_views[request->rung_count++];
        *rung = request->own_view;
        if (seen != setup->context.views[request->own_view].tiers)
            failure = add_view(setup, box, seen, rung, error);
    }
    return failure;
}

static int lay_out_views(struct audit_setup *setup, unsigned tiers, struct error *error)
{
    struct audit_context *context = &setup->context;
    int failure = 0;
    for (unsigned i = 0; !failure && i < setup->box_count; i++) {
        struct audit_request_box *request = &context->boxes[context->box_count++];
        *request = (struct audit_request_box){.box = setup->boxes[i], .path = setup->paths[i]};
        failure =
            add_view(setup, request->box, request->box->tiers & tiers, &request->own_view, error);
        /* A box that sees nothing is told to nothing by what it could see. */
        if (!failure && setup->has_ladder && request->box->tiers)
            failure = add_rungs(setup, request, tiers, error);
    }
    return failure;
}

static unsigned tiers_needed(const struct audit_setup *setup)
{
    unsigned tiers = setup->has_truth ? 0 : 1u << TIER_SIGNATURES;
    for (unsigned i = 0; i < setup->context.view_count; i++)
        tiers |= setup->context.views[i].tiers;
    return tiers;
}

static void fill_context(struct audit_setup *setup, const struct run_options *run,
                         const struct run_knowledge *knowledge)
{
    struct audit_context *context = &setup->context;
    const struct rule_folder *rules = &knowledge->rules;
    context->tiers = run->dataplane.classifier.tiers;
    context->min_endpoints = run->min_endpoints;
    context->interval_ns = run->interval_ns;
    context->protocols = knowledge->protocols;
    context->rules_sha256 = rules->rules ? rules->rules->sha256 : NULL;
    context->has_subscribers = setup->subscribers.count > 0;
    context->reference = AUDIT_BY_NOTHING;
    if (setup->has_truth)
        context->reference = AUDIT_BY_TRUTH;
    else if (context->tiers >> TIER_SIGNATURES & 1)
        context->reference = AUDIT_BY_SIGNATURES;
}

int audit_setup_open(struct audit_setup *setup, struct run_options *run,
                     const struct run_knowledge *knowledge, struct error *error)
{
    struct classifier_options *classifier = &run->dataplane.classifier;
    int failure = read_boxes(setup, knowledge, error);
    if (!failure)
        failure = lay_out_views(setup, classifier->tiers, error);
    if (failure)
        return failure;
    if (!setup->keeps_tiers)
        classifier->tiers &= tiers_needed(setup);
    if (!(classifier->tiers >> TIER_SIGNATURES & 1)) {
        classifier->signatures = NULL;
        classifier->services = NULL;
    }
    if (!(classifier->tiers >> TIER_HEADERS & 1))
        classifier->headers_model = NULL;
    fill_context(setup, run, knowledge);
    setup->policy.view_count = setup->context.view_count;
    memcpy(setup->policy.views, setup->context.views, sizeof setup->policy.views);
    setup->policy.subscribers = setup->subscribers.count ? &setup->subscribers : NULL;
    classifier->policy = &setup->policy;
    return 0;
}

void audit_setup_close(struct audit_setup *setup)
{
    for (unsigned i = 0; i < setup->box_count; i++)
        box_free(setup->boxes[i]);
    setup->box_count = 0;
}

int audit_setup_write(const struct audit_setup *setup, const struct tally *tally,
                      enum audit_format format, FILE *out, struct error *error)
{
    struct audit *audit;
    int failure = audit_new(&audit, &setup->context, tally, error);
    if (failure)
        return failure;
    if (audit_write(audit, format, out))
        failure = error_set(error, EIO, "standard output: %s", strerror(errno));
    else if (!audit_is_conserved(audit))
        failure = error_set(error, EDOM,
                            "the audit does not add up; this is a defect of glassbox, please "
                            "report it");
    audit_free(audit);
    return failure;
}
