/* SPDX-License-Identifier: BSD-3-Clause */
/* From a tree of words to a box: what the box itself says. Its rules are box_policy.c's. */
#include "ctl/box_reader.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "box_node.h"
#include "box_policy.h"

enum { BOX_FILE_BYTES_MAX = 256 << 10, TITLE_BYTES_MAX = 120, LINK_QUEUE_SECONDS_MAX = 60 };

static const uint64_t second_ns = 1000000000;

/* One line of printable text, or for a paragraph several. */
static int take_text(struct yaml_node *mapping, const char *key, size_t most, char **text,
                     struct error *error)
{
    struct yaml_node *node;
    int failure = box_node_find(mapping, key, YAML_WORD, true, &node, error);
    if (failure)
        return failure;
    size_t length = strlen(node->text);
    while (length && strchr(" \n", node->text[length - 1]))
        node->text[--length] = '\0';
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)node->text[i] < ' ')
            return box_node_refuse(error, node->line, "%s: expected one line or paragraph", key);
    }
    if (!length || length > most)
        return box_node_refuse(error, node->line, "%s: expected 1 to %zu bytes of text, found %zu",
                               key, most, length);
    *text = strdup(node->text);
    return *text ? 0 : error_set(error, ENOMEM, "out of memory for the box");
}

static int take_sources(struct box *box, struct yaml_node *root, struct error *error)
{
    struct yaml_node *node;
    unsigned count;
    int failure = box_node_words(root, "sources", true, 1, BOX_SOURCES_MAX, &node, &count, error);
    for (; !failure && node; node = node->next) {
        if (!*node->text)
            return box_node_refuse(error, node->line, "sources: an empty one");
        box->sources[box->source_count] = strdup(node->text);
        if (!box->sources[box->source_count++])
            return error_set(error, ENOMEM, "out of memory for the box");
    }
    return failure;
}

static int take_tiers(struct box *box, struct yaml_node *root, struct error *error)
{
    struct yaml_node *node;
    unsigned count;
    int failure = box_node_words(root, "tiers", true, 0, TIERS, &node, &count, error);
    for (; !failure && node; node = node->next) {
        unsigned tier = 0;
        while (tier < TIERS && strcmp(node->text, tier_name((enum tier)tier)) != 0)
            tier++;
        if (tier == TIERS)
            return box_node_refuse(
                error, node->line,
                "tiers: '%.40s' is none of ports, headers, stochastic, signatures", node->text);
        if (box->tiers >> tier & 1)
            return box_node_refuse(error, node->line, "tiers: '%s' a second time", node->text);
        box->tiers |= 1u << tier;
    }
    return failure;
}

static int take_bounds(struct box *box, struct yaml_node *root, struct error *error)
{
    struct yaml_node *bounds;
    uint64_t packets = 0;
    int failure = box_node_find(root, "bounds", YAML_MAPPING, false, &bounds, error);
    if (failure || !bounds)
        return failure;
    failure = box_node_number(bounds, "packets_inspected", false, 1, 1000000000, &packets, error);
    if (!failure)
        failure = box_node_number(bounds, "flows_held", false, 1, UINT64_C(1000000000000),
                                  &box->flows_held, error);
    box->packets_inspected = (uint32_t)packets;
    return failure ? failure : box_node_end(bounds, "packets_inspected, flows_held", error);
}

/* "+01:00", quoted or not. */
static int take_clock(struct box *box, struct yaml_node *root, struct error *error)
{
    struct yaml_node *node;
    int failure = box_node_find(root, "clock", YAML_WORD, false, &node, error);
    if (failure || !node)
        return failure;
    unsigned minutes;
    const char *text = node->text;
    if (strlen(text) != 6 || !strchr("+-", text[0]) || box_clock_read(text + 1, &minutes) ||
        minutes > 14 * 60)
        return box_node_refuse(error, node->line, "clock: '%.40s' is not an offset such as +01:00",
                               text);
    box->clock_offset_s = (text[0] == '-' ? -60 : 60) * (int32_t)minutes;
    return 0;
}

static int take_link(struct box *box, struct yaml_node *root, struct error *error)
{
    static const char *const schedules[] = {"strict", "weighted", NULL};
    struct yaml_node *node;
    struct yaml_node *others;
    unsigned schedule = 0;
    int failure = box_node_find(root, "link", YAML_MAPPING, false, &node, error);
    if (failure || !node)
        return failure;
    struct box_link *link = &box->link;
    failure = box_node_rate(node, "capacity", true, &link->capacity_bits, error);
    if (!failure)
        failure = box_node_duration(node, "queue", true, &link->queue_ns, error);
    if (!failure)
        failure = box_node_choice(node, "schedule", true, schedules, &schedule, error);
    if (!failure && (!link->queue_ns || link->queue_ns > LINK_QUEUE_SECONDS_MAX * second_ns ||
                     !box_queue_fits(link->capacity_bits, link->queue_ns)))
        failure = box_node_refuse(error, node->line,
                                  "link: the queue must be more than 0s, at most %ds and 256MiB",
                                  LINK_QUEUE_SECONDS_MAX);
    link->is_weighted = schedule == 1;
    if (!failure)
        failure = box_node_find(node, "others", YAML_MAPPING, true, &others, error);
    if (!failure)
        failure = box_queue_take(box, others, &link->others, error);
    return failure ? failure : box_node_end(node, "capacity, queue, schedule, others", error);
}

static int take_box(struct box *box, struct yaml_node *root, const struct box_words *words,
                    struct error *error)
{
    struct yaml_node *name;
    int failure = box_node_expect(root, "a box", YAML_MAPPING, error);
    if (!failure)
        failure = box_node_find(root, "box", YAML_WORD, true, &name, error);
    if (!failure)
        failure = box_name_take(box->name, name, "box", error);
    if (!failure)
        failure = take_text(root, "title", TITLE_BYTES_MAX, &box->title, error);
    if (!failure)
        failure = take_text(root, "about", 4096, &box->about, error);
    if (!failure)
        failure = take_sources(box, root, error);
    if (!failure)
        failure = take_tiers(box, root, error);
    if (!failure)
        failure = take_bounds(box, root, error);
    if (!failure)
        failure = take_clock(box, root, error);
    if (!failure)
        failure = take_link(box, root, error);
    if (!failure)
        failure = box_policy_take(box, root, words, error);
    return failure ? failure
                   : box_node_end(root,
                                  "box, title, about, sources, tiers, bounds, clock, link, policy",
                                  error);
}

static int digest(struct box *box, const char *text, size_t length, struct error *error)
{
    unsigned char sum[32];
    if (!EVP_Digest(text, length, sum, NULL, EVP_sha256(), NULL))
        return error_set(error, EIO, "libcrypto cannot compute a digest");
    for (unsigned i = 0; i < sizeof sum; i++)
        snprintf(box->sha256 + 2 * (size_t)i, 3, "%02x", sum[i]);
    return 0;
}

int box_read(struct box **box, const char *text, size_t length, const struct box_words *words,
             struct error *error)
{
    struct yaml_node *root;
    struct box *made = calloc(1, sizeof *made);
    if (!made)
        return error_set(error, ENOMEM, "out of memory for the box");
    int failure = yaml_tree_read(&root, text, length, error);
    if (!failure)
        failure = take_box(made, root, words, error);
    if (!failure)
        failure = digest(made, text, length, error);
    yaml_tree_free(root);
    if (failure) {
        box_free(made);
        return failure;
    }
    box_seal(made);
    *box = made;
    return 0;
}

int box_read_file(struct box **box, const char *path, const struct box_words *words,
                  struct error *error)
{
    FILE *file = fopen(path, "rbe");
    if (!file)
        return error_set(error, errno, "%s", strerror(errno));
    char *text = malloc(BOX_FILE_BYTES_MAX + 1);
    size_t length = text ? fread(text, 1, BOX_FILE_BYTES_MAX + 1, file) : 0;
    int failure = 0;
    if (!text)
        failure = error_set(error, ENOMEM, "out of memory for the box");
    else if (ferror(file))
        failure = error_set(error, EIO, "cannot be read");
    else if (length > BOX_FILE_BYTES_MAX)
        failure = error_set(error, EINVAL, "larger than any box: 256 KiB");
    else
        failure = box_read(box, text, length, words, error);
    fclose(file);
    free(text);
    return failure;
}
