/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads addresses and ports out of control messages: text protocols by their keywords, BEncode by
 * its keys. What does not read as an endpoint is passed over. */
#include <string.h>

#include "classifier/relation.h"

/* Payload left to read; never goes beyond `end`. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
};

static const uint8_t *find_text(const uint8_t *at, const uint8_t *end, const char *text)
{
    size_t length = strlen(text);
    while (at && at < end && (size_t)(end - at) >= length) {
        at = memchr(at, text[0], (size_t)(end - at) - length + 1);
        if (at && !memcmp(at, text, length))
            return at;
        at = at ? at + 1 : NULL;
    }
    return NULL;
}

static bool take_byte(struct reader *reader, char byte)
{
    if (reader->at >= reader->end || *reader->at != (uint8_t)byte)
        return false;
    reader->at++;
    return true;
}

static bool take_number(struct reader *reader, uint64_t most, uint64_t *value)
{
    const uint8_t *start = reader->at;
    *value = 0;
    for (; reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9'; reader->at++) {
        *value = *value * 10 + (uint64_t)(*reader->at - '0');
        if (*value > most)
            return false;
    }
    return reader->at > start;
}

static void skip_word(struct reader *reader)
{
    while (reader->at<reader->end && * reader->at> ' ')
        reader->at++;
    take_byte(reader, ' ');
}

static void add(struct relation_names *names, struct relation_endpoint endpoint)
{
    static const uint8_t nobody[16];
    if (names->count == RELATION_ENDPOINTS || endpoint.port == 0 ||
        !memcmp(endpoint.address, nobody, sizeof nobody))
        return;
    names->endpoint[names->count++] = endpoint;
}

/* The port at the address that the packet came from. */
static void add_at_source(struct relation_names *names, const struct packet *packet,
                          uint8_t protocol, uint64_t port)
{
    struct relation_endpoint endpoint = {
        .ip_version = packet->ip_version, .protocol = protocol, .port = (uint16_t)port};
    memcpy(endpoint.address, packet->source, sizeof endpoint.address);
    add(names, endpoint);
}

static void add_at_destination(struct relation_names *names, const struct packet *packet,
                               uint8_t protocol, uint64_t port)
{
    struct relation_endpoint endpoint = {
        .ip_version = packet->ip_version, .protocol = protocol, .port = (uint16_t)port};
    memcpy(endpoint.address, packet->destination, sizeof endpoint.address);
    add(names, endpoint);
}

/* "192.0.2.1" with the given separator. */
static bool take_ipv4(struct reader *reader, char separator, struct relation_endpoint *endpoint)
{
    endpoint->ip_version = 4;
    for (unsigned i = 0; i < 4; i++) {
        uint64_t byte;
        if ((i && !take_byte(reader, separator)) || !take_number(reader, 255, &byte))
            return false;
        endpoint->address[i] = (uint8_t)byte;
    }
    return true;
}

static int hex_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* RFC 4291, section 2.2, forms 1 and 2. */
static bool take_ipv6(struct reader *reader, struct relation_endpoint *endpoint)
{
    uint8_t groups[8][2] = {{0}};
    unsigned count = 0;
    unsigned gap = 8;
    endpoint->ip_version = 6;
    if (take_byte(reader, ':')) {
        if (!take_byte(reader, ':'))
            return false;
        gap = 0;
    }
    while (count < 8 && reader->at < reader->end && hex_of(*reader->at) >= 0) {
        unsigned value = 0;
        unsigned digits = 0;
        for (; reader->at < reader->end && hex_of(*reader->at) >= 0; reader->at++, digits++)
            value = value << 4 | (unsigned)hex_of(*reader->at);
        if (digits > 4)
            return false;
        groups[count][0] = (uint8_t)(value >> 8);
        groups[count++][1] = (uint8_t)value;
        if (count < 8 && !take_byte(reader, ':'))
            break;
        if (count < 8 && gap == 8 && take_byte(reader, ':'))
            gap = count;
    }
    if (count < 8 && gap == 8)
        return false;
    unsigned before = gap < count ? gap : count;
    memcpy(endpoint->address, groups, (size_t)before * 2);
    memcpy(endpoint->address + 16 - (size_t)(count - before) * 2, groups[before],
           (size_t)(count - before) * 2);
    return true;
}

/* RFC 8866, section 5.7: "c=IN IP4 192.0.2.1", perhaps followed by a slash. */
static bool take_connection(struct reader *reader, struct relation_endpoint *endpoint)
{
    bool is_ipv4 = find_text(reader->at, reader->end, "IP4 ") == reader->at;
    bool is_ipv6 = find_text(reader->at, reader->end, "IP6 ") == reader->at;
    if (!is_ipv4 && !is_ipv6)
        return false;
    reader->at += 4;
    return is_ipv4 ? take_ipv4(reader, '.', endpoint) : take_ipv6(reader, endpoint);
}

/* One "m=" line's port and the next one, where RTCP goes (RFC 3550, section 11). */
static void add_media(struct relation_names *names, const struct packet *packet,
                      struct relation_endpoint at, uint64_t port)
{
    for (unsigned i = 0; i < 2; i++) {
        at.port = (uint16_t)(port + i);
        add(names, at);
        add_at_source(names, packet, at.protocol, port + i);
    }
}

/* A session's connection line comes before its media, a medium's own behind: each medium is said at
 * the nearest address before it and at the one behind it. */
static void extract_sdp(const struct packet *packet, struct relation_names *names)
{
    const uint8_t *end = packet->payload + packet->payload_captured_bytes;
    const uint8_t *body = find_text(packet->payload, end, "v=0");
    struct relation_endpoint where = {0};
    uint64_t port = 0;
    for (const uint8_t *at = body; at && end - at > 4;) {
        struct reader reader = {at + 2, end};
        bool has_equals = at[1] == '=';
        if (has_equals && at[0] == 'm') {
            skip_word(&reader);
            bool is_good = take_number(&reader, 65534, &port);
            const uint8_t *line_end = memchr(at, '\n', (size_t)(end - at));
            const uint8_t *tcp = find_text(at, line_end ? line_end : end, "TCP");
            where.protocol = tcp ? IP_TCP : IP_UDP;
            port = is_good ? port : 0;
            add_media(names, packet, where, port);
        } else if (has_equals && at[0] == 'c' && find_text(reader.at, end, "IN ") == reader.at) {
            struct relation_endpoint found = {.protocol = where.protocol};
            reader.at += 3;
            if (take_connection(&reader, &found)) {
                where = found;
                add_media(names, packet, where, port);
            }
        }
        at = memchr(at, '\n', (size_t)(end - at));
        at = at ? at + 1 : NULL;
    }
}

/* RFC 2326, section 12.39: ports of either side; who is who depends on who speaks, so both are
 * noted. */
static void extract_rtsp_transport(const struct packet *packet, struct relation_names *names)
{
    static const char *const keys[] = {"client_port=", "server_port=", ";port="};
    const uint8_t *end = packet->payload + packet->payload_captured_bytes;
    for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
        const uint8_t *found = find_text(packet->payload, end, keys[i]);
        if (!found)
            continue;
        struct reader reader = {found + strlen(keys[i]), end};
        uint64_t first;
        if (!take_number(&reader, 65534, &first))
            continue;
        for (uint64_t port = first; port < first + 2; port++) {
            add_at_source(names, packet, IP_UDP, port);
            add_at_destination(names, packet, IP_UDP, port);
        }
    }
}

/* "h1,h2,h3,h4,p1,p2", RFC 959, section 4.1.2. */
static void add_host_port(struct reader *reader, const struct packet *packet,
                          struct relation_names *names)
{
    struct relation_endpoint endpoint = {.protocol = IP_TCP};
    uint64_t high;
    uint64_t low;
    if (!take_ipv4(reader, ',', &endpoint) || !take_byte(reader, ',') ||
        !take_number(reader, 255, &high) || !take_byte(reader, ',') ||
        !take_number(reader, 255, &low))
        return;
    endpoint.port = (uint16_t)(high << 8 | low);
    add(names, endpoint);
    add_at_source(names, packet, IP_TCP, endpoint.port);
}

/* "|1|192.0.2.1|6275|" and "|||6446|", RFC 2428, sections 2 and 3. */
static void add_extended(struct reader *reader, const struct packet *packet,
                         struct relation_names *names)
{
    struct relation_endpoint endpoint = {.protocol = IP_TCP};
    uint64_t family = 0;
    uint64_t port;
    if (!take_byte(reader, '|'))
        return;
    bool has_family = take_number(reader, 2, &family);
    if (!take_byte(reader, '|'))
        return;
    bool is_good = !has_family ||
                   (family == 1 ? take_ipv4(reader, '.', &endpoint) : take_ipv6(reader, &endpoint));
    if (!is_good || !take_byte(reader, '|') || !take_number(reader, 65535, &port))
        return;
    endpoint.port = (uint16_t)port;
    add(names, endpoint);
    add_at_source(names, packet, IP_TCP, port);
}

static void extract_ftp_data(const struct packet *packet, struct relation_names *names)
{
    const uint8_t *end = packet->payload + packet->payload_captured_bytes;
    struct reader reader = {packet->payload, end};
    size_t length = packet->payload_captured_bytes;
    if (length > 5 && !memcmp(reader.at, "PORT ", 5)) {
        reader.at += 5;
        add_host_port(&reader, packet, names);
    } else if (length > 5 && !memcmp(reader.at, "EPRT ", 5)) {
        reader.at += 5;
        add_extended(&reader, packet, names);
    } else if (length > 4 && (!memcmp(reader.at, "227 ", 4) || !memcmp(reader.at, "229 ", 4))) {
        const uint8_t *bracket = memchr(reader.at, '(', length);
        bool is_extended = reader.at[2] == '9';
        reader.at = bracket ? bracket + 1 : end;
        if (is_extended)
            add_extended(&reader, packet, names);
        else
            add_host_port(&reader, packet, names);
    }
}

/* "DCC SEND name 3232235777 5000 ...": the address as one decimal number. */
static void extract_dcc(const struct packet *packet, struct relation_names *names)
{
    const uint8_t *end = packet->payload + packet->payload_captured_bytes;
    const uint8_t *found = find_text(packet->payload, end, "\001DCC ");
    if (!found)
        return;
    struct reader reader = {found + 5, end};
    uint64_t address;
    uint64_t port;
    skip_word(&reader);
    skip_word(&reader);
    if (!take_number(&reader, UINT32_MAX, &address) || !take_byte(&reader, ' ') ||
        !take_number(&reader, 65535, &port))
        return;
    struct relation_endpoint endpoint = {
        .ip_version = 4, .protocol = IP_TCP, .port = (uint16_t)port};
    for (unsigned i = 0; i < 4; i++)
        endpoint.address[i] = (uint8_t)(address >> (24 - 8 * i));
    add(names, endpoint);
    add_at_source(names, packet, IP_TCP, port);
}

/* Address and port as BEP 5 and BEP 23 pack them, one after the other. */
static void add_compact(struct reader *reader, uint64_t bytes, unsigned address_bytes,
                        struct relation_names *names)
{
    uint64_t left = (uint64_t)(reader->end - reader->at);
    uint64_t usable = bytes < left ? bytes : left;
    for (; usable >= address_bytes + 2u; usable -= address_bytes + 2u) {
        struct relation_endpoint endpoint = {.ip_version = address_bytes == 4 ? 4 : 6};
        memcpy(endpoint.address, reader->at, address_bytes);
        endpoint.port = (uint16_t)(reader->at[address_bytes] << 8 | reader->at[address_bytes + 1]);
        add(names, endpoint);
        reader->at += address_bytes + 2u;
    }
}

/* "N:" and N bytes of endpoints behind a key. */
static void add_packed(const struct packet *packet, const char *key, unsigned address_bytes,
                       struct relation_names *names)
{
    const uint8_t *end = packet->payload + packet->payload_captured_bytes;
    const uint8_t *found = find_text(packet->payload, end, key);
    if (!found)
        return;
    struct reader reader = {found + strlen(key), end};
    uint64_t bytes;
    if (take_number(&reader, 65535, &bytes) && take_byte(&reader, ':'))
        add_compact(&reader, bytes, address_bytes, names);
}

/* BEP 5: a list of strings, one endpoint each. */
static void add_values(const struct packet *packet, struct relation_names *names)
{
    const uint8_t *end = packet->payload + packet->payload_captured_bytes;
    const uint8_t *found = find_text(packet->payload, end, "6:valuesl");
    if (!found)
        return;
    struct reader reader = {found + 9, end};
    uint64_t bytes;
    while (take_number(&reader, 18, &bytes) && take_byte(&reader, ':') &&
           (bytes == 6 || bytes == 18) && (uint64_t)(end - reader.at) >= bytes)
        add_compact(&reader, bytes, bytes == 6 ? 4 : 16, names);
}

static void extract_bencode_peers(const struct packet *packet, struct relation_names *names)
{
    add_values(packet, names);
    add_packed(packet, "5:peers", 4, names);
    add_packed(packet, "6:peers6", 16, names);
}

void relation_extract(enum rule_extractor extractor, const struct packet *packet,
                      struct relation_names *names)
{
    static void (*const extract[EXTRACTORS])(const struct packet *, struct relation_names *) = {
        [EXTRACT_SDP] = extract_sdp,
        [EXTRACT_RTSP_TRANSPORT] = extract_rtsp_transport,
        [EXTRACT_FTP_DATA] = extract_ftp_data,
        [EXTRACT_DCC] = extract_dcc,
        [EXTRACT_BENCODE_PEERS] = extract_bencode_peers,
    };
    names->count = 0;
    extract[extractor](packet, names);
}
