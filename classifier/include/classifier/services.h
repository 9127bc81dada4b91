/* SPDX-License-Identifier: BSD-3-Clause */
/* Services: whom a flow is for, told from the host name it asks for by a list of domain suffixes
 * (docs/services-format.md). Names go in, small numbers come out; no name is kept but the list's.
 *
 *     lookup    rr3---sn.googlevideo.com
 *               hashed from the right, asked for at each dot:  com  googlevideo.com rr3---sn.goo...
 *                                                                    ^ youtube
 *
 * Built at start, then read by all workers.
 */
#ifndef CLASSIFIER_SERVICES_H
#define CLASSIFIER_SERVICES_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum service_category {
    SERVICE_CATEGORY_OTHER,
    SERVICE_CATEGORY_VIDEO,
    SERVICE_CATEGORY_MUSIC,
    SERVICE_CATEGORY_SOCIAL,
    SERVICE_CATEGORY_MESSAGING,
    SERVICE_CATEGORY_CONFERENCING,
    SERVICE_CATEGORY_MAIL,
    SERVICE_CATEGORY_GAMES,
    SERVICE_CATEGORY_CLOUD,
    SERVICE_CATEGORY_STORAGE,
    SERVICE_CATEGORY_WORK,
    SERVICE_CATEGORY_DEVELOPMENT,
    SERVICE_CATEGORY_ASSISTANT,
    SERVICE_CATEGORY_SEARCH,
    SERVICE_CATEGORY_NEWS,
    SERVICE_CATEGORY_REFERENCE,
    SERVICE_CATEGORY_SHOPPING,
    SERVICE_CATEGORY_FINANCE,
    SERVICE_CATEGORY_TRAVEL,
    SERVICE_CATEGORY_PUBLIC_SERVICE,
    SERVICE_CATEGORY_ADULT,
    SERVICE_CATEGORY_SOFTWARE_UPDATE,
    SERVICE_CATEGORY_ADVERTISING,
    SERVICE_CATEGORY_PRIVACY, /* VPN and resolver operators */
    SERVICE_CATEGORY_CARRIER, /* delivers for others: counts only when no service matches */
    SERVICE_CATEGORIES,
};

/* The word in rules and reports ("software-update"). */
const char *service_category_name(enum service_category category);

/* The category of that word, or -1. */
int service_category_find(const char *name);

/* Ids are dense and keep their order within one run only: files name services by name. */
enum {
    SERVICE_NONE = 0,  /* there was no name, or none that can be one */
    SERVICE_OTHER = 1, /* a name no suffix matches */
    SERVICES_MAX = 2048,
    SERVICE_SUFFIXES_MAX = 16384,
    SERVICE_NAME_MAX = 31,
};

struct services;

/* With SERVICE_NONE ("none") and SERVICE_OTHER ("other") only. Returns 0 or -errno. */
int services_new(struct services **services, struct error *error);

/* For a run that goes on from `before`, whose ids keep their meaning: its services are remembered,
 * but neither found nor matched until they are read again. Null `before`: as services_new. */
int services_new_after(struct services **services, const struct services *before,
                       struct error *error);

/* Null is fine. */
void services_free(struct services *services);

/* Told of each mistake, with its line. */
typedef void services_complaint(void *context, const struct error *error);

/* Adds what a rules text says. Reads all of it, whatever is wrong: `complain` hears every mistake,
 * in order. Returns 0, or -EINVAL when there was one, or -ENOMEM; the list is then not to be used.
 * `text` need not end with a zero. */
int services_read(struct services *services, const char *text, size_t length,
                  services_complaint *complain, void *context);

unsigned services_count(const struct services *services);
const char *services_name(const struct services *services, unsigned id);
enum service_category services_category(const struct services *services, unsigned id);

/* The id of that name, or -1. */
int services_find(const struct services *services, const char *name);

/* Whom the name is for. The longest suffix of a service wins; if there is none, the longest of a
 * carrier. Upper and lower case are the same, one final dot is ignored. Hot: cannot fail, one pass
 * over the name. */
uint16_t services_match(const struct services *services, const uint8_t *name, size_t length);

#endif
