/* SPDX-License-Identifier: BSD-3-Clause */
/* What a run classifies by, loaded before it starts: the protocol table and, where their tiers are
 * asked for, rules and models. */
#ifndef RUN_KNOWLEDGE_H
#define RUN_KNOWLEDGE_H

#include "ctl/model_file.h"
#include "ctl/report.h"
#include "ctl/rule_folder.h"
#include "run_options.h"

struct run_knowledge {
    struct protocols *protocols;
    struct rule_folder rules;  /* null members where no rules are used */
    struct model_files models; /* likewise */
};

/* Loads what `run` asks for and enters it there. Each fault of a rule is complained about. Must be
 * closed either way, after the dataplane. Returns 0 or -errno. */
int run_knowledge_open(struct run_knowledge *knowledge, struct run_options *run,
                       struct error *error);
void run_knowledge_close(struct run_knowledge *knowledge);

/* What the run's reports say of it. */
struct report_context run_knowledge_context(const struct run_knowledge *knowledge,
                                            const struct run_options *run, const char *source_kind,
                                            const char *link);

#endif
