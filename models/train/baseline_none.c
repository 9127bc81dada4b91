/* SPDX-License-Identifier: BSD-3-Clause */
/* A program built without XGBoost. */
#include "baseline.h"

const struct baseline baseline_xgboost = {.name = "xgboost"};
