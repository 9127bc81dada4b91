/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads models of kind kiss, line by line, and refuses what could not be scored. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/kiss_model.h"
#include "model_text.h"

/* A sum of coefficients times kernel values, of 24 fractions, must fit 62 bits. */
static const int64_t coefficient_sum_max = (int64_t)1 << 37;

struct reader {
    struct model_text text;
    struct kiss_model *model;
    const struct protocols *protocols;
};

/* What signatures are made of is the program's, too: a model of others is not for it. */
static void read_parameter(struct model_text *text, const char *word, int value)
{
    if (model_text_line(text, word))
        model_text_number(text, word, value, value);
}

static_assert((int)KISS_NAME_MAX == (int)MODEL_NAME_MAX, "a name fits its place");

static void read_head(struct reader *reader)
{
    struct model_text *text = &reader->text;
    struct kiss_model *model = reader->model;
    model_text_head(text, "kiss", model->name, model->site, model->trained, sizeof model->trained);
    read_parameter(text, "bytes", KISS_BYTES);
    read_parameter(text, "window", KISS_WINDOW);
    read_parameter(text, "segments", KISS_SEGMENTS);
    char scale[8];
    if (model_text_line(text, "scale") && model_text_word(text, "the scale", scale, sizeof scale) &&
        strcmp(scale, "root") != 0)
        model_text_fault(text, "scale 'root' is expected instead of '%s'", scale);
}

static uint32_t read_count(struct model_text *text, const char *word, uint32_t least, uint32_t most)
{
    return model_text_line(text, word) ? (uint32_t)model_text_number(text, word, least, most)
                                       : least;
}

static uint32_t take_counted(struct model_text *text, const char *word, int64_t most)
{
    char found[16];
    if (model_text_word(text, word, found, sizeof found) && strcmp(found, word) != 0)
        model_text_fault(text, "'%s' is expected instead of '%s'", word, found);
    return (uint32_t)model_text_number(text, word, 0, most);
}

static void take_protocol(struct reader *reader, struct kiss_class *class)
{
    char name[PROTOCOL_NAME_MAX + 1];
    if (!model_text_word(&reader->text, "a protocol", name, sizeof name))
        return;
    int id = protocols_find(reader->protocols, name);
    if (id < 0)
        model_text_fault(&reader->text, "there is no protocol '%s'", name);
    else
        class->protocol = (uint16_t)id;
}

static void expect_class(struct reader *reader, const struct kiss_class *class)
{
    const char *expected = protocols_get(reader->protocols, class->protocol)->name;
    char name[PROTOCOL_NAME_MAX + 1];
    if (model_text_word(&reader->text, "a class", name, sizeof name) && strcmp(name, expected) != 0)
        model_text_fault(&reader->text, "class '%s' is expected instead of '%s'", expected, name);
}

static void read_class(struct reader *reader, struct kiss_machine *machine, unsigned index)
{
    struct model_text *text = &reader->text;
    struct kiss_class *class = &machine->classes[index];
    char word[16];
    if (!model_text_line(text, "class"))
        return;
    take_protocol(reader, class);
    for (unsigned i = 0; i < index; i++) {
        if (machine->classes[i].protocol == class->protocol)
            model_text_fault(text, "this class stands above already");
    }
    class->signature_count = take_counted(text, "signatures", INT32_MAX);
    class->support_count = take_counted(text, "supports", KISS_SUPPORTS_MAX);
    class->centroid_count = take_counted(text, "centroids", KISS_SUPPORTS_MAX);
    if (model_text_word(text, "margin", word, sizeof word) && strcmp(word, "margin") != 0)
        model_text_fault(text, "'margin' is expected instead of '%s'", word);
    class->margin = (int32_t)model_text_number(text, "the margin", -INT32_MAX, INT32_MAX);
    class->reach = take_counted(text, "reach", UINT32_MAX);
}

/* Where each class's vectors begin; the sums are bounded, as each count and the number of classes
 * is. */
static void place_classes(struct reader *reader, struct kiss_machine *machine)
{
    uint32_t supports = 0, centroids = 0;
    for (unsigned i = 0; i < machine->class_count; i++) {
        machine->classes[i].support_first = supports;
        machine->classes[i].centroid_first = centroids;
        supports += machine->classes[i].support_count;
        centroids += machine->classes[i].centroid_count;
    }
    if (supports != machine->support_count || centroids != machine->centroid_count)
        model_text_fault(&reader->text, "the classes' supports or centroids do not add up to the "
                                        "machine's");
}

static void read_biases(struct reader *reader, struct kiss_machine *machine)
{
    unsigned pair = 0;
    for (unsigned a = 0; a < machine->class_count; a++) {
        for (unsigned b = a + 1; b < machine->class_count; b++, pair++) {
            if (!model_text_line(&reader->text, "bias"))
                return;
            expect_class(reader, &machine->classes[a]);
            expect_class(reader, &machine->classes[b]);
            machine->biases[pair] =
                (int32_t)model_text_number(&reader->text, "the bias", -INT32_MAX, INT32_MAX);
        }
    }
}

static void take_signature(struct model_text *text, struct kiss_block *blocks, unsigned index)
{
    struct kiss_signature signature;
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        signature.deviation[i] =
            (int16_t)model_text_number(text, "a deviation", 0, KISS_DEVIATION_MOST);
    kiss_block_put(blocks, index, &signature);
}

static void read_centroids(struct reader *reader, struct kiss_machine *machine)
{
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        for (unsigned i = 0; i < class->centroid_count; i++) {
            if (!model_text_line(&reader->text, "centroid"))
                return;
            expect_class(reader, class);
            take_signature(&reader->text, machine->centroids, class->centroid_first + i);
        }
    }
}

static void read_support(struct reader *reader, struct kiss_machine *machine,
                         const struct kiss_class *class, unsigned index)
{
    expect_class(reader, class);
    for (unsigned row = 0; row + 1 < machine->class_count; row++)
        machine->coefficients[(size_t)row * machine->support_count + index] =
            (int32_t)model_text_number(&reader->text, "a coefficient", -INT32_MAX, INT32_MAX);
    take_signature(&reader->text, machine->supports, index);
}

/* So that no sum of a class's supports can run over. */
static void check_sums(struct reader *reader, const struct kiss_machine *machine,
                       const struct kiss_class *class)
{
    for (unsigned row = 0; row + 1 < machine->class_count; row++) {
        const int32_t *coefficients =
            &machine->coefficients[(size_t)row * machine->support_count + class->support_first];
        int64_t sum = 0;
        for (unsigned i = 0; i < class->support_count; i++)
            sum += llabs((long long)coefficients[i]);
        if (sum > coefficient_sum_max)
            model_text_fault(&reader->text, "the class's coefficients add up to more than 2^37");
    }
}

static void read_supports(struct reader *reader, struct kiss_machine *machine)
{
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        for (unsigned i = 0; i < class->support_count; i++) {
            if (!model_text_line(&reader->text, "support"))
                return;
            read_support(reader, machine, class, class->support_first + i);
        }
        check_sums(reader, machine, class);
    }
}

static void read_machine(struct reader *reader, struct kiss_machine *machine)
{
    struct model_text *text = &reader->text;
    machine->gamma = read_count(text, "gamma", 1, UINT32_MAX);
    machine->class_count = read_count(text, "classes", 2, KISS_CLASSES_MAX);
    machine->support_count = read_count(text, "supports", 1, KISS_SUPPORTS_MAX);
    machine->centroid_count = read_count(text, "centroids", 1, KISS_SUPPORTS_MAX);
    if (text->is_bad)
        return;
    if (kiss_machine_make(machine, text->error)) {
        text->is_bad = true;
        return;
    }
    for (unsigned i = 0; i < machine->class_count; i++)
        read_class(reader, machine, i);
    if (!text->is_bad)
        place_classes(reader, machine);
    if (text->is_bad)
        return;
    read_biases(reader, machine);
    read_centroids(reader, machine);
    read_supports(reader, machine);
}

static void read_machines(struct reader *reader)
{
    struct model_text *text = &reader->text;
    do {
        char name[8] = "";
        if (!model_text_line(text, "machine") ||
            !model_text_word(text, "the transport", name, sizeof name))
            return;
        bool is_tcp = !strcmp(name, kiss_transport_name(KISS_TCP));
        struct kiss_machine *machine = &reader->model->machine[is_tcp ? KISS_TCP : KISS_UDP];
        if (!is_tcp && strcmp(name, kiss_transport_name(KISS_UDP)) != 0)
            model_text_fault(text, "transport 'udp' or 'tcp' is expected instead of '%s'", name);
        else if (machine->class_count)
            model_text_fault(text, "there is a machine for %s already", name);
        else
            read_machine(reader, machine);
    } while (model_text_is_next(text, "machine"));
}

int kiss_model_read(struct kiss_model **model, const char *text, size_t length,
                    const struct protocols *protocols, struct error *error)
{
    struct error own = {0};
    struct reader reader = {.model = calloc(1, sizeof *reader.model), .protocols = protocols};
    if (!error)
        error = &own;
    if (!reader.model)
        return error_set(error, ENOMEM, "out of memory for a model");
    model_text_open(&reader.text, text, length, error);
    memcpy(reader.model->sha256, reader.text.sha256, sizeof reader.model->sha256);
    read_head(&reader);
    if (!reader.text.is_bad)
        read_machines(&reader);
    if (!model_text_close(&reader.text)) {
        kiss_model_free(reader.model);
        return -error->code;
    }
    *model = reader.model;
    return 0;
}
