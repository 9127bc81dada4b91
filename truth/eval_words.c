/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns words into classes. */
#include "eval_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "eval_csv.h"

void eval_words_init(struct eval_words *words, const struct protocols *protocols)
{
    *words = (struct eval_words){.protocols = protocols, .class_count = protocols_count(protocols)};
}

void eval_words_free(struct eval_words *words)
{
    while (words->first) {
        struct eval_word *word = words->first;
        words->first = word->next;
        free(word->name);
        free(word);
    }
}

static struct eval_word *look_up(const struct eval_words *words, const char *name)
{
    struct eval_word *word = words->first;
    while (word && strcmp(word->name, name) != 0)
        word = word->next;
    return word;
}

static struct eval_word *add_word(struct eval_words *words, const char *name)
{
    struct eval_word *word = calloc(1, sizeof *word);
    char *copy = strdup(name);
    if (!word || !copy) {
        free(word);
        free(copy);
        return NULL;
    }
    word->name = copy;
    word->next = words->first;
    words->first = word;
    return word;
}

static char *trim(char *text)
{
    text += strspn(text, " \t");
    for (size_t length = strlen(text); length && strchr(" \t\r", text[length - 1]);)
        text[--length] = '\0';
    return text;
}

/* The part before the next `separator`, trimmed; what follows it stays in `*rest`, or null. */
static char *cut(char **rest, char separator)
{
    char *part = *rest;
    char *end = strchr(part, separator);
    *rest = end ? end + 1 : NULL;
    if (end)
        *end = '\0';
    return trim(part);
}

static int accept_protocols(const struct eval_words *words, struct eval_word *word, char *list,
                            struct error *error)
{
    while (list) {
        const char *name = cut(&list, ',');
        int id = protocols_find(words->protocols, name);
        if (id < 0)
            return error_set(error, EINVAL, "there is no protocol '%.60s'", name);
        if (word->accepted_count == EVAL_ACCEPTED_MAX)
            return error_set(error, EINVAL, "more than %d protocols for one word",
                             EVAL_ACCEPTED_MAX);
        word->accepted[word->accepted_count++] = (uint16_t)id;
    }
    word->class = word->accepted[0];
    return 0;
}

static int read_line(struct eval_words *words, char *line, struct error *error)
{
    char *rest = trim(line);
    if (!*rest || *rest == '#')
        return 0;
    const char *name = cut(&rest, '|');
    char *list = rest ? cut(&rest, '|') : NULL;
    const char *reason = rest ? trim(rest) : NULL;
    if (!reason || !*name || !*list || !*reason || strchr(reason, '|'))
        return error_set(error, EINVAL, "not of the form 'word | protocols | reason'");
    if (look_up(words, name))
        return error_set(error, EINVAL, "the word '%.60s' a second time", name);
    struct eval_word *word = add_word(words, name);
    return word ? accept_protocols(words, word, list, error)
                : error_set(error, ENOMEM, "out of memory for aliases");
}

int eval_words_read(struct eval_words *words, const char *path, struct error *error)
{
    size_t length;
    struct error ours = {0};
    char *text = eval_file_load(path, &length, &ours);
    int failure = text ? 0 : -ours.code;
    unsigned number = 0;
    for (char *line = text, *next; !failure && line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        failure = read_line(words, line, &ours);
        ours.line = number;
    }
    free(text);
    if (failure && error)
        *error = ours;
    return failure;
}

static struct eval_word *find_word(struct eval_words *words, const char *name)
{
    struct eval_word *word = look_up(words, name);
    if (word)
        return word;
    word = add_word(words, name);
    if (!word)
        return NULL;
    int id = protocols_find(words->protocols, name);
    if (id > PROTOCOL_UNKNOWN) {
        word->accepted[word->accepted_count++] = (uint16_t)id;
        word->class = (unsigned)id;
    } else {
        word->class = words->class_count++;
    }
    return word;
}

const struct eval_word *eval_words_find(struct eval_words *words, const char *name)
{
    return find_word(words, name);
}

int eval_words_hold_out(struct eval_words *words, const char *list, struct error *error)
{
    char *copy = strdup(list);
    char *rest = copy;
    int failure = copy ? 0 : -ENOMEM;
    while (!failure && rest) {
        const char *name = cut(&rest, ',');
        if (!*name) {
            free(copy);
            return error_set(error, EINVAL, "--unknown: '%.100s' is not a list of words", list);
        }
        struct eval_word *word = find_word(words, name);
        if (word)
            word->is_held_out = true;
        else
            failure = -ENOMEM;
    }
    free(copy);
    return failure ? error_set(error, ENOMEM, "out of memory for words") : 0;
}

bool eval_word_accepts(const struct eval_word *word, uint16_t verdict)
{
    for (unsigned i = 0; i < word->accepted_count; i++) {
        if (word->accepted[i] == verdict)
            return true;
    }
    return false;
}

const char *eval_words_class_name(const struct eval_words *words, unsigned class)
{
    if (class < protocols_count(words->protocols))
        return protocols_get(words->protocols, class)->name;
    const struct eval_word *word = words->first;
    while (word && word->class != class)
        word = word->next;
    return word ? word->name : "";
}
