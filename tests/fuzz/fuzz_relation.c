/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes what reads endpoints out of control messages: SDP, RTSP, FTP, DCC, BEncode peers. The
 * first byte chooses the reader. No more endpoints than there is room for, each a real one, and the
 * same again when read again. */
#include <string.h>

#include "classifier/relation.h"
#include "require.h"

static void extract(const uint8_t *bytes, size_t length, struct relation_names *names)
{
    const struct packet packet = {.ip_version = bytes[0] & 0x80 ? 6 : 4,
                                  .protocol = bytes[0] & 0x40 ? IP_UDP : IP_TCP,
                                  .source = {192, 0, 2, 1},
                                  .destination = {192, 0, 2, 2},
                                  .payload = bytes + 1,
                                  .payload_bytes = (uint32_t)length - 1,
                                  .payload_captured_bytes = (uint32_t)length - 1};
    memset(names, 0, sizeof *names);
    relation_extract((enum rule_extractor)(bytes[0] % EXTRACTORS), &packet, names);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    struct relation_names names;
    struct relation_names again;
    if (length < 1 || length > UINT16_MAX)
        return 0;
    extract(bytes, length, &names);
    extract(bytes, length, &again);
    require(names.count <= RELATION_ENDPOINTS && names.count == again.count);
    for (unsigned i = 0; i < names.count; i++) {
        require(names.endpoint[i].port != 0);
        require(!memcmp(&names.endpoint[i], &again.endpoint[i], sizeof names.endpoint[i]));
    }
    return 0;
}
