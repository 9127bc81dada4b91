/* SPDX-License-Identifier: BSD-3-Clause */
/* The machine that runs checks. It cannot fail: what a payload is too short for is no number. */
#include "rule_code.h"
#include "rule_function.h"

/* A number, or the absence of one. */
struct number {
    int64_t value;
    bool is_short;
};

static struct number load_field(const struct op *op, const struct rule_view *view, int64_t offset)
{
    if (offset < 0)
        offset += view->length;
    if (offset < 0 || offset + op->width > (int64_t)view->captured_bytes)
        return (struct number){.is_short = true};
    const uint8_t *bytes = view->bytes + offset;
    uint64_t value = 0;
    for (unsigned i = 0; i < op->width; i++)
        value = value << 8 | bytes[op->is_little ? op->width - 1u - i : i];
    return (struct number){.value = (int64_t)(value & INT64_MAX)};
}

static struct number size_of(const struct rule_view *view, int64_t which)
{
    if (which < 1 || which > (int64_t)view->size_count)
        return (struct number){.is_short = true};
    return (struct number){.value = view->sizes[which - 1]};
}

static int64_t bounded(int64_t value)
{
    if (value > RULE_ARGUMENT_LIMIT)
        return RULE_ARGUMENT_LIMIT;
    return value < -RULE_ARGUMENT_LIMIT ? -RULE_ARGUMENT_LIMIT : value;
}

static struct number call(const struct op *op, const struct rule_view *view,
                          const struct number *argument)
{
    int64_t plain[RULE_FUNCTION_ARGUMENTS] = {0};
    for (unsigned i = 0; i < op->function->argument_count; i++) {
        if (argument[i].is_short)
            return (struct number){.is_short = true};
        plain[i] = bounded(argument[i].value);
    }
    struct number result = {0};
    result.is_short = !view->is_there || !op->function->call(view, plain, &result.value);
    return result;
}

static bool is_member(const struct rule_expression *expression, const struct op *op, int64_t value)
{
    const struct range *range = &expression->range[op->value >> 8];
    for (unsigned i = 0; i < (op->value & 255); i++) {
        if (value >= range[i].first && value <= range[i].last)
            return true;
    }
    return false;
}

/* Wraps like unsigned numbers do, so that no payload can make it overflow. */
static struct number calculate(enum op_code code, int64_t a, int64_t b)
{
    uint64_t left = (uint64_t)a;
    uint64_t right = (uint64_t)b;
    struct number result = {0};
    switch (code) {
    case OP_BIT_OR:
        result.value = a | b;
        break;
    case OP_BIT_XOR:
        result.value = a ^ b;
        break;
    case OP_BIT_AND:
        result.value = a & b;
        break;
    case OP_SHIFT_LEFT:
        result.value = right < 64 ? (int64_t)(left << right) : 0;
        break;
    case OP_SHIFT_RIGHT:
        result.value = right < 64 ? (int64_t)(left >> right) : 0;
        break;
    case OP_ADD:
        result.value = (int64_t)(left + right);
        break;
    case OP_SUBTRACT:
        result.value = (int64_t)(left - right);
        break;
    case OP_MULTIPLY:
        result.value = (int64_t)(left * right);
        break;
    case OP_DIVIDE:
        result.value = b == -1 ? (int64_t)(0 - left) : b ? a / b : 0;
        result.is_short = b == 0;
        break;
    default:
        result.value = b == -1 ? 0 : b ? a % b : 0;
        result.is_short = b == 0;
    }
    return result;
}

static bool is_true(struct number number)
{
    return !number.is_short && number.value;
}

static bool compare(enum op_code code, int64_t a, int64_t b)
{
    switch (code) {
    case OP_EQUAL:
        return a == b;
    case OP_NOT_EQUAL:
        return a != b;
    case OP_LESS:
        return a < b;
    case OP_LESS_EQUAL:
        return a <= b;
    case OP_GREATER:
        return a > b;
    default:
        return a >= b;
    }
}

static struct number combine(enum op_code code, struct number a, struct number b)
{
    if (code == OP_OR)
        return (struct number){.value = is_true(a) || is_true(b)};
    if (code == OP_AND)
        return (struct number){.value = is_true(a) && is_true(b)};
    bool is_short = a.is_short || b.is_short;
    if (code <= OP_GREATER_EQUAL)
        return (struct number){.value = !is_short && compare(code, a.value, b.value)};
    if (is_short)
        return (struct number){.is_short = true};
    return calculate(code, a.value, b.value);
}

/* One operand or none: what `top` becomes. */
static struct number transform(const struct rule_expression *expression, const struct op *op,
                               const struct rule_view *view, struct number top)
{
    switch (op->code) {
    case OP_NEGATE:
        top.value = (int64_t)(0 - (uint64_t)top.value);
        return top;
    case OP_COMPLEMENT:
        top.value = ~top.value;
        return top;
    case OP_NOT:
        return (struct number){.value = !is_true(top)};
    case OP_IN:
        return (struct number){.value = !top.is_short && is_member(expression, op, top.value)};
    case OP_NOT_IN:
        return (struct number){.value = !top.is_short && !is_member(expression, op, top.value)};
    case OP_SIZE:
        return top.is_short ? top : size_of(view, top.value);
    default:
        return top.is_short ? top : load_field(op, view, bounded(top.value));
    }
}

static struct number produce(const struct op *op, const struct rule_view *view,
                             const struct rule_subject *subject)
{
    switch (op->code) {
    case OP_FIELD_AT:
        return load_field(op, view, op->value);
    case OP_LENGTH:
        return (struct number){.value = view->length, .is_short = !view->is_there};
    case OP_PACKET:
        return (struct number){.value = subject->packet_bytes};
    case OP_COUNT:
        return (struct number){.value = subject->count};
    case OP_CLIENT_PORT:
        return (struct number){.value = subject->client_port};
    case OP_SERVER_PORT:
        return (struct number){.value = subject->server_port};
    default:
        return (struct number){.value = op->value};
    }
}

static bool takes_one(enum op_code code)
{
    return code == OP_FIELD || code == OP_SIZE || (code >= OP_NEGATE && code <= OP_NOT_IN);
}

/* Which op comes before the next: the right side's first, or the last that is skipped. What settles
 * is the operator that stands there. */
static unsigned settle(const struct rule_expression *expression, unsigned at, struct number *top)
{
    unsigned end = (unsigned)expression->op[at].value;
    bool is_true_now = is_true(*top);
    if (is_true_now != (expression->op[end - 1].code == OP_OR))
        return at;
    *top = (struct number){.value = is_true_now};
    return end - 1;
}

/* Most checks compare something with a constant: op[0], OP_CONSTANT, a comparison. Done in one step
 * that takes a third of three. */
static bool is_plain_comparison(const struct op *op, unsigned left)
{
    return left > 2 && op[1].code == OP_CONSTANT && op[2].code >= OP_EQUAL &&
           op[2].code <= OP_GREATER_EQUAL;
}

bool rule_code_holds(const struct rule_expression *expression, unsigned first, unsigned end,
                     const struct rule_subject *subject)
{
    struct number stack[RULE_STACK_MAX] = {{.is_short = true}};
    unsigned depth = 0;
    for (unsigned i = first; i < end; i++) {
        const struct op *op = &expression->op[i];
        const struct rule_view *view = &subject->view[op->view];
        if (op->code == OP_SETTLED) {
            i = settle(expression, i, &stack[depth - 1]);
        } else if (op->code >= OP_OR) {
            depth--;
            stack[depth - 1] = combine(op->code, stack[depth - 1], stack[depth]);
        } else if (op->code == OP_CALL) {
            depth -= op->function->argument_count;
            stack[depth] = call(op, view, &stack[depth]);
            depth++;
        } else if (takes_one(op->code)) {
            stack[depth - 1] = transform(expression, op, view, stack[depth - 1]);
        } else {
            struct number number = produce(op, view, subject);
            if (is_plain_comparison(op, end - i)) {
                number = combine(op[2].code, number, (struct number){.value = op[1].value});
                i += 2;
            }
            stack[depth++] = number;
        }
    }
    return is_true(stack[0]);
}

bool rule_expression_holds(const struct rule_expression *expression,
                           const struct rule_subject *subject)
{
    return rule_code_holds(expression, 0, expression->op_count, subject);
}
