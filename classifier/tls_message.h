/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside of the TLS readers: bodies of handshake messages, once records are out of the way. */
#ifndef CLASSIFIER_TLS_MESSAGE_H
#define CLASSIFIER_TLS_MESSAGE_H

#include "base/cursor.h"
#include "classifier/tls.h"

/* HandshakeType (RFC 8446 section 4). */
enum tls_handshake_type {
    TLS_CLIENT_HELLO = 1,
    TLS_SERVER_HELLO = 2,
    TLS_CERTIFICATE_MESSAGE = 11,
};

/* Body of a message, of which `there` bytes of `length` have arrived (there <= length). */
struct tls_body {
    const uint8_t *bytes;
    size_t there;
    size_t length;
};

/* Fill `hello`; TLS_NEED_MORE while the body is not complete, with what is read so far. DTLS adds a
 * cookie to the ClientHello (RFC 6347 section 4.2.1). */
enum tls_outcome tls_read_client_hello(struct tls_body body, bool is_dtls, struct tls_hello *hello);
enum tls_outcome tls_read_server_hello(struct tls_body body, struct tls_hello *hello);
enum tls_outcome tls_read_certificate(struct tls_body body, struct tls_hello *hello);

/* Keeps `name` as the hello's when it is a host name; else only notes that it is not. */
void tls_set_name(struct tls_hello *hello, const uint8_t *name, size_t length);

#endif
