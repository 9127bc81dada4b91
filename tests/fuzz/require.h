/* SPDX-License-Identifier: BSD-3-Clause */
/* What every fuzz target has: its entry, and an assertion that no build turns off. */
#ifndef REQUIRE_H
#define REQUIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static inline void require(bool is_true)
{
    if (!is_true)
        abort();
}

#endif
