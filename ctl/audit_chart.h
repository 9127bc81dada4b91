/* SPDX-License-Identifier: BSD-3-Clause */
/* The three charts of an audit, as SVG inside a page: what seeing more buys a box, what it does to
 * which traffic, and how soon. Each says in words what it shows; the page has its figures as a
 * table besides. Told apart by lightness, shape and label, never by colour alone. */
#ifndef AUDIT_CHART_H
#define AUDIT_CHART_H

#include <stdio.h>

#include "ctl/audit.h"

/* Found and mistaken shares, a row for each rung; `id` begins the ids within the page. Nothing is
 * drawn for a box without a ladder. */
void audit_chart_ladder(FILE *out, const struct audit_box *box, const char *id);

/* Reference by action: which share of the bytes of each kind of traffic got which action. */
void audit_chart_actions(FILE *out, const struct audit_view *view, const char *id);

/* Connections acted on, by packets and by time until then: a line for each rule that acted. */
void audit_chart_delays(FILE *out, const struct audit_view *view, const char *id);

/* Does the rule's part of audit_chart_delays have anything to show? */
bool audit_chart_has_delays(const struct audit_view *view);

/* A rung in plain words: "port numbers", "and sizes and times of packets" ... */
const char *audit_chart_rung_words(unsigned tiers);

#endif
