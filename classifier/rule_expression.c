/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks read: precedence climbing into postfix code. What the code does is rule_machine.c's. */
#include "classifier/rule_expression.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rule_code.h"
#include "rule_function.h"

enum { NESTING_MAX = 24 };

struct parser {
    const char *text;
    const char *at;
    struct rule_expression *out;
    struct error *error;
    unsigned depth; /* of the stack, where the code so far ends */
    unsigned nesting;
};

static int refuse(struct parser *parser, const char *what)
{
    return error_set(parser->error, EINVAL, "check: %s, at column %u of '%s'", what,
                     (unsigned)(parser->at - parser->text) + 1, parser->text);
}

static void skip_blanks(struct parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t')
        parser->at++;
}

static bool is_word_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
}

/* Takes `symbol` when it stands next; a word must end there, too. */
static bool take(struct parser *parser, const char *symbol)
{
    skip_blanks(parser);
    size_t length = strlen(symbol);
    if (strncmp(parser->at, symbol, length) != 0)
        return false;
    if (is_word_byte(symbol[0]) && is_word_byte(parser->at[length]))
        return false;
    parser->at += length;
    return true;
}

static int emit(struct parser *parser, struct op op, unsigned pops)
{
    struct rule_expression *out = parser->out;
    assert(parser->depth >= pops);
    parser->depth = parser->depth - pops + 1;
    if (out->op_count == RULE_OPS_MAX || parser->depth > RULE_STACK_MAX)
        return refuse(parser, "it is too long; make two checks of it");
    out->op[out->op_count++] = op;
    return 0;
}

static int parse_level(struct parser *parser, unsigned level);

static int read_number(struct parser *parser, int64_t *value)
{
    skip_blanks(parser);
    bool is_negative = *parser->at == '-';
    const char *digits = parser->at + is_negative;
    bool is_hexadecimal = digits[0] == '0' && digits[1] == 'x';
    digits += is_hexadecimal ? 2 : 0;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(digits, &end, is_hexadecimal ? 16 : 10);
    bool is_digit = is_hexadecimal ? strchr("0123456789abcdefABCDEF", *digits) && *digits
                                   : *digits >= '0' && *digits <= '9';
    if (!is_digit || errno || number > INT64_MAX || is_word_byte(*end))
        return refuse(parser, "expected a number");
    *value = is_negative ? -(int64_t)number : (int64_t)number;
    parser->at = end;
    return 0;
}

static int parse_field(struct parser *parser, struct op op)
{
    struct rule_expression *out = parser->out;
    unsigned before = out->op_count;
    int failure = parse_level(parser, 0);
    if (failure)
        return failure;
    if (!take(parser, "]"))
        return refuse(parser, "expected ']'");
    bool is_constant = out->op_count == before + 1 && out->op[before].code == OP_CONSTANT;
    if (!is_constant)
        return emit(parser, op, 1);
    op.code = OP_FIELD_AT;
    op.value = out->op[before].value;
    if (op.value > RULE_ARGUMENT_LIMIT || op.value < -RULE_ARGUMENT_LIMIT)
        return refuse(parser, "no payload is that long");
    out->op[before] = op;
    return 0;
}

static int parse_call(struct parser *parser, uint8_t view, const struct rule_function *function)
{
    for (unsigned i = 0; i < function->argument_count; i++) {
        if (i > 0 && !take(parser, ","))
            return refuse(parser, "expected ',': the function takes more arguments");
        int failure = parse_level(parser, 0);
        if (failure)
            return failure;
    }
    if (!take(parser, ")"))
        return refuse(parser, "expected ')'");
    return emit(parser, (struct op){.code = OP_CALL, .view = view, .function = function},
                function->argument_count);
}

static int parse_size(struct parser *parser, uint8_t view)
{
    if (view == RULE_VIEW_PREV)
        return refuse(parser, "prev has no size()");
    int failure = parse_level(parser, 0);
    if (failure)
        return failure;
    if (!take(parser, ")"))
        return refuse(parser, "expected ')'");
    return emit(parser, (struct op){.code = OP_SIZE, .view = view}, 1);
}

/* u8, u16be, ... followed by '['. */
static bool find_field(const char *word, unsigned length, struct op *op)
{
    static const struct {
        const char *name;
        uint8_t width;
        bool is_little;
    } fields[] = {
        {"u8", 1, false},    {"u16be", 2, false}, {"u16le", 2, true},
        {"u24be", 3, false}, {"u24le", 3, true},  {"u32be", 4, false},
        {"u32le", 4, true},  {"u64be", 8, false}, {"u64le", 8, true},
    };
    for (unsigned i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (strlen(fields[i].name) == length && !memcmp(fields[i].name, word, length)) {
            op->width = fields[i].width;
            op->is_little = fields[i].is_little;
            return true;
        }
    }
    return false;
}

/* The values that are a word alone. */
static int parse_value(struct parser *parser, const char *word, unsigned length, uint8_t view)
{
    static const struct {
        const char *name;
        enum op_code code;
        bool has_view;
    } values[] = {
        {"length", OP_LENGTH, true},
        {"packet", OP_PACKET, false},
        {"count", OP_COUNT, false},
        {"client_port", OP_CLIENT_PORT, false},
        {"server_port", OP_SERVER_PORT, false},
    };
    for (unsigned i = 0; i < sizeof values / sizeof *values; i++) {
        if (strlen(values[i].name) != length || memcmp(values[i].name, word, length) != 0)
            continue;
        if (view != RULE_VIEW_THIS && !values[i].has_view)
            break;
        return emit(parser, (struct op){.code = (uint8_t)values[i].code, .view = view}, 0);
    }
    parser->at = word;
    return refuse(parser, "there is no such field, value or function");
}

static int parse_word(struct parser *parser)
{
    uint8_t view = RULE_VIEW_THIS;
    if (!strncmp(parser->at, "peer.", 5))
        view = RULE_VIEW_PEER;
    else if (!strncmp(parser->at, "prev.", 5))
        view = RULE_VIEW_PREV;
    parser->at += view == RULE_VIEW_THIS ? 0 : 5;
    parser->out->views |= 1u << view;
    const char *word = parser->at;
    while (is_word_byte(*parser->at))
        parser->at++;
    unsigned length = (unsigned)(parser->at - word);
    struct op field = {.code = OP_FIELD, .view = view};
    if (find_field(word, length, &field) && take(parser, "["))
        return parse_field(parser, field);
    if (length == 4 && !memcmp(word, "size", 4) && take(parser, "("))
        return parse_size(parser, view);
    const struct rule_function *function = rule_function_find(word, length);
    if (function && take(parser, "("))
        return parse_call(parser, view, function);
    return parse_value(parser, word, length, view);
}

static int parse_primary(struct parser *parser)
{
    skip_blanks(parser);
    if (take(parser, "(")) {
        int failure = parse_level(parser, 0);
        if (!failure && !take(parser, ")"))
            failure = refuse(parser, "expected ')'");
        return failure;
    }
    if (*parser->at >= '0' && *parser->at <= '9') {
        struct op constant = {.code = OP_CONSTANT};
        int failure = read_number(parser, &constant.value);
        return failure ? failure : emit(parser, constant, 0);
    }
    if (*parser->at >= 'a' && *parser->at <= 'z')
        return parse_word(parser);
    return refuse(parser, "expected a number, a field, a value, a function or '('");
}

static int parse_unary(struct parser *parser)
{
    struct op op = {.code = OP_CONSTANT};
    if (take(parser, "-"))
        op.code = OP_NEGATE;
    else if (take(parser, "~"))
        op.code = OP_COMPLEMENT;
    if (op.code == OP_CONSTANT)
        return parse_primary(parser);
    if (++parser->nesting > NESTING_MAX)
        return refuse(parser, "it is nested too deeply");
    int failure = parse_unary(parser);
    parser->nesting--;
    if (failure)
        return failure;
    struct op *last = &parser->out->op[parser->out->op_count - 1];
    if (last->code == OP_CONSTANT) {
        last->value = op.code == OP_NEGATE ? -last->value : ~last->value;
        return 0;
    }
    return emit(parser, op, 1);
}

static int parse_ranges(struct parser *parser, enum op_code code)
{
    struct rule_expression *out = parser->out;
    unsigned first = out->range_count;
    do {
        struct range range = {0};
        int failure = read_number(parser, &range.first);
        range.last = range.first;
        if (!failure && take(parser, ".."))
            failure = read_number(parser, &range.last);
        if (failure)
            return failure;
        if (range.last < range.first || out->range_count == RULE_RANGES_MAX)
            return refuse(parser, "the range is backwards, or there are too many");
        out->range[out->range_count++] = range;
    } while (take(parser, ","));
    int64_t value = (int64_t)first << 8 | (out->range_count - first);
    return emit(parser, (struct op){.code = (uint8_t)code, .value = value}, 1);
}

struct binary {
    const char *symbol;
    enum op_code code;
};

enum { LEVEL_NOT = 2, LEVEL_COMPARISON = 3, LEVEL_UNARY = 10, LEVEL_SYMBOLS = 7 };

/* From loose to tight. Longer symbols stand before those they begin with. */
static const struct binary levels[LEVEL_UNARY][LEVEL_SYMBOLS] = {
    {{"or", OP_OR}},
    {{"and", OP_AND}},
    {{NULL, OP_NOT}},
    {{"==", OP_EQUAL},
     {"!=", OP_NOT_EQUAL},
     {"<=", OP_LESS_EQUAL},
     {">=", OP_GREATER_EQUAL},
     {"<", OP_LESS},
     {">", OP_GREATER}},
    {{"|", OP_BIT_OR}},
    {{"^", OP_BIT_XOR}},
    {{"&", OP_BIT_AND}},
    {{"<<", OP_SHIFT_LEFT}, {">>", OP_SHIFT_RIGHT}},
    {{"+", OP_ADD}, {"-", OP_SUBTRACT}},
    {{"*", OP_MULTIPLY}, {"/", OP_DIVIDE}, {"%", OP_REMAINDER}},
};

static const struct binary *take_binary(struct parser *parser, unsigned level)
{
    for (const struct binary *binary = levels[level]; binary->symbol; binary++) {
        skip_blanks(parser);
        bool is_shift = parser->at[0] && parser->at[0] == parser->at[1];
        if (level == LEVEL_COMPARISON && is_shift && binary->symbol[1] == '\0')
            continue;
        if (take(parser, binary->symbol))
            return binary;
    }
    return NULL;
}

static int parse_membership(struct parser *parser, bool *is_taken)
{
    const char *before = parser->at;
    *is_taken = true;
    if (take(parser, "in"))
        return parse_ranges(parser, OP_IN);
    if (take(parser, "not") && take(parser, "in"))
        return parse_ranges(parser, OP_NOT_IN);
    parser->at = before;
    *is_taken = false;
    return 0;
}

static int parse_not(struct parser *parser)
{
    if (!take(parser, "not"))
        return parse_level(parser, LEVEL_COMPARISON);
    if (++parser->nesting > NESTING_MAX)
        return refuse(parser, "it is nested too deeply");
    int failure = parse_not(parser);
    parser->nesting--;
    return failure ? failure : emit(parser, (struct op){.code = OP_NOT}, 1);
}

static int parse_operators(struct parser *parser, unsigned level)
{
    int failure = parse_level(parser, level + 1);
    while (!failure) {
        bool is_taken = false;
        if (level == LEVEL_COMPARISON)
            failure = parse_membership(parser, &is_taken);
        if (is_taken)
            continue;
        const struct binary *binary = take_binary(parser, level);
        if (!binary)
            break;
        unsigned left_end = parser->out->op_count;
        if (level < LEVEL_NOT)
            failure = emit(parser, (struct op){.code = OP_SETTLED}, 1);
        if (!failure)
            failure = parse_level(parser, level + 1);
        if (!failure)
            failure = emit(parser, (struct op){.code = (uint8_t)binary->code}, 2);
        if (level < LEVEL_NOT)
            parser->out->op[left_end].value = parser->out->op_count;
    }
    return failure;
}

static int parse_level(struct parser *parser, unsigned level)
{
    if (level == LEVEL_UNARY)
        return parse_unary(parser);
    if (level == LEVEL_NOT)
        return parse_not(parser);
    if (level == 0 && ++parser->nesting > NESTING_MAX)
        return refuse(parser, "it is nested too deeply");
    int failure = parse_operators(parser, level);
    if (level == 0)
        parser->nesting--;
    return failure;
}

int rule_expression_new(struct rule_expression **expression, const char *text, struct error *error)
{
    struct rule_expression *made = calloc(1, sizeof *made + RULE_OPS_MAX * sizeof made->op[0]);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for a check");
    struct parser parser = {.text = text, .at = text, .out = made, .error = error};
    int failure = parse_level(&parser, 0);
    skip_blanks(&parser);
    if (!failure && *parser.at)
        failure = refuse(&parser, "expected an operator or the end of the line");
    if (failure) {
        free(made);
        return failure;
    }
    struct rule_expression *fitted =
        realloc(made, sizeof *made + made->op_count * sizeof made->op[0]);
    *expression = fitted ? fitted : made;
    return 0;
}

void rule_expression_free(struct rule_expression *expression)
{
    free(expression);
}

bool rule_expression_uses(const struct rule_expression *expression, enum rule_view_index view)
{
    return expression->views & 1u << view;
}
