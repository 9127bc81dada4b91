/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads line by line: the request line, then fields until Host or the end. */
#include "classifier/http_host.h"

#include <stdbool.h>
#include <string.h>

#include "classifier/host_name.h"

/* A piece of the request. */
struct span {
    const uint8_t *at;
    size_t length;
};

static bool span_is(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

static bool span_begins(struct span span, const char *text)
{
    return span.length >= strlen(text) && memcmp(span.at, text, strlen(text)) == 0;
}

/* tchar (RFC 9110 section 5.6.2). */
static bool is_token_byte(uint8_t byte)
{
    const uint8_t lower = host_name_lower(byte);
    return (lower >= 'a' && lower <= 'z') || (byte >= '0' && byte <= '9') ||
           (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* The line without its end; false when the end is not there. */
static bool take_line(struct span *rest, struct span *line)
{
    const uint8_t *end = rest->length > 0 ? memchr(rest->at, '\n', rest->length) : NULL;
    if (!end)
        return false;
    *line = (struct span){rest->at, (size_t)(end - rest->at)};
    rest->length -= line->length + 1;
    rest->at = end + 1;
    if (line->length > 0 && line->at[line->length - 1] == '\r')
        line->length--;
    return true;
}

static void set_host(struct http_host *host, struct span name)
{
    const size_t unrooted = host_name_unrooted(name.at, name.length);
    if (host_name_is_good(name.at, unrooted)) {
        host->name = name.at;
        host->name_bytes = unrooted;
    } else if (name.length > 0) {
        host->flags |= HTTP_NAME_REFUSED;
    }
}

/* authority = [userinfo "@"] host [":" port] (RFC 3986 section 3.2). */
static void set_authority(struct http_host *host, struct span authority)
{
    size_t user = authority.length;
    while (user > 0 && authority.at[user - 1] != '@')
        user--;
    authority.at += user;
    authority.length -= user;
    size_t port = authority.length;
    while (port > 0 && authority.at[port - 1] >= '0' && authority.at[port - 1] <= '9')
        port--;
    if (port > 0 && authority.at[port - 1] == ':')
        authority.length = port - 1;
    set_host(host, authority);
}

/* The target of a request to a proxy; false when it is in origin-form. */
static bool read_target(struct span method, struct span target, struct http_host *host)
{
    if (span_is(method, "CONNECT")) {
        host->flags |= HTTP_CONNECT;
        set_authority(host, target);
        return true;
    }
    if (!span_begins(target, "http://") && !span_begins(target, "https://"))
        return false;
    const size_t scheme = target.at[4] == ':' ? strlen("http://") : strlen("https://");
    struct span authority = {target.at + scheme, 0};
    while (scheme + authority.length < target.length &&
           !strchr("/?#", target.at[scheme + authority.length]))
        authority.length++;
    host->flags |= HTTP_PROXY;
    set_authority(host, authority);
    return true;
}

enum { METHOD_MAX = 24 }; /* the longest registered is UPDATEREDIRECTREF, 17 (IANA http-methods) */

/* Could the bytes begin a request line? Told before the line is complete, so that other protocols
 * are told apart at once. */
static bool is_request(struct span start)
{
    size_t i = 0;
    while (i < start.length && i <= METHOD_MAX && is_token_byte(start.at[i]))
        i++;
    if (i == start.length)
        return i <= METHOD_MAX;
    if (i == 0 || i > METHOD_MAX || start.at[i] != ' ')
        return false;
    for (i++; i < start.length && start.at[i] > ' ' && start.at[i] != 0x7f; i++)
        ;
    if (i == start.length)
        return true;
    static const char version[] = " HTTP/1.";
    for (size_t j = 0; j + 1 < sizeof version && i < start.length; j++, i++) {
        if (start.at[i] != (uint8_t)version[j])
            return false;
    }
    return true;
}

/* method SP request-target SP HTTP-version (RFC 9112 section 3). Sets `is_decided` when the target
 * names the host. */
static bool read_request_line(struct span line, struct http_host *host, bool *is_decided)
{
    const uint8_t *space = memchr(line.at, ' ', line.length);
    if (!space)
        return false;
    const struct span method = {line.at, (size_t)(space - line.at)};
    struct span target = {space + 1, line.length - method.length - 1};
    space = target.length > 0 ? memchr(target.at, ' ', target.length) : NULL;
    if (!space || space == target.at)
        return false;
    const struct span version = {space + 1, target.length - (size_t)(space - target.at) - 1};
    target.length = (size_t)(space - target.at);
    if (version.length != 8 || !span_begins(version, "HTTP/1.") || version.at[7] < '0' ||
        version.at[7] > '9')
        return false;
    *is_decided = read_target(method, target, host);
    return true;
}

static bool is_host_field(struct span name)
{
    static const char host[] = "host";
    if (name.length != 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        if (host_name_lower(name.at[i]) != (uint8_t)host[i])
            return false;
    }
    return true;
}

static struct span trimmed(struct span span)
{
    while (span.length > 0 && is_blank(span.at[0])) {
        span.at++;
        span.length--;
    }
    while (span.length > 0 && is_blank(span.at[span.length - 1]))
        span.length--;
    return span;
}

/* field-name ":" OWS field-value OWS (section 5). False when it is not one. */
static bool read_field(struct span line, struct http_host *host, bool *is_host)
{
    size_t name_bytes = 0;
    while (name_bytes < line.length && is_token_byte(line.at[name_bytes]))
        name_bytes++;
    if (name_bytes == 0 || name_bytes == line.length || line.at[name_bytes] != ':')
        return false;
    *is_host = is_host_field((struct span){line.at, name_bytes});
    if (*is_host)
        set_authority(
            host, trimmed((struct span){line.at + name_bytes + 1, line.length - name_bytes - 1}));
    return true;
}

static enum http_outcome refuse(struct http_host *host)
{
    *host = (struct http_host){0};
    return HTTP_NOT;
}

/* Fields until Host; the byte behind it is waited for, because a blank there would continue it. */
static enum http_outcome read_fields(struct span rest, struct http_host *host)
{
    struct span line;
    bool is_host = false;
    while (take_line(&rest, &line)) {
        if (line.length == 0)
            return HTTP_FOUND;
        if (!read_field(line, host, &is_host))
            return refuse(host);
        if (is_host)
            break;
    }
    if (!is_host || rest.length == 0)
        return HTTP_NEED_MORE;
    return is_blank(rest.at[0]) ? refuse(host) : HTTP_FOUND;
}

static enum http_outcome read_preface(struct span start, struct http_host *host)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 section 3.4 */
    const size_t whole = sizeof preface - 1;
    const size_t there = start.length < whole ? start.length : whole;
    if (there > 0 && memcmp(start.at, preface, there) != 0)
        return HTTP_NOT;
    if (there < whole)
        return HTTP_NEED_MORE;
    host->flags |= HTTP_PRIOR_KNOWLEDGE;
    return HTTP_FOUND;
}

enum http_outcome http_read_request(const uint8_t *bytes, size_t length, struct http_host *host)
{
    *host = (struct http_host){0};
    struct span rest = {bytes, length};
    const enum http_outcome preface = read_preface(rest, host);
    if (preface != HTTP_NOT)
        return preface;
    if (!is_request(rest))
        return HTTP_NOT;
    struct span line;
    if (!take_line(&rest, &line))
        return HTTP_NEED_MORE;
    bool is_decided = false;
    if (!read_request_line(line, host, &is_decided))
        return refuse(host);
    return is_decided ? HTTP_FOUND : read_fields(rest, host);
}
