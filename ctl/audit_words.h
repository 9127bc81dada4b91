/* SPDX-License-Identifier: BSD-3-Clause */
/* An audit in words: settings of actions, and plain sentences for readers who know no networking.
 */
#ifndef AUDIT_WORDS_H
#define AUDIT_WORDS_H

#include <stddef.h>

#include "base/error.h"
#include "ctl/audit.h"

/* "throttle to 1.5 Mbit/s per flow, burst 64 KiB, queue 100 ms". */
void audit_describe_action(const struct box *box, const struct box_rule *rule, char *text,
                           size_t size);

/* "ports, headers"; "nothing". */
void audit_describe_tiers(unsigned tiers, char *text, size_t size);

/* The same for readers who know no networking: "port numbers and the content of first packets". */
void audit_describe_evidence(unsigned tiers, char *text, size_t size);

/* What a mask does, for the same readers: "port numbers replaced by random ones". */
const char *audit_describe_mask(enum mask mask);

/* "1.2 GB", "930 bytes": three digits or so. */
void audit_describe_bytes(uint64_t bytes, char *text, size_t size);

/* "12.3 %". */
void audit_describe_share(const struct audit_share *share, char *text, size_t size);

/* Fills the box's sentences from its views. Returns 0 or -ENOMEM. */
int audit_write_sentences(struct audit_box *box, const struct audit_context *context,
                          struct error *error);

#endif
