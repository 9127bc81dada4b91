/* SPDX-License-Identifier: BSD-3-Clause */
/* Tiers: kinds of evidence, ordered by how far they intrude. The stronger one wins. */
#ifndef CLASSIFIER_TIER_H
#define CLASSIFIER_TIER_H

enum tier {
    TIER_PORTS,      /* transport ports and protocol numbers */
    TIER_HEADERS,    /* sizes, directions and timing of a flow's first packets */
    TIER_STOCHASTIC, /* chi-square of first payload bytes across an endpoint's packets */
    TIER_SIGNATURES, /* patterns in the first payload bytes */
    TIERS,
};

/* The name in options and reports ("ports"). */
const char *tier_name(enum tier tier);

#endif
