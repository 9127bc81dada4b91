/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes TLS records away (RFC 8446 section 5.1, RFC 5246 section 6.2.1) and hands on the handshake
 * messages in them. */
#include "classifier/tls.h"

#include <string.h>

#include "base/cursor.h"
#include "tls_message.h"

enum {
    RECORD_HEADER_BYTES = 5,
    RECORD_MAX_BYTES = 16384, /* of plaintext */
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    MESSAGE_HEADER_BYTES = 4,
};

/* Why no more could be joined. */
enum join_state {
    JOIN_READING, /* the stream's bytes are used up */
    JOIN_ENDED,   /* a record of another kind follows */
    JOIN_FULL,    /* TLS_JOINED_MAX */
    JOIN_BAD,     /* not a record */
};

/* Handshake bytes without their records. As long as they lie in one record they are borrowed from
 * the stream; the second record's make a copy necessary. */
struct joined {
    struct cursor in;   /* the stream, not joined yet */
    size_t record_left; /* of the record that is being joined */
    const uint8_t *bytes;
    size_t length;
    size_t taken; /* by messages already read */
    struct tls_scratch *scratch;
    bool skips_alerts;
    enum join_state state;
};

/* Could these bytes, the first of a record header, begin a record? */
static bool is_record(const uint8_t *header, size_t there)
{
    if (there > 0 && (header[0] < 20 || header[0] > 24))
        return false;
    if (there > 1 && header[1] != 3)
        return false;
    return there <= 2 || header[2] <= 4;
}

static bool is_warning(const struct joined *joined, size_t record_bytes)
{
    enum { LEVEL_WARNING = 1 };
    return joined->skips_alerts && joined->length == 0 && record_bytes == 2 &&
           (joined->in.left < 1 || joined->in.at[0] == LEVEL_WARNING);
}

/* Reads the header of the next record; false when there is none to join. */
static bool open_record(struct joined *joined)
{
    struct cursor *in = &joined->in;
    if (!is_record(in->at, in->left)) {
        joined->state = JOIN_BAD;
        return false;
    }
    const uint8_t *header = cursor_take(in, RECORD_HEADER_BYTES);
    if (!header)
        return false;
    const size_t length = load_be16(header + 3);
    if (header[0] == RECORD_ALERT && is_warning(joined, length)) {
        cursor_take(in, length);
        return !in->is_short;
    }
    if (header[0] != RECORD_HANDSHAKE)
        joined->state = JOIN_ENDED;
    else if (length == 0 || length > RECORD_MAX_BYTES)
        joined->state = JOIN_BAD;
    else
        joined->record_left = length;
    return joined->record_left > 0;
}

/* As much as fits. */
static void append(struct joined *joined, const uint8_t *bytes, size_t length)
{
    if (joined->length == 0) {
        joined->bytes = bytes;
        joined->length = length;
        return;
    }
    const size_t room = TLS_JOINED_MAX - joined->length;
    if (length > room)
        joined->state = JOIN_FULL;
    const size_t fitting = length < room ? length : room;
    if (joined->bytes != joined->scratch->byte)
        memcpy(joined->scratch->byte, joined->bytes, joined->length);
    memcpy(joined->scratch->byte + joined->length, bytes, fitting);
    joined->bytes = joined->scratch->byte;
    joined->length += fitting;
}

/* Joins records until `wanted` bytes are there; false when they are not. */
static bool join_until(struct joined *joined, size_t wanted)
{
    while (joined->length < wanted) {
        if (joined->state != JOIN_READING)
            return false;
        if (joined->record_left == 0 && !open_record(joined))
            return false;
        const size_t there =
            joined->in.left < joined->record_left ? joined->in.left : joined->record_left;
        if (there == 0 && joined->record_left > 0)
            return false;
        if (there > 0)
            append(joined, cursor_take(&joined->in, there), there);
        joined->record_left -= there;
    }
    return true;
}

static struct joined join(const uint8_t *bytes, size_t length, struct tls_scratch *scratch)
{
    return (struct joined){
        .in = cursor_over(bytes, length), .scratch = scratch, .state = JOIN_READING};
}

/* The copied bytes hold names. */
static void unjoin(struct joined *joined)
{
    if (joined->bytes == joined->scratch->byte)
        explicit_bzero(joined->scratch->byte, joined->length);
}

struct message {
    uint8_t type;
    struct tls_body body;
};

/* The next message, perhaps not all of its body; false when its header is not there. */
static bool next_message(struct joined *joined, struct message *message)
{
    if (!join_until(joined, joined->taken + MESSAGE_HEADER_BYTES))
        return false;
    const uint8_t *header = joined->bytes + joined->taken;
    const size_t length = load_be24(header + 1);
    message->type = header[0];
    joined->taken += MESSAGE_HEADER_BYTES;
    join_until(joined, joined->taken + length);
    const size_t there = joined->length - joined->taken;
    message->body =
        (struct tls_body){joined->bytes + joined->taken, there < length ? there : length, length};
    joined->taken += message->body.there;
    return true;
}

/* What a reader that needs more of a message gets: nothing when records of another kind cut into
 * it (RFC 8446 section 5.1 forbids that), and what there was when there can be no more. */
static enum tls_outcome unfinished(const struct joined *joined)
{
    switch (joined->state) {
    case JOIN_READING:
        return TLS_NEED_MORE;
    case JOIN_FULL:
        return TLS_FOUND;
    default:
        return TLS_NOT;
    }
}

/* The first message of a stream must be of `type`. */
static enum tls_outcome first_message(struct joined *joined, uint8_t type, struct message *message)
{
    const bool is_there = next_message(joined, message);
    if (joined->length > 0 && joined->bytes[0] != type)
        return TLS_NOT;
    return is_there ? TLS_FOUND : unfinished(joined);
}

static enum tls_outcome read_client(struct joined *joined, struct tls_hello *hello)
{
    struct message message;
    enum tls_outcome outcome = first_message(joined, TLS_CLIENT_HELLO, &message);
    if (outcome != TLS_FOUND)
        return outcome;
    outcome = tls_read_client_hello(message.body, false, hello);
    return outcome == TLS_NEED_MORE ? unfinished(joined) : outcome;
}

static enum tls_outcome read_server(struct joined *joined, struct tls_hello *hello)
{
    struct message message;
    enum tls_outcome outcome = first_message(joined, TLS_SERVER_HELLO, &message);
    if (outcome != TLS_FOUND)
        return outcome;
    outcome = tls_read_server_hello(message.body, hello);
    if (outcome == TLS_NEED_MORE)
        return unfinished(joined);
    if (outcome == TLS_NOT || hello->version >= 0x0304)
        return outcome;
    if (!next_message(joined, &message))
        return joined->state == JOIN_READING ? TLS_NEED_MORE : TLS_FOUND;
    if (message.type != TLS_CERTIFICATE_MESSAGE)
        return TLS_FOUND;
    outcome = tls_read_certificate(message.body, hello);
    return outcome == TLS_NEED_MORE && joined->state != JOIN_READING ? TLS_FOUND : outcome;
}

/* TLS_NOT says nothing. */
static enum tls_outcome finish(enum tls_outcome outcome, struct tls_hello *hello)
{
    if (outcome == TLS_NOT)
        explicit_bzero(hello, sizeof *hello);
    return outcome;
}

enum tls_outcome tls_read_client(const uint8_t *bytes, size_t length, struct tls_scratch *scratch,
                                 struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    struct joined joined = join(bytes, length, scratch);
    const enum tls_outcome outcome = read_client(&joined, hello);
    unjoin(&joined);
    return finish(outcome, hello);
}

enum tls_outcome tls_read_server(const uint8_t *bytes, size_t length, struct tls_scratch *scratch,
                                 struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    struct joined joined = join(bytes, length, scratch);
    joined.skips_alerts = true;
    const enum tls_outcome outcome = read_server(&joined, hello);
    unjoin(&joined);
    return finish(outcome, hello);
}

enum tls_outcome tls_read_client_message(const uint8_t *bytes, size_t length,
                                         struct tls_hello *hello)
{
    *hello = (struct tls_hello){0};
    if (length > 0 && bytes[0] != TLS_CLIENT_HELLO)
        return TLS_NOT;
    if (length < MESSAGE_HEADER_BYTES)
        return TLS_NEED_MORE;
    const size_t body_bytes = load_be24(bytes + 1);
    const size_t there = length - MESSAGE_HEADER_BYTES;
    const struct tls_body body = {bytes + MESSAGE_HEADER_BYTES,
                                  there < body_bytes ? there : body_bytes, body_bytes};
    return finish(tls_read_client_hello(body, false, hello), hello);
}
