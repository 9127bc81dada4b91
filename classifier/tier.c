/* SPDX-License-Identifier: BSD-3-Clause */
/* The tiers' names. */
#include "classifier/tier.h"

const char *tier_name(enum tier tier)
{
    static const char *const names[TIERS] = {
        [TIER_PORTS] = "ports",
        [TIER_HEADERS] = "headers",
        [TIER_STOCHASTIC] = "stochastic",
        [TIER_SIGNATURES] = "signatures",
    };
    return names[tier];
}
