/* SPDX-License-Identifier: BSD-3-Clause */
/* Fuzzes lists of services. A list is good exactly when nothing was complained of, complaints come
 * with a line of the text; a good list's words are its services, and a name below one of its
 * suffixes has a service. */
#include <string.h>

#include "classifier/host_name.h"
#include "classifier/services.h"
#include "require.h"

struct heard {
    unsigned count;
    unsigned lines;
};

static void hear(void *context, const struct error *error)
{
    struct heard *heard = context;
    heard->count++;
    require(error->code > 0 && error->line >= 1 && error->line <= heard->lines);
    require(error->text[0] && !strchr(error->text, '\n'));
}

/* Every word with a dot, outside of comments, is a suffix in a good list. */
static void check_words(const struct services *services, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t end = at;
        while (end < length && !strchr(" \t\n#", text[end]))
            end++;
        if (memchr(text + at, '.', end - at)) {
            uint8_t below[HOST_NAME_MAX_BYTES + 2] = {'x', '.'};
            memcpy(below + 2, text + at, end - at);
            require(services_match(services, (const uint8_t *)text + at, end - at) > SERVICE_OTHER);
            require(2 + end - at > HOST_NAME_MAX_BYTES ||
                    services_match(services, below, 2 + end - at) > SERVICE_OTHER);
        }
        while (end < length && text[end] == '#' && !memchr(text + at, '\n', end - at)) {
            while (end < length && text[end] != '\n')
                end++;
        }
        at = end + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    const char *text = (const char *)bytes;
    struct heard heard = {.lines = 1};
    for (size_t i = 0; i < length; i++)
        heard.lines += text[i] == '\n';
    struct services *services = NULL;
    require(services_new(&services, NULL) == 0);
    const int outcome = services_read(services, text, length, hear, &heard);
    require((outcome == 0) == (heard.count == 0));
    if (outcome == 0)
        check_words(services, text, length);
    services_match(services, bytes, length);
    services_free(services);
    return 0;
}
