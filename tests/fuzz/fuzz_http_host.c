/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes the reader of requests: an answer, once reached, is that of every longer request; hosts
 * lie in the request and are host names. */
#include <string.h>

#include "classifier/host_name.h"
#include "classifier/http_host.h"
#include "require.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    enum http_outcome outcome = HTTP_NEED_MORE;
    struct http_host first = {0};
    for (size_t part = 0; part <= length; part++) {
        struct http_host host;
        const enum http_outcome now = http_read_request(bytes, part, &host);
        require(outcome == HTTP_NEED_MORE ||
                (now == outcome && host.name == first.name && host.name_bytes == first.name_bytes &&
                 host.flags == first.flags));
        require(now != HTTP_NOT || (!host.name && host.flags == 0));
        require(!host.name || (host.name >= bytes && host.name + host.name_bytes <= bytes + part &&
                               host_name_is_good(host.name, host.name_bytes)));
        outcome = now;
        first = host;
    }
    return 0;
}
