/* SPDX-License-Identifier: BSD-3-Clause */
/* Checksums, variable-length numbers, entropy and the grammars that recur in protocols. */
#include "rule_function.h"

#include <string.h>

#include "base/cursor.h"

/* The bytes from..to of the view; null when they are not all there or the range is backwards. */
static const uint8_t *range_of(const struct rule_view *view, int64_t from, int64_t to)
{
    if (from < 0 || to < from || to > (int64_t)view->captured_bytes)
        return NULL;
    return view->bytes + from;
}

/* log2(x) with 16 fractional bits, by squaring the mantissa once a bit. */
static uint32_t log2_q16(uint32_t x)
{
    unsigned whole = 31u - (unsigned)__builtin_clz(x);
    uint64_t mantissa = (uint64_t)x << (31 - whole);
    uint32_t fraction = 0;
    for (unsigned bit = 0; bit < 16; bit++) {
        mantissa = mantissa * mantissa >> 31;
        fraction <<= 1;
        if (mantissa >> 32) {
            fraction |= 1;
            mantissa >>= 1;
        }
    }
    return whole << 16 | fraction;
}

/* H = log2(n) - sum of c log2(c) / n. */
static bool entropy(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    if (!bytes || argument[0] == argument[1])
        return false;
    uint32_t counts[16] = {0};
    uint32_t total = (uint32_t)(argument[1] - argument[0]);
    for (uint32_t i = 0; i < total; i++) {
        counts[bytes[i] >> 4]++;
        counts[bytes[i] & 15]++;
    }
    uint64_t sum = 0;
    for (unsigned i = 0; i < 16; i++) {
        if (counts[i])
            sum += (uint64_t)counts[i] * log2_q16(counts[i]);
    }
    int64_t bits_q16 = (int64_t)log2_q16(2 * total) - (int64_t)(sum / (2 * (uint64_t)total));
    *value = bits_q16 * 1000 >> 16;
    return true;
}

static bool is_printable(uint8_t byte)
{
    return (byte >= 0x20 && byte <= 0x7e) || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool printable(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    if (!bytes)
        return false;
    int64_t count = argument[1] - argument[0];
    int64_t good = 0;
    while (good < count && is_printable(bytes[good]))
        good++;
    *value = good == count;
    return true;
}

static bool zeros(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    if (!bytes)
        return false;
    uint8_t any = 0;
    for (int64_t i = 0; i < argument[1] - argument[0]; i++)
        any |= bytes[i];
    *value = !any;
    return true;
}

static bool same(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    int64_t count = argument[2];
    if (count < 0 || count > (int64_t)view->captured_bytes)
        return false;
    int64_t last = (int64_t)view->captured_bytes - count;
    if (argument[0] < 0 || argument[1] < 0 || argument[0] > last || argument[1] > last)
        return false;
    *value = !memcmp(view->bytes + argument[0], view->bytes + argument[1], (size_t)count);
    return true;
}

/* The searched range may end beyond the payload: what is there is searched. */
static bool find(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    int64_t to = argument[2];
    if (to > (int64_t)view->captured_bytes)
        to = view->captured_bytes;
    const uint8_t *bytes = range_of(view, argument[1], to);
    if (!bytes || argument[1] == to)
        return false;
    const uint8_t *found = memchr(bytes, (int)(argument[0] & 0xff), (size_t)(to - argument[1]));
    if (!found)
        return false;
    *value = found - view->bytes;
    return true;
}

static int digit_of(uint8_t byte, int base)
{
    int digit = -1;
    if (byte >= '0' && byte <= '9')
        digit = byte - '0';
    else if (byte >= 'a' && byte <= 'f')
        digit = byte - 'a' + 10;
    else if (byte >= 'A' && byte <= 'F')
        digit = byte - 'A' + 10;
    return digit < base ? digit : -1;
}

static bool read_digits(const struct rule_view *view, int64_t at, int base, int64_t *value)
{
    enum { DIGITS_MAX = 15 };
    if (at < 0 || at >= (int64_t)view->captured_bytes)
        return false;
    const uint8_t *bytes = view->bytes + at;
    int64_t left = (int64_t)view->captured_bytes - at;
    int64_t used = 0;
    *value = 0;
    for (; used < left && digit_of(bytes[used], base) >= 0; used++) {
        if (used == DIGITS_MAX)
            return false;
        *value = *value * base + digit_of(bytes[used], base);
    }
    return used > 0;
}

static bool decimal(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    return read_digits(view, argument[0], 10, value);
}

static bool hexadecimal(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    return read_digits(view, argument[0], 16, value);
}

/* Little-endian groups of seven bits, the top bit says that another follows; at most nine, so that
 * the number stays below 2^63. Returns its bytes, 0 when short or longer. */
static unsigned read_leb128(const struct rule_view *view, int64_t at, int64_t *value)
{
    enum { GROUPS_MAX = 9 };
    *value = 0;
    for (unsigned i = 0; i < GROUPS_MAX; i++) {
        const uint8_t *byte = range_of(view, at + i, at + i + 1);
        if (!byte || at < 0)
            return 0;
        *value |= (int64_t)(*byte & 0x7f) << (7 * i);
        if (!(*byte & 0x80))
            return i + 1;
    }
    return 0;
}

static bool leb128(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    return read_leb128(view, argument[0], value) > 0;
}

static bool leb128_size(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    int64_t number;
    *value = read_leb128(view, argument[0], &number);
    return *value > 0;
}

/* RFC 9000, section 16: the two top bits say how many bytes. */
static unsigned read_quicint(const struct rule_view *view, int64_t at, int64_t *value)
{
    if (at < 0 || at >= (int64_t)view->captured_bytes)
        return 0;
    unsigned size = 1u << (view->bytes[at] >> 6);
    const uint8_t *bytes = range_of(view, at, at + size);
    if (!bytes)
        return 0;
    *value = bytes[0] & 0x3f;
    for (unsigned i = 1; i < size; i++)
        *value = *value << 8 | bytes[i];
    return size;
}

static bool quicint(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    return read_quicint(view, argument[0], value) > 0;
}

static bool quicint_size(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    int64_t number;
    *value = read_quicint(view, argument[0], &number);
    return *value > 0;
}

/* ITU-T X.690, section 8.1: identifier, then a definite length of at most four bytes. */
static bool der(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *head = range_of(view, argument[0], argument[0] + 2);
    if (!head || argument[0] < 0)
        return false;
    unsigned extra = head[1] & 0x80 ? head[1] & 0x7f : 0;
    *value = 0;
    if (head[0] == 0 || (head[0] & 0x1f) == 0x1f || head[1] == 0x80 || extra > 4)
        return true;
    const uint8_t *length = range_of(view, argument[0] + 2, argument[0] + 2 + extra);
    if (!length)
        return false;
    int64_t content = extra ? 0 : head[1];
    for (unsigned i = 0; i < extra; i++)
        content = content << 8 | length[i];
    *value = content + 2 + extra;
    return true;
}

/* BEP 3: <digits>:<bytes>. A string that goes on beyond the payload ends with it. */
static bool skip_bencode_string(struct cursor *cursor)
{
    size_t count = 0;
    const uint8_t *byte = cursor_take(cursor, 1);
    for (unsigned digits = 0; byte && *byte != ':'; digits++, byte = cursor_take(cursor, 1)) {
        if (digit_of(*byte, 10) < 0 || digits == 7)
            return false;
        count = count * 10 + (size_t)digit_of(*byte, 10);
    }
    cursor_take(cursor, count < cursor->left ? count : cursor->left);
    return true;
}

static bool skip_bencode_number(struct cursor *cursor)
{
    const uint8_t *byte = cursor_take(cursor, 1);
    unsigned digits = 0;
    if (byte && *byte == '-')
        byte = cursor_take(cursor, 1);
    for (; byte && *byte != 'e'; byte = cursor_take(cursor, 1)) {
        if (digit_of(*byte, 10) < 0 || digits == 20)
            return false;
        digits++;
    }
    return !byte || digits > 0;
}

/* Walks one value. Nesting is counted, not remembered: that the keys of dictionaries are strings is
 * not checked below the first level. */
static bool skip_bencode(struct cursor *cursor)
{
    unsigned depth = 0;
    do {
        const uint8_t *kind = cursor_peek(cursor, 1);
        if (!kind)
            return true;
        bool is_good = true;
        if (*kind >= '0' && *kind <= '9') {
            is_good = skip_bencode_string(cursor);
        } else {
            cursor_take(cursor, 1);
            if (*kind == 'i')
                is_good = skip_bencode_number(cursor);
            else if (*kind == 'd' || *kind == 'l')
                depth++;
            else if (*kind == 'e' && depth)
                depth--;
            else
                is_good = false;
        }
        if (!is_good)
            return false;
    } while (depth);
    return true;
}

static bool bencode(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    int64_t at = argument[0];
    if (at < 0 || at >= (int64_t)view->captured_bytes)
        return false;
    struct cursor cursor = cursor_over(view->bytes + at, view->captured_bytes - (size_t)at);
    bool is_dictionary = view->bytes[at] == 'd';
    const uint8_t *key = is_dictionary ? range_of(view, at + 1, at + 2) : NULL;
    bool has_bad_key = key && *key != 'e' && digit_of(*key, 10) < 0;
    bool is_good = !has_bad_key && skip_bencode(&cursor);
    *value = is_good ? cursor.at - (view->bytes + at) : 0;
    return true;
}

/* Bytes of the name at `at`, 0 when malformed, -1 when short. A pointer ends it. */
static int64_t name_bytes(const struct rule_view *view, int64_t at)
{
    enum { NAME_MAX = 255 };
    int64_t start = at;
    while (at - start < NAME_MAX) {
        if (at < 0 || at >= (int64_t)view->captured_bytes)
            return -1;
        uint8_t length = view->bytes[at];
        if (length == 0)
            return at + 1 - start;
        if (length >= 0xc0)
            return at + 2 <= (int64_t)view->captured_bytes ? at + 2 - start : -1;
        if (length > 63)
            return 0;
        const uint8_t *label = range_of(view, at + 1, at + 1 + length);
        if (!label)
            return -1;
        for (unsigned i = 0; i < length; i++) {
            if (label[i] < 0x21 || label[i] > 0x7e)
                return 0;
        }
        at += 1 + length;
    }
    return 0;
}

static bool dns_name(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    *value = name_bytes(view, argument[0]);
    return *value >= 0;
}

/* RFC 1035, section 4.1; opcodes of RFC 1035, 1996, 2136. mDNS (RFC 6762) leaves questions out, and
 * puts flags into the top bit of a class. */
static bool dns(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    enum { HEADER = 12, QUESTIONS_MAX = 32, RECORDS_MAX = 512 };
    int64_t at = argument[0];
    const uint8_t *header = range_of(view, at, at + HEADER);
    if (!header)
        return false;
    unsigned opcode = header[2] >> 3 & 15;
    unsigned questions = load_be16(header + 4);
    unsigned records =
        (unsigned)load_be16(header + 6) + load_be16(header + 8) + load_be16(header + 10);
    *value = opcode != 3 && opcode <= 6 && questions <= QUESTIONS_MAX && records <= RECORDS_MAX &&
             questions + records > 0 && (header[3] & 0x40) == 0;
    at += HEADER;
    for (unsigned i = 0; *value && i < questions; i++) {
        int64_t bytes = name_bytes(view, at);
        const uint8_t *kind = bytes < 0 ? NULL : range_of(view, at + bytes, at + bytes + 4);
        if (!kind)
            return false;
        unsigned class = load_be16(kind + 2) & 0x7fff;
        *value = bytes > 0 && load_be16(kind) != 0 && (class <= 4 || class == 254 || class == 255);
        at += bytes + 4;
    }
    return true;
}

static bool sum8(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    uint8_t sum = 0;
    for (int64_t i = 0; bytes && i < argument[1] - argument[0]; i++)
        sum = (uint8_t)(sum + bytes[i]);
    *value = sum;
    return bytes;
}

static bool xor8(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    uint8_t sum = 0;
    for (int64_t i = 0; bytes && i < argument[1] - argument[0]; i++)
        sum ^= bytes[i];
    *value = sum;
    return bytes;
}

/* RFC 1071. */
static bool sum16(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    uint64_t sum = 0;
    for (int64_t i = 0; bytes && i < argument[1] - argument[0]; i++)
        sum += (uint64_t)bytes[i] << (i % 2 ? 0 : 8);
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    *value = (int64_t)(~sum & 0xffff);
    return bytes;
}

/* A cyclic redundancy check sent low bit first, by its reversed polynomial. */
static bool crc_low_first(const struct rule_view *view, const int64_t *argument,
                          uint32_t polynomial, uint32_t start, uint32_t *crc)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    *crc = start;
    for (int64_t i = 0; bytes && i < argument[1] - argument[0]; i++) {
        *crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++)
            *crc = *crc >> 1 ^ (*crc & 1 ? polynomial : 0);
    }
    return bytes;
}

/* MODBUS over Serial Line V1.02, section 6.2.2: 0xa001 is 0x8005 reversed. */
static bool crc16_modbus(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    uint32_t crc;
    bool is_there = crc_low_first(view, argument, 0xa001, 0xffff, &crc);
    *value = crc;
    return is_there;
}

/* IEEE 1815: 0xa6bc is 0x3d65 reversed; sent inverted. */
static bool crc16_dnp(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    uint32_t crc;
    bool is_there = crc_low_first(view, argument, 0xa6bc, 0, &crc);
    *value = ~crc & 0xffff;
    return is_there;
}

/* 0x1021, high bit first, from 0xffff. */
static bool crc16_ccitt(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    const uint8_t *bytes = range_of(view, argument[0], argument[1]);
    uint32_t crc = 0xffff;
    for (int64_t i = 0; bytes && i < argument[1] - argument[0]; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xffff;
    }
    *value = crc;
    return bytes;
}

/* IEEE 802.3. */
static bool crc32(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    uint32_t crc;
    bool is_there = crc_low_first(view, argument, 0xedb88320, UINT32_MAX, &crc);
    *value = crc ^ UINT32_MAX;
    return is_there;
}

/* RFC 9260, appendix A. */
static bool crc32c(const struct rule_view *view, const int64_t *argument, int64_t *value)
{
    uint32_t crc;
    bool is_there = crc_low_first(view, argument, 0x82f63b78, UINT32_MAX, &crc);
    *value = crc ^ UINT32_MAX;
    return is_there;
}

static const struct rule_function functions[] = {
    {"bencode", 1, bencode},
    {"crc16_ccitt", 2, crc16_ccitt},
    {"crc16_dnp", 2, crc16_dnp},
    {"crc16_modbus", 2, crc16_modbus},
    {"crc32", 2, crc32},
    {"crc32c", 2, crc32c},
    {"decimal", 1, decimal},
    {"der", 1, der},
    {"dns", 1, dns},
    {"dns_name", 1, dns_name},
    {"entropy", 2, entropy},
    {"find", 3, find},
    {"hex", 1, hexadecimal},
    {"leb128", 1, leb128},
    {"leb128_size", 1, leb128_size},
    {"printable", 2, printable},
    {"quicint", 1, quicint},
    {"quicint_size", 1, quicint_size},
    {"same", 3, same},
    {"sum16", 2, sum16},
    {"sum8", 2, sum8},
    {"xor8", 2, xor8},
    {"zeros", 2, zeros},
};

const struct rule_function *rule_function_find(const char *name, unsigned name_bytes)
{
    for (unsigned i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strlen(functions[i].name) == name_bytes && !memcmp(functions[i].name, name, name_bytes))
            return &functions[i];
    }
    return NULL;
}
