/* SPDX-License-Identifier: BSD-3-Clause */
/* From one mask's sums to what the forms say of it. Private to the audit. */
#ifndef AUDIT_MASK_SUMS_H
#define AUDIT_MASK_SUMS_H

#include "ctl/audit.h"

/* Changes that stem from fewer hosts than context->min_endpoints are told as if there had been
 * none, classes of fewer as "withheld"; both are counted in cells_withheld. */
void audit_mask_fill(struct audit_mask *mask, const struct audit_context *context,
                     const struct audit_mask_tally *tally);

#endif
