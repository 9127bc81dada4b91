/* SPDX-License-Identifier: BSD-3-Clause */
/* Ends the test program when libcrypto refuses: a test's own mistake. */
#include "hello_writer.h"

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void require(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "hello_writer: %s\n", what);
    exit(2);
}

void bytes_put(struct bytes *bytes, const void *from, size_t length)
{
    require(length <= sizeof bytes->byte - bytes->length, "too long");
    if (length > 0 && from)
        memcpy(bytes->byte + bytes->length, from, length);
    else
        memset(bytes->byte + bytes->length, 0, length);
    bytes->length += length;
}

void bytes_number(struct bytes *bytes, uint64_t value, unsigned size)
{
    while (size-- > 0) {
        const uint8_t byte = (uint8_t)(value >> 8 * size);
        bytes_put(bytes, &byte, 1);
    }
}

size_t bytes_open(struct bytes *bytes, unsigned size)
{
    bytes_number(bytes, 0, size);
    return bytes->length;
}

void bytes_close(struct bytes *bytes, size_t mark, unsigned size)
{
    const size_t length = bytes->length - mark;
    for (unsigned i = 0; i < size; i++)
        bytes->byte[mark - size + i] = (uint8_t)(length >> 8 * (size - 1 - i));
}

static void put_vector8(struct bytes *out, const void *from, size_t length)
{
    bytes_number(out, length, 1);
    bytes_put(out, from, length);
}

static void put_name(struct bytes *out, const char *name)
{
    bytes_number(out, 0, 2);
    const size_t extension = bytes_open(out, 2);
    const size_t list = bytes_open(out, 2);
    bytes_number(out, 0, 1);
    const size_t host = bytes_open(out, 2);
    bytes_put(out, name, strlen(name));
    bytes_close(out, host, 2);
    bytes_close(out, list, 2);
    bytes_close(out, extension, 2);
}

static void put_alpn(struct bytes *out, const char *const *alpn, bool has_grease)
{
    bytes_number(out, 16, 2);
    const size_t extension = bytes_open(out, 2);
    const size_t list = bytes_open(out, 2);
    if (has_grease)
        put_vector8(out, "\x1a\x1a", 2);
    for (unsigned i = 0; i < HELLO_ALPN_MAX && alpn[i]; i++)
        put_vector8(out, alpn[i], strlen(alpn[i]));
    bytes_close(out, list, 2);
    bytes_close(out, extension, 2);
}

static void put_versions(struct bytes *out, const uint16_t *versions, bool has_grease)
{
    bytes_number(out, 43, 2);
    const size_t extension = bytes_open(out, 2);
    const size_t list = bytes_open(out, 1);
    if (has_grease)
        bytes_number(out, 0xfafa, 2);
    for (unsigned i = 0; i < HELLO_VERSIONS_MAX && versions[i]; i++)
        bytes_number(out, versions[i], 2);
    bytes_close(out, list, 1);
    bytes_close(out, extension, 2);
}

static void put_plain_extension(struct bytes *out, uint16_t type, const void *from, size_t length)
{
    bytes_number(out, type, 2);
    bytes_number(out, length, 2);
    bytes_put(out, from, length);
}

static void put_client_extensions(struct bytes *out, const struct hello *hello)
{
    static const uint8_t ech[] = {0, 0, 1, 0, 1, 0x2a, 0, 0, 0, 0}; /* outer, suite, id, empty */
    const size_t extensions = bytes_open(out, 2);
    if (hello->has_grease)
        put_plain_extension(out, 0x2a2a, NULL, 0);
    if (hello->padding > 0)
        put_plain_extension(out, 21, NULL, hello->padding);
    if (hello->name)
        put_name(out, hello->name);
    if (hello->alpn[0])
        put_alpn(out, hello->alpn, hello->has_grease);
    if (hello->versions[0])
        put_versions(out, hello->versions, hello->has_grease);
    if (hello->has_ech)
        put_plain_extension(out, 0xfe0d, ech, sizeof ech);
    if (hello->has_grease)
        put_plain_extension(out, 0xdada, "\0", 1);
    bytes_close(out, extensions, 2);
}

void write_client_hello(struct bytes *out, const struct hello *hello)
{
    const uint16_t usual = hello->is_dtls ? 0xfefd : 0x0303;
    bytes_number(out, 1, 1);
    const size_t body = bytes_open(out, 3);
    bytes_number(out, hello->version ? hello->version : usual, 2);
    bytes_put(out, "0123456789abcdef0123456789abcdef", 32);
    put_vector8(out, "session", 7);
    if (hello->is_dtls)
        put_vector8(out, NULL, hello->cookie);
    bytes_number(out, 4, 2);
    bytes_number(out, 0x13011302, 4);
    put_vector8(out, NULL, 1);
    if (!hello->has_no_extensions)
        put_client_extensions(out, hello);
    bytes_close(out, body, 3);
}

void write_server_hello(struct bytes *out, uint16_t version, uint16_t chosen, const char *alpn)
{
    const char *const one[HELLO_ALPN_MAX] = {alpn};
    bytes_number(out, 2, 1);
    const size_t body = bytes_open(out, 3);
    bytes_number(out, version, 2);
    bytes_put(out, "fedcba9876543210fedcba9876543210", 32);
    put_vector8(out, NULL, 32);
    bytes_number(out, 0x130100, 3);
    const size_t extensions = bytes_open(out, 2);
    if (chosen) {
        bytes_number(out, 43, 2);
        bytes_number(out, 2, 2);
        bytes_number(out, chosen, 2);
    }
    if (alpn)
        put_alpn(out, one, false);
    bytes_close(out, extensions, 2);
    bytes_close(out, body, 3);
}

static void set_subject(X509 *certificate, const char *common_name)
{
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, (const unsigned char *)"Example Corp.", -1,
                               -1, 0);
    if (common_name)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1,
                                   -1, 0);
}

/* DER, to be freed with OPENSSL_free. */
static unsigned char *make_certificate(const char *common_name, const char *alternative_names,
                                       int *length)
{
    X509 *certificate = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    require(certificate && key, "no certificate");
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 4711);
    ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20250101000000Z");
    ASN1_TIME_set_string(X509_getm_notAfter(certificate), "20350101000000Z");
    set_subject(certificate, common_name);
    X509_set_pubkey(certificate, key);
    if (alternative_names) {
        X509_EXTENSION *extension =
            X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative_names);
        require(extension && X509_add_ext(certificate, extension, -1), "no alternative names");
        X509_EXTENSION_free(extension);
    }
    require(X509_sign(certificate, key, EVP_sha256()) > 0, "not signed");
    unsigned char *der = NULL;
    *length = i2d_X509(certificate, &der);
    require(*length > 0, "not encoded");
    EVP_PKEY_free(key);
    X509_free(certificate);
    return der;
}

void write_certificate(struct bytes *out, const char *common_name, const char *alternative_names)
{
    int length = 0;
    unsigned char *der = make_certificate(common_name, alternative_names, &length);
    bytes_number(out, 11, 1);
    const size_t body = bytes_open(out, 3);
    const size_t list = bytes_open(out, 3);
    bytes_number(out, (uint64_t)length, 3);
    bytes_put(out, der, (size_t)length);
    bytes_close(out, list, 3);
    bytes_close(out, body, 3);
    OPENSSL_free(der);
}

void write_records(struct bytes *out, const struct bytes *message, size_t record_bytes)
{
    for (size_t at = 0; at < message->length; at += record_bytes) {
        const size_t left = message->length - at;
        bytes_number(out, 0x160301, 3);
        bytes_number(out, left < record_bytes ? left : record_bytes, 2);
        bytes_put(out, message->byte + at, left < record_bytes ? left : record_bytes);
    }
}

void write_dtls(struct bytes *out, const struct bytes *message, uint16_t sequence, size_t from,
                size_t length)
{
    bytes_number(out, 0x16fefd, 3);
    bytes_number(out, 0, 2); /* epoch */
    bytes_number(out, from, 6);
    bytes_number(out, 12 + length, 2);
    bytes_put(out, message->byte, 4); /* type and length of the message */
    bytes_number(out, sequence, 2);
    bytes_number(out, from, 3);
    bytes_number(out, length, 3);
    bytes_put(out, message->byte + 4 + from, length);
}

void write_crypto(struct bytes *out, const struct bytes *message, size_t from, size_t length)
{
    bytes_number(out, 6, 1);
    bytes_number(out, 0x4000 | from, 2);
    bytes_number(out, 0x4000 | length, 2);
    bytes_put(out, message->byte + from, length);
}

static size_t put_initial_header(struct bytes *out, const struct initial *initial, size_t sealed)
{
    const uint8_t type = initial->version == 0x6b3343cf ? 0xd0 : 0xc0;
    const size_t start = out->length;
    bytes_number(out, type | 3u, 1); /* four bytes of packet number */
    bytes_number(out, initial->version, 4);
    put_vector8(out, initial->id, 8);
    put_vector8(out, NULL, 0);
    put_vector8(out, initial->token, initial->token ? strlen(initial->token) : 0);
    bytes_number(out, 0x4000 | (4 + sealed + 16), 2);
    bytes_number(out, initial->number, 4);
    return start;
}

static void seal(const struct quic_keys *keys, const uint8_t *header, size_t header_bytes,
                 const struct bytes *plain, struct bytes *sealed)
{
    uint8_t nonce[12];
    memcpy(nonce, keys->iv, sizeof nonce);
    for (size_t i = 0; i < 4; i++)
        nonce[8 + i] ^= header[header_bytes - 4 + i];
    EVP_CIPHER_CTX *gcm = EVP_CIPHER_CTX_new();
    int written = 0;
    require(gcm && EVP_EncryptInit_ex(gcm, EVP_aes_128_gcm(), NULL, keys->key, nonce) &&
                EVP_EncryptUpdate(gcm, NULL, &written, header, (int)header_bytes) &&
                EVP_EncryptUpdate(gcm, sealed->byte, &written, plain->byte, (int)plain->length) &&
                EVP_EncryptFinal_ex(gcm, sealed->byte + plain->length, &written) &&
                EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, 16, sealed->byte + plain->length),
            "not sealed");
    sealed->length = plain->length + 16;
    EVP_CIPHER_CTX_free(gcm);
}

static void protect_header(const struct quic_keys *keys, const uint8_t *sample, uint8_t *first,
                           uint8_t *number)
{
    uint8_t mask[32];
    int written = 0;
    EVP_CIPHER_CTX *ecb = EVP_CIPHER_CTX_new();
    require(ecb && EVP_EncryptInit_ex(ecb, EVP_aes_128_ecb(), NULL, keys->header, NULL) &&
                EVP_EncryptUpdate(ecb, mask, &written, sample, 16),
            "no mask");
    EVP_CIPHER_CTX_free(ecb);
    *first ^= mask[0] & 0x0f;
    for (size_t i = 0; i < 4; i++)
        number[i] ^= mask[1 + i];
}

void write_initial(struct bytes *out, const struct initial *initial, const struct bytes *frames)
{
    struct quic_keys keys;
    const char *key_id = initial->key_id ? initial->key_id : initial->id;
    require(quic_derive_keys(initial->version, (const uint8_t *)key_id, 8, &keys),
            "version without keys");
    static struct bytes plain;
    static struct bytes sealed;
    plain = *frames;
    const size_t around = 22 + (initial->token ? strlen(initial->token) : 0) + 16 + 1;
    if (plain.length + around < initial->least_bytes)
        bytes_put(&plain, NULL, initial->least_bytes - around - plain.length);
    const size_t start = put_initial_header(out, initial, plain.length);
    const size_t header_bytes = out->length - start;
    seal(&keys, out->byte + start, header_bytes, &plain, &sealed);
    bytes_put(out, sealed.byte, sealed.length);
    protect_header(&keys, sealed.byte, &out->byte[start], &out->byte[start + header_bytes - 4]);
}
