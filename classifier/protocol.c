/* SPDX-License-Identifier: BSD-3-Clause */
/* The registry of protocols: ids, names and who owns which number. The rows themselves are in
 * protocol_table.c; nothing here looks at traffic. */
#include "classifier/protocol.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "protocol_table.h"

enum {
    LINKS = 0x30000,           /* one past the largest link number */
    SLOTS = 2 * PROTOCOLS_MAX, /* a power of two, so that look-ups can mask */
};

/* A space's numbers are smallest..end-1; its owners start at `first` in one array for all spaces.
 */
static const struct space {
    const char *name;
    uint32_t smallest, end, first;
} spaces[NUMBER_SPACES] = {
    /* Port 0 is reserved, and what a packet without ports shows: nobody may own it. */
    [NUMBERS_TCP] = {.name = "tcp", .smallest = 1, .end = 65536, .first = 0},
    [NUMBERS_UDP] = {.name = "udp", .smallest = 1, .end = 65536, .first = 65536},
    [NUMBERS_SCTP] = {.name = "sctp", .smallest = 1, .end = 65536, .first = 131072},
    [NUMBERS_IP] = {.name = "ip", .smallest = 0, .end = 256, .first = 196608},
    [NUMBERS_LINK] = {.name = "link", .smallest = 0, .end = LINKS, .first = 196864},
};

enum { OWNERS = 196864 + LINKS };

static const char *const category_names[CATEGORIES] = {
    [CATEGORY_UNKNOWN] = "unknown",
    [CATEGORY_P2P] = "p2p",
    [CATEGORY_WEB] = "web",
    [CATEGORY_STREAMING] = "streaming",
    [CATEGORY_CALLS] = "calls",
    [CATEGORY_CHAT] = "chat",
    [CATEGORY_MAIL] = "mail",
    [CATEGORY_FILE_TRANSFER] = "file-transfer",
    [CATEGORY_REMOTE_ACCESS] = "remote-access",
    [CATEGORY_VPN] = "vpn",
    [CATEGORY_GAMES] = "games",
    [CATEGORY_DNS] = "dns",
    [CATEGORY_DATABASE] = "database",
    [CATEGORY_INDUSTRIAL] = "industrial",
    [CATEGORY_INFRASTRUCTURE] = "infrastructure",
};

/* The strings of an added protocol, one after another. */
struct strings {
    struct strings *next;
    char text[];
};

struct protocols {
    unsigned count;
    struct protocol row[PROTOCOLS_MAX];
    uint16_t slot[SLOTS];    /* id + 1 at the hash of its name or the next free slot; 0 is empty */
    uint16_t owner[OWNERS];  /* what is never claimed is never touched: most of it stays unmapped */
    struct strings *strings; /* of added rows; built-in ones point into the program */
    bool is_remembered[PROTOCOLS_MAX]; /* from before; not added again, yet */
};

const char *category_name(enum category category)
{
    assert((unsigned)category < CATEGORIES);
    return category_names[category];
}

int category_find(const char *name)
{
    for (int i = 0; i < CATEGORIES; i++) {
        if (strcmp(category_names[i], name) == 0)
            return i;
    }
    return -1;
}

const char *number_space_name(enum number_space space)
{
    assert((unsigned)space < NUMBER_SPACES);
    return spaces[space].name;
}

/* Reading the text of numbers, "tcp/6881-6889 udp/6881,8999 link/0x0806", one range at a time. */
struct numbers {
    const char *at;                                                  /* what is still to be read */
    enum numbers_next { NEXT_SPACE, NEXT_RANGE, NEXT_NOTHING } next; /* what stands there */
    enum number_space space;                                         /* of the range last read */
    uint32_t first, last;                                            /* that range, ends included */
};

static struct numbers numbers_start(const char *text)
{
    return (struct numbers){.at = text, .next = *text ? NEXT_SPACE : NEXT_NOTHING};
}

static int read_space(struct numbers *numbers)
{
    for (unsigned space = 0; space < NUMBER_SPACES; space++) {
        const char *name = spaces[space].name;
        size_t length = strlen(name);
        if (strncmp(numbers->at, name, length) == 0 && numbers->at[length] == '/') {
            numbers->at += length + 1;
            numbers->space = space;
            return 0;
        }
    }
    return -EINVAL;
}

static unsigned digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned)(c - 'A') + 10;
    return 16;
}

/* Decimal, or hexadecimal after 0x. Not strtoul: it takes blanks, signs and octal. */
static int read_number(struct numbers *numbers, uint32_t *number)
{
    const struct space *space = &spaces[numbers->space];
    bool is_hex = numbers->at[0] == '0' && numbers->at[1] == 'x';
    unsigned base = is_hex ? 16 : 10;
    const char *start = numbers->at + (is_hex ? 2 : 0);
    const char *at = start;
    uint32_t value = 0;
    for (; digit_value(*at) < base; at++) {
        value = value * base + digit_value(*at);
        if (value >= space->end)
            return -ERANGE;
    }
    bool looks_octal = !is_hex && start[0] == '0' && at - start > 1;
    if (at == start || looks_octal)
        return -EINVAL;
    if (value < space->smallest)
        return -ERANGE;
    numbers->at = at;
    *number = value;
    return 0;
}

static int read_range(struct numbers *numbers)
{
    int failed = read_number(numbers, &numbers->first);
    if (failed)
        return failed;
    numbers->last = numbers->first;
    if (*numbers->at != '-')
        return 0;
    numbers->at++;
    failed = read_number(numbers, &numbers->last);
    if (failed)
        return failed;
    return numbers->last < numbers->first ? -ERANGE : 0;
}

static int read_separator(struct numbers *numbers)
{
    switch (*numbers->at) {
    case '\0':
        numbers->next = NEXT_NOTHING;
        return 0;
    case ',':
        numbers->next = NEXT_RANGE;
        break;
    case ' ':
        numbers->next = NEXT_SPACE;
        break;
    default:
        return -EINVAL;
    }
    numbers->at++;
    return 0;
}

/* Returns 1 with the next range, 0 after the last, -EINVAL where the text is not of the form, or
 * -ERANGE where a number is too large, too small or a range runs backwards. */
static int numbers_next(struct numbers *numbers)
{
    if (numbers->next == NEXT_NOTHING)
        return 0;
    int failed = numbers->next == NEXT_SPACE ? read_space(numbers) : 0;
    if (!failed)
        failed = read_range(numbers);
    if (!failed)
        failed = read_separator(numbers);
    return failed ? failed : 1;
}

static int check_numbers(const char *name, const char *text, struct error *error)
{
    struct numbers numbers = numbers_start(text);
    int outcome = 0;
    do
        outcome = numbers_next(&numbers);
    while (outcome > 0);
    if (outcome == 0)
        return 0;
    size_t place = (size_t)(numbers.at - text) + 1;
    if (outcome == -ERANGE)
        return error_set(error, EINVAL,
                         "protocol %s: the number at character %zu of its numbers is out of range; "
                         "ports go from 1 to 65535, ip from 0 to 255, link from 0 to 0x2ffff, and "
                         "a range from its smaller to its larger end",
                         name, place);
    return error_set(error, EINVAL,
                     "protocol %s: its numbers cannot be read at character %zu; write them like "
                     "\"tcp/6881-6889 udp/6881,8999 link/0x0806\", with tcp, udp, sctp, ip or link",
                     name, place);
}

static void claim_numbers(struct protocols *protocols, unsigned id)
{
    struct numbers numbers = numbers_start(protocols->row[id].numbers);
    while (numbers_next(&numbers) > 0) {
        uint16_t *owner = &protocols->owner[spaces[numbers.space].first];
        for (uint32_t number = numbers.first; number <= numbers.last; number++) {
            if (owner[number] == PROTOCOL_UNKNOWN)
                owner[number] = (uint16_t)id;
        }
    }
}

/* The slot that holds `name`, or the empty one where it belongs. Half the slots stay empty, so the
 * walk ends. FNV-1a: names are not hostile, and few. */
static unsigned find_slot(const struct protocols *protocols, const char *name)
{
    uint32_t hash = 2166136261u;
    for (const char *at = name; *at; at++)
        hash = (hash ^ (unsigned char)*at) * 16777619u;
    unsigned slot = hash % SLOTS;
    while (protocols->slot[slot] &&
           strcmp(protocols->row[protocols->slot[slot] - 1].name, name) != 0)
        slot = (slot + 1) % SLOTS;
    return slot;
}

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_name(const char *name)
{
    size_t length = 0;
    for (; name[length]; length++) {
        if (length == PROTOCOL_NAME_MAX)
            return false;
        bool is_inner_dash = name[length] == '-' && length > 0 && name[length - 1] != '-';
        if (!is_letter_or_digit(name[length]) && !is_inner_dash)
            return false;
    }
    return length > 0 && name[length - 1] != '-';
}

/* Printed in tables and comments: neither line breaks nor anything a terminal obeys. */
static bool is_one_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    }
    return true;
}

static int check(const struct protocols *protocols, const struct protocol *row, struct error *error)
{
    if (!is_name(row->name))
        return error_set(error, EINVAL,
                         "a protocol's name is 1 to %d lower-case letters, digits and single "
                         "dashes between them",
                         PROTOCOL_NAME_MAX);
    int id = protocols->slot[find_slot(protocols, row->name)] - 1;
    if (id >= 0 && !protocols->is_remembered[id])
        return error_set(error, EEXIST, "protocol %s exists already; choose another name",
                         row->name);
    if ((unsigned)row->category >= CATEGORIES)
        return error_set(error, EINVAL, "protocol %s: no such category", row->name);
    if (!is_one_line(row->description) || !is_one_line(row->specification))
        return error_set(error, EINVAL,
                         "protocol %s: its description or specification holds a line break or "
                         "another control character",
                         row->name);
    if (id < 0 && protocols->count == PROTOCOLS_MAX)
        return error_set(error, ENOSPC, "protocol %s is one too many; there can be %d", row->name,
                         PROTOCOLS_MAX);
    return check_numbers(row->name, row->numbers, error);
}

/* Takes a row as it is: its strings must outlive the registry. Returns its id or -errno. */
static int enter(struct protocols *protocols, const struct protocol *row, struct error *error)
{
    int failed = check(protocols, row, error);
    if (failed)
        return failed;
    unsigned slot = find_slot(protocols, row->name);
    unsigned id = protocols->slot[slot] ? protocols->slot[slot] - 1u : protocols->count++;
    protocols->is_remembered[id] = false;
    protocols->row[id] = *row;
    protocols->slot[slot] = (uint16_t)(id + 1);
    claim_numbers(protocols, id);
    return (int)id;
}

int protocols_new(struct protocols **protocols, struct error *error)
{
    struct protocols *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "no memory for the table of protocols");
    for (unsigned i = 0; i < protocol_table_count; i++) {
        int id = enter(made, &protocol_table[i], error);
        if (id < 0) {
            protocols_free(made);
            return id;
        }
    }
    *protocols = made;
    return 0;
}

int protocols_new_after(struct protocols **protocols, const struct protocols *before,
                        struct error *error)
{
    int failure = protocols_new(protocols, error);
    unsigned count = before ? before->count : 0;
    for (unsigned id = protocol_table_count; !failure && id < count; id++) {
        struct protocol row = before->row[id];
        row.numbers = "";
        int same = protocols_add(*protocols, &row, error);
        if (same < 0) {
            protocols_free(*protocols);
            failure = same;
            break;
        }
        (*protocols)->is_remembered[same] = true;
    }
    return failure;
}

void protocols_free(struct protocols *protocols)
{
    if (!protocols)
        return;
    while (protocols->strings) {
        struct strings *next = protocols->strings->next;
        free(protocols->strings);
        protocols->strings = next;
    }
    free(protocols);
}

/* Copies `text` to `*to` and moves that behind it. */
static const char *copy(char **to, const char *text)
{
    char *start = *to;
    size_t size = strlen(text) + 1;
    memcpy(start, text, size);
    *to += size;
    return start;
}

static struct strings *copy_strings(struct protocol *row)
{
    size_t size = strlen(row->name) + strlen(row->numbers) + strlen(row->description) +
                  strlen(row->specification) + 4;
    struct strings *strings = malloc(sizeof *strings + size);
    if (!strings)
        return NULL;
    char *to = strings->text;
    row->name = copy(&to, row->name);
    row->numbers = copy(&to, row->numbers);
    row->description = copy(&to, row->description);
    row->specification = copy(&to, row->specification);
    return strings;
}

static const char *text_of(const char *text)
{
    return text ? text : "";
}

int protocols_add(struct protocols *protocols, const struct protocol *protocol, struct error *error)
{
    struct protocol row = {
        .name = text_of(protocol->name),
        .category = protocol->category,
        .numbers = text_of(protocol->numbers),
        .description = text_of(protocol->description),
        .specification = text_of(protocol->specification),
    };
    struct strings *strings = copy_strings(&row);
    if (!strings)
        return error_set(error, ENOMEM, "no memory for another protocol");
    int id = enter(protocols, &row, error);
    if (id < 0) {
        free(strings);
        return id;
    }
    strings->next = protocols->strings;
    protocols->strings = strings;
    return id;
}

unsigned protocols_count(const struct protocols *protocols)
{
    return protocols->count;
}

const struct protocol *protocols_get(const struct protocols *protocols, unsigned id)
{
    assert(id < protocols->count);
    return &protocols->row[id];
}

int protocols_find(const struct protocols *protocols, const char *name)
{
    int id = protocols->slot[find_slot(protocols, name)] - 1;
    return id >= 0 && protocols->is_remembered[id] ? -1 : id;
}

uint16_t protocols_by_number(const struct protocols *protocols, enum number_space space,
                             uint32_t number)
{
    assert((unsigned)space < NUMBER_SPACES);
    if (number >= spaces[space].end)
        return PROTOCOL_UNKNOWN;
    return protocols->owner[spaces[space].first + number];
}
