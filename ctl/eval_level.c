/* SPDX-License-Identifier: BSD-3-Clause */
/* Maps protocols to categories and groups. */
#include "eval_level.h"

#include <string.h>

static const struct {
    const char *one;
    const char *many;
} level_names[EVAL_LEVELS] = {
    [EVAL_BY_PROTOCOL] = {"protocol", "protocols"},
    [EVAL_BY_CATEGORY] = {"category", "categories"},
    [EVAL_BY_GROUP] = {"group", "groups"},
};

static const enum eval_group group_of[CATEGORIES] = {
    [CATEGORY_UNKNOWN] = EVAL_GROUP_UNKNOWN,
    [CATEGORY_P2P] = EVAL_GROUP_P2P,
    [CATEGORY_WEB] = EVAL_GROUP_WEB,
    [CATEGORY_STREAMING] = EVAL_GROUP_STREAMING,
    [CATEGORY_CALLS] = EVAL_GROUP_CALLS,
    [CATEGORY_CHAT] = EVAL_GROUP_CHAT,
    [CATEGORY_MAIL] = EVAL_GROUP_MAIL,
    [CATEGORY_FILE_TRANSFER] = EVAL_GROUP_FILE_TRANSFER,
    [CATEGORY_REMOTE_ACCESS] = EVAL_GROUP_REMOTE_ACCESS,
    [CATEGORY_VPN] = EVAL_GROUP_VPN,
    [CATEGORY_GAMES] = EVAL_GROUP_GAMES,
    [CATEGORY_DNS] = EVAL_GROUP_DNS,
    [CATEGORY_DATABASE] = EVAL_GROUP_INFRASTRUCTURE,
    [CATEGORY_INDUSTRIAL] = EVAL_GROUP_INFRASTRUCTURE,
    [CATEGORY_INFRASTRUCTURE] = EVAL_GROUP_INFRASTRUCTURE,
};

static const char *const group_names[EVAL_GROUPS] = {
    [EVAL_GROUP_UNKNOWN] = "unknown",
    [EVAL_GROUP_P2P] = "p2p",
    [EVAL_GROUP_WEB] = "web",
    [EVAL_GROUP_STREAMING] = "streaming",
    [EVAL_GROUP_CALLS] = "calls",
    [EVAL_GROUP_CHAT] = "chat",
    [EVAL_GROUP_MAIL] = "mail",
    [EVAL_GROUP_FILE_TRANSFER] = "file-transfer",
    [EVAL_GROUP_REMOTE_ACCESS] = "remote-access",
    [EVAL_GROUP_VPN] = "vpn",
    [EVAL_GROUP_GAMES] = "games",
    [EVAL_GROUP_DNS] = "dns",
    [EVAL_GROUP_INFRASTRUCTURE] = "infrastructure",
};

const char *eval_level_name(enum eval_level level, bool is_many)
{
    return is_many ? level_names[level].many : level_names[level].one;
}

int eval_level_find(const char *name)
{
    for (int level = 0; level < EVAL_LEVELS; level++) {
        if (!strcmp(level_names[level].one, name))
            return level;
    }
    return -1;
}

/* How many classes are ours at a level; those of words follow. */
static unsigned own_classes(enum eval_level level, const struct eval_words *words)
{
    const unsigned counts[EVAL_LEVELS] = {
        [EVAL_BY_PROTOCOL] = protocols_count(words->protocols),
        [EVAL_BY_CATEGORY] = CATEGORIES,
        [EVAL_BY_GROUP] = EVAL_GROUPS,
    };
    return counts[level];
}

unsigned eval_level_classes(enum eval_level level, const struct eval_words *words)
{
    return own_classes(level, words) + words->class_count - protocols_count(words->protocols);
}

unsigned eval_level_of(enum eval_level level, const struct eval_words *words, unsigned class)
{
    unsigned known = protocols_count(words->protocols);
    if (class >= known)
        return own_classes(level, words) + class - known;
    if (level == EVAL_BY_PROTOCOL)
        return class;
    enum category category = protocols_get(words->protocols, class)->category;
    return level == EVAL_BY_CATEGORY ? (unsigned)category : (unsigned)group_of[category];
}

const char *eval_level_class_name(enum eval_level level, const struct eval_words *words,
                                  unsigned class)
{
    unsigned own = own_classes(level, words);
    if (class >= own)
        return eval_words_class_name(words, class - own + protocols_count(words->protocols));
    if (level == EVAL_BY_PROTOCOL)
        return eval_words_class_name(words, class);
    return level == EVAL_BY_CATEGORY ? category_name((enum category) class) : group_names[class];
}

bool eval_level_accepts(enum eval_level level, const struct eval_words *words,
                        const struct eval_word *word, uint16_t verdict)
{
    unsigned claimed = eval_level_of(level, words, verdict);
    for (unsigned i = 0; i < word->accepted_count; i++) {
        if (word->accepted[i] == verdict)
            return true;
        if (claimed != PROTOCOL_UNKNOWN &&
            eval_level_of(level, words, word->accepted[i]) == claimed)
            return true;
    }
    return false;
}
