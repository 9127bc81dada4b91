/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys of Initial packets (RFC 9001 section 5.2, RFC 9369 section 3.3) and the removal of their
 * protection (RFC 9001 section 5.3, 5.4). SHA-256 and AES are libcrypto's. HMAC (RFC 2104) and HKDF
 * (RFC 5869) are spelt out over them, because EVP_MAC and EVP_KDF copy keys to the heap at each
 * use: here everything is allocated at start. */
#include "quic_crypto.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"

enum { HASH_BYTES = 32, HASH_BLOCK = 64, SALT_BYTES = 20, TAG_BYTES = 16, SAMPLE_BYTES = 16 };

struct quic_crypto {
    EVP_MD *sha256;
    EVP_MD_CTX *digest;
    EVP_CIPHER_CTX *gcm;
    EVP_CIPHER_CTX *ecb;
};

/* Versions that share a salt and labels. */
struct family {
    uint32_t first;
    uint32_t last;
    uint8_t salt[SALT_BYTES];
    const char *key_label;
    const char *iv_label;
    const char *header_label;
};

/* clang-format off */
static const struct family families[] = {
    /* RFC 9001 section 5.2 */
    {0x00000001, 0x00000001,
     {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
      0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
     "quic key", "quic iv", "quic hp"},
    /* RFC 9369 section 3.3 */
    {0x6b3343cf, 0x6b3343cf,
     {0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93,
      0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9},
     "quicv2 key", "quicv2 iv", "quicv2 hp"},
    /* draft-ietf-quic-tls-33 and -34, section 5.2 */
    {0xff000021, 0xff000022,
     {0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17,
      0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a},
     "quic key", "quic iv", "quic hp"},
    /* draft-ietf-quic-tls-29 to -32, section 5.2 */
    {0xff00001d, 0xff000020,
     {0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97,
      0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99},
     "quic key", "quic iv", "quic hp"},
    /* draft-ietf-quic-tls-23 to -28, section 5.2 */
    {0xff000017, 0xff00001c,
     {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
      0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
     "quic key", "quic iv", "quic hp"},
    /* mvfst (Facebook), from its draft 27 on */
    {0xfaceb002, 0xfaceb002,
     {0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7,
      0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02},
     "quic key", "quic iv", "quic hp"},
};
/* clang-format on */

static const struct family *find_family(uint32_t version)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (version >= families[i].first && version <= families[i].last)
            return &families[i];
    }
    return NULL;
}

bool quic_version_is_known(uint32_t version)
{
    return find_family(version) != NULL;
}

struct quic_crypto *quic_crypto_new(void)
{
    struct quic_crypto *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    made->digest = EVP_MD_CTX_new();
    made->gcm = EVP_CIPHER_CTX_new();
    made->ecb = EVP_CIPHER_CTX_new();
    if (!made->sha256 || !made->digest || !made->gcm || !made->ecb ||
        !EVP_DigestInit_ex(made->digest, made->sha256, NULL) ||
        !EVP_DecryptInit_ex(made->gcm, EVP_aes_128_gcm(), NULL, NULL, NULL) ||
        !EVP_EncryptInit_ex(made->ecb, EVP_aes_128_ecb(), NULL, NULL, NULL)) {
        quic_crypto_free(made);
        return NULL;
    }
    return made;
}

void quic_crypto_free(struct quic_crypto *crypto)
{
    if (!crypto)
        return;
    EVP_CIPHER_CTX_free(crypto->ecb);
    EVP_CIPHER_CTX_free(crypto->gcm);
    EVP_MD_CTX_free(crypto->digest);
    EVP_MD_free(crypto->sha256);
    free(crypto);
}

/* One part of HMAC: the hash of the padded key and `bytes`. */
static void hash_padded(struct quic_crypto *crypto, const uint8_t padded[HASH_BLOCK],
                        const uint8_t *bytes, size_t length, uint8_t out[HASH_BYTES])
{
    int is_good = EVP_DigestInit_ex(crypto->digest, crypto->sha256, NULL);
    is_good &= EVP_DigestUpdate(crypto->digest, padded, HASH_BLOCK);
    is_good &= EVP_DigestUpdate(crypto->digest, bytes, length);
    is_good &= EVP_DigestFinal_ex(crypto->digest, out, NULL);
    /* The hash was fetched and begun once: libcrypto has no reason left to refuse. */
    assert(is_good);
    (void)is_good;
}

/* HMAC-SHA256 for keys of at most a block. */
static void hmac(struct quic_crypto *crypto, const uint8_t *key, size_t key_bytes,
                 const uint8_t *bytes, size_t length, uint8_t out[HASH_BYTES])
{
    assert(key_bytes <= HASH_BLOCK);
    uint8_t inner[HASH_BLOCK];
    uint8_t outer[HASH_BLOCK];
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < key_bytes; i++) {
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    uint8_t hash[HASH_BYTES];
    hash_padded(crypto, inner, bytes, length, hash);
    hash_padded(crypto, outer, hash, sizeof hash, out);
}

/* HKDF-Expand-Label with an empty context (RFC 8446 section 7.1), for outputs of at most one hash:
 * one HMAC of length, label and the counter 1. */
static void expand(struct quic_crypto *crypto, const uint8_t secret[HASH_BYTES], const char *label,
                   uint8_t *out, size_t length)
{
    static const char prefix[] = "tls13 ";
    uint8_t info[64] = {0, (uint8_t)length};
    const size_t label_bytes = strlen(prefix) + strlen(label);
    assert(length <= HASH_BYTES && label_bytes + 5 <= sizeof info);
    info[2] = (uint8_t)label_bytes;
    memcpy(info + 3, prefix, strlen(prefix));
    memcpy(info + 3 + strlen(prefix), label, strlen(label));
    info[3 + label_bytes] = 0;     /* bytes of context */
    info[3 + label_bytes + 1] = 1; /* first and only block */
    uint8_t block[HASH_BYTES];
    hmac(crypto, secret, HASH_BYTES, info, label_bytes + 5, block);
    memcpy(out, block, length);
}

bool quic_crypto_derive(struct quic_crypto *crypto, uint32_t version, const uint8_t *id,
                        size_t id_length, struct quic_keys *keys)
{
    const struct family *family = find_family(version);
    if (!family)
        return false;
    uint8_t initial[HASH_BYTES];
    uint8_t client[HASH_BYTES];
    hmac(crypto, family->salt, SALT_BYTES, id, id_length, initial);
    expand(crypto, initial, "client in", client, sizeof client);
    expand(crypto, client, family->key_label, keys->key, sizeof keys->key);
    expand(crypto, client, family->iv_label, keys->iv, sizeof keys->iv);
    expand(crypto, client, family->header_label, keys->header, sizeof keys->header);
    return true;
}

/* RFC 9001 section 5.4.3. */
static void header_mask(struct quic_crypto *crypto, const uint8_t key[16],
                        const uint8_t sample[SAMPLE_BYTES], uint8_t mask[16])
{
    int written = 0;
    int is_good = EVP_EncryptInit_ex(crypto->ecb, NULL, NULL, key, NULL);
    is_good &= EVP_CIPHER_CTX_set_padding(crypto->ecb, 0);
    is_good &= EVP_EncryptUpdate(crypto->ecb, mask, &written, sample, SAMPLE_BYTES);
    assert(is_good && written == SAMPLE_BYTES);
    (void)is_good;
}

/* The header without protection: all that AES-GCM authenticates, and the packet number. */
struct header {
    uint8_t first;
    uint8_t number[4];
    size_t number_bytes;
};

static struct header unmask(struct quic_crypto *crypto, const struct quic_keys *keys,
                            const struct quic_packet *packet)
{
    const uint8_t *number = packet->bytes + packet->number_at;
    uint8_t mask[16];
    header_mask(crypto, keys->header, number + 4, mask);
    struct header header = {.first = packet->bytes[0] ^ (mask[0] & 0x0f)};
    header.number_bytes = (header.first & 3u) + 1;
    for (size_t i = 0; i < header.number_bytes; i++)
        header.number[i] = number[i] ^ mask[1 + i];
    return header;
}

/* Hands the header, as it was before protection, to GCM. The packet number is taken as it stands:
 * the first packets' numbers are below 2^32 (RFC 9000 appendix A.3 has the general case). */
static int begin_gcm(struct quic_crypto *crypto, const struct quic_keys *keys,
                     const struct quic_packet *packet, const struct header *header)
{
    uint8_t nonce[12];
    memcpy(nonce, keys->iv, sizeof nonce);
    for (size_t i = 0; i < header->number_bytes; i++)
        nonce[sizeof nonce - header->number_bytes + i] ^= header->number[i];
    int written = 0;
    int is_good = EVP_DecryptInit_ex(crypto->gcm, NULL, NULL, keys->key, nonce);
    is_good &= EVP_DecryptUpdate(crypto->gcm, NULL, &written, &header->first, 1);
    is_good &= EVP_DecryptUpdate(crypto->gcm, NULL, &written, packet->bytes + 1,
                                 (int)(packet->number_at - 1));
    is_good &=
        EVP_DecryptUpdate(crypto->gcm, NULL, &written, header->number, (int)header->number_bytes);
    return is_good;
}

bool quic_crypto_open(struct quic_crypto *crypto, const struct quic_keys *keys,
                      const struct quic_packet *packet, uint8_t *plain, size_t *plain_bytes)
{
    if (packet->length > QUIC_PACKET_MAX || packet->length < packet->number_at + 4 + SAMPLE_BYTES)
        return false;
    const struct header header = unmask(crypto, keys, packet);
    const size_t sealed_at = packet->number_at + header.number_bytes;
    const size_t sealed_bytes = packet->length - sealed_at - TAG_BYTES;
    uint8_t tag[TAG_BYTES];
    memcpy(tag, packet->bytes + packet->length - TAG_BYTES, sizeof tag);
    int written = 0;
    int is_good = begin_gcm(crypto, keys, packet, &header);
    is_good &= EVP_DecryptUpdate(crypto->gcm, plain, &written, packet->bytes + sealed_at,
                                 (int)sealed_bytes);
    is_good &= EVP_CIPHER_CTX_ctrl(crypto->gcm, EVP_CTRL_AEAD_SET_TAG, TAG_BYTES, tag);
    is_good = is_good && EVP_DecryptFinal_ex(crypto->gcm, plain + sealed_bytes, &written) > 0;
    if (!is_good)
        explicit_bzero(plain, sealed_bytes);
    *plain_bytes = sealed_bytes;
    return is_good;
}
