/* SPDX-License-Identifier: BSD-3-Clause */
/* What the written forms of an audit share; for ctl/audit_*.c only. They leave errors to the
 * stream, where audit_write asks for them once. */
#ifndef AUDIT_FORMS_H
#define AUDIT_FORMS_H

#include "ctl/audit.h"

void audit_json_write(const struct audit *audit, bool is_pretty, FILE *out);
void audit_table_write(const struct audit *audit, FILE *out);
void audit_markdown_write(const struct audit *audit, FILE *out);
void audit_html_write(const struct audit *audit, FILE *out);

/* Names of POLICY_AGES and POLICY_DELAYS: "0ms", "1ms" ... "more"; "none", "1ms" ... "more". */
extern const char *const audit_age_names[POLICY_AGES];
extern const char *const audit_delay_names[POLICY_DELAYS];

/* Does the rule's action make packets wait? */
bool audit_rule_waits(const struct box *box, const struct audit_rule *rule);

/* Columns of AUDIT_MASK_VERDICTS: a tier's name, or "strongest". */
const char *audit_mask_column_name(unsigned column);

/* Has the column verdicts of this run? */
bool audit_mask_column_ran(const struct audit_context *context, unsigned column);

#endif
