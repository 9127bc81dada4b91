/* SPDX-License-Identifier: BSD-3-Clause */
/* The keyed hash against the published AES vector, and bursts against single blocks. */
#include "base/keyed_hash.h"

#include <string.h>

#include "suites.h"

/* FIPS 197, appendix C.1. */
static const struct keyed_secret fips_key = {{0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
                                              0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f}};
static const uint8_t fips_plain[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
static const uint8_t fips_cipher[16] = {0x69, 0xc4, 0xe0, 0xd8, 0x6a, 0x7b, 0x04, 0x30,
                                        0xd8, 0xcd, 0xb7, 0x80, 0x70, 0xb4, 0xc5, 0x5a};

static void is_aes_with_feed_forward(void)
{
    struct keyed_hash *hash;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&hash, &fips_key, NULL), 0);
    struct block in;
    struct block out;
    uint8_t bytes[16];
    memcpy(&in, fips_plain, 16);
    keyed_hash_blocks(hash, &in, &out, 1);
    memcpy(bytes, &out, 16);
    for (unsigned i = 0; i < 16; i++)
        CU_ASSERT_EQUAL(bytes[i], fips_cipher[i] ^ fips_plain[i]);
    keyed_hash_free(hash);
}

static void hashes_bursts_like_single_blocks(void)
{
    struct keyed_hash *hash;
    CU_ASSERT_EQUAL_FATAL(keyed_hash_new(&hash, &fips_key, NULL), 0);
    struct block in[KEYED_HASH_BURST];
    struct block together[KEYED_HASH_BURST];
    for (uint64_t i = 0; i < KEYED_HASH_BURST; i++)
        in[i] = (struct block){{i * 0x9e3779b97f4a7c15, ~i}};
    for (unsigned count = 0; count <= KEYED_HASH_BURST; count++) {
        keyed_hash_blocks(hash, in, together, count);
        for (unsigned i = 0; i < count; i++) {
            struct block alone;
            keyed_hash_blocks(hash, &in[i], &alone, 1);
            CU_ASSERT_EQUAL(memcmp(&alone, &together[i], sizeof alone), 0);
        }
    }
    keyed_hash_free(hash);
}

static void draws_different_secrets(void)
{
    struct keyed_secret first = {{0}};
    struct keyed_secret second = {{0}};
    CU_ASSERT_EQUAL(keyed_secret_draw(&first, NULL), 0);
    CU_ASSERT_EQUAL(keyed_secret_draw(&second, NULL), 0);
    CU_ASSERT_NOT_EQUAL(memcmp(&first, &second, sizeof first), 0);
    keyed_hash_free(NULL);
}

CU_TestInfo keyed_hash_tests[] = {
    {"is AES-128 with its input added", is_aes_with_feed_forward},
    {"hashes bursts like single blocks", hashes_bursts_like_single_blocks},
    {"draws different secrets", draws_different_secrets},
    CU_TEST_INFO_NULL,
};
