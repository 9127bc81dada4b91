/* SPDX-License-Identifier: BSD-3-Clause */
/* What traffic can be called: protocols with their category and the numbers they own. One table
 * serves every tier, every report and every model; what is not built in can be added at start. */
#ifndef CLASSIFIER_PROTOCOL_H
#define CLASSIFIER_PROTOCOL_H

#include <stdint.h>

#include "base/error.h"

enum category {
    CATEGORY_UNKNOWN,
    CATEGORY_P2P,
    CATEGORY_WEB,
    CATEGORY_STREAMING,
    CATEGORY_CALLS,
    CATEGORY_CHAT,
    CATEGORY_MAIL,
    CATEGORY_FILE_TRANSFER,
    CATEGORY_REMOTE_ACCESS,
    CATEGORY_VPN,
    CATEGORY_GAMES,
    CATEGORY_DNS,
    CATEGORY_DATABASE,
    CATEGORY_INDUSTRIAL,
    CATEGORY_INFRASTRUCTURE,
    CATEGORIES,
};

/* The name in reports and rules ("file-transfer"). */
const char *category_name(enum category category);

/* The category of that name, or -1. */
int category_find(const char *name);

/* Number spaces in which a protocol can own numbers. */
enum number_space {
    NUMBERS_TCP,  /* ports */
    NUMBERS_UDP,  /* ports */
    NUMBERS_SCTP, /* ports */
    NUMBERS_IP,   /* IP protocol numbers */
    NUMBERS_LINK, /* enum link_number: Ethernet types, LLC DSAPs, PPP protocols, link types */
    NUMBER_SPACES,
};

/* Its name in the text of numbers ("tcp"). */
const char *number_space_name(enum number_space space);

/* Ids are dense, start with PROTOCOL_UNKNOWN and keep their order within one run only: files name
 * protocols by name. */
enum { PROTOCOL_UNKNOWN = 0, PROTOCOLS_MAX = 4096, PROTOCOL_NAME_MAX = 31 };

/* Numbers are spaces parted by single blanks, in each of them numbers and ranges parted by commas:
 *
 *     tcp/6881-6889 udp/6881,8999 ip/50 link/0x0806
 *
 * decimal, or hexadecimal after 0x, without leading zeros otherwise. Ports run from 1 (0 is
 * reserved and nobody's), ip from 0 to 255, link from 0 to 0x2ffff. */
struct protocol {
    const char *name; /* lower case, digits and single '-' inside; stable once released */
    enum category category;
    const char *numbers;       /* "" when it owns none */
    const char *description;   /* one line */
    const char *specification; /* RFC, BEP, standard or the program that defines it */
};

struct protocols;

/* The built-in table. Returns 0 or -errno with `error` filled. */
int protocols_new(struct protocols **protocols, struct error *error);

/* The built-in table for a run that goes on from `before`, whose ids keep their meaning: what had
 * been added there is remembered, with its category and without numbers, but not found by name
 * until it is added again. Null `before`: as protocols_new. */
int protocols_new_after(struct protocols **protocols, const struct protocols *before,
                        struct error *error);

/* Null is fine. */
void protocols_free(struct protocols *protocols);

/* Adds one; the strings are copied, and null ones count as empty. Returns the new id, or
 *   -EINVAL for a bad name, bad numbers, no such category or text of more than one line,
 *   -EEXIST for a name that exists, -ENOSPC beyond PROTOCOLS_MAX, -ENOMEM,
 * with `error` filled and the registry as it was. A number that already has an owner keeps it. Only
 * before workers start: they read without locks. */
int protocols_add(struct protocols *protocols, const struct protocol *protocol,
                  struct error *error);

unsigned protocols_count(const struct protocols *protocols);
/* The row of an id below protocols_count(); good until protocols_free(). */
const struct protocol *protocols_get(const struct protocols *protocols, unsigned id);

/* The id of that name, or -1. */
int protocols_find(const struct protocols *protocols, const char *name);

/* Who owns a number; PROTOCOL_UNKNOWN when nobody does, also for numbers beyond their space. Every
 * link type (0x10000 to 0x1ffff) has an owner. Hot. */
uint16_t protocols_by_number(const struct protocols *protocols, enum number_space space,
                             uint32_t number);

#endif
