/* SPDX-License-Identifier: BSD-3-Clause */
/* The code that checks are compiled into: what rule_expression.c writes, rule_machine.c runs and
 * rule_bounds.c reasons about. Postfix, for a stack of fixed depth:
 *
 *     u8[0] == 1 and length > 4     FIELD_AT CONSTANT EQUAL SETTLED LENGTH CONSTANT GREATER AND
 *                                   left ──────────────────┘        right ──────────────┘
 */
#ifndef CLASSIFIER_RULE_CODE_H
#define CLASSIFIER_RULE_CODE_H

#include "classifier/rule_expression.h"

enum {
    RULE_OPS_MAX = 256,
    RULE_RANGES_MAX = 32,
    RULE_STACK_MAX = 16,
};

/* Offsets and ranges beyond this mean the same as beyond the payload, and cannot overflow. */
#define RULE_ARGUMENT_LIMIT ((int64_t)1 << 40)

enum op_code {
    OP_CONSTANT, /* value */
    OP_FIELD,    /* pops the offset */
    OP_FIELD_AT, /* the offset is `value` */
    OP_LENGTH,
    OP_PACKET,
    OP_COUNT,
    OP_SIZE, /* pops the number */
    OP_CLIENT_PORT,
    OP_SERVER_PORT,
    OP_CALL, /* pops the arguments */
    OP_NEGATE,
    OP_COMPLEMENT,
    OP_NOT,
    OP_IN, /* value: first range << 8 | number of them */
    OP_NOT_IN,
    OP_SETTLED, /* value: the op to go on at when `or` or `and` is settled by its left side; no two
                   have the same */
    OP_OR,      /* from here on: two operands */
    OP_AND,
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_BIT_OR,
    OP_BIT_XOR,
    OP_BIT_AND,
    OP_SHIFT_LEFT,
    OP_SHIFT_RIGHT,
    OP_ADD,
    OP_SUBTRACT,
    OP_MULTIPLY,
    OP_DIVIDE,
    OP_REMAINDER,
};

struct op {
    uint8_t code;
    uint8_t view;
    uint8_t width; /* of a field, in bytes */
    bool is_little;
    int64_t value;
    const struct rule_function *function;
};

struct range {
    int64_t first, last;
};

struct rule_expression {
    unsigned op_count;
    unsigned range_count;
    unsigned views; /* set of 1 << enum rule_view_index */
    struct range range[RULE_RANGES_MAX];
    struct op op[]; /* RULE_OPS_MAX while it is read, then op_count */
};

/* Is the expression's part op[first..end-1], which leaves one number, true? Hot: cannot fail. */
bool rule_code_holds(const struct rule_expression *expression, unsigned first, unsigned end,
                     const struct rule_subject *subject);

/* Does what rule_expression_admits says depend on the byte at `place`? */
bool rule_expression_reads(const struct rule_expression *expression, unsigned place);

#endif
