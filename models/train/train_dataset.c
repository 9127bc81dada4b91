/* SPDX-License-Identifier: BSD-3-Clause */
/* glassbox-train dataset: captures whose flows are known become rows of features. */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "draw.h"
#include "eval_words.h"
#include "observe.h"
#include "train_command.h"

enum {
    OPTION_LAB = 256,
    OPTION_TRUTH,
    OPTION_ROOT,
    OPTION_OUTPUT,
    OPTION_LABEL,
    OPTION_CONFIDENCE,
    OPTION_ALIASES,
    OPTION_OVERRULE,
    OPTION_SITE,
    OPTION_VARY
};

static const struct option options[] = {
    {"lab", required_argument, NULL, OPTION_LAB},
    {"truth", required_argument, NULL, OPTION_TRUTH},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"output", required_argument, NULL, OPTION_OUTPUT},
    {"label-column", required_argument, NULL, OPTION_LABEL},
    {"confidence-column", required_argument, NULL, OPTION_CONFIDENCE},
    {"aliases", required_argument, NULL, OPTION_ALIASES},
    {"overrule", required_argument, NULL, OPTION_OVERRULE},
    {"site", required_argument, NULL, OPTION_SITE},
    {"vary", no_argument, NULL, OPTION_VARY},
    {NULL, 0, NULL, 0},
};

enum { ALIASES_MAX = 4 };

struct request {
    const char *lab;
    const char *truth;
    const char *root;
    const char *output;
    const char *overrule;
    const char *site;
    const char *aliases[ALIASES_MAX];
    unsigned alias_count;
    struct eval_columns columns;
    bool is_varied;
};

/* A data set under way. */
struct making {
    const struct request *request;
    struct protocols *protocols;
    struct eval_words words;
    struct rows rows;
    uint64_t unseen;
    unsigned complaints;
};

static int take_option(void *context, int option, const char *value, struct error *error)
{
    struct request *request = context;
    switch (option) {
    case OPTION_LAB:
        request->lab = value;
        return 0;
    case OPTION_TRUTH:
        request->truth = value;
        return 0;
    case OPTION_ROOT:
        request->root = value;
        return 0;
    case OPTION_OUTPUT:
        request->output = value;
        return 0;
    case OPTION_LABEL:
        request->columns.label = value;
        return 0;
    case OPTION_CONFIDENCE:
        request->columns.confidence = value;
        return 0;
    case OPTION_OVERRULE:
        request->overrule = value;
        return 0;
    case OPTION_SITE:
        request->site = value;
        return 0;
    case OPTION_VARY:
        request->is_varied = true;
        return 0;
    default:
        if (request->alias_count == ALIASES_MAX)
            return error_set(error, EINVAL, "--aliases: more than %d files", ALIASES_MAX);
        request->aliases[request->alias_count++] = value;
        return 0;
    }
}

static void tell_complaint(void *context, const char *input, const char *text)
{
    struct making *making = context;
    making->complaints++;
    train_complain("%s: %s", input, text);
}

/* FNV-1a, for numbers that must be the same in every run. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619u;
    return hash;
}

/* The last part of an address: what tells hosts of one network apart, in either IP version. Hosts
 * that share it count as one, which keeps more together than must be. */
static void host_of(const uint8_t *address, uint8_t version, char *text, size_t room)
{
    if (version == 4)
        snprintf(text, room, "%u", address[3]);
    else
        snprintf(text, room, "%x", address[14] << 8 | address[15]);
}

static uint32_t hosts_of(const struct packet *tuple)
{
    char a[16], b[16];
    host_of(tuple->source, tuple->ip_version, a, sizeof a);
    host_of(tuple->destination, tuple->ip_version, b, sizeof b);
    bool is_swapped = strcmp(a, b) > 0;
    uint32_t hash = hash_text(2166136261u, is_swapped ? b : a);
    return hash_text((hash ^ ' ') * 16777619u, is_swapped ? a : b);
}

/* A flow's label is the protocol that its word stands for, or the word; its group the category. */
static int label_flow(struct making *making, const struct eval_row *row, struct rows_flow *flow)
{
    const struct eval_word *word = eval_words_find(&making->words, row->label);
    if (!word)
        return -ENOMEM;
    const char *group = "-";
    if (word->class < protocols_count(making->protocols))
        group = category_name(protocols_get(making->protocols, word->class)->category);
    int label =
        names_note(&making->rows.labels, eval_words_class_name(&making->words, word->class));
    int group_number = names_note(&making->rows.groups, group);
    flow->label = (uint32_t)label;
    flow->group = (uint32_t)group_number;
    return label < 0 || group_number < 0 ? -ENOMEM : 0;
}

static int add_unit(struct making *making, const struct eval_row *row,
                    const struct captured_unit *unit, const struct observed *observed,
                    struct rows_flow flow)
{
    const struct packet *tuple = &row->tuple;
    bool is_low = tuple->source_port < tuple->destination_port;
    flow.hosts = hosts_of(tuple);
    flow.protocol = tuple->protocol;
    flow.bytes = row->bytes ? row->bytes : observed->bytes;
    flow.port[0] = is_low ? tuple->source_port : tuple->destination_port;
    flow.port[1] = is_low ? tuple->destination_port : tuple->source_port;
    memcpy(flow.first, unit->first, sizeof flow.first);
    memcpy(flow.has_first, unit->has_first, sizeof flow.has_first);
    int ports = names_note(&making->rows.labels,
                           protocols_get(making->protocols, observed->ports_verdict)->name);
    flow.ports = (uint32_t)ports;
    int failure = ports < 0 ? -ENOMEM : label_flow(making, row, &flow);
    if (!failure)
        failure = rows_add_flow(&making->rows, &flow);
    for (unsigned i = 0; !failure && i < observed->row_count; i++)
        failure = rows_add(&making->rows, &observed->rows[i], observed->values[i]);
    return failure;
}

static bool is_wanted(const struct eval_row *row, const struct captured_unit *unit,
                      enum variation variation)
{
    bool is_both = unit->is_seen[0] && unit->is_seen[1];
    bool is_one_way = variation == VARIATION_FORWARD || variation == VARIATION_BACKWARD;
    return *row->label && row->confidence == EVAL_CONFIDENCE_HIGH && (is_both || !is_one_way) &&
           (row->tuple.protocol == IP_TCP || variation != VARIATION_SEGMENTS);
}

static int add_units(struct making *making, const struct captured *captured,
                     const struct eval_row *rows, const struct observed *observed,
                     const struct rows_flow *flow)
{
    int failure = 0;
    for (size_t i = 0; !failure && i < captured->unit_count; i++) {
        if (!is_wanted(&rows[i], &captured->units[i], flow->variation))
            continue;
        making->unseen += flow->variation == VARIATION_WHOLE && !observed[i].row_count;
        if (observed[i].row_count)
            failure = add_unit(making, &rows[i], &captured->units[i], &observed[i], *flow);
    }
    return failure;
}

/* Segment sizes of lines with tunnels, PPPoE, mobile cores; the capture decides which. */
static uint32_t segment_bytes_for(const char *capture)
{
    static const uint32_t sizes[] = {1460, 1452, 1440, 1432, 1412, 1400, 1380,
                                     1360, 1348, 1320, 1288, 1240, 1220, 1208};
    struct draw draw = draw_from(hash_text(2166136261u, capture), 0);
    return sizes[draw_below(&draw, sizeof sizes / sizeof *sizes)];
}

static int add_variation(struct making *making, const struct captured *captured,
                         const struct eval_row *rows, struct observed *observed,
                         const struct rows_flow *flow, struct error *error)
{
    struct captured copy = {.count = 0};
    const char *capture = making->rows.captures.texts[flow->capture];
    int failure = 0;
    if (flow->variation != VARIATION_WHOLE)
        failure = captured_vary(&copy, captured, flow->variation, segment_bytes_for(capture));
    if (failure)
        error_set(error, ENOMEM, "out of memory for a copy of the capture");
    else
        failure = observe(observed, captured, flow->variation == VARIATION_WHOLE ? captured : &copy,
                          making->protocols, error);
    captured_free(&copy);
    if (!failure && add_units(making, captured, rows, observed, flow))
        failure = error_set(error, ENOMEM, "out of memory for the rows");
    return failure;
}

static int add_capture(struct making *making, const char *path, const char *site, const char *name,
                       const struct eval_row *rows, size_t count, struct error *error)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", site, name);
    if (names_find(&making->rows.captures, full) >= 0)
        return 0; /* the same capture in another version of the same collection */
    int site_number = names_note(&making->rows.sites, site);
    int capture_number = names_note(&making->rows.captures, full);
    if (site_number < 0 || capture_number < 0)
        return error_set(error, ENOMEM, "out of memory for names");
    struct rows_flow flow = {.site = (uint32_t)site_number, .capture = (uint32_t)capture_number};
    const struct complaint complaint = {.tell = tell_complaint, .context = making};
    struct captured captured;
    struct observed *observed = calloc(count + 1, sizeof *observed);
    int failure = observed ? captured_read(&captured, path, rows, count, complaint, error)
                           : error_set(error, ENOMEM, "out of memory for %zu flows", count);
    unsigned variations = making->request->is_varied ? VARIATIONS : VARIATION_WHOLE + 1;
    for (unsigned i = 0; !failure && i < variations; i++) {
        flow.variation = (uint8_t)i;
        failure = add_variation(making, &captured, rows, observed, &flow, error);
    }
    if (observed)
        captured_free(&captured);
    free(observed);
    return failure;
}

/* The first folder of the path, without a version behind '-': collections are sites. */
static void site_of(const char *capture, char *site, size_t room)
{
    size_t length = strcspn(capture, "/-");
    snprintf(site, room, "%.*s", (int)(length < room ? length : room - 1), capture);
}

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Blanks part the fields of a data set. */
static void name_of(const char *capture, char *name, size_t room)
{
    snprintf(name, room, "%s", base_of(capture));
    for (; *name; name++)
        *name = *name == ' ' ? '_' : *name;
}

static int add_truth(struct making *making, const char *path, const char *root, const char *site,
                     struct error *error)
{
    struct eval_truth truth;
    int failure = eval_truth_read(&truth, path, &making->request->columns, error);
    if (!failure && making->request->overrule)
        failure = eval_truth_overrule(&truth, making->request->overrule, error);
    for (size_t i = 0, count; !failure && i < truth.count; i += count) {
        char file[4096], name[256], its_site[64];
        const char *capture = truth.rows[i].capture;
        const struct eval_row *rows = eval_truth_of(&truth, capture, &count);
        snprintf(file, sizeof file, "%s/%s", root, capture);
        site_of(capture, its_site, sizeof its_site);
        name_of(capture, name, sizeof name);
        train_progress("%s", file);
        failure = add_capture(making, file, site ? site : its_site, name, rows, count, error);
    }
    eval_truth_free(&truth);
    return failure ? train_failed(path, error) : 0;
}

static int is_truth(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    return length > 4 && !strcmp(entry->d_name + length - 4, ".csv");
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* Calls `each` for the entries of a folder, in the order of their bytes, whatever the locale. */
static int each_entry(struct making *making, const char *folder,
                      int (*is_meant)(const struct dirent *),
                      int (*each)(struct making *, const char *folder, const char *name))
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_meant, compare_names);
    if (count < 0) {
        train_complain("%s: %s", folder, strerror(errno));
        return -EIO;
    }
    int failure = 0;
    for (int i = 0; i < count; i++) {
        if (!failure)
            failure = each(making, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return failure;
}

static int add_lab_truth(struct making *making, const char *folder, const char *name)
{
    char path[4096];
    struct error error = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return add_truth(making, path, folder, base_of(folder), &error);
}

static int add_network(struct making *making, const char *folder, const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return each_entry(making, path, is_truth, add_lab_truth);
}

static int write_rows(const struct making *making)
{
    const char *path = making->request->output;
    FILE *out = fopen(path, "we");
    bool is_bad = !out || rows_write(&making->rows, out);
    if (out)
        is_bad |= fclose(out) != 0;
    if (is_bad) {
        train_complain("%s: %s", path, strerror(errno));
        return -EIO;
    }
    printf("%zu flows and %zu rows of %u captures of %u sites; %" PRIu64
           " flows of the truth without a data packet\n",
           making->rows.flow_count, making->rows.count, making->rows.captures.count,
           making->rows.sites.count, making->unseen);
    return 0;
}

static int make_rows(struct making *making)
{
    const struct request *request = making->request;
    struct error error = {0};
    eval_words_init(&making->words, making->protocols);
    for (unsigned i = 0; i < request->alias_count; i++) {
        if (eval_words_read(&making->words, request->aliases[i], &error))
            return train_failed(request->aliases[i], &error);
    }
    int failure = 0;
    if (request->lab)
        failure = each_entry(making, request->lab, is_visible, add_network);
    if (!failure && request->truth)
        failure = add_truth(making, request->truth, request->root ? request->root : ".",
                            request->site, &error);
    return failure ? failure : write_rows(making);
}

static int run(const struct train_command *command, int argc, char **argv)
{
    struct request request = {.lab = NULL};
    int outcome = train_options_read(command, argc, argv, options, take_option, &request);
    if (outcome != TRAIN_OPTIONS_READ)
        return outcome;
    if (!request.output || (!request.lab && !request.truth))
        return train_misused(command, "name what to read with --lab or --truth, and --output");
    struct making making = {.request = &request};
    struct error error = {0};
    if (protocols_new(&making.protocols, &error))
        return train_failed(NULL, &error);
    int failure = make_rows(&making);
    eval_words_free(&making.words);
    rows_free(&making.rows);
    protocols_free(making.protocols);
    return failure || making.complaints || fflush(stdout) ? TRAIN_FAILED : TRAIN_GOOD;
}

const struct train_command train_dataset = {
    .name = "dataset",
    .summary = "make rows of features of captures whose flows are known",
    .usage = "glassbox-train dataset [--lab DIR] [--truth FLOWS.csv --root DIR] --output ROWS",
    .help =
        "Runs captures through the classifier and writes what the headers tier sees of each flow\n"
        "of the truth at each checkpoint (models/train/rows.h describes the file).\n\n"
        "  --lab DIR            a folder of folders, one a site, with captures and a truth\n"
        "                       (.csv) beside each, as tests/lab/run.sh leaves them\n"
        "  --truth FLOWS.csv    a truth of many captures, whose first folders are the sites\n"
        "  --root DIR           where the captures lie that it names (default: here)\n"
        "  --site NAME          they are all of this site\n"
        "  --label-column N, --confidence-column N, --overrule FILE   as eval has them; only\n"
        "                       rows of high confidence are used\n"
        "  --aliases FILE       what the truth's words stand for; may be given several times\n"
        "  --vary               add copies of each flow as it looks elsewhere: each way alone,\n"
        "                       and TCP cut into segments of another size\n"
        "  --output ROWS        what to write\n\n"
        "Exit status: 1 when a capture could not be read, or only in part.\n",
    .run = run,
};
