/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of services and the lookup in it; its text is read by services_text.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/host_name.h"
#include "services_list.h"

static const char *const category_names[SERVICE_CATEGORIES] = {
    [SERVICE_CATEGORY_OTHER] = "other",
    [SERVICE_CATEGORY_VIDEO] = "video",
    [SERVICE_CATEGORY_MUSIC] = "music",
    [SERVICE_CATEGORY_SOCIAL] = "social",
    [SERVICE_CATEGORY_MESSAGING] = "messaging",
    [SERVICE_CATEGORY_CONFERENCING] = "conferencing",
    [SERVICE_CATEGORY_MAIL] = "mail",
    [SERVICE_CATEGORY_GAMES] = "games",
    [SERVICE_CATEGORY_CLOUD] = "cloud",
    [SERVICE_CATEGORY_STORAGE] = "storage",
    [SERVICE_CATEGORY_WORK] = "work",
    [SERVICE_CATEGORY_DEVELOPMENT] = "development",
    [SERVICE_CATEGORY_ASSISTANT] = "assistant",
    [SERVICE_CATEGORY_SEARCH] = "search",
    [SERVICE_CATEGORY_NEWS] = "news",
    [SERVICE_CATEGORY_REFERENCE] = "reference",
    [SERVICE_CATEGORY_SHOPPING] = "shopping",
    [SERVICE_CATEGORY_FINANCE] = "finance",
    [SERVICE_CATEGORY_TRAVEL] = "travel",
    [SERVICE_CATEGORY_PUBLIC_SERVICE] = "public-service",
    [SERVICE_CATEGORY_ADULT] = "adult",
    [SERVICE_CATEGORY_SOFTWARE_UPDATE] = "software-update",
    [SERVICE_CATEGORY_ADVERTISING] = "advertising",
    [SERVICE_CATEGORY_PRIVACY] = "privacy",
    [SERVICE_CATEGORY_CARRIER] = "carrier",
};

struct service {
    char name[SERVICE_NAME_MAX + 1];
    enum service_category category;
    bool is_remembered; /* from before; not read again, yet */
};

/* length 0: an empty slot. */
struct suffix {
    uint64_t hash;
    uint32_t at; /* in `text` */
    uint16_t service;
    uint8_t length;
    bool is_carrier;
};

enum { SUFFIX_SLOTS = 2 * SERVICE_SUFFIXES_MAX }; /* a power of two, so never more than half full */

struct services {
    struct service service[SERVICES_MAX];
    unsigned service_count;
    struct suffix suffix[SUFFIX_SLOTS];
    unsigned suffix_count;
    char *text; /* the suffixes, one behind the other */
    size_t text_bytes;
    size_t text_room;
};

const char *service_category_name(enum service_category category)
{
    return category_names[category];
}

int service_category_find(const char *name)
{
    for (int i = 0; i < SERVICE_CATEGORIES; i++) {
        if (strcmp(category_names[i], name) == 0)
            return i;
    }
    return -1;
}

int services_new(struct services **services, struct error *error)
{
    struct services *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the list of services");
    made->service[SERVICE_NONE] = (struct service){"none", SERVICE_CATEGORY_OTHER};
    made->service[SERVICE_OTHER] = (struct service){"other", SERVICE_CATEGORY_OTHER};
    made->service_count = SERVICE_OTHER + 1;
    *services = made;
    return 0;
}

int services_new_after(struct services **services, const struct services *before,
                       struct error *error)
{
    int failure = services_new(services, error);
    if (failure || !before)
        return failure;
    struct services *made = *services;
    made->service_count = before->service_count;
    for (unsigned id = SERVICE_OTHER + 1; id < before->service_count; id++) {
        made->service[id] = before->service[id];
        made->service[id].is_remembered = true;
    }
    return 0;
}

void services_free(struct services *services)
{
    if (!services)
        return;
    free(services->text);
    free(services);
}

unsigned services_count(const struct services *services)
{
    return services->service_count;
}

const char *services_name(const struct services *services, unsigned id)
{
    return services->service[id].name;
}

enum service_category services_category(const struct services *services, unsigned id)
{
    return services->service[id].category;
}

int services_find(const struct services *services, const char *name)
{
    for (unsigned i = 0; i < services->service_count; i++) {
        if (strcmp(services->service[i].name, name) == 0)
            return services->service[i].is_remembered ? -1 : (int)i;
    }
    return -1;
}

/* The place of a service of that name that is remembered, or the next free one. */
static unsigned place_of(const struct services *services, const char *name)
{
    unsigned id = 0;
    while (id < services->service_count && strcmp(services->service[id].name, name) != 0)
        id++;
    return id;
}

int services_list_add(struct services *services, const char *name, enum service_category category)
{
    unsigned id = place_of(services, name);
    if (id == SERVICES_MAX)
        return -ENOSPC;
    struct service *service = &services->service[id];
    memcpy(service->name, name, strlen(name) + 1);
    service->category = category;
    service->is_remembered = false;
    if (id == services->service_count)
        services->service_count++;
    return (int)id;
}

/* FNV-1a (Fowler, Noll, Vo), fed from the right end of a name, with a last mixing step because
 * slots take its low bits. The list is ours, so nobody can choose what collides in it. */
static const uint64_t hash_start = UINT64_C(0xcbf29ce484222325);

static uint64_t hash_byte(uint64_t hash, uint8_t byte)
{
    return (hash ^ byte) * UINT64_C(0x100000001b3);
}

static size_t first_slot(uint64_t hash)
{
    return (size_t)(hash ^ hash >> 32) % SUFFIX_SLOTS;
}

static bool is_same(const struct services *services, const struct suffix *suffix,
                    const uint8_t *name, size_t length)
{
    if (suffix->length != length)
        return false;
    const char *text = services->text + suffix->at;
    for (size_t i = 0; i < length; i++) {
        if ((uint8_t)text[i] != host_name_lower(name[i]))
            return false;
    }
    return true;
}

/* Where the suffix is, or the empty slot where it belongs. */
static size_t find_slot(const struct services *services, uint64_t hash, const uint8_t *name,
                        size_t length)
{
    size_t slot = first_slot(hash);
    while (services->suffix[slot].length > 0 &&
           (services->suffix[slot].hash != hash ||
            !is_same(services, &services->suffix[slot], name, length)))
        slot = (slot + 1) % SUFFIX_SLOTS;
    return slot;
}

static bool make_room(struct services *services, size_t length)
{
    if (services->text_room - services->text_bytes >= length)
        return true;
    const size_t room = 2 * services->text_room + 4096;
    char *grown = realloc(services->text, room);
    if (!grown)
        return false;
    services->text = grown;
    services->text_room = room;
    return true;
}

int services_list_add_suffix(struct services *services, const char *text, size_t length,
                             unsigned service)
{
    if (services->suffix_count == SERVICE_SUFFIXES_MAX)
        return -ENOSPC;
    uint64_t hash = hash_start;
    for (size_t i = length; i > 0; i--)
        hash = hash_byte(hash, (uint8_t)text[i - 1]);
    struct suffix *suffix =
        &services->suffix[find_slot(services, hash, (const uint8_t *)text, length)];
    if (suffix->length > 0)
        return -EEXIST;
    if (!make_room(services, length))
        return -ENOMEM;
    memcpy(services->text + services->text_bytes, text, length);
    *suffix = (struct suffix){
        .hash = hash,
        .at = (uint32_t)services->text_bytes,
        .service = (uint16_t)service,
        .length = (uint8_t)length,
        .is_carrier = services->service[service].category == SERVICE_CATEGORY_CARRIER,
    };
    services->text_bytes += length;
    services->suffix_count++;
    return 0;
}

uint16_t services_match(const struct services *services, const uint8_t *name, size_t length)
{
    length = host_name_unrooted(name, length);
    if (!host_name_is_good(name, length))
        return SERVICE_NONE;
    uint16_t service = SERVICE_OTHER;
    uint16_t carrier = SERVICE_OTHER;
    uint64_t hash = hash_start;
    for (size_t i = length; i > 0; i--) {
        hash = hash_byte(hash, host_name_lower(name[i - 1]));
        if (i > 1 && name[i - 2] != '.')
            continue;
        const size_t slot = find_slot(services, hash, name + i - 1, length - i + 1);
        const struct suffix *suffix = &services->suffix[slot];
        if (suffix->length == 0)
            continue;
        *(suffix->is_carrier ? &carrier : &service) = suffix->service;
    }
    return service != SERVICE_OTHER ? service : carrier;
}
