/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads models of kind headers, line by line, and refuses what could not be scored. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classifier/headers_model.h"
#include "model_text.h"

static const int64_t count_max = (int64_t)1 << 48;

struct reader {
    struct model_text text;
    struct headers_model *model;
    const struct protocols *protocols;
    /* Of the tree being read: weights of all leaves, and where each node's begin. */
    struct forest_node *nodes; /* [FOREST_NODES_MAX] */
    uint32_t *firsts;          /* likewise */
    struct forest_weight *weights;
    size_t weight_count, weight_room;
};

static void *allocate(struct reader *reader, size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (memory || reader->text.is_bad)
        return memory;
    reader->text.is_bad = true;
    error_set(reader->text.error, ENOMEM, "out of memory for a model");
    return NULL;
}

static_assert((int)HEADERS_NAME_MAX == (int)MODEL_NAME_MAX, "a name fits its place");

static void read_head(struct reader *reader)
{
    struct model_text *text = &reader->text;
    struct headers_model *model = reader->model;
    model_text_head(text, "headers", model->name, model->site, model->trained,
                    sizeof model->trained);
    if (model_text_line(text, "error"))
        model->error_per_mille =
            (unsigned)model_text_number(text, "the error rate per mille", 0, HEADERS_ERROR_MAX);
}

static void read_features(struct reader *reader)
{
    struct model_text *text = &reader->text;
    struct headers_model *model = reader->model;
    bool is_named[FEATURES] = {false};
    char name[HEADERS_NAME_MAX + 1];
    model_text_line(text, "features");
    model->feature_count = (unsigned)model_text_number(text, "the number of features", 1, FEATURES);
    for (unsigned i = 0; i < model->feature_count && !text->is_bad; i++) {
        if (!model_text_line(text, "feature") ||
            !model_text_word(text, "the feature's name", name, sizeof name))
            return;
        int feature = feature_find(name);
        if (feature < 0) {
            model_text_fault(text, "this program has no feature '%s'", name);
            return;
        }
        if (is_named[feature])
            model_text_fault(text, "the feature '%s' stands here twice", name);
        is_named[feature] = true;
        model->features[i] = (uint8_t)feature;
    }
}

static bool read_class(struct reader *reader, unsigned number)
{
    struct model_text *text = &reader->text;
    struct headers_class *made = &reader->model->classes[number];
    if (!model_text_line(text, "class") ||
        !model_text_word(text, "the class's name", made->name, sizeof made->name))
        return false;
    for (unsigned i = 0; i < number; i++) {
        if (!strcmp(reader->model->classes[i].name, made->name))
            return model_text_fault(text, "the class '%s' stands here twice", made->name);
    }
    if (!strcmp(made->name, "background"))
        return true;
    int protocol = protocols_find(reader->protocols, made->name);
    if (protocol <= PROTOCOL_UNKNOWN)
        return model_text_fault(text, "there is no protocol '%s'", made->name);
    made->protocol = (uint16_t)protocol;
    return true;
}

static void read_classes(struct reader *reader)
{
    struct model_text *text = &reader->text;
    struct headers_model *model = reader->model;
    model_text_line(text, "classes");
    model->class_count =
        (unsigned)model_text_number(text, "the number of classes", 1, FOREST_CLASSES_MAX);
    model->classes = allocate(reader, model->class_count, sizeof *model->classes);
    for (unsigned i = 0; i < model->class_count && !text->is_bad; i++)
        read_class(reader, i);
}

/* A line that begins with a word and the name of class `number`. */
static bool begin_class_line(struct reader *reader, const char *word, unsigned number)
{
    struct model_text *text = &reader->text;
    char name[PROTOCOL_NAME_MAX + 1];
    const char *expected = reader->model->classes[number].name;
    if (!model_text_line(text, word) ||
        !model_text_word(text, "the class's name", name, sizeof name))
        return false;
    return !strcmp(name, expected) ||
           model_text_fault(text, "this is the line of '%s', not of '%s'", expected, name);
}

static void read_calibration(struct model_text *text, struct headers_checkpoint *checkpoint)
{
    model_text_line(text, "accept");
    checkpoint->accept =
        (uint16_t)model_text_number(text, "the confidence to accept from", 0, FOREST_SCORE_MAX);
    model_text_line(text, "calibration");
    checkpoint->knot_count =
        (uint16_t)model_text_number(text, "the number of knots", 2, HEADERS_KNOTS_MAX);
    int64_t least = 0;
    for (unsigned i = 0; i < checkpoint->knot_count && !text->is_bad; i++) {
        least = model_text_number(text, "a knot, ascending,", least, FOREST_SCORE_MAX);
        checkpoint->knots[i] = (uint16_t)least;
    }
}

static void read_conformal(struct reader *reader, struct headers_checkpoint *checkpoint)
{
    struct headers_model *model = reader->model;
    checkpoint->conformal = allocate(reader, model->class_count, sizeof *checkpoint->conformal);
    for (unsigned i = 0; i < model->class_count && !reader->text.is_bad; i++) {
        int64_t least = 0;
        begin_class_line(reader, "conformal", i);
        for (unsigned k = 0; k < HEADERS_LEVELS; k++) {
            least =
                model_text_number(&reader->text, "a quantile, ascending,", least, FOREST_SCORE_MAX);
            if (!reader->text.is_bad)
                checkpoint->conformal[i].quantile[k] = (uint16_t)least;
        }
    }
}

static void read_split(struct reader *reader, struct forest_node *node)
{
    struct model_text *text = &reader->text;
    int64_t feature = model_text_number(text, "the feature's number", 0,
                                        (int64_t)reader->model->feature_count - 1);
    node->threshold = (int16_t)model_text_number(text, "the threshold", INT16_MIN, INT16_MAX - 1);
    node->low = (uint16_t)model_text_number(text, "the low child", 0, FOREST_NODES_MAX);
    node->high = (uint16_t)model_text_number(text, "the high child", 0, FOREST_NODES_MAX);
    node->feature = reader->model->features[feature];
}

static struct forest_weight *next_weight(struct reader *reader)
{
    if (reader->weight_count == reader->weight_room) {
        size_t room = 2 * reader->weight_room + 1024;
        void *grown = realloc(reader->weights, room * sizeof *reader->weights);
        if (!grown) {
            reader->text.is_bad = true;
            error_set(reader->text.error, ENOMEM, "out of memory for a model");
            return NULL;
        }
        reader->weights = grown;
        reader->weight_room = room;
    }
    return &reader->weights[reader->weight_count++];
}

/* "LEFT:NUMBER" as two: the word up to the colon, and the number. */
static bool read_pair(struct model_text *text, const char *what, char *left, size_t size,
                      int64_t most, int64_t *number)
{
    char word[HEADERS_NAME_MAX + 1];
    if (!model_text_word(text, what, word, sizeof word))
        return false;
    char *colon = strchr(word, ':');
    size_t left_length = colon ? (size_t)(colon - word) : 0;
    if (left_length == 0 || left_length >= size)
        return model_text_fault(text, "'%s' is no %s", word, what);
    memcpy(left, word, left_length);
    left[left_length] = '\0';
    struct model_text rest = *text;
    rest.at = colon + 1;
    rest.line_end = colon + strlen(colon);
    *number = model_text_number(&rest, what, 0, most);
    text->is_bad = rest.is_bad;
    return !text->is_bad;
}

static void read_leaf(struct reader *reader, struct forest_node *node)
{
    struct model_text *text = &reader->text;
    node->is_leaf = true;
    while (model_text_has_more(text)) {
        char left[8];
        int64_t weight = 0;
        if (!read_pair(text, "CLASS:WEIGHT", left, sizeof left, FOREST_LEAF_WEIGHT, &weight))
            return;
        struct model_text number = *text;
        number.at = left;
        number.line_end = left + strlen(left);
        int64_t class_index = model_text_number(&number, "the class's number", 0,
                                                (int64_t)reader->model->class_count - 1);
        text->is_bad = number.is_bad;
        struct forest_weight *made = text->is_bad ? NULL : next_weight(reader);
        if (!made)
            return;
        made->class_index = (uint8_t)class_index;
        made->weight = (uint8_t)weight;
        node->weight_count++;
    }
}

static void read_nodes(struct reader *reader, unsigned count)
{
    reader->weight_count = 0;
    for (unsigned i = 0; i < count && !reader->text.is_bad; i++) {
        struct forest_node *node = &reader->nodes[i];
        *node = (struct forest_node){.is_leaf = false};
        reader->firsts[i] = (uint32_t)reader->weight_count;
        if (model_text_is_next(&reader->text, "leaf")) {
            model_text_line(&reader->text, "leaf");
            read_leaf(reader, node);
        } else if (model_text_line(&reader->text, "split")) {
            read_split(reader, node);
        }
    }
    for (unsigned i = 0; i < count && !reader->text.is_bad; i++) {
        if (reader->nodes[i].weight_count)
            reader->nodes[i].weights = reader->weights + reader->firsts[i];
    }
}

static void read_tree(struct reader *reader, struct forest *forest)
{
    struct model_text *text = &reader->text;
    model_text_line(text, "tree");
    unsigned count = (unsigned)model_text_number(text, "the number of nodes", 1, FOREST_NODES_MAX);
    unsigned line = text->line;
    read_nodes(reader, count);
    struct error fault = {0};
    if (text->is_bad || !forest_add(forest, reader->nodes, count, &fault))
        return;
    model_text_fault_at(text, line + fault.line, fault.text);
    if (fault.code == ENOMEM)
        error_set(text->error, ENOMEM, "%s", fault.text);
}

static void read_forest(struct reader *reader, struct headers_checkpoint *checkpoint)
{
    struct model_text *text = &reader->text;
    char word[8];
    model_text_line(text, "trees");
    unsigned trees = (unsigned)model_text_number(text, "the number of trees", 1, FOREST_TREES_MAX);
    if (model_text_word(text, "'depth'", word, sizeof word) && strcmp(word, "depth") != 0)
        model_text_fault(text, "'depth' is expected");
    unsigned depth = (unsigned)model_text_number(text, "the depth", 0, FOREST_DEPTH_MAX);
    unsigned line = text->line;
    if (text->is_bad)
        return;
    if (forest_new(&checkpoint->forest, reader->model->class_count, text->error)) {
        text->is_bad = true;
        return;
    }
    for (unsigned i = 0; i < trees && !text->is_bad; i++)
        read_tree(reader, checkpoint->forest);
    if (!text->is_bad && forest_depth(checkpoint->forest) > depth)
        model_text_fault_at(text, line, "a tree is deeper than this line says");
}

static void read_checkpoints(struct reader *reader)
{
    struct model_text *text = &reader->text;
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS && !text->is_bad; i++) {
        int64_t packets = feature_checkpoint_packets(i);
        model_text_line(text, "checkpoint");
        model_text_number(text, "this checkpoint's number of packets", packets, packets);
        read_calibration(text, &reader->model->checkpoints[i]);
        read_conformal(reader, &reader->model->checkpoints[i]);
        read_forest(reader, &reader->model->checkpoints[i]);
    }
}

/* The column of a claim: a class's number, or behind them for `unknown`; -1 for neither. */
static int find_claim(const struct headers_model *model, const char *name)
{
    if (!strcmp(name, "unknown"))
        return (int)model->class_count;
    for (unsigned i = 0; i < model->class_count; i++) {
        if (model->classes[i].protocol && !strcmp(model->classes[i].name, name))
            return (int)i;
    }
    return -1;
}

static void read_confusion_row(struct reader *reader, unsigned is)
{
    struct model_text *text = &reader->text;
    struct headers_model *model = reader->model;
    uint64_t *row = &model->confusion[(size_t)is * (model->class_count + 1)];
    char name[PROTOCOL_NAME_MAX + 1];
    begin_class_line(reader, "confusion", is);
    while (model_text_has_more(text)) {
        int64_t count = 0;
        if (!read_pair(text, "CLAIMED:COUNT", name, sizeof name, count_max, &count))
            return;
        int claimed = find_claim(model, name);
        if (claimed < 0)
            model_text_fault(text, "'%s' is nothing that this model can claim", name);
        else if (row[claimed])
            model_text_fault(text, "'%s' stands here twice", name);
        else
            row[claimed] = (uint64_t)count;
    }
}

static void read_confusion(struct reader *reader)
{
    struct headers_model *model = reader->model;
    size_t classes = model->class_count;
    model->confusion = allocate(reader, classes * (classes + 1), sizeof *model->confusion);
    model->fit = allocate(reader, classes * HEADERS_LEVELS, sizeof *model->fit);
    for (unsigned i = 0; i < classes && !reader->text.is_bad; i++)
        read_confusion_row(reader, i);
    for (unsigned i = 0; i < classes && !reader->text.is_bad; i++) {
        begin_class_line(reader, "fit", i);
        for (unsigned cell = 0; cell < HEADERS_LEVELS; cell++)
            model->fit[i * HEADERS_LEVELS + cell] =
                (uint64_t)model_text_number(&reader->text, "a cell's weight", 0, count_max);
    }
}

static void read_all(struct reader *reader)
{
    reader->nodes = allocate(reader, FOREST_NODES_MAX, sizeof *reader->nodes);
    reader->firsts = allocate(reader, FOREST_NODES_MAX, sizeof *reader->firsts);
    read_head(reader);
    read_features(reader);
    if (!reader->text.is_bad)
        read_classes(reader);
    if (!reader->text.is_bad)
        read_checkpoints(reader);
    if (!reader->text.is_bad)
        read_confusion(reader);
    model_text_close(&reader->text);
}

int headers_model_read(struct headers_model **model, const char *text, size_t length,
                       const struct protocols *protocols, struct error *error)
{
    struct error fault = {0};
    struct reader reader = {.model = calloc(1, sizeof **model), .protocols = protocols};
    if (!reader.model)
        return error_set(error, ENOMEM, "out of memory for a model");
    model_text_open(&reader.text, text, length, &fault);
    if (!reader.text.is_bad)
        read_all(&reader);
    free(reader.nodes);
    free(reader.firsts);
    free(reader.weights);
    if (!reader.text.is_bad) {
        memcpy(reader.model->sha256, reader.text.sha256, sizeof reader.model->sha256);
        *model = reader.model;
        return 0;
    }
    headers_model_free(reader.model);
    if (error)
        *error = fault;
    return -fault.code;
}
