/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds whom an X.509 certificate (RFC 5280) is for, by a strict reader of DER (X.690): definite
 * and shortest lengths only, nothing outside of its container. Verifies no signature. */
#include <string.h>

#include "classifier/host_name.h"
#include "tls_message.h"

/* Inside of one container: `left` bytes by its length, of which `there` have arrived. */
struct der {
    const uint8_t *at;
    size_t there;
    size_t left;
};

struct der_element {
    uint8_t tag;
    struct der value;
};

enum der_outcome { DER_GOOD, DER_SHORT, DER_BAD };

enum der_tag {
    DER_INTEGER = 0x02,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_UTF8 = 0x0c,
    DER_PRINTABLE = 0x13,
    DER_TELETEX = 0x14,
    DER_IA5 = 0x16,
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT_PRIMITIVE = 0x80, /* [n]: + n */
    DER_CONTEXT = 0xa0,           /* [n] of constructed things: + n */
};

static void der_step(struct der *in, size_t length)
{
    const size_t there = length < in->there ? length : in->there;
    in->at += there;
    in->there -= there;
    in->left -= length;
}

/* Length octets at `bytes`, after the tag (X.690 section 8.1.3, 10.1). Up to three octets of
 * length: a certificate is no longer (RFC 8446 section 4.4.2). */
static enum der_outcome read_length(const uint8_t *bytes, size_t there, size_t *length,
                                    size_t *octets)
{
    if (there < 1)
        return DER_SHORT;
    *octets = 1;
    *length = bytes[0];
    if (bytes[0] < 0x80)
        return DER_GOOD;
    const size_t count = bytes[0] & 0x7fu;
    if (count == 0 || count > 3)
        return DER_BAD;
    if (there < 1 + count)
        return DER_SHORT;
    *length = 0;
    for (size_t i = 1; i <= count; i++)
        *length = *length << 8 | bytes[i];
    *octets = 1 + count;
    const bool is_shortest = *length >= 0x80 && bytes[1] != 0;
    return is_shortest ? DER_GOOD : DER_BAD;
}

/* Reads the next element and steps over it, even when not all of its value is there. */
static enum der_outcome der_next(struct der *in, struct der_element *element)
{
    if (in->left < 2)
        return DER_BAD;
    if (in->there < 2)
        return DER_SHORT;
    size_t length;
    size_t octets;
    enum der_outcome outcome = read_length(in->at + 1, in->there - 1, &length, &octets);
    if (outcome != DER_GOOD)
        return outcome;
    element->tag = in->at[0];
    if ((element->tag & 0x1f) == 0x1f || in->left < 1 + octets || length > in->left - 1 - octets)
        return DER_BAD;
    der_step(in, 1 + octets);
    element->value = (struct der){in->at, length < in->there ? length : in->there, length};
    der_step(in, length);
    return DER_GOOD;
}

/* The next element must be a `tag`; `value` is its inside. */
static enum der_outcome der_expect(struct der *in, uint8_t tag, struct der *value)
{
    struct der_element element;
    const enum der_outcome outcome = der_next(in, &element);
    if (outcome != DER_GOOD)
        return outcome;
    *value = element.value;
    return element.tag == tag ? DER_GOOD : DER_BAD;
}

static bool der_is_whole(const struct der *value)
{
    return value->there == value->left;
}

static bool is_bytes(const struct der *value, const void *bytes, size_t length)
{
    return value->left == length && memcmp(value->at, bytes, length) == 0;
}

/* "*.example.com" stands for the names below example.com (RFC 6125 section 6.4.3). */
static void set_certificate_name(struct tls_hello *hello, const uint8_t *name, size_t length)
{
    const bool is_wildcard = length > 2 && name[0] == '*' && name[1] == '.';
    tls_set_name(hello, is_wildcard ? name + 2 : name, is_wildcard ? length - 2 : length);
    if (hello->name_length > 0)
        hello->flags |= TLS_CERTIFICATE;
}

static bool is_text(uint8_t tag)
{
    return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_TELETEX || tag == DER_IA5;
}

/* A common name is any text ("Example Corp"): only one with a dot and the grammar of a host name
 * names a host. */
static bool is_host_text(const struct der_element *element)
{
    const struct der *value = &element->value;
    if (!is_text(element->tag) || !memchr(value->at, '.', value->left))
        return false;
    const size_t skipped = value->left > 2 && memcmp(value->at, "*.", 2) == 0 ? 2 : 0;
    return host_name_is_good(value->at + skipped, value->left - skipped);
}

/* AttributeTypeAndValue (RFC 5280 section 4.1.2.4). */
static enum der_outcome read_attribute(struct der attribute, struct tls_hello *hello)
{
    static const uint8_t common_name[] = {0x55, 0x04, 0x03}; /* 2.5.4.3 */
    struct der oid;
    enum der_outcome outcome = der_expect(&attribute, DER_OID, &oid);
    if (outcome != DER_GOOD)
        return outcome;
    struct der_element element;
    outcome = der_next(&attribute, &element);
    if (outcome != DER_GOOD)
        return outcome;
    if (!der_is_whole(&element.value))
        return DER_SHORT;
    if (is_bytes(&oid, common_name, sizeof common_name) && is_host_text(&element))
        set_certificate_name(hello, element.value.at, element.value.left);
    return DER_GOOD;
}

/* Name: a sequence of sets of attributes. */
static enum der_outcome read_subject(struct der subject, struct tls_hello *hello)
{
    enum der_outcome outcome = DER_GOOD;
    while (outcome == DER_GOOD && subject.left > 0) {
        struct der set;
        outcome = der_expect(&subject, DER_SET, &set);
        while (outcome == DER_GOOD && set.left > 0) {
            struct der attribute;
            outcome = der_expect(&set, DER_SEQUENCE, &attribute);
            if (outcome == DER_GOOD)
                outcome = read_attribute(attribute, hello);
        }
    }
    return outcome;
}

/* GeneralNames: the first dNSName, [2] (RFC 5280 section 4.2.1.6). */
static enum der_outcome read_alternative_names(struct der octets, struct tls_hello *hello)
{
    struct der names;
    enum der_outcome outcome = der_expect(&octets, DER_SEQUENCE, &names);
    while (outcome == DER_GOOD && names.left > 0 && hello->name_length == 0) {
        struct der_element name;
        outcome = der_next(&names, &name);
        if (outcome != DER_GOOD)
            break;
        if (!der_is_whole(&name.value))
            return DER_SHORT;
        if (name.tag == DER_CONTEXT_PRIMITIVE + 2)
            set_certificate_name(hello, name.value.at, name.value.left);
    }
    return outcome;
}

/* One Extension: identifier, perhaps "critical", octets. */
static enum der_outcome read_extension(struct der extension, struct tls_hello *hello)
{
    static const uint8_t alternative_name[] = {0x55, 0x1d, 0x11}; /* 2.5.29.17 */
    struct der oid;
    enum der_outcome outcome = der_expect(&extension, DER_OID, &oid);
    if (outcome != DER_GOOD)
        return outcome;
    if (!der_is_whole(&oid))
        return DER_SHORT;
    if (!is_bytes(&oid, alternative_name, sizeof alternative_name))
        return DER_GOOD;
    struct der_element element = {0};
    while (outcome == DER_GOOD && element.tag != DER_OCTETS)
        outcome = der_next(&extension, &element);
    return outcome == DER_GOOD ? read_alternative_names(element.value, hello) : outcome;
}

/* What follows the subject: the key, unique identifiers, [3] extensions. */
static enum der_outcome read_extensions(struct der *certificate, struct tls_hello *hello)
{
    struct der_element element = {0};
    enum der_outcome outcome = DER_GOOD;
    while (outcome == DER_GOOD && certificate->left > 0 && element.tag != DER_CONTEXT + 3)
        outcome = der_next(certificate, &element);
    if (outcome != DER_GOOD || element.tag != DER_CONTEXT + 3)
        return outcome;
    struct der list;
    outcome = der_expect(&element.value, DER_SEQUENCE, &list);
    while (outcome == DER_GOOD && list.left > 0 && hello->name_length == 0) {
        struct der extension;
        outcome = der_expect(&list, DER_SEQUENCE, &extension);
        if (outcome == DER_GOOD)
            outcome = read_extension(extension, hello);
    }
    return outcome;
}

/* Steps from the start of TBSCertificate to its subject (RFC 5280 section 4.1). */
static enum der_outcome find_subject(struct der *certificate, struct der *subject)
{
    static const uint8_t before[] = {DER_INTEGER, DER_SEQUENCE, DER_SEQUENCE, DER_SEQUENCE};
    struct der skipped;
    enum der_outcome outcome = DER_GOOD;
    if (certificate->there > 0 && certificate->at[0] == DER_CONTEXT) /* version */
        outcome = der_expect(certificate, DER_CONTEXT, &skipped);
    for (size_t i = 0; i < sizeof before && outcome == DER_GOOD; i++)
        outcome = der_expect(certificate, before[i], &skipped);
    return outcome == DER_GOOD ? der_expect(certificate, DER_SEQUENCE, subject) : outcome;
}

static enum der_outcome read_certificate(struct der der, struct tls_hello *hello)
{
    struct der whole;
    struct der certificate;
    struct der subject;
    enum der_outcome outcome = der_expect(&der, DER_SEQUENCE, &whole);
    if (outcome == DER_GOOD)
        outcome = der_expect(&whole, DER_SEQUENCE, &certificate);
    if (outcome == DER_GOOD)
        outcome = find_subject(&certificate, &subject);
    if (outcome == DER_GOOD)
        outcome = read_subject(subject, hello);
    if (outcome == DER_GOOD && hello->name_length == 0)
        outcome = read_extensions(&certificate, hello);
    return outcome;
}

enum tls_outcome tls_read_certificate(struct tls_body body, struct tls_hello *hello)
{
    struct cursor in = cursor_over(body.bytes, body.there);
    const uint8_t *lengths = cursor_take(&in, 6); /* of the list, of its first certificate */
    if (body.length == 3)
        return TLS_FOUND; /* an empty list */
    if (!lengths)
        return body.there == body.length ? TLS_NOT : TLS_NEED_MORE;
    const size_t length = load_be24(lengths + 3);
    if (load_be24(lengths) != body.length - 3 || length > body.length - 6)
        return TLS_NOT;
    const struct der der = {in.at, in.left < length ? in.left : length, length};
    const enum der_outcome outcome = read_certificate(der, hello);
    if (hello->name_length > 0 || outcome == DER_GOOD)
        return TLS_FOUND;
    if (outcome == DER_SHORT && body.there < body.length)
        return TLS_NEED_MORE;
    hello->flags |= TLS_NAME_REFUSED;
    return TLS_FOUND;
}
