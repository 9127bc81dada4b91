/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads prefixes and compares addresses with them. */
#include "classifier/prefixes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "base/text.h"

/* Do the first `bits` of both agree? */
static bool agrees(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    unsigned bytes = bits / 8;
    unsigned rest = bits % 8;
    if (memcmp(a, b, bytes) != 0)
        return false;
    return !rest || (a[bytes] ^ b[bytes]) >> (8 - rest) == 0;
}

static int read_address(struct prefix *prefix, const char *text)
{
    if (inet_pton(AF_INET, text, prefix->address) == 1)
        prefix->ip_version = 4;
    else if (inet_pton(AF_INET6, text, prefix->address) == 1)
        prefix->ip_version = 6;
    else
        return -EINVAL;
    return 0;
}

/* `text` is one part, which this may write to. */
static int read_prefix(struct prefix *prefix, char *text, struct error *error)
{
    char *slash = strchr(text, '/');
    if (slash)
        *slash = '\0';
    *prefix = (struct prefix){0};
    if (read_address(prefix, text))
        return error_set(
            error, EINVAL,
            "'%.60s' is not an address or prefix such as 192.0.2.0/24 or 2001:db8::/32", text);
    uint64_t bits = prefix->ip_version == 4 ? 32 : 128;
    if (slash && text_read_unsigned(slash + 1, "prefix length", 0, bits, &bits, error))
        return -EINVAL;
    prefix->bits = (uint8_t)bits;
    uint8_t masked[16] = {0};
    memcpy(masked, prefix->address, prefix->bits / 8);
    if (prefix->bits % 8)
        masked[prefix->bits / 8] =
            (uint8_t)(prefix->address[prefix->bits / 8] & 0xff00 >> prefix->bits % 8);
    if (memcmp(masked, prefix->address, sizeof masked) != 0)
        return error_set(error, EINVAL, "'%.60s/%u' has bits set beyond its length", text,
                         prefix->bits);
    return 0;
}

int prefixes_read(struct prefixes *prefixes, const char *text, struct error *error)
{
    char part[64];
    for (const char *at = text;; at++) {
        size_t length = strcspn(at, ",");
        if (length == 0 || length >= sizeof part)
            return error_set(error, EINVAL, "'%.60s' is not a list of prefixes parted by commas",
                             text);
        if (prefixes->count == PREFIXES_MAX)
            return error_set(error, EINVAL, "more than %d prefixes", PREFIXES_MAX);
        memcpy(part, at, length);
        part[length] = '\0';
        int failure = read_prefix(&prefixes->list[prefixes->count], part, error);
        if (failure)
            return failure;
        prefixes->count++;
        at += length;
        if (!*at)
            return 0;
    }
}

bool prefixes_hold(const struct prefixes *prefixes, uint8_t ip_version, const uint8_t *address)
{
    for (unsigned i = 0; i < prefixes->count; i++) {
        const struct prefix *prefix = &prefixes->list[i];
        if (prefix->ip_version == ip_version && agrees(prefix->address, address, prefix->bits))
            return true;
    }
    return false;
}
