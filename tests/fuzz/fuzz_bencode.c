/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the BEncode walker: what it calls a value lies within the payload, and is the same value
 * when nothing follows it. */
#include "require.h"
#include "rule_function.h"

static int64_t walk(const uint8_t *bytes, uint32_t length)
{
    const struct rule_view view = {
        .bytes = bytes, .captured_bytes = length, .length = length, .is_there = true};
    const int64_t start = 0;
    int64_t value = 0;
    return rule_function_find("bencode", 7)->call(&view, &start, &value) ? value : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    if (length > UINT16_MAX)
        return 0;
    int64_t value = walk(bytes, (uint32_t)length);
    require(value <= (int64_t)length);
    require(value >= (length ? 0 : -1));
    if (value > 0)
        require(walk(bytes, (uint32_t)value) == value);
    return 0;
}
