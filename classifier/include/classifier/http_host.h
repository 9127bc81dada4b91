/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds which host an HTTP/1.x request is for (RFC 9112 section 3.2). Reads requests only, and of
 * them only what comes before and with the first Host. A pure function of the bytes.
 *
 *     GET /path HTTP/1.1           origin-form: the Host field says
 *     GET http://host/ HTTP/1.1    absolute-form: the target says, whatever Host says
 * (section 3.2.2) CONNECT host:443 HTTP/1.1    authority-form: likewise
 */
#ifndef CLASSIFIER_HTTP_HOST_H
#define CLASSIFIER_HTTP_HOST_H

#include <stddef.h>
#include <stdint.h>

enum http_outcome {
    HTTP_NEED_MORE, /* so far it reads as a request; `host` holds what there is */
    HTTP_NOT,       /* not a request of HTTP/1.x, or one that is not well formed: folded lines
                       (section 5.2), blanks before a colon (section 5.1), a line without one */
    HTTP_FOUND,     /* `host` is all there is to know; the answer to more bytes is the same */
};

enum http_flag {
    HTTP_CONNECT = 1,         /* asks a proxy for a tunnel; what follows is another protocol */
    HTTP_PROXY = 2,           /* absolute-form: asks a proxy */
    HTTP_PRIOR_KNOWLEDGE = 4, /* HTTP/2 without TLS (RFC 9113 section 3.3): no host is read, for it
                                 is in compressed headers */
    HTTP_NAME_REFUSED = 8,    /* there was a host that is no host name: an IP address, bad bytes */
};

struct http_host {
    const uint8_t *name; /* borrowed from the request; null: none */
    size_t name_bytes;   /* without port and final dot */
    unsigned flags;      /* set of enum http_flag */
};

/* Of several Host fields the first counts. A line may end with a bare LF (section 2.2). */
enum http_outcome http_read_request(const uint8_t *bytes, size_t length, struct http_host *host);

#endif
