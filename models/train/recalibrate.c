/* SPDX-License-Identifier: BSD-3-Clause */
/* Asks the model as the tier does, fits what the answers are worth, and changes those lines. */
#include "recalibrate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lesson.h"

static const char mark[] = "; calibrated on ";

static bool has_background(const struct headers_model *model)
{
    return !strcmp(model->classes[model->class_count - 1].name, "background");
}

/* Takes the model's classes and quantiles over. */
static int take_classes(struct learned *learned, const struct headers_model *model,
                        struct rows *rows)
{
    for (unsigned i = 0; i < learned->class_count; i++) {
        int label = names_note(&rows->labels, model->classes[i].name);
        if (label < 0)
            return -ENOMEM;
        learned->classes[i] = (uint32_t)label;
    }
    learned->class_of_label = calloc(rows->labels.count, sizeof *learned->class_of_label);
    if (!learned->class_of_label)
        return -ENOMEM;
    for (unsigned i = 0; i < rows->labels.count; i++)
        learned->class_of_label[i] = LEARNER_NONE;
    for (unsigned i = 0; i < learned->class_count; i++)
        learned->class_of_label[learned->classes[i]] = (int)i;
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++) {
        struct learned_checkpoint *checkpoint = &learned->checkpoints[i];
        checkpoint->conformal = calloc(learned->class_count + 1, sizeof *checkpoint->conformal);
        if (!checkpoint->conformal)
            return -ENOMEM;
        memcpy(checkpoint->conformal, model->checkpoints[i].conformal,
               learned->class_count * sizeof *checkpoint->conformal);
    }
    return 0;
}

static int begin(struct learned *learned, const struct recalibration *given, struct rows *rows,
                 struct error *error)
{
    const struct headers_model *model = given->model;
    *learned = (struct learned){.options = given->options};
    learned->options.background = has_background(model);
    learned->class_count = model->class_count - has_background(model);
    const size_t width = learned->class_count + 2;
    learned->classes = calloc(width, sizeof *learned->classes);
    learned->confusion = calloc(width * width, sizeof *learned->confusion);
    learned->fit = calloc(width * HEADERS_LEVELS, sizeof *learned->fit);
    if (!learned->classes || !learned->confusion || !learned->fit ||
        take_classes(learned, model, rows)) {
        error_set(error, ENOMEM, "out of memory for the classes");
        return -ENOMEM;
    }
    return 0;
}

/* What the model makes of each row of a class that it knows; `flows` are counted whole. */
static int hear(struct evidence *evidence, size_t *flows, const struct learned *learned,
                const struct headers_model *model, const struct rows *rows, struct error *error)
{
    *flows = 0;
    for (size_t i = 0; i < rows->count; i++) {
        const struct row *row = &rows->rows[i];
        const struct rows_flow *flow = &rows->flows[row->flow];
        int truth = learned->class_of_label[flow->label];
        if (truth < 0 || !lesson_includes(learned, flow))
            continue;
        struct headers_look look = headers_model_look(model, row->checkpoint, rows->values[i]);
        const struct witness witness = {.flow = row->flow,
                                        .checkpoint = row->checkpoint,
                                        .class = (uint8_t)look.class_index,
                                        .truth = (uint8_t)truth,
                                        .is_varied = flow->variation != VARIATION_WHOLE,
                                        .score = look.score};
        *flows += !witness.is_varied && i == flow->row;
        if (evidence_add(evidence, &witness))
            return error_set(error, ENOMEM, "out of memory for scores");
    }
    if (!*flows)
        return error_set(error, EINVAL, "none of these flows is of a class of the model");
    return 0;
}

/* The model's word on classes of which nothing was heard. */
static void keep_confirmed(struct learned *learned, const struct headers_model *model)
{
    const unsigned width = learned->class_count + 2;
    for (unsigned class = 0; class < learned->class_count; class ++) {
        uint64_t *row = &learned->confusion[(size_t) class * width];
        uint64_t *fit = &learned->fit[(size_t) class * HEADERS_LEVELS];
        uint64_t flows = 0, weight = 0;
        for (unsigned i = 0; i < width; i++)
            flows += row[i];
        for (unsigned i = 0; i < HEADERS_LEVELS; i++)
            weight += fit[i];
        for (unsigned i = 0; !flows && i < learned->class_count; i++)
            row[i] = headers_model_confusion(model, class, i);
        if (!flows)
            row[width - 1] = headers_model_confusion(model, class, model->class_count);
        for (unsigned i = 0; !weight && i < HEADERS_LEVELS; i++)
            fit[i] = headers_model_fit(model, class, i);
    }
}

static bool begins(const char *line, const char *word)
{
    return !strncmp(line, word, strlen(word));
}

/* How it was trained, and now calibrated; never longer than it may be. */
static void write_trained(const char *line, size_t length, size_t flows, const struct rows *rows,
                          FILE *out)
{
    char added[96];
    snprintf(added, sizeof added, "%s%zu flows of %u sites", mark, flows, rows->sites.count);
    const char *before = strstr(line, mark);
    size_t kept = before && before < line + length ? (size_t)(before - line) : length;
    const size_t most = strlen("trained ") + HEADERS_TRAINED_MAX - strlen(added);
    fprintf(out, "%.*s%s\n", (int)(kept < most ? kept : most), line, added);
}

/* The old file's lines, with those that were renewed in their places. */
static void write_lines(const struct learned *learned, const struct recalibration *given,
                        const struct rows *rows, size_t flows, FILE *out)
{
    const char *end = given->text + given->length, *next;
    unsigned checkpoint = 0;
    bool has_confirmed = false;
    for (const char *line = given->text; !begins(line, "sha256 "); line = next) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        next = feed + 1;
        if (begins(line, "trained ")) {
            write_trained(line, (size_t)(feed - line), flows, rows, out);
        } else if (begins(line, "calibration ")) {
            learned_text_worth(learned, rows, checkpoint++, out);
        } else if (begins(line, "confusion ") || begins(line, "fit ")) {
            if (!has_confirmed)
                learned_text_confirmed(learned, rows, out);
            has_confirmed = true;
        } else if (!begins(line, "conformal ")) {
            fwrite(line, 1, (size_t)(next - line), out);
        }
    }
}

static char *renewed_text(const struct learned *learned, const struct recalibration *given,
                          const struct rows *rows, size_t flows, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out)
        return NULL;
    write_lines(learned, given, rows, flows, out);
    bool is_bad = ferror(out);
    if (fclose(out) || is_bad) {
        free(text);
        return NULL;
    }
    return learned_text_seal(text, length);
}

/* Decides the flows by the renewed model, and notes how that went. */
static int confirm(struct learned *learned, const struct recalibration *given,
                   const struct evidence *evidence, const char *text, size_t length,
                   struct error *error)
{
    struct headers_model *model;
    int failure = headers_model_read(&model, text, length, given->protocols, error);
    if (failure)
        return failure;
    learned_confirm(learned, model, evidence);
    keep_confirmed(learned, given->model);
    headers_model_free(model);
    return 0;
}

static int renew(char **text, size_t *length, struct learned *learned,
                 const struct recalibration *given, const struct evidence *evidence,
                 const struct rows *rows, size_t flows, struct error *error)
{
    int failure = learned_calibrate(learned, evidence, error);
    char *unconfirmed = failure ? NULL : renewed_text(learned, given, rows, flows, length);
    if (unconfirmed)
        failure = confirm(learned, given, evidence, unconfirmed, *length, error);
    free(unconfirmed);
    *text = failure ? NULL : renewed_text(learned, given, rows, flows, length);
    if (!failure && (!unconfirmed || !*text))
        failure = error_set(error, ENOMEM, "out of memory for the model's text");
    return failure;
}

int recalibrate(char **text, size_t *length, const struct recalibration *given, struct rows *rows,
                struct error *error)
{
    struct learned learned;
    struct evidence evidence = {.count = 0};
    size_t flows = 0;
    *text = NULL;
    int failure = begin(&learned, given, rows, error);
    if (!failure)
        failure = hear(&evidence, &flows, &learned, given->model, rows, error);
    if (!failure)
        failure = renew(text, length, &learned, given, &evidence, rows, flows, error);
    evidence_free(&evidence);
    learned_free(&learned);
    return failure;
}
