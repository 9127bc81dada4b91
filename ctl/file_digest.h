/* SPDX-License-Identifier: BSD-3-Clause */
/* The SHA-256 of a file, as hexadecimal text. */
#ifndef FILE_DIGEST_H
#define FILE_DIGEST_H

#include "base/error.h"

/* Returns 0 or -errno. */
int file_digest(const char *path, char sha256[65], struct error *error);

#endif
