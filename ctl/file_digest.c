/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a file in pieces and digests them. */
#include "file_digest.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

static int digest_stream(FILE *file, EVP_MD_CTX *digest, unsigned char sum[32])
{
    unsigned char piece[16384];
    if (!EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
        return -EIO;
    for (size_t length; (length = fread(piece, 1, sizeof piece, file));) {
        if (!EVP_DigestUpdate(digest, piece, length))
            return -EIO;
    }
    return ferror(file) || !EVP_DigestFinal_ex(digest, sum, NULL) ? -EIO : 0;
}

int file_digest(const char *path, char sha256[65], struct error *error)
{
    unsigned char sum[32] = {0};
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set(error, errno, "%s", strerror(errno));
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int failure = digest ? digest_stream(file, digest, sum) : -ENOMEM;
    EVP_MD_CTX_free(digest);
    fclose(file);
    if (failure)
        return error_set(error, -failure, "its digest cannot be computed");
    for (unsigned i = 0; i < sizeof sum; i++)
        snprintf(sha256 + 2 * (size_t)i, 3, "%02x", sum[i]);
    return 0;
}
