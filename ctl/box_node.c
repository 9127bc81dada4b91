/* SPDX-License-Identifier: BSD-3-Clause */
/* Takes what is expected, refuses the rest. */
#include "box_node.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/quantity.h"
#include "base/text.h"

int box_node_refuse(struct error *error, unsigned line, const char *format, ...)
{
    if (!error)
        return -EINVAL;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    error->code = EINVAL;
    error->line = line;
    return -EINVAL;
}

int box_node_expect(const struct yaml_node *node, const char *what, enum yaml_kind kind,
                    struct error *error)
{
    if (node->kind == kind)
        return 0;
    return box_node_refuse(error, node->line, "%.40s: expected %s, found %s", what,
                           yaml_kind_name(kind), yaml_kind_name(node->kind));
}

int box_node_find(struct yaml_node *mapping, const char *key, enum yaml_kind kind, bool is_required,
                  struct yaml_node **found, struct error *error)
{
    struct yaml_node *node = mapping->first;
    while (node && strcmp(node->key, key) != 0)
        node = node->next;
    *found = node;
    if (!node)
        return is_required ? box_node_refuse(error, mapping->line, "'%s' is missing", key) : 0;
    node->is_used = true;
    return box_node_expect(node, key, kind, error);
}

int box_node_end(const struct yaml_node *mapping, const char *known, struct error *error)
{
    for (const struct yaml_node *node = mapping->first; node; node = node->next) {
        if (!node->is_used)
            return box_node_refuse(error, node->line, "'%.40s' is not known here: expected %s",
                                   node->key, known);
    }
    return 0;
}

int box_node_words(struct yaml_node *mapping, const char *key, bool is_required, unsigned least,
                   unsigned most, struct yaml_node **first, unsigned *count, struct error *error)
{
    struct yaml_node *list;
    *first = NULL;
    *count = 0;
    int failure = box_node_find(mapping, key, YAML_LIST, is_required, &list, error);
    if (failure || !list)
        return failure;
    for (const struct yaml_node *node = list->first; node; node = node->next, ++*count) {
        failure = box_node_expect(node, key, YAML_WORD, error);
        if (failure)
            return failure;
    }
    if (*count < least || *count > most)
        return box_node_refuse(error, list->line, "%s: expected a list of %u to %u, found %u", key,
                               least, most, *count);
    *first = list->first;
    return 0;
}

/* Puts the key in front of what a quantity's reader said, and the line beside it. */
static int blame(const struct yaml_node *node, const char *key, struct error *error)
{
    if (!error)
        return -EINVAL;
    struct error said = *error;
    return box_node_refuse(error, node->line, "%s: %.250s", key, said.text);
}

int box_node_rate(struct yaml_node *mapping, const char *key, bool is_required, uint64_t *value,
                  struct error *error)
{
    struct yaml_node *node;
    int failure = box_node_find(mapping, key, YAML_WORD, is_required, &node, error);
    if (failure || !node)
        return failure;
    return quantity_read_rate(node->text, value, error) ? blame(node, key, error) : 0;
}

int box_node_size(struct yaml_node *mapping, const char *key, bool is_required, uint64_t most,
                  uint64_t *value, struct error *error)
{
    struct yaml_node *node;
    int failure = box_node_find(mapping, key, YAML_WORD, is_required, &node, error);
    if (failure || !node)
        return failure;
    return quantity_read_size(node->text, most, value, error) ? blame(node, key, error) : 0;
}

int box_node_duration(struct yaml_node *mapping, const char *key, bool is_required, uint64_t *value,
                      struct error *error)
{
    struct yaml_node *node;
    int failure = box_node_find(mapping, key, YAML_WORD, is_required, &node, error);
    if (failure || !node)
        return failure;
    return quantity_read_duration(node->text, value, error) ? blame(node, key, error) : 0;
}

int box_node_number(struct yaml_node *mapping, const char *key, bool is_required, uint64_t least,
                    uint64_t most, uint64_t *value, struct error *error)
{
    struct yaml_node *node;
    int failure = box_node_find(mapping, key, YAML_WORD, is_required, &node, error);
    if (failure || !node)
        return failure;
    if (node->text[0] == '0' && node->text[1])
        return box_node_refuse(error, node->line, "%s: '%.40s' has a zero in front", key,
                               node->text);
    if (!text_read_unsigned(node->text, key, least, most, value, error))
        return 0;
    if (error)
        error->line = node->line;
    return -EINVAL;
}

int box_node_choice(struct yaml_node *mapping, const char *key, bool is_required,
                    const char *const *words, unsigned *index, struct error *error)
{
    struct yaml_node *node;
    char list[160] = "";
    int failure = box_node_find(mapping, key, YAML_WORD, is_required, &node, error);
    if (failure || !node)
        return failure;
    for (unsigned i = 0; words[i]; i++) {
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", words[i]);
        if (strcmp(node->text, words[i]) == 0) {
            *index = i;
            return 0;
        }
    }
    return box_node_refuse(error, node->line, "%s: '%.40s' is none of %s", key, node->text, list);
}
