/* SPDX-License-Identifier: BSD-3-Clause */
/* Loads protocols and rules for a run. */
#include "run_knowledge.h"

#include "command.h"

static void tell_fault(const char *text)
{
    command_complain("%s", text);
}

static int open_rules(struct run_knowledge *knowledge, struct run_options *run, struct error *error)
{
    struct classifier_options *classifier = &run->dataplane.classifier;
    if (!(classifier->tiers & 1u << TIER_SIGNATURES))
        return 0;
    int failure = rule_folder_open(&knowledge->rules, run->rules_path, knowledge->protocols,
                                   tell_fault, error);
    classifier->signatures = knowledge->rules.signatures;
    classifier->services = knowledge->rules.services;
    return failure;
}

/* The rules come first: what they declare must stand in the table before anything counts, or is
 * named by a model. */
int run_knowledge_open(struct run_knowledge *knowledge, struct run_options *run,
                       struct error *error)
{
    struct classifier_options *classifier = &run->dataplane.classifier;
    *knowledge = (struct run_knowledge){.protocols = NULL};
    int failure = protocols_new(&knowledge->protocols, error);
    if (failure)
        return failure;
    run->dataplane.protocols = knowledge->protocols;
    failure = open_rules(knowledge, run, error);
    if (failure)
        return failure;
    failure = model_files_open(&knowledge->models, classifier->tiers, run->model_paths,
                               run->model_count, knowledge->protocols, error);
    classifier->headers_model = knowledge->models.headers.headers;
    return failure;
}

void run_knowledge_close(struct run_knowledge *knowledge)
{
    model_files_close(&knowledge->models);
    rule_folder_close(&knowledge->rules);
    if (knowledge->protocols)
        protocols_free(knowledge->protocols);
}

struct report_context run_knowledge_context(const struct run_knowledge *knowledge,
                                            const struct run_options *run, const char *source_kind,
                                            const char *link)
{
    const struct rule_folder *rules = &knowledge->rules;
    return (struct report_context){
        .source_kind = source_kind,
        .link = link,
        .tiers = run->dataplane.classifier.tiers,
        .min_endpoints = run->min_endpoints,
        .interval_ns = run->interval_ns,
        .protocols = knowledge->protocols,
        .services = rules->services,
        .headers_model = knowledge->models.headers.headers,
        .rules_sha256 = rules->rules ? rules->rules->sha256 : NULL,
    };
}
