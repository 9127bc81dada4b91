/* SPDX-License-Identifier: BSD-3-Clause */
/* A model of what protocols' signatures look like: read from text (docs/model-format.md, kind
 * kiss), then asked about single signatures. Everything in it is integers, so that a model gives
 * the same verdict on every machine.
 *
 *     signature ─┬─ support vectors: K = 2^-(g |x - s|^2)   one pass over all of them
 *                │     └─ pairs of classes: f(a,b) = sum c K - bias, the sign is a vote
 *                │           └─ class with most votes, margin = its smallest f against any other
 *                └─ centroids of that class: the nearest one's distance
 *
 * A verdict is the class with most votes (the first of equals, as libsvm has it), unless the margin
 * is below the class's or the signature lies further than the class's reach from each of its
 * centroids: then it is none. Foremski (2012) rejects by margin; the reach is added because far
 * from all support vectors the margin says nothing about x.
 *
 * The cheap alternative asks for the nearest centroid of all classes, within its class's reach. */
#ifndef CLASSIFIER_KISS_MODEL_H
#define CLASSIFIER_KISS_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/kiss.h"
#include "classifier/protocol.h"

enum {
    KISS_CLASSES_MAX = 64,
    KISS_SUPPORTS_MAX = 20000,  /* of one machine, and as many centroids */
    KISS_COEFFICIENT_BITS = 16, /* fractions in coefficients, biases, margins and values */
    KISS_NAME_MAX = 63,
    KISS_TRAINED_MAX = 255,
};

/* UDP and TCP are learnt apart: a model has a machine for either or for both. */
enum kiss_transport { KISS_UDP, KISS_TCP, KISS_TRANSPORTS };

/* The word in models ("udp"). */
const char *kiss_transport_name(enum kiss_transport transport);

struct kiss_class {
    uint16_t protocol;        /* PROTOCOL_UNKNOWN: what is known to be none of the others */
    uint32_t signature_count; /* that it was learnt from */
    uint32_t support_first;   /* its support vectors */
    uint32_t support_count;
    uint32_t centroid_first;
    uint32_t centroid_count;
    int32_t margin; /* least value against any other class, KISS_COEFFICIENT_BITS */
    uint32_t reach; /* greatest squared distance to the nearest centroid */
};

/* KISS_LANES signatures, nibble by nibble, so that distances to all of them are computed side by
 * side. Lanes beyond the last signature are zero. */
enum { KISS_LANES = 32 };
struct kiss_block {
    int16_t deviation[KISS_NIBBLES][KISS_LANES];
};

struct kiss_machine {
    unsigned class_count; /* 0: the model has no machine for this transport */
    unsigned support_count;
    unsigned centroid_count;
    uint32_t gamma; /* exponent by squared distance, in 2^-48 powers of two */
    struct kiss_class classes[KISS_CLASSES_MAX];
    struct kiss_block *supports; /* by class; as many blocks as it takes, like the next */
    struct kiss_block *centroids;
    int32_t *coefficients; /* [class_count - 1][support_count]: as libsvm's sv_coef */
    int32_t *biases;       /* [class_count * (class_count - 1) / 2]: as libsvm's rho */
};

struct kiss_model {
    char name[KISS_NAME_MAX + 1];       /* a-z, 0-9, '-', '+', '.', '_' */
    char site[KISS_NAME_MAX + 1];       /* likewise */
    char trained[KISS_TRAINED_MAX + 1]; /* how, in words */
    char sha256[65];                    /* hexadecimal, of all lines before the digest's */
    struct kiss_machine machine[KISS_TRANSPORTS];
};

/* Room for the counts that `machine` has: class_count, support_count, centroid_count. Returns 0 or
 * -ENOMEM; kiss_model_free of its model frees it in either case. */
int kiss_machine_make(struct kiss_machine *machine, struct error *error);

/* Puts a signature into place `index` of supports or centroids, or takes it from there. */
void kiss_block_put(struct kiss_block *blocks, unsigned index,
                    const struct kiss_signature *signature);
struct kiss_signature kiss_block_get(const struct kiss_block *blocks, unsigned index);

/* Reads a whole model file of `length` bytes, not NUL-terminated. Classes must be protocols that
 * `protocols` has. Returns 0; -EINVAL with the line and what was expected there; or -ENOMEM. What
 * it returns can be asked without further checks. */
int kiss_model_read(struct kiss_model **model, const char *text, size_t length,
                    const struct protocols *protocols, struct error *error);

/* Null is fine. */
void kiss_model_free(struct kiss_model *model);

/* Memory for the distances and values of one question; one for each thread. */
struct kiss_scratch;

/* For all machines of the model. Returns 0 or -ENOMEM. */
int kiss_scratch_new(struct kiss_scratch **scratch, const struct kiss_model *model,
                     struct error *error);
/* Wipes it. Null is fine. */
void kiss_scratch_free(struct kiss_scratch *scratch);

enum kiss_method { KISS_VECTORS, KISS_CENTROIDS };

/* What was found, and how sure it is. */
struct kiss_decision {
    uint16_t protocol; /* PROTOCOL_UNKNOWN when rejected */
    unsigned winner;   /* class, rejected or not */
    int64_t margin;    /* KISS_VECTORS: its least value; fractions as in the model */
    uint32_t distance; /* squared, to its nearest centroid */
};

/* Decides about one signature. The machine has classes. Hot: cannot fail. */
struct kiss_decision kiss_decide(const struct kiss_machine *machine,
                                 const struct kiss_signature *signature, enum kiss_method method,
                                 struct kiss_scratch *scratch);

/* The values of all pairs, in libsvm's order (0,1), (0,2), ... (1,2), ...: what kiss_decide votes
 * by; fractions as in the model. `values` has room for all pairs. */
void kiss_values(const struct kiss_machine *machine, const struct kiss_signature *signature,
                 struct kiss_scratch *scratch, int64_t *values);

/* Squared distance of two signatures: at most 24 * 6000^2, which 32 bits hold. */
uint32_t kiss_distance(const struct kiss_signature *a, const struct kiss_signature *b);

#endif
