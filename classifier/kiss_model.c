/* SPDX-License-Identifier: BSD-3-Clause */
/* Distances, kernel, votes: the model's answer to one signature. */
#include "classifier/kiss_model.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    POWER_BITS = 10, /* the table of 2^-x has 2^10 steps from 0 to 1, read with interpolation */
    POWERS = 1 << POWER_BITS,
    KERNEL_BITS = 24,   /* fractions of a kernel value */
    EXPONENT_BITS = 16, /* fractions of an exponent */
};

/* 2^-x in 2^-30ths, from x = 0 to 1. */
struct kiss_scratch {
    uint32_t powers[POWERS + 1];
    uint32_t lanes;
    uint32_t *distances; /* [lanes] */
    uint32_t *kernel;    /* [lanes] */
};

const char *kiss_transport_name(enum kiss_transport transport)
{
    static const char *const names[KISS_TRANSPORTS] = {"udp", "tcp"};
    return names[transport];
}

static size_t blocks_of(unsigned count)
{
    return (count + KISS_LANES - 1) / KISS_LANES;
}

int kiss_machine_make(struct kiss_machine *machine, struct error *error)
{
    size_t classes = machine->class_count;
    machine->supports = calloc(blocks_of(machine->support_count), sizeof *machine->supports);
    machine->centroids = calloc(blocks_of(machine->centroid_count), sizeof *machine->centroids);
    machine->coefficients =
        calloc((classes - 1) * machine->support_count, sizeof *machine->coefficients);
    machine->biases = calloc(classes * (classes - 1) / 2, sizeof *machine->biases);
    if (machine->supports && machine->centroids && machine->coefficients && machine->biases)
        return 0;
    return error_set(error, ENOMEM, "out of memory for a model");
}

void kiss_block_put(struct kiss_block *blocks, unsigned index,
                    const struct kiss_signature *signature)
{
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        blocks[index / KISS_LANES].deviation[i][index % KISS_LANES] = signature->deviation[i];
}

struct kiss_signature kiss_block_get(const struct kiss_block *blocks, unsigned index)
{
    struct kiss_signature signature;
    for (unsigned i = 0; i < KISS_NIBBLES; i++)
        signature.deviation[i] = blocks[index / KISS_LANES].deviation[i][index % KISS_LANES];
    return signature;
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

/* Each step is the one before it times 2^(-1/1024); 62 fractions, so that what is lost on the way
 * stays far below the 30 that are kept. */
static void fill_powers(uint32_t powers[POWERS + 1])
{
    static const uint64_t step = 4608565417332308035; /* 2^62 * 2^(-1/1024) */
    uint64_t power = 1ull << 62;
    for (unsigned i = 0; i <= POWERS; i++) {
        powers[i] = (uint32_t)((power + (1ull << 31)) >> 32);
        power = (uint64_t)((unsigned __int128)power * step >> 62);
    }
}

int kiss_scratch_new(struct kiss_scratch **scratch, const struct kiss_model *model,
                     struct error *error)
{
    uint32_t most = 0;
    for (unsigned i = 0; i < KISS_TRANSPORTS; i++) {
        const struct kiss_machine *machine = &model->machine[i];
        most = machine->support_count > most ? machine->support_count : most;
        most = machine->centroid_count > most ? machine->centroid_count : most;
    }
    struct kiss_scratch *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the stochastic tier");
    made->lanes = (most + KISS_LANES - 1) / KISS_LANES * KISS_LANES;
    made->distances = calloc(made->lanes + 1u, sizeof *made->distances);
    made->kernel = calloc(made->lanes + 1u, sizeof *made->kernel);
    if (!made->distances || !made->kernel) {
        kiss_scratch_free(made);
        return error_set(error, ENOMEM, "out of memory for the stochastic tier");
    }
    fill_powers(made->powers);
    *scratch = made;
    return 0;
}

void kiss_scratch_free(struct kiss_scratch *scratch)
{
    if (!scratch)
        return;
    if (scratch->distances)
        explicit_bzero(scratch->distances, scratch->lanes * sizeof *scratch->distances);
    if (scratch->kernel)
        explicit_bzero(scratch->kernel, scratch->lanes * sizeof *scratch->kernel);
    free(scratch->distances);
    free(scratch->kernel);
    free(scratch);
}

uint32_t kiss_distance(const struct kiss_signature *a, const struct kiss_signature *b)
{
    int32_t sum = 0;
    for (unsigned i = 0; i < KISS_NIBBLES; i++) {
        int32_t difference = a->deviation[i] - b->deviation[i];
        sum += difference * difference;
    }
    return (uint32_t)sum;
}

static void measure_block(const struct kiss_block *block, const struct kiss_signature *signature,
                          uint32_t distances[KISS_LANES])
{
    int32_t sums[KISS_LANES] = {0};
    for (unsigned i = 0; i < KISS_NIBBLES; i++) {
        int16_t here = signature->deviation[i];
        for (unsigned lane = 0; lane < KISS_LANES; lane++) {
            int16_t difference = (int16_t)(block->deviation[i][lane] - here);
            sums[lane] += (int32_t)difference * difference;
        }
    }
    memcpy(distances, sums, sizeof sums);
}

static void measure(const struct kiss_block *blocks, unsigned count,
                    const struct kiss_signature *signature, uint32_t *distances)
{
    for (unsigned i = 0; i * KISS_LANES < count; i++)
        measure_block(&blocks[i], signature, &distances[i * KISS_LANES]);
}

/* 2^-(gamma * distance), rounded to nearest. */
static uint32_t kernel_of(const struct kiss_scratch *scratch, uint32_t gamma, uint32_t distance)
{
    uint64_t exponent = (uint64_t)distance * gamma >> (48 - EXPONENT_BITS);
    uint64_t whole = exponent >> EXPONENT_BITS;
    if (whole > KERNEL_BITS)
        return 0;
    enum { REST_BITS = EXPONENT_BITS - POWER_BITS };
    uint32_t fraction = (uint32_t)exponent & ((1u << EXPONENT_BITS) - 1);
    uint32_t index = fraction >> REST_BITS;
    uint32_t rest = fraction & ((1u << REST_BITS) - 1);
    uint32_t power = scratch->powers[index] -
                     ((scratch->powers[index] - scratch->powers[index + 1]) * rest >> REST_BITS);
    unsigned shift = (unsigned)whole + 30 - KERNEL_BITS;
    return (uint32_t)(((uint64_t)power + (1ull << (shift - 1))) >> shift);
}

static void fill_kernel(const struct kiss_machine *machine, const struct kiss_signature *signature,
                        struct kiss_scratch *scratch)
{
    measure(machine->supports, machine->support_count, signature, scratch->distances);
    for (unsigned i = 0; i < machine->support_count; i++)
        scratch->kernel[i] = kernel_of(scratch, machine->gamma, scratch->distances[i]);
}

/* What the supports of `of` say about it against `against`. */
static int64_t sum_of(const struct kiss_machine *machine, const struct kiss_scratch *scratch,
                      unsigned of, unsigned against)
{
    const struct kiss_class *class = &machine->classes[of];
    unsigned row = against > of ? against - 1 : against;
    const int32_t *coefficients =
        &machine->coefficients[(size_t)row * machine->support_count + class->support_first];
    const uint32_t *kernel = &scratch->kernel[class->support_first];
    int64_t sum = 0;
    for (unsigned i = 0; i < class->support_count; i++)
        sum += (int64_t)coefficients[i] * (int64_t)kernel[i];
    return sum;
}

void kiss_values(const struct kiss_machine *machine, const struct kiss_signature *signature,
                 struct kiss_scratch *scratch, int64_t *values)
{
    fill_kernel(machine, signature, scratch);
    unsigned pair = 0;
    for (unsigned a = 0; a < machine->class_count; a++) {
        for (unsigned b = a + 1; b < machine->class_count; b++, pair++) {
            int64_t sum = sum_of(machine, scratch, a, b) + sum_of(machine, scratch, b, a);
            values[pair] = (sum >> KERNEL_BITS) - machine->biases[pair];
        }
    }
}

/* As libsvm: a value above zero is a vote for the first of the pair, and of equals the first wins.
 */
static unsigned winner_of(const struct kiss_machine *machine, const int64_t *values,
                          int64_t *margin)
{
    unsigned votes[KISS_CLASSES_MAX] = {0};
    int64_t least[KISS_CLASSES_MAX];
    for (unsigned i = 0; i < machine->class_count; i++)
        least[i] = INT64_MAX;
    unsigned pair = 0;
    for (unsigned a = 0; a < machine->class_count; a++) {
        for (unsigned b = a + 1; b < machine->class_count; b++, pair++) {
            int64_t value = values[pair];
            votes[value > 0 ? a : b]++;
            least[a] = value < least[a] ? value : least[a];
            least[b] = -value < least[b] ? -value : least[b];
        }
    }
    unsigned winner = 0;
    for (unsigned i = 1; i < machine->class_count; i++) {
        if (votes[i] > votes[winner])
            winner = i;
    }
    *margin = least[winner];
    return winner;
}

static uint32_t nearest_of(const struct kiss_class *class, const uint32_t *distances)
{
    uint32_t nearest = UINT32_MAX;
    for (unsigned i = 0; i < class->centroid_count; i++) {
        uint32_t distance = distances[class->centroid_first + i];
        nearest = distance < nearest ? distance : nearest;
    }
    return nearest;
}

static struct kiss_decision decide_by_vectors(const struct kiss_machine *machine,
                                              const struct kiss_signature *signature,
                                              struct kiss_scratch *scratch)
{
    int64_t values[KISS_CLASSES_MAX * (KISS_CLASSES_MAX - 1) / 2];
    struct kiss_decision decision = {.protocol = PROTOCOL_UNKNOWN};
    kiss_values(machine, signature, scratch, values);
    decision.winner = winner_of(machine, values, &decision.margin);
    const struct kiss_class *class = &machine->classes[decision.winner];
    measure(machine->centroids, machine->centroid_count, signature, scratch->distances);
    decision.distance = nearest_of(class, scratch->distances);
    if (decision.margin >= class->margin && decision.distance <= class->reach)
        decision.protocol = class->protocol;
    return decision;
}

static struct kiss_decision decide_by_centroids(const struct kiss_machine *machine,
                                                const struct kiss_signature *signature,
                                                struct kiss_scratch *scratch)
{
    struct kiss_decision decision = {.protocol = PROTOCOL_UNKNOWN, .distance = UINT32_MAX};
    measure(machine->centroids, machine->centroid_count, signature, scratch->distances);
    for (unsigned i = 0; i < machine->class_count; i++) {
        uint32_t nearest = nearest_of(&machine->classes[i], scratch->distances);
        if (nearest < decision.distance) {
            decision.distance = nearest;
            decision.winner = i;
        }
    }
    const struct kiss_class *class = &machine->classes[decision.winner];
    if (decision.distance <= class->reach)
        decision.protocol = class->protocol;
    return decision;
}

struct kiss_decision kiss_decide(const struct kiss_machine *machine,
                                 const struct kiss_signature *signature, enum kiss_method method,
                                 struct kiss_scratch *scratch)
{
    assert(machine->class_count);
    return method == KISS_VECTORS ? decide_by_vectors(machine, signature, scratch)
                                  : decide_by_centroids(machine, signature, scratch);
}
