/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder of rules, read: what the signatures tier looks for, with the samples that prove it. The
 * text is docs/rules-format.md; nothing here touches traffic or Hyperscan.
 *
 *     folder/ *.rules ── rules_read ──► struct rules ── signatures_new ──► what workers share
 *                                            └──────── rules_prove ──────► faults
 */
#ifndef CLASSIFIER_RULES_H
#define CLASSIFIER_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "classifier/protocol.h"
#include "classifier/rule_expression.h"

enum {
    RULE_NAME_BYTES = 31,
    RULE_PATTERNS = 4,
    RULE_CHECKS = 16,
    RULE_PORT_RANGES = 16,
    RULE_IP_NUMBERS = 8,
    RULE_REQUIRES = 2,
    RULE_HITS_MAX = 8,
    RULE_PACKETS = 4,      /* payload packets a direction that are looked at by default */
    RULE_PACKETS_MAX = 32, /* where a rule refines */
    RULE_STREAM_BYTES = 2048,
    RULES_MAX = 4096,
};

enum rule_transport { RULE_TCP, RULE_UDP, RULE_SCTP, RULE_IP, RULE_TRANSPORTS };

enum rule_direction { RULE_EITHER, RULE_CLIENT, RULE_SERVER };

/* Ordered: the stronger replaces the weaker. */
enum rule_strength { RULE_PART, RULE_LIKELY, RULE_CERTAIN };

struct rule_pattern {
    char *text;           /* Hyperscan's syntax, without the anchor that `first` and `last` mean */
    uint16_t first, last; /* where a match may begin */
    bool is_anywhere;
    bool is_caseless;
    unsigned line;
};

struct rule_check {
    char *text;
    struct rule_expression *expression;
    unsigned line;
};

struct rule_ports {
    uint16_t first, last;
};

struct rule_payload {
    bool is_server;
    uint32_t length;
    uint8_t *bytes;
};

/* One flow that proves a rule, or a near miss. */
struct rule_sample {
    bool is_near;
    unsigned line;
    unsigned payload_count;
    struct rule_payload *payloads;
};

struct rule {
    char *file; /* without folder; shared, borrowed from the rules */
    unsigned line;
    char full_name[2 * RULE_NAME_BYTES + 2]; /* "bittorrent/peer-handshake" */
    char protocol_name[RULE_NAME_BYTES + 1];
    uint16_t protocol;
    unsigned transports; /* set of 1 << enum rule_transport */
    unsigned ip_number_count;
    uint8_t ip_number[RULE_IP_NUMBERS]; /* with RULE_IP */
    enum rule_direction direction;
    enum rule_strength strength;
    unsigned port_range_count; /* 0: any */
    struct rule_ports ports[RULE_PORT_RANGES];
    unsigned pattern_count;
    struct rule_pattern patterns[RULE_PATTERNS];
    unsigned check_count;
    struct rule_check checks[RULE_CHECKS];
    uint8_t packets_first, packets_last; /* from 1 */
    uint8_t hits;
    bool needs_both; /* sides to hit */
    unsigned require_count;
    char required_name[RULE_REQUIRES][2 * RULE_NAME_BYTES + 2];
    uint16_t required[RULE_REQUIRES];       /* indices of rules */
    char refined_name[RULE_NAME_BYTES + 1]; /* "" when it refines nothing */
    uint16_t refined;                       /* PROTOCOL_UNKNOWN when it refines nothing */
    bool is_required;                       /* by another rule */
    char *cite;
    unsigned sample_count;
    struct rule_sample *samples;
};

/* What reads endpoints out of a protocol's messages. */
enum rule_extractor {
    EXTRACT_SDP,
    EXTRACT_RTSP_TRANSPORT,
    EXTRACT_FTP_DATA,
    EXTRACT_DCC,
    EXTRACT_BENCODE_PEERS,
    EXTRACTORS,
};

const char *rule_extractor_name(enum rule_extractor extractor);

struct rule_announcement {
    char *file;
    unsigned line;
    char announcer_name[RULE_NAME_BYTES + 1];
    char announced_name[RULE_NAME_BYTES + 1];
    uint16_t announcer; /* protocol whose flows are read on */
    uint16_t announced; /* what a flow from or to a named endpoint is */
    enum rule_extractor extractor;
};

struct rule_file {
    char *name;
};

struct rule_declaration {
    char *file;
    unsigned line;
    char name[RULE_NAME_BYTES + 1];
    enum category category;
    char *numbers, *description, *specification;
};

struct rules {
    unsigned count;
    struct rule *rule; /* by full name */
    unsigned announcement_count;
    struct rule_announcement *announcements;
    unsigned declaration_count;
    struct rule_declaration *declarations;
    unsigned file_count;
    struct rule_file *files;
    char sha256[65]; /* of all files of the folder, by name: "NAME LENGTH\n" and the bytes */
};

/* What is wrong with a folder: `text` needs no file or line in front. */
struct rule_fault {
    char *file; /* "" for the folder itself */
    unsigned line;
    char *text;
};

struct rule_faults {
    unsigned count;
    struct rule_fault *fault; /* by file, then line */
};

/* Notes one fault; out of memory, the count alone goes up. */
void rule_faults_add(struct rule_faults *faults, const char *file, unsigned line,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
void rule_faults_sort(struct rule_faults *faults);
void rule_faults_free(struct rule_faults *faults);

/* Reads every *.rules file of `folder` but services.rules, and adds what they declare to
 * `protocols`. Returns 0 and the rules, to be freed with rules_free; or -EINVAL with every fault
 * found, -ENOMEM: then there are no rules, but `protocols` may have grown. */
int rules_read(struct rules **rules, const char *folder, struct protocols *protocols,
               struct rule_faults *faults);

/* No rules yet. Returns 0 or -ENOMEM. */
int rules_new(struct rules **rules);

/* Adds the rules of one file's text to `rules`: the part of rules_read that fuzzers call. Faults
 * are added to `faults`. Returns 0 or -ENOMEM. */
int rules_read_text(struct rules *rules, const char *file, const char *bytes, size_t length,
                    struct rule_faults *faults);

/* Resolves what the files name: declarations, protocols, required and refined. */
int rules_resolve(struct rules *rules, struct protocols *protocols, struct rule_faults *faults);

/* Null is fine. */
void rules_free(struct rules *rules);

/* The index of the rule with that full name, or -1. */
int rules_find(const struct rules *rules, const char *full_name);

/* Is it a rule that needs to be remembered beyond the payload it matched in? */
bool rule_is_tracked(const struct rule *rule);

#endif
