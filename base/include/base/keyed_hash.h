/* SPDX-License-Identifier: BSD-3-Clause */
/* The keyed one-way function that stands between addresses and every table: AES-128 under a secret
 * drawn at start, with its input added again (Matyas, Meyer, Oseas 1985). With the secret unknown
 * it is a pseudorandom function; with the secret known it still cannot be turned round. It works on
 * whole bursts, so that one library call serves them. Longer inputs are chained by the caller. */
#ifndef BASE_KEYED_HASH_H
#define BASE_KEYED_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct keyed_secret {
    uint8_t byte[16];
};

struct block {
    _Alignas(16) uint64_t word[2];
};

struct keyed_hash;

/* Draws a secret from the kernel. Returns 0 or -errno with `error` filled. The holder wipes it with
 * explicit_bzero once every keyed_hash that needs it is made. */
int keyed_secret_draw(struct keyed_secret *secret, struct error *error);

/* A hash under a copy of `secret`; one per thread. Returns 0 or -errno with `error` filled. */
int keyed_hash_new(struct keyed_hash **hash, const struct keyed_secret *secret,
                   struct error *error);

/* Wipes the secret's traces. Null is fine. */
void keyed_hash_free(struct keyed_hash *hash);

/* out[i] = AES(secret, in[i]) xor in[i], for up to KEYED_HASH_BURST blocks. `in` and `out` must not
 * overlap. Hot: cannot fail. */
enum { KEYED_HASH_BURST = 64 };
void keyed_hash_blocks(struct keyed_hash *hash, const struct block *in, struct block *out,
                       size_t count);

#endif
