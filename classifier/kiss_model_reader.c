/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads models of kind kiss and proves them before first use. Scores nothing. */
#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/kiss_model.h"

enum { WORDS_MAX = KISS_CLASSES_MAX + KISS_NIBBLES + 16, WORD_MAX = 64 };

/* A sum of products with kernel values of 24 fractions must fit 62 bits. */
static const int64_t coefficient_sum_max = (int64_t)1 << 37;

/* The text under way, line by line. `words` are of the current line. */
struct reader {
    const char *at;
    size_t left;
    const char *line;
    size_t line_length;
    unsigned number;
    unsigned word_count;
    struct {
        const char *at;
        size_t length;
    } words[WORDS_MAX];
    const struct protocols *protocols;
    struct error *error;
};

__attribute__((format(printf, 2, 3))) static int refuse(struct reader *reader, const char *format,
                                                        ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (reader->error)
        reader->error->line = reader->number;
    return error_set(reader->error, EINVAL, "%s", text);
}

/* Words are parted by single blanks. */
static int part_words(struct reader *reader)
{
    const char *at = reader->line;
    const char *end = at + reader->line_length;
    reader->word_count = 0;
    while (at < end) {
        const char *blank = memchr(at, ' ', (size_t)(end - at));
        const char *stop = blank ? blank : end;
        if (reader->word_count == WORDS_MAX || stop == at || stop + 1 == end)
            return refuse(reader, "expected at most %d words parted by single blanks", WORDS_MAX);
        reader->words[reader->word_count].at = at;
        reader->words[reader->word_count++].length = (size_t)(stop - at);
        at = stop + 1;
    }
    return 0;
}

static bool is_word(const struct reader *reader, unsigned index, const char *word)
{
    return index < reader->word_count && reader->words[index].length == strlen(word) &&
           !memcmp(reader->words[index].at, word, reader->words[index].length);
}

static int next_line(struct reader *reader, const char *expected)
{
    reader->number++;
    const char *end = reader->left ? memchr(reader->at, '\n', reader->left) : NULL;
    if (!end)
        return refuse(reader, "the file ends where '%s' was expected", expected);
    reader->line = reader->at;
    reader->line_length = (size_t)(end - reader->at);
    reader->at = end + 1;
    reader->left -= reader->line_length + 1;
    int failure = part_words(reader);
    if (!failure && !is_word(reader, 0, expected))
        failure = refuse(reader, "expected '%s' here", expected);
    return failure;
}

/* Decimal, with '-' where negative, no leading zeros. */
static int take_number(struct reader *reader, unsigned index, int64_t least, int64_t most,
                       int64_t *value)
{
    const char *at = index < reader->word_count ? reader->words[index].at : "";
    size_t length = index < reader->word_count ? reader->words[index].length : 0;
    bool is_negative = length && *at == '-';
    uint64_t sum = 0;
    bool is_good = length > is_negative && length < 18;
    is_good = is_good && (at[is_negative] != '0' || length == 1);
    for (size_t i = is_negative; is_good && i < length; i++) {
        is_good = at[i] >= '0' && at[i] <= '9';
        sum = sum * 10 + (uint64_t)(at[i] - '0');
    }
    *value = is_negative ? -(int64_t)sum : (int64_t)sum;
    if (is_good && *value >= least && *value <= most)
        return 0;
    return refuse(reader, "expected a number from %" PRId64 " to %" PRId64 " as word %u", least,
                  most, index + 1);
}

static int take_count(struct reader *reader, unsigned index, uint32_t least, uint32_t most,
                      uint32_t *count)
{
    int64_t value = 0;
    int failure = take_number(reader, index, least, most, &value);
    *count = (uint32_t)value;
    return failure;
}

static int expect_words(struct reader *reader, unsigned count)
{
    if (reader->word_count == count)
        return 0;
    return refuse(reader, "expected %u words, found %u", count, reader->word_count);
}

/* A line of a word and a number. */
static int read_count(struct reader *reader, const char *word, uint32_t least, uint32_t most,
                      uint32_t *count)
{
    int failure = next_line(reader, word);
    if (!failure)
        failure = expect_words(reader, 2);
    return failure ? failure : take_count(reader, 1, least, most, count);
}

static int read_exactly(struct reader *reader, const char *word, const char *value,
                        const char *what)
{
    int failure = next_line(reader, word);
    if (!failure && (reader->word_count != 2 || !is_word(reader, 1, value)))
        failure = refuse(reader, "expected '%s %s': %s", word, value, what);
    return failure;
}

/* A line of a word and the rest as it stands: printable ASCII. */
static int read_text(struct reader *reader, const char *word, char text[KISS_TEXT_MAX + 1])
{
    int failure = next_line(reader, word);
    if (failure)
        return failure;
    size_t skipped = strlen(word) + 1;
    size_t length = reader->word_count > 1 ? reader->line_length - skipped : 0;
    bool is_good = length && length <= KISS_TEXT_MAX;
    for (size_t i = 0; is_good && i < length; i++)
        is_good = reader->line[skipped + i] >= ' ' && reader->line[skipped + i] <= '~';
    if (!is_good)
        return refuse(reader, "expected 1 to %d printable characters after '%s'", KISS_TEXT_MAX,
                      word);
    memcpy(text, reader->line + skipped, length);
    text[length] = '\0';
    return 0;
}

static int read_parameter(struct reader *reader, const char *name, uint32_t value)
{
    uint32_t found = 0;
    int failure = next_line(reader, "parameter");
    if (!failure && (reader->word_count != 3 || !is_word(reader, 1, name)))
        failure = refuse(reader, "expected 'parameter %s %u'", name, value);
    if (!failure)
        failure = take_count(reader, 2, value, value, &found);
    return failure;
}

static int read_head(struct reader *reader, struct kiss_model *model)
{
    int failure = read_exactly(reader, "glassbox-model", "1", "the version this program reads");
    if (!failure)
        failure = read_exactly(reader, "kind", "kiss", "a model of the stochastic tier");
    if (!failure)
        failure = read_text(reader, "name", model->name);
    if (!failure)
        failure = read_text(reader, "site", model->site);
    if (!failure)
        failure = read_parameter(reader, "bytes", KISS_BYTES);
    if (!failure)
        failure = read_parameter(reader, "window", KISS_WINDOW);
    if (!failure)
        failure = read_parameter(reader, "segments", KISS_SEGMENTS);
    return failure;
}

/* The protocol that a word names. */
static int take_protocol(struct reader *reader, unsigned index, uint16_t *protocol)
{
    char name[WORD_MAX] = "";
    size_t length = index < reader->word_count ? reader->words[index].length : 0;
    if (length && length < sizeof name)
        memcpy(name, reader->words[index].at, length);
    int id = protocols_find(reader->protocols, name);
    if (id < 0)
        return refuse(reader, "there is no protocol '%.*s'", (int)(length > 40 ? 40 : length),
                      index < reader->word_count ? reader->words[index].at : "");
    *protocol = (uint16_t)id;
    return 0;
}

/* The words and numbers of a class line after its name; what counts is checked by the caller. */
static int take_class_numbers(struct reader *reader, struct kiss_class *class)
{
    static const char *const keys[] = {"signatures", "supports", "centroids", "margin", "reach"};
    int64_t numbers[5] = {0};
    int failure = expect_words(reader, 12);
    for (unsigned i = 0; !failure && i < 5; i++) {
        if (!is_word(reader, 2 + 2 * i, keys[i]))
            failure = refuse(reader, "expected '%s' as word %u", keys[i], 3 + 2 * i);
        else
            failure = take_number(reader, 3 + 2 * i, i == 3 ? -INT32_MAX : 0,
                                  i == 4 ? UINT32_MAX : INT32_MAX, &numbers[i]);
    }
    class->signature_count = (uint32_t)numbers[0];
    class->support_count = (uint32_t)numbers[1];
    class->centroid_count = (uint32_t)numbers[2];
    class->margin = (int32_t)numbers[3];
    class->reach = (uint32_t)numbers[4];
    return failure;
}

static int read_class(struct reader *reader, struct kiss_machine *machine, unsigned index)
{
    struct kiss_class *class = &machine->classes[index];
    int failure = next_line(reader, "class");
    if (!failure)
        failure = take_protocol(reader, 1, &class->protocol);
    for (unsigned i = 0; !failure && i < index; i++) {
        if (machine->classes[i].protocol == class->protocol)
            failure = refuse(reader, "this class was described before");
    }
    if (!failure)
        failure = take_class_numbers(reader, class);
    if (failure || !index)
        return failure;
    const struct kiss_class *before = class - 1;
    class->support_first = before->support_first + before->support_count;
    class->centroid_first = before->centroid_first + before->centroid_count;
    if (class->support_first > machine->support_count ||
        class->centroid_first > machine->centroid_count)
        return refuse(reader, "the classes have more supports or centroids than the machine");
    return 0;
}

static int read_classes(struct reader *reader, struct kiss_machine *machine)
{
    int failure = 0;
    for (unsigned i = 0; !failure && i < machine->class_count; i++)
        failure = read_class(reader, machine, i);
    if (failure)
        return failure;
    const struct kiss_class *last = &machine->classes[machine->class_count - 1];
    if ((uint64_t)last->support_first + last->support_count != machine->support_count ||
        (uint64_t)last->centroid_first + last->centroid_count != machine->centroid_count)
        return refuse(reader, "expected the classes' supports and centroids to add up to the "
                              "machine's");
    return 0;
}

static int expect_class(struct reader *reader, unsigned index, const struct kiss_class *class)
{
    const char *name = protocols_get(reader->protocols, class->protocol)->name;
    if (is_word(reader, index, name))
        return 0;
    return refuse(reader, "expected class '%s' as word %u", name, index + 1);
}

static int read_biases(struct reader *reader, struct kiss_machine *machine)
{
    unsigned pair = 0;
    for (unsigned a = 0; a < machine->class_count; a++) {
        for (unsigned b = a + 1; b < machine->class_count; b++, pair++) {
            int64_t value = 0;
            int failure = next_line(reader, "bias");
            if (!failure)
                failure = expect_words(reader, 4);
            if (!failure)
                failure = expect_class(reader, 1, &machine->classes[a]);
            if (!failure)
                failure = expect_class(reader, 2, &machine->classes[b]);
            if (!failure)
                failure = take_number(reader, 3, -INT32_MAX, INT32_MAX, &value);
            if (failure)
                return failure;
            machine->biases[pair] = (int32_t)value;
        }
    }
    return 0;
}

static int take_signature(struct reader *reader, unsigned first, struct kiss_block *blocks,
                          unsigned index)
{
    struct kiss_block *block = &blocks[index / KISS_LANES];
    for (unsigned i = 0; i < KISS_NIBBLES; i++) {
        int64_t value = 0;
        int failure = take_number(reader, first + i, 0, KISS_DEVIATION_MOST, &value);
        if (failure)
            return failure;
        block->deviation[i][index % KISS_LANES] = (int16_t)value;
    }
    return 0;
}

static int read_centroids(struct reader *reader, struct kiss_machine *machine)
{
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        for (unsigned i = 0; i < class->centroid_count; i++) {
            int failure = next_line(reader, "centroid");
            if (!failure)
                failure = expect_words(reader, 2 + KISS_NIBBLES);
            if (!failure)
                failure = expect_class(reader, 1, class);
            if (!failure)
                failure = take_signature(reader, 2, machine->centroids, class->centroid_first + i);
            if (failure)
                return failure;
        }
    }
    return 0;
}

static int read_support(struct reader *reader, struct kiss_machine *machine,
                        const struct kiss_class *class, unsigned index)
{
    unsigned others = machine->class_count - 1;
    int failure = next_line(reader, "support");
    if (!failure)
        failure = expect_words(reader, 2 + others + KISS_NIBBLES);
    if (!failure)
        failure = expect_class(reader, 1, class);
    for (unsigned i = 0; !failure && i < others; i++) {
        int64_t value = 0;
        failure = take_number(reader, 2 + i, -INT32_MAX, INT32_MAX, &value);
        machine->coefficients[(size_t)i * machine->support_count + index] = (int32_t)value;
    }
    return failure ? failure : take_signature(reader, 2 + others, machine->supports, index);
}

/* So that no sum of kernel_of() times coefficients can run over. */
static int check_sums(struct reader *reader, const struct kiss_machine *machine,
                      const struct kiss_class *class)
{
    for (unsigned row = 0; row + 1 < machine->class_count; row++) {
        int64_t sum = 0;
        for (unsigned i = 0; i < class->support_count; i++) {
            int64_t value =
                machine
                    ->coefficients[(size_t)row * machine->support_count + class->support_first + i];
            sum += value < 0 ? -value : value;
        }
        if (sum > coefficient_sum_max)
            return refuse(reader, "the coefficients of this class add up to more than %" PRId64,
                          coefficient_sum_max);
    }
    return 0;
}

static int read_supports(struct reader *reader, struct kiss_machine *machine)
{
    for (unsigned c = 0; c < machine->class_count; c++) {
        const struct kiss_class *class = &machine->classes[c];
        int failure = 0;
        for (unsigned i = 0; !failure && i < class->support_count; i++)
            failure = read_support(reader, machine, class, class->support_first + i);
        if (!failure)
            failure = check_sums(reader, machine, class);
        if (failure)
            return failure;
    }
    return 0;
}

static size_t blocks_of(unsigned count)
{
    return (count + KISS_LANES - 1) / KISS_LANES;
}

static int make_machine(struct reader *reader, struct kiss_machine *machine)
{
    size_t classes = machine->class_count;
    machine->supports = calloc(blocks_of(machine->support_count), sizeof *machine->supports);
    machine->centroids = calloc(blocks_of(machine->centroid_count), sizeof *machine->centroids);
    machine->coefficients =
        calloc((classes - 1) * machine->support_count, sizeof *machine->coefficients);
    machine->biases = calloc(classes * (classes - 1) / 2, sizeof *machine->biases);
    if (machine->supports && machine->centroids && machine->coefficients && machine->biases)
        return 0;
    return error_set(reader->error, ENOMEM, "out of memory for a model of the stochastic tier");
}

static int read_machine(struct reader *reader, struct kiss_machine *machine)
{
    uint32_t classes = 0;
    int failure = read_count(reader, "gamma", 1, UINT32_MAX, &machine->gamma);
    if (!failure)
        failure = read_count(reader, "classes", 2, KISS_CLASSES_MAX, &classes);
    if (!failure)
        failure = read_count(reader, "supports", 1, KISS_SUPPORTS_MAX, &machine->support_count);
    if (!failure)
        failure = read_count(reader, "centroids", 1, KISS_SUPPORTS_MAX, &machine->centroid_count);
    machine->class_count = classes;
    if (!failure)
        failure = make_machine(reader, machine);
    if (!failure)
        failure = read_classes(reader, machine);
    if (!failure)
        failure = read_biases(reader, machine);
    if (!failure)
        failure = read_centroids(reader, machine);
    return failure ? failure : read_supports(reader, machine);
}

static bool is_next(const struct reader *reader, const char *word)
{
    size_t length = strlen(word);
    return reader->left >= length && !memcmp(reader->at, word, length);
}

static int read_machines(struct reader *reader, struct kiss_model *model)
{
    int failure = 0;
    bool has_any = false;
    while (!failure && (is_next(reader, "machine ") || !has_any)) {
        failure = next_line(reader, "machine");
        enum kiss_transport transport = is_word(reader, 1, "tcp") ? KISS_TCP : KISS_UDP;
        if (!failure &&
            (reader->word_count != 2 || !is_word(reader, 1, kiss_transport_name(transport))))
            failure = refuse(reader, "expected 'machine udp' or 'machine tcp'");
        if (!failure && model->machine[transport].class_count)
            failure = refuse(reader, "expected one machine for each transport");
        if (!failure)
            failure = read_machine(reader, &model->machine[transport]);
        has_any = true;
    }
    return failure;
}

static void digest(const char *text, size_t length, char hexadecimal[65])
{
    unsigned char bytes[EVP_MAX_MD_SIZE] = {0};
    size_t size = sizeof bytes;
    EVP_Q_digest(NULL, "SHA256", NULL, text, length, bytes, &size);
    for (unsigned i = 0; i < 32; i++)
        snprintf(hexadecimal + (size_t)2 * i, 3, "%02x", bytes[i]);
}

/* The last line, over everything before it. */
static int read_digest(struct reader *reader, struct kiss_model *model, const char *text)
{
    digest(text, (size_t)(reader->at - text), model->sha256);
    int failure = next_line(reader, "sha256");
    if (!failure && (reader->word_count != 2 || !is_word(reader, 1, model->sha256)))
        failure = refuse(reader, "the digest is not that of the lines above: the file was changed "
                                 "or damaged");
    if (!failure && reader->left) {
        reader->number++;
        failure = refuse(reader, "expected nothing after the digest");
    }
    return failure;
}

int kiss_model_read(struct kiss_model **model, const char *text, size_t length,
                    const struct protocols *protocols, struct error *error)
{
    struct kiss_model *made = calloc(1, sizeof *made);
    struct reader *reader = calloc(1, sizeof *reader);
    int failure = 0;
    if (!made || !reader)
        failure = error_set(error, ENOMEM, "out of memory for a model of the stochastic tier");
    if (!failure) {
        *reader =
            (struct reader){.at = text, .left = length, .protocols = protocols, .error = error};
        failure = read_head(reader, made);
    }
    if (!failure)
        failure = read_machines(reader, made);
    if (!failure)
        failure = read_digest(reader, made, text);
    free(reader);
    if (failure) {
        kiss_model_free(made);
        return failure;
    }
    *model = made;
    return 0;
}

void kiss_model_free(struct kiss_model *model)
{
    if (!model)
        return;
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        free(model->machine[i].supports);
        free(model->machine[i].centroids);
        free(model->machine[i].coefficients);
        free(model->machine[i].biases);
    }
    free(model);
}
