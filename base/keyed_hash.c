/* SPDX-License-Identifier: BSD-3-Clause */
/* AES is OpenSSL's (libcrypto), used in ECB over independent blocks; nothing of it is ours. */
#include "base/keyed_hash.h"

#include <assert.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

struct keyed_hash {
    EVP_CIPHER_CTX *cipher;
};

int keyed_secret_draw(struct keyed_secret *secret, struct error *error)
{
    ssize_t drawn = getrandom(secret->byte, sizeof secret->byte, 0);
    if (drawn != (ssize_t)sizeof secret->byte)
        return error_set(error, EIO, "the kernel gave no random bytes for the flow key");
    return 0;
}

int keyed_hash_new(struct keyed_hash **hash, const struct keyed_secret *secret, struct error *error)
{
    struct keyed_hash *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the keyed hash");
    made->cipher = EVP_CIPHER_CTX_new();
    if (!made->cipher ||
        !EVP_EncryptInit_ex(made->cipher, EVP_aes_128_ecb(), NULL, secret->byte, NULL)) {
        keyed_hash_free(made);
        return error_set(error, ENOTSUP, "libcrypto offers no AES-128");
    }
    EVP_CIPHER_CTX_set_padding(made->cipher, 0);
    *hash = made;
    return 0;
}

void keyed_hash_free(struct keyed_hash *hash)
{
    if (!hash)
        return;
    EVP_CIPHER_CTX_free(hash->cipher);
    free(hash);
}

void keyed_hash_blocks(struct keyed_hash *hash, const struct block *in, struct block *out,
                       size_t count)
{
    assert(count <= KEYED_HASH_BURST);
    int written = 0;
    int encrypted = EVP_EncryptUpdate(hash->cipher, (unsigned char *)out, &written,
                                      (const unsigned char *)in, (int)(count * sizeof *in));
    /* Fixed key, whole blocks, no padding: libcrypto has no reason left to refuse. */
    assert(encrypted && written == (int)(count * sizeof *in));
    (void)encrypted;
    for (size_t i = 0; i < count; i++) {
        out[i].word[0] ^= in[i].word[0];
        out[i].word[1] ^= in[i].word[1];
    }
}
