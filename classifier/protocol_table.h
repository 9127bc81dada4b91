/* SPDX-License-Identifier: BSD-3-Clause */
/* The built-in protocols as data, for protocol.c alone. */
#ifndef CLASSIFIER_PROTOCOL_TABLE_H
#define CLASSIFIER_PROTOCOL_TABLE_H

#include "classifier/protocol.h"

/* Row 0 is PROTOCOL_UNKNOWN. Where two rows claim a number the earlier one owns it; only the last
 * row, other-link, relies on that. */
extern const struct protocol protocol_table[];
extern const unsigned protocol_table_count;

#endif
