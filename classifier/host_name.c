/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks names; resolves and compares nothing. */
#include "classifier/host_name.h"

static bool is_label_byte(uint8_t byte)
{
    const uint8_t lower = host_name_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_';
}

bool host_name_is_good(const uint8_t *name, size_t length)
{
    if (length == 0 || length > HOST_NAME_MAX_BYTES)
        return false;
    size_t label_bytes = 0;
    bool is_number = true; /* the label so far has digits only */
    for (size_t i = 0; i < length; i++) {
        if (name[i] == '.') {
            if (label_bytes == 0)
                return false;
            label_bytes = 0;
            is_number = true;
            continue;
        }
        if (!is_label_byte(name[i]) || ++label_bytes > HOST_LABEL_MAX_BYTES)
            return false;
        is_number = is_number && name[i] >= '0' && name[i] <= '9';
    }
    return label_bytes > 0 && !is_number;
}
