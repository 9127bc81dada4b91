/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads bodies of ClientHello, ServerHello (RFC 8446 section 4.1, RFC 5246 section 7.4.1) and their
 * extensions. An extension that is not well formed is passed over: the flow is TLS all the same. */
#include "tls_message.h"

#include <string.h>

#include "classifier/host_name.h"

/* ExtensionType (IANA tls-extensiontype-values). */
enum extension {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_ALPN = 16,
    EXTENSION_SUPPORTED_VERSIONS = 43,
    EXTENSION_ECH = 0xfe0d,
    EXTENSION_ESNI = 0xffce, /* draft-ietf-tls-esni-02, what ECH was before */
};

void tls_set_name(struct tls_hello *hello, const uint8_t *name, size_t length)
{
    if (hello->name_length > 0)
        return;
    const size_t unrooted = host_name_unrooted(name, length);
    if (!host_name_is_good(name, unrooted)) {
        hello->flags |= TLS_NAME_REFUSED;
        return;
    }
    memcpy(hello->name, name, unrooted);
    hello->name[unrooted] = 0;
    hello->name_length = (uint8_t)unrooted;
}

/* Steps over a vector whose length is its first byte (or two bytes). Short when it is cut. */
static void skip_vector8(struct cursor *in)
{
    const uint8_t *length = cursor_take(in, 1);
    if (length)
        cursor_take(in, length[0]);
}

static struct cursor take_vector16(struct cursor *in)
{
    const uint8_t *length = cursor_take(in, 2);
    const uint8_t *bytes = length ? cursor_take(in, load_be16(length)) : NULL;
    return bytes ? cursor_over(bytes, load_be16(length))
                 : (struct cursor){.at = NULL, .left = 0, .is_short = true};
}

/* 0x0a0a, 0x1a1a ... 0xfafa (RFC 8701 section 2). */
static bool is_grease(const uint8_t value[2])
{
    return value[0] == value[1] && (value[0] & 0x0f) == 0x0a;
}

/* ServerNameList (RFC 6066 section 3). The first host_name counts: the RFC allows one. */
static void read_server_name(struct cursor value, struct tls_hello *hello)
{
    enum { HOST_NAME = 0 };
    if (hello->name_length > 0 || hello->flags & TLS_NAME_REFUSED)
        return;
    struct cursor list = take_vector16(&value);
    while (!list.is_short && list.left > 0) {
        const uint8_t *type = cursor_take(&list, 1);
        const struct cursor name = take_vector16(&list);
        if (type && type[0] == HOST_NAME && !name.is_short) {
            tls_set_name(hello, name.at, name.left);
            return;
        }
    }
    hello->flags |= TLS_NAME_REFUSED;
}

static void add_alpn(struct tls_hello *hello, const uint8_t *name, uint8_t length)
{
    if (length == 0 || (length == 2 && is_grease(name)))
        return;
    if (hello->alpn_count == TLS_ALPN_MAX) {
        hello->flags |= TLS_ALPN_OVERFLOW;
        return;
    }
    struct tls_alpn *alpn = &hello->alpn[hello->alpn_count++];
    alpn->length = length;
    memcpy(alpn->name, name, length < TLS_ALPN_BYTES ? length : TLS_ALPN_BYTES);
}

/* ProtocolNameList (RFC 7301 section 3.1). */
static void read_alpn(struct cursor value, struct tls_hello *hello)
{
    struct cursor list = take_vector16(&value);
    while (!list.is_short && list.left > 0) {
        const uint8_t *length = cursor_take(&list, 1);
        const uint8_t *name = cursor_take(&list, length[0]);
        if (name)
            add_alpn(hello, name, length[0]);
    }
}

/* Later versions have the higher rank; 0 for what is no version. DTLS counts down. */
static unsigned version_rank(uint16_t version)
{
    switch (version) {
    case 0x0300:
    case 0x0301:
    case 0x0302:
    case 0x0303:
    case 0x0304:
        return version - 0x0300u + 1;
    case 0x0100: /* DTLS before it had an RFC, in OpenSSL and Cisco's AnyConnect */
    case 0xfeff:
        return 1;
    case 0xfefd:
        return 2;
    case 0xfefc:
        return 3;
    default:
        return 0;
    }
}

/* Drafts of TLS 1.3 announce 0x7f00 + draft (RFC 8446 has the history in section 4.2.1). */
static uint16_t plain_version(uint16_t version)
{
    return version >> 8 == 0x7f ? 0x0304 : version;
}

/* The client's list, one length byte in front (RFC 8446 section 4.2.1). */
static void read_offered_versions(struct cursor value, struct tls_hello *hello)
{
    const uint8_t *length = cursor_take(&value, 1);
    const uint8_t *list = length ? cursor_take(&value, length[0]) : NULL;
    if (!list)
        return;
    unsigned best = 0;
    for (size_t i = 0; i + 2 <= length[0]; i += 2) {
        const uint16_t version = plain_version(load_be16(list + i));
        if (version_rank(version) <= best)
            continue;
        best = version_rank(version);
        hello->version = version;
    }
}

static void read_client_extension(uint16_t type, struct cursor value, struct tls_hello *hello)
{
    const uint8_t *first = cursor_peek(&value, 1);
    switch (type) {
    case EXTENSION_SERVER_NAME:
        read_server_name(value, hello);
        break;
    case EXTENSION_ALPN:
        read_alpn(value, hello);
        break;
    case EXTENSION_SUPPORTED_VERSIONS:
        read_offered_versions(value, hello);
        break;
    case EXTENSION_ECH:
        if (first && first[0] == 0) /* ECHClientHelloType outer (RFC 9849 section 5) */
            hello->flags |= TLS_ECH;
        break;
    case EXTENSION_ESNI:
        hello->flags |= TLS_ECH;
        break;
    default:
        break;
    }
}

static void read_server_extension(uint16_t type, struct cursor value, struct tls_hello *hello)
{
    const uint8_t *version = cursor_peek(&value, 2);
    if (type == EXTENSION_SUPPORTED_VERSIONS && version)
        hello->version = plain_version(load_be16(version));
    else if (type == EXTENSION_ALPN)
        read_alpn(value, hello);
}

static bool is_whole(const struct tls_body *body)
{
    return body->there == body->length;
}

/* What it means that the cursor turned short. */
static enum tls_outcome short_outcome(const struct tls_body *body)
{
    return is_whole(body) ? TLS_NOT : TLS_NEED_MORE;
}

typedef void extension_reader(uint16_t type, struct cursor value, struct tls_hello *hello);

/* The extensions are the last of a hello, and may be left out (RFC 5246 section 7.4.1.2). */
static enum tls_outcome read_extensions(struct cursor *in, const struct tls_body *body,
                                        extension_reader *read, struct tls_hello *hello)
{
    if (in->left == 0 && is_whole(body))
        return TLS_FOUND;
    const uint8_t *length = cursor_take(in, 2);
    if (!length)
        return short_outcome(body);
    if (load_be16(length) != body->length - (size_t)(in->at - body->bytes))
        return TLS_NOT;
    while (in->left > 0) {
        const uint8_t *type = cursor_take(in, 2);
        const struct cursor value = take_vector16(in);
        if (in->is_short)
            return short_outcome(body);
        read(load_be16(type), value, hello);
    }
    return is_whole(body) ? TLS_FOUND : TLS_NEED_MORE;
}

/* Reads up to the session identifier, which both hellos begin with. */
static bool read_common(struct cursor *in, struct tls_hello *hello)
{
    const uint8_t *version = cursor_take(in, 2);
    cursor_take(in, 32); /* random */
    if (version)
        hello->version = plain_version(load_be16(version));
    skip_vector8(in); /* session identifier */
    return !version || version_rank(hello->version) > 0;
}

enum tls_outcome tls_read_client_hello(struct tls_body body, bool is_dtls, struct tls_hello *hello)
{
    struct cursor in = cursor_over(body.bytes, body.there);
    if (!read_common(&in, hello))
        return TLS_NOT;
    if (is_dtls)
        skip_vector8(&in); /* cookie */
    take_vector16(&in);    /* cipher suites */
    skip_vector8(&in);     /* compression methods */
    hello->flags |= TLS_CLIENT;
    if (in.is_short)
        return short_outcome(&body);
    return read_extensions(&in, &body, read_client_extension, hello);
}

enum tls_outcome tls_read_server_hello(struct tls_body body, struct tls_hello *hello)
{
    struct cursor in = cursor_over(body.bytes, body.there);
    if (!read_common(&in, hello))
        return TLS_NOT;
    cursor_take(&in, 3); /* cipher suite, compression method */
    hello->flags |= TLS_SERVER;
    if (in.is_short)
        return short_outcome(&body);
    return read_extensions(&in, &body, read_server_extension, hello);
}
