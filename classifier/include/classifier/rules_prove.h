/* SPDX-License-Identifier: BSD-3-Clause */
/* Runs the samples of rules through the engine, as flows of their own. */
#ifndef CLASSIFIER_RULES_PROVE_H
#define CLASSIFIER_RULES_PROVE_H

#include "classifier/signature.h"

/* Every sample must make its rule match and give its flow the rule's protocol, with all rules at
 * work; no near miss may make its rule match. What does not hold is added to `faults`. Returns 0,
 * -EINVAL when there were faults, or -errno with `error` filled. */
int rules_prove(const struct signatures *signatures, const struct protocols *protocols,
                struct rule_faults *faults, struct error *error);

/* What the engine calls one sample's flow over that transport (enum rule_transport), when nothing
 * else has gone before; for tests. Returns the protocol or -errno with `error` filled. */
int rules_classify_sample(const struct signatures *signatures, const struct protocols *protocols,
                          const struct rule *rule, const struct rule_sample *sample,
                          unsigned transport, struct error *error);

#endif
