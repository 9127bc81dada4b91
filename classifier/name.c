/* SPDX-License-Identifier: BSD-3-Clause */
/* Puts the readers together: bytes to name, name to service, ALPN to protocol. */
#include "classifier/name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/http_host.h"

/* What an ALPN name (IANA tls-extensiontype-values, ALPN protocol IDs) says of the protocol inside.
 * HTTP has no protocol here: a flow that carries it in TLS or QUIC stays tls or quic, which is what
 * is on the wire, and a flag tells the version. */
struct alpn_meaning {
    const char *alpn;
    const char *protocol; /* of the protocol table; null: none */
    uint16_t flag;
};

static const struct alpn_meaning meanings[] = {
    {"http/0.9", NULL, NAME_ALPN_HTTP1},   /* RFC 1945 */
    {"http/1.0", NULL, NAME_ALPN_HTTP1},   /* RFC 1945 */
    {"http/1.1", NULL, NAME_ALPN_HTTP1},   /* RFC 9112 */
    {"h2", NULL, NAME_ALPN_H2},            /* RFC 9113 */
    {"h3", NULL, NAME_ALPN_H3},            /* RFC 9114 */
    {"acme-tls/1", NULL, NAME_ALPN_OTHER}, /* RFC 8737: a challenge, no protocol */
    {"co", "coap", NAME_ALPN_OTHER},       /* RFC 9952, over DTLS */
    {"coap", "coap", NAME_ALPN_OTHER},     /* RFC 8323, over TLS */
    {"c-webrtc", NULL, NAME_ALPN_OTHER},   /* RFC 8833: media and data of a call, over DTLS */
    {"dicom", "dicom", NAME_ALPN_OTHER},   /* DICOM PS3.15 */
    {"doq", "doq", NAME_ALPN_OTHER},       /* RFC 9250 */
    {"dot", "dot", NAME_ALPN_OTHER},       /* RFC 7858 */
    {"ftp", "ftp", NAME_ALPN_OTHER},       /* RFC 4217 */
    {"imap", "imap", NAME_ALPN_OTHER},     /* RFC 2595 */
    {"irc", "irc", NAME_ALPN_OTHER},       /* RFC 1459 */
    {"managesieve", "managesieve", NAME_ALPN_OTHER}, /* RFC 5804 */
    {"mqtt", "mqtt", NAME_ALPN_OTHER},               /* OASIS MQTT 5.0 */
    {"nnsp", "nntp", NAME_ALPN_OTHER},               /* RFC 3977, transit between servers */
    {"nntp", "nntp", NAME_ALPN_OTHER},               /* RFC 3977 */
    {"ntske/1", "nts-ke", NAME_ALPN_OTHER},          /* RFC 8915 */
    {"pop3", "pop3", NAME_ALPN_OTHER},               /* RFC 2595 */
    {"postgresql", "postgresql", NAME_ALPN_OTHER},   /* PostgreSQL 17, protocol flow */
    {"radius/1.0", "radius", NAME_ALPN_OTHER},       /* RFC 9765 */
    {"radius/1.1", "radius", NAME_ALPN_OTHER},       /* RFC 9765 */
    {"sip/2", "sip", NAME_ALPN_OTHER},               /* RFC 3261 */
    {"smb", "smb", NAME_ALPN_OTHER},                 /* Microsoft MS-SMB2, over QUIC */
    {"spdy/1", NULL, NAME_ALPN_OTHER},
    {"spdy/2", NULL, NAME_ALPN_OTHER},
    {"spdy/3", NULL, NAME_ALPN_OTHER},
    {"stun.nat-discovery", "stun", NAME_ALPN_OTHER}, /* RFC 7443 */
    {"stun.turn", "turn", NAME_ALPN_OTHER},          /* RFC 7443 */
    {"sunrpc", "rpc", NAME_ALPN_OTHER},              /* RFC 9289 */
    {"tds/8.0", "mssql", NAME_ALPN_OTHER},           /* Microsoft MS-TDS */
    {"webrtc", NULL, NAME_ALPN_OTHER},               /* RFC 8833 */
    {"xmpp-client", "xmpp", NAME_ALPN_OTHER},        /* XEP-0368 */
    {"xmpp-server", "xmpp", NAME_ALPN_OTHER},        /* XEP-0368 */
};

enum { MEANINGS = sizeof meanings / sizeof *meanings };

struct name_reader {
    const struct services *services;
    struct quic_reader *quic;
    uint16_t http2;              /* protocol ids, PROTOCOL_UNKNOWN where the table has none */
    uint16_t protocol[MEANINGS]; /* of meanings[i] */
    struct tls_scratch scratch;
};

static uint16_t find_protocol(const struct protocols *protocols, const char *name)
{
    const int id = name ? protocols_find(protocols, name) : -1;
    return id < 0 ? PROTOCOL_UNKNOWN : (uint16_t)id;
}

int name_reader_new(struct name_reader **reader, const struct protocols *protocols,
                    const struct services *services, struct error *error)
{
    struct name_reader *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the reader of names");
    const int outcome = quic_reader_new(&made->quic, error);
    if (outcome < 0) {
        free(made);
        return outcome;
    }
    made->services = services;
    made->http2 = find_protocol(protocols, "http2");
    for (size_t i = 0; i < MEANINGS; i++)
        made->protocol[i] = find_protocol(protocols, meanings[i].protocol);
    *reader = made;
    return 0;
}

void name_reader_free(struct name_reader *reader)
{
    if (!reader)
        return;
    quic_reader_free(reader->quic);
    free(reader);
}

void name_state_wipe(union name_state *state)
{
    explicit_bzero(state, sizeof *state);
}

/* The meaning of one ALPN name, or -1. */
static int find_meaning(const struct tls_alpn *alpn)
{
    for (int i = 0; i < MEANINGS; i++) {
        if (strlen(meanings[i].alpn) == alpn->length &&
            memcmp(meanings[i].alpn, alpn->name, alpn->length) == 0)
            return i;
    }
    return -1;
}

/* "h3-29", "h3-T051", "h3-Q050": drafts of HTTP/3, and over Google's QUIC. */
static bool is_h3_draft(const struct tls_alpn *alpn)
{
    return alpn->length > 3 && memcmp(alpn->name, "h3-", 3) == 0;
}

/* All names that are offered must mean the same protocol: a client that offers two has not said
 * which it will speak. */
static void read_alpn(const struct name_reader *reader, const struct tls_hello *hello,
                      struct name_answer *answer)
{
    bool is_one = hello->alpn_count > 0 && !(hello->flags & TLS_ALPN_OVERFLOW);
    for (unsigned i = 0; i < hello->alpn_count; i++) {
        const struct tls_alpn *alpn = &hello->alpn[i];
        const int meaning = find_meaning(alpn);
        const uint16_t protocol = meaning < 0 ? PROTOCOL_UNKNOWN : reader->protocol[meaning];
        if (meaning >= 0)
            answer->flags |= meanings[meaning].flag;
        else
            answer->flags |= is_h3_draft(alpn) ? NAME_ALPN_H3 : NAME_ALPN_OTHER;
        is_one = is_one && (i == 0 || protocol == answer->protocol);
        answer->protocol = protocol;
    }
    if (!is_one)
        answer->protocol = PROTOCOL_UNKNOWN;
}

static void read_hello(const struct name_reader *reader, const struct tls_hello *hello,
                       struct name_answer *answer)
{
    answer->version = hello->version;
    if (hello->flags & TLS_ECH)
        answer->flags |= NAME_ECH;
    if (hello->flags & TLS_CERTIFICATE)
        answer->flags |= NAME_CERTIFICATE;
    if (hello->flags & TLS_NAME_REFUSED)
        answer->flags |= NAME_REFUSED;
    if (hello->name_length > 0)
        answer->service =
            services_match(reader->services, (const uint8_t *)hello->name, hello->name_length);
    read_alpn(reader, hello, answer);
}

static enum name_outcome outcome_of_tls(enum tls_outcome outcome)
{
    switch (outcome) {
    case TLS_NEED_MORE:
        return NAME_NEED_MORE;
    case TLS_FOUND:
        return NAME_DONE;
    default:
        return NAME_NOT;
    }
}

static enum name_outcome outcome_of_quic(enum quic_outcome outcome)
{
    switch (outcome) {
    case QUIC_NEED_MORE:
        return NAME_NEED_MORE;
    case QUIC_FOUND:
        return NAME_DONE;
    default:
        return NAME_NOT;
    }
}

static void read_http(const struct name_reader *reader, const uint8_t *bytes, size_t length,
                      struct name_answer *answer)
{
    struct http_host host;
    const enum http_outcome outcome = http_read_request(bytes, length, &host);
    answer->outcome = outcome == HTTP_NEED_MORE ? NAME_NEED_MORE
                      : outcome == HTTP_FOUND   ? NAME_DONE
                                                : NAME_NOT;
    if (host.name)
        answer->service = services_match(reader->services, host.name, host.name_bytes);
    if (host.flags & HTTP_NAME_REFUSED)
        answer->flags |= NAME_REFUSED;
    if (host.flags & (HTTP_CONNECT | HTTP_PROXY))
        answer->flags |= NAME_HTTP_PROXY;
    if (host.flags & HTTP_PRIOR_KNOWLEDGE) {
        answer->flags |= NAME_HTTP2_CLEAR;
        answer->protocol = reader->http2;
    }
}

struct name_answer name_of_payload(struct name_reader *reader, enum name_kind kind,
                                   union name_state *state, const uint8_t *bytes, size_t length)
{
    struct name_answer answer = {.service = SERVICE_NONE, .protocol = PROTOCOL_UNKNOWN};
    struct tls_hello hello = {0};
    switch (kind) {
    case NAME_TLS_CLIENT:
        answer.outcome = outcome_of_tls(tls_read_client(bytes, length, &reader->scratch, &hello));
        break;
    case NAME_TLS_SERVER:
        answer.outcome = outcome_of_tls(tls_read_server(bytes, length, &reader->scratch, &hello));
        break;
    case NAME_DTLS_CLIENT:
        answer.outcome = outcome_of_tls(dtls_read_client(&state->dtls, bytes, length, &hello));
        break;
    case NAME_QUIC_CLIENT:
        answer.outcome =
            outcome_of_quic(quic_read_client(reader->quic, &state->quic, bytes, length, &hello));
        break;
    case NAME_HTTP_CLIENT:
        read_http(reader, bytes, length, &answer);
        return answer;
    }
    read_hello(reader, &hello, &answer);
    explicit_bzero(&hello, sizeof hello);
    return answer;
}

bool name_wants_server(const struct name_answer *client)
{
    return client->outcome == NAME_DONE && client->service == SERVICE_NONE &&
           !(client->flags & NAME_ECH);
}
