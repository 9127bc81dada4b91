/* SPDX-License-Identifier: BSD-3-Clause */
/* How finely verdicts are judged: by protocol, by category, or by the twelve groups that figures
 * about statistical classifiers are given for. */
#ifndef EVAL_LEVEL_H
#define EVAL_LEVEL_H

#include "eval_words.h"

enum eval_level { EVAL_BY_PROTOCOL, EVAL_BY_CATEGORY, EVAL_BY_GROUP, EVAL_LEVELS };

/* Each category is a group of its own, but for databases and industrial control, which count as
 * infrastructure: what machines say to each other. */
enum eval_group {
    EVAL_GROUP_UNKNOWN,
    EVAL_GROUP_P2P,
    EVAL_GROUP_WEB,
    EVAL_GROUP_STREAMING,
    EVAL_GROUP_CALLS,
    EVAL_GROUP_CHAT,
    EVAL_GROUP_MAIL,
    EVAL_GROUP_FILE_TRANSFER,
    EVAL_GROUP_REMOTE_ACCESS,
    EVAL_GROUP_VPN,
    EVAL_GROUP_GAMES,
    EVAL_GROUP_DNS,
    EVAL_GROUP_INFRASTRUCTURE,
    EVAL_GROUPS,
};

/* "protocol", "category", "group"; with `is_many` "protocols" and so on. */
const char *eval_level_name(enum eval_level level, bool is_many);

/* The level of that name, or -1. */
int eval_level_find(const char *name);

/* The classes of a level are numbered from 0, which is PROTOCOL_UNKNOWN at each of them. A word of
 * the truth that stands for none of our protocols is a class of its own at every level. */
unsigned eval_level_classes(enum eval_level level, const struct eval_words *words);

/* The class at this level of a class of eval_words, or of a verdict. */
unsigned eval_level_of(enum eval_level level, const struct eval_words *words, unsigned class);

const char *eval_level_class_name(enum eval_level level, const struct eval_words *words,
                                  unsigned class);

/* Is the verdict right about a flow of that word, as far as this level tells? */
bool eval_level_accepts(enum eval_level level, const struct eval_words *words,
                        const struct eval_word *word, uint16_t verdict);

#endif
