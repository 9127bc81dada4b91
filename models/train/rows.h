/* SPDX-License-Identifier: BSD-3-Clause */
/* A data set: flows of known protocol, and their features at each checkpoint. Written by `dataset`,
 * read by all else that learns or measures.
 *
 *     glassbox-rows 1
 *     features 54 transport packets size_1 ...
 *     flow SITE CAPTURE HOSTS LABEL GROUP BYTES L4 PORT PORT PORTS FIRST FIRST VARIATION
 *     at CHECKPOINT PACKETS END VALUE ...
 *
 * Fields are parted by blanks. HOSTS is a hash (8 hexadecimal digits) of the pair of hosts: equal
 * for the same pair, seldom for others, never an address. LABEL is the protocol, in our names where
 * it has one, GROUP its category ("-" where it has none of ours). BYTES are the flow's own on the
 * wire. PORTs are the lower and the higher one, PORTS what the ports tier says: for baselines only.
 * FIRST are the first four bytes of payload, forward and backward, hexadecimal, "-" for none.
 * VARIATION is how the flow was changed (enum variation). Then its rows: CHECKPOINT in data
 * packets; PACKETS that there were; END is 1 for a flow that was over before the checkpoint. VALUE
 * "." is missing. */
#ifndef ROWS_H
#define ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "classifier/feature.h"

enum variation {
    VARIATION_WHOLE,
    VARIATION_FORWARD,  /* only what the side of the first packet sent */
    VARIATION_BACKWARD, /* only what the other side sent */
    VARIATION_SEGMENTS, /* TCP streams cut into segments of another size */
    VARIATIONS,
};

const char *variation_name(enum variation variation);

/* Texts that occur often, each kept once. */
struct names {
    char **texts;
    unsigned count;
    unsigned room;
};

/* The number of a text, noted if it is new; -1 when memory is out. */
int names_note(struct names *names, const char *text);

/* Its number, or -1. */
int names_find(const struct names *names, const char *text);

struct rows_flow {
    uint32_t site;
    uint32_t capture;
    uint32_t hosts;
    uint32_t label;
    uint32_t group;
    uint32_t ports; /* among the labels */
    uint64_t bytes;
    uint32_t first[2]; /* four bytes each, the first one on top */
    bool has_first[2];
    uint16_t port[2];
    uint8_t protocol; /* IP protocol number */
    uint8_t variation;
    uint32_t row; /* its first one */
    uint32_t row_count;
};

struct row {
    uint32_t flow;
    uint16_t packets;
    uint8_t checkpoint; /* 0 to FEATURE_CHECKPOINTS - 1 */
    bool is_end;
};

struct rows {
    struct names sites;
    struct names captures; /* "SITE/NAME" */
    struct names labels;
    struct names groups;
    size_t flow_count, flow_room;
    struct rows_flow *flows;
    size_t count, room;
    struct row *rows;
    int16_t (*values)[FEATURES]; /* of each row, in this program's order */
};

void rows_free(struct rows *rows);

/* Adds a flow, or a row to the flow added last. The values are copied. 0 or -ENOMEM. */
int rows_add_flow(struct rows *rows, const struct rows_flow *flow);
int rows_add(struct rows *rows, const struct row *row, const int16_t *values);

/* Fails like printf. */
int rows_write(const struct rows *rows, FILE *out);

/* Reads a file: adds to `rows`, which begins zeroed and is to be freed in either case. Features
 * this program does not know are refused by name, those the file lacks are missing. Returns 0, or
 * -errno with `error` and its line filled. */
int rows_read(struct rows *rows, const char *path, struct error *error);

#endif
