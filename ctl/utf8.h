/* SPDX-License-Identifier: BSD-3-Clause */
/* Tells UTF-8 from what is none. */
#ifndef UTF8_H
#define UTF8_H

#include <stddef.h>

/* Length of the UTF-8 sequence at `text` (RFC 3629: no overlong forms, no surrogates), 0 when it is
 * none. Stops at the terminating NUL, which continues no sequence. */
size_t utf8_sequence(const unsigned char *text);

#endif
