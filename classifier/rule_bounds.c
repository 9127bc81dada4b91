/* SPDX-License-Identifier: BSD-3-Clause */
/* What a check asks of a payload that can be seen at a glance: its first bytes, its length, what
 * there is beside it. Only ever errs by admitting more than can be. */
#include "rule_code.h"

/* The parts of `and` and `or` are asked one by one; a leaf has neither. */
struct question {
    bool (*leaf)(const struct rule_expression *expression, unsigned first, unsigned end,
                 const struct question *question);
    unsigned place; /* of `byte` */
    uint8_t byte;
    uint32_t least, most; /* bytes of the payload */
    unsigned view;
};

/* Where the left side of the operator that ends op[first..end-1] ends. */
static unsigned left_end(const struct rule_expression *expression, unsigned first, unsigned end)
{
    unsigned at = first;
    while (expression->op[at].code != OP_SETTLED || expression->op[at].value != (int64_t)end)
        at++;
    return at;
}

static bool ask(const struct rule_expression *expression, unsigned first, unsigned end,
                const struct question *question)
{
    enum op_code last = expression->op[end - 1].code;
    if (last != OP_AND && last != OP_OR)
        return question->leaf(expression, first, end, question);
    unsigned middle = left_end(expression, first, end);
    bool is_left = ask(expression, first, middle, question);
    if (is_left == (last == OP_OR))
        return is_left;
    return ask(expression, middle + 1, end - 1, question);
}

/* Without anything that makes a truth of what is short, but for one comparison at the end: where a
 * part is short, all of it is false. */
static bool is_strict(const struct rule_expression *expression, unsigned first, unsigned end)
{
    for (unsigned i = first; i < end; i++) {
        enum op_code code = expression->op[i].code;
        bool is_truth = code >= OP_NOT && code <= OP_GREATER_EQUAL;
        bool is_comparison =
            code == OP_IN || code == OP_NOT_IN || (code >= OP_EQUAL && code <= OP_GREATER_EQUAL);
        if (is_truth && !(is_comparison && i == end - 1))
            return false;
    }
    return true;
}

/* The code reads nothing but what `is_it` says. */
static bool reads_only(const struct rule_expression *expression, unsigned first, unsigned end,
                       bool (*is_it)(const struct op *op, const struct question *question),
                       const struct question *question)
{
    for (unsigned i = first; i < end; i++) {
        const struct op *op = &expression->op[i];
        bool is_pure = op->code == OP_CONSTANT || op->code >= OP_NEGATE;
        if (!is_pure && !is_it(op, question))
            return false;
    }
    return true;
}

static bool is_the_byte(const struct op *op, const struct question *question)
{
    return op->code == OP_FIELD_AT && op->value == question->place && op->width == 1 &&
           op->view == RULE_VIEW_THIS;
}

/* Can a number from `range` have `byte` where `shift` bits are below it? */
static bool range_admits(struct range range, int64_t most, unsigned shift, uint8_t byte)
{
    int64_t first = range.first > 0 ? range.first : 0;
    int64_t last = range.last < most ? range.last : most;
    if (first > last)
        return false;
    uint64_t low = (uint64_t)first >> shift;
    uint64_t high = (uint64_t)last >> shift;
    return high - low >= 255 || ((byte - low) & 255) <= high - low;
}

static struct range range_of(enum op_code comparison, int64_t value)
{
    switch (comparison) {
    case OP_EQUAL:
        return (struct range){value, value};
    case OP_LESS:
        return (struct range){0, value - 1};
    case OP_LESS_EQUAL:
        return (struct range){0, value};
    case OP_GREATER:
        return (struct range){value < INT64_MAX ? value + 1 : value, INT64_MAX};
    case OP_GREATER_EQUAL:
        return (struct range){value, INT64_MAX};
    default:
        return (struct range){0, INT64_MAX};
    }
}

/* "field == constant", "field in ranges", "field & constant == constant", where the field has the
 * byte `shift` bits from its end. */
static bool field_admits(const struct rule_expression *expression, const struct op *op,
                         unsigned count, unsigned shift, uint8_t byte)
{
    int64_t most = ((int64_t)1 << 8 * op[0].width) - 1;
    if (count == 5 && op[1].code == OP_CONSTANT && op[2].code == OP_BIT_AND &&
        op[3].code == OP_CONSTANT && op[4].code == OP_EQUAL)
        return (byte & (op[1].value >> shift & 255)) == (op[3].value >> shift & 255);
    if (count == 3 && op[1].code == OP_CONSTANT)
        return range_admits(range_of(op[2].code, op[1].value), most, shift, byte);
    if (count != 2 || op[1].code != OP_IN)
        return true;
    const struct range *range = &expression->range[op[1].value >> 8];
    for (unsigned i = 0; i < (op[1].value & 255); i++) {
        if (range_admits(range[i], most, shift, byte))
            return true;
    }
    return false;
}

static bool leaf_admits_byte(const struct rule_expression *expression, unsigned first, unsigned end,
                             const struct question *question)
{
    enum { WIDTH_MAX = 4 };
    unsigned place = question->place;
    if (reads_only(expression, first, end, is_the_byte, question)) {
        uint8_t bytes[RULE_PLACES] = {0};
        bytes[place] = question->byte;
        struct rule_subject subject = {0};
        subject.view[RULE_VIEW_THIS] = (struct rule_view){
            .bytes = bytes, .captured_bytes = place + 1, .length = place + 1, .is_there = true};
        return rule_code_holds(expression, first, end, &subject);
    }
    const struct op *field = &expression->op[first];
    if (field->code != OP_FIELD_AT || field->view != RULE_VIEW_THIS || field->width > WIDTH_MAX ||
        field->value < 0 || place < field->value || place >= field->value + field->width)
        return true;
    unsigned within = place - (unsigned)field->value;
    unsigned shift = 8 * (field->is_little ? within : field->width - 1u - within);
    return field_admits(expression, field, end - first, shift, question->byte);
}

bool rule_expression_reads(const struct rule_expression *expression, unsigned place)
{
    for (unsigned i = 0; i < expression->op_count; i++) {
        const struct op *op = &expression->op[i];
        if (op->code == OP_FIELD_AT && op->view == RULE_VIEW_THIS && place >= op->value &&
            place < op->value + op->width)
            return true;
    }
    return false;
}

bool rule_expression_admits(const struct rule_expression *expression, unsigned place, uint8_t byte)
{
    if (place >= RULE_PLACES)
        return true;
    const struct question question = {.leaf = leaf_admits_byte, .place = place, .byte = byte};
    return ask(expression, 0, expression->op_count, &question);
}

static bool is_the_length(const struct op *op, const struct question *question)
{
    (void)question;
    return op->code == OP_LENGTH && op->view == RULE_VIEW_THIS;
}

/* Bytes that a payload must have for the op not to be short. */
static int64_t needed_bytes(const struct op *op)
{
    if (op->code != OP_FIELD_AT || op->view != RULE_VIEW_THIS)
        return 0;
    return op->value < 0 ? -op->value : op->value + op->width;
}

/* "length == constant" and the like, where trying every length would take too long. */
static bool span_admits(const struct rule_expression *expression, const struct op *op,
                        unsigned count, const struct question *question)
{
    if (count == 3 && op[0].code == OP_LENGTH && op[1].code == OP_CONSTANT) {
        struct range range = range_of(op[2].code, op[1].value);
        return range.first <= question->most && range.last >= question->least;
    }
    if (count != 2 || op[0].code != OP_LENGTH || op[1].code != OP_IN)
        return true;
    const struct range *range = &expression->range[op[1].value >> 8];
    for (unsigned i = 0; i < (op[1].value & 255); i++) {
        if (range[i].first <= question->most && range[i].last >= question->least)
            return true;
    }
    return false;
}

static bool leaf_admits_length(const struct rule_expression *expression, unsigned first,
                               unsigned end, const struct question *question)
{
    enum { TRIED_MAX = 64 };
    bool needs_all = is_strict(expression, first, end);
    for (unsigned i = first; needs_all && i < end; i++) {
        if (needed_bytes(&expression->op[i]) > question->most)
            return false;
    }
    if (!reads_only(expression, first, end, is_the_length, question))
        return true;
    if (question->most - question->least >= TRIED_MAX)
        return span_admits(expression, &expression->op[first], end - first, question);
    for (uint32_t i = 0; i <= question->most - question->least; i++) {
        struct rule_subject subject = {0};
        subject.view[RULE_VIEW_THIS] =
            (struct rule_view){.length = question->least + i, .is_there = true};
        if (rule_code_holds(expression, first, end, &subject))
            return true;
    }
    return false;
}

bool rule_expression_admits_length(const struct rule_expression *expression, uint32_t least,
                                   uint32_t most)
{
    const struct question question = {.leaf = leaf_admits_length, .least = least, .most = most};
    return ask(expression, 0, expression->op_count, &question);
}

static bool leaf_admits_absence(const struct rule_expression *expression, unsigned first,
                                unsigned end, const struct question *question)
{
    if (!is_strict(expression, first, end))
        return true;
    for (unsigned i = first; i < end; i++) {
        const struct op *op = &expression->op[i];
        bool reads_view = op->code == OP_FIELD || op->code == OP_FIELD_AT ||
                          op->code == OP_LENGTH || op->code == OP_SIZE || op->code == OP_CALL;
        if (reads_view && op->view == question->view)
            return false;
    }
    return true;
}

bool rule_expression_admits_absence(const struct rule_expression *expression,
                                    enum rule_view_index view)
{
    const struct question question = {.leaf = leaf_admits_absence, .view = view};
    return ask(expression, 0, expression->op_count, &question);
}
