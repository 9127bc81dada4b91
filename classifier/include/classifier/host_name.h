/* SPDX-License-Identifier: BSD-3-Clause */
/* What may be a host name on the wire: one grammar for SNI, certificates, Host and rules. */
#ifndef CLASSIFIER_HOST_NAME_H
#define CLASSIFIER_HOST_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOST_NAME_MAX_BYTES = 253, HOST_LABEL_MAX_BYTES = 63 };

/* Labels of 1 to 63 letters, digits, '-' and '_' (used in practice, though not by RFC 952), apart
 * by dots, 253 bytes in all (RFC 1035 section 3.1), the last label not all digits (so no IPv4
 * address; RFC 3696 section 2). The final dot of a rooted name must have been taken off. */
bool host_name_is_good(const uint8_t *name, size_t length);

/* ASCII upper case to lower case; other bytes as they are. */
static inline uint8_t host_name_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Length without one final dot. */
static inline size_t host_name_unrooted(const uint8_t *name, size_t length)
{
    return length > 0 && name[length - 1] == '.' ? length - 1 : length;
}

#endif
