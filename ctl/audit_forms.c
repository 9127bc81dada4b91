/* SPDX-License-Identifier: BSD-3-Clause */
/* The forms' names, and what they have in common. */
#include "audit_forms.h"

#include <errno.h>
#include <string.h>

const char *const audit_age_names[POLICY_AGES] = {"0ms", "1ms", "10ms", "100ms",
                                                  "1s",  "10s", "more"};
const char *const audit_delay_names[POLICY_DELAYS] = {"none",  "1ms",   "3ms", "10ms", "30ms",
                                                      "100ms", "300ms", "1s",  "more"};

static const char *const format_names[AUDIT_FORMATS] = {
    [AUDIT_TABLE] = "table",       [AUDIT_JSON] = "json", [AUDIT_NDJSON] = "ndjson",
    [AUDIT_MARKDOWN] = "markdown", [AUDIT_HTML] = "html",
};

const char *audit_format_name(enum audit_format format)
{
    return format_names[format];
}

int audit_format_find(const char *name)
{
    for (int format = 0; format < AUDIT_FORMATS; format++) {
        if (strcmp(format_names[format], name) == 0)
            return format;
    }
    return -1;
}

bool audit_rule_waits(const struct box *box, const struct audit_rule *rule)
{
    enum box_action_kind kind = rule->rule->action.kind;
    return kind == BOX_THROTTLE || kind == BOX_QUOTA || box->link.capacity_bits;
}

int audit_write(const struct audit *audit, enum audit_format format, FILE *out)
{
    switch (format) {
    case AUDIT_TABLE:
        audit_table_write(audit, out);
        break;
    case AUDIT_JSON:
    case AUDIT_NDJSON:
        audit_json_write(audit, format == AUDIT_JSON, out);
        break;
    case AUDIT_MARKDOWN:
        audit_markdown_write(audit, out);
        break;
    case AUDIT_HTML:
        audit_html_write(audit, out);
        break;
    case AUDIT_FORMATS:
        break;
    }
    return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}

const char *audit_mask_column_name(unsigned column)
{
    return column == AUDIT_MASK_STRONGEST ? "strongest" : tier_name((enum tier)column);
}

bool audit_mask_column_ran(const struct audit_context *context, unsigned column)
{
    return column == AUDIT_MASK_STRONGEST || context->tiers >> column & 1;
}
