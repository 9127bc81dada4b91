/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks for names where a flow's protocol has them. */
#include "signature_names.h"

#include <errno.h>
#include <stdlib.h>

struct signature_names {
    struct name_reader *reader;
    uint16_t tls, dtls, quic, http;
    union name_state first; /* of a flow's first datagram: most flows need no second */
};

static uint16_t find_protocol(const struct protocols *protocols, const char *name)
{
    int id = protocols_find(protocols, name);
    return id < 0 ? PROTOCOL_UNKNOWN : (uint16_t)id;
}

int signature_names_new(struct signature_names **names, const struct protocols *protocols,
                        const struct services *services, struct error *error)
{
    struct signature_names *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for names");
    int failure = name_reader_new(&made->reader, protocols, services, error);
    if (failure) {
        free(made);
        return failure;
    }
    made->tls = find_protocol(protocols, "tls");
    made->dtls = find_protocol(protocols, "dtls");
    made->quic = find_protocol(protocols, "quic");
    made->http = find_protocol(protocols, "http");
    *names = made;
    return 0;
}

void signature_names_free(struct signature_names *names)
{
    if (!names)
        return;
    name_reader_free(names->reader);
    name_state_wipe(&names->first);
    free(names);
}

static void take_answer(struct signature_naming *naming, const struct name_answer *answer)
{
    naming->service = answer->service;
    if (answer->outcome == NAME_DONE)
        naming->inner = answer->protocol;
}

/* TLS and HTTP: the stream so far, again and again until there is an answer. */
static bool read_stream(struct signature_names *names, struct signature_naming *naming)
{
    bool is_tls = naming->protocol == names->tls;
    bool is_server = naming->state == WATCH_NAMING_SERVER;
    if (naming->are_sides_known && naming->is_client == is_server)
        return true;
    enum name_kind kind = is_tls ? NAME_TLS_CLIENT : NAME_HTTP_CLIENT;
    if (is_server)
        kind = NAME_TLS_SERVER;
    struct name_answer answer =
        name_of_payload(names->reader, kind, NULL, naming->bytes, naming->length);
    take_answer(naming, &answer);
    if (answer.outcome == NAME_NEED_MORE)
        return true;
    /* Of a flow whose sides are not known, the other one may still be the client. */
    if (answer.outcome == NAME_NOT && !naming->are_sides_known)
        return true;
    bool asks_server = is_tls && !is_server && name_wants_server(&answer);
    naming->state = asks_server ? WATCH_NAMING_SERVER : WATCH_NAMED;
    return asks_server;
}

/* QUIC and DTLS: each of the client's datagrams once. */
static bool read_datagram(struct signature_names *names, struct signature_naming *naming)
{
    if (!naming->is_client)
        return true;
    enum name_kind kind = naming->protocol == names->quic ? NAME_QUIC_CLIENT : NAME_DTLS_CLIENT;
    union name_state *state = naming->names;
    if (!state) {
        name_state_wipe(&names->first);
        state = &names->first;
        naming->kept = state;
    }
    struct name_answer answer =
        name_of_payload(names->reader, kind, state, naming->bytes, naming->length);
    take_answer(naming, &answer);
    if (answer.outcome == NAME_NEED_MORE)
        return true;
    naming->state = WATCH_NAMED;
    return false;
}

bool signature_names_read(struct signature_names *names, struct signature_naming *naming)
{
    uint16_t protocol = naming->protocol;
    bool is_stream = protocol == names->tls || protocol == names->http;
    bool is_datagram = protocol == names->quic || protocol == names->dtls;
    naming->service = SERVICE_NONE;
    naming->inner = PROTOCOL_UNKNOWN;
    naming->kept = NULL;
    if (naming->state == WATCH_NAMED)
        return false;
    if (is_stream && naming->is_stream)
        return read_stream(names, naming);
    if (is_datagram && !naming->is_stream)
        return read_datagram(names, naming);
    return false;
}
