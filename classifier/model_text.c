/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines, words and numbers of a model's text, and its digest. */
#include "model_text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char digest_word[] = "sha256 ";

enum { DIGEST_LINE = sizeof digest_word - 1 + MODEL_DIGEST_TEXT + 1 };

bool model_text_fault(struct model_text *text, const char *format, ...)
{
    if (text->is_bad)
        return false;
    text->is_bad = true;
    char reason[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    if (text->error)
        text->error->line = text->line;
    error_set(text->error, EINVAL, "%s", reason);
    return false;
}

bool model_text_fault_at(struct model_text *text, unsigned line, const char *reason)
{
    if (!text->is_bad)
        text->line = line;
    return model_text_fault(text, "%s", reason);
}

static bool digest(const char *bytes, size_t length, char hex[MODEL_DIGEST_TEXT + 1])
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned sum_bytes = 0;
    if (!EVP_Digest(bytes, length, sum, &sum_bytes, EVP_sha256(), NULL))
        return false;
    for (unsigned i = 0; i < sum_bytes && 2 * i < MODEL_DIGEST_TEXT; i++)
        snprintf(hex + (size_t)2 * i, 3, "%02x", sum[i]);
    return true;
}

void model_text_open(struct model_text *text, const char *bytes, size_t length, struct error *error)
{
    *text = (struct model_text){.at = bytes, .line_end = bytes, .end = bytes, .error = error};
    const char *last = length > DIGEST_LINE ? bytes + length - DIGEST_LINE : NULL;
    size_t word_length = sizeof digest_word - 1;
    if (!last || last[-1] != '\n' || memcmp(last, digest_word, word_length) != 0 ||
        last[DIGEST_LINE - 1] != '\n') {
        model_text_fault(text, "the last line is not 'sha256' and 64 digits: the file is no model, "
                               "or not all of one");
        return;
    }
    if (!digest(bytes, length - DIGEST_LINE, text->sha256))
        model_text_fault(text, "libcrypto gives no SHA-256");
    else if (memcmp(text->sha256, last + word_length, MODEL_DIGEST_TEXT) != 0)
        model_text_fault(text, "the digest is not that of the lines before it: the file was "
                               "changed after it was written");
    text->end = last;
}

bool model_text_has_more(const struct model_text *text)
{
    return !text->is_bad && text->at < text->line_end;
}

/* Takes the next word; its length, 0 for none. */
static size_t take(struct model_text *text, const char **word)
{
    if (!model_text_has_more(text))
        return 0;
    *word = text->at;
    const char *blank = memchr(text->at, ' ', (size_t)(text->line_end - text->at));
    const char *end = blank ? blank : text->line_end;
    if (end == *word || (blank && blank + 1 == text->line_end)) {
        model_text_fault(text, "words are parted by single blanks");
        return 0;
    }
    text->at = blank ? blank + 1 : text->line_end;
    return (size_t)(end - *word);
}

/* Where the next line begins. */
static const char *next_line(const struct model_text *text)
{
    return text->line ? text->line_end + 1 : text->line_end;
}

bool model_text_is_next(const struct model_text *text, const char *word)
{
    const char *next = next_line(text);
    size_t length = strlen(word);
    return !text->is_bad && (size_t)(text->end - next) > length && !memcmp(next, word, length) &&
           (next[length] == ' ' || next[length] == '\n');
}

bool model_text_line(struct model_text *text, const char *word)
{
    if (model_text_has_more(text))
        return model_text_fault(text, "there are more words than belong to this line");
    if (text->is_bad)
        return false;
    const char *next = next_line(text);
    text->line++;
    if (next >= text->end)
        return model_text_fault(text, "the file ends where '%s' is expected", word);
    text->at = next;
    text->line_end = memchr(next, '\n', (size_t)(text->end - next));
    const char *first = "";
    size_t length = take(text, &first);
    if (length == strlen(word) && !memcmp(first, word, length))
        return true;
    return model_text_fault(text, "'%s' is expected", word);
}

bool model_text_word(struct model_text *text, const char *what, char *word, size_t size)
{
    const char *taken = "";
    size_t length = take(text, &taken);
    if (length == 0 || length >= size || memchr(taken, '\0', length))
        return model_text_fault(text, "%s is missing, or too long", what);
    memcpy(word, taken, length);
    word[length] = '\0';
    return true;
}

bool model_text_rest(struct model_text *text, const char *what, char *rest, size_t size)
{
    size_t length = model_text_has_more(text) ? (size_t)(text->line_end - text->at) : 0;
    bool is_plain = length > 0 && length < size;
    for (size_t i = 0; is_plain && i < length; i++)
        is_plain = text->at[i] >= ' ' && text->at[i] < 127;
    if (!is_plain)
        return model_text_fault(text, "%s is missing, too long or not plain text", what);
    memcpy(rest, text->at, length);
    rest[length] = '\0';
    text->at = text->line_end;
    return true;
}

int64_t model_text_number(struct model_text *text, const char *what, int64_t least, int64_t most)
{
    const char *word = "";
    size_t length = take(text, &word);
    bool is_negative = length > 1 && *word == '-';
    int64_t number = 0;
    size_t first = is_negative;
    bool is_number = length > first && length - first <= 18 && (word[first] != '0' || length == 1);
    for (size_t i = first; is_number && i < length; i++) {
        is_number = word[i] >= '0' && word[i] <= '9';
        number = 10 * number + (word[i] - '0');
    }
    if (is_negative)
        number = -number;
    if (is_number && number >= least && number <= most)
        return number;
    model_text_fault(text, "%s is not a whole number from %lld to %lld", what, (long long)least,
                     (long long)most);
    return least;
}

static void read_name(struct model_text *text, const char *word, char *name)
{
    if (!model_text_line(text, word) || !model_text_word(text, word, name, MODEL_NAME_MAX + 1))
        return;
    if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-+._")])
        model_text_fault(text, "'%s' has other characters than a-z, 0-9, '-', '+', '.', '_'", name);
}

void model_text_head(struct model_text *text, const char *kind, char *name, char *site,
                     char *trained, size_t trained_size)
{
    char found[32];
    model_text_line(text, "glassbox-model");
    model_text_number(text, "the format's version, 1,", 1, 1);
    if (model_text_line(text, "kind") && model_text_word(text, "the kind", found, sizeof found) &&
        strcmp(found, kind) != 0)
        model_text_fault(text, "this is a model of kind '%s', not '%s'", found, kind);
    read_name(text, "name", name);
    read_name(text, "site", site);
    if (model_text_line(text, "trained"))
        model_text_rest(text, "how it was trained", trained, trained_size);
}

bool model_text_close(struct model_text *text)
{
    if (model_text_has_more(text))
        return model_text_fault(text, "there are more words than belong to this line");
    if (!text->is_bad && next_line(text) != text->end) {
        text->line++;
        return model_text_fault(text, "only the digest may follow the line before");
    }
    return !text->is_bad;
}
