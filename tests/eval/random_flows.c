/* SPDX-License-Identifier: BSD-3-Clause */
/* random_flows KIND MEGABYTES RULES [FILE]: false friends. Generates flows of random bytes, or of
 * bytes that look random, runs them through the signatures tier and prints which verdicts came out,
 * by strength, as JSON. Not a test: what it prints is put into docs/signatures.md.
 *
 *   random     every byte drawn; payload lengths run through 1 to 1,500 over and over
 *   tls        records of application data, as in a connection met in the middle
 *   wireguard  handshake and transport messages (their whitepaper, section 5.4), the rest drawn
 *   file       FILE's bytes cut into payloads: a download met in the middle
 *
 * TCP and UDP by turns (wireguard: UDP, tls and file: TCP), random ports, up to four payloads each
 * way. The same arguments give the same flows. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/classifier.h"
#include "ctl/rule_folder.h"
#include "json_writer.h"
#include "random.h"

enum { PAYLOAD_MAX = 1500, HEADERS = 40, PAYLOADS_MAX = 8, LINKTYPE_RAW = 101 };

struct generator;

/* Fills up to PAYLOAD_MAX bytes; returns how many. */
typedef unsigned fill_payload(struct generator *generator, uint8_t *payload, unsigned number);

struct kind {
    const char *name;
    fill_payload *fill;
    bool has_tcp;
    bool has_udp;
};

struct verdicts {
    uint64_t certain;
    uint64_t likely;
};

struct generator {
    const struct kind *kind;
    struct random random;
    FILE *content;   /* of the kind file */
    unsigned length; /* of the kind random, last used */
    uint64_t now_ns;
    uint64_t bytes;
    uint64_t flows;
    uint64_t payloads;
    struct verdicts *verdicts; /* by protocol */
};

/* What the flow being written has sent. */
struct conversation {
    uint32_t hosts[2];
    uint16_t ports[2];
    uint32_t sequences[2];
    bool is_tcp;
};

static void draw_bytes(struct generator *generator, uint8_t *bytes, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        bytes[i] = (uint8_t)random_next(&generator->random);
}

static unsigned fill_random(struct generator *generator, uint8_t *payload, unsigned number)
{
    (void)number;
    generator->length = generator->length % PAYLOAD_MAX + 1;
    draw_bytes(generator, payload, generator->length);
    return generator->length;
}

static unsigned fill_tls(struct generator *generator, uint8_t *payload, unsigned number)
{
    (void)number;
    unsigned length = 40 + (unsigned)random_below(&generator->random, PAYLOAD_MAX - 40);
    draw_bytes(generator, payload, length);
    const uint8_t header[] = {0x17, 3, 3, (uint8_t)((length - 5) >> 8), (uint8_t)(length - 5)};
    memcpy(payload, header, sizeof header);
    return length;
}

static unsigned fill_wireguard(struct generator *generator, uint8_t *payload, unsigned number)
{
    unsigned blocks = (unsigned)random_below(&generator->random, 90);
    unsigned length = number == 0 ? 148 : number == 1 ? 92 : 32 + blocks * 16;
    draw_bytes(generator, payload, length);
    memset(payload, 0, 4);
    payload[0] = (uint8_t)(number == 0 ? 1 : number == 1 ? 2 : 4);
    if (number > 1)
        memset(payload + 10, 0, 6); /* counters are small */
    else
        memset(payload + length - 16, 0, 16); /* mac2, without a cookie */
    return length;
}

static unsigned fill_file(struct generator *generator, uint8_t *payload, unsigned number)
{
    (void)number;
    size_t length = fread(payload, 1, 1448, generator->content);
    if (length)
        return (unsigned)length;
    rewind(generator->content);
    return fill_random(generator, payload, number);
}

static const struct kind kinds[] = {
    {"random", fill_random, true, true},
    {"tls", fill_tls, true, false},
    {"wireguard", fill_wireguard, false, true},
    {"file", fill_file, true, false},
};

static void put16(uint8_t *at, uint32_t number)
{
    at[0] = (uint8_t)(number >> 8);
    at[1] = (uint8_t)number;
}

static void put32(uint8_t *at, uint32_t number)
{
    put16(at, number >> 16);
    put16(at + 2, number);
}

/* IPv4 and transport in front of the payload; returns the frame's length. */
static unsigned write_headers(const struct conversation *flow, unsigned from, uint8_t *frame,
                              unsigned payload_bytes)
{
    unsigned length = (flow->is_tcp ? 40 : 28) + payload_bytes;
    memset(frame, 0, HEADERS);
    put16(frame, 0x4500);
    put16(frame + 2, length);
    frame[8] = 64;
    frame[9] = flow->is_tcp ? IP_TCP : IP_UDP;
    put32(frame + 12, flow->hosts[from]);
    put32(frame + 16, flow->hosts[!from]);
    put16(frame + 20, flow->ports[from]);
    put16(frame + 22, flow->ports[!from]);
    if (flow->is_tcp) {
        put32(frame + 24, flow->sequences[from]);
        put32(frame + 28, flow->sequences[!from]);
        put16(frame + 32, 0x5018);
    } else {
        put16(frame + 24, 8 + payload_bytes);
    }
    return length;
}

static void send_payload(struct generator *generator, struct conversation *flow, unsigned number,
                         struct classifier *classifier, struct tally *tally)
{
    uint8_t bytes[HEADERS + PAYLOAD_MAX];
    unsigned from = number % 2;
    unsigned headers = flow->is_tcp ? 40 : 28;
    unsigned payload = generator->kind->fill(generator, bytes + HEADERS, number);
    uint8_t *start = bytes + HEADERS - headers;
    uint8_t header[HEADERS];
    unsigned length = write_headers(flow, from, header, payload);
    memcpy(start, header, headers);
    flow->sequences[from] += payload;
    generator->bytes += payload;
    generator->payloads++;
    const struct frame frame = {.bytes = start,
                                .time_ns = generator->now_ns += 1000000,
                                .captured_bytes = length,
                                .wire_bytes = length,
                                .link_type = LINKTYPE_RAW};
    classifier_burst(classifier, &frame, 1, tally);
}

static void send_flow(struct generator *generator, struct classifier *classifier,
                      struct tally *tally)
{
    struct random *random = &generator->random;
    struct conversation flow = {.is_tcp = generator->kind->has_tcp &&
                                          (!generator->kind->has_udp || generator->flows % 2)};
    for (unsigned end = 0; end < 2; end++) {
        flow.hosts[end] = (uint32_t)(end + 10) << 24 | (uint32_t)random_below(random, 1 << 24);
        flow.ports[end] = (uint16_t)(1 + random_below(random, 65535));
        flow.sequences[end] = (uint32_t)random_next(random);
    }
    unsigned payloads = 1 + (unsigned)random_below(random, PAYLOADS_MAX);
    for (unsigned i = 0; i < payloads; i++)
        send_payload(generator, &flow, i, classifier, tally);
    generator->flows++;
}

static void hear_flow(void *context, const struct flow_ended *flow)
{
    struct generator *generator = context;
    struct verdicts *verdicts = &generator->verdicts[flow->verdict[TIER_SIGNATURES]];
    if (flow->is_certain)
        verdicts->certain++;
    else
        verdicts->likely++;
}

static void print(const struct generator *generator, const struct protocols *protocols)
{
    struct json_writer json;
    json_writer_init(&json, stdout, JSON_LAYOUT_COMPACT);
    json_write_object_begin(&json, NULL);
    json_write_string(&json, "kind", generator->kind->name);
    json_write_unsigned(&json, "flows", generator->flows);
    json_write_unsigned(&json, "payloads", generator->payloads);
    json_write_unsigned(&json, "bytes", generator->bytes);
    json_write_object_begin(&json, "verdicts");
    for (unsigned id = PROTOCOL_UNKNOWN + 1; id < protocols_count(protocols); id++) {
        const struct verdicts *verdicts = &generator->verdicts[id];
        if (!verdicts->certain && !verdicts->likely)
            continue;
        json_write_object_begin(&json, protocols_get(protocols, id)->name);
        json_write_unsigned(&json, "certain", verdicts->certain);
        json_write_unsigned(&json, "likely", verdicts->likely);
        json_write_object_end(&json);
    }
    json_write_object_end(&json);
    json_write_object_end(&json);
    json_writer_finish(&json);
}

static int run(struct generator *generator, const struct protocols *protocols,
               const struct rule_folder *rules, uint64_t megabytes, struct error *error)
{
    const struct classifier_options options = {
        .tiers = 1u << TIER_SIGNATURES,
        .flow_count = 1 << 16,
        .timeouts = flow_timeouts_default(),
        .signatures = rules->signatures,
        .services = rules->services,
        .observer = {.tell = hear_flow, .context = generator},
    };
    struct keyed_secret secret = {.byte = {1}};
    struct classifier *classifier;
    struct tally *tally;
    int failure = classifier_new(&classifier, &options, protocols, &secret, error);
    if (failure)
        return failure;
    failure = tally_new(&tally, protocols_count(protocols), error);
    if (!failure) {
        while (generator->bytes < megabytes * 1000000)
            send_flow(generator, classifier, tally);
        classifier_finish(classifier, generator->now_ns, tally);
        tally_free(tally);
    }
    classifier_free(classifier);
    return failure;
}

static void tell_fault(const char *text)
{
    fprintf(stderr, "random_flows: %s\n", text);
}

static int run_with_rules(struct generator *generator, uint64_t megabytes, const char *path)
{
    struct error error = {0};
    struct protocols *protocols;
    struct rule_folder rules = {.rules = NULL};
    int failure = protocols_new(&protocols, &error);
    if (failure)
        return failure;
    failure = rule_folder_read(&rules, path, NULL, protocols, tell_fault, &error);
    if (!failure)
        failure = rule_folder_compile(&rules, protocols, tell_fault, &error);
    generator->verdicts = calloc(protocols_count(protocols), sizeof *generator->verdicts);
    if (!generator->verdicts)
        failure = error_set(&error, ENOMEM, "out of memory for verdicts");
    if (!failure)
        failure = run(generator, protocols, &rules, megabytes, &error);
    if (failure)
        tell_fault(error.text);
    else
        print(generator, protocols);
    free(generator->verdicts);
    rule_folder_close(&rules);
    protocols_free(protocols);
    return failure;
}

int main(int argc, char **argv)
{
    struct generator generator = {.now_ns = 1700000000000000000};
    for (size_t i = 0; argc >= 4 && i < sizeof kinds / sizeof *kinds; i++) {
        if (!strcmp(argv[1], kinds[i].name))
            generator.kind = &kinds[i];
    }
    if (argc == 5)
        generator.content = fopen(argv[4], "re");
    if (!generator.kind || (generator.kind->fill == fill_file) != (generator.content != NULL)) {
        fputs("usage: random_flows random|tls|wireguard|file MEGABYTES RULES [FILE]\n", stderr);
        return 2;
    }
    int failure = run_with_rules(&generator, strtoull(argv[2], NULL, 10), argv[3]);
    if (generator.content)
        fclose(generator.content);
    return failure ? EXIT_FAILURE : EXIT_SUCCESS;
}
