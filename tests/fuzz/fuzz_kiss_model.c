/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes models of kind kiss, given the digest that they would have: a model is refused with a line
 * and a reason, or every signature can be asked about by either method. */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "classifier/kiss_model.h"
#include "require.h"

static void ask(const struct kiss_model *model, const uint8_t *bytes, size_t length)
{
    struct kiss_signature signature;
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        signature.deviation[i] =
            (int16_t)(length ? bytes[i * 31 % length] * KISS_DEVIATION_MOST / 255 : 0);
    struct kiss_scratch *scratch = NULL;
    require(kiss_scratch_new(&scratch, model, NULL) == 0);
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        const struct kiss_machine *machine = &model->machine[i];
        for (unsigned method = 0; machine->class_count && method < 2; method++) {
            struct kiss_decision decision = kiss_decide(machine, &signature, method, scratch);
            require(decision.winner < machine->class_count);
            require(decision.protocol == PROTOCOL_UNKNOWN ||
                    decision.protocol == machine->classes[decision.winner].protocol);
        }
    }
    kiss_scratch_free(scratch);
}

/* The bytes with their digest behind them. */
static char *with_digest(const uint8_t *bytes, size_t length, size_t *text_length)
{
    unsigned char digest[32];
    char *text = malloc(length + 80);
    require(text && EVP_Q_digest(NULL, "SHA256", NULL, bytes, length, digest, NULL));
    if (length)
        memcpy(text, bytes, length);
    *text_length = length + (size_t)sprintf(text + length, "sha256 ");
    for (unsigned i = 0; i < sizeof digest; i++)
        *text_length += (size_t)sprintf(text + *text_length, "%02x", digest[i]);
    text[(*text_length)++] = '\n';
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct protocols *protocols = NULL;
    struct kiss_model *model = NULL;
    struct error error = {0};
    size_t text_length;
    char *text = with_digest(bytes, length, &text_length);
    require(protocols_new(&protocols, NULL) == 0);
    int failure = kiss_model_read(&model, text, text_length, protocols, &error);
    if (failure)
        require(error.code > 0 && error.text[0] && !strchr(error.text, '\n'));
    else
        ask(model, bytes, length);
    kiss_model_free(model);
    protocols_free(protocols);
    free(text);
    return 0;
}
