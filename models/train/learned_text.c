/* SPDX-License-Identifier: BSD-3-Clause */
/* Writes models: text only, every number as it was learned. */
#include "learned_text.h"

#include <errno.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

static const char *class_name(const struct learned *learned, const struct rows *rows,
                              unsigned class)
{
    return class < learned->class_count ? rows->labels.texts[learned->classes[class]]
                                        : "background";
}

static void write_head(const struct learned *learned, const struct rows *rows,
                       const struct learned_words *words, FILE *out)
{
    fprintf(out, "glassbox-model 1\nkind headers\nname %s\nsite %s\ntrained %s\nerror %u\n",
            words->name, words->site, words->trained, learned->options.error);
    fprintf(out, "features %u\n", learned->feature_count);
    for (unsigned i = 0; i < learned->feature_count; i++)
        fprintf(out, "feature %s\n", feature_get(learned->features[i])->name);
    unsigned classes = learned_written_classes(learned);
    fprintf(out, "classes %u\n", classes);
    for (unsigned i = 0; i < classes; i++)
        fprintf(out, "class %s\n", class_name(learned, rows, i));
}

static void write_leaf(const uint8_t *shares, unsigned class_count, FILE *out)
{
    fputs("leaf", out);
    for (unsigned i = 0; i < class_count; i++) {
        if (shares[i])
            fprintf(out, " %u:%u", i, shares[i]);
    }
    fputc('\n', out);
}

static void write_tree(const struct grown_tree *tree, unsigned class_count, FILE *out)
{
    fprintf(out, "tree %" PRIu32 "\n", tree->node_count);
    for (uint32_t i = 0; i < tree->node_count; i++) {
        const struct grown_node *node = &tree->nodes[i];
        if (node->feature == GROWER_LEAF)
            write_leaf(&tree->leaves[(size_t)node->low * class_count], class_count, out);
        else
            fprintf(out, "split %d %d %" PRIu32 " %" PRIu32 "\n", node->feature, node->threshold,
                    node->low, node->high);
    }
}

void learned_text_worth(const struct learned *learned, const struct rows *rows, unsigned number,
                        FILE *out)
{
    const struct learned_checkpoint *checkpoint = &learned->checkpoints[number];
    fprintf(out, "calibration %d", LEARNER_KNOTS);
    for (unsigned i = 0; i < LEARNER_KNOTS; i++)
        fprintf(out, " %u", checkpoint->calibration[i]);
    fputc('\n', out);
    for (unsigned class = 0; class < learned_written_classes(learned); class ++) {
        fprintf(out, "conformal %s", class_name(learned, rows, class));
        for (unsigned i = 0; i < HEADERS_LEVELS; i++)
            fprintf(out, " %u", checkpoint->conformal[class].quantile[i]);
        fputc('\n', out);
    }
}

static void write_checkpoint(const struct learned *learned, const struct rows *rows,
                             unsigned number, FILE *out)
{
    const struct learned_checkpoint *checkpoint = &learned->checkpoints[number];
    fprintf(out, "checkpoint %u\naccept %u\n", feature_checkpoint_packets(number),
            checkpoint->accept);
    learned_text_worth(learned, rows, number, out);
    const struct grown_forest *forest = &checkpoint->forest;
    fprintf(out, "trees %u depth %u\n", forest->tree_count, forest->depth);
    for (unsigned i = 0; i < forest->tree_count; i++)
        write_tree(&forest->trees[i], forest->class_count, out);
}

void learned_text_confirmed(const struct learned *learned, const struct rows *rows, FILE *out)
{
    unsigned classes = learned_written_classes(learned);
    unsigned width = learned->class_count + 2;
    for (unsigned is = 0; is < classes; is++) {
        const uint64_t *row = &learned->confusion[(size_t)is * width];
        fprintf(out, "confusion %s", class_name(learned, rows, is));
        for (unsigned claimed = 0; claimed < learned->class_count; claimed++) {
            if (row[claimed])
                fprintf(out, " %s:%" PRIu64, class_name(learned, rows, claimed), row[claimed]);
        }
        if (row[width - 1])
            fprintf(out, " unknown:%" PRIu64, row[width - 1]);
        fputc('\n', out);
    }
    for (unsigned class = 0; class < classes; class ++) {
        fprintf(out, "fit %s", class_name(learned, rows, class));
        for (unsigned cell = 0; cell < HEADERS_LEVELS; cell++)
            fprintf(out, " %" PRIu64, learned->fit[class * HEADERS_LEVELS + cell]);
        fputc('\n', out);
    }
}

/* All but the last line. */
static char *write_body(const struct learned *learned, const struct rows *rows,
                        const struct learned_words *words, size_t *length)
{
    char *text = NULL;
    FILE *out = open_memstream(&text, length);
    if (!out)
        return NULL;
    write_head(learned, rows, words, out);
    for (unsigned i = 0; i < FEATURE_CHECKPOINTS; i++)
        write_checkpoint(learned, rows, i, out);
    learned_text_confirmed(learned, rows, out);
    bool is_bad = ferror(out);
    if (fclose(out) || is_bad) {
        free(text);
        return NULL;
    }
    return text;
}

char *learned_text_seal(char *text, size_t *length)
{
    enum { DIGEST_BYTES = 32, DIGEST_DIGITS = 64 };
    const size_t digest_line = sizeof "sha256 \n" - 1 + DIGEST_DIGITS;
    unsigned char digest[DIGEST_BYTES];
    char *whole = text ? realloc(text, *length + digest_line + 1) : NULL;
    if (!whole || !EVP_Digest(whole, *length, digest, NULL, EVP_sha256(), NULL)) {
        free(whole ? whole : text);
        return NULL;
    }
    char *at = whole + *length + sprintf(whole + *length, "sha256 ");
    for (unsigned i = 0; i < DIGEST_BYTES; i++)
        at += sprintf(at, "%02x", digest[i]);
    *at++ = '\n';
    *at = '\0';
    *length += digest_line;
    return whole;
}

char *learned_text(const struct learned *learned, const struct rows *rows,
                   const struct learned_words *words, size_t *length)
{
    return learned_text_seal(write_body(learned, rows, words, length), length);
}

int learned_model(struct headers_model **model, const struct learned *learned,
                  const struct rows *rows, const struct learned_words *words,
                  const struct protocols *protocols, struct error *error)
{
    size_t length;
    char *text = learned_text(learned, rows, words, &length);
    if (!text)
        return error_set(error, ENOMEM, "out of memory for the model's text");
    int failure = headers_model_read(model, text, length, protocols, error);
    free(text);
    return failure;
}
