/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes models: the input is a model without its last line, which is added here, and values to
 * look at. What loads can be looked at with any values at any checkpoint and keeps to its ranges;
 * what does not load says why, with a line of the text. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/headers_model.h"
#include "require.h"

/* The input and its digest; to be freed. */
static char *seal(const uint8_t *bytes, size_t length, size_t *sealed_length)
{
    enum { ROOM = 128 };
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_bytes = 0;
    char *text = malloc(length + ROOM);
    require(text);
    memcpy(text, bytes, length);
    require(EVP_Digest(bytes, length, sum, &sum_bytes, EVP_sha256(), NULL));
    char *at = text + length + snprintf(text + length, ROOM, "sha256 ");
    for (unsigned i = 0; i < sum_bytes; i++)
        at += snprintf(at, 3, "%02x", sum[i]);
    *at++ = '\n';
    *sealed_length = (size_t)(at - text);
    return text;
}

static void look(const struct headers_model *model, const uint8_t *bytes, size_t length)
{
    for (unsigned checkpoint = 0; checkpoint < FEATURE_CHECKPOINTS; checkpoint++) {
        int16_t values[FEATURES];
        for (unsigned i = 0; i < FEATURES; i++)
            values[i] = (int16_t)(bytes[(i + checkpoint) % length] << 8 | bytes[i % length]);
        struct headers_look seen = headers_model_look(model, checkpoint, values);
        require(seen.class_index < model->class_count && seen.p_value <= PER_MILLE);
        require(headers_model_decide(model, checkpoint, &seen, true) != HEADERS_WAITS);
        uint64_t cells[HEADERS_LEVELS] = {0};
        uint64_t sum = 0;
        headers_fit_cells(&model->checkpoints[checkpoint].conformal[seen.class_index], seen.score,
                          cells);
        for (unsigned i = 0; i < HEADERS_LEVELS; i++)
            sum += cells[i];
        require(sum == PER_MILLE);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    unsigned lines = 1;
    for (size_t i = 0; i < length; i++)
        lines += bytes[i] == '\n';
    size_t sealed_length;
    char *text = seal(bytes, length, &sealed_length);
    struct protocols *protocols;
    require(protocols_new(&protocols, NULL) == 0);
    struct error error = {0};
    struct headers_model *model = NULL;
    int failure = headers_model_read(&model, text, sealed_length, protocols, &error);
    if (failure == 0) {
        look(model, bytes, length);
        headers_model_free(model);
    } else {
        require(error.code == -failure && error.text[0] && !strchr(error.text, '\n'));
        require(error.line <= lines);
    }
    protocols_free(protocols);
    free(text);
    return 0;
}
