/* SPDX-License-Identifier: BSD-3-Clause */
/* Adds up captures, one after the other. */
#include "eval_score.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void add_count(struct eval_count *into, const struct eval_count *from, uint64_t times)
{
    into->flows += from->flows * times;
    into->bytes += from->bytes * times;
}

void eval_cell_add(struct eval_cell *into, const struct eval_cell *from, uint64_t times)
{
    add_count(&into->truth, &from->truth, times);
    add_count(&into->right, &from->right, times);
    add_count(&into->wrong, &from->wrong, times);
    add_count(&into->missed, &from->missed, times);
    add_count(&into->claimed, &from->claimed, times);
}

void eval_score_init(struct eval_score *score, unsigned tiers, enum eval_confidence least)
{
    *score = (struct eval_score){.tiers = tiers | 1u << EVAL_COMBINED, .least = least};
}

void eval_score_free(struct eval_score *score)
{
    for (unsigned tier = 0; tier < EVAL_TIERS; tier++) {
        free(score->tier[tier].parts);
        free(score->tier[tier].confusions);
    }
}

bool eval_score_wants(const struct eval_score *score, const struct eval_row *row)
{
    return *row->label && row->confidence >= score->least;
}

/* Room for one more; arrays grow whenever their count is a power of two. */
static void *grow(void *array, size_t count, size_t size)
{
    if (count & (count - 1))
        return array;
    return realloc(array, (count ? count * 2 : 1) * size);
}

static struct eval_cell *cell_of(struct eval_tier_score *tier, unsigned capture, unsigned class)
{
    for (size_t i = tier->capture_begin; i < tier->part_count; i++) {
        if (tier->parts[i].class == class)
            return &tier->parts[i].cell;
    }
    struct eval_part *wider = grow(tier->parts, tier->part_count, sizeof *wider);
    if (!wider)
        return NULL;
    tier->parts = wider;
    struct eval_part *part = &wider[tier->part_count++];
    *part = (struct eval_part){.capture = capture, .class = class};
    return &part->cell;
}

static int confuse(struct eval_tier_score *tier, unsigned class, uint16_t verdict,
                   const struct eval_count *count)
{
    for (size_t i = 0; i < tier->confusion_count; i++) {
        struct eval_confusion *known = &tier->confusions[i];
        if (known->class == class && known->verdict == verdict) {
            add_count(&known->count, count, 1);
            return 0;
        }
    }
    struct eval_confusion *wider = grow(tier->confusions, tier->confusion_count, sizeof *wider);
    if (!wider)
        return -ENOMEM;
    tier->confusions = wider;
    wider[tier->confusion_count++] =
        (struct eval_confusion){.class = class, .verdict = verdict, .count = *count};
    return 0;
}

static int score_verdict(struct eval_tier_score *tier, unsigned capture,
                         const struct eval_word *word, uint16_t verdict,
                         const struct eval_count *count)
{
    struct eval_cell *cell = cell_of(tier, capture, word->class);
    if (!cell)
        return -ENOMEM;
    add_count(&cell->truth, count, 1);
    if (eval_word_accepts(word, verdict)) {
        add_count(&cell->right, count, 1);
        return 0;
    }
    add_count(verdict == PROTOCOL_UNKNOWN ? &cell->missed : &cell->wrong, count, 1);
    if (verdict != PROTOCOL_UNKNOWN) {
        cell = cell_of(tier, capture, verdict);
        if (!cell)
            return -ENOMEM;
        add_count(&cell->claimed, count, 1);
    }
    return confuse(tier, word->class, verdict, count);
}

static int score_unit(struct eval_score *score, struct eval_words *words,
                      const struct eval_unit *unit)
{
    const struct eval_count count = {1, unit->bytes};
    const struct eval_word *word = eval_words_find(words, unit->row->label);
    if (!word)
        return -ENOMEM;
    add_count(&score->scored, &count, 1);
    if (unit->row->given)
        add_count(&score->overruled, &count, 1);
    score->split += unit->flows > 1;
    int failure = 0;
    for (unsigned tier = 0; !failure && tier < EVAL_TIERS; tier++) {
        if (score->tiers & 1u << tier)
            failure = score_verdict(&score->tier[tier], score->capture_count, word,
                                    unit->verdict[tier], &count);
    }
    return failure;
}

static int add_unit(struct eval_score *score, struct eval_words *words,
                    const struct eval_unit *unit)
{
    const struct eval_count count = {1, unit->bytes};
    bool is_wanted = eval_score_wants(score, unit->row);
    if (!unit->flows) {
        score->unseen += is_wanted;
        return 0;
    }
    add_count(&score->seen, &count, 1);
    if (unit->service != SERVICE_NONE)
        add_count(&score->named, &count, 1);
    for (unsigned tier = 0; tier < EVAL_TIERS; tier++) {
        if (unit->verdict[tier] != PROTOCOL_UNKNOWN)
            add_count(&score->tier[tier].labelled, &count, 1);
    }
    if (is_wanted)
        return score_unit(score, words, unit);
    struct eval_count *silent = unit->row->given ? &score->withdrawn : &score->silent;
    add_count(*unit->row->label ? &score->below : silent, &count, 1);
    return 0;
}

int eval_score_add(struct eval_score *score, struct eval_words *words,
                   const struct eval_capture *capture, struct error *error)
{
    for (unsigned tier = 0; tier < EVAL_TIERS; tier++)
        score->tier[tier].capture_begin = score->tier[tier].part_count;
    for (size_t i = 0; i < capture->count; i++) {
        if (add_unit(score, words, &capture->units[i]))
            return error_set(error, ENOMEM, "out of memory for the scores");
    }
    score->foreign.flows += capture->foreign_flows;
    score->foreign.bytes += capture->foreign_bytes;
    score->evicted += capture->evicted;
    score->capture_count++;
    return 0;
}

void eval_score_sum(const struct eval_tier_score *tier, unsigned class_count,
                    struct eval_cell *cells)
{
    struct eval_cell *all = &cells[class_count];
    memset(cells, 0, (class_count + 1) * sizeof *cells);
    for (size_t i = 0; i < tier->part_count; i++) {
        eval_cell_add(&cells[tier->parts[i].class], &tier->parts[i].cell, 1);
        eval_cell_add(all, &tier->parts[i].cell, 1);
    }
}
