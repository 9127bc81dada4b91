/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of services: how the reader of rules fills the list. */
#ifndef CLASSIFIER_SERVICES_LIST_H
#define CLASSIFIER_SERVICES_LIST_H

#include <stdbool.h>

#include "classifier/services.h"

/* `name` is good and new. Returns the id, or -ENOSPC beyond SERVICES_MAX. */
int services_list_add(struct services *services, const char *name, enum service_category category);

/* `text` is a good host name in lower case. Returns 0, -EEXIST when the list has it, -ENOSPC beyond
 * SERVICE_SUFFIXES_MAX, or -ENOMEM. */
int services_list_add_suffix(struct services *services, const char *text, size_t length,
                             unsigned service);

#endif
