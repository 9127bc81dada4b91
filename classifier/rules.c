/* SPDX-License-Identifier: BSD-3-Clause */
/* A folder of rules: which files, their digest, and what they name in each other. */
#include "classifier/rules.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_BYTES_MAX = 4 << 20, FAULT_BYTES = 640 };

const char *rule_extractor_name(enum rule_extractor extractor)
{
    static const char *const names[EXTRACTORS] = {
        [EXTRACT_SDP] = "sdp",
        [EXTRACT_RTSP_TRANSPORT] = "rtsp-transport",
        [EXTRACT_FTP_DATA] = "ftp-data",
        [EXTRACT_DCC] = "dcc",
        [EXTRACT_BENCODE_PEERS] = "bencode-peers",
    };
    return names[extractor];
}

void rule_faults_add(struct rule_faults *faults, const char *file, unsigned line,
                     const char *format, ...)
{
    char text[FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct rule_fault *grown = realloc(faults->fault, (faults->count + 1) * sizeof *grown);
    if (!grown)
        return;
    faults->fault = grown;
    grown[faults->count].file = strdup(file);
    grown[faults->count].line = line;
    grown[faults->count].text = strdup(text);
    faults->count++;
}

static int compare_faults(const void *left, const void *right)
{
    const struct rule_fault *a = left;
    const struct rule_fault *b = right;
    int order = strcmp(a->file ? a->file : "", b->file ? b->file : "");
    if (order == 0)
        order = (a->line > b->line) - (a->line < b->line);
    return order ? order : strcmp(a->text ? a->text : "", b->text ? b->text : "");
}

void rule_faults_sort(struct rule_faults *faults)
{
    if (faults->count)
        qsort(faults->fault, faults->count, sizeof *faults->fault, compare_faults);
}

void rule_faults_free(struct rule_faults *faults)
{
    for (unsigned i = 0; i < faults->count; i++) {
        free(faults->fault[i].file);
        free(faults->fault[i].text);
    }
    free(faults->fault);
    *faults = (struct rule_faults){0};
}

static int compare_names(const void *key, const void *rule)
{
    return strcmp(key, ((const struct rule *)rule)->full_name);
}

int rules_find(const struct rules *rules, const char *full_name)
{
    const struct rule *found =
        rules->count ? bsearch(full_name, rules->rule, rules->count, sizeof *found, compare_names)
                     : NULL;
    return found ? (int)(found - rules->rule) : -1;
}

bool rule_is_tracked(const struct rule *rule)
{
    return rule->hits > 1 || rule->require_count || rule->is_required;
}

static int compare_rules(const void *left, const void *right)
{
    const struct rule *a = left;
    const struct rule *b = right;
    int order = strcmp(a->full_name, b->full_name);
    if (order == 0)
        order = strcmp(a->file, b->file);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

static void sort_rules(struct rules *rules, struct rule_faults *faults)
{
    if (rules->count)
        qsort(rules->rule, rules->count, sizeof *rules->rule, compare_rules);
    for (unsigned i = 1; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        const struct rule *before = rule - 1;
        if (!strcmp(rule->full_name, before->full_name))
            rule_faults_add(faults, rule->file, rule->line, "rule %s stands already in %s:%u",
                            rule->full_name, before->file, before->line);
    }
}

static void declare(const struct rules *rules, struct protocols *protocols,
                    struct rule_faults *faults)
{
    for (unsigned i = 0; i < rules->declaration_count; i++) {
        const struct rule_declaration *from = &rules->declarations[i];
        const struct protocol protocol = {.name = from->name,
                                          .category = from->category,
                                          .numbers = from->numbers ? from->numbers : "",
                                          .description = from->description,
                                          .specification = from->specification};
        struct error error = {0};
        if (protocols_add(protocols, &protocol, &error) < 0)
            rule_faults_add(faults, from->file, from->line, "%s", error.text);
    }
}

/* The protocol's id; PROTOCOL_UNKNOWN and a fault when there is none. */
static uint16_t resolve_protocol(const struct protocols *protocols, const char *name,
                                 const char *file, unsigned line, struct rule_faults *faults)
{
    int id = protocols_find(protocols, name);
    if (id > PROTOCOL_UNKNOWN)
        return (uint16_t)id;
    rule_faults_add(faults, file, line,
                    "there is no protocol '%s': declare it with category, description and "
                    "specification",
                    name);
    return PROTOCOL_UNKNOWN;
}

static void resolve_requires(struct rules *rules, struct rule *rule, struct rule_faults *faults)
{
    for (unsigned i = 0; i < rule->require_count; i++) {
        int found = rules_find(rules, rule->required_name[i]);
        if (found < 0 || &rules->rule[found] == rule) {
            rule_faults_add(faults, rule->file, rule->line, "it requires '%s', which is %s",
                            rule->required_name[i], found < 0 ? "no rule" : "itself");
            continue;
        }
        rule->required[i] = (uint16_t)found;
        rules->rule[found].is_required = true;
    }
}

static void resolve_rule(struct rules *rules, struct rule *rule, const struct protocols *protocols,
                         struct rule_faults *faults)
{
    rule->protocol =
        resolve_protocol(protocols, rule->protocol_name, rule->file, rule->line, faults);
    if (rule->refined_name[0])
        rule->refined =
            resolve_protocol(protocols, rule->refined_name, rule->file, rule->line, faults);
    if (rule->refined && rule->refined == rule->protocol)
        rule_faults_add(faults, rule->file, rule->line, "a protocol cannot refine itself");
    resolve_requires(rules, rule, faults);
}

int rules_resolve(struct rules *rules, struct protocols *protocols, struct rule_faults *faults)
{
    unsigned before = faults->count;
    declare(rules, protocols, faults);
    sort_rules(rules, faults);
    for (unsigned i = 0; i < rules->count; i++)
        resolve_rule(rules, &rules->rule[i], protocols, faults);
    for (unsigned i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->rule[i];
        if (rule->strength == RULE_PART && !rule->is_required)
            rule_faults_add(faults, rule->file, rule->line,
                            "it is a part, but no rule requires it");
    }
    for (unsigned i = 0; i < rules->announcement_count; i++) {
        struct rule_announcement *from = &rules->announcements[i];
        from->announcer =
            resolve_protocol(protocols, from->announcer_name, from->file, from->line, faults);
        from->announced =
            resolve_protocol(protocols, from->announced_name, from->file, from->line, faults);
    }
    return faults->count > before ? -EINVAL : 0;
}

/* Reads the whole file into `bytes`, which has room for one byte more than a file may have; false
 * with a fault when it cannot. */
static bool read_whole(const char *folder, const char *name, char *bytes, size_t *length,
                       struct rule_faults *faults)
{
    char path[4096];
    int written = snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *in = written < (int)sizeof path ? fopen(path, "re") : NULL;
    if (!in) {
        rule_faults_add(faults, name, 0, "%s", strerror(errno));
        return false;
    }
    *length = fread(bytes, 1, FILE_BYTES_MAX + 1, in);
    bool is_read = !ferror(in) && *length <= FILE_BYTES_MAX;
    if (!is_read)
        rule_faults_add(faults, name, 0, "it cannot be read, or is larger than 4 MiB");
    fclose(in);
    return is_read;
}

static int is_rules_file(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return entry->d_name[0] != '.' && length > 6 && length < 128 &&
           !strcmp(entry->d_name + length - 6, ".rules");
}

static int compare_entries(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

static void digest_file(EVP_MD_CTX *digest, const char *name, const char *bytes, size_t length)
{
    char head[192];
    int written = snprintf(head, sizeof head, "%s %zu\n", name, length);
    EVP_DigestUpdate(digest, head, (size_t)written);
    EVP_DigestUpdate(digest, bytes, length);
}

static void finish_digest(EVP_MD_CTX *digest, char *text)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(digest, sum, &length);
    for (unsigned i = 0; i < length && i < 32; i++)
        snprintf(text + (size_t)2 * i, 3, "%02x", sum[i]);
}

static int read_file(struct rules *rules, const char *folder, const char *name, char *bytes,
                     EVP_MD_CTX *digest, struct rule_faults *faults)
{
    size_t length = 0;
    if (!read_whole(folder, name, bytes, &length, faults))
        return 0;
    digest_file(digest, name, bytes, length);
    if (strcmp(name, "services.rules") == 0)
        return 0;
    return rules_read_text(rules, name, bytes, length, faults);
}

static int read_folder(struct rules *rules, const char *folder, EVP_MD_CTX *digest,
                       struct rule_faults *faults)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_rules_file, compare_entries);
    if (count < 0) {
        rule_faults_add(faults, "", 0, "the folder cannot be read: %s", strerror(errno));
        return -EINVAL;
    }
    if (count == 0)
        rule_faults_add(faults, "", 0, "the folder holds no file whose name ends in .rules");
    char *bytes = malloc(FILE_BYTES_MAX + 1);
    int failure = bytes ? 0 : -ENOMEM;
    for (int i = 0; i < count; i++) {
        if (!failure)
            failure = read_file(rules, folder, entries[i]->d_name, bytes, digest, faults);
        free(entries[i]);
    }
    free(entries);
    free(bytes);
    return failure;
}

int rules_new(struct rules **rules)
{
    *rules = calloc(1, sizeof **rules);
    return *rules ? 0 : -ENOMEM;
}

int rules_read(struct rules **rules, const char *folder, struct protocols *protocols,
               struct rule_faults *faults)
{
    struct rules *made = NULL;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    int failure = rules_new(&made);
    if (!digest || (!failure && !EVP_DigestInit_ex(digest, EVP_sha256(), NULL)))
        failure = -ENOMEM;
    if (!failure)
        failure = read_folder(made, folder, digest, faults);
    if (!failure) {
        finish_digest(digest, made->sha256);
        failure = rules_resolve(made, protocols, faults);
    }
    EVP_MD_CTX_free(digest);
    if (!failure && faults->count)
        failure = -EINVAL;
    rule_faults_sort(faults);
    if (failure) {
        rules_free(made);
        return failure;
    }
    *rules = made;
    return 0;
}
