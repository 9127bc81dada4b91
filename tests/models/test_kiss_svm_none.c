/* SPDX-License-Identifier: BSD-3-Clause */
/* Stands in for the comparison with libsvm where that is not there. */
#include "skip.h"
#include "suites.h"

static void predicts_as_libsvm_does(void)
{
    test_skip("libsvm was not there when this was built");
}

CU_TestInfo kiss_svm_tests[] = {
    {"predicts as libsvm does", predicts_as_libsvm_does},
    CU_TEST_INFO_NULL,
};
