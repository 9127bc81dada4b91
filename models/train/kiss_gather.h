/* SPDX-License-Identifier: BSD-3-Clause */
/* What the endpoints of one capture look like and what they are: every window that the stochastic
 * tier fills there, beside the truth's word on its endpoint. */
#ifndef KISS_GATHER_H
#define KISS_GATHER_H

#include "classifier/stochastic_clock.h"
#include "dataplane/source.h"
#include "eval_truth.h"
#include "eval_words.h"

/* What a capture is cut down to before windows are filled: models must know what endpoints look
 * like where a capture has one direction only. */
enum kiss_half {
    KISS_BOTH,
    KISS_FORWARD,  /* from the smaller (address, port) to the larger */
    KISS_BACKWARD, /* the other direction */
    KISS_HALVES,
};

const char *kiss_half_name(enum kiss_half half);

/* Endpoints are numbered from 0 in each capture and half. `class` is of the words; endpoints of
 * which less than nine packets in ten are of one class are left out. */
struct kiss_window {
    uint32_t endpoint;
    unsigned class;
    enum kiss_transport transport;
    struct kiss_signature signature;
};

struct kiss_gathered {
    size_t count;
    struct kiss_window *windows; /* in the order they were filled */
};

struct kiss_gathering {
    const struct protocols *protocols;
    struct eval_words *words;
    enum eval_confidence least; /* of the truth's rows that count */
    struct complaint complaint;
};

/* Reads the capture at `path`, whose truth `rows` are. Returns 0 or -errno; `gathered` is to be
 * freed in either case. */
int kiss_gather(struct kiss_gathered *gathered, const struct kiss_gathering *gathering,
                const char *path, enum kiss_half half, const struct eval_row *rows, size_t count,
                struct error *error);

void kiss_gathered_free(struct kiss_gathered *gathered);

#endif
