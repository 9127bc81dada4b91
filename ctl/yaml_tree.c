/* SPDX-License-Identifier: BSD-3-Clause */
/* libyaml's events, made into a tree one after the other. */
#include "yaml_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct growth {
    yaml_parser_t parser;
    struct yaml_node *open[YAML_DEPTH_MAX];  /* lists and mappings not ended yet */
    struct yaml_node **tail[YAML_DEPTH_MAX]; /* where their next child goes */
    unsigned depth;
    unsigned count;
    char *key; /* of the mapping being read: whose value comes next */
    struct yaml_node *root;
    struct error *error;
};

const char *yaml_kind_name(enum yaml_kind kind)
{
    static const char *const names[] = {
        [YAML_WORD] = "a word", [YAML_LIST] = "a list", [YAML_MAPPING] = "a mapping"};
    return names[kind];
}

void yaml_tree_free(struct yaml_node *root)
{
    while (root) {
        struct yaml_node *next = root->next;
        yaml_tree_free(root->first);
        free(root->text);
        free(root->key);
        free(root);
        root = next;
    }
}

static int refuse(struct growth *growth, unsigned line, const char *text)
{
    if (growth->error)
        growth->error->line = line;
    return error_set(growth->error, EINVAL, "%s", text);
}

static unsigned line_of(const yaml_event_t *event)
{
    return (unsigned)event->start_mark.line + 1;
}

static int refuse_parse(struct growth *growth)
{
    const yaml_parser_t *parser = &growth->parser;
    if (parser->error == YAML_MEMORY_ERROR)
        return error_set(growth->error, ENOMEM, "out of memory for the box");
    if (growth->error)
        growth->error->line = (unsigned)parser->problem_mark.line + 1;
    return error_set(growth->error, EINVAL, "not YAML: %.200s",
                     parser->problem ? parser->problem : "cannot be read");
}

static bool is_in_mapping(const struct growth *growth)
{
    return growth->depth && growth->open[growth->depth - 1]->kind == YAML_MAPPING;
}

static struct yaml_node *add_node(struct growth *growth, enum yaml_kind kind, unsigned line)
{
    struct yaml_node *node = calloc(1, sizeof *node);
    if (!node)
        return NULL;
    node->kind = kind;
    node->line = line;
    node->key = growth->key;
    growth->key = NULL;
    struct yaml_node **place = growth->depth ? growth->tail[growth->depth - 1] : &growth->root;
    *place = node;
    if (growth->depth)
        growth->tail[growth->depth - 1] = &node->next;
    return node;
}

static int out_of_memory(struct growth *growth)
{
    return error_set(growth->error, ENOMEM, "out of memory for the box");
}

static int take_key(struct growth *growth, const yaml_event_t *event, char *text)
{
    for (const struct yaml_node *node = growth->open[growth->depth - 1]->first; node;
         node = node->next) {
        if (strcmp(node->key, text) != 0)
            continue;
        if (growth->error)
            growth->error->line = line_of(event);
        int failure = error_set(growth->error, EINVAL, "'%.40s' a second time: first in line %u",
                                text, node->line);
        free(text);
        return failure;
    }
    growth->key = text;
    return 0;
}

static int take_word(struct growth *growth, const yaml_event_t *event)
{
    const char *value = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (event->data.scalar.anchor || event->data.scalar.tag)
        return refuse(growth, line_of(event), "anchors and tags are not used here");
    if (memchr(value, '\0', length))
        return refuse(growth, line_of(event), "a zero byte in a word");
    char *text = malloc(length + 1);
    if (!text)
        return out_of_memory(growth);
    memcpy(text, value, length);
    text[length] = '\0';
    if (is_in_mapping(growth) && !growth->key)
        return take_key(growth, event, text);
    struct yaml_node *node = add_node(growth, YAML_WORD, line_of(event));
    if (!node) {
        free(text);
        return out_of_memory(growth);
    }
    node->text = text;
    return 0;
}

static int take_begin(struct growth *growth, const yaml_event_t *event, enum yaml_kind kind)
{
    const yaml_char_t *anchor =
        kind == YAML_LIST ? event->data.sequence_start.anchor : event->data.mapping_start.anchor;
    const yaml_char_t *tag =
        kind == YAML_LIST ? event->data.sequence_start.tag : event->data.mapping_start.tag;
    if (anchor || tag)
        return refuse(growth, line_of(event), "anchors and tags are not used here");
    if (is_in_mapping(growth) && !growth->key)
        return refuse(growth, line_of(event), "a key must be a word");
    if (growth->depth == YAML_DEPTH_MAX)
        return refuse(growth, line_of(event), "too many levels inside each other");
    struct yaml_node *node = add_node(growth, kind, line_of(event));
    if (!node)
        return out_of_memory(growth);
    growth->open[growth->depth] = node;
    growth->tail[growth->depth++] = &node->first;
    return 0;
}

static int take_event(struct growth *growth, const yaml_event_t *event)
{
    if (growth->count++ == YAML_NODES_MAX)
        return refuse(growth, line_of(event), "more than any box needs");
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (growth->root)
            return refuse(growth, line_of(event), "a second document: one box a file");
        if (event->data.document_start.version_directive ||
            event->data.document_start.tag_directives.start !=
                event->data.document_start.tag_directives.end)
            return refuse(growth, line_of(event), "directives are not used here");
        return 0;
    case YAML_ALIAS_EVENT:
        return refuse(growth, line_of(event), "aliases are not used here");
    case YAML_SCALAR_EVENT:
        return take_word(growth, event);
    case YAML_SEQUENCE_START_EVENT:
        return take_begin(growth, event, YAML_LIST);
    case YAML_MAPPING_START_EVENT:
        return take_begin(growth, event, YAML_MAPPING);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        growth->depth--;
        return 0;
    default:
        return 0;
    }
}

static int grow(struct growth *growth)
{
    bool is_over = false;
    int failure = 0;
    while (!failure && !is_over) {
        yaml_event_t event;
        if (!yaml_parser_parse(&growth->parser, &event))
            return refuse_parse(growth);
        is_over = event.type == YAML_STREAM_END_EVENT;
        failure = take_event(growth, &event);
        yaml_event_delete(&event);
    }
    if (!failure && !growth->root)
        failure = refuse(growth, 1, "nothing but comments");
    return failure;
}

int yaml_tree_read(struct yaml_node **root, const char *text, size_t length, struct error *error)
{
    struct growth growth = {.error = error};
    *root = NULL;
    if (!yaml_parser_initialize(&growth.parser))
        return error_set(error, ENOMEM, "out of memory for the box");
    yaml_parser_set_encoding(&growth.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&growth.parser, (const unsigned char *)text, length);
    int failure = grow(&growth);
    yaml_parser_delete(&growth.parser);
    free(growth.key);
    if (failure)
        yaml_tree_free(growth.root);
    else
        *root = growth.root;
    return failure;
}
