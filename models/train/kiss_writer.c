/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of a model, in the order the reader asks for them. */
#include "kiss_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdlib.h>

static const char *name_of(const struct protocols *protocols, const struct kiss_class *class)
{
    return protocols_get(protocols, class->protocol)->name;
}

static void write_signature(const struct kiss_block *blocks, unsigned index, FILE *out)
{
    struct kiss_signature signature = kiss_block_get(blocks, index);
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        fprintf(out, " %d", signature.deviation[i]);
    fputc('\n', out);
}

static void write_biases(const struct kiss_machine *machine, const struct protocols *protocols,
                         FILE *out)
{
    unsigned pair = 0;
    for (unsigned a = 0; a < machine->class_count; a++) {
        for (unsigned b = a + 1; b < machine->class_count; b++, pair++)
            fprintf(out, "bias %s %s %" PRId32 "\n", name_of(protocols, &machine->classes[a]),
                    name_of(protocols, &machine->classes[b]), machine->biases[pair]);
    }
}

static void write_vectors(const struct kiss_machine *machine, const struct protocols *protocols,
                          FILE *out)
{
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        for (unsigned i = 0; i < class->centroid_count; i++) {
            fprintf(out, "centroid %s", name_of(protocols, class));
            write_signature(machine->centroids, class->centroid_first + i, out);
        }
    }
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        for (unsigned i = 0; i < class->support_count; i++) {
            unsigned index = class->support_first + i;
            fprintf(out, "support %s", name_of(protocols, class));
            for (unsigned row = 0; row + 1 < machine->class_count; row++)
                fprintf(out, " %" PRId32,
                        machine->coefficients[(size_t)row * machine->support_count + index]);
            write_signature(machine->supports, index, out);
        }
    }
}

static void write_machine(const struct kiss_machine *machine, enum kiss_transport transport,
                          const struct protocols *protocols, FILE *out)
{
    fprintf(out, "machine %s\ngamma %" PRIu32 "\nclasses %u\nsupports %u\ncentroids %u\n",
            kiss_transport_name(transport), machine->gamma, machine->class_count,
            machine->support_count, machine->centroid_count);
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        fprintf(out,
                "class %s signatures %" PRIu32 " supports %" PRIu32 " centroids %" PRIu32
                " margin %" PRId32 " reach %" PRIu32 "\n",
                name_of(protocols, class), class->signature_count, class->support_count,
                class->centroid_count, class->margin, class->reach);
    }
    write_biases(machine, protocols, out);
    write_vectors(machine, protocols, out);
}

int kiss_model_write(const struct kiss_model *model, const struct protocols *protocols, FILE *out,
                     struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *memory = open_memstream(&text, &length);
    if (!memory)
        return error_set(error, ENOMEM, "out of memory for a model");
    fprintf(memory,
            "glassbox-model 1\nkind kiss\nname %s\nsite %s\ntrained %s\nbytes %d\nwindow %d\n"
            "segments %d\nscale root\n",
            model->name, model->site, model->trained, KISS_BYTES, KISS_WINDOW, KISS_SEGMENTS);
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        if (model->machine[i].class_count)
            write_machine(&model->machine[i], i, protocols, memory);
    }
    bool is_short = ferror(memory);
    is_short = fclose(memory) || is_short;
    unsigned char digest[EVP_MAX_MD_SIZE] = {0};
    size_t size = sizeof digest;
    if (!is_short && EVP_Q_digest(NULL, "SHA256", NULL, text, length, digest, &size)) {
        fwrite(text, 1, length, out);
        fputs("sha256 ", out);
        for (unsigned i = 0; i < 32; i++)
            fprintf(out, "%02x", digest[i]);
        fputc('\n', out);
    }
    free(text);
    if (is_short || ferror(out))
        return error_set(error, EIO, "the model could not be written");
    return 0;
}
