/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the QUIC reader twice over: the input as a datagram, which must not be found to say
 * anything unless it is authentic, and the input as the frames of an authentic Initial, which
 * reaches what lies behind the decryption. */
#include <openssl/evp.h>
#include <string.h>

#include "classifier/host_name.h"
#include "classifier/quic.h"
#include "require.h"

static struct quic_reader *reader;
static EVP_CIPHER_CTX *gcm;
static EVP_CIPHER_CTX *ecb;
static struct quic_keys keys;

static const uint8_t header[] = {0xc3, 0,   0,   0, 1, 8, 'f', 'u', 'z', 'z', 'i',
                                 'n',  'g', '!', 0, 0, 0, 0,   0,   0,   0,   1};
enum { HEADER_BYTES = sizeof header, LENGTH_AT = 16, NUMBER_AT = 18, FRAMES_MAX = 1400 };

static void start(void)
{
    if (reader)
        return;
    gcm = EVP_CIPHER_CTX_new();
    ecb = EVP_CIPHER_CTX_new();
    require(gcm && ecb && quic_reader_new(&reader, NULL) == 0 &&
            quic_derive_keys(1, header + 6, 8, &keys));
}

static void check_hello(const struct tls_hello *hello)
{
    require(hello->name_length == 0 ||
            host_name_is_good((const uint8_t *)hello->name, hello->name_length));
    require(strlen(hello->name) == hello->name_length);
}

/* Seals `frames`, filled up to 20 bytes, into `packet`; returns its length. */
static size_t seal(const uint8_t *frames, size_t length, uint8_t *packet)
{
    uint8_t plain[FRAMES_MAX] = {0};
    memcpy(plain, frames, length);
    const size_t plain_bytes = length < 20 ? 20 : length;
    const size_t after = 4 + plain_bytes + 16;
    memcpy(packet, header, HEADER_BYTES);
    packet[LENGTH_AT] = (uint8_t)(0x40 | after >> 8);
    packet[LENGTH_AT + 1] = (uint8_t)after;
    uint8_t nonce[12];
    memcpy(nonce, keys.iv, sizeof nonce);
    nonce[11] ^= 1;
    int written = 0;
    uint8_t *sealed = packet + HEADER_BYTES;
    require(EVP_EncryptInit_ex(gcm, EVP_aes_128_gcm(), NULL, keys.key, nonce) &&
            EVP_EncryptUpdate(gcm, NULL, &written, packet, HEADER_BYTES) &&
            EVP_EncryptUpdate(gcm, sealed, &written, plain, (int)plain_bytes) &&
            EVP_EncryptFinal_ex(gcm, sealed + plain_bytes, &written) &&
            EVP_CIPHER_CTX_ctrl(gcm, EVP_CTRL_AEAD_GET_TAG, 16, sealed + plain_bytes));
    uint8_t mask[32];
    require(EVP_EncryptInit_ex(ecb, EVP_aes_128_ecb(), NULL, keys.header, NULL) &&
            EVP_EncryptUpdate(ecb, mask, &written, sealed, 16));
    packet[0] ^= mask[0] & 0x0f;
    for (size_t i = 0; i < 4; i++)
        packet[NUMBER_AT + i] ^= mask[1 + i];
    return HEADER_BYTES + plain_bytes + 16;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct quic_state state;
    struct tls_hello hello;
    start();
    memset(&state, 0, sizeof state);
    quic_read_client(reader, &state, bytes, length, &hello);
    check_hello(&hello);
    require(state.version != 0 || hello.flags == 0);
    uint8_t packet[HEADER_BYTES + FRAMES_MAX + 16];
    const size_t packet_bytes = seal(bytes, length < FRAMES_MAX ? length : FRAMES_MAX, packet);
    memset(&state, 0, sizeof state);
    const enum quic_outcome outcome =
        quic_read_client(reader, &state, packet, packet_bytes, &hello);
    require(outcome != QUIC_NOT && state.version == 1);
    check_hello(&hello);
    return 0;
}
