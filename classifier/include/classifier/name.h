/* SPDX-License-Identifier: BSD-3-Clause */
/* Names behind encryption, as the signatures tier asks for them: payload of a flow goes in; a
 * service, a refined protocol and a few flags come out. The name itself never leaves: it lives on
 * the stack and in the reader during one call, and is wiped before the call returns.
 *
 *     flow is tls (TCP)   give the client's stream from the first TLS byte on, again with each
 *                         segment, until it no longer wants more; the server's likewise
 *     flow is dtls, quic  give each datagram of the client once, with the flow's state
 *     flow is http        as tls, the client's stream only
 *
 *     | answer                      | what the caller does | | NAME_NEED_MORE              | asks
 * again with more; at its bound it takes the answer it has | | NAME_NOT                    | the
 * bytes are not that protocol after all, or not well formed | | NAME_DONE                   | takes
 * it; asking again brings the same                        |
 *
 * When the client named nothing (SERVICE_NONE and no ECH), the server's certificate may, up to TLS
 * 1.2: name_wants_server says whether to ask. The client's word comes first.
 */
#ifndef CLASSIFIER_NAME_H
#define CLASSIFIER_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/protocol.h"
#include "classifier/quic.h"
#include "classifier/services.h"
#include "classifier/tls.h"

enum name_kind {
    NAME_TLS_CLIENT,
    NAME_TLS_SERVER,
    NAME_DTLS_CLIENT,
    NAME_QUIC_CLIENT,
    NAME_HTTP_CLIENT,
};

enum name_outcome { NAME_NEED_MORE, NAME_NOT, NAME_DONE };

enum name_flag {
    NAME_ECH = 1,           /* the name may be a provider's public one: RFC 9849, or GREASE of it */
    NAME_CERTIFICATE = 2,   /* the service was told by the server's certificate */
    NAME_REFUSED = 4,       /* there was a name that cannot be one (IP address, bad characters) */
    NAME_ALPN_HTTP1 = 8,    /* "http/1.1", "http/1.0", "http/0.9" offered or chosen */
    NAME_ALPN_H2 = 16,      /* "h2" */
    NAME_ALPN_H3 = 32,      /* "h3" and its drafts */
    NAME_ALPN_OTHER = 64,   /* any other */
    NAME_HTTP2_CLEAR = 128, /* HTTP/2 with prior knowledge, over TCP without TLS */
    NAME_HTTP_PROXY = 256,  /* the request is to a proxy: CONNECT or absolute-form */
};

struct name_answer {
    enum name_outcome outcome;
    uint16_t service;  /* SERVICE_NONE: no name; SERVICE_OTHER: one that is in no list */
    uint16_t protocol; /* what runs inside, by ALPN or HTTP/2 preface; PROTOCOL_UNKNOWN: the flow's
                          protocol stays */
    uint16_t flags;    /* set of enum name_flag */
    uint16_t version;  /* of TLS or DTLS as on the wire, 0 for none: see struct tls_hello */
};

/* Bytes of a stream after which asking again is in vain for most: the caller's bound may be less. A
 * ClientHello with post-quantum keys is near 2,000; a certificate's subject ends before 2,048 in
 * nearly all flights. */
enum { NAME_STREAM_BYTES = 4096 };

/* What is remembered of a flow between datagrams, of either kind; all zero is fresh. Needed from a
 * flow's first datagram until the answer is not NAME_NEED_MORE, then wiped by name_state_wipe. Most
 * flows end with their first or second datagram, so a few hundred serve a worker. */
union name_state {
    struct dtls_state dtls;
    struct quic_state quic;
};

void name_state_wipe(union name_state *state);

/* libcrypto's contexts and scratch memory of one worker. */
struct name_reader;

/* `protocols` and `services` are borrowed and outlive the reader; protocols that the table of ALPN
 * names asks for and `protocols` lacks are not refined to. Returns 0 or -errno with `error` filled.
 */
int name_reader_new(struct name_reader **reader, const struct protocols *protocols,
                    const struct services *services, struct error *error);

/* Null is fine. */
void name_reader_free(struct name_reader *reader);

/* `state` may be null for streams. Hot: cannot fail, allocates nothing, keeps nothing but `state`.
 */
struct name_answer name_of_payload(struct name_reader *reader, enum name_kind kind,
                                   union name_state *state, const uint8_t *bytes, size_t length);

/* Is the server's stream worth reading after what the client said? */
bool name_wants_server(const struct name_answer *client);

#endif
