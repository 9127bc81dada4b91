/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands for the labeller's tests in a build without BPF. */
#include "skip.h"
#include "suites.h"

static void is_not_built_in(void)
{
    test_skip("built without BPF");
}

CU_TestInfo label_tests[] = {
    {"the labeller", is_not_built_in},
    CU_TEST_INFO_NULL,
};
