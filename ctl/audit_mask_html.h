/* SPDX-License-Identifier: BSD-3-Clause */
/* The page's part on what decides; for ctl/audit_html.c only. */
#ifndef AUDIT_MASK_HTML_H
#define AUDIT_MASK_HTML_H

#include <stdio.h>

#include "ctl/audit.h"

/* Nothing without masks. */
void audit_mask_html_write(const struct audit *audit, FILE *out);

#endif
